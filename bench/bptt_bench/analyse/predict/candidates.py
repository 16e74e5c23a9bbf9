"""Ways to predict from one fit.

They are the law alone, the law with what neighbours share, the same with a drift, with thresholds in its own factors,
and a product of powers, which knows nothing of the law.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from bptt_bench.analyse.fitting.fitted import Fit, columns_at
from bptt_bench.analyse.predict.coordinates import Table, coordinates
from bptt_bench.analyse.predict.neighbours import MOST_STEPS, MOST_STEPS_NEAR, Neighbours, Spread
from bptt_bench.analyse.predict.refit import refit_observed
from bptt_bench.analyse.predict.thresholds import with_thresholds
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import RESOLUTION, aicc, huber_weights, t_quantile
from bptt_bench.errors import FitError

LAW, NEIGHBOURS, DRIFT, THRESHOLDS, POWERS = "law", "neighbours", "drift", "thresholds", "power law"
FEWEST_SPARE_POINTS = 3  # beyond the coefficients of a power law


class Candidate(Protocol):
    """Returns the predictive distribution of the logarithm of one sample at points."""

    def spread(self, points: Table, /) -> Spread: ...


class LawAlone(NamedTuple):
    """The fitted law, with the scatter of points about it."""

    fit: Fit

    @property
    def criterion(self) -> float:
        """AICc, or AIC where it is undefined."""
        fit = self.fit
        return fit.aicc if np.isfinite(fit.aicc) else _aic(fit.scatter**2 * fit.freedom, fit.n_points, fit.n_active)

    def spread(self, points: Table) -> Spread:
        """Return the predictive distribution at points."""
        intervals = self.fit.predict(dict(points))
        centre = np.log([one.estimate for one in intervals])
        quantile = t_quantile(self.fit.confidence, self.fit.freedom)
        scale = (np.log([one.high for one in intervals]) - centre) / quantile
        return Spread(centre, np.maximum(scale, RESOLUTION))


class Beyond(NamedTuple):
    """A way to predict where the fitted cost exceeds a threshold, and another one elsewhere."""

    fit: Fit
    threshold: float
    there: Candidate
    here: Candidate

    def spread(self, points: Table) -> Spread:
        """Return the predictive distribution at points."""
        is_beyond = columns_at(self.fit.full_law, dict(points)) @ self.fit.coefficients > self.threshold
        there, here = self.there.spread(points), self.here.spread(points)
        return Spread(*(np.where(is_beyond, one, other) for one, other in zip(there, here, strict=True)))


class PowerLaw:
    """A product of powers of the factors, or of what else the law multiplies, by least squares of logarithms.

    Attributes
    ----------
    squares, n_parameters : sum of squared residuals, and number of coefficients.
    criterion : as of the law alone.

    Raises
    ------
    FitError : too few points, or factors that vary together.
    """

    def __init__(self, fit: Fit) -> None:
        self._coordinates = coordinates(fit)
        columns, y = self._columns(fit.levels), np.log(fit.points["measured"].to_numpy())
        n, k = columns.shape
        if n < k + FEWEST_SPARE_POINTS or np.linalg.matrix_rank(columns) < k:
            raise FitError(f"points: {n}; a power law in {k - 1} factors needs {k + FEWEST_SPARE_POINTS}")
        self._weights = np.linalg.lstsq(columns, y, rcond=None)[0]
        self._inverse = np.linalg.inv(columns.T @ columns)
        self._noise = fit.noise.relative or 0.0
        residual = y - columns @ self._weights
        self.squares = float((residual**2).sum())
        self.n_parameters = k
        huber = huber_weights(residual, k) if fit.robust else np.ones(n)  # the loss of the law's fit
        loss = float(((2 * huber - huber**2) * residual**2).sum())
        corrected = aicc(loss, n, k)
        self.criterion = corrected if np.isfinite(corrected) else _aic(loss, n, k)
        self._variance = self.squares / (n - k)

    def spread(self, points: Table) -> Spread:
        """Return the predictive distribution at points."""
        columns = self._columns(points)
        own = 1 + np.einsum("mi,ij,mj->m", columns, self._inverse, columns)
        return Spread(columns @ self._weights, np.sqrt(self._variance * own + self._noise**2 + RESOLUTION**2))

    def _columns(self, points: Table) -> Array:
        logs = [one.logs(points) for one in self._coordinates]
        m = len(next(iter(points.values()))) if points else 1
        return np.column_stack([np.ones(m), *logs])


class Ways(dict[str, Candidate]):
    """Ways to predict by name, with the criterion of those that are laws: their AICc, or AIC where it is undefined."""

    def __init__(self) -> None:
        super().__init__()
        self.criteria: dict[str, float] = {}

    def without(self, name: str) -> Ways:
        """Return the ways without one of them."""
        found = Ways()
        found.update((one, way) for one, way in self.items() if one != name)
        found.criteria = {one: value for one, value in self.criteria.items() if one != name}
        return found

    @property
    def akaike_weights(self) -> dict[str, float]:
        """The evidence that the data are for each of the laws, with the sum 1.

        Source: Burnham & Anderson (2002), "Model Selection and Multimodel Inference", section 2.9.
        """
        least = min(self.criteria.values())
        found = {name: float(np.exp(-(value - least) / 2)) for name, value in self.criteria.items()}
        return {name: value / sum(found.values()) for name, value in found.items()}


def candidates(fit: Fit, near: Mapping[str, Candidate] | None = None, *, is_rejected: bool = True) -> Ways:
    """Return the ways to predict that a fit allows; the law alone is always among them.

    Parameters
    ----------
    near : those of a similar fit, from which searches start.
    is_rejected : whether the data reject the law, without which no thresholds are searched.
    """
    found, observed = Ways(), refit_observed(fit)
    found[LAW] = LawAlone(fit)
    found.criteria[LAW] = LawAlone(observed).criterion

    def neighbours(of: Fit, name: str) -> Neighbours:
        starts = [({} if near is None else near).get(name), found.get(NEIGHBOURS)]
        start = next((one for one in starts if isinstance(one, Neighbours)), None)
        return Neighbours(of, drift=name == DRIFT, near=start, steps=MOST_STEPS if near is None else MOST_STEPS_NEAR)

    def thresholds() -> Candidate:
        bent, beyond = with_thresholds(observed)
        found.criteria[THRESHOLDS] = LawAlone(bent).criterion
        way: Candidate = LawAlone(bent)
        with contextlib.suppress(FitError, np.linalg.LinAlgError):
            way = neighbours(bent, THRESHOLDS)
        return way if beyond is None else Beyond(observed, beyond, way, found.get(NEIGHBOURS, found[LAW]))

    def powers() -> Candidate:
        made = PowerLaw(observed)
        found.criteria[POWERS] = made.criterion
        return made

    made: dict[str, Callable[[], Candidate]] = {
        NEIGHBOURS: lambda: neighbours(fit, NEIGHBOURS),
        DRIFT: lambda: neighbours(fit, DRIFT),
        **({THRESHOLDS: thresholds} if is_rejected else {}),
        POWERS: powers,
    }
    for name, make in made.items():
        with contextlib.suppress(FitError, np.linalg.LinAlgError):
            found[name] = make()
    return found


def _aic(loss: float, n: int, k: int) -> float:
    return float(n * np.log(max(loss / n, RESOLUTION**2)) + 2 * (k + 1))
