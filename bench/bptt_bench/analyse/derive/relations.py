"""What follows from derived laws: ratios, where one part overtakes another, repeated passes, dominant terms.

All of it is symbolic mathematics on exact laws, beside what the claims of an experiment state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bptt_bench.analyse.derive.exact_law import ExactLaw, make_symbols, monomial_value
from bptt_bench.analyse.derive.proof import Comparison, canonical
from bptt_bench.plan import Claim, CostLaw, CrossoverClaim, RatioClaim

if TYPE_CHECKING:
    import sympy

LawOf = Callable[[str, "str | None"], ExactLaw | None]  # of a subject, in one phase or in all


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """An expression that follows from derived laws, beside what is stated.

    Attributes
    ----------
    kind : ``ratio``, ``crossover`` or ``passes``.
    subject, over, less : whose laws; of a ratio the second's, and whose are taken off both.
    factor : in which one part overtakes another, or of which the passes are a function.
    found, stated : expressions as text; nothing is stated of passes.
    comparison : whether both are equal, as formulas.
    """

    kind: str
    subject: str
    found: str
    stated: str | None = None
    comparison: Comparison | None = None
    over: str | None = None
    less: str | None = None
    factor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DominantTerm:
    """The largest term of a law at a point, with its share of the whole."""

    at: Mapping[str, int]
    term: str
    share: float


def dominant_term(law: ExactLaw, sizes: Mapping[str, int]) -> DominantTerm | None:
    """Return the largest term of a law at sizes; None where the law is 0."""
    values = {one: abs(c * monomial_value(one, sizes)) for one, c in law.terms.items()}
    whole = law.at(sizes)
    if not whole:
        return None
    largest = max(values, key=lambda one: values[one])
    return DominantTerm(
        at=dict(sizes), term=str(ExactLaw({largest: law.terms[largest]})), share=float(values[largest] / whole)
    )


def relations(claims: Sequence[Claim], law_of: LawOf, names: Sequence[str]) -> list[Relation]:
    """Return the ratios and crossovers that claims state, found from derived laws, and the passes behind them.

    Claims that state the same are one relation; those about subjects without derived laws are left out.
    """
    symbols = make_symbols(names)
    found: dict[tuple[Any, ...], Relation] = {}
    for claim in claims:
        if isinstance(claim, RatioClaim):
            key: tuple[Any, ...] = ("ratio", claim.subject, claim.over, claim.less, claim.ratio)
            relation = None if key in found else _ratio(claim, law_of, symbols)
        elif isinstance(claim, CrossoverClaim):
            key = ("crossover", claim.subject, claim.factor, claim.rising, claim.falling, claim.level)
            relation = None if key in found else _crossover(claim, law_of, symbols)
            for name in _passing(claims, claim) if relation is not None else ():
                passed = _passes(name, claim, law_of, symbols)
                if passed is not None:
                    found.setdefault(("passes", name, claim.factor), passed)
        else:
            continue
        if relation is not None:
            found[key] = relation
    order = {"passes": 0, "ratio": 1, "crossover": 2}
    return sorted(found.values(), key=lambda one: order[one.kind])


def _net(name: str, less: str | None, phases: Sequence[str] | None, law_of: LawOf) -> ExactLaw | None:
    """Return the law of a subject less that of another, in some phases or in all."""
    total = ExactLaw({})
    for phase in phases if phases is not None else (None,):
        law = law_of(name, phase)
        common = ExactLaw({}) if less is None else law_of(less, phase)
        if law is None or common is None:
            return None
        total = total + (law - common)
    return total


def _ratio(claim: RatioClaim, law_of: LawOf, symbols: Mapping[str, sympy.Symbol]) -> Relation | None:
    import sympy

    one, other = (_net(name, claim.less, None, law_of) for name in (claim.subject, claim.over))
    if one is None or other is None or not other.terms:
        return None
    quotient = sympy.factor(one.expression(symbols) / other.expression(symbols))
    stated = _stated(claim.ratio, symbols)
    equal = canonical(sympy.numer(sympy.together(quotient - stated))) == 0
    return Relation(
        kind="ratio",
        subject=claim.subject,
        over=claim.over,
        less=claim.less,
        found=formula_text(quotient),
        stated=claim.ratio,
        comparison=Comparison.EQUAL if equal else Comparison.DIFFERENT,
    )


def _crossover(claim: CrossoverClaim, law_of: LawOf, symbols: Mapping[str, sympy.Symbol]) -> Relation | None:
    """Return where one part overtakes another: the positive root of their difference."""
    import sympy

    rising, falling = (_net(claim.subject, claim.less, phases, law_of) for phases in (claim.rising, claim.falling))
    if rising is None or falling is None:
        return None
    factor = symbols[claim.factor]
    rest = canonical(rising.expression(symbols) - falling.expression(symbols))
    if not rest.is_polynomial(*symbols.values()):
        return None
    roots = [root for root in sympy.roots(sympy.Poly(rest, factor)) if root != 0 and root.is_real is not False]
    positive = [root for root in roots if root.is_negative is not True]
    if len(positive) != 1:
        return None
    found, stated = sympy.cancel(positive[0]), _stated(claim.level, symbols)
    equal = sympy.simplify(found - stated) == 0
    return Relation(
        kind="crossover",
        subject=claim.subject,
        less=claim.less,
        factor=claim.factor,
        found=formula_text(found),
        stated=claim.level,
        comparison=Comparison.EQUAL if equal else Comparison.DIFFERENT,
    )


def _passing(claims: Sequence[Claim], crossover: CrossoverClaim) -> list[str]:
    """Return the subject of a crossover, and those with which its cost is compared."""
    over = [one.over for one in claims if isinstance(one, RatioClaim) and one.subject == crossover.subject]
    return list(dict.fromkeys([crossover.subject, *over]))


def _passes(name: str, claim: CrossoverClaim, law_of: LawOf, symbols: Mapping[str, sympy.Symbol]) -> Relation | None:
    """Return how often the rising part is gone through: its cost over that at level 1 of the factor."""
    import sympy

    net = _net(name, claim.less, claim.rising, law_of)
    if net is None or not net.terms:
        return None
    whole = net.expression(symbols)
    number = sympy.factor(whole / whole.subs(symbols[claim.factor], 1))
    if number.free_symbols - {symbols[claim.factor]}:
        return None
    return Relation(kind="passes", subject=name, less=claim.less, factor=claim.factor, found=formula_text(number))


def _stated(text: str, symbols: Mapping[str, sympy.Symbol]) -> Any:
    """Return a stated expression in the symbols of the derived laws."""
    formula = CostLaw(text).expression()
    return formula.subs({old: symbols[old.name] for old in formula.free_symbols if old.name in symbols})


def formula_text(formula: Any) -> str:
    """Return a formula as text that the parser of laws reads.

    >>> import sympy
    >>> formula_text(sympy.Symbol("n") / 2)
    'n/2'
    """
    import sympy

    return str(sympy.sstr(formula)).replace("ceiling(", "ceil(").replace("Min(", "min(").replace("Max(", "max(")
