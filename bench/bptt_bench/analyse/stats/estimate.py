"""The numerical core: coefficients ≥ 0 that minimise squared log residuals.

minimise Σ_p ρ(log t_p - log(X_p c)) over c ≥ 0. Linearised at c the Jacobian of log(Xc) is J = X / (Xc), and J c = 1,
so each Gauss-Newton step is a non-negative least squares problem: min ||J c' - (1 + r)||. Relative NNLS is the start.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from bptt_bench.analyse.stats.arrays import Array, Flags, Index
from bptt_bench.analyse.stats.nonnegative import change, nnls, nnls_batch

FEW_SAMPLES_PER_POINT = 3  # below this a disturbed point shows only against the law, so Huber's loss is used there
HUBER = 1.345  # standard deviations; 95 % efficient on normal residuals
MOST_STEPS = 50
CONVERGED = 1e-12
ROUNDING = 1e-12  # relative, of a loss: near the minimum a step that helps is lost in it
MOST_HALVINGS = 30
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
    active: Flags
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
    def errors(self) -> Array:
        """What the log times are off by (n,): residuals, under Huber's loss as its estimate feels them.

        A residual beyond the bound pulls as one at the bound does, and only those within it hold the estimate: plain
        least squares on ψ(r) / mean ψ' have the scatter of the robust estimate.
        Source: Huber & Ronchetti (2009), "Robust Statistics", eq. 7.83 to 7.85 with the correction K.
        """
        n, k = self.jacobian.shape
        within = float((self.weights >= 1).mean())
        correction = 1 + k / n * (1 - within) / max(within, 1 / n)
        return np.asarray(self.weights * self.residual * correction / max(within, 1 / n))

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
    scale: float | None = None,
    tolerance: float = CONVERGED,
    start: Array | None = None,
) -> Solution:
    """Non-negative coefficients of a design (n, k) for log times (n,); ``robust`` takes Huber's loss on residuals.

    ``scale``: of the residuals, for Huber's loss; by default as they are. ``tolerance``: relative change of the fitted
    times at which the steps end. ``start``: coefficients (k,) nearby.
    """
    weights = np.ones(len(log_seconds))
    coefficients = _first(design, log_seconds) if start is None else start
    fitted = design @ coefficients
    residual = log_seconds - np.log(fitted)
    for _ in range(MOST_STEPS):
        if robust:
            weights = huber_weights(residual, design.shape[1], scale)
        wanted = _step(design / fitted[:, None], residual, weights if robust else None, coefficients)
        before, step = float((weights * residual**2).sum()), 1.0
        moved, moved_fit = coefficients, fitted  # unless one of the steps 1, 1/2, 1/4 … does not worsen the fit
        for _ in range(MOST_HALVINGS):
            candidate = wanted if step == 1.0 else coefficients + step * (wanted - coefficients)
            there = design @ candidate
            if (there > 0).all():
                left = log_seconds - np.log(there)
                if float((weights * left**2).sum()) <= before * (1 + ROUNDING):
                    moved, moved_fit, residual = candidate, there, left
                    break
            step /= 2
        moved_by = float((np.abs(moved_fit - fitted) / fitted).max())
        coefficients, fitted = moved, moved_fit
        if moved_by < tolerance:
            break
    return Solution(coefficients, coefficients > 0, residual, design / fitted[:, None], weights)


def huber_scale(residual: Array, parameters: int = 1) -> Array:
    """Scale of residuals (…, n) of a fit with so many parameters (…, 1), by their median.

    A fit can bring as many residuals to 0 as it has parameters. One less than these is left out of the median: with few
    points it would be 0 else, all other points outliers, and every interval of no width.
    """
    largest = np.sort(np.abs(residual), axis=-1)[..., min(parameters, residual.shape[-1]) - 1 :]
    return np.asarray(np.maximum(1.4826 * np.median(largest, axis=-1, keepdims=True), RESOLUTION))


def huber_weights(residual: Array, parameters: int = 1, scale: float | None = None) -> Array:
    """Huber's weights of residuals (…, n) of a fit with so many parameters; ``scale`` where it is known."""
    known = huber_scale(residual, parameters) if scale is None else max(scale, RESOLUTION)
    return np.asarray(np.minimum(1.0, HUBER * known / np.maximum(np.abs(residual), 1e-300)))


def _step(jacobian: Array, residual: Array, weights: Array | None, coefficients: Array) -> Array:
    """Where a Gauss-Newton step leads."""
    if weights is not None:
        root = np.sqrt(weights)
        jacobian, residual = jacobian * root[:, None], residual * root
    step = change(jacobian, residual, coefficients)
    if step is not None:
        return np.asarray(coefficients + step)
    return nnls(jacobian, jacobian @ coefficients + residual, coefficients > 0)


def _first(design: Array, log_seconds: Array) -> Array:
    """Coefficients to begin with: those of least relative squares."""
    relative = design * np.exp(-log_seconds)[:, None]
    coefficients = nnls(relative, np.ones(len(log_seconds)))
    if (design @ coefficients > 0).all():
        return coefficients
    # a start of all zeros has no logarithm: begin from the plain sum, with each column's own weight
    return np.asarray(1.0 / np.maximum(relative.sum(axis=0), 1e-300) * len(log_seconds) / design.shape[1])


def solve_batch(
    designs: Array,
    log_seconds: Array,
    *,
    robust: bool = False,
    scale: float | None = None,
    tolerance: float = CONVERGED,
    start: Array | None = None,
) -> list[Solution]:
    """What ``solve`` finds for each of many designs (m, n, k) of the same log times (n,); ``start``: (m, k) or (k,).

    Meant for searches, in which many fits are much alike: all take their steps together.
    """
    m, _, k = designs.shape
    solutions: list[Solution | None] = [None] * m
    coefficients = _first_all(designs, log_seconds) if start is None else np.broadcast_to(start, (m, k)).copy()
    inside = np.ones((m, k), dtype=bool) if start is not None else coefficients > 0
    open_ = np.flatnonzero((coefficients > 0).any(axis=1))
    design, c = designs[open_], coefficients[open_]
    inside, fitted = inside[open_], _times(design, c)
    alive = (fitted > 0).all(axis=1)
    open_, design, c, inside, fitted = open_[alive], design[alive], c[alive], inside[alive], fitted[alive]
    residual = log_seconds - np.log(fitted)
    for _ in range(MOST_STEPS):
        if not len(open_):
            break
        weights = huber_weights(residual, k, scale) if robust else np.ones_like(residual)
        jacobian = design / fitted[:, :, None]
        weighed = np.swapaxes(jacobian * weights[:, :, None] if robust else jacobian, 1, 2)
        wanted, settled = nnls_batch(weighed @ jacobian, _times(weighed, residual), c, inside)
        moved, moved_fit, left, fine = _search_all(design, log_seconds, weights, (c, fitted, residual), wanted)
        fine &= settled
        done = fine & ((np.abs(moved_fit - fitted) / fitted).max(axis=1) < tolerance)
        for i in np.flatnonzero(done):
            solutions[open_[i]] = Solution(
                moved[i], moved[i] > 0, left[i], design[i] / moved_fit[i][:, None], weights[i]
            )
        on = fine & ~done  # what has not gone down is left to steps of its own
        open_, design, c, fitted, residual = open_[on], design[on], moved[on], moved_fit[on], left[on]
        inside = c > 0
    starts = [None] * m if start is None else [*np.broadcast_to(start, (m, k))]
    return [
        found or solve(designs[i], log_seconds, robust=robust, scale=scale, tolerance=tolerance, start=starts[i])
        for i, found in enumerate(solutions)
    ]


def _times(matrices: Array, vectors: Array) -> Array:
    """Products (m, i) of matrices (m, i, j) with vectors (m, j) or (j,)."""
    return np.asarray((matrices @ vectors[..., None])[..., 0])


def _first_all(designs: Array, log_seconds: Array) -> Array:
    """Coefficients (m, k) to begin with, 0 where none was found."""
    relative = designs * np.exp(-log_seconds)[:, None]
    turned = np.swapaxes(relative, 1, 2)
    shape = (len(designs), designs.shape[2])
    found, settled = nnls_batch(turned @ relative, turned.sum(axis=2), np.zeros(shape), np.ones(shape, dtype=bool))
    return np.where(settled[:, None], found, 0.0)


def _search_all(
    design: Array, y: Array, weights: Array, now: tuple[Array, Array, Array], wanted: Array
) -> tuple[Array, Array, Array, Flags]:
    """Coefficients, fitted times and residuals after whole steps; which of them did not worsen the fit."""
    coefficients, fitted, residual = now
    there = _times(design, wanted)
    usable = np.asarray((there > 0).all(axis=1))
    left = y - np.log(np.where(usable[:, None], there, fitted))
    before, after = (weights * residual**2).sum(axis=1), (weights * left**2).sum(axis=1)
    fine = usable & (after <= before * (1 + ROUNDING))
    return (
        np.where(fine[:, None], wanted, coefficients),
        np.where(fine[:, None], there, fitted),
        np.where(fine[:, None], left, residual),
        fine,
    )


def t_quantile(confidence: float, freedom: float) -> float:
    """Half-width of a two-sided interval in standard errors."""
    return float(stdtrit(freedom, (1 + confidence) / 2))


def t_quantiles(confidence: float, freedom: Array) -> Array:
    """Half-widths of two-sided intervals in standard errors, for each number of degrees of freedom."""
    return np.asarray(stdtrit(freedom, (1 + confidence) / 2))
