"""Means of paired differences at each point, with standard errors for pairs and for processes.

Pairs within a process can be more alike than pairs of two processes, because buffers, for one, have the same addresses
throughout a process. So a mean has two variances. That of pairs within a process belongs to each point, shrunk towards
the pooled one. That of a process at a point is a multiple of it, estimated by the method of moments (DerSimonian &
Laird 1986) over all points of two subjects: two processes at one point say next to nothing of it. The degrees of
freedom follow Satterthwaite (1946).

Evidence: two names of one subject in six quick runs on a machine of two speeds differed at 7 % of points (29 % in the
worst run) when a pair was weighted by the probability that its samples were undisturbed, which left 0.4 to 2 pairs of
eight. With Student's t weights, as in ``student_mean``, they differed at 0.8 %; in thirty runs not used in development,
at 3.7 %.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.stats.arrays import MAD, Array, Flags, Index

PRIOR_PAIRS = 4.0  # the variance of a point's pairs is shrunk towards the pooled one as if from this many pairs
TAIL = 4.0  # degrees of freedom of Student's t in slow periods: one of two visits may fall on a change of speed
MOST_STEPS, CONVERGED = 60, 1e-4  # of EM; movement of the means over the scale at which it ends
LEAST_WEIGHT = 0.5  # pairs; with less, a mean is undefined
SMALLEST_SCALE = 1e-12  # in logarithms; exact data must not divide by zero


class Mean(NamedTuple):
    """Mean differences with standard errors, degrees of freedom and effective numbers of pairs, (n_points,) each."""

    shift: Array
    standard_error: Array
    freedom: Array
    pairs: Array


def undisturbed_mean(shift: Array, weight: Array, model: Array, process: Index) -> Mean:
    """Return means of pairs (n_points, n_blocks) weighted by the probability that neither sample is disturbed.

    Parameters
    ----------
    shift, weight : (n_points, n_blocks), ``nan`` where a pair was not measured.
    model : (n_points,), variance of a pair that the noise of the samples predicts.
    process : (n_blocks,), index of the process that measured a block.
    """
    weight = np.where(np.isfinite(shift), weight, 0.0)
    shift = np.where(np.isfinite(shift), shift, 0.0)
    total = weight.sum(axis=1)
    mean = (weight * shift).sum(axis=1) / np.maximum(total, 1e-300)
    mean = np.where(total > LEAST_WEIGHT, mean, 0.0)  # without an undisturbed pair the locations stand alone
    weights, means = _by_process(shift, weight, process)
    squares = (weight * (shift - means[:, process]) ** 2).sum(axis=1)
    own = np.maximum(weights - 1, 0.0).sum(axis=1)
    variance = _shrink_variances(squares, own, model)
    return _mean_with_errors(mean, variance, own, weights, means)


def student_mean(shift: Array, process: Index) -> Mean:
    """Return Student's t location of pairs (n_points, n_blocks), for machines with slow periods.

    There both samples of a pair fall into one slow period, which cancels in their difference, though both are
    disturbed. The scale of the t distribution at a point is shrunk towards that of all points.
    """
    seen = np.isfinite(shift)
    count = seen.sum(axis=1).astype(np.float64)
    known = np.where(seen, shift, 0.0)
    mean = np.zeros(len(shift))
    usable = count > 0
    mean[usable] = np.nanmedian(shift[usable], axis=1)
    middle = np.median(np.abs((known - mean[:, None])[seen])) if seen.any() else 0.0
    scale = np.full(len(shift), max(MAD * float(middle), SMALLEST_SCALE))
    own, equal = np.maximum(count - 1, 0.0), np.ones(len(shift))
    for _ in range(MOST_STEPS):
        weight = _student_weights(known - mean[:, None], scale, seen)
        moved = (weight * known).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-300)
        squares = (weight * (known - moved[:, None]) ** 2).sum(axis=1)
        steps, mean = np.abs(moved - mean) / scale, moved
        scale = np.maximum(np.sqrt(_shrink_variances(squares, own, equal)), SMALLEST_SCALE)
        if steps.max(initial=0.0) < CONVERGED:
            break
    weight = _student_weights(known - mean[:, None], scale, seen)
    weights, means = _by_process(known, weight, process)
    squares = (weight * (known - means[:, process]) ** 2).sum(axis=1)
    visited, _ = _by_process(known, seen.astype(np.float64), process)
    own = np.maximum(visited - 1, 0.0).sum(axis=1)
    # the information of n such pairs is n (ν + 1) / (ν + 3) / s²
    variance = _shrink_variances(squares, own, equal) * (TAIL + 3) / (TAIL + 1)
    as_pairs = count / np.maximum(weight.sum(axis=1), 1e-300)
    return _mean_with_errors(mean, variance, own, weights * as_pairs[:, None], means)


def _student_weights(distance: Array, scale: Array, seen: Flags) -> Array:
    """Return the weights of EM for Student's t (Lange, Little & Taylor 1989)."""
    return np.where(seen, (TAIL + 1) / (TAIL + (distance / scale[:, None]) ** 2), 0.0)


def _by_process(shift: Array, weight: Array, process: Index) -> tuple[Array, Array]:
    """Return sums of weights and weighted means (n_points, n_processes)."""
    member = (process[:, None] == np.arange(int(process.max(initial=0)) + 1)).astype(np.float64)
    weights = weight @ member
    return weights, np.asarray((weight * shift) @ member / np.maximum(weights, 1e-300))


def _shrink_variances(squares: Array, own: Array, model: Array) -> Array:
    """Return variances of a pair (n_points,), shrunk towards the pooled one, which is proportional to ``model``."""
    known = np.isfinite(model) & (own > 0)
    pooled = float((squares[known] / model[known]).sum() / own[known].sum()) if known.any() else 1.0
    return np.asarray((PRIOR_PAIRS * pooled * model + squares) / (PRIOR_PAIRS + own))


def _mean_with_errors(mean: Array, variance: Array, own: Array, weights: Array, means: Array) -> Mean:
    """Return the means with the sum of both variances."""
    total = weights.sum(axis=1)
    within = variance / np.maximum(total, 1.0)
    freedom = within_freedom = _freedom(own)
    ratio, spread, between_freedom = _process_variance_ratio(weights, means, variance)
    between = np.where(total > LEAST_WEIGHT, ratio * variance * spread, 0.0)
    if ratio > 0:
        freedom = (within + between) ** 2 / np.maximum(within**2 / freedom + between**2 / between_freedom, 1e-300)
        freedom = np.where(within + between > 0, freedom, within_freedom)
    return Mean(mean, np.sqrt(within + between), freedom, np.maximum(total, 1.0))


def _freedom(own: Array) -> Array:
    """Return the degrees of freedom of shrunken variances (n_points,): at most those of all points together.

    Where no pair was repeated, the noise of the samples predicts the variance and counts as the prior pairs do.
    """
    every = float(own.sum())
    return np.minimum(own + PRIOR_PAIRS, every) if every > 0 else own + PRIOR_PAIRS


def _process_variance_ratio(weights: Array, means: Array, variance: Array) -> tuple[float, Array, float]:
    """Return the variance of a process at a point over that of a pair, its weight in each mean, and its freedom.

    The ratio is 0 where no point was measured by two processes, or where these differ no more than their pairs do.
    """
    counts = weights > LEAST_WEIGHT
    weights = np.where(counts, weights, 0.0)
    total = np.maximum(weights.sum(axis=1), LEAST_WEIGHT)
    spread = (weights**2).sum(axis=1) / total**2
    usable = (counts.sum(axis=1) > 1) & np.isfinite(variance) & (variance > SMALLEST_SCALE**2)
    freedom = float((counts.sum(axis=1) - 1)[usable].sum())
    if not usable.any():
        return 0.0, spread, freedom
    middle = (weights * means).sum(axis=1) / total
    statistic = ((weights * (means - middle[:, None]) ** 2).sum(axis=1))[usable] / variance[usable]
    informative = float((total * (1 - spread))[usable].sum())
    return max(float(statistic.sum()) - freedom, 0.0) / informative, spread, freedom
