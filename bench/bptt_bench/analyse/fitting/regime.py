"""Cache regimes: thresholds in a working set beyond which the same operation costs more.

A term of the law whose working set g (bytes, an expression in the factors) passes a threshold C gets a companion,

    term * max(0, 1 - (C/g)**2),

the part of the working set beyond the threshold: it is 0 below the threshold, and the whole term at the additional unit
cost far beyond it. Thresholds are estimated between measured working sets and not taken from a data sheet, because the
caches of a shared virtual machine are an upper bound at best.

A companion enters only if it lowers AICc by more than 12, with several points on either side of the threshold, and with
a known unit cost below it. The test for lack of fit is not required, because it has little power against this misfit:
on 625 points with 10 % noise it missed half of the steps to 1.3 times the unit cost, and the missed ones lowered AICc
by 90 or more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Solution, solve, solve_batch
from bptt_bench.plan import CostLaw

DECISIVE_GAP = 12.0  # of AICc: 6 as between any two laws, and 6 for the choice among some twenty thresholds
SECOND_GAP = 24.0  # for the second threshold of a term, which is chosen among some two hundred pairs
KNOWN_COST = 5.0  # standard errors; a unit cost below the threshold known this well need not be a large share
NEAR = 1e-7  # relative tolerance of the fits of a search
AT_ONCE = 50_000  # elements of the designs that are solved together: few enough for a cache, enough for few calls
FEWEST_POINTS = 3  # on either side of a threshold; fewer could be outliers of any kind
SMALLEST_SHARE = 0.2  # of the time at such a point, to estimate the unit cost of the term
FINENESS = 1.15  # times a threshold at which the next is tried
APART = 4.0  # times another threshold of a term: nearer ones are the shape of one step, which a ramp only resembles
SHARPNESS = 2  # of the ramp: 3/4 of the additional unit cost is reached at twice the threshold
MOST_ROUNDS = 3  # in which each threshold is sought again beside the others
HALFWAY = 2**0.5  # times the threshold, where half of the additional cost is reached
UNDECIDED_GAP = 4.0  # thresholds this close to the best in AICc are as good


class Regime(NamedTuple):
    """A threshold in the working set of a law's term, in bytes, with the range of thresholds that fit as well."""

    term: str  # of the law
    companion: str  # the term added for the part beyond the threshold
    working_set: str  # bytes, an expression in the factors
    threshold: float
    low: float
    high: float

    def bytes_at(self, point: Mapping[str, ArrayLike]) -> Array:
        """Return the working set at a point, or at the rows of a frame."""
        law = CostLaw(self.working_set)
        return law.evaluate({name: point[name] for name in law.factors})


class _Trial(NamedTuple):
    """A threshold in the working set of a term, with the fit that has it, and the thresholds that are as good."""

    term: str
    threshold: float
    column: Array
    solution: Solution
    near: tuple[float, ...] = ()


def select_regimes(
    law: CostLaw,
    working_sets: Mapping[str, str],
    levels: Mapping[str, Array],
    log_seconds: Array,
) -> tuple[Regime, ...]:
    """Select thresholds, at most two a term, by forward selection; each is then sought again beside the others.

    Parameters
    ----------
    law : the law with its overhead terms.
    working_sets : term of the law -> bytes, as an expression in the factors.
    levels : factor -> (n_points,).
    log_seconds : (n_points,).
    """
    names = [str(term) for term in law.terms]
    known = {term: bytes_ for term, bytes_ in working_sets.items() if term in names}
    if not known:
        return ()
    sizes = {term: CostLaw(bytes_).evaluate(dict(levels)) for term, bytes_ in known.items()}
    found = _Search(names, sizes, law.columns(dict(levels)), log_seconds).select()
    return tuple(_regime(one.term, known[one.term], one.threshold, list(one.near)) for one in found)


class _Search:
    """Searches thresholds in the working sets of terms.

    Parameters
    ----------
    names : of the terms, in the order of the columns.
    sizes : term -> working set at each point (n_points,).
    columns : (n_points, n_terms).
    log_seconds : (n_points,).
    """

    def __init__(self, names: Sequence[str], sizes: Mapping[str, Array], columns: Array, log_seconds: Array) -> None:
        self._names, self._sizes, self._columns, self._log_seconds = names, sizes, columns, log_seconds

    def select(self) -> list[_Trial]:
        """Return thresholds, the most decisive first."""
        found: list[_Trial] = []
        open_terms = list(self._sizes)
        while (one := self._next(found, open_terms)) is not None:
            if any(other.term == one.term for other in found):
                open_terms.remove(one.term)
                both = self._sought_again([*found, one])
                if self._solve(both).aicc < self._solve(found).aicc - SECOND_GAP:
                    found = both
            else:
                found.append(one)
        return self._sought_again(found)

    def _next(self, found: Sequence[_Trial], terms: Iterable[str]) -> _Trial | None:
        """Return the threshold in the working set of one of some terms that explains most beside others, if any."""
        best = self._solve(found)
        trials = [
            trial
            for term in terms
            for trial in self._trials(term, found, best)
            if all(_are_apart(trial.threshold, one.threshold) for one in found if one.term == term)
        ]
        lowest = min(trials, key=lambda trial: trial.solution.aicc, default=None)
        if lowest is None or not lowest.solution.aicc < best.aicc - DECISIVE_GAP:
            return None
        limit = lowest.solution.aicc + UNDECIDED_GAP
        near = (one.threshold for one in trials if one.term == lowest.term and one.solution.aicc < limit)
        return lowest._replace(near=tuple(near))

    def _sought_again(self, found: list[_Trial]) -> list[_Trial]:
        """Return each the best beside all others: the first one found stood for those that came later as well."""
        if len(found) == 1:
            return found
        for _ in range(MOST_ROUNDS):
            before = [one.threshold for one in found]
            for place, one in enumerate(found):
                others = [*found[:place], *found[place + 1 :]]
                found = [*found[:place], self._next(others, [one.term]) or one, *found[place + 1 :]]
            if [one.threshold for one in found] == before:
                break
        return found

    def _trials(self, term: str, found: Sequence[_Trial], best: Solution) -> list[_Trial]:
        own = self._names.index(term)
        return _trials(term, own, self._sizes[term], self._design(found), best, self._log_seconds)

    def _solve(self, found: Sequence[_Trial]) -> Solution:
        return solve(self._design(found), self._log_seconds)

    def _design(self, found: Sequence[_Trial]) -> Array:
        return np.column_stack([self._columns, *(one.column for one in found)])


def _are_apart(one: float, other: float) -> bool:
    return max(one / other, other / one) >= APART


def _trials(term: str, own: int, sizes: Array, design: Array, best: Solution, log_seconds: Array) -> list[_Trial]:
    """Return thresholds between measured working sets with their fits, if the companion is supported.

    Only those near a decisive gap are returned: no other is ever chosen, or as good as one that is.
    """
    distinct, counts = np.unique(sizes, return_counts=True)
    below = np.cumsum(counts)[:-1]
    enough = (below >= FEWEST_POINTS) & (len(sizes) - below >= FEWEST_POINTS)
    between = np.sqrt(distinct[:-1] * distinct[1:])[enough]
    _, first = np.unique(np.floor(np.log(between) / np.log(FINENESS)), return_index=True)
    thresholds = between[first]
    # the same rounded threshold as in the companion's text
    ramps = np.maximum(0.0, 1 - (np.round(thresholds)[:, None] / sizes) ** SHARPNESS)
    columns = design[:, own] * ramps  # (n_thresholds, n_points)
    start = np.append(best.coefficients, 0.0)
    solutions: list[Solution] = []
    together = max(AT_ONCE // design.size, 1)
    for some in (columns[i : i + together] for i in range(0, len(columns), together)):
        designs = np.concatenate([np.broadcast_to(design, (len(some), *design.shape)), some[:, :, None]], axis=2)
        solutions += solve_batch(designs, log_seconds, start=start, tolerance=NEAR)
    limit = best.aicc - DECISIVE_GAP + UNDECIDED_GAP
    return [
        _Trial(term, float(threshold), column, solution)
        for threshold, column, solution in zip(thresholds, columns, solutions, strict=True)
        if solution.aicc < limit and _is_supported(solution, own, sizes / threshold)
    ]


def _is_supported(solution: Solution, own: int, beyond: Array) -> bool:
    """Return whether the unit cost is known on both sides of the threshold; below it, precise is enough.

    Beyond it the term must be a large share of the time, where at least half of the additional cost is reached: other
    terms may have brought the working set there, and the beginning of a ramp says little of its end.

    Parameters
    ----------
    beyond : working set over threshold, (n_points,).
    """
    share = solution.jacobian[:, [own, -1]] @ solution.coefficients[[own, -1]]
    informative = share >= SMALLEST_SHARE
    if not solution.active[-1] or (informative & (beyond >= HALFWAY)).sum() < FEWEST_POINTS:
        return False
    return bool((informative & (beyond <= 1)).sum() >= FEWEST_POINTS or _is_known(solution, own))


def _is_known(solution: Solution, column: int) -> bool:
    """Return whether a coefficient is many standard errors above 0."""
    if not solution.active[column]:
        return False
    scale = np.linalg.norm(solution.jacobian[:, solution.active], axis=0)
    inverse = np.linalg.pinv(solution.jacobian[:, solution.active] / scale)
    place = int(solution.active[:column].sum())
    error = solution.scatter * float(np.linalg.norm(inverse[place])) / float(scale[place])
    return bool(solution.coefficients[column] > KNOWN_COST * error)


def _companion(term: str, working_set: str, threshold: float) -> str:
    return str(CostLaw(f"({term})*max(0, 1 - ({threshold:.0f}/({working_set}))**{SHARPNESS})").terms[0])


def _regime(term: str, working_set: str, threshold: float, near: list[float]) -> Regime:
    return Regime(
        term=term,
        companion=_companion(term, working_set, threshold),
        working_set=working_set,
        threshold=threshold,
        low=min(near),
        high=max(near),
    )
