"""A Gaussian process on log-log: what one would do without any law, a smooth curve through the logarithms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import Bounds, minimize

Array = NDArray[np.float64]
RIDGE = 1e-8
START = (0.0, -1.0, -3.0)  # logarithms of length, amplitude and noise, over the range of the logarithms


def gaussian_process(points: Array, seconds: Array, asked: Array) -> Array:
    """Predict seconds at points (m, d) from those measured (n, d): a line in the logarithms, and a smooth remainder.

    The covariance is squared exponential with a length for each factor; lengths, amplitude and noise have the largest
    marginal likelihood.
    """
    x, y = np.log(points), np.log(seconds)
    middle, scale = x.mean(axis=0), x.std(axis=0)
    x, at = (x - middle) / scale, (np.log(asked) - middle) / scale
    basis, ahead = (np.column_stack([np.ones(len(z)), z]) for z in (x, at))
    d = x.shape[1]

    def covariance(these: Array, those: Array, theta: Array) -> Array:
        distance = (these[:, None] - those[None]) / np.exp(theta[:d])
        return np.asarray(np.exp(2 * theta[d] - 0.5 * (distance**2).sum(axis=-1)))

    def solved(theta: Array) -> tuple[float, Array, Array]:
        factor = cho_factor(covariance(x, x, theta) + (np.exp(2 * theta[d + 1]) + RIDGE) * np.eye(len(x)), lower=True)
        beta = np.linalg.solve(basis.T @ cho_solve(factor, basis), basis.T @ cho_solve(factor, y))
        left = cho_solve(factor, y - basis @ beta)
        loss = 0.5 * float((y - basis @ beta) @ left) + float(np.log(np.diag(factor[0])).sum())
        return loss, beta, left

    start = np.array([*[START[0]] * d, *START[1:]])
    bounds = [*[(-2.0, 4.0)] * d, (-6.0, 2.0), (-6.0, 0.0)]

    def loss(theta: Array) -> float:
        return solved(theta)[0]

    ends = np.array(bounds)
    theta = minimize(loss, start, method="L-BFGS-B", bounds=Bounds(ends[:, 0], ends[:, 1])).x
    _, beta, left = solved(theta)
    return np.asarray(np.exp(ahead @ beta + covariance(at, x, theta) @ left))
