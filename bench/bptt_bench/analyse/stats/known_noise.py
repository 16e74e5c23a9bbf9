"""Fits of points whose errors are stated, or some of which are lower bounds.

A point that was *censored*, as a run that was stopped at its time limit, says that its value is at least so large. Its
likelihood is the probability of exceeding that value,

    Φ((log f - y) / σ).

The estimate is that of maximum likelihood, by expectation and maximisation: a bound y stands for log f + σ h(z), with
z = (y - log f) / σ and the hazard h(z) = φ(z) / Φ(-z) of the normal law. Its information is h (h - z) times that of a
point that was observed.

Where the error s of each point is stated, points are weighted by 1 / (s² + τ²). τ is what the law lacks beyond stated
errors; it is estimated so that the weighted squares have their expectation.

Source: Tobin (1958), "Estimation of relationships for limited dependent variables"; Aitkin (1981), "A note on the
regression analysis of censored data", for the steps; Paule & Mandel (1982), "Consensus values and weighting factors",
for τ.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import log_ndtr

from bptt_bench.analyse.stats.arrays import Array, Flags
from bptt_bench.analyse.stats.estimate import RESOLUTION, Solution, aicc_of, huber_scale, solve

MOST_ROUNDS = 500
CONVERGED = 1e-7  # relative change of the fitted values and of the scatter in a round
LEAST_INFORMATION = 1e-9  # of a bound far below what is expected, over that of an observed point
BISECTIONS = 60
WIDEST = 10.0  # τ, of a logarithm


class PointNoise(NamedTuple):
    """What is known of points (n,): which are lower bounds, and variances of their logarithms, if stated."""

    censored: Flags
    variance: Array | None = None


class KnownFit(NamedTuple):
    """A fit to points with known noise.

    Attributes
    ----------
    plain : the solution, with residuals of the logarithms; that of a bound is its one-step residual, σ h / (h (h - z)).
    standard : the same with all rows divided by the errors of their points, up to a common factor.
    own : τ, or σ where no errors are stated.
    stated : mean of the stated variances; 0 where none are.
    unit : standard deviation of a row of ``standard`` by the stated errors and τ; 0 where none are stated.
    error : standard error of the logarithm of each point (n,), of a bound by its information.
    freedom : information of all points, in observed ones, less terms above 0.
    aicc : of the likelihood.
    """

    plain: Solution
    standard: Solution
    own: float
    stated: float
    unit: float
    error: Array
    freedom: int
    aicc: float


def solve_known(design: Array, y: Array, noise: PointNoise, *, robust: bool = False) -> KnownFit:
    """Fit non-negative coefficients of a design (n, k) to logarithms (n,) with known noise."""
    bound, observed = noise.censored, ~noise.censored
    stated = np.zeros(len(y)) if noise.variance is None else noise.variance
    begin = solve(design[observed], y[observed], robust=robust)
    coefficients, huber = _positive_everywhere(design, begin.coefficients), begin.weights
    own, work, scale = float("nan"), y.copy(), None
    for _ in range(MOST_ROUNDS):
        before, fitted = own, np.log(design @ coefficients)
        own = _own_variance(y - fitted, np.sqrt(stated + own), noise, huber, int((coefficients > 0).sum()))
        error = np.sqrt(stated + own)
        work[bound] = (fitted + error * _hazard((y - fitted) / error))[bound]
        precision = error**-2 / np.mean(error[observed] ** -2)
        if robust:  # bounds say nothing of the scale
            left = ((y - fitted) * np.sqrt(precision))[observed]
            scale = float(huber_scale(left, int((coefficients > 0).sum()))[0])
        found = solve(design, work, robust=robust, scale=scale, precision=precision, start=coefficients)
        coefficients, huber = found.coefficients, (found.weights / precision)[observed]
        moved = float(np.abs(np.log(design @ coefficients) - fitted).max())
        if moved < CONVERGED and abs(own - before) <= CONVERGED * own:
            break
    return _finished(design, y, noise, found, own)


def _finished(design: Array, y: Array, noise: PointNoise, found: Solution, own: float) -> KnownFit:
    """Return a fit with its solutions, in which a bound counts with its information."""
    bound, observed = noise.censored, ~noise.censored
    stated = np.zeros(len(y)) if noise.variance is None else noise.variance
    error, residual = np.sqrt(stated + own), y - np.log(design @ found.coefficients)
    z = residual / error
    hazard = _hazard(z)
    information = np.where(bound, np.clip(hazard * (hazard - z), LEAST_INFORMATION, 1.0), 1.0)
    residual = np.where(bound, error * hazard / information, residual)
    precision = information / error**2
    typical = float(precision[observed].mean())
    precision /= typical
    root, huber = np.sqrt(precision), found.weights / found.precision_of_points
    likelihood = -2 * float(log_ndtr(-z[bound]).sum()) + float((np.log(error**2) + z**2)[observed].sum())
    return KnownFit(
        plain=found._replace(residual=residual, weights=huber * precision, precision=precision),
        standard=Solution(found.coefficients, found.active, residual * root, found.jacobian * root[:, None], huber),
        own=float(np.sqrt(own)),
        stated=float(stated[observed].mean()),
        unit=0.0 if noise.variance is None else typical**-0.5,
        error=np.where(bound, error / np.sqrt(information), np.sqrt(stated)),
        freedom=max(int(information.sum()) - int(found.active.sum()), 1),
        aicc=aicc_of(likelihood, len(y), int(found.active.sum())),
    )


def log_likelihood_of_bounds(bounds: Array, fitted: Array, error: float) -> float:
    """Return the logarithm of the probability that values of which only lower bounds are known exceed these (m,)."""
    return float(log_ndtr((np.log(fitted) - np.log(bounds)) / max(error, RESOLUTION)).sum())


def _own_variance(residual: Array, error: Array, noise: PointNoise, huber: Array, n_terms: int) -> float:
    """Return the variance of points about the law, beyond what is stated; ``huber``: weights of those observed."""
    observed = ~noise.censored
    freedom = max(int(observed.sum()) - n_terms, 1)
    squares = huber * residual[observed] ** 2
    if noise.variance is None:
        if not np.isfinite(error).all():
            return max(float(squares.sum()) / freedom, RESOLUTION**2)
        z = residual[noise.censored] / error[noise.censored]
        expected = error[noise.censored] ** 2 * np.maximum(1 + z * _hazard(z), 0.0)
        return max(float(squares.sum() + expected.sum()) / (freedom + int(noise.censored.sum())), RESOLUTION**2)
    variance = noise.variance[observed]
    low, high = 0.0, WIDEST**2
    if float((squares / variance).sum()) <= freedom:
        return 0.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if float((squares / (variance + middle)).sum()) > freedom else (low, middle)
    return (low + high) / 2


def _hazard(z: Array) -> Array:
    """Return φ(z) / Φ(-z), the mean of a standard normal variable beyond z."""
    return np.asarray(np.exp(-(z**2) / 2 - np.log(2 * np.pi) / 2 - log_ndtr(-z)))


def _positive_everywhere(design: Array, coefficients: Array) -> Array:
    """Return coefficients with which a law is above 0 at bounds too, where it may consist of other terms."""
    zero = ~(design @ coefficients > 0)
    if not zero.any():
        return coefficients
    least = float((design @ coefficients)[~zero].min())
    needed = design[zero].any(axis=0)
    share = least / np.maximum(design.max(axis=0), 1e-300)
    return np.where(needed & (coefficients == 0), share, coefficients)
