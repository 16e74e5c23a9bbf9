"""A mixture of undisturbed and disturbed samples, fitted point by point by expectation and maximisation (EM).

The model is that of ``bptt_bench.analyse.stats.location``, which decides where EM starts and which of its optima
counts.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_ndtr

from bptt_bench.analyse.stats.arrays import Array, Index

S = TypeVar("S", bound=np.generic)

SMALLEST_NOISE = 1e-9  # relative; no clock resolves less, and exact data must not divide by zero
PRIOR_SAMPLES = 8.0  # a point's own noise is drawn towards the pooled one as if this many samples had shown that
TAIL_FLOOR = 5.0  # the tail is at least this many times as long as the core is wide, or it would split a plain normal
LARGEST_TAIL_SHARE = 0.9
FAST_OUTLIER = 3.0  # core standard deviations below which a too fast sample loses weight (Huber)
FAST_PRICE = 30.0  # nats; several samples in the tail cost more than one that is too fast, by however much
MOST_ITERATIONS = 100
NOISIEST_POINT = (
    3.0  # times the pooled noise; without this bound a point with most samples disturbed passes for a noisy one
)
SCOUTED, CONVERGED = 0.02, 1e-4  # movement of locations, over the noise, at which a trial and the final run of EM end


class PointGroups(NamedTuple):
    """Samples in the order of their points: where those of each point begin (n_points,), and how many there are."""

    first: Index
    counts: Index

    def spread(self, values: NDArray[S]) -> NDArray[S]:
        """What each point has, for each of its samples (n_samples,)."""
        return np.repeat(values, self.counts)

    def sums(self, values: Array) -> Array:
        """Sums over the samples of each point (n_points,)."""
        return np.asarray(np.add.reduceat(values, self.first))


class NoiseModel(NamedTuple):
    """What the points share: share and length of the tail, and each point's noise, drawn towards the pooled one."""

    share: float
    tail: float
    noise: Array
    pooled: float = 0.0


def responsibility(residual: Array, core: NoiseModel, groups: PointGroups) -> tuple[Array, Array, Array]:
    """Probability of being undisturbed, log density of the tail and residual over the noise, each (n_samples,)."""
    noise = np.maximum(core.noise, SMALLEST_NOISE)
    tail = max(core.tail, TAIL_FLOOR * float(noise.max()))
    z = residual / groups.spread(noise)
    # what depends on the point alone is worked out once for each; densities are per standard deviation of the core
    own = np.log(noise * core.share / tail) + (noise / tail) ** 2 / 2
    # in place: with hundreds of thousands of samples, getting memory takes as long as reckoning
    log_tail = groups.spread(noise / tail)
    log_ndtr(np.subtract(z, log_tail, out=log_tail), out=log_tail)
    log_tail -= residual / tail
    log_tail += groups.spread(own)
    odds = z**2
    odds *= -0.5
    odds += np.log1p(-core.share) - 0.5 * np.log(2 * np.pi)
    odds -= log_tail
    return expit(odds, out=odds), log_tail, z


def point_losses(y: Array, groups: PointGroups, location: Array, core: NoiseModel) -> Array:
    """Minus the log likelihood of each point (n_points,), with a bounded price for samples that are too fast.

    Densities are per standard deviation of the point's core, so only locations under one core can be compared.
    """
    residual = y - groups.spread(location)
    z = residual / groups.spread(core.noise)
    _, log_tail, _ = responsibility(residual, core, groups)
    slow = np.logaddexp(np.log1p(-core.share) - z**2 / 2 - 0.5 * np.log(2 * np.pi), log_tail)
    fast = np.minimum(FAST_OUTLIER * -z - FAST_OUTLIER**2 / 2, FAST_PRICE) + 0.5 * np.log(2 * np.pi)
    return groups.sums(np.where(z < -FAST_OUTLIER, fast, -slow))


def restricted_loss(y: Array, groups: PointGroups, location: Array, core: NoiseModel) -> float:
    """Minus the restricted log likelihood: locations integrated out, or cores of one sample a point would win."""
    weight, _, _ = responsibility(y - groups.spread(location), core, groups)
    effective = np.maximum(groups.sums(weight), 1.0)
    misfit = point_losses(y, groups, location, core) + groups.counts * np.log(core.noise)
    return float((misfit - np.log(core.noise / np.sqrt(effective))).sum())


def fit_mixture(
    y: Array,
    groups: PointGroups,
    start: Array,
    core: NoiseModel,
    *,
    tolerance: float = SCOUTED,
    widest: float = np.inf,
) -> tuple[Array, NoiseModel]:
    """EM for locations, core and tail; the pooled variance loses one degree of freedom a point."""
    location, highest, several = start, start + widest, groups.counts > 1
    repeated = slice(None) if several.all() else groups.spread(several)
    for _ in range(MOST_ITERATIONS):
        residual = y - groups.spread(location)
        probability, _, z = responsibility(residual, core, groups)
        # Huber's weight of those too fast, in place
        weight = np.maximum(np.negative(z, out=z), FAST_OUTLIER, out=z)
        np.divide(FAST_OUTLIER, weight, out=weight)
        weight *= probability
        total = groups.sums(weight)
        usable = several & (total > 1e-6)
        updated = np.where(usable, groups.sums(weight * y) / np.where(usable, total, 1.0), location)
        updated = np.minimum(updated, highest)
        left = y - groups.spread(updated)
        left *= left
        left *= weight
        squares = groups.sums(left)
        freedom = np.where(usable, np.maximum(total - 1.0, 0.0), 0.0)
        pooled = min(_pooled(squares, freedom, core.noise), widest)
        disturbed = np.subtract(1.0, probability, out=probability)[repeated]
        late = np.maximum(residual[repeated], 0.0)
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
        moved = float(np.sqrt(np.mean((updated - location) ** 2)))  # one point that wavers must not hold up the rest
        location = updated
        if moved < tolerance * pooled:
            break
    return location, core


def _pooled(squares: Array, freedom: Array, noise: Array) -> float:
    """Pooled standard deviation of the core, without points that are far noisier than the rest."""
    middle = float(np.partition(noise, len(noise) // 2)[len(noise) // 2])
    ratio = squares / np.maximum(freedom * middle**2, SMALLEST_NOISE**2)
    usual = (freedom > 0) & (ratio < NOISIEST_POINT**2)
    if not usual.any():
        usual = freedom > 0
    return max(float(np.sqrt(squares[usual].sum() / max(float(freedom[usual].sum()), 1.0))), SMALLEST_NOISE)
