"""What a reader must know besides the finding that a verdict rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bptt_bench.analyse.findings.reason import Finding
from bptt_bench.analyse.stats.estimate import Interval

Levels = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsOutside(Finding):
    """How many of the judged points lie outside the limits; ``is_below``: these are a lower bound alone."""

    outside: int
    n_points: int
    is_below: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPoints(Finding):
    """How many of the claimed points were not measured."""

    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentSubjects(Finding):
    """Subjects that did not run, each with the reason where one is known."""

    subjects: Mapping[str, str]
    n_claimed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowPeaks(Finding):
    """Peaks of the machine that were read in a slower moment than the samples: the share exceeds 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedPoints(Finding):
    """How many points a claim was judged on: those in the same cache regime as its own."""

    n_points: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRegime(Finding):
    """A working set (bytes) beyond which each operation of a term costs up to ``slowdown`` times as much."""

    term: str
    working_set: str
    threshold: Interval
    slowdown: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UnequalParts(Finding):
    """Groups of phases whose times, predicted to be equal at a level of a factor, are as ``falling_over_rising``."""

    factor: str
    level: float
    rising: tuple[str, ...]
    falling: tuple[str, ...]
    falling_over_rising: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleProcess(Finding):
    """One measuring process alone, which does not show by how much processes differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownMachineSpeed(Finding):
    """Terms that changed all alike in runs at different times, as the speed of the machine may have done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioRange(Finding):
    """The range in which a ratio lies, which is too wide to decide."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeChange(Finding):
    """A run that went on with other code than it began with; ``files`` that were changed, ``None`` if unknown."""

    files: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LawChange(Finding):
    """A subject that is judged by another law than the one it was measured for; ``None``: without a law."""

    subject: str
    judged: str | None
    measured: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowingInput(Finding):
    """An input of a subject that each call leaves longer: from so many items after the first to so many, at a point."""

    subject: str
    name: str
    first: int
    last: int
    at: Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmeasuredPoints(Finding):
    """Points at which a subject could not be measured, or only not counted, and the reason stored at the first."""

    subject: str
    points: tuple[Levels, ...]
    reason: str
    is_counting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OddLevel(Finding):
    """A level at which a subject takes so many ``times`` as long as its neighbours say; ``is_added``: by us."""

    subject: str
    factor: str
    level: float
    times: float
    is_added: bool
