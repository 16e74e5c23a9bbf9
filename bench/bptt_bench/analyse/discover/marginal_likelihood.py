"""The evidence for a law: how likely the measured points are under it, whatever its coefficients and the noise.

The residuals of n points about a law with k coefficients are normal. Their standard deviation is either about that of
the measured locations, or larger, when points have effects of their own; both are averaged. The logarithms of the
coefficients have wide priors, so that the evidence (Laplace's approximation) falls with each term unless the data need
it: log p = log ∫ N(r; σ) (√(2π) σ)^k |SᵀS|^(-1/2) R^(-k) p(σ) dσ, with the shares S (n, k) of the terms in the time.
Source: MacKay (1992), "Bayesian interpolation", section 3; Kass & Raftery (1995), "Bayes factors".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.stats.arrays import Array

COEFFICIENT_RANGE = 10.0  # nats; the prior of the logarithm of a coefficient
LARGEST_EFFECTS = 60.0  # times the error of locations
UNKNOWN_NOISE = 0.001, 1.0  # relative standard deviations, where nothing shows the noise
EXACT = 1e-5  # the smallest of what is counted, which has no noise but the rounding of numbers
STEPS = 0.02  # the same of instructions, which grow in steps: a table that doubles, another algorithm for small parts
NO_EFFECTS = 0.6  # prior probability that points have no effects of their own
NOISE_UNCERTAINTY = 0.2  # of the error of locations, in nats
N_GRID = 24
RIDGE = 1e-12  # of the shares


class NoisePrior(NamedTuple):
    """Standard deviations of points about their law (g,), and the logarithms of their prior probabilities."""

    deviations: Array
    log_weights: Array


def noise_prior(location_error: float | None, *, least: float = UNKNOWN_NOISE[0]) -> NoisePrior:
    """Return the prior of the scatter of points about their law, given the error of their locations, if known.

    ``least``: the smallest scatter, where that is not known.
    """
    if location_error is None or not location_error > UNKNOWN_NOISE[0] / LARGEST_EFFECTS:
        deviations = np.geomspace(least, UNKNOWN_NOISE[1], N_GRID)
        return NoisePrior(deviations, np.full(N_GRID, -np.log(N_GRID)))
    steps = np.linspace(np.log(0.5), np.log(LARGEST_EFFECTS), N_GRID)
    own = np.exp(-0.5 * (steps / NOISE_UNCERTAINTY) ** 2)
    more = (steps > 0).astype(np.float64)
    weights = NO_EFFECTS * own / own.sum() + (1 - NO_EFFECTS) * more / more.sum()
    return NoisePrior(location_error * np.exp(steps), np.log(weights))


def log_evidence(squares: Array, n: float, gram: Array, coefficients: Array, prior: NoisePrior) -> Array:
    """Return the log evidence of many laws (m,); minus infinity where a coefficient is 0.

    Parameters
    ----------
    squares : sums of squared relative residuals (m,) of n points.
    gram : products of the columns of each law, relative to the time (m, k, k).
    coefficients : (m, k).
    """
    k = coefficients.shape[1]
    used = np.asarray((coefficients > 0).all(axis=1))
    c = np.where(used[:, None], coefficients, 1.0)
    shares = gram * c[:, :, None] * c[:, None, :]
    shares = np.where(used[:, None, None], shares, np.eye(k))
    _, log_det = np.linalg.slogdet(shares)
    deviation = np.maximum(np.sqrt(squares / n), prior.deviations[0])
    scale = np.einsum("mii->m", shares)[:, None, None]
    inverse = np.linalg.inv(shares + RIDGE * scale * np.eye(k)) if k > 1 else 1 / shares
    width = deviation[:, None] * np.sqrt(np.maximum(np.einsum("mii->mi", inverse), 0.0))
    faint = np.log(np.maximum(width, 1.0)).sum(axis=1)  # a logarithm that may be anything below is not a gain
    sigma = prior.deviations
    likely = -(n - k) * np.log(sigma) - squares[:, None] / (2 * sigma**2) + prior.log_weights
    occam = k / 2 * np.log(2 * np.pi) - k * np.log(COEFFICIENT_RANGE) - np.minimum(log_det, np.inf) / 2 - faint
    peak = likely.max(axis=1)  # SciPy's logsumexp takes as long to begin as for thousands of laws
    found = peak + np.log(np.exp(likely - peak[:, None]).sum(axis=1)) + occam
    return np.where(used & np.isfinite(log_det), found, -np.inf)
