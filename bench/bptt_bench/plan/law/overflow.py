"""Terms of a law without a value at some levels, such as 2**n at n = 5000 or log(n) at 0, and which levels would do."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping

from bptt_bench.plan.law.law import Term

MOST = sys.float_info.max
LOGARITHMS = ("log", "log2", "log10")


def smaller_levels_hint(term: Term, point: Mapping[str, float], most: float = MOST) -> str:
    """Return in words which levels would do for a term that has no value at a point, or one that is too large.

    The text is empty where other levels do not help.

    Parameters
    ----------
    most : the largest value that is allowed.

    >>> from bptt_bench.plan.law.law import CostLaw
    >>> (factorial,) = CostLaw("factorial(n)").terms
    >>> smaller_levels_hint(factorial, {"n": 1000}), smaller_levels_hint(factorial, {"n": 100})
    ('; give smaller levels, n up to 170', '')
    >>> (pole,) = CostLaw("1/(n - 10)").terms
    >>> smaller_levels_hint(pole, {"n": 10})
    '; it divides by 0 there, so leave out n=10'
    >>> (entropy,) = CostLaw("n*log(n)").terms
    >>> smaller_levels_hint(entropy, {"n": 0})
    '; it has no value there, so leave out n=0, or write log(n + 1)'
    """
    value = float(term.evaluate(point))
    if math.isfinite(value) and value <= most:
        return ""
    for name in sorted(term.factors) if not math.isfinite(value) else ():
        if math.isfinite(float(term.evaluate({**point, name: point[name] + 1}))):  # which is not too large, then
            why = "it divides by 0 there" if value > 0 else "it has no value there"
            return f"; {why}, so leave out {name}={point[name]:g}{_above_zero(term, name, point[name])}"
    if not value > most:
        return ""
    for name in sorted(term.factors):
        largest = _largest_level(term, point, name, most)
        if largest is not None:
            return f"; give smaller levels, {name} up to {largest}"
    return "; give smaller levels" if term.factors else ""


def _above_zero(term: Term, name: str, level: float) -> str:
    """Return how a logarithm that a term takes of a factor has a value at 0, too."""
    logarithm = next((one for one in LOGARITHMS if f"{one}({name})" in term.text), None) if level == 0 else None
    return "" if logarithm is None else f", or write {logarithm}({name} + 1)"


def _largest_level(term: Term, point: Mapping[str, float], name: str, most: float) -> int | None:
    """Return the largest whole level of a factor at which a term is small enough, the others as they are, if any."""

    def fits(level: int) -> bool:
        return float(term.evaluate({**point, name: level})) <= most

    low, high = 1, math.ceil(point[name])
    if high <= low or not fits(low):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
