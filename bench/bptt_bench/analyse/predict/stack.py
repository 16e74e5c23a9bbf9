"""A mixture of ways to predict, weighted and widened by how they did in backtests.

*Weights* are those of stacking: they maximise the product over held-out points of the density of the mixture. A few
imagined points in favour of each way keep three real ones from deciding. Which ways they favour depends on the tests of
the law. Where nothing speaks against it, it has to be shown that another way is better, and a product of powers has
the fewer the less evidence the data are for it. Where it is rejected, the law alone, the law with thresholds and a
product of powers share these points by what evidence the data are for each. Points to which what neighbours share is
carried from far have weights of their own, from held-out points alike, or from all of them where none is alike.

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
from bptt_bench.analyse.predict.backtests import Cut, Reach, Trial, attempt, cuts, is_far
from bptt_bench.analyse.predict.candidates import DRIFT, LAW, NEIGHBOURS, POWERS, THRESHOLDS, Ways, candidates
from bptt_bench.analyse.predict.coordinates import Table
from bptt_bench.analyse.predict.law_tests import LawTests
from bptt_bench.analyse.predict.refit import refit_observed
from bptt_bench.analyse.stats.arrays import Array, Flags
from bptt_bench.analyse.stats.estimate import RESOLUTION, Interval, t_quantile

# Points in favour of each way, before any is held out: of a law that the data do not reject, and of one that they do.
IMAGINED = {LAW: 0.5, NEIGHBOURS: 3.0, DRIFT: 0.3, THRESHOLDS: 0.1, POWERS: 0.02}
IMAGINED_FAR = IMAGINED | {LAW: 1.5, NEIGHBOURS: 1.5}  # where residuals are carried from far neither is preferred
IMAGINED_OF_REJECTED = {NEIGHBOURS: 0.5, DRIFT: 0.5}
IMAGINED_OF_LAWS = 0.85  # of a law that is rejected and of laws in its place: divided by the evidence for each
EVEN = 0.2  # share that is divided evenly: where no backtest says otherwise an interval holds what each law says
CLEAR = 0.05  # p-value of the tests of a law, above which nothing speaks against it
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
    known : the ways that the fit allows, thresholds among them; by default they are made.

    Attributes
    ----------
    tests : of the law.
    ways : by name.
    weights : of each, with the sum 1.
    far_weights : the same at points to which residuals are carried from far.
    calibration : of the standard errors.
    cuts : of the backtests, that of the largest quarter first.
    kept_ways : those of the points that each cut keeps.
    is_exact : whether the law meets all points, so that there is nothing to learn from backtests.
    """

    def __init__(self, fit: Fit, known: Ways | None = None) -> None:
        observed = refit_observed(fit)
        self.fit, self.tests = fit, LawTests(observed)
        is_rejected = bool(self.tests.misfits)
        ways = candidates(fit, is_rejected=is_rejected) if known is None else known
        self.ways = ways if is_rejected else ways.without(THRESHOLDS)
        self.names = tuple(self.ways)
        self.is_exact = bool(np.abs(observed.points["log_residual"].to_numpy()).max(initial=0.0) <= 10 * RESOLUTION)
        self.cuts: tuple[Cut, ...] = () if self.is_exact else tuple(cuts(observed))
        self.kept_ways = [candidates(cut.kept, self.ways, is_rejected=is_rejected) for cut in self.cuts]
        self.trials = [attempt(*each, self.names) for each in zip(self.cuts, self.kept_ways, strict=True)]
        self._reach = Reach(fit)
        self.weights = _stacked(self.trials, self._imagined(IMAGINED))
        far_weights = _stacked(self.trials, self._imagined(IMAGINED_FAR), far_alone=True)
        self.far_weights = self._clear * far_weights + (1 - self._clear) * self.weights
        self.calibration = _calibrated(self.trials, [self._weights_at(one.is_far) for one in self.trials], fit.freedom)

    @property
    def _clear(self) -> float:
        """1 where nothing speaks against the law, and 0 where it is rejected."""
        return min(self.tests.p_value / CLEAR, 1.0)

    def _imagined(self, usual: Mapping[str, float]) -> Array:
        """Return the imagined points in favour of each way, which shift as the tests of the law become clearer."""
        evidence = self.ways.akaike_weights
        each = {name: (1 - EVEN) * weight + EVEN / len(evidence) for name, weight in evidence.items()}
        doubted = {name: IMAGINED_OF_LAWS * share for name, share in each.items()} | IMAGINED_OF_REJECTED
        clear = dict(usual) | {POWERS: usual[POWERS] * evidence.get(POWERS, 0.0) / max(evidence.values(), default=1.0)}
        return np.array([self._clear * clear[name] + (1 - self._clear) * doubted[name] for name in self.names])

    def predict(self, points: Table) -> list[Interval]:
        """Return prediction intervals for one sample at points above 0 where the law is."""
        spreads = [way.spread(points) for way in self.ways.values()]
        centre = np.array([one.centre for one in spreads])
        scale = np.array([one.scale for one in spreads])
        widened = self.calibration.scale(scale, self._reach.distance(points))
        ends = np.exp(self._ends(centre, widened, is_far(self.ways, points)))
        return [Interval(*map(float, row)) for row in ends.T]

    def replay(self, trial: Trial) -> Array:
        """Return the logarithms of predictions and ends (3, m) at held-out points, which have taught the weights."""
        return self._ends(trial.centre, self.calibration.scale(trial.scale, trial.distance), trial.is_far)

    def centres(self, points: Table) -> dict[str, Array]:
        """Return the logarithm of what each way predicts at points."""
        return {name: way.spread(points).centre for name, way in self.ways.items()}

    def distance(self, points: Table) -> Array:
        """Return how far points lie beyond the data, in nats (m,)."""
        return self._reach.distance(points)

    def _weights_at(self, far: Flags) -> Array:
        """Return the weight of each way at points (n_ways, m), to which residuals are carried from far or not (m,)."""
        return np.where(far, self.far_weights[:, None], self.weights[:, None])

    def _ends(self, centre: Array, scale: Array, far: Flags) -> Array:
        tail = (1 - self.fit.confidence) / 2
        half = t_quantile(self.fit.confidence, self.fit.freedom)
        weights = self._weights_at(far)
        with np.errstate(all="ignore"):  # an interval may have no end
            low, high = (
                mixture_quantile(probability, centre, scale, weights, self.fit.freedom, reach)
                for probability, reach in ((tail, -half), (1 - tail, half))
            )
        return np.array([np.clip(weighted_median(centre, weights), low, high), low, high])


def weighted_median(centre: Array, weights: Array) -> Array:
    """Return the median (m,) of logarithms (n, m) with weights (n, m)."""
    order = np.argsort(centre, axis=0)
    passed = np.cumsum(np.take_along_axis(weights, order, axis=0), axis=0) >= 0.5 * weights.sum(axis=0)
    return np.asarray(np.take_along_axis(centre, order, axis=0)[np.argmax(passed, axis=0), np.arange(centre.shape[1])])


def mixture_quantile(
    probability: float, centre: Array, scale: Array, weights: Array, freedom: float, reach: float
) -> Array:
    """Return a quantile (m,) of mixtures of t distributions (n, m) with weights (n, m).

    Parameters
    ----------
    reach : of one of them, in standard errors.
    """
    ends = centre + reach * scale
    low, high = ends.min(axis=0), ends.max(axis=0)
    if len(weights) == 1:
        return np.asarray(ends[0])
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        below = (weights * stdtr(freedom, (middle - centre) / scale)).sum(axis=0) < probability
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def _counts(trials: Sequence[Trial]) -> Array:
    """Return how much each held-out point counts: those of all backtests together less than those of one."""
    usual = sum(len(one.measured) for one in trials) / len(trials)
    share = usual / (usual + FULL_COUNT) / len(trials)
    return np.concatenate([np.full(len(one.measured), share) for one in trials])


def _stacked(trials: Sequence[Trial], imagined: Array, *, far_alone: bool = False) -> Array:
    """Return the weights that maximise the density of held-out points, by expectation and maximisation.

    Parameters
    ----------
    far_alone : whether only the points count to which residuals are carried from far, if there are any.
    """
    weights = imagined / imagined.sum()
    if not trials or len(weights) == 1:
        return np.asarray(weights)
    counts = _counts(trials)
    far = np.concatenate([one.is_far for one in trials])
    if far_alone and far.any():
        counts *= far
    density = np.concatenate([_log_density(one.measured - one.centre, one.scale, TAILS) for one in trials], axis=1)
    density = np.exp(density - density.max(axis=0))
    for _ in range(MOST_ROUNDS):
        share = weights[:, None] * density
        share /= share.sum(axis=0)
        weights = share @ counts + imagined
        weights /= weights.sum()
    return np.asarray(weights)


def _calibrated(trials: Sequence[Trial], weights: Sequence[Array], freedom: float) -> Calibration:
    """Return the widening of least penalised loss, with the weights of the ways at each held-out point (n_ways, m)."""
    if not trials:
        return Calibration(1.0, 0.0)
    counts = _counts(trials)
    centres = [(each * one.centre).sum(axis=0) for each, one in zip(weights, trials, strict=True)]
    error = np.concatenate([one.measured for one in trials]) - np.concatenate(centres)
    apart = [
        (each * (one.scale**2 + (one.centre - centre) ** 2)).sum(axis=0)
        for each, one, centre in zip(weights, trials, centres, strict=True)
    ]
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
