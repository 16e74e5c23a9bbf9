"""Locations of points from all samples of a run at once, by a contaminated mixture about the law.

Five samples cannot show which of them were disturbed when the noise is 10 % or 20 %: locations point by point absorb
part of the tail, whatever its model. The law can. About it all samples of a run have one distribution, a normal core
and a second, slower and wider normal population of disturbed samples,

    log t - log(Xc) ~ (1 - π) N(m, s²) + π N(m + δ, s² + v²),

whose level m, noise s, share π, delay δ and spread v are fitted by Newton's method with analytic derivatives. A point's
location is then one step of the likelihood from the law, μ + mean score / mean information, so that least squares on
locations maximises the likelihood, and a misfit of the law remains in its residuals. The uncertainty of the tail makes
the common level uncertain: ``Location.level`` carries that to the intervals.

This holds while points scatter about the law less than samples do about their point; otherwise each point is located by
its own samples (``bptt_bench.analyse.stats.location``).

Evidence: level of 3125 samples of 20 % noise, a tenth of them times 1.5 to 3, about a known law, 20 simulations: bias
0.2 % with this tail, -3.5 % with an exponential one, and 8 % for locations point by point.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from bptt_bench.analyse.fitting.diagnose import analysis_of_variance
from bptt_bench.analyse.stats.arrays import Array, Index
from bptt_bench.analyse.stats.estimate import Solution, solve
from bptt_bench.analyse.stats.location import Location
from bptt_bench.analyse.stats.mixture import FAST_OUTLIER

LARGEST_EFFECTS = 1.0  # of points about the law, over the noise of samples
LARGEST_TAIL_SHARE = 0.3  # on a busier machine the tail has no such simple shape
SMALLEST_NOISE = 1e-6  # relative; below it locations are exact
# Prior of disturbances: a tenth of the samples, about twice as slow, from 1.4 to 3 times. It is weak, a few dozen
# samples outweigh it: two thirds of shares lie from 2 to 33 %, of delays and spreads within a factor 2.
PRIOR_CENTRE = np.array([0.0, 0.0, -2.2, np.log(0.7), np.log(0.35)])
PRIOR_PRECISION = np.array([0.0, 0.0, 1 / 1.5**2, 1 / 0.7**2, 1 / 0.7**2])
MOST_ROUNDS, MOST_NEWTON_STEPS, MOST_HALVINGS = 12, 25, 12
CONVERGED = 1e-3  # of the noise, for the locations
NEAR, CLOSE = 1e-6, 1e-12  # relative, for the coefficients, on the way and at the end
GRADIENT_CONVERGED = 1e-8  # of the expected gain in log likelihood
LONGEST_STEP = 1.0  # in logarithms of noise, delay and spread, because Newton steps from afar are unreliable


class Likelihood(NamedTuple):
    """Log likelihood of samples, its gradient for each (n_samples, 5), and the Hessian of the sum (5, 5)."""

    value: float
    scores: Array
    hessian: Array
    core: Array  # probability that a sample is undisturbed (n_samples,)


def likelihood(residual: Array, theta: Array) -> Likelihood:
    """Return the log likelihood of residuals (n_samples,) with derivatives in θ = (m, log s, logit π, log δ, log v)."""
    m, s2, share, delay, v2 = theta[0], np.exp(2 * theta[1]), expit(theta[2]), np.exp(theta[3]), np.exp(2 * theta[4])
    x0, x1, t2 = residual - m, residual - m - delay, s2 + v2
    log_core = np.log1p(-share) - x0**2 / (2 * s2) - np.log(s2) / 2
    log_tail = np.log(share) - x1**2 / (2 * t2) - np.log(t2) / 2
    core = expit(log_core - log_tail)
    tail = 1 - core
    zero = np.zeros_like(residual)
    slope = x1**2 / (2 * t2**2) - 1 / (2 * t2)  # of the tail's log density in its variance
    own = np.stack([x0 / s2, x0**2 / s2 - 1, zero - share, zero, zero], axis=1)
    other = np.stack([x1 / t2, slope * 2 * s2, zero + 1 - share, delay * x1 / t2, slope * 2 * v2], axis=1)
    difference = own - other
    hessian = (difference * (core * tail)[:, None]).T @ difference
    hessian += _core_curvature(core, x0, s2) + _tail_curvature(tail, x1, t2, s2, v2, delay, slope)
    hessian[2, 2] -= share * (1 - share) * len(residual)
    value = float(np.logaddexp(log_core, log_tail).sum() - len(residual) * np.log(2 * np.pi) / 2)
    return Likelihood(value, other + difference * core[:, None], hessian, core)


def _core_curvature(core: Array, x: Array, s2: float) -> Array:
    """Return the second derivatives of the core's log density, weighted and summed."""
    result = np.zeros((5, 5))
    result[0, 0] = -core.sum() / s2
    result[0, 1] = result[1, 0] = -2 * float(core @ x) / s2
    result[1, 1] = -2 * float(core @ x**2) / s2
    return result


def _tail_curvature(tail: Array, x: Array, t2: float, s2: float, v2: float, delay: float, slope: Array) -> Array:
    """Return those of the tail, by the chain rule through its mean m + δ and its variance t² = s² + v²."""
    mean_mean = -float(tail.sum()) / t2
    mean_variance = -float(tail @ x) / t2**2
    variance_variance = float(tail @ (1 / (2 * t2**2) - x**2 / t2**3))
    mean = np.array([1.0, 0.0, 0.0, delay, 0.0])
    variance = np.array([0.0, 2 * s2, 0.0, 0.0, 2 * v2])
    result = mean_mean * np.outer(mean, mean) + variance_variance * np.outer(variance, variance)
    result += mean_variance * (np.outer(mean, variance) + np.outer(variance, mean))
    gradient_mean, gradient_variance = float(tail @ x) / t2, float(tail @ slope)
    result[3, 3] += gradient_mean * delay
    result[1, 1] += gradient_variance * 4 * s2
    result[4, 4] += gradient_variance * 4 * v2
    return result


def fit_mixture(residual: Array, theta: Array) -> Array:
    """Return the θ (5,) of largest likelihood with the prior of the tail, by guarded Newton steps."""

    def penalty(at: Array) -> float:
        return float((PRIOR_PRECISION * (at - PRIOR_CENTRE) ** 2).sum()) / 2

    now = likelihood(residual, theta)
    for _ in range(MOST_NEWTON_STEPS):
        gradient = now.scores.sum(axis=0) - PRIOR_PRECISION * (theta - PRIOR_CENTRE)
        step = _newton_step(-now.hessian + np.diag(PRIOR_PRECISION), now.scores, gradient)
        expected = float(gradient @ step)
        if expected < GRADIENT_CONVERGED:
            break
        step *= min(1.0, LONGEST_STEP / float(np.abs(step[1:]).max()))
        before = now.value - penalty(theta)
        for _ in range(MOST_HALVINGS):
            after = likelihood(residual, theta + step)
            if after.value - penalty(theta + step) > before:
                break
            step /= 2
        else:
            break
        theta, now = theta + step, after
    return theta


def _newton_step(information: Array, scores: Array, gradient: Array) -> Array:
    """Return Newton's step, or where the likelihood is not concave that of the scores' outer products, an ascent."""
    try:
        np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        information = scores.T @ scores + np.diag(PRIOR_PRECISION + 1e-6 * np.diag(scores.T @ scores))
    return np.asarray(np.linalg.solve(information, gradient))


def is_law_sharper(located: Location, solution: Solution, point: Index) -> bool:
    """Return whether the law shows disturbed samples more precisely than the samples of a point do."""
    if located.relative_noise is None or located.relative_noise <= SMALLEST_NOISE:
        return False
    if located.contaminated_share > LARGEST_TAIL_SHARE:
        return False
    noise, repetitions = located.relative_noise, len(point) / len(located.log_seconds)
    # two estimates of point effects: from locations, which a tail may blur, and from clipped samples
    located_effects = solution.scatter**2 - float(np.mean(located.standard_error**2))
    tested = (analysis_of_variance(solution, located, point).ratio - 1) / repetitions * noise**2
    return bool(max(located_effects, tested) < (LARGEST_EFFECTS * noise) ** 2)


def relocate(located: Location, solution: Solution, design: Array, point: Index) -> tuple[Location, Solution]:
    """Return locations about the law of a design (n_points, k), and the law fitted to them."""
    y = located.log_seconds[point] + located.residual
    counts = np.bincount(point)
    mu = located.log_seconds - solution.residual
    noise = located.relative_noise or SMALLEST_NOISE
    theta = PRIOR_CENTRE + np.array([0.0, np.log(noise), 0.0, 0.0, 0.0])
    log_seconds = located.log_seconds
    for _ in range(MOST_ROUNDS):
        residual = np.maximum(y - mu[point], theta[0] - FAST_OUTLIER * np.exp(theta[1]))  # Huber's bound on fast ones
        theta = fit_mixture(residual, theta)
        found = likelihood(residual, theta)
        information = -found.hessian[0, 0] / len(y)
        moved = mu + theta[0] + np.bincount(point, found.scores[:, 0]) / (counts * information)
        converged = np.abs(moved - log_seconds).max() < CONVERGED * noise
        log_seconds = moved
        solution = solve(design, log_seconds, start=solution.coefficients, tolerance=CLOSE if converged else NEAR)
        mu, theta = log_seconds - solution.residual, theta * np.array([0.0, 1, 1, 1, 1])
        if converged:
            break
    return _location(located, y, point, log_seconds, found, theta, information), solution


def _location(
    located: Location, y: Array, point: Index, log_seconds: Array, found: Likelihood, theta: Array, information: float
) -> Location:
    counts = np.bincount(point)
    full = -found.hessian + np.diag(PRIOR_PRECISION)
    efficient = np.linalg.solve(full, found.scores.T)[0]  # influence of each sample on the level, with an unknown tail
    plain = found.scores[:, 0] / (information * len(y))  # the same with a known tail
    error = np.sqrt(float((found.scores[:, 0] ** 2).mean())) / information
    return located._replace(
        log_seconds=log_seconds,
        noise=np.full(len(counts), float(np.exp(theta[1]))),
        core=found.core,
        effective=np.maximum(np.bincount(point, found.core), 1.0),
        residual=y - log_seconds[point],
        relative_noise=float(np.exp(theta[1])),
        contaminated_share=float(1 - found.core.mean()),
        standard_error=error / np.sqrt(counts),
        level=np.asarray(-np.bincount(point, efficient - plain), dtype=np.float64),
    )
