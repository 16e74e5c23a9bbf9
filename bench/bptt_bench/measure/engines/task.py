"""Tasks for the hosts of a cluster, and what a host reports meanwhile: our own JSON, whatever carries it.

A task is one compressed JSON document. A report is one line of JSON.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bptt_bench.measure.protocol.messages import Message, OpenRequest, Reply, Request, decode, encode
from bptt_bench.measure.protocol.schedule import Visit
from bptt_bench.plan import Point

TaskKind = Literal["survey", "requests", "visits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedFile(Message):
    """A file that hosts need not have: its name, its path on the client, its digest and its content."""

    name: str
    path: str
    sha256: str
    content: bytes = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> ShippedFile:
        """Read a file of the client."""
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        return cls(name=path.name, path=str(path.resolve()), sha256=digest, content=content)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTask(Message):
    """One task of a host.

    Attributes
    ----------
    kind : ``survey`` reports what the host is, ``requests`` sends requests to one process, ``visits`` visits cells.
    opening : the request that opens the experiment in a process. Its module and corpus are names of files shipped
        before where they are in ``files``.
    threads, variables : with which measuring processes are started.
    files : the sha256 of shipped files by name, and the path where they lie on the client, which a host may share.
    shipped : the files themselves; a survey brings them along.
    visits : to be made in this order; reports name them by their index.
    evaluations : for each visit, the calibration that this host has found before; None where there is none.
    compared : indices of visits before which the result is to be compared with that of the reference.
    peaks : whether the peaks of the machine are to be read first, in a process of its own.
    """

    kind: TaskKind
    opening: OpenRequest | None = None
    threads: int = 1
    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    shipped: Sequence[ShippedFile] = ()
    requests: Sequence[Request] = ()
    visits: Sequence[Visit] = ()
    evaluations: Sequence[int | None] = ()
    compared: Sequence[int] = ()
    seconds_per_sample: float = 0.0
    peaks: bool = False

    def to_bytes(self) -> bytes:
        """Return the task as a compressed document."""
        return zlib.compress(encode(self), level=1)

    @classmethod
    def from_bytes(cls, data: bytes) -> HostTask:
        """Return the task of a compressed document."""
        task: HostTask = decode(zlib.decompress(data))
        return dataclasses.replace(
            task,
            shipped=[dataclasses.replace(file, content=base64.b64decode(file.content)) for file in task.shipped],
            visits=[Visit(subject, Point(levels), block, timing) for subject, levels, block, timing in task.visits],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyReport(Message):
    """The name of a host in the records, its environment, and the fingerprints of its code."""

    host: str
    environment: Mapping[str, Any]
    code: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReport(Message):
    """A measuring process that has opened the experiment."""

    reply: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class PeaksReport(Message):
    """The peaks of the host."""

    reply: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReport(Message):
    """The reply to one of the requests of a task."""

    index: int
    reply: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitReport(Message):
    """The reply to a visit, its seconds, and for how long the process has been ready by then."""

    index: int
    reply: Reply
    seconds: float
    seconds_ready: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputReport(Message):
    """Lines that the measuring processes of a task have printed, each with how often, and how many others."""

    lines: Sequence[tuple[str, int]]
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureReport(Message):
    """Something that fails on every host, so that the run cannot go on."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessDiedReport(Message):
    """A measuring process that died, at a visit or request, or before the first (None)."""

    index: int | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyReport(Message):
    """Another measurement on the host, for which the task waits."""


TaskReport = (
    SurveyReport
    | OpenReport
    | PeaksReport
    | RequestReport
    | VisitReport
    | OutputReport
    | FailureReport
    | ProcessDiedReport
    | BusyReport
)
