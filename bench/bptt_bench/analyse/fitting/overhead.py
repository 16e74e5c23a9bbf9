"""Selection of overhead terms for a law: those that the data show, and those that they cannot exclude.

The candidates are the constant and the single factors, but for those with which the law grows less than they do: what
outgrows it would be all of what is predicted beyond the data. Leaving out c·T costs more accuracy than 20 % noise does,
so a lower AICc is enough for a term to enter. But a term that is not detected may still exist: every call has a cost,
and a factor in every term of a law belongs to a loop with a cost of each iteration. These terms enter too, with a
coefficient that may be 0, unless the law exceeds them by a logarithm alone, or the data show that they are below a
hundredth of the time everywhere. Intervals then include them: in 240 simulations of 23 points with 10 % noise, that of
the constant, 20 µs, covered it in 12 to 37 % with AICc alone, and that of the local exponent in T in 71 to 92 %. The
constant always enters where the law is 0 at a point, as ``n*log(n)`` is at n = 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Solution, solve
from bptt_bench.analyse.stats.influence import solution_influence
from bptt_bench.errors import LawError
from bptt_bench.plan import CostLaw
from bptt_bench.store.importers.reading.naming import can_be_named

SMALLEST_OVERHEAD = 0.01  # of the time, at the point of its largest share; less does not change a verdict
LEAST_GROWTH = 0.99  # exponent of a law in a factor, for the factor itself to be an overhead
LEAST_APART = 1.3  # the same, for a factor that is not detected to be one: n·log(n) is n in all but a logarithm
CONFIDENCE = 0.95
TOLERANCE = 1e-8  # relative, of the fits that are compared
FEWEST_POINTS_PER_TERM = 2  # with fewer, undetected terms would absorb the information on the others


def select_overhead(
    law: CostLaw, levels: Mapping[str, Array], log_seconds: Array, *, robust: bool = False
) -> tuple[str, ...]:
    """Return the selected terms out of ``1`` and each factor that varies, without those of the law.

    A factor such as ``Num Threads``, whose name a law cannot have, is not one of them. A constant law has none.
    """
    if not law.factors:
        return ()  # whatever has a factor outgrows a constant
    present = {str(term) for term in law.terms}
    varied = [
        name
        for name, values in levels.items()
        if can_be_named(name) and len(np.unique(values)) > 1 and (values > 0).all()
    ]
    top = {name: float(values.max()) for name, values in levels.items()}
    growth = {name: max(term.local_exponent(name, top) for term in law.terms) for name in law.factors}
    outgrown = [name for name, exponent in growth.items() if exponent < LEAST_GROWTH]
    candidates = [name for name in ("1", *varied) if name not in {*present, *outgrown}]
    columns = {name: CostLaw(name).columns(dict(levels))[:, 0] for name in candidates}
    design = law.columns(dict(levels))
    needed = [] if design.any(axis=1).all() else ["1"]
    chosen = _forward_selection(design, columns, needed, log_seconds, robust=robust)
    loops = frozenset[str].intersection(*(term.factors for term in law.terms))
    everywhere = {"1", *(name for name in loops if growth[name] >= LEAST_APART)}
    for name in [name for name in candidates if name in everywhere and name not in chosen]:
        if len(design) >= FEWEST_POINTS_PER_TERM * (design.shape[1] + len(chosen) + 1):
            solution = _solve(design, columns, [*chosen, name], log_seconds, robust=robust)
            chosen = [*chosen, name] if _largest_possible_share(solution) >= SMALLEST_OVERHEAD else chosen
    return tuple(name for name in candidates if name in chosen)


def _forward_selection(
    design: Array, columns: Mapping[str, Array], needed: Sequence[str], y: Array, *, robust: bool
) -> list[str]:
    """Add terms to those needed while AICc falls; return those with a coefficient above 0."""
    chosen = list(needed)
    best = _solve(design, columns, chosen, y, robust=robust)
    while len(chosen) < len(columns):
        fitted, pull = np.exp(y - best.residual), best.weights * best.residual
        # a column along which the residuals fall would get the coefficient 0
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
    """Fit with some of the columns, starting from a fit without the last of them."""
    start = None if near is None else np.append(near.coefficients, 0.0)
    with_them = np.column_stack([design, *(columns[name] for name in names)])
    return solve(with_them, y, robust=robust, start=start, tolerance=TOLERANCE)


def _largest_possible_share(solution: Solution) -> float:
    """Return the upper bound of the largest share of the last term over points; infinite where undefined."""
    influence = solution_influence(solution, np.zeros_like(solution.residual))
    last = np.eye(len(solution.coefficients))[:, -1:]
    high = solution.coefficients[-1] + float(influence.half_widths(last, CONFIDENCE)[0])
    return float(high * solution.jacobian[:, -1].max())


def parse_overhead(overhead: str | tuple[str, ...] | list[str], law: CostLaw) -> tuple[str, ...]:
    """Return overhead terms without those of the law; ``"1 + T"`` and ``("1", "T")`` are the same.

    Raises
    ------
    LawError : a term is not a law.
    """
    texts = (overhead,) if isinstance(overhead, str) else tuple(overhead)
    terms = [str(term) for text in texts for term in CostLaw(text).terms]
    return tuple(dict.fromkeys(term for term in terms if term not in {str(own) for own in law.terms}))


__all__ = ["LawError", "parse_overhead", "select_overhead"]
