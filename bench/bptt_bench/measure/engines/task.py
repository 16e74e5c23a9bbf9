"""What a host of a cluster is asked to do, and what it says meanwhile: our own JSON, whatever carries it.

A task is one compressed JSON document. What a host says is one JSON object a line: ``line`` names its kind.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bptt_bench.measure.protocol.messages import OpenRequest, Reply, Request, message_of, plain
from bptt_bench.measure.protocol.schedule import Visit
from bptt_bench.plan import Point

Kind = Literal["survey", "talk", "visits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedFile:
    """A file that hosts need not have: its name, where it lies here, and what is in it."""

    name: str
    path: str
    sha256: str
    content: bytes = field(repr=False)

    @classmethod
    def of(cls, path: Path) -> ShippedFile:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        return cls(name=path.name, path=str(path.resolve()), sha256=digest, content=content)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTask:
    """One task of a host.

    Attributes
    ----------
    kind : ``survey`` tells what the host is, ``talk`` asks one process some requests, ``visits`` visits cells.
    opening : the request with which a process begins that is to know the experiment; its module and corpus are names of
        files shipped before where they are in ``files``.
    threads, variables : with which measuring processes are started.
    files : of shipped files by name, the sha256 and the path where they lie on the client's machine, which a host may
        share; a survey brings them along in ``shipped``.
    requests : of a talk.
    visits : to be made in this order; what is said of them names them by their place.
    evaluations : by place, where this host has calibrated the cell before.
    compared : places of visits before which the result is to be compared with that of the reference.
    peaks : whether the peaks of the machine are to be read first, in a process of its own.
    """

    kind: Kind
    opening: OpenRequest | None = None
    threads: int = 1
    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    shipped: Sequence[ShippedFile] = ()
    requests: Sequence[Request] = ()
    visits: Sequence[Visit] = ()
    evaluations: Mapping[int, int] = field(default_factory=dict)
    compared: Sequence[int] = ()
    seconds_per_sample: float = 0.0
    peaks: bool = False

    def to_bytes(self) -> bytes:
        subjects = list(dict.fromkeys(visit.subject for visit in self.visits))
        points = list(dict.fromkeys(visit.point for visit in self.visits))
        of_subject = {name: i for i, name in enumerate(subjects)}
        of_point = {point: i for i, point in enumerate(points)}
        document = {
            "kind": self.kind,
            "opening": None if self.opening is None else plain(self.opening),
            "threads": self.threads,
            "variables": dict(self.variables),
            "files": dict(self.files),
            "shipped": [
                [one.name, one.path, one.sha256, base64.b64encode(one.content).decode()] for one in self.shipped
            ],
            "requests": [plain(request) for request in self.requests],
            "subjects": subjects,
            "points": [dict(point) for point in points],
            "visits": [[of_subject[v.subject], of_point[v.point], v.block, v.timing] for v in self.visits],
            "evaluations": list(self.evaluations.items()),
            "compared": list(self.compared),
            "seconds_per_sample": self.seconds_per_sample,
            "peaks": self.peaks,
        }
        return zlib.compress(json.dumps(document, separators=(",", ":"), default=dict).encode(), level=1)

    @classmethod
    def of_bytes(cls, data: bytes) -> HostTask:
        document = json.loads(zlib.decompress(data))
        subjects, points = document.pop("subjects"), [Point(levels) for levels in document.pop("points")]
        return cls(
            **{
                **document,
                "opening": None if document["opening"] is None else message_of(document["opening"]),
                "shipped": [
                    ShippedFile(name=name, path=path, sha256=digest, content=base64.b64decode(content))
                    for name, path, digest, content in document["shipped"]
                ],
                "requests": [message_of(request) for request in document["requests"]],
                "visits": [Visit(subjects[s], points[p], block, timing) for s, p, block, timing in document["visits"]],
                "evaluations": dict(document["evaluations"]),
            }
        )


def surveyed(host: str, environment: Mapping[str, Any], code: Mapping[str, str]) -> str:
    """A host says what it is: its name in the records, its environment, and the fingerprints of the code it has."""
    return _line("survey", host=host, environment=dict(environment), code=dict(code))


def ready(reply: Reply) -> str:
    """A measuring process knows the experiment."""
    return _line("ready", reply=plain(reply))


def peaks(reply: Reply) -> str:
    """The peaks of the machine are read."""
    return _line("peaks", reply=plain(reply))


def heard(place: int, reply: Reply) -> str:
    """The reply to a request of a talk."""
    return _line("heard", place=place, reply=plain(reply))


def found(place: int, reply: Reply, seconds: float, seconds_ready: float) -> str:
    """What came of a visit, how long it took, and how long the process has been ready by then."""
    return _line("found", place=place, reply=plain(reply), seconds=seconds, seconds_ready=seconds_ready)


def printed(lines: Mapping[str, int], others: int) -> str:
    """What the measuring processes of a task have printed."""
    return _line("printed", lines=dict(lines), others=others)


def failed(message: str) -> str:
    """What was asked for failed, as it would anywhere: the run cannot go on."""
    return _line("failed", message=message)


def died(place: int | None, message: str) -> str:
    """A measuring process died, at a visit or before the first."""
    return _line("died", place=place, message=message)


def busy() -> str:
    """Something else is being measured on the host; the task waits."""
    return _line("busy")


def _line(kind: str, **fields: Any) -> str:
    return json.dumps({"line": kind, **fields}, separators=(",", ":"), default=dict)
