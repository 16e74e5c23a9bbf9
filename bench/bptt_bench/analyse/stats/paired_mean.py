"""The mean of paired differences at a point, and how far it can be trusted: pairs differ, and processes differ.

Pairs of one process can be more alike than pairs of two: addresses of buffers, for one, are dealt once a process. So a
mean has two variances. That of pairs within a process is each point's own, drawn towards the pooled one; that of a
process at a point is a share of it, estimated by the method of moments (DerSimonian & Laird 1986) over all points of
two subjects, because a point visited by two processes says next to nothing of it. Freedom is Satterthwaite's (1946).

Evidence: two names of one subject in six quick runs on a machine of two speeds differed at 7 % of points (at 29 % in
the worst run) when a pair counted by the probability that its samples were undisturbed: of eight pairs 0.4 to 2 did.
The same pairs weighted by how well they agree with one another, as here, did so at 0.8 %; in thirty runs that were not
looked at while developing, at 3.7 %.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.stats.arrays import Array, Index

PRIOR_PAIRS = 4.0  # a point's own scatter of pairs is drawn towards the pooled one as if this many pairs had shown that
TAIL = 4.0  # degrees of freedom of Student's t for pairs in spells: one of the two visits may fall on a change of speed
MOST_STEPS, CONVERGED = 60, 1e-4  # of EM; movement of the means over the scale at which it ends
LEAST_WEIGHT = 0.5  # pairs; with less a mean says nothing
SMALLEST_SCALE = 1e-12  # in logarithms; exact data must not divide by zero


class Mean(NamedTuple):
    """Mean shifts with standard errors, degrees of freedom and the number of pairs that count, (n_points,) each."""

    shift: Array
    standard_error: Array
    freedom: Array
    pairs: Array


def undisturbed_mean(shift: Array, weight: Array, model: Array, process: Index) -> Mean:
    """Mean of pairs (n_points, n_blocks) that count by the probability that none of their samples is disturbed.

    Parameters
    ----------
    shift, weight : (n_points, n_blocks), ``nan`` where a pair was not visited.
    model : (n_points,), variance of a pair that the noise of the samples foretells.
    process : (n_blocks,), index of the process that visited a block.
    """
    weight = np.where(np.isfinite(shift), weight, 0.0)
    shift = np.where(np.isfinite(shift), shift, 0.0)
    total = weight.sum(axis=1)
    mean = (weight * shift).sum(axis=1) / np.maximum(total, 1e-300)
    mean = np.where(total > LEAST_WEIGHT, mean, 0.0)  # without a clean pair the locations stand alone
    weights, means = _by_process(shift, weight, process)
    squares = (weight * (shift - means[:, process]) ** 2).sum(axis=1)
    own = np.maximum(weights - 1, 0.0).sum(axis=1)
    variance = _drawn(squares, own, model)
    return _summed(mean, variance, own, weights, means)


def student_mean(shift: Array, process: Index) -> Mean:
    """Mean of pairs (n_points, n_blocks) that count by how well they agree with the others, on a machine in spells.

    There both visits of a pair fall into one spell, which cancels in their difference, though neither is undisturbed.
    Pairs are taken to follow Student's t about their mean, at a scale that is drawn towards that of all points.
    """
    seen = np.isfinite(shift)
    count = seen.sum(axis=1).astype(np.float64)
    known = np.where(seen, shift, 0.0)
    mean = np.zeros(len(shift))
    usable = count > 0
    mean[usable] = np.nanmedian(shift[usable], axis=1)
    middle = np.median(np.abs((known - mean[:, None])[seen])) if seen.any() else 0.0
    scale = np.full(len(shift), max(1.4826 * float(middle), SMALLEST_SCALE))
    own = np.maximum(count - 1, 0.0)
    for _ in range(MOST_STEPS):
        weight = _student(known - mean[:, None], scale, seen)
        moved = (weight * known).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-300)
        squares = (weight * (known - moved[:, None]) ** 2).sum(axis=1)
        steps, mean = np.abs(moved - mean) / scale, moved
        scale = np.maximum(np.sqrt(_drawn(squares, own, np.ones(len(shift)))), SMALLEST_SCALE)
        if steps.max(initial=0.0) < CONVERGED:
            break
    weight = _student(known - mean[:, None], scale, seen)
    weights, means = _by_process(known, weight, process)
    squares = (weight * (known - means[:, process]) ** 2).sum(axis=1)
    visited, _ = _by_process(known, seen.astype(np.float64), process)
    own = np.maximum(visited - 1, 0.0).sum(axis=1)
    # the information of n such pairs is n (ν + 1) / (ν + 3) / s²
    variance = _drawn(squares, own, np.ones(len(shift))) * (TAIL + 3) / (TAIL + 1)
    as_pairs = count / np.maximum(weight.sum(axis=1), 1e-300)
    return _summed(mean, variance, own, weights * as_pairs[:, None], means)


def _student(distance: Array, scale: Array, seen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Array:
    """Weights of EM for Student's t (Lange, Little & Taylor 1989)."""
    return np.where(seen, (TAIL + 1) / (TAIL + (distance / scale[:, None]) ** 2), 0.0)


def _by_process(shift: Array, weight: Array, process: Index) -> tuple[Array, Array]:
    """Sums of weights and weighted means (n_points, n_processes)."""
    member = (process[:, None] == np.arange(int(process.max(initial=0)) + 1)).astype(np.float64)
    weights = weight @ member
    return weights, np.asarray((weight * shift) @ member / np.maximum(weights, 1e-300))


def _drawn(squares: Array, own: Array, model: Array) -> Array:
    """Variances of a pair (n_points,), each drawn towards the pooled one, which is in proportion to ``model``."""
    known = np.isfinite(model) & (own > 0)
    pooled = float((squares[known] / model[known]).sum() / own[known].sum()) if known.any() else 1.0
    return np.asarray((PRIOR_PAIRS * pooled * model + squares) / (PRIOR_PAIRS + own))


def _summed(mean: Array, variance: Array, own: Array, weights: Array, means: Array) -> Mean:
    """Both variances of the means together."""
    total = weights.sum(axis=1)
    within = variance / np.maximum(total, 1.0)
    freedom = drawn = _freedom(own)
    share, spread, known = process_variance_ratio(weights, means, variance)
    between = np.where(total > LEAST_WEIGHT, share * variance * spread, 0.0)
    if share > 0:
        freedom = (within + between) ** 2 / np.maximum(within**2 / freedom + between**2 / known, 1e-300)
        freedom = np.where(within + between > 0, freedom, drawn)
    return Mean(mean, np.sqrt(within + between), freedom, np.maximum(total, 1.0))


def _freedom(own: Array) -> Array:
    """Degrees of freedom of variances that are drawn towards the pooled one: no more than all points have together.

    Where no pair was repeated, the noise of the samples foretells the variance, and counts as the prior pairs do.
    """
    every = float(own.sum())
    return np.minimum(own + PRIOR_PAIRS, every) if every > 0 else own + PRIOR_PAIRS


def process_variance_ratio(weights: Array, means: Array, variance: Array) -> tuple[float, Array, float]:
    """Variance of a process at a point, over that of a pair; its weight in each mean (n_points,); its freedom.

    0 where no point was visited by two processes, or where they differ no more than their pairs say.
    """
    counts = weights > LEAST_WEIGHT
    weights = np.where(counts, weights, 0.0)
    total = np.maximum(weights.sum(axis=1), LEAST_WEIGHT)
    spread = (weights**2).sum(axis=1) / total**2
    told = (counts.sum(axis=1) > 1) & np.isfinite(variance) & (variance > SMALLEST_SCALE**2)
    freedom = float((counts.sum(axis=1) - 1)[told].sum())
    if not told.any():
        return 0.0, spread, freedom
    middle = (weights * means).sum(axis=1) / total
    found = ((weights * (means - middle[:, None]) ** 2).sum(axis=1))[told] / variance[told]
    informative = float((total * (1 - spread))[told].sum())
    return max(float(found.sum()) - freedom, 0.0) / informative, spread, freedom
