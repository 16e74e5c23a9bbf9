"""How each point moves coefficients and what follows from them, and the intervals that rest on it.

Intervals rest on how each point moves a figure: its gain times its residual, one step of the fit. The sum of their
squares is the sandwich estimate HC2, clustered by point since each point enters with one location, with the degrees of
freedom that the figure has: two points that alone tell a coefficient leave it one, however many others there are. It is
drawn towards equal errors of all points as if PRIOR_FREEDOM degrees had shown these. Coverage at nominal 95 %, 1400
simulations of 23 points with equal normal errors, ten figures (coefficients, local exponents, a prediction at 4 times
every factor): 94 to 97 %; the plain HC2 94 to 99 %, HC3 with n - k degrees 92 to 98 %. With twice the errors at the
seven points of most leverage 83 to 95 %, which the plain HC2 covers at 92 to 98 %: the price of few points.
Source: Imbens & Kolesár (2016), "Robust standard errors in small samples"; MacKinnon & White (1985) for HC2 and HC3.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import SINGULAR, Solution, t_quantiles

FULL_LEVERAGE = 0.99  # above this a residual says nothing about its own error, and the pooled scatter takes its place
PRIOR_FREEDOM = 3.0  # how far unequal errors of points are believed: 2 to 4 cover alike where errors are equal
SMALLEST = 1e-300


class Influence(NamedTuple):
    """How coefficients and all that follows from them depend on each point, to first order.

    Attributes
    ----------
    gain : change of each coefficient with the log time of a point (n, k); ``nan`` where columns cannot be told apart.
    error : what the point's log time is off by (n,): its residual, or the pooled scatter at full leverage.
    leverage : share of a point's error that the fit takes up (n,); 0 where the scatter stands in.
    basis : orthonormal basis of the columns (n, k).
    shift : relative change of all coefficients alike with each point (n,), see
    ``bptt_bench.analyse.fitting.mixture_relocation``. scatter : standard deviation of the log residuals. coefficients :
    (k,). freedom : points less columns; without any nothing is known of errors, and every interval is infinite.
    """

    gain: Array
    error: Array
    leverage: Array
    basis: Array
    shift: Array
    scatter: float
    freedom: int
    coefficients: Array

    @property
    def left_out(self) -> Array:
        """Change of each coefficient when a point is left out (n, k)."""
        changes = -self.gain * (self.error / (1 - self.leverage))[:, None]
        return np.asarray(changes - self.shift[:, None] * self.coefficients)

    def half_widths(self, weights: Array, confidence: float) -> Array:
        """Half-widths of intervals (m,) for sums of coefficients with weights (k, m); infinite where undefined."""
        error, freedom = self.errors(weights)
        with np.errstate(invalid="ignore"):
            half = t_quantiles(confidence, freedom) * error
        return np.where(np.isfinite(half) & (self.freedom > 0), half, np.inf)

    def errors(self, weights: Array) -> tuple[Array, Array]:
        """Standard errors (m,) of the same sums, and their degrees of freedom.

        The variance is the sandwich HC2, in which each point answers for its own error, drawn towards that of equal
        errors as if ``PRIOR_FREEDOM`` degrees of freedom had shown that (Smyth 2004): a figure that two points decide
        would rest on two squares alone. Degrees of freedom follow Bell & McCaffrey (2002).
        Source: Imbens & Kolesár (2016), "Robust standard errors in small samples", section II.
        """
        pull = self.gain @ weights
        squares = np.where(self.leverage > 0, pull.T**2, 0.0)  # (m, n); points of full leverage have the pooled error
        share = squares / np.maximum(squares.sum(axis=1, keepdims=True), SMALLEST)
        each = share / (1 - self.leverage)
        shared = np.einsum("mi,ij,ik->mjk", each, self.basis, self.basis, optimize=True)
        spread = (each**2 * (1 - 2 * self.leverage)).sum(axis=1) + (shared**2).sum(axis=(1, 2))
        drawn = PRIOR_FREEDOM / (1 / np.maximum(spread, SMALLEST) + PRIOR_FREEDOM)
        known = max(self.freedom, 1)
        freedom = 1 / ((1 - drawn) ** 2 * spread + (2 * drawn - drawn**2) / known)
        change = pull * (self.error / np.sqrt(1 - self.leverage))[:, None]
        level = self.shift[:, None] * (self.coefficients @ weights)
        own = ((change + level) ** 2).sum(axis=0)
        equal = self.scatter**2 * (pull**2).sum(axis=0) + (2 * change * level + level**2).sum(axis=0)
        error = np.sqrt(np.maximum((1 - drawn) * own + drawn * equal, 0.0))
        return error, np.clip(freedom, 1, known)


def influence(
    jacobian: Array,
    residual: Array,
    weights: Array | None = None,
    *,
    coefficients: Array | None = None,
    shift: Array | None = None,
) -> Influence:
    """Influence of the points of a least-squares fit with a Jacobian (n, k) and residuals (n,)."""
    n, k = jacobian.shape
    root = np.ones(n) if weights is None else np.sqrt(weights)
    c = np.zeros(k) if coefficients is None else coefficients
    level = np.zeros(n) if shift is None else shift
    scale = np.linalg.norm(jacobian, axis=0)
    q, singular, rotation = np.linalg.svd(jacobian * root[:, None] / scale, full_matrices=False)
    if k > n or (k and singular[-1] < SINGULAR * singular[0]):
        nothing = np.zeros(n)
        return Influence(np.full((n, k), np.nan), nothing, nothing, np.zeros((n, k)), nothing, 0.0, max(n - k, 0), c)
    leverage = (q**2).sum(axis=1)
    scatter = float(np.sqrt((root**2 * residual**2).sum() / max(n - k, 1)))
    full = leverage > FULL_LEVERAGE
    return Influence(
        gain=(q / singular) @ rotation / scale,
        error=np.where(full, scatter, root * residual),
        leverage=np.where(full, 0.0, leverage),
        basis=q,
        shift=level,
        scatter=scatter,
        freedom=max(n - k, 0),
        coefficients=c,
    )


def solution_influence(solution: Solution, shift: Array) -> Influence:
    """Influence of the points of a solution; terms at 0 count too, for their truth may lie above.

    Where terms at 0 cannot be told from the others, they are taken to be 0.
    """
    every = influence(solution.jacobian, solution.errors, coefficients=solution.coefficients, shift=shift)
    if np.isfinite(every.gain).all() or solution.active.all():
        return every
    kept = influence(
        solution.jacobian[:, solution.active],
        solution.errors,
        coefficients=solution.coefficients,
        shift=shift,
    )
    gain = np.zeros_like(solution.jacobian)
    gain[:, solution.active] = kept.gain
    return kept._replace(gain=gain)


def deviations(jacobian: Array, residual: Array, weights: Array | None = None) -> Array:
    """Change of each parameter when a point is left out, to first order (n, k).

    A point of full leverage fixes a parameter by itself: its residual is 0 whatever its error was, so the pooled
    scatter stands in for the error. ``nan`` where the columns cannot be told apart.
    """
    return influence(jacobian, residual, weights).left_out


def standard_error(changes: Array) -> Array:
    """Standard error from leave-one-out changes (n, …): the root of the sum of squares over points (HC3)."""
    return np.asarray(np.sqrt((changes**2).sum(axis=0)))


def upper_bound_at_zero(solution: Solution, column: int, confidence: float) -> float:
    """How large a coefficient at 0 may be: its one-step estimate with the term in the active set, plus half a width.

    An estimate below 0 counts as 0, so the bound is never tighter than that of a term estimated at exactly 0.
    """
    members = np.append(np.flatnonzero(solution.active), column)
    jacobian = solution.jacobian[:, members]
    root = np.sqrt(solution.weights)
    scale = np.linalg.norm(jacobian, axis=0)
    step = np.linalg.lstsq(jacobian * root[:, None] / scale, solution.residual * root, rcond=None)[0] / scale
    last = np.eye(len(members))[:, -1:]
    found = influence(jacobian, solution._replace(residual=solution.residual - jacobian @ step).errors)
    half = float(found.half_widths(last, confidence)[0])
    return max(float(step[-1]), 0.0) + half
