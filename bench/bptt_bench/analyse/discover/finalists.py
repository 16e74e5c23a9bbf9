"""The laws that a search has kept, fitted to the logarithms of the measured times, with their weights.

A weight is the evidence for a law (``bptt_bench.analyse.discover.marginal_likelihood``) times its prior, times how
well it predicts the largest points when it is fitted to the others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.discover.marginal_likelihood import NoisePrior, log_evidence
from bptt_bench.analyse.discover.search import NOTHING, Law
from bptt_bench.analyse.fitting.fitted import Fit, Points, columns_at
from bptt_bench.analyse.stats.arrays import Array, Flags
from bptt_bench.analyse.stats.estimate import Solution, huber_scale, solve
from bptt_bench.plan import CostLaw

HELD_OUT_SHARE = 0.2  # of the points, the largest ones
FEWEST_HELD_OUT = 2
HELD_OUT_WEIGHT = 0.5  # of the log density of the largest points, which the evidence holds already
OUTLIER = 4.0  # scales off a law, beyond which a point does not speak against it any more
TOLERANCE = 1e-8  # relative, of the fits that are compared
CONSTANT_SEEN = 0.1  # of the weight of a law with a constant beside it, below which it has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where a law that was found changes: above one measured level of a factor, and at the next one at the latest.

    Attributes
    ----------
    low, high : the largest level below the step, which the law names, and the smallest one above it.
    far : the terms that change there, each beside the same with the step at ``high``, which the data support as well.
    """

    factor: str
    low: float
    high: float
    far: tuple[tuple[str, str], ...]

    def holds(self, points: Points) -> Flags:
        """Return which points lie between the levels."""
        levels = columns_at(CostLaw(self.factor), points)[:, 0]
        return np.asarray((levels > self.low) & (levels < self.high))

    def is_in(self, terms: Collection[str]) -> bool:
        """Return whether some terms of a law change here."""
        return any(near in terms for near, _ in self.far)

    def at_far_end(self, fit: Fit) -> Fit:
        """Return a fit with the step at its far end."""
        far = dict(self.far)
        texts = [far.get(text, text) for text in map(str, fit.full_law.terms)]
        return replace(fit, full_law=CostLaw(" + ".join(texts)))


class Finalist(NamedTuple):
    """A law by the texts of its terms, the log of its weight, and whether a constant stands beside it.

    ``lower``: further terms beside it, of lower order. ``law``: its terms and these in the family of the search; empty
    for a law that is not of the family. ``step``: where it changes; ``None`` if it has no step, or was stated.
    """

    terms: tuple[str, ...]
    log_weight: float
    constant: bool
    lower: tuple[str, ...] = ()
    law: Law = ()
    step: Step | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What laws are compared on: log times of points (n,), the error of their locations, and the prior of the noise."""

    log_seconds: Array
    location_error: float
    prior: NoisePrior

    def fit(self, design: Array) -> Solution:
        """Fit a design (n, k)."""
        return solve(design, self.log_seconds, robust=True, tolerance=TOLERANCE)

    def scale(self, residual: Array, k: int) -> float:
        """Return the scale of the residuals of a law with k coefficients, at least the error of the locations."""
        return max(float(huber_scale(residual, k)[0]), self.location_error)

    def outliers(self, design: Array) -> Flags:
        """Return which points (n,) lie far off a law by its design (n, k)."""
        residual = self.fit(design).residual
        return np.asarray(np.abs(residual) > OUTLIER * self.scale(residual, design.shape[1]))

    def log_weight(self, design: Array) -> float:
        """Return the log weight of a law by its design (n, k), without its prior; minus infinity if it has no fit."""
        relative = design * np.exp(-self.log_seconds)[:, None]
        largest = relative.max(axis=0)
        if not (np.isfinite(largest) & (largest > 0)).all() or not design.any(axis=1).all():
            return -np.inf
        try:
            return self._log_weight(design / largest)  # columns may differ by many powers of ten
        except np.linalg.LinAlgError:
            return -np.inf

    def _log_weight(self, design: Array) -> float:
        found = self.fit(design)
        shares = found.jacobian * found.coefficients
        gram = (shares.T @ shares)[None]
        ones = np.where(shares.max(axis=0) > NOTHING, 1.0, 0.0)[None]
        # most samples of a point may be disturbed: it must not decide between laws by itself
        bound = OUTLIER * self.scale(found.residual, design.shape[1])
        squares = np.minimum(found.residual**2, bound**2).sum()
        evidence = log_evidence(np.array([squares]), len(design), gram, ones, self.prior)
        return float(evidence[0]) + HELD_OUT_WEIGHT * self._held_out(design, found)

    def _held_out(self, design: Array, whole: Solution) -> float:
        """Return the log density of the largest points, given the fit to the others; 0 with too few points."""
        n, k = design.shape
        n_held = max(int(HELD_OUT_SHARE * n), FEWEST_HELD_OUT)
        order = np.argsort(self.log_seconds, kind="stable")
        kept, held = order[:-n_held], order[-n_held:]
        if len(kept) < k + 1 or not design[kept].any(axis=0).all():
            return 0.0
        found = solve(design[kept], self.log_seconds[kept], robust=True, tolerance=TOLERANCE, start=whole.coefficients)
        predicted = design[held] @ found.coefficients
        if not (predicted > 0).all():
            return -np.inf
        sigma = max(whole.scatter, float(self.prior.deviations[0]))
        jacobian = design[held] / predicted[:, None]
        left = self.log_seconds[held] - np.log(predicted)
        left = np.clip(left, -OUTLIER * sigma, OUTLIER * sigma)
        # the covariance is σ²(I + J C Jᵀ), with J of k columns (Woodbury's identity)
        known = found.jacobian.T @ found.jacobian
        both = known + jacobian.T @ jacobian
        pull = jacobian.T @ left
        squares = float(left @ left) - float(pull @ np.linalg.pinv(both, hermitian=True) @ pull)
        with np.errstate(invalid="ignore"):  # of two singular matrices
            log_det = float(np.linalg.slogdet(both)[1] - np.linalg.slogdet(known)[1])
        if not np.isfinite(log_det):
            return 0.0
        return -0.5 * squares / sigma**2 - 0.5 * log_det - n_held * float(np.log(sigma))


def averaged_over_constant(design: Array, measured: Measured) -> tuple[float, bool]:
    """Return the log weight of a law averaged over whether a constant stands beside it, and whether one does."""
    without = measured.log_weight(design)
    beside = measured.log_weight(with_constant(design))
    both = float(np.logaddexp(without, beside))
    return both, bool(np.isfinite(beside)) and beside - both > np.log(CONSTANT_SEEN)


def with_constant(design: Array) -> Array:
    """Return a design (n, k) with a constant as its first column."""
    return np.column_stack([np.ones(len(design)), design])


def normalise(log_weights: Sequence[float]) -> Array:
    """Return weights that add up to 1."""
    logs = np.asarray(log_weights, dtype=np.float64)
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())
