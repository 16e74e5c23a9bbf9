"""Tests of a law by the structure of its residuals, which need no repetitions.

Where a law holds, nothing that is computed from the factors explains its residuals. Each test adds such columns to the
law and compares the sum of squares before and after (an F test): a change of the power of a factor in the terms of the
law, a further term, which is the law's own times powers of a factor, a bend along it, a trend or bend along the fitted
time, a product of two factors. Another counts runs of residuals on one side of the law, in the order of the fitted
time. A product of powers may fit better than the law. p-values are corrected for the number of tests, further terms
not counted (Bonferroni).

Source: Draper & Smith (1998), "Applied Regression Analysis", section 6.1, for the extra sum of squares; Wald &
Wolfowitz (1940), "On a test whether two samples are from the same population", for runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import fdtrc, ndtr, stdtrit

from bptt_bench.analyse.findings.predictions import Misfit, Unseen, UnseenTerm, Untestable
from bptt_bench.analyse.fitting.diagnose import shares_of
from bptt_bench.analyse.fitting.fitted import Fit, columns_at
from bptt_bench.analyse.predict.candidates import PowerLaw
from bptt_bench.analyse.predict.coordinates import Table
from bptt_bench.analyse.predict.refit import solution_of
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import RESOLUTION, SINGULAR, aicc
from bptt_bench.errors import FitError

REJECT_BELOW = 0.01  # of all tests together
DOUBT_BELOW = 0.05  # the same, of a departure that would change a prediction much
FEWEST_LEVELS = 3  # of a factor: with two any exponent fits
FEWEST_POINTS_FOR_RUNS = 12
MOST_FACTORS_FOR_PRODUCTS = 4
FEWEST_SPARE = 3  # points beyond the columns of a test
DECISIVE_GAP = 12.0  # of AICc, as for a threshold: the power law is one of several laws that might fit better
LIKE_NOISE = 0.1  # p-value from which points scatter no more than their samples explain
CONFIDENCE = 0.975  # of the upper end of what a further term may be
LEAST_LEFT = 0.05  # of a value from which a term is subtracted
SMALLEST_FALL = 0.1  # exponent of a law that falls with a factor
POWER = 0.8  # of the test whose smallest visible change is stated

Columns = Callable[[Table], Array]  # levels by factor -> (m, q)


class _Alternative(NamedTuple):
    """A way to depart from the law: columns beside its Jacobian; a term has some more powers of a factor."""

    kind: Literal["exponent", "term", "trend", "bend", "interaction"]
    along: tuple[str, ...]
    columns: Columns
    powers: float = 1.0


class _TermShare(NamedTuple):
    """What a further term may be in the law's value at the largest level: the best estimate and how sure it is."""

    best: float
    error: float
    quantile: float  # of t, for the ends of the interval


class _Noise(NamedTuple):
    """Variance of the logarithm at a point, as its samples differ, and the degrees of freedom of all of them."""

    variance: float
    freedom: int


class _Departure(NamedTuple):
    """A departure from the law that the data show, and the coefficients of law and columns with it."""

    misfit: Misfit
    columns: Columns | None
    weights: Array


class LawTests:
    """What the residuals of a fit say of its law.

    Attributes
    ----------
    misfits : the departures that the data show, the most significant first; ``effects`` has traces of others too.
    untestable : why the law cannot be tested along some factors, or at all.
    p_value : the least of all tests, corrected for their number; 1 where there is no test.
    """

    def __init__(self, fit: Fit) -> None:
        self._fit = fit
        self._active = fit.coefficients > 0
        self._middle = {name: float(np.log(values[values > 0]).mean()) for name, values in _varied(fit).items()}
        self._jacobian = self._shares(fit.levels)
        self.untestable = tuple(self._obstacles())
        self._departures: list[_Departure] = []
        self.p_value = 1.0
        self._errors: dict[str, float] = {}
        self._terms: dict[tuple[str, float], _TermShare] = {}  # by factor and powers
        if fit.scatter > RESOLUTION and not any(one.factor is None for one in self.untestable):
            self._errors_and_departures()
        self.misfits = tuple(one.misfit for one in self._departures if one.misfit.p_value < REJECT_BELOW)
        self.p_value = min([self.p_value, *(one.p_value for one in self.misfits)])

    def effects(self, points: Table) -> list[list[Misfit]]:
        """Return the misfits at each point, each with what it makes of the prediction there."""
        m = len(next(iter(points.values())))
        found: list[list[Misfit]] = [[] for _ in range(m)]
        for departure in self._departures:
            if departure.columns is None:
                effects = np.full(m, np.nan)
            else:
                own = departure.weights[: self._jacobian.shape[1]]
                added = departure.columns(points) @ departure.weights[self._jacobian.shape[1] :]
                if departure.misfit.kind == "term":
                    added = np.log1p(np.maximum(added, LEAST_LEFT - 1))
                effects = self._shares(points) @ own + added
            for each, effect in zip(found, effects.tolist(), strict=True):
                each.append(replace(departure.misfit, effect=effect if np.isfinite(effect) else None))
        return found

    def unseen(self, points: Table) -> list[Unseen | None]:
        """Return the change of an exponent that the data would not show and that matters most at each point."""
        largest = {name: float(np.log(values.max())) for name, values in _varied(self._fit).items()}
        m = len(next(iter(points.values())))
        found: list[Unseen | None] = [None] * m
        for name, error in self._errors.items():
            with np.errstate(divide="ignore"):
                beyond = np.maximum(np.log(np.asarray(points[name], dtype=np.float64)) - largest[name], 0.0)
            for i, effect in enumerate((error * beyond).tolist()):
                known = found[i]
                if effect > 0 and (known is None or effect > known.effect):
                    found[i] = Unseen(factor=name, change=error, effect=effect)
        return found

    def unseen_terms(self, points: Table) -> list[UnseenTerm | None]:
        """Return the further term that the data do not exclude and that matters most at each point.

        One that is subtracted stands for a saturation, which divides by as much as the same term would multiply by.
        """
        m = len(next(iter(points.values())))
        found: list[UnseenTerm | None] = [None] * m
        for (name, powers), (best, error, quantile) in self._terms.items():
            for side in (1.0, -1.0):
                most = max(side * best + quantile * error, 0.0)
                effects = side * np.log1p(most * self._term(points, name, powers)[:, 0])
                for i, effect in enumerate(effects.tolist()):
                    known = found[i]
                    if effect != 0 and (known is None or abs(effect) > abs(known.effect)):
                        is_hinted = side > 0 and best > error
                        found[i] = UnseenTerm(
                            factor=name, share=side * most, effect=effect, is_hinted=is_hinted, powers=powers
                        )
        return found

    def _obstacles(self) -> Iterator[Untestable]:
        fit = self._fit
        needed = int(self._active.sum()) + 1 + FEWEST_SPARE
        if fit.n_points < needed:
            yield Untestable(factor=None, n_levels=fit.n_points, needed=needed)
        for name, values in fit.levels.items():
            n_levels = len(np.unique(values))
            if 1 < n_levels < FEWEST_LEVELS and name in fit.law.factors:
                yield Untestable(factor=name, n_levels=n_levels, needed=FEWEST_LEVELS)

    def _errors_and_departures(self) -> None:
        errors, noise = solution_of(self._fit).errors, _noise(self._fit)
        tested = [
            (one, _extra_squares(errors, self._jacobian, one.columns(self._fit.levels), noise)) for one in self._tests()
        ]
        results = [(one, found) for one, found in tested if found is not None]
        runs = _runs(errors, self._fit.points["fitted"].to_numpy())
        n_tests = sum(one.kind != "term" for one, _ in results) + (runs is not None)  # terms take no power from others
        for one, (p_value, weights, error, freedom) in results:
            if one.kind == "exponent":
                quantiles = stdtrit(freedom, [1 - REJECT_BELOW / 2 / n_tests, POWER])
                self._errors[one.along[0]] = float(quantiles.sum()) * error
            if one.kind == "term":
                share = _TermShare(float(weights[-1]), error, float(stdtrit(freedom, CONFIDENCE)))
                self._terms[one.along[0], one.powers] = share
            adjusted = min(p_value * n_tests, 1.0)
            self.p_value = min(self.p_value, adjusted)
            if adjusted < DOUBT_BELOW:
                change = float(weights[-1]) if one.kind in ("exponent", "term") else None
                misfit = Misfit(kind=one.kind, along=one.along, p_value=adjusted, change=change, powers=one.powers)
                self._departures.append(_Departure(misfit, one.columns, weights))
        if runs is not None and runs * n_tests < REJECT_BELOW:
            misfit = Misfit(kind="runs", along=(), p_value=runs * n_tests)
            self._departures.append(_Departure(misfit, None, np.zeros(0)))
        powers = _better_powers(self._fit)
        if powers is not None:
            law = self._fit

            def columns(points: Table) -> Array:
                fitted = columns_at(law.full_law, dict(points)) @ law.coefficients
                return (powers.spread(points).centre - np.log(fitted))[:, None]

            weights = np.append(np.zeros(self._jacobian.shape[1]), 1.0)
            self._departures.append(_Departure(Misfit(kind="power law", along=(), p_value=0.0), columns, weights))
        self._departures.sort(key=lambda one: one.misfit.p_value)

    def _tests(self) -> Iterator[_Alternative]:
        names = list(self._middle)
        for name in names:
            yield _Alternative("exponent", (name,), lambda points, name=name: self._power(points, name))  # type: ignore[misc]
            for more in self._more_powers(name):
                columns = partial(self._term, name=name, powers=more)
                yield _Alternative("term", (name,), columns, more)
            yield _Alternative("bend", (name,), lambda points, name=name: self._logs(points, name, name))  # type: ignore[misc]
        if len(names) > 1:
            yield _Alternative("trend", (), lambda points: self._size(points)[:, :1])
            yield _Alternative("bend", (), self._size)
        if len(names) <= MOST_FACTORS_FOR_PRODUCTS:
            for one, other in combinations(names, 2):
                yield _Alternative(
                    "interaction",
                    (one, other),
                    lambda points, one=one, other=other: self._logs(points, one, other),  # type: ignore[misc]
                )

    def _shares(self, points: Table) -> Array:
        times = columns_at(self._fit.full_law, dict(points))[:, self._active] * self._fit.coefficients[self._active]
        return shares_of(times)

    def _log(self, points: Table, name: str) -> Array:
        values = np.asarray(points[name], dtype=np.float64)
        return np.where(values > 0, np.log(np.where(values > 0, values, 1.0)) - self._middle[name], 0.0)

    def _power(self, points: Table, name: str) -> Array:
        """Return the derivative of the log time in the exponent of a factor, in the terms of the law that have it."""
        return np.asarray(self._own_share(points, name) * self._log(points, name))[:, None]

    def _more_powers(self, name: str) -> list[float]:
        """Return the powers of a factor by which further terms exceed those of the law.

        One more, and of a law that falls with the factor as many as let a term grow with it.
        """
        at = self._fit.largest | {name: float(self._fit.levels[name].max())}
        own = [term.local_exponent(name, at) for term in self._fit.law.terms if name in term.factors]
        steepest = max(own, default=0.0)
        return [1.0, 1.0 - steepest] if steepest < -SMALLEST_FALL else [1.0]

    def _term(self, points: Table, name: str, powers: float) -> Array:
        """Return the law's terms with a factor, times powers of it, over the fitted time; 1 at the largest level."""
        largest = float(self._fit.levels[name].max())
        level = np.asarray(points[name], dtype=np.float64)
        return np.asarray(self._own_share(points, name) * (level / largest) ** powers)[:, None]

    def _own_share(self, points: Table, name: str) -> Array | float:
        """Return the share of the terms of the law that have a factor; 1 where none has it."""
        own = [
            term.role != "overhead" and name in parsed.factors
            for term, parsed in zip(self._fit.terms, self._fit.full_law.terms, strict=True)
        ]
        return self._shares(points)[:, np.array(own)[self._active]].sum(axis=1) if any(own) else 1.0

    def _logs(self, points: Table, one: str, other: str) -> Array:
        """Return the logarithms of two factors and their product; of one factor and its square if they are the same."""
        each = [self._log(points, name) for name in dict.fromkeys((one, other))]
        return np.column_stack([*each, self._log(points, one) * self._log(points, other)])

    def _size(self, points: Table) -> Array:
        """Return the logarithm of the fitted time, and its square."""
        middle = float(np.log(self._fit.points["fitted"].to_numpy()).mean())
        logs = np.log(columns_at(self._fit.full_law, dict(points)) @ self._fit.coefficients) - middle
        return np.column_stack([logs, logs**2])


def _varied(fit: Fit) -> dict[str, Array]:
    """Return the levels of factors that have enough of them for an exponent."""
    return {name: values for name, values in fit.levels.items() if len(np.unique(values[values > 0])) >= FEWEST_LEVELS}


def _noise(fit: Fit) -> _Noise:
    """Return what samples of one point say of the error of a point."""
    n_samples = fit.points["n_samples"].to_numpy()
    variance = float(np.mean(fit.points["location_error"].to_numpy() ** 2))
    return _Noise(variance, int((n_samples - 1).sum())) if np.isfinite(variance) else _Noise(0.0, 0)


def _extra_squares(
    errors: Array, jacobian: Array, added: Array, noise: _Noise
) -> tuple[float, Array, float, int] | None:
    """Test whether columns explain errors beside the law.

    What is left is held against its own scatter. Where that is no more than the scatter of samples of one point
    explains, their degrees of freedom count too.

    Returns
    -------
    p-value, coefficients of law and columns, standard error of the last column, and degrees of freedom; ``None`` where
    the columns are those of the law, or too few points are left.
    """
    n, k = jacobian.shape
    basis, _ = np.linalg.qr(jacobian)
    left = added - basis @ (basis.T @ added)
    scale = np.linalg.norm(left, axis=0)
    freedom = n - k - added.shape[1]
    if freedom < FEWEST_SPARE or (scale < SINGULAR * np.linalg.norm(added, axis=0)).any() or not scale.all():
        return None
    own, singular, rotation = np.linalg.svd(left / scale, full_matrices=False)
    if singular[-1] < SINGULAR * singular[0]:
        return None
    base = errors - basis @ (basis.T @ errors)
    slopes = rotation.T @ ((own.T @ base) / singular) / scale
    explained = float(((own.T @ base) ** 2).sum())
    variance = max(float((base**2).sum()) - explained, 0.0) / freedom
    if noise.freedom and fdtrc(freedom, noise.freedom, variance / max(noise.variance, RESOLUTION**2)) > LIKE_NOISE:
        variance, freedom = max(variance, noise.variance), freedom + noise.freedom
    ratio = explained / added.shape[1] / max(variance, RESOLUTION**2)
    of_law = np.linalg.lstsq(jacobian, errors - added @ slopes, rcond=None)[0]
    error = float(np.sqrt(variance) * np.linalg.norm(rotation[:, -1] / singular) / scale[-1])
    return float(fdtrc(added.shape[1], freedom, ratio)), np.concatenate([of_law, slopes]), error, freedom


def _runs(errors: Array, fitted: Array) -> float | None:
    """Return the p-value of so few runs of one sign in the order of the fitted time; ``None`` with too few points."""
    signs = np.sign(errors[np.argsort(fitted, kind="stable")])
    signs = signs[signs != 0] > 0
    n, up = len(signs), int(signs.sum())
    down = n - up
    if n < FEWEST_POINTS_FOR_RUNS or min(up, down) < FEWEST_SPARE:
        return None
    runs = 1 + int((signs[1:] != signs[:-1]).sum())
    expected = 1 + 2 * up * down / n
    variance = 2 * up * down * (2 * up * down - n) / (n**2 * (n - 1))
    return float(ndtr((runs + 0.5 - expected) / np.sqrt(variance)))


def _better_powers(fit: Fit) -> PowerLaw | None:
    """Return the power law if it fits decisively better than the law."""
    try:
        powers = PowerLaw(fit)
    except FitError:
        return None
    squares = float((fit.points["log_residual"].to_numpy() ** 2).sum())
    ours = aicc(squares, fit.n_points, int((fit.coefficients > 0).sum()))
    theirs = aicc(powers.squares, fit.n_points, powers.n_parameters)
    return powers if np.isfinite([ours, theirs]).all() and ours - theirs > DECISIVE_GAP else None
