"""Regimes: the same operation costs more once what it works through has left a cache; where that is gets estimated.

A term of the law whose working set g (bytes, an expression in the factors) passes a threshold C gets a companion,

    term * max(0, 1 - (C/g)**2),

the part of the working set beyond the threshold: nothing below it, and far beyond it the whole term at the additional
price. Thresholds are looked for between the working sets that were measured, never read off a data sheet: the caches of
a shared virtual machine are an upper bound at best.

A companion enters only if the law without it is rejected for lack of fit, and if it lowers AICc by more than 6, with a
smaller sum of squares at several points beyond the threshold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bench.analyse.estimate import Solution, solve
from bench.analyse.location import Array
from bench.plan import CostLaw

DECISIVE_GAP = 6.0  # of AICc, as between any two laws
FEWEST_POINTS = 3  # on either side of a threshold; fewer could be outliers of any kind
SMALLEST_SHARE = 0.2  # of the time that the term takes at such a point; below it a point says nothing about its price
SHARPNESS = 2  # of the ramp: 3/4 of the additional price is due at twice the threshold
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
        """The working set at a point, or at the rows of a frame."""
        law = CostLaw(self.working_set)
        return law.evaluate({name: point[name] for name in law.factors})

    def words(self, dearer: float) -> str:
        """The finding as a sentence; ``dearer`` is the price beyond the threshold over the price below it."""
        where = f"{_megabytes(self.threshold)} ({_megabytes(self.low)} to {_megabytes(self.high)})"
        return (
            f"once its working set {self.working_set} has left a cache at about {where}, "
            f"each operation of {self.term} costs up to {dearer:.1f}x as much"
        )


def select_regimes(
    law: CostLaw, working_sets: Mapping[str, str], levels: Mapping[str, Array], log_seconds: Array
) -> tuple[Regime, ...]:
    """Thresholds that the data ask for, at most one a term, by forward selection.

    Parameters
    ----------
    law : the law with its overhead terms. working_sets : term of the law -> bytes, as an expression in the factors.
    levels : factor -> (n_points,). log_seconds : (n_points,).
    """
    open_terms = {term: bytes_ for term, bytes_ in working_sets.items() if term in map(str, law.terms)}
    found: list[Regime] = []
    best = solve(law.columns(dict(levels)), log_seconds)
    while open_terms:
        trials = {
            term: list(_trials(law, found, term, bytes_, levels, log_seconds)) for term, bytes_ in open_terms.items()
        }
        scored = [(trial[1].aicc, term) for term, each in trials.items() for trial in each]
        if not scored or not min(scored)[0] < best.aicc - DECISIVE_GAP:
            break
        lowest, term = min(scored)
        near = [threshold for threshold, solution in trials[term] if solution.aicc < lowest + UNDECIDED_GAP]
        threshold, best = next(trial for trial in trials[term] if trial[1].aicc == lowest)
        found.append(_regime(term, open_terms.pop(term), threshold, near))
    return tuple(found)


def _trials(
    law: CostLaw,
    found: list[Regime],
    term: str,
    working_set: str,
    levels: Mapping[str, Array],
    log_seconds: Array,
) -> Iterator[tuple[float, Solution]]:
    """Thresholds between measured working sets, with the fits that have them, where the companion counts."""
    sizes = CostLaw(working_set).evaluate(dict(levels))
    distinct = np.unique(sizes)
    before = law.plus(*(regime.companion for regime in found))
    for threshold in np.sqrt(distinct[:-1] * distinct[1:]):
        beyond = sizes > threshold
        if beyond.sum() < FEWEST_POINTS or (~beyond).sum() < FEWEST_POINTS:
            continue
        with_it = before.plus(_companion(term, working_set, float(threshold)))
        solution = solve(with_it.columns(dict(levels)), log_seconds)
        own = [str(each) for each in with_it.terms].index(term)
        share = solution.jacobian[:, [own, -1]] @ solution.coefficients[[own, -1]]
        told = share >= SMALLEST_SHARE
        on_both_sides = min((told & beyond).sum(), (told & ~beyond).sum()) >= FEWEST_POINTS
        if solution.active[-1] and on_both_sides:  # dearer than a price that is known, not dear from nothing
            yield float(threshold), solution


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


def _megabytes(size: float) -> str:
    return f"{size / 1e6:.2g} MB" if size >= 1e5 else f"{size / 1e3:.2g} kB"
