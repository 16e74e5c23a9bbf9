"""Coefficients ≥ 0 that minimise squared log residuals, or Huber's loss of them, by Gauss-Newton steps.

Minimises Σ_p ρ(log t_p - log(X_p c)) over c ≥ 0. The Jacobian of log(Xc) at c is J = X / (Xc), and J c = 1, so each
Gauss-Newton step is a non-negative least squares problem: min ||J c' - (1 + r)||. It starts from relative NNLS.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from bptt_bench.analyse.stats.arrays import MAD, Array, Flags, Index
from bptt_bench.analyse.stats.nonnegative import active_set_step, nnls, nnls_batch

FEW_SAMPLES_PER_POINT = 3  # with fewer, only the law shows that a point is disturbed, so Huber's loss is used
HUBER = 1.345  # standard deviations; 95 % efficient on normal residuals
MOST_STEPS = 50
CONVERGED = 1e-12
ROUNDING = 1e-12  # relative, of a loss: near the minimum it hides the gain of a step
MOST_HALVINGS = 30
SINGULAR = 1e-6  # ratio of singular values of the scaled design below which columns are collinear
RESOLUTION = 1e-8  # relative; scatter below this is rounding, not evidence for one law over another


class Interval(NamedTuple):
    """An estimate with the ends of its interval."""

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.estimate:.3g} [{self.low:.3g}, {self.high:.3g}]"


class Solution(NamedTuple):
    """A fit: coefficients (k,), which of them are above 0, log residuals (n,), log Jacobian (n, k), weights (n,).

    ``precision``: the part of the weights (n,) that was given and does not come from the loss.
    """

    coefficients: Array
    active: Flags
    residual: Array
    jacobian: Array
    weights: Array
    precision: Array | None = None

    @property
    def precision_of_points(self) -> Array:
        """The precision, 1 where none was given."""
        return np.ones_like(self.weights) if self.precision is None else self.precision

    @property
    def freedom(self) -> int:
        """Residual degrees of freedom: points less terms above 0, at least 1."""
        return max(len(self.residual) - int(self.active.sum()), 1)

    @property
    def scatter(self) -> float:
        """Standard deviation of the log residuals."""
        return float(np.sqrt((self.weights * self.residual**2).sum() / self.freedom))

    @property
    def errors(self) -> Array:
        """Pseudo-residuals of the log times (n,): residuals, or under Huber's loss ψ(r) / mean ψ'.

        Least squares on these have the scatter of the robust estimate.
        Source: Huber & Ronchetti (2009), "Robust Statistics", eq. 7.83 to 7.85 with the correction K.
        """
        n, k = self.jacobian.shape
        within = float((self.weights >= 1).mean())
        correction = 1 + k / n * (1 - within) / max(within, 1 / n)
        return np.asarray(self.weights * self.residual * correction / max(within, 1 / n))

    @property
    def aicc(self) -> float:
        """Akaike's criterion, corrected for few points; infinite where it is undefined."""
        return aicc(self.loss, len(self.residual), int(self.active.sum()))

    @property
    def loss(self) -> float:
        """Sum of squared residuals; under Huber's loss r² up to a bound and 2 bound |r| - bound² beyond."""
        return float(((2 * self.weights - self.weights**2) * self.residual**2).sum())


def aicc(squares: float, n: int, k: int) -> float:
    """Return AICc of n residuals with a sum of squares, k coefficients and an estimated variance.

    Source: Hurvich & Tsai (1989), "Regression and time series model selection in small samples".
    """
    return aicc_of(float(n * np.log(max(squares / n, RESOLUTION**2))), n, k)


def aicc_of(deviance: float, n: int, k: int) -> float:
    """Return AICc of minus twice a log likelihood with k coefficients and an estimated variance, as ``aicc`` does."""
    parameters = k + 1
    if n - parameters - 1 <= 0:
        return float("inf")
    return float(deviance + 2 * parameters + 2 * parameters * (parameters + 1) / (n - parameters - 1))


def needs_huber(samples_per_point: Index) -> bool:
    """Return whether points have too few samples to show by themselves that they are disturbed."""
    return bool(np.median(samples_per_point) < FEW_SAMPLES_PER_POINT)


def solve(
    design: Array,
    log_seconds: Array,
    *,
    robust: bool = False,
    scale: float | None = None,
    tolerance: float = CONVERGED,
    start: Array | None = None,
    precision: Array | None = None,
) -> Solution:
    """Fit non-negative coefficients of a design (n, k) to log times (n,).

    Parameters
    ----------
    precision : of each log time (n,), inverse variances up to a factor; by default all are alike.
    robust : use Huber's loss.
    scale : of the residuals, for that loss; by default estimated.
    tolerance : relative change of the fitted times at which the steps end.
    start : coefficients (k,) near the solution.
    """
    given = np.ones(len(log_seconds)) if precision is None else precision
    weights = given
    coefficients = _initial(design, log_seconds) if start is None else start
    fitted = design @ coefficients
    residual = log_seconds - np.log(fitted)
    is_weighted = robust or precision is not None
    for _ in range(MOST_STEPS):
        if robust:
            weights = given * huber_weights(residual * np.sqrt(given), design.shape[1], scale)
        wanted = _step(design / fitted[:, None], residual, weights if is_weighted else None, coefficients)
        before, step = float((weights * residual**2).sum()), 1.0
        moved, moved_fit = coefficients, fitted  # unless one of the steps 1, 1/2, 1/4 … does not raise the loss
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
    return Solution(coefficients, coefficients > 0, residual, design / fitted[:, None], weights, precision)


def huber_scale(residual: Array, parameters: int = 1) -> Array:
    """Return the scale (…, 1) of residuals (…, n) of a fit with some number of parameters, by their median.

    A fit can make as many residuals 0 as it has parameters. All but one of these are left out of the median. With few
    points it would otherwise be 0, all other points outliers, and every interval of width 0.
    """
    largest = np.sort(np.abs(residual), axis=-1)[..., min(parameters, residual.shape[-1]) - 1 :]
    return np.asarray(np.maximum(MAD * np.median(largest, axis=-1, keepdims=True), RESOLUTION))


def huber_weights(residual: Array, parameters: int = 1, scale: float | None = None) -> Array:
    """Return Huber's weights of residuals (…, n) of a fit with some number of parameters and a scale, if known."""
    known = huber_scale(residual, parameters) if scale is None else max(scale, RESOLUTION)
    return np.asarray(np.minimum(1.0, HUBER * known / np.maximum(np.abs(residual), 1e-300)))


def _step(jacobian: Array, residual: Array, weights: Array | None, coefficients: Array) -> Array:
    """Return the coefficients (k,) after a Gauss-Newton step."""
    if weights is not None:
        root = np.sqrt(weights)
        jacobian, residual = jacobian * root[:, None], residual * root
    step = active_set_step(jacobian, residual, coefficients)
    if step is not None:
        return np.asarray(coefficients + step)
    return nnls(jacobian, jacobian @ coefficients + residual, coefficients > 0)


def _initial(design: Array, log_seconds: Array) -> Array:
    """Return the coefficients (k,) of least relative squares."""
    relative = design * np.exp(-log_seconds)[:, None]
    coefficients = nnls(relative, np.ones(len(log_seconds)))
    if (design @ coefficients > 0).all():
        return coefficients
    # zeros have no logarithm: start with an equal contribution of each column
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
    """Fit each of many designs (m, n, k) to the same log times (n,), as ``solve`` does; ``start``: (m, k) or (k,).

    All fits take their steps together, which is fast for the many similar fits of a search.
    """
    m, _, k = designs.shape
    solutions: list[Solution | None] = [None] * m
    coefficients = _initial_batch(designs, log_seconds) if start is None else np.broadcast_to(start, (m, k)).copy()
    inside = np.ones((m, k), dtype=bool) if start is not None else coefficients > 0
    open_ = np.flatnonzero((coefficients > 0).any(axis=1))
    design, c = designs[open_], coefficients[open_]
    inside, fitted = inside[open_], _product(design, c)
    alive = (fitted > 0).all(axis=1)
    open_, design, c, inside, fitted = open_[alive], design[alive], c[alive], inside[alive], fitted[alive]
    residual = log_seconds - np.log(fitted)
    for _ in range(MOST_STEPS):
        if not len(open_):
            break
        weights = huber_weights(residual, k, scale) if robust else np.ones_like(residual)
        jacobian = design / fitted[:, :, None]
        weighed = np.swapaxes(jacobian * weights[:, :, None] if robust else jacobian, 1, 2)
        wanted, solved = nnls_batch(weighed @ jacobian, _product(weighed, residual), c, inside)
        moved, moved_fit, left, fine = _step_batch(design, log_seconds, weights, (c, fitted, residual), wanted)
        fine &= solved
        done = fine & ((np.abs(moved_fit - fitted) / fitted).max(axis=1) < tolerance)
        for i in np.flatnonzero(done):
            solutions[open_[i]] = Solution(
                moved[i], moved[i] > 0, left[i], design[i] / moved_fit[i][:, None], weights[i]
            )
        on = fine & ~done  # a fit whose loss has risen is solved alone
        open_, design, c, fitted, residual = open_[on], design[on], moved[on], moved_fit[on], left[on]
        inside = c > 0
    starts = [None] * m if start is None else [*np.broadcast_to(start, (m, k))]
    return [
        found or solve(designs[i], log_seconds, robust=robust, scale=scale, tolerance=tolerance, start=starts[i])
        for i, found in enumerate(solutions)
    ]


def _product(matrices: Array, vectors: Array) -> Array:
    """Return the products (m, i) of matrices (m, i, j) with vectors (m, j) or (j,)."""
    return np.asarray((matrices @ vectors[..., None])[..., 0])


def _initial_batch(designs: Array, log_seconds: Array) -> Array:
    """Return initial coefficients (m, k), 0 where none were found."""
    relative = designs * np.exp(-log_seconds)[:, None]
    transposed = np.swapaxes(relative, 1, 2)
    zero = np.zeros((len(designs), designs.shape[2]))
    found, solved = nnls_batch(transposed @ relative, transposed.sum(axis=2), zero, zero == 0)
    return np.where(solved[:, None], found, 0.0)


def _step_batch(
    design: Array, y: Array, weights: Array, now: tuple[Array, Array, Array], wanted: Array
) -> tuple[Array, Array, Array, Flags]:
    """Return coefficients, fitted times and residuals after full steps, and which steps did not raise the loss."""
    coefficients, fitted, residual = now
    there = _product(design, wanted)
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
    """Return the half-width of a two-sided interval of Student's t, in standard errors."""
    return float(stdtrit(freedom, (1 + confidence) / 2))


def t_quantiles(confidence: float, freedom: Array) -> Array:
    """Return the half-widths for each number of degrees of freedom."""
    return np.asarray(stdtrit(freedom, (1 + confidence) / 2))
