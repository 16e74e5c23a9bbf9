"""What neighbouring points share beyond the law: universal kriging of a fit's log residuals.

A law of a few terms leaves residuals of several per cent that are no noise: the price of an operation depends on the
length of its rows, on the shape of its matrix, on which cache it falls into. Points that are near each other in the
factors share them. The residual at a point is modelled as

    r(x) = J(x) β + a(x) (z(x) + ε),   cov z(x), z(x') = s² exp(-|x - x'|),   |x - x'|² = Σ_p (log p - log p')² / ℓ_p²,

with J the law's own Jacobian (so that the coefficients may move a little), one length ℓ_p for each factor, a share ε
that each point has to itself, and the known errors of the measured locations. The amplitude a(x) = 1 + κ·(share of the
time that is paid beyond the thresholds of the law's regimes): what an operation costs beyond a cache depends on what
else is in it, and is much less certain than what it costs within. s, ε, κ and ℓ follow from the restricted likelihood.
Near measured points a prediction takes their residuals over; far from all of them it is the law's, and its interval is
as wide as the residuals are.

Evidence while developing (naive, aggregated and batched on one machine, fitted to a sweep and the cheap part of a later
run, 45 points measured beyond): median error 6.5 % by the law, 4.8 % with neighbours. On a later run, 72 points beyond:
95 % intervals with one amplitude everywhere held 76 % of them, with κ 96 %. What it is worth on points that nobody had
seen is in the reference run (``foresee``).
Source: Cressie (1993), "Statistics for Spatial Data", section 3.4; Rasmussen & Williams (2006), "Gaussian Processes for
Machine Learning", section 2.7 and eq. 2.44.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import Bounds, minimize

from bptt_bench.analyse.data.samples import FitError
from bptt_bench.analyse.fitting.diagnose import shares_of
from bptt_bench.analyse.fitting.fitted import Fit, Points, columns_at
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Interval, t_quantile

LENGTHS = (0.15, 12.0)  # nats: from a sixth of a factor of e, less than any step of a design, to wider than any design
DEVIATIONS = (0.002, 0.5)  # relative: below, nothing matters; above, the law is worth nothing
STARTS = (0.5, 2.0)  # lengths at which the search begins; the likelihood may have two peaks
UNREST = (0.0, 20.0)  # κ: above, s of a few per cent would be as much as the time itself
START_SHARED, START_OWN, START_UNREST = 0.07, 0.03, 1.0  # relative deviations, and κ, at which it begins
RIDGE = 1e-6  # on β: a term that no residual speaks of stays where the fit put it
FEWEST_SPARE_POINTS = 10  # beyond the coefficients; with fewer a covariance cannot be learned


class _Model(NamedTuple):
    """A covariance with its factorisation and the coefficients β that go with it."""

    lengths: Array  # (n_factors,), nats
    shared: float  # s, relative
    own: float  # standard deviation of ε, relative
    unrest: float  # κ: how much larger both are where all of the time is what is paid beyond a cache
    factor: tuple[Array, bool]  # Cholesky factor of the covariance of the residuals
    beta: Array  # (k,)
    information: Array  # (k, k)
    loss: float  # minus the restricted log likelihood, up to a constant


class Neighbours:
    """A fit whose predictions take over what the measured points nearby have in common.

    Attributes
    ----------
    lengths : factor -> distance in nats over which residuals lose all but 1/e of their likeness.
    shared, own : relative standard deviations of what neighbours share, and of what each point has to itself, where
        no operation is paid for beyond a threshold.
    unrest : how many times larger, less 1, both are where everything is.

    Raises
    ------
    FitError : fewer than 10 points more than coefficients, or a factor that is not above 0 everywhere.
    """

    def __init__(self, fit: Fit) -> None:
        levels = {name: fit.points[name].to_numpy().astype(np.float64) for name in fit.factors}
        self._fit, self._active = fit, fit.coefficients > 0
        self._factors = [name for name, values in levels.items() if len(np.unique(values)) > 1]
        for name in self._factors:
            if not (levels[name] > 0).all():
                raise FitError(f"factor {name!r}: {levels[name].min():g}; neighbours are told by levels above 0")
        needed = int(self._active.sum()) + FEWEST_SPARE_POINTS
        if fit.n_points < needed:
            raise FitError(f"points: {fit.n_points}; what neighbours share takes at least {needed}")
        self._at = self._place({name: levels[name] for name in self._factors})
        self._jacobian = self._shares(levels)
        self._outside = self._beyond(levels)
        self._residual = fit.points["log_residual"].to_numpy()
        self._error = fit.points["location_error"].to_numpy()
        self._model = min((self._search(length) for length in STARTS), key=lambda model: model.loss)
        self.lengths = dict(zip(self._factors, map(float, self._model.lengths), strict=True))
        self.shared, self.own, self.unrest = self._model.shared, self._model.own, self._model.unrest

    def predict(self, points: Points) -> list[Interval]:
        """Intervals for what one sample would be at new points."""
        model, table = self._model, _table(points, self._fit.factors)
        jacobian = self._shares(table)
        amplitude = 1 + model.unrest * self._beyond(table)
        near = model.shared**2 * _likeness(self._place(table), self._at, model.lengths)  # (m, n)
        near *= amplitude[:, None] * (1 + model.unrest * self._outside)
        weights = cho_solve(model.factor, near.T)  # (n, m)
        left = self._residual - self._jacobian @ model.beta
        correction = jacobian @ model.beta + weights.T @ left
        drift = jacobian - weights.T @ self._jacobian  # (m, k)
        variance = (
            amplitude**2 * model.shared**2
            - np.einsum("mn,nm->m", near, weights)
            + np.einsum("mk,mk->m", drift, np.linalg.solve(model.information, drift.T).T)
            + amplitude**2 * model.own**2
            + (self._fit.noise.relative or 0.0) ** 2
        )
        fitted = columns_at(self._fit.full_law, table) @ self._fit.coefficients * np.exp(correction)
        ends = np.exp(t_quantile(self._fit.confidence, self._fit.freedom) * np.sqrt(np.maximum(variance, 0.0)))
        return [Interval(float(f), float(f / e), float(f * e)) for f, e in zip(fitted, ends, strict=True)]

    def _place(self, table: dict[str, Array]) -> Array:
        return np.log(np.column_stack([table[name] for name in self._factors]))

    def _shares(self, table: dict[str, Array]) -> Array:
        """The law's Jacobian in the logs of its coefficients: each term's share of the fitted time."""
        times = columns_at(self._fit.full_law, table)[:, self._active] * self._fit.coefficients[self._active]
        return shares_of(times)

    def _beyond(self, table: dict[str, Array]) -> Array:
        """The share of the fitted time that is paid for working sets beyond a threshold (m,)."""
        times = columns_at(self._fit.full_law, table) * self._fit.coefficients
        companions = {regime.companion for regime in self._fit.regimes}
        beyond = [term.term in companions for term in self._fit.terms]
        return np.asarray(shares_of(times)[:, beyond].sum(axis=1))

    def _search(self, length: float) -> _Model:
        n_factors = len(self._factors)
        unrest, start_unrest = (UNREST, START_UNREST) if self._outside.any() else ((0.0, 0.0), 0.0)
        start = np.append(np.log([*[length] * n_factors, START_SHARED, START_OWN]), start_unrest)
        ends = np.vstack([np.log([*[LENGTHS] * n_factors, DEVIATIONS, DEVIATIONS]), unrest])

        def loss(theta: Array) -> float:
            return self._at_parameters(theta).loss

        found = minimize(loss, start, method="L-BFGS-B", bounds=Bounds(ends[:, 0], ends[:, 1]))
        return self._at_parameters(found.x)

    def _at_parameters(self, theta: Array) -> _Model:
        """The model at logarithms of lengths, s and ε, and at κ."""
        *lengths, shared, own = np.exp(theta[:-1])
        unrest = float(theta[-1])
        amplitude = 1 + unrest * self._outside
        covariance = shared**2 * _likeness(self._at, self._at, np.array(lengths)) * np.outer(amplitude, amplitude)
        factor = cho_factor(covariance + np.diag(amplitude**2 * own**2 + self._error**2), lower=True)
        solved = cho_solve(factor, np.column_stack([self._residual, self._jacobian]))
        information = self._jacobian.T @ solved[:, 1:] + RIDGE * np.eye(self._jacobian.shape[1])
        moment = self._jacobian.T @ solved[:, 0]
        beta: Array = np.asarray(np.linalg.solve(information, moment), dtype=np.float64)
        quadratic = float(self._residual @ solved[:, 0] - moment @ beta)
        determinant = 2 * float(np.log(np.diag(factor[0])).sum()) + float(np.linalg.slogdet(information)[1])
        loss = (quadratic + determinant) / 2
        return _Model(np.array(lengths), float(shared), float(own), unrest, factor, beta, information, loss)


def _likeness(these: Array, those: Array, lengths: Array) -> Array:
    """Correlation of what points (m, p) and (n, p) share (m, n)."""
    apart = (these[:, None] - those[None]) / lengths
    return np.asarray(np.exp(-np.sqrt((apart**2).sum(axis=-1))))


def _table(points: Points, factors: tuple[str, ...]) -> dict[str, Array]:
    if isinstance(points, (list, tuple)):
        return {name: np.array([float(point[name]) for point in points]) for name in factors}
    return {name: np.asarray(points[name], dtype=np.float64) for name in factors}  # type: ignore[call-overload]
