"""Means of points over replicate processes, with process effects, and their variances.

The values of a process share an effect of that process: one process is a percent or two faster or slower than another,
and a machine has slow periods. Single values are disturbed as well. The model of a value is μ_point + u_process +
s_point·t(4); EM estimates μ, u and the weights. Disturbed values and disturbed processes are then winsorised to
pseudo-values, fitted + ψ(residual) / mean ψ', so that plain means and sums of squares of these have the scatter of the
robust estimate.

Source: Lange, Little & Taylor (1989) for EM; Huber & Ronchetti (2009), section 7.6, for pseudo-values.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.stats.arrays import MAD, Array, Flags

TAIL = 4.0  # degrees of freedom of Student's t for values about their mean: one of two visits may be disturbed
PRIOR_VALUES = 4.0  # the variance of a point is shrunk towards the pooled one as if from this many values
PRIOR_CLUSTERS = 4.0  # likewise the variance among processes, towards the one predicted from single points
MOST_STEPS, CONVERGED = 60, 1e-6  # of EM; movement over the scale at which it ends
SMALLEST_SCALE = 1e-9  # in logarithms; exact data must not divide by zero
LEAST_FREEDOM = 0.1  # share of a table's values; with one point alone the process effects take up all of them
LEAST_SLOPE = 0.3  # of ψ, so that one table full of outliers is not inflated
FEWEST_TO_WINSORISE = 5  # processes; among fewer none can be called an outlier


class Replicates(NamedTuple):
    """Means of points over processes, and their uncertainty.

    ``mean (n_points,)``; ``deviation (n_points, n_processes)``: weighted deviation of each process (or pair) from the
    mean of a point, without the effect of the process on all points; ``effect (n_processes,)``: that effect, about 0;
    ``own (n_points,)``: variance of a point's mean by ``deviation``.
    """

    mean: Array
    deviation: Array
    effect: Array
    own: Array

    @property
    def n_processes(self) -> int:
        return len(self.effect)

    def variances(self, weights: Array) -> list[tuple[float, float]]:
        """Return the variances of a sum of the means with weights (n_points,), each with its degrees of freedom.

        The first is that of process effects, which all points share. The second is that of deviations at single points,
        as observed among processes, shrunk towards the one predicted from the scatter at single points.
        """
        count = self.n_processes
        common = float(np.var(self.effect, ddof=1)) / count if count > 1 else 0.0
        effects = (float(weights.sum()) ** 2 * common, count - 1.0 if count > 1 else PRIOR_CLUSTERS)
        predicted, clusters = float(weights**2 @ self.own), self.deviation.shape[1]
        if clusters < 2:
            return [effects, (predicted, PRIOR_CLUSTERS)]
        observed = clusters / (clusters - 1) * float(((weights @ self.deviation) ** 2).sum())
        shrunk = (PRIOR_CLUSTERS * predicted + (clusters - 1) * observed) / (PRIOR_CLUSTERS + clusters - 1)
        return [effects, (shrunk, PRIOR_CLUSTERS + clusters - 1)]


def replicates(values: Array, visits: Array | None = None) -> Replicates:
    """Return the means of a table (n_points, n_processes), ``nan`` where a process did not visit a point.

    ``visits``: number of undisturbed visits behind each value; by default one. A process deviates at a point by an
    amount that more visits of it do not average out, so a value never has more than twice the weight of one visit.
    """
    used = np.asarray(np.isfinite(values).any(axis=0))
    visits = np.ones_like(values) if visits is None else visits
    return _centre_effects(_remove_process_effects(values[:, used], visits[:, used]))


def difference_of_replicates(first: tuple[Array, Array], second: tuple[Array, Array]) -> Replicates:
    """Return the same for the differences of two tables whose processes of the same number were interleaved.

    Process effects are subtracted process by process, values point by point: on a machine of two speeds a process may
    be undisturbed at one point, and its partner at another.
    """
    both = np.isfinite(first[0]).any(axis=0) & np.isfinite(second[0]).any(axis=0)
    less, more = (_remove_process_effects(*table) for table in (first, second))
    effect = (more.effect - less.effect)[both]
    return _centre_effects(
        Replicates(more.mean - less.mean, more.deviation - less.deviation, effect, more.own + less.own)
    )


def _remove_process_effects(values: Array, visits: Array) -> Replicates:
    """Return the means of a table without process effects, and these effects (0 where a process has none)."""
    used = np.asarray(np.isfinite(values).any(axis=0))
    weight = np.where(np.isfinite(values), 2 * visits / (visits + 1), 0.0)
    effect, residual = np.zeros(len(used)), np.zeros_like(values)
    mean, effect[used], residual[:, used] = _fit_additive(values[:, used], weight[:, used])
    share = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    correction = (share * residual).sum(axis=1)
    left = np.where(weight > 0, residual - correction[:, None], 0.0)
    return Replicates(mean + correction, left * share, effect, _variance_of_means(left, weight, share))


def _centre_effects(found: Replicates) -> Replicates:
    """Return the means with the average process effect, in which an outlying process does not count in full."""
    effect = _winsorise_effects(found.effect)
    return found._replace(mean=found.mean + effect.mean(), effect=effect - effect.mean())


def _variance_of_means(left: Array, weight: Array, share: Array) -> Array:
    """Return the variance (n_points,) of each point's mean by deviations, shrunk towards the pooled one."""
    visited = weight > 0
    count = int(visited.any(axis=0).sum())
    if count < 2:
        return np.zeros(len(left))
    freedom = np.maximum(visited.sum(axis=1) - 1.0, 0.0)
    # process effects were fitted to the same values
    remaining = max(1.0 - count / max(float(visited.sum()), 1.0), LEAST_FREEDOM)
    squares = (weight * left**2).sum(axis=1) / remaining  # each of the variance of a value of weight 1
    pooled = float(squares.sum() / max(freedom.sum(), 1.0))
    each = (PRIOR_VALUES * pooled + squares) / (PRIOR_VALUES + freedom)
    return np.asarray(each * (share**2 / np.maximum(weight, 1e-300) * visited).sum(axis=1))


def _fit_additive(values: Array, visits: Array) -> tuple[Array, Array, Array]:
    """Fit effects of points (n_points,) and of processes (n_processes,); residuals are winsorised pseudo-values."""
    seen = visits > 0
    known = np.where(seen, values, 0.0)
    count = seen.sum(axis=1)
    freedom = float(count.sum()) - len(values) - values.shape[1] + 1
    mean, effect = _initial_effects(values)
    residual = np.where(seen, known - mean[:, None] - effect, 0.0)
    if freedom < 1:  # one process, or one point
        return mean, effect, residual
    scale = np.full(len(values), max(MAD * float(np.median(np.abs(residual[seen]))), SMALLEST_SCALE))
    remaining = freedom / float(count.sum())
    for _ in range(MOST_STEPS):
        weight = visits * (TAIL + 1) / (TAIL + visits * (residual / scale[:, None]) ** 2)
        precision = weight / scale[:, None] ** 2
        moved = (precision * (known - effect)).sum(axis=1) / np.maximum(precision.sum(axis=1), 1e-300)
        effect = (precision * (known - moved[:, None])).sum(axis=0) / np.maximum(precision.sum(axis=0), 1e-300)
        effect -= effect.mean()
        steps = np.abs(moved - mean) / scale
        mean = moved
        residual = np.where(seen, known - mean[:, None] - effect, 0.0)
        squares = (weight * residual**2).sum(axis=1)
        pooled = float(squares.sum()) / max(float(count.sum()) * remaining, 1.0)
        variance = (PRIOR_VALUES * pooled + squares / remaining) / (PRIOR_VALUES + count)
        scale = np.maximum(np.sqrt(variance), SMALLEST_SCALE)
        if steps.max(initial=0.0) < CONVERGED:
            break
    return mean, effect, _pseudo_residuals(residual, scale[:, None] / np.sqrt(np.maximum(visits, 1e-300)), seen)


def _initial_effects(values: Array) -> tuple[Array, Array]:
    """Return the medians of points, and the medians of what processes deviate from them."""
    medians = [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else 0 for row in values]
    mean = np.nan_to_num(np.array(medians))
    away = values - mean[:, None]
    effect = np.array([np.median(column[np.isfinite(column)]) for column in away.T])
    return mean, effect - effect.mean()


def _pseudo_residuals(residual: Array, scale: Array, seen: Flags) -> Array:
    """Return ψ(residual) / mean ψ': outliers winsorised, and all rescaled for the shrinkage of the inliers."""
    far = (residual / scale) ** 2
    slope = (TAIL + 1) * (TAIL - far) / (TAIL + far) ** 2
    return np.asarray((TAIL + 1) / (TAIL + far) * residual / max(float(slope[seen].mean()), LEAST_SLOPE))


def _winsorise_effects(effect: Array) -> Array:
    """Return process effects (n_processes,) with outliers winsorised about their t(4) location."""
    if len(effect) < FEWEST_TO_WINSORISE:
        return effect
    middle = float(np.median(effect))
    for _ in range(MOST_STEPS):
        away = effect - middle
        scale = max(MAD * float(np.median(np.abs(away))), SMALLEST_SCALE)
        weight = 1 / (TAIL + (away / scale) ** 2)
        step = float((weight * away).sum() / weight.sum())
        middle += step
        if abs(step) < CONVERGED * scale:
            break
    away = effect - middle
    return np.asarray(middle + _pseudo_residuals(away, np.full(len(effect), scale), np.ones(len(effect), dtype=bool)))
