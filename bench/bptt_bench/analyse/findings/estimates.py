"""Estimates held against what was claimed: the findings of verdicts that are supported, refuted or imprecise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bptt_bench.analyse.findings.limits import Limits
from bptt_bench.analyse.findings.reason import Finding
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.plan.claims.claim import Bound
from bptt_bench.text.units import Unit

Levels = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponent(Finding):
    """An exponent of some terms in one factor or several, at a point."""

    factors: tuple[str, ...]
    terms: tuple[str, ...]
    at: Levels
    predicted: float
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentEstimate(Exponent):
    """The exponent with its interval, against the law's own."""

    estimate: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class AmbiguousExponent(Exponent):
    """An interval outside the limits, although exponents within them fit the data as well."""

    estimate: Interval
    profile_low: float
    profile_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtremeExponent(Exponent):
    """An exponent beyond the range searched, of which only one end is known: ``at_most`` or ``at_least``."""

    at_most: float | None
    at_least: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundOnWhole(Finding):
    """All of a response grows within an upper bound, whose terms cannot be judged by themselves; ``because`` why."""

    response: str
    factors: tuple[str, ...]
    at: Levels
    estimate: Interval
    predicted: float
    limits: Limits
    because: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossingEstimate(Finding):
    """The level of a factor at which one group of phases overtakes another, other factors being at ``at``."""

    factor: str
    rising: tuple[str, ...]
    falling: tuple[str, ...]
    at: Levels
    estimate: Interval
    predicted: float
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCrossingWithin(Finding):
    """Phases of which the one group is surely ahead, or surely behind, at a limit of the claimed crossing."""

    factor: str
    rising: tuple[str, ...]
    falling: tuple[str, ...]
    level: float
    predicted: float
    is_ahead: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioEstimate(Finding):
    """The ratio at the claimed point where it is worst; deviations are of ratios, less 1."""

    at: Levels
    n_points: int
    estimate: Interval
    predicted: float
    deviation: float
    median_deviation: float
    margin: float
    bound: Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountEstimate(Finding):
    """The amount of a response at the claimed point where it is worst."""

    response: str
    unit: Unit | None
    at: Levels
    n_points: int
    estimate: Interval
    stated: float
    deviation: float
    margin: float
    bound: Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareEstimate(Finding):
    """The share of the time that the terms with a factor take at a point; ``beyond``: factors past their levels.

    ``phases`` are those whose law has the factor, ``phase_share`` is their share of the time as measured there,
    ``multiply_adds`` their share of the declared multiply-adds; ``None`` where that is not known.
    """

    factor: str
    at: Levels
    estimate: Interval
    claimed: float
    bound: Bound
    beyond: tuple[str, ...]
    phases: tuple[str, ...] = ()
    phase_share: Interval | None = None
    multiply_adds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedupEstimate(Finding):
    """How many times as fast a subject is as another, at the worst point.

    ``over`` and ``at`` are ``None`` for the geometric mean over all points of the speedup over the fastest other.
    """

    subject: str
    over: str | None
    at: Levels | None
    n_points: int
    estimate: Interval
    at_least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RooflineEstimate(Finding):
    """The share of the roofline that a subject reaches; ``rate``: the peak that sets it, operations or bytes/s."""

    subject: str
    at: Levels
    estimate: Interval
    at_least: float
    limit: str
    rate: float
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation(Finding):
    """The largest deviation that a deterministic check found; NaN where it found none that can be compared."""

    largest: float
    allowed: float
    cases: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultDifference(Finding):
    """The largest difference of results from those of the reference, and the point where it was found."""

    largest: float
    allowed: float
    n_points: int
    at: Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class UnstableVerdict(Finding):
    """A verdict that would be another without a disturbance."""

    disturbance: Finding
    without: str
    verdict: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorWait(Finding):
    """The share of the time at a point in which no processor was free."""

    share: float
    at: Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceboDeviation(Finding):
    """A placebo that differs from its subject by much: over all points, or typically at single ones."""

    deviation: float
    at_half_of_points: bool
