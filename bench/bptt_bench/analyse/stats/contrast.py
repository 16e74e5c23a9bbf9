"""Ratios of the unit costs of a law's terms between two samples of the same subjects at the same points.

At every point D = log t₂ - log t₁, and D = log Σ_k s_k e^{ρ_k/2} - log Σ_k s_k e^{-ρ_k/2}. Here s_k is the share of
term k in the law fitted halfway between the samples, and ρ_k is the log ratio of its unit costs. The law's misfit is
the same in both samples and cancels. The right-hand side is linear in ρ up to terms of third order: for a share of
20 % whose unit cost doubles, a straight line is off by 0.5 %.

D is uncertain for three reasons. Processes differ: one is a percent or two faster or slower than another, at all points
alike and at each point by itself. Samples within a process differ. At some points the unit cost has a cause that the
law does not know. The last is estimated by the sandwich clustered by point (``bptt_bench.analyse.stats.influence``), of
which only what exceeds the first two is added. Interleaved samples are subtracted first, visit by visit
(``bptt_bench.analyse.data.visit_tables``) and process by process, so that disturbances common to both cancel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Interval, huber_weights, t_quantile
from bptt_bench.analyse.stats.influence import Influence, influence
from bptt_bench.analyse.stats.replicates import Replicates, difference_of_replicates, replicates

MOST_STEPS, CONVERGED = 30, 1e-10  # of Gauss-Newton, in logarithms
LONGEST_STEP = 3.0  # in a log ratio: a factor of 20
INLYING = 4.0  # standard errors
SMALLEST_VARIANCE = 1e-24
UNKNOWN_FREEDOM = 1e9  # of a variance of 0
# Times the standard error. Measured, on a machine that drifts: a run against its like at another time raised 8 false
# alarms in 99 tries with undisturbed visits alone, 3 with 2/3, 1 with all visits (`python -m tests.comparison --look`).
# Simulated, with 30 % of the visits in slow periods: of 50 terms that are a tenth slower, 48 are found in interleaved
# runs with undisturbed visits alone, 48 with 2/3, 14 with all visits (`python -m tests.comparison.simulated`).
MUCH_MORE_PRECISE = 2 / 3


class ProcessTable(NamedTuple):
    """Log responses of one sample by row and process ``(n_rows, n_processes)``, ``nan`` where none was measured.

    ``visits``: number of undisturbed visits that each value rests on, which need not be whole.
    """

    values: Array
    visits: Array

    @property
    def transposed(self) -> ProcessTable:
        """Processes as rows."""
        return ProcessTable(self.values.T, self.visits.T)


class Estimate(NamedTuple):
    """A log ratio, its standard error and the degrees of freedom of that error."""

    log_ratio: float
    standard_error: float
    freedom: float

    def interval(self, confidence: float) -> Interval:
        """Return the ratio with its interval."""
        half = t_quantile(confidence, self.freedom) * self.standard_error
        with np.errstate(over="ignore"):
            ends = np.exp([self.log_ratio, self.log_ratio - half, self.log_ratio + half])
        return Interval(*map(float, ends))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contrast:
    """Log ratios of unit costs, second sample over first.

    Attributes
    ----------
    log_ratios : one for each column of the shares (m,).
    means : with their signs, the means of both samples, or of their paired differences if they were interleaved.
    influence : of the rows on the ratios.
    gain : change of each ratio with a row's difference (m, n_rows).
    difference, residual : D of each row, and its residual (n_rows,).
    """

    log_ratios: Array
    means: tuple[tuple[float, Replicates], ...]
    influence: Influence
    gain: Array
    difference: Array
    residual: Array

    def estimate(self, weights: Array) -> Estimate:
        """Estimate a weighted sum (m,) of log ratios; its degrees of freedom follow Satterthwaite (1946)."""
        by_row = weights @ self.gain
        variances = [each for sign, mean in self.means for each in mean.variances(sign * by_row)]
        noise = sum(float(by_row**2 @ mean.own) for _, mean in self.means)
        error, freedom = self.influence.errors(weights[:, None])
        excess = float(error[0]) ** 2 - noise if np.isfinite(error[0]) else 0.0
        if excess > 0:
            variances.append((excess, float(freedom[0])))
        total = sum(variance for variance, _ in variances)
        spread = sum(variance**2 / freedom for variance, freedom in variances)
        combined = total**2 / spread if spread > 0 else UNKNOWN_FREEDOM
        return Estimate(float(weights @ self.log_ratios), float(np.sqrt(total)), combined)

    def standard_errors(self, weights: Array) -> Array:
        """Return the standard errors (r,) of weighted sums of log ratios with weights (r, m)."""
        return np.array([self.estimate(row).standard_error for row in weights])

    def centre(self, held: float = 0.0) -> Array:
        """Return weights (m,) of the log ratios whose sum is the change that most of them share.

        Ratios within ``INLYING`` standard errors of their median count, by their precision: a single term that became
        slower does not move the centre. ``held``: number of ratios of 1 that count in the median.
        """
        m = len(self.log_ratios)
        error = self.standard_errors(np.eye(m) - 1 / m)
        values = np.append(self.log_ratios, 0.0)
        order = np.argsort(values, kind="stable")
        weight = np.append(np.ones(m), held)[order]
        median = values[order][int(np.searchsorted(np.cumsum(weight), weight.sum() / 2))]
        distance = np.abs(self.log_ratios - median)
        inlying = distance <= np.maximum(INLYING * error, distance.min())
        precision = inlying / np.maximum(error**2 + np.median(error) ** 2, SMALLEST_VARIANCE)
        return np.asarray(precision / precision.sum())

    @property
    def n_processes(self) -> int:
        """Number of processes of the sample that has fewer of them, or of pairs of processes if interleaved."""
        return min(mean.n_processes for _, mean in self.means)


def is_much_more_precise(one: Contrast, other: Contrast) -> bool:
    """Return whether a contrast of some of the samples is so much more precise than that of all that it is preferred.

    Samples chosen because they agree also agree by selection, so a small gain in precision is not evidence.
    """
    if not np.isfinite(one.gain).all():
        return False
    errors = [np.median(each.standard_errors(np.eye(len(each.log_ratios)))) for each in (one, other)]
    return bool(errors[0] < MUCH_MORE_PRECISE * errors[1])


def contrast(first: ProcessTable, second: ProcessTable, shares: Array, *, paired: bool) -> Contrast:
    """Estimate log ratios of the unit costs of groups of terms with shares (n_rows, m); rows are points of subjects.

    ``paired``: processes of the same number were interleaved.
    """
    means: tuple[tuple[float, Replicates], ...] = ((1.0, replicates(*second)), (-1.0, replicates(*first)))
    if paired:
        means = ((1.0, difference_of_replicates(first, second)),)
    difference = np.asarray(sum(sign * each.mean for sign, each in means))
    own = np.asarray(sum(each.own for _, each in means))
    weights = np.ones(len(own)) if not own.any() else 1 / (own + np.median(own))  # a precise point counts twice at most
    ratios, jacobian, residual, weights = _solve(shares, difference, weights / weights.mean())
    rows = influence(jacobian, residual, weights)
    return Contrast(
        log_ratios=ratios,
        means=means,
        influence=rows,
        gain=(rows.gain * np.sqrt(weights)[:, None]).T,
        difference=difference,
        residual=residual,
    )


def _solve(shares: Array, difference: Array, weights: Array) -> tuple[Array, Array, Array, Array]:
    """Fit log ratios under Huber's loss; return them with the Jacobian, the residuals and the final weights.

    One row in ten or twenty is an outlier: where hardly a visit was undisturbed, its location is a guess.
    """
    root = np.sqrt(weights)
    ratios = np.zeros(shares.shape[1])
    for _ in range(MOST_STEPS):
        model, jacobian = _model(shares, ratios)
        if len(difference) > shares.shape[1] + 1:
            root = np.sqrt(weights * huber_weights((difference - model) * np.sqrt(weights), shares.shape[1]))
        step = np.linalg.lstsq(jacobian * root[:, None], (difference - model) * root, rcond=None)[0]
        ratios = ratios + np.clip(step, -LONGEST_STEP, LONGEST_STEP)
        if np.abs(step).max() < CONVERGED:
            break
    model, jacobian = _model(shares, ratios)
    return ratios, jacobian, difference - model, root**2


def _model(shares: Array, ratios: Array) -> tuple[Array, Array]:
    """Return D of each row and its derivatives in the log ratios."""
    slower, faster = shares * np.exp(ratios / 2), shares * np.exp(-ratios / 2)
    above, below = slower.sum(axis=1), faster.sum(axis=1)
    return np.log(above / below), (slower / above[:, None] + faster / below[:, None]) / 2
