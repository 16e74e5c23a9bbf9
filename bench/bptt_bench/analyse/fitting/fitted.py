"""A fitted law: coefficients with intervals, shares, local exponents, predictions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from bptt_bench.analyse.findings.fits import LackOfFit
from bptt_bench.analyse.findings.reason import Finding
from bptt_bench.analyse.findings.remarks import CacheRegime
from bptt_bench.analyse.fitting.hosts import Host
from bptt_bench.analyse.fitting.regime import Regime
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Interval, needs_huber, t_quantile
from bptt_bench.analyse.stats.influence import Influence
from bptt_bench.errors import FitError
from bptt_bench.plan import CostLaw
from bptt_bench.text.units import Unit

if TYPE_CHECKING:
    import pandas as pd

Points: TypeAlias = "Sequence[Mapping[str, float]] | Mapping[str, Any] | pd.DataFrame"  # a list, or a table of levels


class Noise(NamedTuple):
    """Scatter of samples about their points.

    ``relative``: standard deviation of undisturbed samples, ``None`` without repetitions. ``contaminated_share``: share
    of disturbed samples. ``far_share``: share of samples at 1.5 times their location or more.
    """

    relative: float | None
    contaminated_share: float
    far_share: float


class FitErrors(NamedTuple):
    """Relative errors of the fitted against the measured points: mean of absolute values, and the largest."""

    in_sample_mape: float
    max: float

    @classmethod
    def of(cls, residual: Array) -> FitErrors:
        """Return the errors of residuals of logarithms (n_points,)."""
        relative = np.abs(np.expm1(-residual))
        return cls(float(relative.mean()), float(relative.max()))


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedTerm:
    """A term with its coefficient per unit of the term, its interval, and whether it is identifiable.

    ``largest_share`` is its share of the fitted time at the measured point where that is largest; ``reason`` says why
    it is not identifiable and which point would decide, and is ``None`` otherwise.
    """

    term: str
    role: Literal["law", "overhead", "regime"]
    coefficient: float
    low: float
    high: float
    share_at_largest: float
    largest_share: float
    identifiable: bool
    reason: Finding | None = None


def own_share(terms: Sequence[FittedTerm]) -> float:
    """Return the share of the stated law's terms in the fitted response at the largest point, without overhead."""
    return sum(term.share_at_largest for term in terms if term.role != "overhead")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Fit:
    """A law fitted to the points of a frame.

    Attributes
    ----------
    unit : of the response, coefficients, points and predictions; ``None`` if unknown.
    full_law : the law with its overhead terms, in the order of ``terms`` and ``coefficients`` (k,).
    influence : of each point on the coefficients, from which all intervals follow.
    points : one row per point: factors, n_samples, measured, low, high, fitted, log_residual, location_error; and
        censored, where some are lower bounds.
    scatter : relative standard deviation of points about the law.
    freedom : points less terms above 0.
    coefficients_on_minima : the same fit on the smallest sample of each point, as a sensitivity check (k,).
    below_floor : samples dropped because their signal was below the floor.
    regimes : thresholds beyond which the operations of a term cost more, if any was detected.
    hosts : of the samples, the reference first, to whose speed the coefficients belong; empty for a single host.
    """

    law: CostLaw
    full_law: CostLaw
    response: str
    unit: Unit | None
    factors: tuple[str, ...]
    terms: tuple[FittedTerm, ...]
    coefficients: Array
    influence: Influence
    coefficients_on_minima: Array
    points: pd.DataFrame
    noise: Noise
    error: FitErrors
    lack_of_fit: LackOfFit
    n_points: int
    n_samples: int
    below_floor: int
    regimes: tuple[Regime, ...]
    condition_number: float
    confounded: tuple[frozenset[str], ...]
    scatter: float
    freedom: int
    aicc: float
    confidence: float
    hosts: tuple[Host, ...] = ()

    def __repr__(self) -> str:
        """Return how well the law fits, and a line for each term."""
        mean, largest = (100 * one for one in (self.error.in_sample_mape, self.error.max))
        head = ", ".join([f"Fit of {self.response}", self.law.text, f"{self.n_points} points"])
        unit = "" if self.unit is None else f" {self.unit.symbol}"
        terms = (f"{one.term}: {Interval(one.coefficient, one.low, one.high)}{unit} ({one.role})" for one in self.terms)
        return "\n  ".join([f"{head}, mean error {mean:.2g} %, largest {largest:.2g} %", *terms])

    @property
    def changes(self) -> Array:
        """Change of the coefficients when a point is left out, to first order (n_points, k)."""
        return self.influence.leave_one_out

    @property
    def levels(self) -> dict[str, Array]:
        """The level of each factor at the points (n_points,)."""
        return {name: self.points[name].to_numpy().astype(np.float64) for name in self.factors}

    @property
    def design(self) -> Array:
        """Columns of the full law at the points (n_points, k)."""
        return self.full_law.columns(self.levels)

    @property
    def largest(self) -> dict[str, float]:
        """The point of the data with the longest fitted time."""
        row = int(np.argmax(self.points["fitted"].to_numpy()))
        return {name: float(self.points[name].to_numpy()[row]) for name in self.factors}

    @property
    def n_active(self) -> int:
        """Number of terms above 0."""
        return int((self.coefficients > 0).sum())

    @property
    def n_censored(self) -> int:
        """Number of points that are lower bounds."""
        return int(self.points["censored"].sum()) if "censored" in self.points else 0

    @property
    def observed(self) -> Fit:
        """The fit with those of its points that are not lower bounds."""
        if not self.n_censored:
            return self
        points = self.points[~self.points["censored"].to_numpy(dtype=bool)].reset_index(drop=True)
        return replace(self, points=points.drop(columns="censored"), n_points=len(points))

    @property
    def robust(self) -> bool:
        """Whether Huber's loss was used, because points have too few samples to estimate noise."""
        return self.noise.relative is None or needs_huber(self.points["n_samples"].to_numpy())

    def to_frame(self) -> pd.DataFrame:
        """Return the terms as a table, a row for each in the order of the law.

        Its columns are those of ``FittedTerm`` but the reason; a coefficient is in the unit of the response per unit of
        the term. ``attrs`` has ``law``, ``response``, ``unit`` and ``confidence``, of the intervals.
        """
        import pandas as pd

        columns = [one.name for one in fields(FittedTerm) if one.name != "reason"]
        frame = pd.DataFrame({name: [getattr(term, name) for term in self.terms] for name in columns})
        unit = None if self.unit is None else self.unit.symbol
        frame.attrs = {"law": self.law.text, "response": self.response, "unit": unit, "confidence": self.confidence}
        return frame

    def predict(self, points: Points) -> list[Interval]:
        """Return prediction intervals of one sample at new points: law, scatter of points about it, and noise.

        This is the law alone, without a grade. ``bench.predict`` adds what neighbours, thresholds and backtests know.
        """
        noise = self.noise.relative or 0.0
        measured = self.observed.points["location_error"].to_numpy()
        own = max(self.scatter**2 - float(np.mean(measured**2)), 0.0)  # point effects beyond the error of locations
        return self._intervals(points, own + noise**2)

    def curve(self, points: Points) -> list[Interval]:
        """Return confidence intervals of the law at new points."""
        return self._intervals(points, 0.0)

    def _intervals(self, points: Points, variance: float) -> list[Interval]:
        design = self._columns(points)
        with np.errstate(all="ignore"):
            fitted = design @ self.coefficients
        sound = np.isfinite(fitted) & (fitted > 0)  # elsewhere the law is undefined
        fitted = np.where(sound, fitted, 1.0)
        design = np.where(sound[:, None], design, 0.0)
        law = self.influence.half_widths((design / fitted[:, None]).T, self.confidence)
        half = np.hypot(law, t_quantile(self.confidence, self.freedom) * math.sqrt(variance))
        with np.errstate(over="ignore"):
            ends = np.exp(half)
            low, high = fitted / ends, fitted * ends
        return [
            Interval(*(float(end) if fine else math.nan for end in row))
            for *row, fine in zip(fitted, low, high, sound, strict=True)
        ]

    def ratio(self, numerator: Array, denominator: Array) -> Interval:
        """Return the interval of (a·c)/(b·c) for weights (k,), the form of shares, exponents and ratios."""
        below = float(denominator @ self.coefficients)
        value = float(numerator @ self.coefficients) / below
        weights = (numerator - value * denominator) / below
        half = float(self.influence.half_widths(weights[:, None], self.confidence)[0])
        return Interval(value, value - half, value + half)

    def exponent(self, factor: str, at: Mapping[str, float]) -> Interval:
        """Return the local exponent ∂ log t / ∂ log factor of the fitted law at a point.

        The ends are NaN where the law alone determines it, such as 2 for ``n**2``.

        Raises
        ------
        FitError : neither the data nor the law has such a factor, or the point lacks one of the law's.
        """
        self._require_factor(factor)
        values, exponents = self._columns([at])[0], self._exponents(factor, at)
        found = self.ratio(values * exponents, values)
        if np.ptp(exponents[values > 0]) == 0:
            return Interval(found.estimate, math.nan, math.nan)
        return found

    def law_exponent(self, factor: str, at: Mapping[str, float]) -> float:
        """Return the same for the stated law without overhead, its terms weighted by their fitted shares.

        It is NaN where all its terms are 0.

        Raises
        ------
        FitError : as in ``exponent``.
        """
        self._require_factor(factor)
        n_law = len(self.law.terms)
        weighted = (self._columns([at])[0] * self.coefficients)[:n_law]
        if not weighted.sum() > 0:
            weighted = self._columns([at])[0][:n_law]
        total = float(weighted.sum())
        return float(weighted @ self._exponents(factor, at)[:n_law]) / total if total > 0 else math.nan

    def share(self, terms: Sequence[str], at: Mapping[str, float]) -> Interval:
        """Return the share of some terms of the full law in the fitted time at a point, between 0 and 1.

        Raises
        ------
        FitError : the full law lacks a term.
        """
        values = self._columns([at])[0]
        members = np.isin(np.arange(len(values)), self.indices(terms))
        estimate, low, high = self.ratio(np.where(members, values, 0.0), values)
        return Interval(estimate, max(low, 0.0), min(high, 1.0))

    def indices(self, terms: Sequence[str]) -> list[int]:
        """Return the positions of terms in the full law."""
        have = [str(term) for term in self.full_law.terms]
        wanted = [str(term) for text in terms for term in CostLaw(text).terms]
        for name in wanted:
            if name not in have:
                raise FitError(f"term {name!r}: not in the law; its terms are {', '.join(have)}")
        return [have.index(name) for name in wanted]

    def companions(self, indices: Sequence[int]) -> list[int]:
        """Return the positions of the companions of some terms beyond thresholds, if any."""
        names = {str(self.full_law.terms[j]) for j in indices}
        return self.indices([regime.companion for regime in self.regimes if regime.term in names])

    def cache_regimes(self, terms: Sequence[str] | None = None) -> tuple[CacheRegime, ...]:
        """Return what was found beyond thresholds, for some terms of the law or all."""
        cost = {term.term: term.coefficient for term in self.terms}

        def additional(regime: Regime) -> float:
            passed = (one for one in self.regimes if one.term == regime.term and one.threshold <= regime.threshold)
            return sum(cost[one.companion] for one in passed)

        return tuple(
            CacheRegime(
                term=regime.term,
                working_set=regime.working_set,
                threshold=Interval(regime.threshold, regime.low, regime.high),
                slowdown=1 + additional(regime) / cost[regime.term],
            )
            for regime in self.regimes
            if terms is None or regime.term in terms
        )

    def terms_with(self, factor: str) -> list[str]:
        """Return the terms of the full law in which a factor occurs."""
        return [str(term) for term in self.full_law.terms if factor in term.factors]

    def _require_factor(self, factor: str) -> None:
        known = list(dict.fromkeys([*self.factors, *self.full_law.factors]))
        if factor not in known:
            raise FitError(f"factor {factor!r}: unknown; the factors are {', '.join(known) or 'none'}")

    def _exponents(self, factor: str, at: Mapping[str, float]) -> Array:
        return np.array([term.local_exponent(factor, at) for term in self.full_law.terms])

    def _columns(self, points: Points) -> Array:
        return columns_at(self.full_law, points)


def columns_at(law: CostLaw, points: Points) -> Array:
    """Return the design matrix (n_points, n_terms) of a law at a list of points, or at a table of levels by factor.

    Raises
    ------
    FitError : a point lacks a factor of the law.
    """
    for point in points if isinstance(points, Sequence) else [points]:
        if isinstance(point, str | int | float) or point is None:
            raise FitError(f"point: must be a mapping such as {{'n': 1000}}, got {point!r}")
        for name in law.factors:
            if name not in point:
                raise FitError(f"point: lacks factor {name!r}; the law has {', '.join(law.factors)}")
    if isinstance(points, Sequence):
        try:
            table = {name: np.array([float(point[name]) for point in points]) for name in law.factors}
        except (TypeError, ValueError) as error:
            raise FitError(f"point: levels must be numbers: {error}") from None
        return law.columns(table or {"": np.ones(len(points))})
    levels = [np.asarray(points[name], dtype=np.float64) for name in map(str, points)]
    shape = np.broadcast_shapes((1,), *(level.shape for level in levels))
    table = {name: np.broadcast_to(np.asarray(points[name], dtype=np.float64), shape) for name in law.factors}
    return law.columns(table or {"": np.ones(shape)})
