"""A mixture of ways to predict, weighted and widened by how they did in backtests.

*Weights* are those of stacking: they maximise the product over held-out points of the density of the mixture. A few
imagined points in favour of each way keep three real ones from deciding; which ways they favour depends on whether the
residuals reject the law.

The estimate is the weighted median of what the ways say: that of a way with more than half of the weight is not moved
by the others, which take part in the interval.

*Intervals* hold what backtests missed: standard errors are multiplied by τ ≥ 1, and grow by γ for each nat that a point
lies beyond the data. τ and γ maximise a penalised likelihood of the errors at held-out points. Errors of one backtest
have the coefficients in common, so that for the widths they count as half as many.

Source: Yao, Vehtari, Simpson & Gelman (2018), "Using stacking to average Bayesian predictive distributions".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, stdtr

from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.predict.backtests import Cut, Reach, Trial, attempt, cuts
from bptt_bench.analyse.predict.candidates import DRIFT, LAW, NEIGHBOURS, POWERS, THRESHOLDS, Candidate, candidates
from bptt_bench.analyse.predict.coordinates import Table
from bptt_bench.analyse.predict.structure import LawTests
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import RESOLUTION, Interval, t_quantile

# Points in favour of each way, before any is held out: where the data do not reject the law it has to be shown that
# another way is better, and where they do that it is still good.
IMAGINED = {LAW: 0.5, NEIGHBOURS: 3.0, DRIFT: 0.3, THRESHOLDS: 0.1, POWERS: 0.02}
IMAGINED_OF_REJECTED = {LAW: 0.25, NEIGHBOURS: 0.5, DRIFT: 0.5, THRESHOLDS: 0.5, POWERS: 0.1}
FULL_COUNT = 8.0  # held-out points of which a half count: few may all agree by chance
TAILS = 4.0  # degrees of freedom of the densities that are compared: one outlier must not decide
INDEPENDENT = 0.75  # share of these counts for the widths
FACTORS = np.geomspace(1.0, 8.0, 13)  # τ
DRIFTS = np.array([0.0, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0])  # γ, powers
PRIOR_FACTOR, PRIOR_DRIFT = 0.35, 0.08  # standard deviation of log τ, and mean of γ
MOST_ROUNDS = 200
BISECTIONS = 60


class Calibration(NamedTuple):
    """By how much standard errors are multiplied, and how much they grow for each nat beyond the data."""

    factor: float
    drift: float

    def scale(self, scale: Array, distance: Array) -> Array:
        """Return widened standard errors."""
        return np.sqrt((self.factor * scale) ** 2 + (self.drift * distance) ** 2)


class Stack:
    """Predictions of a fit by all ways that it allows, weighted and widened by its backtests.

    Parameters
    ----------
    near : the ways of a similar fit, from which searches start.

    Attributes
    ----------
    tests : of the law. names : of the ways. weights : of each, with the sum 1. calibration : of the standard errors.
    cuts : of the backtests, that of the largest quarter first. is_exact : whether the law meets all points, so that
        there is nothing to learn from backtests.
    """

    def __init__(self, fit: Fit, near: Mapping[str, Candidate] | None = None) -> None:
        self.fit, self.tests = fit, LawTests(fit)
        self.ways = candidates(fit, near, is_rejected=bool(self.tests.misfits))
        self.names = tuple(self.ways)
        self.is_exact = bool(np.abs(fit.points["log_residual"].to_numpy()).max(initial=0.0) <= 10 * RESOLUTION)
        self.cuts: tuple[Cut, ...] = () if self.is_exact else tuple(cuts(fit))
        self.trials = [attempt(cut, self.names, self.ways) for cut in self.cuts]
        self._reach = Reach(fit)
        imagined = IMAGINED_OF_REJECTED if self.tests.misfits else IMAGINED
        self.weights = _stacked(self.trials, np.array([imagined[name] for name in self.names]))
        self.calibration = _calibrated(self.trials, self.weights, fit.freedom)

    def predict(self, points: Table) -> list[Interval]:
        """Return prediction intervals for one sample at points above 0 where the law is."""
        spreads = [way.spread(points) for way in self.ways.values()]
        centre = np.array([one.centre for one in spreads])
        scale = np.array([one.scale for one in spreads])
        ends = np.exp(self._ends(centre, self.calibration.scale(scale, self._reach.distance(points))))
        return [Interval(*map(float, row)) for row in ends.T]

    def replay(self, trial: Trial) -> Array:
        """Return the logarithms of predictions and ends (3, m) at held-out points, which have taught the weights."""
        return self._ends(trial.centre, self.calibration.scale(trial.scale, trial.distance))

    def centres(self, points: Table) -> dict[str, Array]:
        """Return the logarithm of what each way predicts at points."""
        return {name: way.spread(points).centre for name, way in self.ways.items()}

    def distance(self, points: Table) -> Array:
        """Return how far points lie beyond the data, in nats (m,)."""
        return self._reach.distance(points)

    def _ends(self, centre: Array, scale: Array) -> Array:
        tail = (1 - self.fit.confidence) / 2
        half = t_quantile(self.fit.confidence, self.fit.freedom)
        low, high = (
            mixture_quantile(probability, centre, scale, self.weights, self.fit.freedom, reach)
            for probability, reach in ((tail, -half), (1 - tail, half))
        )
        return np.array([np.clip(weighted_median(centre, self.weights), low, high), low, high])


def weighted_median(centre: Array, weights: Array) -> Array:
    """Return the weighted median (m,) of logarithms (n, m): that of a way with more than half of the weight."""
    order = np.argsort(centre, axis=0)
    passed = np.cumsum(weights[order], axis=0) >= 0.5 * weights.sum()
    return np.asarray(np.take_along_axis(centre, order, axis=0)[np.argmax(passed, axis=0), np.arange(centre.shape[1])])


def mixture_quantile(
    probability: float, centre: Array, scale: Array, weights: Array, freedom: float, reach: float
) -> Array:
    """Return a quantile (m,) of mixtures of t distributions (n, m); ``reach``: that of one, in standard errors."""
    ends = centre + reach * scale
    low, high = ends.min(axis=0), ends.max(axis=0)
    if len(weights) == 1:
        return np.asarray(ends[0])
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        below = weights @ stdtr(freedom, (middle - centre) / scale) < probability
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def _counts(trials: Sequence[Trial]) -> Array:
    """Return how much each held-out point counts: those of all backtests together less than those of one."""
    usual = sum(len(one.measured) for one in trials) / len(trials)
    share = usual / (usual + FULL_COUNT) / len(trials)
    return np.concatenate([np.full(len(one.measured), share) for one in trials])


def _stacked(trials: Sequence[Trial], imagined: Array) -> Array:
    """Return the weights that maximise the density of held-out points, by expectation and maximisation."""
    weights = imagined / imagined.sum()
    if not trials or len(weights) == 1:
        return np.asarray(weights)
    counts = _counts(trials)
    density = np.concatenate([_log_density(one.measured - one.centre, one.scale, TAILS) for one in trials], axis=1)
    density = np.exp(density - density.max(axis=0))
    for _ in range(MOST_ROUNDS):
        share = weights[:, None] * density
        share /= share.sum(axis=0)
        weights = share @ counts + imagined
        weights /= weights.sum()
    return np.asarray(weights)


def _calibrated(trials: Sequence[Trial], weights: Array, freedom: float) -> Calibration:
    """Return the widening of least penalised loss."""
    if not trials:
        return Calibration(1.0, 0.0)
    counts = _counts(trials)
    centre = np.concatenate([weights @ one.centre for one in trials])
    error = np.concatenate([one.measured for one in trials]) - centre
    apart = [weights @ (one.scale**2 + (one.centre - weights @ one.centre) ** 2) for one in trials]
    scale = np.sqrt(np.concatenate(apart))
    distance = np.concatenate([one.distance for one in trials])
    factor, drift = (grid.ravel() for grid in np.meshgrid(FACTORS, DRIFTS, indexing="ij"))
    widened = np.sqrt((factor[:, None] * scale) ** 2 + (drift[:, None] * distance) ** 2)
    gain = _log_density(error, widened, max(freedom, TAILS)) @ counts * INDEPENDENT
    penalty = (np.log(factor) / PRIOR_FACTOR) ** 2 / 2 + drift / PRIOR_DRIFT
    best = int(np.argmax(gain - penalty))
    return Calibration(float(factor[best]), float(drift[best]))


def _log_density(error: Array, scale: Array, freedom: float) -> Array:
    """Return the log density of errors under Student's t."""
    constant = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - np.log(freedom * np.pi) / 2
    return np.asarray(constant - np.log(scale) - (freedom + 1) / 2 * np.log1p((error / scale) ** 2 / freedom))
