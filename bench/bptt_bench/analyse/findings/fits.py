"""What was found of a fit: its lack of fit, and what must be known before its figures are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bptt_bench.analyse.findings.reason import Finding
from bptt_bench.text.units import Unit

Shape = Literal["rise", "fall", "bend upwards", "bend downwards", "lowest mid-range", "highest mid-range"]
Samples = Literal["repeated", "single", "identical", "exact"]

FAR_OFF = 0.2  # relative: standard deviation of points about a law that is rejected beyond the data whatever the trend


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend(Finding):
    """How residuals depend on a factor, or on the working set, and the p-value of that where it was tested."""

    along: str
    shape: Shape
    p_value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceededBound(Finding):
    """A lower bound above what the law of the other points gives there, beyond their scatter.

    Attributes
    ----------
    at : its point.
    bound, expected : what was measured at least, and what the law gives, in the ``unit`` of the response.
    p_value : of the test, times the number of bounds.
    """

    at: Mapping[str, float]
    bound: float
    expected: float
    unit: Unit | None
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LackOfFit(Finding):
    """Whether points scatter more about the law than their own samples explain, and how.

    Attributes
    ----------
    kind : ``rejected`` where they do, where a trend is left that noise does not explain, or where the law lies below a
        lower bound; ``not_rejected`` where they do not, in a test that would have detected a misfit of
        ``MISFIT_TO_BE_SEEN``; else ``not_testable``, which is not evidence for the law.
    p_value : of the test; ``None`` where it was not testable.
    between, within : relative standard deviations: of points about the law, and of samples about their point.
    samples : of a point: several that differ, one, several that are identical, or one that is exact.
    unseen : relative size of a misfit that the test would not detect.
    with_overhead : the test of law and overhead together, where the law's own terms are too small for a test.
    exceeded : the lower bound that the law contradicts most, if it does.
    """

    kind: Literal["rejected", "not_rejected", "not_testable"]
    p_value: float | None
    between: float
    within: float | None
    samples: Samples
    response: str
    trend: Trend | None = None
    unseen: float | None = None
    with_overhead: LackOfFit | None = None
    exceeded: ExceededBound | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroPossible(Finding):
    """A term whose interval includes 0."""

    term: str
    coefficient: float
    high: float
    unit: Unit | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CensoredPoints(Finding):
    """Points that are lower bounds, of all points."""

    n_censored: int
    n_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MostlyOverhead(Finding):
    """A law whose own terms are only a small share of a response (``of``) at the largest point.

    ``is_beyond``: or at a predicted point, which overhead that grows faster has outgrown.
    """

    share: float
    of: str
    overhead: tuple[str, ...]
    is_beyond: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IdenticalRepetitions(Finding):
    """Repetitions that are identical, from which noise cannot be estimated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DistantSamples(Finding):
    """A large share of samples far above the rest, so that the fit describes the faster ones alone."""

    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CollinearFactors(Finding):
    """Two factors that rise and fall together at all points."""

    factors: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceHost(Finding):
    """The host to whose speed coefficients and predictions belong."""

    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverheadOnly(Finding):
    """Two laws that both fit by their overhead alone, each with its overhead terms."""

    overheads: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FitsByOverhead(Finding):
    """The law of two that fits as well as the other, but by its overhead terms alone."""

    law: str
    overhead: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLawFits(Finding):
    """Data that the best of all laws that were tried does not fit, with the p-value of its test.

    Attributes
    ----------
    law : the best one.
    at, off : the point that lies off it farthest beyond its noise, and by how much of the law.
    """

    tried: int
    p_value: float | None
    law: str
    at: Mapping[str, float]
    off: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsOff(Finding):
    """Points off a found law by more than their noise explains, though not so far that no law could fit.

    Attributes
    ----------
    at, off : the point that lies off it farthest beyond its noise, and by how much of the law.
    """

    law: str
    p_value: float | None
    at: Mapping[str, float]
    off: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FarPoint(Finding):
    """A point far off a found law, with too few samples of it to say whether these or the law are wrong.

    Attributes
    ----------
    at, off : the point, and how far it lies off, relative to the law.
    of : number of points.
    """

    law: str
    at: Mapping[str, float]
    off: float
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Falls(Finding):
    """A response that falls as a factor grows, which no law that was found says of it.

    Attributes
    ----------
    exponent, low, high : of the power of the factor that describes it best, with its interval.
    between : the smallest and the largest level.
    ratio : of the response at the largest over that at the smallest, by this power.
    """

    factor: str
    exponent: float
    low: float
    high: float
    between: tuple[float, float]
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns(Finding):
    """A response that falls as a factor grows, and rises from some level on.

    Attributes
    ----------
    at : the measured level at which it is least.
    between : the smallest and the largest level.
    before, after : how many times as much it is at these.
    """

    factor: str
    at: float
    between: tuple[float, float]
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowerOperations(Finding):
    """An operation that takes several ``times`` as long at one point ``at`` as at another (``than``).

    ``counted``: what was counted, by whose law the operations of these points are known.
    """

    counted: str
    times: float
    at: Mapping[str, float]
    than: Mapping[str, float]
