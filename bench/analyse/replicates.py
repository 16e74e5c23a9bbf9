"""Log times by point and block with what processes have in common: robust means of points, and their variances.

A block's values share the block's own shift (a process is a percent or two faster or slower, a machine has spells), and
single values are disturbed. A value is taken as μ_p + u_block + s_p·t(4); EM gives μ, u and weights. Disturbed values
are then drawn in (pseudo-values: fitted + ψ(residual)/mean ψ'), so that plain means and sums of squares of them have
the estimate's own scatter.
Source: Lange, Little & Taylor (1989) for EM; Huber & Ronchetti (2009), section 7.6, for pseudo-values.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bench.analyse.location import Array, Index

TAIL = 4.0  # degrees of freedom of Student's t for values about their mean: one of two visits may be disturbed
PRIOR_VALUES = 4.0  # a point's own scatter is drawn towards the pooled one as if this many values had shown that
PRIOR_CLUSTERS = 4.0  # likewise the variance among few processes towards what the scatter at single points foretells
MOST_STEPS, CONVERGED = 60, 1e-6  # of EM; movement over the scale at which it ends
SMALLEST_SCALE = 1e-9  # in logarithms; exact data must not divide by zero
LEAST_LEFT = 0.1  # of a table's scatter: with one point alone the shifts take up all of it
LEAST_SLOPE = 0.3  # of ψ, so that one wild table is not blown up


class Replicates(NamedTuple):
    """Means of points over blocks, and what they are uncertain by.

    ``mean (n_points,)``; ``pull (n_points, n_clusters)``: what each cluster (a process, or a pair of them) adds to the
    mean's deviation beyond what it does to all points alike, ``shift (n_clusters,)``; ``own (n_points,)``: variance of
    a point's mean by ``pull``.
    """

    mean: Array
    pull: Array
    shift: Array
    own: Array

    @property
    def n_clusters(self) -> int:
        return len(self.shift)

    @property
    def common(self) -> tuple[float, float]:
        """Variance of what the means of all points have in common, with its degrees of freedom."""
        clusters = self.n_clusters
        if clusters < 2:
            return 0.0, PRIOR_CLUSTERS
        return float(np.var(self.shift, ddof=1)) / clusters, clusters - 1.0

    def variance(self, weights: Array) -> list[tuple[float, float]]:
        """Variances of a sum of the means with weights (n_points,), by their causes, each with its degrees of freedom.

        What clusters do to all points alike, and what they do to each; the latter as it is seen among clusters, drawn
        towards what the scatter at single points foretells.
        """
        alike, known = self.common
        parts = [(float(weights.sum()) ** 2 * alike, known)]
        foretold, clusters = float(weights**2 @ self.own), self.n_clusters
        if clusters < 2:
            return [*parts, (foretold, PRIOR_CLUSTERS)]
        seen = clusters / (clusters - 1) * float(((weights @ self.pull) ** 2).sum())
        drawn = (PRIOR_CLUSTERS * foretold + known * seen) / (PRIOR_CLUSTERS + known)
        return [*parts, (drawn, PRIOR_CLUSTERS + known)]


def replicates(values: Array, cluster: Index) -> Replicates:
    """Means of a table (n_points, n_blocks), ``nan`` where a point was not visited, of blocks in clusters (n_blocks,).

    Where all blocks are of one cluster, blocks stand for clusters.
    """
    used = np.isfinite(values).any(axis=0)
    values, cluster = values[:, used], cluster[used]
    if len(np.unique(cluster)) < 2:
        cluster = np.arange(values.shape[1])
    drawn = _drawn_in(values)
    seen = np.isfinite(drawn)
    count = np.maximum(seen.sum(axis=1), 1)
    known = np.where(seen, drawn, 0.0)
    mean = known.sum(axis=1) / count
    away = np.where(seen, known - mean[:, None], 0.0)
    member = (cluster[:, None] == np.unique(cluster)).astype(np.float64)  # (n_blocks, n_clusters)
    visits = seen.astype(np.float64) @ member
    visited = visits > 0
    away = away @ member / np.maximum(visits, 1)
    shift = away.sum(axis=0) / np.maximum(visited.sum(axis=0), 1)
    pull = np.where(visited, away - shift, 0.0) * visits / count[:, None]
    return Replicates(mean, pull, shift, _own(np.where(visited, away - shift, 0.0), visits))


def _own(left: Array, visits: Array) -> Array:
    """Variance of each point's mean by what clusters do to it alone (n_points,), drawn towards that of all points."""
    visited = visits > 0
    clusters = visits.shape[1]
    if clusters < 2:
        return np.zeros(len(left))
    weight = visits / np.maximum(visits.sum(axis=1, keepdims=True), 1)
    freedom = np.maximum(visited.sum(axis=1) - 1.0, 0.0)
    lost = max(1.0 - clusters / max(float(visited.sum()), 1.0), LEAST_LEFT)  # shifts were fitted to the same values
    squares = (left**2).sum(axis=1) / lost
    pooled = float(squares.sum() / max(freedom.sum(), 1.0))
    each = (PRIOR_VALUES * pooled + squares) / (PRIOR_VALUES + freedom)
    return np.asarray(each * (weight**2).sum(axis=1))


def _drawn_in(values: Array) -> Array:
    """The table with its disturbed values drawn in."""
    seen = np.isfinite(values)
    known = np.where(seen, values, 0.0)
    count = seen.sum(axis=1)
    freedom = float(count.sum()) - len(values) - values.shape[1] + 1
    if freedom < 1:
        return values
    mean = np.zeros(len(values))
    usable = count > 0
    mean[usable] = np.nanmedian(values[usable], axis=1)
    shift = np.zeros(values.shape[1])
    for c in range(values.shape[1]):
        if seen[:, c].any():
            shift[c] = np.median((known[:, c] - mean)[seen[:, c]])
    shift -= shift.mean()
    residual = known - mean[:, None] - shift
    scale = np.full(len(values), max(1.4826 * float(np.median(np.abs(residual[seen]))), SMALLEST_SCALE))
    lost = freedom / float(count.sum())
    for _ in range(MOST_STEPS):
        weight = np.where(seen, (TAIL + 1) / (TAIL + (residual / scale[:, None]) ** 2), 0.0)
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
    far = (residual / scale[:, None]) ** 2
    slope = (TAIL + 1) * (TAIL - far) / (TAIL + far) ** 2
    pseudo = (TAIL + 1) / (TAIL + far) * residual / max(float(slope[seen].mean()), LEAST_SLOPE)
    return np.where(seen, mean[:, None] + shift + pseudo, np.nan)


__all__ = ["Replicates", "replicates"]
