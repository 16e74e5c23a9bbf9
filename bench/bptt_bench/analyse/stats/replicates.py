"""Log times by point and process with what processes have in common: robust means of points, and their variances.

A process's values share the process's own shift (one is a percent or two faster or slower than another, a machine has
spells), and single values are disturbed. A value is taken as μ_p + u_process + s_p·t(4); EM gives μ, u and weights.
Disturbed values, and disturbed processes, are then drawn in (pseudo-values: fitted + ψ(residual)/mean ψ'), so that
plain means and sums of squares of them have the estimate's own scatter.
Source: Lange, Little & Taylor (1989) for EM; Huber & Ronchetti (2009), section 7.6, for pseudo-values.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.stats.arrays import Array

TAIL = 4.0  # degrees of freedom of Student's t for values about their mean: one of two visits may be disturbed
PRIOR_VALUES = 4.0  # a point's own scatter is drawn towards the pooled one as if this many values had shown that
PRIOR_CLUSTERS = 4.0  # likewise the variance among few processes towards what the scatter at single points foretells
MOST_STEPS, CONVERGED = 60, 1e-6  # of EM; movement over the scale at which it ends
SMALLEST_SCALE = 1e-9  # in logarithms; exact data must not divide by zero
LEAST_LEFT = 0.1  # of a table's scatter: with one point alone the shifts take up all of it
LEAST_SLOPE = 0.3  # of ψ, so that one wild table is not blown up
FEWEST_TO_DRAW_IN = 5  # processes; of fewer none can be said to be the odd one out


class Replicates(NamedTuple):
    """Means of points over processes, and what they are uncertain by.

    ``mean (n_points,)``; ``pull (n_points, n_processes)``: what each process (or pair of them) adds to the mean's
    deviation beyond what it does to all points alike, ``shift (n_processes,)``; ``own (n_points,)``: variance of a
    point's mean by ``pull``.
    """

    mean: Array
    pull: Array
    shift: Array
    own: Array

    @property
    def n_processes(self) -> int:
        return len(self.shift)

    @property
    def common(self) -> tuple[float, float]:
        """Variance of what the means of all points have in common, with its degrees of freedom."""
        count = self.n_processes
        if count < 2:
            return 0.0, PRIOR_CLUSTERS
        return float(np.var(self.shift, ddof=1)) / count, count - 1.0

    def variance(self, weights: Array) -> list[tuple[float, float]]:
        """Variances of a sum of the means with weights (n_points,), by their causes, each with its degrees of freedom.

        What processes do to all points alike, and what they do to each; the latter as it is seen among processes, drawn
        towards what the scatter at single points foretells.
        """
        alike, known = self.common
        parts = [(float(weights.sum()) ** 2 * alike, known)]
        foretold, count = float(weights**2 @ self.own), self.pull.shape[1]
        if count < 2:
            return [*parts, (foretold, PRIOR_CLUSTERS)]
        seen = count / (count - 1) * float(((weights @ self.pull) ** 2).sum())
        drawn = (PRIOR_CLUSTERS * foretold + (count - 1) * seen) / (PRIOR_CLUSTERS + count - 1)
        return [*parts, (drawn, PRIOR_CLUSTERS + count - 1)]


def replicates(values: Array, visits: Array | None = None) -> Replicates:
    """Means of a table (n_points, n_processes), ``nan`` where a process did not visit a point.

    ``visits``: undisturbed ones behind each value; by default one. A process has its own way at a point, which more
    visits of it do not average out, so that a value never counts as more than two of one visit.
    """
    used = np.asarray(np.isfinite(values).any(axis=0))
    visits = np.ones_like(values) if visits is None else visits
    return _settled(_without_shifts(values[:, used], visits[:, used]))


def differences(first: tuple[Array, Array], second: tuple[Array, Array]) -> Replicates:
    """The same of the differences of two tables, whose processes of the same number were measured in turns.

    What processes do is subtracted process by process, values point by point: on a machine of two speeds a process of
    one side was undisturbed at this point, and the other's partner at that.
    """
    both = np.isfinite(first[0]).any(axis=0) & np.isfinite(second[0]).any(axis=0)
    less, more = (_without_shifts(*side) for side in (first, second))
    shift = (more.shift - less.shift)[both]
    return _settled(Replicates(more.mean - less.mean, more.pull - less.pull, shift, more.own + less.own))


def _without_shifts(values: Array, visits: Array) -> Replicates:
    """Means of a table as if all processes were alike, and what each process does to all points (0 if to none)."""
    used = np.asarray(np.isfinite(values).any(axis=0))
    weight = np.where(np.isfinite(values), 2 * visits / (visits + 1), 0.0)
    shift, inner = np.zeros(len(used)), np.zeros_like(values)
    mean, shift[used], inner[:, used] = _additive(values[:, used], weight[:, used])
    share = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    moved = (share * inner).sum(axis=1)
    left = np.where(weight > 0, inner - moved[:, None], 0.0)
    return Replicates(mean + moved, left * share, shift, _own(left, weight, share))


def _settled(found: Replicates) -> Replicates:
    """The means with what processes do to all points alike, of which an odd one does not count in full."""
    shift = _odd_ones_in(found.shift)
    return found._replace(mean=found.mean + shift.mean(), shift=shift - shift.mean())


def _own(left: Array, visits: Array, share: Array) -> Array:
    """Variance of each point's mean by what processes do to it alone (n_points,), drawn towards that of all points."""
    visited = visits > 0
    count = int(visited.any(axis=0).sum())
    if count < 2:
        return np.zeros(len(left))
    freedom = np.maximum(visited.sum(axis=1) - 1.0, 0.0)
    lost = max(1.0 - count / max(float(visited.sum()), 1.0), LEAST_LEFT)  # shifts were fitted to the same values
    squares = (visits * left**2).sum(axis=1) / lost  # each of the variance of a value of weight 1
    pooled = float(squares.sum() / max(freedom.sum(), 1.0))
    each = (PRIOR_VALUES * pooled + squares) / (PRIOR_VALUES + freedom)
    return np.asarray(each * (share**2 / np.maximum(visits, 1e-300) * visited).sum(axis=1))


def _additive(values: Array, visits: Array) -> tuple[Array, Array, Array]:
    """Shares of points (n_points,) and processes (n_processes,), and what values have beyond; far ones are drawn in."""
    seen = visits > 0
    known = np.where(seen, values, 0.0)
    count = seen.sum(axis=1)
    freedom = float(count.sum()) - len(values) - values.shape[1] + 1
    mean, shift = _begun(values)
    residual = np.where(seen, known - mean[:, None] - shift, 0.0)
    if freedom < 1:  # one process, or one point
        return mean, shift, residual
    scale = np.full(len(values), max(1.4826 * float(np.median(np.abs(residual[seen]))), SMALLEST_SCALE))
    lost = freedom / float(count.sum())
    for _ in range(MOST_STEPS):
        weight = visits * (TAIL + 1) / (TAIL + visits * (residual / scale[:, None]) ** 2)
        precise = weight / scale[:, None] ** 2
        moved = (precise * (known - shift)).sum(axis=1) / np.maximum(precise.sum(axis=1), 1e-300)
        shift = (precise * (known - moved[:, None])).sum(axis=0) / np.maximum(precise.sum(axis=0), 1e-300)
        shift -= shift.mean()
        steps = np.abs(moved - mean) / scale
        mean = moved
        residual = np.where(seen, known - mean[:, None] - shift, 0.0)
        squares = (weight * residual**2).sum(axis=1)
        pooled = float(squares.sum()) / max(float(count.sum()) * lost, 1.0)
        scale = np.maximum(np.sqrt((PRIOR_VALUES * pooled + squares / lost) / (PRIOR_VALUES + count)), SMALLEST_SCALE)
        if steps.max(initial=0.0) < CONVERGED:
            break
    return mean, shift, _pseudo(residual, scale[:, None] / np.sqrt(np.maximum(visits, 1e-300)), seen)


def _begun(values: Array) -> tuple[Array, Array]:
    """Medians of points, and of what processes are off by."""
    mean = np.nan_to_num(
        np.array([np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else 0 for row in values])
    )
    away = values - mean[:, None]
    shift = np.array([np.median(column[np.isfinite(column)]) for column in away.T])
    return mean, shift - shift.mean()


def _pseudo(residual: Array, scale: Array, seen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Array:
    """Residuals with far ones drawn in, blown up by as much as the near ones were drawn in with them."""
    far = (residual / scale) ** 2
    slope = (TAIL + 1) * (TAIL - far) / (TAIL + far) ** 2
    return np.asarray((TAIL + 1) / (TAIL + far) * residual / max(float(slope[seen].mean()), LEAST_SLOPE))


def _odd_ones_in(shift: Array) -> Array:
    """Shifts of processes with odd ones drawn in; their median stands for all of them."""
    if len(shift) < FEWEST_TO_DRAW_IN:
        return shift
    middle = float(np.median(shift))
    for _ in range(MOST_STEPS):
        away = shift - middle
        scale = max(1.4826 * float(np.median(np.abs(away))), SMALLEST_SCALE)
        weight = 1 / (TAIL + (away / scale) ** 2)
        step = float((weight * away).sum() / weight.sum())
        middle += step
        if abs(step) < CONVERGED * scale:
            break
    away = shift - middle
    return np.asarray(middle + _pseudo(away, np.full(len(shift), scale), np.ones(len(shift), dtype=bool)))


__all__ = ["Replicates", "differences", "replicates"]
