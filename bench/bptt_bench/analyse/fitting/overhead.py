"""Overhead terms beside a law when none are named: what the data ask for, and what they cannot rule out.

The constant and the single factors are candidates. Leaving out c·T cost more accuracy than 20 % noise did, so a term
needs no more than a lower AICc to enter. Not being seen is no proof of not being there, though: every call costs
something, and what stands in every term of a law is a loop that costs something each time round. These enter too, with
a coefficient that may be 0, unless the data show that they are nowhere a hundredth of the time. Intervals then know of
them: in 240 simulations of 23 points with 10 % noise, the one of the constant, 20 µs, held it in 12 to 37 % where AICc
alone decided, and that of the local exponent in T in 71 to 92 %.
The constant enters in any case where the law is 0 at a point, as ``n*log(n)`` is at n = 1: a call costs something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Solution, solve
from bptt_bench.analyse.stats.influence import solution_influence
from bptt_bench.errors import LawError
from bptt_bench.plan import CostLaw

SMALLEST_OVERHEAD = 0.01  # of the time, at the point where it would be most: less moves no figure that is judged
CONFIDENCE = 0.95
TOLERANCE = 1e-8  # relative, of the fits that are compared
FEWEST_POINTS_PER_TERM = 2  # with fewer, terms that nothing asks for would take up what the others are told by


def select_overhead(
    law: CostLaw, levels: Mapping[str, Array], log_seconds: Array, *, robust: bool = False
) -> tuple[str, ...]:
    """Terms out of ``1`` and each factor that varies; those the law has already are left out."""
    present = {str(term) for term in law.terms}
    varied = [name for name, values in levels.items() if len(np.unique(values)) > 1 and (values > 0).all()]
    candidates = [name for name in ("1", *varied) if name not in present]
    columns = {name: CostLaw(name).columns(dict(levels))[:, 0] for name in candidates}
    design = law.columns(dict(levels))
    needed = [] if design.any(axis=1).all() else ["1"]
    chosen = _asked_for(design, columns, needed, log_seconds, robust=robust)
    everywhere = {"1"}.union(*[frozenset[str].intersection(*(term.factors for term in law.terms))])
    for name in [name for name in candidates if name in everywhere and name not in chosen]:
        if len(design) >= FEWEST_POINTS_PER_TERM * (design.shape[1] + len(chosen) + 1):
            solution = _solve(design, columns, [*chosen, name], log_seconds, robust=robust)
            chosen = [*chosen, name] if _largest_possible_share(solution) >= SMALLEST_OVERHEAD else chosen
    return tuple(name for name in candidates if name in chosen)


def _asked_for(
    design: Array, columns: Mapping[str, Array], needed: Sequence[str], y: Array, *, robust: bool
) -> list[str]:
    """Forward selection while AICc falls, beside the terms needed; what ends at 0 is left out again."""
    chosen = list(needed)
    best = _solve(design, columns, chosen, y, robust=robust)
    while len(chosen) < len(columns):
        fitted, pull = np.exp(y - best.residual), best.weights * best.residual
        # a column along which the residuals fall would only get the coefficient 0
        rising = [name for name in columns if name not in chosen and (columns[name] / fitted) @ pull > 0]
        trials = {name: _solve(design, columns, [*chosen, name], y, robust=robust, near=best) for name in rising}
        winner = min(trials, key=lambda name: trials[name].aicc, default=None)
        if winner is None or not trials[winner].aicc < best.aicc:
            break
        best = trials[winner]
        chosen.append(winner)
    used = best.coefficients[design.shape[1] :] > 0
    return [name for name, is_used in zip(chosen, used, strict=True) if is_used]


def _solve(
    design: Array,
    columns: Mapping[str, Array],
    names: Sequence[str],
    y: Array,
    *,
    robust: bool,
    near: Solution | None = None,
) -> Solution:
    """A fit with some of the columns, begun from one without the last of them."""
    start = None if near is None else np.append(near.coefficients, 0.0)
    with_them = np.column_stack([design, *(columns[name] for name in names)])
    return solve(with_them, y, robust=robust, start=start, tolerance=TOLERANCE)


def _largest_possible_share(solution: Solution) -> float:
    """Share of the time that the last term may have at the point where that is largest; infinite where undefined."""
    told = solution_influence(solution, np.zeros_like(solution.residual))
    last = np.eye(len(solution.coefficients))[:, -1:]
    high = solution.coefficients[-1] + float(told.half_widths(last, CONFIDENCE)[0])
    return float(high * solution.jacobian[:, -1].max())


def parse_overhead(overhead: str | tuple[str, ...] | list[str], law: CostLaw) -> tuple[str, ...]:
    """Overhead terms as a law writes them, less those of the law; ``"1 + T"`` and ``("1", "T")`` are the same.

    Raises
    ------
    LawError : a term that is not a law.
    """
    texts = (overhead,) if isinstance(overhead, str) else tuple(overhead)
    terms = [str(term) for text in texts for term in CostLaw(text).terms]
    return tuple(dict.fromkeys(term for term in terms if term not in {str(own) for own in law.terms}))


__all__ = ["LawError", "parse_overhead", "select_overhead"]
