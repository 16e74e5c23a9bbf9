"""Ways to predict from one fit.

They are the law alone, the law with what neighbours share, the same with a drift, with thresholds in its own factors,
and a product of powers, which knows nothing of the law.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np

from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.predict.coordinates import Table, coordinates
from bptt_bench.analyse.predict.neighbours import Neighbours, Spread
from bptt_bench.analyse.predict.thresholds import with_thresholds
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import RESOLUTION, t_quantile
from bptt_bench.errors import FitError

LAW, NEIGHBOURS, DRIFT, THRESHOLDS, POWERS = "law", "neighbours", "drift", "thresholds", "power law"
FEWEST_SPARE_POINTS = 3  # beyond the coefficients of a power law


class Candidate(Protocol):
    """Returns the predictive distribution of the logarithm of one sample at points."""

    def spread(self, points: Table, /) -> Spread: ...


class LawAlone(NamedTuple):
    """The fitted law, with the scatter of points about it."""

    fit: Fit

    def spread(self, points: Table) -> Spread:
        """Return the predictive distribution at points."""
        intervals = self.fit.predict(dict(points))
        centre = np.log([one.estimate for one in intervals])
        quantile = t_quantile(self.fit.confidence, self.fit.freedom)
        scale = (np.log([one.high for one in intervals]) - centre) / quantile
        return Spread(centre, np.maximum(scale, RESOLUTION))


class PowerLaw:
    """A product of powers of the factors, or of what else the law multiplies, by least squares of logarithms.

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
        self.squares = float(((y - columns @ self._weights) ** 2).sum())
        self.n_parameters = k
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


def candidates(
    fit: Fit, near: Mapping[str, Candidate] | None = None, *, is_rejected: bool = True
) -> dict[str, Candidate]:
    """Return the ways to predict that a fit allows, by name; the law alone is always among them.

    Parameters
    ----------
    near : those of a similar fit, from which searches start.
    is_rejected : whether the data reject the law, without which no thresholds are searched.
    """
    found: dict[str, Candidate] = {LAW: LawAlone(fit)}
    for name, drift in ((NEIGHBOURS, False), (DRIFT, True)):
        start = None if near is None else near.get(name)
        try:
            found[name] = Neighbours(fit, drift=drift, near=start if isinstance(start, Neighbours) else None)
        except (FitError, np.linalg.LinAlgError):
            break
    further = {THRESHOLDS: _beyond_thresholds, POWERS: PowerLaw} if is_rejected else {POWERS: PowerLaw}
    for name, made in further.items():
        try:
            found[name] = made(fit)
        except (FitError, np.linalg.LinAlgError):
            continue
    return found


def _beyond_thresholds(fit: Fit) -> Candidate:
    """Return the law with thresholds, and with what neighbours share where there are enough points."""
    bent = with_thresholds(fit)
    try:
        return Neighbours(bent)
    except (FitError, np.linalg.LinAlgError):
        return LawAlone(bent)
