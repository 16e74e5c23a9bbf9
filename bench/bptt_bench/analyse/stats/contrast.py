"""By how much each term's price differs between two sets of samples of the same subjects at the same points.

At every point D = log t₂ - log t₁, and D = log Σ_k s_k e^{ρ_k/2} - log Σ_k s_k e^{-ρ_k/2}, where s_k is the share
of term k in the law fitted halfway between the sides and ρ_k the log ratio of its prices. The law's misfit is on both
sides and cancels. In ρ the right-hand side is linear but for terms of third order: of a share of 20 % that doubles in
price a straight line is off by 0.5 %.

Three things make D uncertain. Processes: one is a percent or two faster or slower than another, at all points alike and
at each by itself. Samples within them. And points, where one side's price has a cause that the law does not know: that
is the sandwich clustered by point (``bptt_bench.analyse.stats.influence``), of which only what exceeds the first two is
added. Sides that were measured in turns are subtracted first, visit by visit (``bptt_bench.analyse.data.visit_tables``)
and process by process, so that what both meet cancels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Interval, huber_weights, t_quantile
from bptt_bench.analyse.stats.influence import Influence, influence
from bptt_bench.analyse.stats.replicates import Replicates, differences, replicates

MOST_STEPS, CONVERGED = 30, 1e-10  # of Gauss-Newton, in logarithms
FARTHEST = 3.0  # a step in a log ratio: a factor of 20
INLYING = 4.0  # standard errors
SMALLEST_VARIANCE = 1e-24
UNKNOWN_FREEDOM = 1e9  # of a variance of 0
# Times the standard error. Measured, on a machine that drifts: a run against its like at another time raised 8 alarms
# in 99 tries where undisturbed visits alone count, 3 with 2/3, 1 where all visits do (`python -m tests.comparison
# --look`). Simulated, with 30 % of the visits in spells: of 50 terms a tenth dearer 48 are found in turns where
# undisturbed visits alone count, 48 with 2/3, 14 where all visits do (`python -m tests.comparison.simulated`).
MUCH_MORE_PRECISE = 2 / 3


class ProcessTable(NamedTuple):
    """Log responses of one side by row and process ``(n_rows, n_processes)``, ``nan`` where a process was not.

    ``visits``: how many undisturbed visits each value rests on, which need not be whole.
    """

    values: Array
    visits: Array

    @property
    def transposed(self) -> ProcessTable:
        """Processes as rows."""
        return ProcessTable(self.values.T, self.visits.T)


class Estimate(NamedTuple):
    """A log ratio, its standard error and the degrees of freedom of that."""

    log_ratio: float
    standard_error: float
    freedom: float

    def interval(self, confidence: float) -> Interval:
        """The ratio with its interval."""
        half = t_quantile(confidence, self.freedom) * self.standard_error
        with np.errstate(over="ignore"):
            ends = np.exp([self.log_ratio, self.log_ratio - half, self.log_ratio + half])
        return Interval(*map(float, ends))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contrast:
    """Log ratios of prices, second over first.

    Attributes
    ----------
    log_ratios : one for each column of the shares (m,).
    sides : means of what was subtracted (one, if measured in lockstep) or of both sides; their signs.
    told : influence of the rows on the ratios. gain : change of each ratio with a row's difference (m, n_rows).
    difference, residual : D of each row, and what the ratios leave of it.
    """

    log_ratios: Array
    sides: tuple[tuple[float, Replicates], ...]
    told: Influence
    gain: Array
    difference: Array
    residual: Array

    def estimate(self, weights: Array) -> Estimate:
        """A weighted sum (m,) of log ratios."""
        by_row = weights @ self.gain
        parts = [part for sign, side in self.sides for part in side.variance(sign * by_row)]
        noise = sum(float(by_row**2 @ side.own) for _, side in self.sides)
        error, freedom = self.told.errors(weights[:, None])
        beyond = float(error[0]) ** 2 - noise if np.isfinite(error[0]) else 0.0
        if beyond > 0:
            parts.append((beyond, float(freedom[0])))
        total = sum(variance for variance, _ in parts)
        spread = sum(variance**2 / freedom for variance, freedom in parts)
        known = total**2 / spread if spread > 0 else UNKNOWN_FREEDOM
        return Estimate(float(weights @ self.log_ratios), float(np.sqrt(total)), known)

    def centre(self, held: float = 0.0) -> Array:
        """Weights (m,) of the log ratios whose sum is what most of them have in common.

        Those within ``INLYING`` standard errors of their median count, by their precision: of one term that got dearer
        the common part knows nothing. ``held``: how many ratios of 1 vote with them for the median.
        """
        m = len(self.log_ratios)
        error = np.array([self.estimate(row).standard_error for row in np.eye(m) - 1 / m])
        votes = np.append(self.log_ratios, 0.0)
        order = np.argsort(votes, kind="stable")
        weight = np.append(np.ones(m), held)[order]
        middle = votes[order][int(np.searchsorted(np.cumsum(weight), weight.sum() / 2))]
        away = np.abs(self.log_ratios - middle)
        inlying = away <= np.maximum(INLYING * error, away.min())
        precision = inlying / np.maximum(error**2 + np.median(error) ** 2, SMALLEST_VARIANCE)
        return np.asarray(precision / precision.sum())

    @property
    def n_processes(self) -> int:
        """Processes of the side that has fewer of them; pairs of such where both sides were measured in lockstep."""
        return min(side.n_processes for _, side in self.sides)


def is_much_more_precise(one: Contrast, other: Contrast) -> bool:
    """Whether a contrast of less of the same samples is so much sharper than that of all that it is to be believed.

    Samples that are chosen because they agree, agree too well: their look must be much sharper.
    """
    if not np.isfinite(one.gain).all():
        return False
    errors = [[each.estimate(row).standard_error for row in np.eye(len(each.log_ratios))] for each in (one, other)]
    return bool(np.median(errors[0]) < MUCH_MORE_PRECISE * np.median(errors[1]))


def contrast(first: ProcessTable, second: ProcessTable, shares: Array, *, paired: bool) -> Contrast:
    """Log ratios of the prices of groups of terms with shares (n_rows, m) of the time; rows are points of subjects.

    ``paired``: processes of the same number were measured in turns.
    """
    sides = _sides(first, second, paired=paired)
    difference = np.asarray(sum(sign * side.mean for sign, side in sides))
    own = np.asarray(sum(side.own for _, side in sides))
    weights = np.ones(len(own)) if not own.any() else 1 / (own + np.median(own))  # a clean point counts twice at most
    weights = weights / weights.mean()
    ratios, jacobian, residual, weights = _solve(shares, difference, weights)
    told = influence(jacobian, residual, weights)
    return Contrast(
        log_ratios=ratios,
        sides=sides,
        told=told,
        gain=(told.gain * np.sqrt(weights)[:, None]).T,
        difference=difference,
        residual=residual,
    )


def _sides(first: ProcessTable, second: ProcessTable, *, paired: bool) -> tuple[tuple[float, Replicates], ...]:
    if paired:
        return ((1.0, differences(first, second)),)
    return ((1.0, replicates(*second)), (-1.0, replicates(*first)))


def _solve(shares: Array, difference: Array, weights: Array) -> tuple[Array, Array, Array, Array]:
    """Ratios by Huber's loss on weighted residuals, with the Jacobian there, what is left, and the weights then.

    One row in ten or twenty lies far off: where hardly a visit was undisturbed, its place is a guess.
    """
    root = np.sqrt(weights)
    ratios = np.zeros(shares.shape[1])
    for _ in range(MOST_STEPS):
        model, jacobian = _model(shares, ratios)
        if len(difference) > shares.shape[1] + 1:
            root = np.sqrt(weights * huber_weights((difference - model) * np.sqrt(weights), shares.shape[1]))
        step = np.linalg.lstsq(jacobian * root[:, None], (difference - model) * root, rcond=None)[0]
        ratios = ratios + np.clip(step, -FARTHEST, FARTHEST)
        if np.abs(step).max() < CONVERGED:
            break
    model, jacobian = _model(shares, ratios)
    return ratios, jacobian, difference - model, root**2


def _model(shares: Array, ratios: Array) -> tuple[Array, Array]:
    """D of each row and its derivatives with respect to the log ratios."""
    dearer, cheaper = shares * np.exp(ratios / 2), shares * np.exp(-ratios / 2)
    above, below = dearer.sum(axis=1), cheaper.sum(axis=1)
    return np.log(above / below), (dearer / above[:, None] + cheaper / below[:, None]) / 2


__all__ = ["Contrast", "Estimate", "ProcessTable", "contrast", "is_much_more_precise"]
