"""A contaminated mixture of undisturbed and disturbed samples, fitted by expectation and maximisation (EM).

``bptt_bench.analyse.stats.location`` states the model, chooses the starts of EM and selects among its optima.
Source: Dempster, Laird & Rubin (1977) for EM.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_ndtr

from bptt_bench.analyse.stats.arrays import Array, Index

S = TypeVar("S", bound=np.generic)

SMALLEST_NOISE = 1e-9  # relative; no clock resolves less, and exact data must not divide by zero
PRIOR_SAMPLES = 8.0  # a point's noise is shrunk towards the pooled one as if from this many samples
TAIL_FLOOR = 5.0  # times the width of the core: a shorter tail would split a plain normal sample
LARGEST_TAIL_SHARE = 0.9
FAST_OUTLIER = 3.0  # core standard deviations below which a too fast sample loses weight (Huber)
LARGEST_FAST_LOSS = 30.0  # nats; one sample that is too fast costs less than several in the tail
MOST_ITERATIONS = 100
NOISIEST_POINT = 3.0  # times the pooled noise; without a bound a point of disturbed samples would look noisy
TRIAL, CONVERGED = 0.02, 1e-4  # movement of locations, over the noise, at which a trial and the final run of EM end


class PointGroups(NamedTuple):
    """Samples sorted by point: the first sample of each point, and their number, (n_points,) each."""

    first: Index
    counts: Index

    def repeat(self, values: NDArray[S]) -> NDArray[S]:
        """Repeat the value of each point for its samples (n_samples,)."""
        return np.repeat(values, self.counts)

    def sums(self, values: Array) -> Array:
        """Sum over the samples of each point (n_points,)."""
        return np.asarray(np.add.reduceat(values, self.first))


class NoiseModel(NamedTuple):
    """Share and length of the tail, noise of each point (n_points,), and the pooled noise it is shrunk towards."""

    share: float
    tail: float
    noise: Array
    pooled: float = 0.0


def responsibility(residual: Array, core: NoiseModel, groups: PointGroups) -> tuple[Array, Array, Array]:
    """Return the probability of being undisturbed, the log density of the tail and residual / noise (n_samples,)."""
    noise = np.maximum(core.noise, SMALLEST_NOISE)
    tail = max(core.tail, TAIL_FLOOR * float(noise.max()))
    z = residual / groups.repeat(noise)
    # terms of the point alone are computed once a point; densities are per standard deviation of the core
    own = np.log(noise * core.share / tail) + (noise / tail) ** 2 / 2
    # in place: with hundreds of thousands of samples, allocation takes as long as arithmetic
    log_tail = groups.repeat(noise / tail)
    log_ndtr(np.subtract(z, log_tail, out=log_tail), out=log_tail)
    log_tail -= residual / tail
    log_tail += groups.repeat(own)
    odds = z**2
    odds *= -0.5
    odds += np.log1p(-core.share) - 0.5 * np.log(2 * np.pi)
    odds -= log_tail
    return expit(odds, out=odds), log_tail, z


def point_losses(y: Array, groups: PointGroups, location: Array, core: NoiseModel) -> Array:
    """Return minus the log likelihood of each point (n_points,), bounded for samples that are too fast.

    Densities are per standard deviation of the point's core, so only locations under one noise model are comparable.
    """
    residual = y - groups.repeat(location)
    z = residual / groups.repeat(core.noise)
    _, log_tail, _ = responsibility(residual, core, groups)
    slow = np.logaddexp(np.log1p(-core.share) - z**2 / 2 - 0.5 * np.log(2 * np.pi), log_tail)
    fast = np.minimum(FAST_OUTLIER * -z - FAST_OUTLIER**2 / 2, LARGEST_FAST_LOSS) + 0.5 * np.log(2 * np.pi)
    return groups.sums(np.where(z < -FAST_OUTLIER, fast, -slow))


def restricted_loss(y: Array, groups: PointGroups, location: Array, core: NoiseModel) -> float:
    """Return minus the restricted log likelihood: locations are integrated out, or cores of one sample would win."""
    weight, _, _ = responsibility(y - groups.repeat(location), core, groups)
    effective = np.maximum(groups.sums(weight), 1.0)
    misfit = point_losses(y, groups, location, core) + groups.counts * np.log(core.noise)
    return float((misfit - np.log(core.noise / np.sqrt(effective))).sum())


def fit_mixture(
    y: Array,
    groups: PointGroups,
    start: Array,
    core: NoiseModel,
    *,
    tolerance: float = TRIAL,
    widest: float = np.inf,
) -> tuple[Array, NoiseModel]:
    """Fit locations, core and tail by EM; the pooled variance loses one degree of freedom a point.

    Parameters
    ----------
    y : log samples (n_samples,).
    start : locations (n_points,).
    core : noise model to start from.
    tolerance : movement of locations over the noise at which EM ends.
    widest : bound on the pooled noise, and on how far a location moves above its start.
    """
    location, highest, repeated = start, start + widest, groups.counts > 1
    several = slice(None) if repeated.all() else groups.repeat(repeated)
    for _ in range(MOST_ITERATIONS):
        residual = y - groups.repeat(location)
        probability, _, z = responsibility(residual, core, groups)
        # Huber's weight of those too fast, in place
        weight = np.maximum(np.negative(z, out=z), FAST_OUTLIER, out=z)
        np.divide(FAST_OUTLIER, weight, out=weight)
        weight *= probability
        total = groups.sums(weight)
        usable = repeated & (total > 1e-6)
        updated = np.where(usable, groups.sums(weight * y) / np.where(usable, total, 1.0), location)
        updated = np.minimum(updated, highest)
        left = y - groups.repeat(updated)
        left *= left
        left *= weight
        squares = groups.sums(left)
        freedom = np.where(usable, np.maximum(total - 1.0, 0.0), 0.0)
        pooled = min(_pooled(squares, freedom, core.noise), widest)
        disturbed = np.subtract(1.0, probability, out=probability)[several]
        late = np.maximum(residual[several], 0.0)
        # not the product of BLAS, whose threads wait for one another when the machine does other work
        excess = float(np.multiply(disturbed, late, out=late).sum() / max(float(disturbed.sum()), 1e-12))
        core = NoiseModel(
            share=float(np.clip(disturbed.mean(), 1e-4, LARGEST_TAIL_SHARE)),
            tail=max(TAIL_FLOOR * pooled, excess),
            noise=np.minimum(
                np.sqrt((PRIOR_SAMPLES * pooled**2 + squares) / (PRIOR_SAMPLES + freedom)), NOISIEST_POINT * pooled
            ),
            pooled=pooled,
        )
        moved = float(
            np.sqrt(np.mean((updated - location) ** 2))
        )  # a single oscillating point must not prevent the end
        location = updated
        if moved < tolerance * pooled:
            break
    return location, core


def _pooled(squares: Array, freedom: Array, noise: Array) -> float:
    """Return the pooled standard deviation of the core, without points that are far noisier than the rest."""
    middle = float(np.partition(noise, len(noise) // 2)[len(noise) // 2])
    ratio = squares / np.maximum(freedom * middle**2, SMALLEST_NOISE**2)
    usual = (freedom > 0) & (ratio < NOISIEST_POINT**2)
    if not usual.any():
        usual = freedom > 0
    return max(float(np.sqrt(squares[usual].sum() / max(float(freedom[usual].sum()), 1.0))), SMALLEST_NOISE)
