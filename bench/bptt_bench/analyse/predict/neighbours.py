"""Universal kriging of a fit's log residuals: corrections that neighbouring points share beyond the law.

A law of a few terms leaves residuals of several per cent that are not noise. The cost of an operation depends on the
length of its rows, on the shape of its matrix and on the cache that holds it. Points that are close in the factors
share such effects. The residual at a point is modelled as

    r(x) = J(x) β + a(x) (z(x) + ε) + Σ_p b_p log p + w(log f),

    cov z(x), z(x') = s² exp(-|x - x'|),   |x - x'|² = Σ_p (log p - log p')² / ℓ_p²,

with J the law's own Jacobian (so that the coefficients may change a little), a length ℓ_p for each factor, an
independent part ε of each point, and the known errors of the measured locations. The amplitude is a(x) = 1 + κ·(share
of the time beyond the thresholds of the law's regimes): the cost of an operation beyond a cache depends on the other
contents of the cache, and is less certain than within it. How far what neighbours share reaches is for backtests to say
(``bptt_bench.analyse.predict.stack``): lengths of at most half of the range of a factor made the median error of one
measured table 25 % instead of 16 %.

With a *drift* the law itself may be off: slopes b_p ~ N(0, γ²) of a power of each factor, and w, an integrated Wiener
process in the logarithm of the fitted time f, which bends as a missing term or a saturation does. Far beyond the
points the slope at their end goes on, and grows uncertain as the distance to the power of 3/2.

A term whose coefficient ended at 0 may be as large as its upper bound, which adds to the variance of a prediction.

s, ε, κ, ℓ, γ and the scale of w maximise the restricted likelihood. Near measured points a prediction includes their
residuals; far from all of them it is that of the law, or of its drift.

Evidence while developing (naive, aggregated and batched on one machine, fitted to a sweep and the cheap part of a later
run, 45 points measured beyond): median error 6.5 % by the law, 4.8 % with neighbours. On a later run, 72 points beyond:
95 % intervals with one amplitude everywhere covered 76 % of them, with κ 96 %. The accuracy at points not used in
development is that of the reference run (``foresee``).
Source: Cressie (1993), "Statistics for Spatial Data", section 3.4; Rasmussen & Williams (2006), "Gaussian Processes for
Machine Learning", section 2.7 and eq. 2.44; Wahba (1978), "Improper priors, spline smoothing and the problem of
guarding against model errors in regression", for w.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

from bptt_bench.analyse.fitting.diagnose import shares_of
from bptt_bench.analyse.fitting.fitted import Fit, Points, columns_at
from bptt_bench.analyse.predict.coordinates import coordinates
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Interval, t_quantile
from bptt_bench.errors import FitError

LENGTHS = (0.15, 12.0)  # nats: from less than any step of a design to more than the range of any design
DEVIATIONS = (0.002, 0.5)  # relative: from negligible to a law that explains nothing
STARTS = (0.5, 2.0)  # lengths at which the search starts; the likelihood may have two maxima
EXTRA_AMPLITUDE = (0.0, 20.0)  # κ: above, s of a few per cent would be as much as the time itself
START_SHARED, START_OWN, START_EXTRA_AMPLITUDE = 0.07, 0.03, 1.0  # relative deviations, and κ, at which it begins
DRIFTS = (1e-3, 1.0)  # γ, powers of a factor; and the scale of w, powers for each square root of a nat
START_DRIFT = 0.05
RIDGE = 1e-6  # on β: keeps a term that no residual depends on
FEWEST_SPARE_POINTS = 10  # beyond the coefficients, to estimate a covariance
MOST_STEPS, MOST_STEPS_NEAR = 200, 10  # of a search, and of one that starts at the model of a similar fit
MOST_POINTS = 1000  # a step of the search takes seconds with more
MANY_POINTS = 300  # with more, a fit that has a model of a similar fit takes its parameters


class Spread(NamedTuple):
    """Logarithms of predictions (m,) and their standard errors (m,), of one sample."""

    centre: Array
    scale: Array


class _Places(NamedTuple):
    """What the covariance of points depends on."""

    logs: Array  # (n, n_factors), of the levels
    size: Array  # (n,), log of the fitted time over that of the smallest measured point, at least 0
    outside: Array  # (n,), share of the fitted time that is due beyond thresholds


class _Model(NamedTuple):
    """A covariance with its factorisation and the coefficients β estimated with it."""

    theta: Array  # logarithms of ℓ, s, ε, and of γ and the scale of w if there is a drift; then κ
    factor: Array  # lower Cholesky factor of the covariance of the residuals
    beta: Array  # (k,)
    information: Array  # (k, k)
    loss: float  # minus the restricted log likelihood, up to a constant


class Neighbours:
    """A fit whose predictions include the residuals that neighbouring points share.

    Parameters
    ----------
    drift : whether the law itself may be off by slopes and a bend.
    near : a model of a similar fit, or of this one without drift, from which the search starts.
    steps : most that the search takes from there.

    Attributes
    ----------
    lengths : coordinate -> distance in nats over which the correlation of residuals falls to 1/e.
    shared, own : relative standard deviations of the shared and of the independent part, below all thresholds.
    extra_amplitude : κ, by which both grow with the share of the time beyond thresholds.

    Raises
    ------
    FitError : fewer than 10 points more than coefficients, or more than 1000 points.
    """

    def __init__(
        self, fit: Fit, *, drift: bool = False, near: Neighbours | None = None, steps: int = MOST_STEPS_NEAR
    ) -> None:
        levels = fit.levels
        self._fit, self._active, self._drift = fit, fit.coefficients > 0, drift
        self._coordinates = coordinates(fit)
        self._factors = [one.name for one in self._coordinates]
        needed = int(self._active.sum()) + FEWEST_SPARE_POINTS
        if not needed <= fit.n_points <= MOST_POINTS:
            limit = f"at least {needed}" if fit.n_points < needed else f"at most {MOST_POINTS}"
            raise FitError(f"points: {fit.n_points}; neighbours need {limit}")
        self._middle = np.array([one.logs(levels).mean() for one in self._coordinates])
        self._least = float(np.log(fit.points["fitted"].to_numpy()).min())
        self._places = self._places_of(levels)
        self._jacobian = self._shares(levels)
        self._residual = fit.points["log_residual"].to_numpy()
        self._error = fit.points["location_error"].to_numpy()
        logs, size = self._places.logs, self._places.size
        self._squares = ((logs[:, None] - logs[None]) ** 2).reshape(len(logs) ** 2, -1)  # (n², n_factors)
        self._slopes, self._bend = _slopes(logs, logs), _bend(size, size)
        self._bounds = self._search_bounds()
        self._most_unseen, self._compensation = self._unseen_bounds()
        begin = None if near is None or near._factors != self._factors else near._beginning(drift=drift)
        self._model: _Model = self._search(begin, steps)
        p = len(self._factors)
        theta = self._model.theta
        self.lengths = dict(zip(self._factors, map(float, np.exp(theta[:p])), strict=True))
        self.shared, self.own = float(np.exp(theta[p])), float(np.exp(theta[p + 1]))
        self.extra_amplitude = float(theta[-1])

    def predict(self, points: Points) -> list[Interval]:
        """Return prediction intervals for one sample at new points."""
        centre, scale = self.spread(points)
        fitted, ends = np.exp(centre), np.exp(t_quantile(self._fit.confidence, self._fit.freedom) * scale)
        return [Interval(float(f), float(f / e), float(f * e)) for f, e in zip(fitted, ends, strict=True)]

    def spread(self, points: Points) -> Spread:
        """Return the predictive distribution of the logarithm of one sample at new points."""
        model, table = self._model, _table(points, self._fit.factors)
        p = len(self._factors)
        shared, own = np.exp(model.theta[p : p + 2])
        places = self._places_of(table)
        amplitude = 1 + self.extra_amplitude * places.outside
        jacobian = self._shares(table)
        near = shared**2 * _correlation(places.logs, self._places.logs, np.exp(model.theta[:p]))  # (m, n)
        near *= amplitude[:, None] * (1 + self.extra_amplitude * self._places.outside)
        variance = amplitude**2 * (shared**2 + own**2) + (self._fit.noise.relative or 0.0) ** 2
        if self._drift:
            slope, bend = np.exp(2 * model.theta[p + 2 : p + 4])
            near += slope * _slopes(places.logs, self._places.logs) + bend * _bend(places.size, self._places.size)
            variance += slope * (places.logs**2).sum(axis=1) + bend * places.size**3 / 3
        weights = dpotrs(model.factor, near.T, lower=1)[0]  # (n, m)
        left = self._residual - self._jacobian @ model.beta
        correction = jacobian @ model.beta + weights.T @ left
        drift = jacobian - weights.T @ self._jacobian  # (m, k)
        variance -= np.einsum("mn,nm->m", near, weights)
        variance += np.einsum("mk,mk->m", drift, np.linalg.solve(model.information, drift.T).T)
        variance = np.maximum(variance, 0.0) + self._unseen_terms(table)
        fitted = np.log(columns_at(self._fit.full_law, table) @ self._fit.coefficients)
        return Spread(fitted + correction, np.sqrt(variance))

    def carried(self, points: Points) -> Array:
        """Return how far residuals are carried to new points (m,), in nats of the factor in which that is farthest.

        The mean over the measured points, by how much their residuals weigh there.
        """
        model, table = self._model, _table(points, self._fit.factors)
        places = self._places_of(table)
        lengths = np.exp(model.theta[: len(self._factors)])
        near = _correlation(places.logs, self._places.logs, lengths)
        weights = np.abs(dpotrs(model.factor, near.T, lower=1)[0])  # (n, m)
        far = np.abs(self._places.logs[:, None] - places.logs[None]).max(axis=-1, initial=0.0)
        return np.asarray((weights * far).sum(axis=0) / np.maximum(weights.sum(axis=0), 1e-300))

    def _places_of(self, table: dict[str, Array]) -> _Places:
        times = columns_at(self._fit.full_law, table) * self._fit.coefficients
        companions = {regime.companion for regime in self._fit.regimes}
        beyond = [term.term in companions for term in self._fit.terms]
        logs = np.column_stack([one.logs(table) for one in self._coordinates] or [np.ones(len(times))])
        return _Places(
            logs=logs[:, : len(self._factors)] - self._middle,
            size=np.maximum(np.log(times.sum(axis=1)) - self._least, 0.0),
            outside=np.asarray(shares_of(times)[:, beyond].sum(axis=1)),
        )

    def _shares(self, table: dict[str, Array]) -> Array:
        """Return the law's Jacobian in the logs of its coefficients (m, k): each term's share of the fitted time."""
        times = columns_at(self._fit.full_law, table)[:, self._active] * self._fit.coefficients[self._active]
        return shares_of(times)

    def _unseen_terms(self, table: dict[str, Array]) -> Array:
        """Return the variance (m,) due to terms whose coefficient ended at 0, which may be as large as their bounds.

        Where one of them is larger, the others are smaller by as much as the measured points ask for.
        """
        columns = columns_at(self._fit.full_law, table)
        fitted = columns @ self._fit.coefficients
        change = columns[:, ~self._active] - columns[:, self._active] @ self._compensation
        possible = np.log1p(self._most_unseen * np.abs(change) / fitted[:, None])
        quantile = t_quantile(self._fit.confidence, self._fit.freedom)
        return np.asarray((possible**2).sum(axis=1) / quantile**2)

    def _unseen_bounds(self) -> tuple[Array, Array]:
        """Return how large each term at 0 may be (k_0,), and how much of the others goes with a unit of it (k_1, k_0).

        No term can take more than all of the time at any point.
        """
        shares = columns_at(self._fit.full_law, self._fit.levels)
        shares /= (shares @ self._fit.coefficients)[:, None]
        unseen = shares[:, ~self._active]
        quantile = t_quantile(self._fit.confidence, self._fit.freedom)
        all_of_it = np.exp(quantile * self._fit.scatter) / np.maximum(unseen.max(axis=0, initial=0.0), 1e-300)
        high = np.array([term.high for term in self._fit.terms])[~self._active]
        compensation = np.asarray(np.linalg.lstsq(shares[:, self._active], unseen)[0], dtype=np.float64)
        return np.where(np.isfinite(high), np.minimum(high, all_of_it), 0.0), compensation

    def _search_bounds(self) -> Array:
        """Return the lower and upper ends of the parameters (…, 2)."""
        lengths = [LENGTHS for _ in self._factors]
        drifts = [DRIFTS, DRIFTS] if self._drift else []
        extra = EXTRA_AMPLITUDE if self._places.outside.any() else (0.0, 0.0)
        return np.vstack([np.log([*lengths, DEVIATIONS, DEVIATIONS, *drifts]), extra])

    def _beginning(self, *, drift: bool) -> Array:
        """Return the parameters at which the search of a similar model starts, with or without drift."""
        p, theta = len(self._factors), self._model.theta
        middle = theta[p + 2 : -1] if self._drift else np.log([START_DRIFT, START_DRIFT])
        return np.concatenate([theta[: p + 2], middle[: 2 * drift], theta[-1:]])

    def _search(self, near: Array | None, steps: int) -> _Model:
        from scipy.optimize import Bounds, minimize  # 0.12 s, for predictions alone

        low, high = self._bounds.T
        if near is None:
            begin, steps = ([START_DRIFT, START_DRIFT] if self._drift else []), MOST_STEPS
            shared = [START_SHARED, START_OWN, *begin]
            starts = [
                np.append(np.log([*[length] * len(self._factors), *shared]), START_EXTRA_AMPLITUDE) for length in STARTS
            ]
        elif len(self._residual) > MANY_POINTS and steps < MOST_STEPS:
            return self._at_parameters(np.clip(near, low, high))[0]
        else:
            starts = [near]
        found = []
        for start in starts:
            best = minimize(
                self._loss,
                np.clip(start, low, high),
                jac=True,
                method="L-BFGS-B",
                bounds=Bounds(low, high),
                options={"maxiter": steps},
            )
            found.append(self._at_parameters(best.x)[0])
        return min(found, key=lambda model: model.loss)

    def _loss(self, theta: Array) -> tuple[float, Array]:
        """Return minus the restricted log likelihood and its gradient.

        With P = K⁻¹ - K⁻¹J (JᵀK⁻¹J)⁻¹ JᵀK⁻¹ the derivative in a parameter is (tr(P dK) - (P r)ᵀ dK P r) / 2.
        Source: Rasmussen & Williams (2006), eq. 5.9, with P in the place of K⁻¹.
        """
        model, parts = self._at_parameters(theta)
        half = dpotri(model.factor, lower=1)[0]  # its upper triangle is that of the factor, which is 0
        inverse = half + half.T
        np.einsum("ii->i", inverse)[:] /= 2
        pulled = inverse @ self._jacobian
        projection = inverse - pulled @ np.linalg.solve(model.information, pulled.T)
        gain = projection @ self._residual
        kernel = projection - np.outer(gain, gain)  # the derivative is half of the sum of this times dK
        p, outside = len(self._factors), self._places.outside
        shared, own, amplitude, distance = parts
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(distance > 0, shared * kernel / distance, 0.0)
        gradient = [*(slope.ravel() @ self._squares * np.exp(-2 * theta[:p]))]
        gradient += [2 * float((shared * kernel).sum()), 2 * float((own * np.diag(kernel)).sum())]
        if self._drift:
            gradient += [2 * float((np.exp(2 * theta[p + 2]) * self._slopes * kernel).sum())]
            gradient += [2 * float((np.exp(2 * theta[p + 3]) * self._bend * kernel).sum())]
        with_kappa = np.outer(outside / amplitude, np.ones_like(outside))
        of_kappa = ((with_kappa + with_kappa.T) * shared * kernel).sum()
        of_kappa += float((2 * outside / amplitude * own * np.diag(kernel)).sum())
        return model.loss, np.array([*gradient, float(of_kappa)]) / 2

    def _distance(self, theta: Array) -> Array:
        """Return the distance of each two points (n, n), in lengths."""
        n = len(self._residual)
        return np.asarray(np.sqrt(self._squares @ np.exp(-2 * theta[: len(self._factors)])).reshape(n, n))

    def _at_parameters(self, theta: Array) -> tuple[_Model, tuple[Array, Array, Array, Array]]:
        """Return the model at some parameters, and the parts of its covariance: shared, own, amplitude and distances.

        Raises
        ------
        LinAlgError : the covariance is singular.
        """
        p = len(self._factors)
        shared, own = np.exp(2 * theta[p : p + 2])
        amplitude = 1 + theta[-1] * self._places.outside
        distance = self._distance(theta)
        together = shared * np.exp(-distance) * np.outer(amplitude, amplitude)
        alone = amplitude**2 * own
        covariance = together + np.diag(alone + self._error**2)
        if self._drift:
            covariance += np.exp(2 * theta[p + 2]) * self._slopes + np.exp(2 * theta[p + 3]) * self._bend
        factor, singular = dpotrf(covariance, lower=1)
        if singular:
            raise np.linalg.LinAlgError("the covariance of residuals is singular")
        solved = dpotrs(factor, np.column_stack([self._residual, self._jacobian]), lower=1)[0]
        information = self._jacobian.T @ solved[:, 1:] + RIDGE * np.eye(self._jacobian.shape[1])
        moment = self._jacobian.T @ solved[:, 0]
        beta: Array = np.asarray(np.linalg.solve(information, moment), dtype=np.float64)
        quadratic = float(self._residual @ solved[:, 0] - moment @ beta)
        determinant = 2 * float(np.log(np.diag(factor)).sum()) + float(np.linalg.slogdet(information)[1])
        model = _Model(np.array(theta), factor, beta, information, (quadratic + determinant) / 2)
        return model, (together, alone, amplitude, distance)


def _correlation(these: Array, those: Array, lengths: Array) -> Array:
    """Return the correlation (m, n) of the shared part at points (m, p) and (n, p)."""
    distance = (these[:, None] - those[None]) / lengths
    return np.asarray(np.exp(-np.sqrt((distance**2).sum(axis=-1))))


def _slopes(these: Array, those: Array) -> Array:
    """Return the covariance (m, n) of slopes of variance 1 along each factor."""
    return np.asarray(these @ those.T)


def _bend(these: Array, those: Array) -> Array:
    """Return the covariance (m, n) of an integrated Wiener process that starts at 0."""
    least = np.minimum(these[:, None], those[None])
    return np.asarray(least**2 * (np.maximum(these[:, None], those[None]) / 2 - least / 6))


def _table(points: Points, factors: tuple[str, ...]) -> dict[str, Array]:
    if isinstance(points, (list, tuple)):
        return {name: np.array([float(point[name]) for point in points]) for name in factors}
    return {name: np.asarray(points[name], dtype=np.float64) for name in factors}  # type: ignore[call-overload]
