"""An exact law: a polynomial in atoms with rational coefficients."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from bptt_bench.analyse.derive import atoms
from bptt_bench.analyse.derive.atoms import Argument, Sizes

if TYPE_CHECKING:
    import sympy

Monomial: TypeAlias = tuple[tuple[Argument, int], ...]  # atoms with their powers; the empty one is 1
ONE: Monomial = ()


def monomial(powers: Iterable[tuple[Argument, int]]) -> Monomial:
    """Return the product of powers of atoms, those of one atom added up, in a fixed order."""
    sums: dict[Argument, int] = {}
    for atom, power in powers:
        sums[atom] = sums.get(atom, 0) + power
    return tuple(sorted(((atom, power) for atom, power in sums.items() if power), key=lambda one: str(one[0])))


def product(*parts: Monomial) -> Monomial:
    """Return the product of monomials."""
    return monomial(itertools.chain.from_iterable(parts))


def monomial_value(one: Monomial, sizes: Sizes) -> int:
    """Return the value of a monomial at sizes."""
    result = 1
    for atom, power in one:
        result *= atoms.value(atom, sizes) ** power
    return result


@dataclass(frozen=True, slots=True)
class ExactLaw:
    """A law whose value at any sizes is a count, exactly.

    Attributes
    ----------
    terms : the coefficient of each monomial; none is 0.

    >>> law = ExactLaw({(("n", 2),): Fraction(1, 2), (("n", 1),): Fraction(-1, 2)})
    >>> law.at({"n": 5}), str(law)
    (Fraction(10, 1), 'n**2/2 - n/2')
    """

    terms: Mapping[Monomial, Fraction]

    def at(self, sizes: Sizes) -> Fraction:
        """Return the value at sizes."""
        total = Fraction(0)
        for one, coefficient in self.terms.items():
            total += coefficient * monomial_value(one, sizes)
        return total

    @property
    def factors(self) -> frozenset[str]:
        """The factors that the law depends on."""
        return frozenset().union(*(atoms.factors(atom) for one in self.terms for atom, _ in one))

    @property
    def atoms(self) -> frozenset[Argument]:
        """What the law is a polynomial in."""
        return frozenset(atom for one in self.terms for atom, _ in one)

    @property
    def is_polynomial(self) -> bool:
        """Whether the law is a polynomial in the factors themselves."""
        return all(isinstance(atom, str) for atom in self.atoms)

    def __add__(self, other: ExactLaw) -> ExactLaw:
        return combined(((Fraction(1), self), (Fraction(1), other)))

    def __sub__(self, other: ExactLaw) -> ExactLaw:
        return combined(((Fraction(1), self), (Fraction(-1), other)))

    def __str__(self) -> str:
        if not self.terms:
            return "0"
        text = ""
        for one, coefficient in sorted(self.terms.items(), key=_order):
            sign = "-" if coefficient < 0 else "+"
            body = _term_text(one, abs(coefficient))
            text += f" {sign} {body}" if text else f"{'-' if sign == '-' else ''}{body}"
        return text

    def expression(self, symbols: Mapping[str, sympy.Symbol]) -> Any:
        """Return the law as an expression of sympy in given symbols."""
        import sympy

        return sympy.Add(
            *(
                sympy.Rational(coefficient.numerator, coefficient.denominator)
                * sympy.Mul(*(atoms.expression(atom, symbols) ** power for atom, power in one))
                for one, coefficient in self.terms.items()
            )
        )

    def leading_terms(self) -> ExactLaw:
        """Return the terms that no other exceeds in every factor; for a polynomial those of its growth.

        >>> str(ExactLaw({(("n", 2), ("m", 1)): Fraction(1), (("n", 1),): Fraction(3), (("m", 2),): Fraction(1)})
        ...     .leading_terms())
        'n**2*m + m**2'
        """
        degrees = {one: _degrees(one) for one in self.terms}
        kept = {
            one: coefficient
            for one, coefficient in self.terms.items()
            if not any(other != one and _exceeds(degrees[other], degrees[one]) for other in self.terms)
        }
        return ExactLaw(kept)


def combined(parts: Iterable[tuple[Fraction, ExactLaw]]) -> ExactLaw:
    """Return a linear combination of laws."""
    sums: dict[Monomial, Fraction] = {}
    for factor, law in parts:
        for one, coefficient in law.terms.items():
            sums[one] = sums.get(one, Fraction(0)) + factor * coefficient
    return ExactLaw({one: coefficient for one, coefficient in sums.items() if coefficient})


def make_symbols(names: Iterable[str]) -> dict[str, sympy.Symbol]:
    """Return a symbol for a positive whole number for each factor."""
    import sympy

    return {name: sympy.Symbol(name, positive=True, integer=True) for name in names}


TOGETHER = ""  # in place of a factor: all of them
_HALF_POWERS = {
    "floor_root": 0.5,
    "ceil_root": 0.5,
    "floor_log2": 0.0,
    "ceil_log2": 0.0,
    "log2": 0.0,
    "above": 0.0,
    "divides": 0.0,
}


def _growth(atom: Argument) -> dict[str, float]:
    """Return the powers with which an atom grows in each factor, and in all together; logarithms with 0."""
    if isinstance(atom, int | str):
        return {} if isinstance(atom, int) else {atom: 1.0, TOGETHER: 1.0}
    inner = [_growth(one) for one in atom.arguments]
    names = list(dict.fromkeys(name for one in inner for name in one))
    of = {name: [one.get(name, 0.0) for one in inner] for name in names}
    if atom.function in _HALF_POWERS:
        return {name: powers[0] * _HALF_POWERS[atom.function] for name, powers in of.items()}
    if atom.function in ("floor_quotient", "ceil_quotient"):
        return {name: over - under for name, (over, under) in of.items()}
    smallest = atom.function == "min"
    return {name: min(powers) if smallest else max(powers) for name, powers in of.items()}


def _degrees(one: Monomial) -> dict[str, float]:
    found: dict[str, float] = {}
    for atom, power in one:
        for name, growth in _growth(atom).items():
            found[name] = found.get(name, 0.0) + power * growth
    return found


def total_degree(one: Monomial) -> float:
    """Return the power with which a monomial grows in all factors together, about."""
    return _degrees(one).get(TOGETHER, 0.0)


def _exceeds(larger: Mapping[str, float], smaller: Mapping[str, float]) -> bool:
    names = {*larger, *smaller}
    return all(larger.get(name, 0.0) >= smaller.get(name, 0.0) for name in names) and dict(larger) != dict(smaller)


def _order(item: tuple[Monomial, Fraction]) -> tuple[float, int, str]:
    one, _ = item
    degree = total_degree(one)
    return (-degree, -len(one), _term_text(one, Fraction(1)))


def _term_text(one: Monomial, coefficient: Fraction) -> str:
    pieces = [_power_text(atom, power) for atom, power in one]
    if coefficient.numerator != 1 or not pieces:
        pieces.insert(0, str(coefficient.numerator))
    text = "*".join(pieces)
    return text if coefficient.denominator == 1 else f"{text}/{coefficient.denominator}"


def _power_text(atom: Argument, power: int) -> str:
    text = str(atom)
    if power == 1:
        return text
    return f"({text})**{power}" if "**" in text else f"{text}**{power}"
