"""Backtests: a fit predicts its own largest points from its smaller ones, as it will predict larger ones still.

Size is the fitted cost of the stated law, without overhead; of a law that rises with no factor, the product of the
levels. Held out are the largest quarter of the points, and those within a factor of 2, 4 and 8 of the largest, where
enough points are left to fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.fitting.fitted import Fit, columns_at
from bptt_bench.analyse.predict.candidates import LAW, NEIGHBOURS, Candidate
from bptt_bench.analyse.predict.coordinates import Table
from bptt_bench.analyse.predict.neighbours import Neighbours
from bptt_bench.analyse.predict.refit import refit
from bptt_bench.analyse.stats.arrays import Array, Flags
from bptt_bench.errors import FitError

HELD_OUT_SHARE = 0.25  # of the points
RUNGS = (2.0, 4.0, 8.0)  # times: how much larger than the largest point used the largest point is
FEWEST_HELD, MOST_HELD_SHARE = 2, 0.6
FAR = np.log(8.0)  # nats in a factor, from which residuals are carried far
FEWEST_SPARE = 2  # points used, beyond the terms of the law


class Cut(NamedTuple):
    """A fit to the smaller points, and the larger points that it has not seen."""

    kept: Fit
    held: Table  # levels by factor (m,)
    measured: Array  # logarithms (m,)


class Trial(NamedTuple):
    """What each way to predict said of held-out points: logarithms (n_ways, m) and their standard errors."""

    centre: Array
    scale: Array
    measured: Array  # logarithms (m,)
    distance: Array  # nats beyond the points used (m,)
    is_far: Flags  # whether residuals are carried there from far (m,)


class Reach:
    """How far points lie beyond those of a fit, in nats: in size, or in a single factor, whichever is more."""

    def __init__(self, fit: Fit) -> None:
        self._fit, self._largest = fit, float(log_size(fit, fit.levels).max())

    def distance(self, points: Table) -> Array:
        """Return the distances (m,), 0 within the data."""
        levels, names = self._fit.levels, self._fit.factors
        growth = np.full(np.shape(next(iter(points.values()), np.zeros(1))), -np.inf)
        if names:
            with np.errstate(divide="ignore", invalid="ignore"):
                each = [np.log(np.asarray(points[name])[:, None]) - np.log(levels[name][None]) for name in names]
                growth = np.nan_to_num(np.max(each, axis=0), nan=0.0, posinf=0.0).min(axis=1)
        larger = np.nan_to_num(log_size(self._fit, points) - self._largest, nan=0.0, posinf=0.0, neginf=0.0)
        return np.asarray(np.maximum(np.maximum(growth, larger), 0.0))


def log_size(fit: Fit, points: Table) -> Array:
    """Return the logarithm of the fitted cost of the stated law at points (m,), without overhead."""
    own = np.array([term.role != "overhead" for term in fit.terms])
    coefficients = np.where(own, fit.coefficients, 0.0)
    if not coefficients.any():
        coefficients = fit.coefficients
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(columns_at(fit.full_law, dict(points)) @ coefficients))


def log_extent(fit: Fit) -> Array:
    """Return the logarithm of what orders the points of a fit (n_points,): the largest are held out.

    By a cost that is the same everywhere, or falls, the largest would be those that nobody extrapolates from.
    """
    size = log_size(fit, fit.levels)
    if _rises(fit, size):
        return size
    extent = np.zeros(len(size))
    for levels in fit.levels.values():
        if levels.min() > 0:
            extent += np.log(levels)
    return extent if np.ptp(extent) > 0 else size


def _rises(fit: Fit, size: Array) -> bool:
    """Return whether the cost of the law is larger somewhere when the levels of some factor are doubled."""
    with np.errstate(all="ignore"):
        doubled = (log_size(fit, {**fit.levels, name: 2 * levels}) for name, levels in fit.levels.items())
        return any(bool((there > size + 1e-9).any()) for there in doubled)


def cuts(fit: Fit) -> Iterator[Cut]:
    """Yield the cuts that a fit allows, that of the largest quarter first."""
    size = log_extent(fit)
    n = len(size)
    quarter = np.sort(size)[n - max(int(np.ceil(HELD_OUT_SHARE * n)), FEWEST_HELD)] if n > FEWEST_HELD else np.inf
    seen: set[int] = set()
    for least in (quarter, *(size.max() - np.log(rung) for rung in RUNGS)):
        held: Flags = size >= least - 1e-9  # points of one size stay together
        n_held = int(held.sum())
        if n_held in seen or not FEWEST_HELD <= n_held <= MOST_HELD_SHARE * n:
            continue
        seen.add(n_held)
        cut = _cut(fit, held)
        if cut is not None:
            yield cut


def _cut(fit: Fit, held: Flags) -> Cut | None:
    kept = np.flatnonzero(~held)
    if len(kept) < len(fit.coefficients) + FEWEST_SPARE:
        return None
    try:
        fitted = refit(fit, kept)
    except FitError:
        return None
    table = {name: values[held] for name, values in fit.levels.items()}
    with np.errstate(all="ignore"):
        there = columns_at(fitted.full_law, table) @ fitted.coefficients
    if not (np.isfinite(there) & (there > 0)).all():
        return None
    return Cut(fitted, table, np.log(fit.points["measured"].to_numpy()[held]))


def is_far(ways: Mapping[str, Candidate], points: Table) -> Flags:
    """Return whether residuals are carried to points (m,) from farther than ``FAR``."""
    neighbours = ways.get(NEIGHBOURS)
    if not isinstance(neighbours, Neighbours):
        return np.zeros(len(next(iter(points.values()), np.zeros(1))), dtype=bool)
    return np.asarray(neighbours.carried(points) > FAR)


def attempt(cut: Cut, ways: Mapping[str, Candidate], names: Sequence[str]) -> Trial:
    """Return what each of the named ways says of the points held out; the law alone stands in for what has no fit.

    ``ways``: those of the fit to the points kept.
    """
    spreads = {name: way.spread(cut.held) for name, way in ways.items()}
    chosen = [spreads.get(name, spreads[LAW]) for name in names]
    return Trial(
        centre=np.array([one.centre for one in chosen]),
        scale=np.array([one.scale for one in chosen]),
        measured=cut.measured,
        distance=Reach(cut.kept).distance(cut.held),
        is_far=is_far(ways, cut.held),
    )
