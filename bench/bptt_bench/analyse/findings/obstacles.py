"""What prevents a judgement: too little data, terms that cannot be identified, work that was not done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bptt_bench.analyse.findings.reason import Finding
from bptt_bench.analyse.stats.estimate import Interval

Levels = Mapping[str, float]
Record = Literal["blocks", "check", "cases", "compared results", "peak memory", "machine peaks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRecorded(Finding):
    """Something that the run does not hold."""

    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLaw(Finding):
    """A subject without a law for a response."""

    subject: str
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRoofline(Finding):
    """A subject that declares no roofline."""

    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRows(Finding):
    """A subject without samples of a response; ``why``: what the run says of it, such as why it could not count."""

    subject: str
    response: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeasured(Finding):
    """A subject that was not measured, at a point or at all."""

    subject: str
    at: Levels | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotComparable(Finding):
    """A subject that was measured together with none of some others."""

    subject: str
    over: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusableData(Finding):
    """Samples of a subject that cannot be used; ``error`` is the message of the error."""

    subject: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FewPoints(Finding):
    """Fewer points than a fit needs to be judged; ``below_floor`` counts the samples that were left out."""

    subject: str
    response: str
    n_points: int
    n_terms: int
    needed: int
    below_floor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoNeighbours(Finding):
    """Points of which no two differ in one factor alone, or a law without a value at one."""

    subject: str
    n_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FewClaimedPoints(Finding):
    """Fewer of the claimed points than are needed were measured."""

    measured: int
    claimed: int
    needed: int
    for_all_subjects: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FewBlocks(Finding):
    """Fewer blocks than are needed to know the noise."""

    n_blocks: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confounded(Finding):
    """Terms that the design cannot distinguish from others, or those with a factor; ``others``: none, if many."""

    terms: tuple[str, ...] = ()
    factor: str | None = None
    others: tuple[str, ...] = ()
    separated_by: str | None = None  # a factor: points that change it alone would decide


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentFactor(Finding):
    """A factor that no term of the law has."""

    factor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidingPoint(Finding):
    """The point that would decide, and the share of the terms there where it was measured; ``at`` None: none near."""

    at: Levels | None
    share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatResponse(Finding):
    """A response that does not grow with a factor over its measured levels."""

    response: str
    factor: str
    lowest: float
    highest: float
    exponent: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallShare(Finding):
    """Terms that take too small a share of a response at a point to be judged there."""

    terms: tuple[str, ...]
    share: float
    of: str  # what it is a share of, such as time
    at: Levels
    advice: Finding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MinorTerms(Finding):
    """Terms that take less than ``least`` of a response at every point, all of them together."""

    least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSharedVisits(Finding):
    """A subject of which two runs share no visit in the same turn; ``None``: no point at all."""

    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnexplainedDifference(Finding):
    """Times of a subject whose difference between two runs no costs of the terms explain."""

    subject: str
    n_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroCoefficient(Finding):
    """Terms that are fitted with a coefficient of 0."""

    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotZeroAtZero(Finding):
    """Terms that are not 0 at level 0 of a factor, as every power of it is."""

    terms: tuple[str, ...]
    factor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FewLevels(Finding):
    """Fewer levels of one factor, or of several together, than an exponent needs."""

    factors: tuple[str, ...]
    n_levels: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FewPointsForParameters(Finding):
    """Fewer points than parameters and one more."""

    n_points: int
    n_parameters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentOutOfRange(Finding):
    """No exponent within the range searched about the law's own fits best."""

    range: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LateGrowth(Finding):
    """Little growth over all levels of a factor, but more at its largest, where a linear part has begun to show."""

    factor: str
    exponent: float
    at: Levels
    there: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingLeft(Finding):
    """A common part that takes as long as a subject of the ratio from which it is subtracted."""

    less: str
    subjects: tuple[str, str]
    at: Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class UndefinedRatio(Finding):
    """A claimed ratio that is 0, infinite or undefined at a point."""

    value: float
    at: Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class DistantCrossing(Finding):
    """A crossing far beyond the measured levels."""

    factor: str
    level: float
    largest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCrossing(Finding):
    """No level of a factor at which one group of phases overtakes another."""

    factor: str
    rising: tuple[str, ...]
    falling: tuple[str, ...]
    largest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleMeasurement(Finding):
    """A response known exactly, which is measured once at each point."""

    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InfiniteInterval(Finding):
    """A figure without a finite interval; ``claim_kind``: of a kind of claim that has none at all."""

    claim_kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionLimit(Finding):
    """A figure whose half-width no further time would bring below ``attainable``, because points scatter."""

    figure: str
    half_width: float
    attainable: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseReturned(Finding):
    """Calls that return a promise of work, such as a generator, instead of its result."""

    returned: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedInput(Finding):
    """Calls that change their input, or what they keep: ``factor`` times as long with that put back, below 1 faster.

    ``changed``: what was changed, by name, and of which kind it is.
    """

    changed: Mapping[str, str]
    factor: float
    at: Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenWork(Finding):
    """Counts that may miss most of the work: at a point Python code runs up to ``steps`` steps beside them.

    ``counted``: what was counted, such as ``operations``; ``count``: how many there.
    """

    counted: str
    count: float
    steps: float
    at: Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedWork(Finding):
    """First evaluations that took ``factor`` times as long as later ones, which find their work done."""

    factor: float
    at: Levels
