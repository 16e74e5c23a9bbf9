"""Events of a run. Each comes after what it reports has been stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bptt_bench.measure.protocol.messages import Timing
from bptt_bench.plan import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The run is about to begin, or to go on; a cell is counted once per block and timing."""

    experiment: str
    profile: str
    cells_done: int
    cells_total: int
    blocks_total: int
    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDone:
    """The check of a claim has been made."""

    claim: str
    passed: bool
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeStarted:
    """The machine is about to be probed, which takes some seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeaksStarted:
    """The peaks of the machine are about to be read, which takes some seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectMissing:
    """A subject cannot be measured here and is left out."""

    subject: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStarted:
    """A measuring process is ready; its number counts from 0 over the whole run."""

    process: int
    processes_total: int
    pid: int
    threads: Sequence[dict[str, Any]]
    floor_seconds: float
    host: str | None = None  # where it runs, if the run has several


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something about the hosts of a run that is worth a line: one is gone, or none is there."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePrinted:
    """What the measured code has printed: lines, how often each, and how many ``others`` there were."""

    lines: Mapping[str, int]
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Progress:
    """Progress after a visit; ``seconds_left`` of the run are None before the first."""

    blocks_done: int
    blocks_total: int
    cells_done: int
    cells_total: int
    seconds_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleTaken(_Progress):
    """A sample has been stored."""

    subject: str
    point: Point
    block: int
    timing: Timing
    seconds_per_eval: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryTaken(_Progress):
    """What an evaluation needs of memory has been stored; ``peak_bytes`` None: not reported by the system."""

    subject: str
    point: Point
    allocated_bytes: int
    peak_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsTaken(_Progress):
    """What an evaluation did has been stored, by the name of what is counted."""

    subject: str
    point: Point
    counts: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSkipped:
    """A subject is not measured at a point in this run."""

    subject: str
    point: Point
    timing: Timing
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockDone:
    """All cells of a block have been visited and are on the disk."""

    block: int
    blocks_done: int
    blocks_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionsStored:
    """Predictions for subjects at points beyond their sweep are stored, and that is to be measured now.

    Attributes
    ----------
    predictions : as many subjects at a point.
    stored_before : of the predictions, those that the run held already.
    """

    predictions: int
    stored_before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """Nothing is left to be measured.

    Attributes
    ----------
    samples : samples taken this time.
    memory_cells, counted_cells : cells whose memory was measured, or whose operations were counted, this time.
    skipped : subjects and points skipped this time.
    seconds_after_workers_started : wall time with a measuring process ready, without its checks.
    seconds_in_evaluations : the part of it spent in evaluations: timed, for warming up and calibrating, for memory.
    busy_share : their ratio; None if nothing was measured.
    """

    samples: int
    skipped: int
    seconds_after_workers_started: float
    seconds_in_evaluations: float
    busy_share: float | None
    memory_cells: int = 0
    counted_cells: int = 0


Event = (
    RunStarted
    | CheckDone
    | ProbeStarted
    | PeaksStarted
    | SubjectMissing
    | WorkerStarted
    | Notice
    | CodePrinted
    | SampleTaken
    | MemoryTaken
    | CountsTaken
    | CellSkipped
    | BlockDone
    | PredictionsStored
    | RunFinished
)
Listener = Callable[[Event], None]
