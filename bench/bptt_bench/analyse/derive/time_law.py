"""The law of the time that follows from exact counts: their largest terms, without coefficients and roundings."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from bptt_bench.analyse.derive.atoms import Argument
from bptt_bench.analyse.derive.exact_law import ExactLaw, Monomial, combined, total_degree
from bptt_bench.plan import CostLaw

SMOOTH = {  # what stands for a function in a law of time, which has no roundings
    "plus": "({} + {})",
    "minus": "({} - {})",
    "times": "{}*{}",
    "floor_quotient": "{}/{}",
    "ceil_quotient": "{}/{}",
    "floor_root": "sqrt({})",
    "ceil_root": "sqrt({})",
    "floor_log2": "log2({})",
    "ceil_log2": "log2({})",
    "log2": "log2({})",
    "power": "{}**{}",
    "fibonacci": "1.618033988749895**{}",
    "factorial": "factorial({})",
    "min": "min({}, {})",
    "max": "max({}, {})",
    "above": "1",
    "divides": "1",
}


def law_of_time(laws: Sequence[ExactLaw]) -> CostLaw:
    """Return the law of the time from laws of counts: each of their largest terms, with a coefficient of its own.

    What a unit of each count costs is left to the fit. Where one of the largest terms is taken off the others, the law
    is one term, as it was counted.

    >>> law_of_time([ExactLaw({(("n", 2),): Fraction(1, 2), (("n", 1),): Fraction(-1, 2)})]).text
    'n**2'
    """
    positive = [law for law in laws if law.terms]
    whole = combined((Fraction(1), law) for law in positive)
    leading = whole.leading_terms()
    top = max(map(total_degree, whole.terms), default=0.0)
    if any(c < 0 and (one in leading.terms or total_degree(one) >= top) for one, c in whole.terms.items()):
        return CostLaw(f"1*({' + '.join(f'({c})*{_monomial(one)}' for one, c in whole.terms.items())})")
    terms = [_monomial(one) for one in leading.terms]
    return CostLaw(" + ".join(terms) if terms else "1")


def _monomial(one: Monomial) -> str:
    return "*".join(f"{_smooth(atom)}**{power}" if power > 1 else _smooth(atom) for atom, power in one) or "1"


def _smooth(atom: Argument) -> str:
    """Return an atom as a law of time writes it; the power of two next to a size is that size."""
    if isinstance(atom, int | str):
        return str(atom)
    if atom.function == "power":
        base, exponent = atom.arguments
        if not isinstance(exponent, int | str) and exponent.function in ("log2", "ceil_log2", "floor_log2"):
            inner = _smooth(exponent.arguments[0])
            return inner if base == 2 else f"{base}**log2({inner})"
    return SMOOTH[atom.function].format(*map(_smooth, atom.arguments))
