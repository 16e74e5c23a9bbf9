"""Terms of a law that are too large for a number, such as 2**n at n = 5000, and up to which level they are not."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping

from bptt_bench.plan.law.law import Term

MOST = sys.float_info.max


def smaller_levels_hint(term: Term, point: Mapping[str, float], most: float = MOST) -> str:
    """Return in words which levels would do for a term that is too large at a point; empty if that is not its trouble.

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
    """
    value = float(term.evaluate(point))
    if math.isnan(value) or value <= most:
        return ""
    for name in sorted(term.factors) if math.isinf(value) else ():
        if math.isfinite(float(term.evaluate({**point, name: point[name] + 1}))):  # which is not too large, then
            return f"; it divides by 0 there, so leave out {name}={point[name]:g}"
    for name in sorted(term.factors):
        largest = _largest_level(term, point, name, most)
        if largest is not None:
            return f"; give smaller levels, {name} up to {largest}"
    return "; give smaller levels" if term.factors else ""


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
