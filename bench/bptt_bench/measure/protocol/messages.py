"""What a measuring process is asked and what it answers: one JSON object a line."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

# what a visit is for: the time, by phase, the bytes that an evaluation needs, or how often it does what is counted
Timing = Literal["whole", "phases", "memory", "counts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """Load an experiment, and see that the numerical libraries use the threads that they were told to use.

    ``sources`` are digests of its code as the run began with it, if they are known: no process may find other code.
    """

    module: str
    corpus: str | None
    threads: int
    fault: str | None = None  # planted fault with which the experiment is loaded
    sources: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """Run the check of a claim."""

    claim: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequest:
    """Read what the machine can do, with as many threads of the numerical libraries as they were told to use."""

    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRequest:
    """Take one sample of a subject at a point; ``evaluations`` None asks for calibration."""

    subject: str
    point: Mapping[str, Any]
    timing: Timing
    seconds_per_sample: float
    evaluations: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRequest:
    """Measure what one evaluation of a subject at a point needs of memory."""

    subject: str
    point: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRequest:
    """Make one counted evaluation of a subject at a point."""

    subject: str
    point: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRequest:
    """Evaluate a subject once at a point, and compare its result with that of the reference."""

    subject: str
    point: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeaksRequest:
    """Read the peaks of the machine with so many threads."""

    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReply:
    """The experiment is loaded; ``threads``: as the libraries report them, ``floor_seconds``: cost of an empty call."""

    pid: int
    threads: list[dict[str, Any]]
    floor_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReply:
    """The outcome of a check: the fields of ``CheckResult``, and the seconds that it took."""

    estimate: float
    allowed: float
    cases: int
    seconds: float
    detail: str = ""
    maps: Mapping[str, Sequence[Sequence[int]]] = field(default_factory=dict)
    map_axes: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReply:
    """What was read, as ``Readings.to_json`` gives it, and the seconds that it took."""

    readings: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleReply:
    """One sample: times in seconds per evaluation; ``started_at`` in seconds since 1970."""

    evaluations: int
    seconds_per_eval: float
    seconds_in_evaluations: float
    below_floor: bool
    started_at: float
    load_average: float | None
    phase_seconds_per_eval: Mapping[str, float] = field(default_factory=dict)
    first_seconds: float | None = None  # of the first evaluation of the subject at the point in this process
    inspection: Mapping[str, Any] | None = None  # as ``Inspection.to_json`` gives it, where one was made


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryReply:
    """Bytes that one evaluation needs over its prepared state, and those of its result; None: not known."""

    peak_bytes: int | None
    allocated_bytes: int
    output_bytes: int | None
    seconds_in_evaluations: float
    started_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CountReply:
    """What one evaluation did, by the name of what is counted."""

    counts: Mapping[str, float]
    seconds_in_evaluations: float
    started_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonReply:
    """How far a result lies from that of the reference; None: it is none (NaN)."""

    difference: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeaksReply:
    """What was read, as ``Peaks.to_json`` gives it, and the seconds that it took."""

    peaks: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipReply:
    """The point was not measured: its inputs do not fit into memory, or ``raised``: something raised there."""

    reason: str
    bytes_needed: int | None = None
    bytes_available: int | None = None
    raised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReply:
    """What was asked for raised; ``message`` is one line."""

    message: str


Request = (
    OpenRequest
    | CheckRequest
    | ProbeRequest
    | SampleRequest
    | MemoryRequest
    | CountRequest
    | ComparisonRequest
    | PeaksRequest
)
Reply = (
    OpenReply
    | CheckReply
    | ProbeReply
    | SampleReply
    | MemoryReply
    | CountReply
    | ComparisonReply
    | PeaksReply
    | SkipReply
    | ErrorReply
)
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(
            OpenRequest,
            CheckRequest,
            ProbeRequest,
            SampleRequest,
            MemoryRequest,
            CountRequest,
            ComparisonRequest,
            PeaksRequest,
        ),
        *(
            OpenReply,
            CheckReply,
            ProbeReply,
            SampleReply,
            MemoryReply,
            CountReply,
            ComparisonReply,
            PeaksReply,
            SkipReply,
            ErrorReply,
        ),
    )
}


def encode(message: Request | Reply) -> bytes:
    """The message as one line."""
    return json.dumps(plain(message), default=dict).encode() + b"\n"


def plain(message: Request | Reply) -> dict[str, Any]:
    """The message as plain data, but for mappings of other kinds, which JSON is to take as ``dict``."""
    fields = {one.name: getattr(message, one.name) for one in dataclasses.fields(message)}
    return {"kind": type(message).__name__, **fields}


def decode(line: bytes) -> Any:
    """The message of a line; a request or a reply."""
    return message_of(json.loads(line))


def message_of(fields: Mapping[str, Any]) -> Any:
    """The message of plain data."""
    return _KINDS[fields["kind"]](**{name: value for name, value in fields.items() if name != "kind"})
