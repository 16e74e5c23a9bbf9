"""The numerical core: coefficients ≥ 0 that minimise squared log residuals.

minimise Σ_p ρ(log t_p - log(X_p c)) over c ≥ 0. Linearised at c the Jacobian of log(Xc) is J = X / (Xc), and J c = 1,
so each Gauss-Newton step is a non-negative least squares problem: min ||J c' - (1 + r)||. Relative NNLS is the start.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls
from scipy.special import stdtrit

from bench.analyse.location import Array, Index

FEW_SAMPLES_PER_POINT = 3  # below this a disturbed point shows only against the law, so Huber's loss is used there
HUBER = 1.345  # standard deviations; 95 % efficient on normal residuals
MOST_STEPS = 50
CONVERGED = 1e-12
ROUNDING = 1e-12  # relative, of a loss: near the minimum a step that helps is lost in it
MOST_HALVINGS = 30
SLACK = 1e-10  # of the gradient at a coefficient of 0, over columns of unit length
SINGULAR = 1e-6  # ratio of singular values of the scaled design below which columns cannot be told apart
RESOLUTION = 1e-8  # relative; scatter below this is rounding, not evidence for one law over another


class Interval(NamedTuple):
    """An estimate with the ends of its interval."""

    estimate: float
    low: float
    high: float


class Solution(NamedTuple):
    """Coefficients (k,), which are above 0, log residuals (n,), Jacobian of the log fit (n, k), weights (n,)."""

    coefficients: Array
    active: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    residual: Array
    jacobian: Array
    weights: Array

    @property
    def freedom(self) -> int:
        """Degrees of freedom left: points less terms above 0, at least 1."""
        return max(len(self.residual) - int(self.active.sum()), 1)

    @property
    def scatter(self) -> float:
        """Standard deviation of the log residuals."""
        return float(np.sqrt((self.weights * self.residual**2).sum() / self.freedom))

    @property
    def aicc(self) -> float:
        """Akaike's criterion, corrected for few points (Hurvich & Tsai 1989); infinite where it is not defined."""
        return aicc(self.loss, len(self.residual), int(self.active.sum()))

    @property
    def loss(self) -> float:
        """Sum of squared residuals; with weights Huber's loss, r² up to a bound and 2 bound |r| - bound² beyond."""
        return float(((2 * self.weights - self.weights**2) * self.residual**2).sum())


def aicc(squares: float, n: int, k: int) -> float:
    """AICc of n residuals with a sum of squares, k coefficients and an estimated variance."""
    parameters = k + 1
    if n - parameters - 1 <= 0:
        return float("inf")
    spread = max(squares / n, RESOLUTION**2)
    return float(n * np.log(spread) + 2 * parameters + 2 * parameters * (parameters + 1) / (n - parameters - 1))


def needs_huber(samples_per_point: Index) -> bool:
    """Whether points hold too few samples to show by themselves that they are disturbed."""
    return bool(np.median(samples_per_point) < FEW_SAMPLES_PER_POINT)


def solve(
    design: Array,
    log_seconds: Array,
    *,
    robust: bool = False,
    tolerance: float = CONVERGED,
    start: Array | None = None,
) -> Solution:
    """Non-negative coefficients of a design (n, k) for log times (n,); ``robust`` takes Huber's loss on residuals.

    ``tolerance``: relative change of the fitted times at which the steps end. ``start``: coefficients (k,) nearby.
    """
    weights = np.ones(len(log_seconds))
    coefficients = _first(design, log_seconds) if start is None else start
    residual = log_seconds - np.log(design @ coefficients)
    for _ in range(MOST_STEPS):
        if robust:
            scale = max(1.4826 * float(np.median(np.abs(residual))), RESOLUTION)
            weights = np.minimum(1.0, HUBER * scale / np.maximum(np.abs(residual), 1e-300))
        root = np.sqrt(weights)
        jacobian = design / (design @ coefficients)[:, None]
        wanted = _nnls(jacobian * root[:, None], root * (1 + residual), coefficients > 0)
        moved = _line_search(design, log_seconds, weights, coefficients, wanted)
        change = float(np.max(np.abs(design @ (moved - coefficients)) / (design @ coefficients)))
        coefficients = moved
        residual = log_seconds - np.log(design @ coefficients)
        if change < tolerance:
            break
    jacobian = design / (design @ coefficients)[:, None]
    return Solution(coefficients, coefficients > 0, residual, jacobian, weights)


def _first(design: Array, log_seconds: Array) -> Array:
    """Coefficients to begin with: those of least relative squares."""
    relative = design * np.exp(-log_seconds)[:, None]
    coefficients = _nnls(relative, np.ones(len(log_seconds)))
    if (design @ coefficients > 0).all():
        return coefficients
    # a start of all zeros has no logarithm: begin from the plain sum, with each column's own weight
    return np.asarray(1.0 / np.maximum(relative.sum(axis=0), 1e-300) * len(log_seconds) / design.shape[1])


def _nnls(design: Array, target: Array, guess: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] | None = None) -> Array:
    """Non-negative least squares; ``guess``: which coefficients are likely above 0, tried before any search."""
    scale = np.linalg.norm(design, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    scaled = design / scale
    if guess is not None and guess.any():
        found = _on(scaled, target, guess)
        rest = scaled[:, ~guess].T @ (target - scaled @ found)
        if (found[guess] > 0).all() and (rest <= SLACK).all():
            return np.asarray(found / scale)
    solution, _ = nnls(scaled, target)
    active = solution > 0
    if active.any():  # NNLS stops at its own tolerance: finish on the active set, unless that leaves the allowed region
        polished = _on(scaled, target, active)
        solution = polished if (polished[active] > 0).all() else solution
    return np.asarray(solution / scale)


def _on(design: Array, target: Array, active: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Array:
    """Least squares with some coefficients, the others 0."""
    solution = np.zeros(design.shape[1])
    solution[active] = np.linalg.lstsq(design[:, active], target, rcond=None)[0]
    return solution


def _line_search(design: Array, y: Array, weights: Array, start: Array, wanted: Array) -> Array:
    """The longest of the steps 1, 1/2, 1/4 … towards ``wanted`` that does not worsen the fit."""

    def loss(candidate: Array) -> float:
        fitted = design @ candidate
        return float((weights * (y - np.log(fitted)) ** 2).sum()) if (fitted > 0).all() else float("inf")

    before, step = loss(start), 1.0
    for _ in range(MOST_HALVINGS):
        candidate = wanted if step == 1.0 else start + step * (wanted - start)
        if loss(candidate) <= before * (1 + ROUNDING):
            return candidate
        step /= 2
    return start


def quantile(confidence: float, freedom: float) -> float:
    """Half-width of a two-sided interval in standard errors."""
    return float(stdtrit(freedom, (1 + confidence) / 2))


def quantiles(confidence: float, freedom: Array) -> Array:
    """Half-widths of two-sided intervals in standard errors, for each number of degrees of freedom."""
    return np.asarray(stdtrit(freedom, (1 + confidence) / 2))
