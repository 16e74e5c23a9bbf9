"""Requests to a measuring process, and its replies: one JSON object a line.

Decided against msgspec (0.22): it would save some 20 lines here, but its JSON has no NaN. A check whose estimate is NaN
would be stored as null, and files of other tools that hold NaN could not be read.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

# what a visit measures: time, time by phase, memory, or operation counts
Timing = Literal["whole", "phases", "memory", "counts"]

KIND = "$kind"  # the key that names the kind of a message: no factor or count can have this name
_KINDS: dict[str, type[Any]] = {}


@dataclass(frozen=True, slots=True)
class Message:
    """Base of all messages, which are encoded by the names of their classes."""

    def __init_subclass__(cls) -> None:
        _KINDS[cls.__name__] = cls


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest(Message):
    """Request to load an experiment and to require so many threads of the numerical libraries.

    ``sources`` are digests of the code that the run began with, where they are known; other code is refused.
    """

    module: str
    corpus: str | None
    threads: int
    fault: str | None = None  # planted fault with which the experiment is loaded
    sources: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest(Message):
    """Request to run the check of a claim."""

    claim: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequest(Message):
    """Request to probe the machine; the numerical libraries must use so many threads."""

    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _CellRequest(Message):
    """Request about a subject at a point."""

    subject: str
    point: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRequest(_CellRequest):
    """Request for one sample of a subject at a point in a block; ``evaluations`` None asks for calibration.

    ``inputs`` are as many as another process has decided on for this cell, where that is known.
    """

    timing: Timing
    seconds_per_sample: float
    evaluations: int | None = None
    block: int = 0
    inputs: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRequest(_CellRequest):
    """Request to measure the memory that one evaluation of a subject at a point needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRequest(_CellRequest):
    """Request for one counted evaluation of a subject at a point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRequest(_CellRequest):
    """Request to compare the result of a subject at a point with that of the reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeaksRequest(Message):
    """Request for the peak rates of the machine with so many threads."""

    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReply(Message):
    """A loaded experiment; ``threads`` as the libraries report them, ``floor_seconds`` of an empty call."""

    pid: int
    threads: list[dict[str, Any]]
    floor_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReply(Message):
    """The outcome of a check: the fields of ``CheckResult``, and the seconds that it took."""

    estimate: float
    allowed: float
    cases: int
    seconds: float
    detail: str = ""
    passes: Mapping[str, Sequence[tuple[int, Sequence[int]]]] = field(default_factory=dict)
    pass_symbols: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReply(Message):
    """The readings of the probe, as ``Readings.to_json`` gives them, and the seconds that it took."""

    readings: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleReply(Message):
    """One sample: times in seconds per evaluation; ``started_at`` in seconds since 1970.

    From ``seconds_per_eval`` those of an empty call are subtracted.
    """

    evaluations: int
    seconds_per_eval: float
    seconds_in_evaluations: float
    below_floor: bool
    started_at: float
    load_average: float | None
    phase_seconds_per_eval: Mapping[str, float] = field(default_factory=dict)
    first_seconds: float | None = None  # of the first evaluation of the subject at the point in this process
    empty_call_seconds: float = 0.0
    inputs: int = 1  # that took turns, or were used up
    inspection: Mapping[str, Any] | None = None  # as ``Inspection.to_json`` gives it, where one was made


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryReply(Message):
    """Bytes that one evaluation needs beyond its prepared state, and those of its result; None where unknown."""

    peak_bytes: int | None
    allocated_bytes: int
    output_bytes: int | None
    seconds_in_evaluations: float
    started_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CountReply(Message):
    """Operations of one evaluation, by name; where several inputs were counted, their medians and ``by_input`` each.

    ``unseen`` is by the same names the largest number of steps that the counts may lack, where that is known.
    ``by_function`` is how instructions are made up, by the names of functions, where that is known: means over inputs.
    """

    counts: Mapping[str, float]
    seconds_in_evaluations: float
    started_at: float
    by_input: Mapping[str, Sequence[float]] = field(default_factory=dict)
    unseen: Mapping[str, float] = field(default_factory=dict)
    by_function: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonReply(Message):
    """The difference of a result from that of the reference; None where it is NaN or infinite."""

    difference: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeaksReply(Message):
    """The peak rates, as ``Peaks.to_json`` gives them, and the seconds that reading them took."""

    peaks: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipReply(Message):
    """Why a point was not measured: its inputs do not fit into memory, or the subject ``raised``."""

    reason: str
    bytes_needed: int | None = None
    bytes_available: int | None = None
    raised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReply(Message):
    """One line about a request that raised."""

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


def encode(message: Message) -> bytes:
    """Return a message as one line of JSON, messages within it included; bytes become text in base 64."""
    return json.dumps(message, separators=(",", ":"), default=_plain).encode() + b"\n"


def decode(line: bytes | str) -> Any:
    """Return the message of a line."""
    return json.loads(line, object_hook=_message)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Message):
        return {KIND: type(value).__name__, **{one.name: getattr(value, one.name) for one in dataclasses.fields(value)}}
    return dict(value)


def _message(fields: dict[str, Any]) -> Any:
    kind = fields.pop(KIND, None)
    return fields if kind is None else _KINDS[kind](**fields)
