"""The interface of a backend, which measures for the loop of a run: in one process at a time, or on several hosts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from bptt_bench.measure.loop.events import Listener
from bptt_bench.measure.loop.interrupts import Interrupts
from bptt_bench.measure.loop.recorder import Recorder
from bptt_bench.measure.protocol.messages import Reply, Request
from bptt_bench.measure.protocol.records import Sink
from bptt_bench.measure.protocol.schedule import Block
from bptt_bench.measure.timing.clock import Clock
from bptt_bench.measure.worker.output import CapturedOutput
from bptt_bench.measure.worker.result_check import PendingComparisons

LabelledRequest = tuple[Request, str]  # a request, and its place in the run for messages


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What a backend needs of its run.

    Attributes
    ----------
    first : number of the first measuring process.
    has_roofline : whether the peaks of the machine are wanted.
    """

    recorder: Recorder
    comparisons: PendingComparisons
    interrupts: Interrupts
    sink: Sink
    notify: Listener
    clock: Clock
    seconds_per_sample: float
    first: int
    has_roofline: bool


class HostReply(NamedTuple):
    """A reply, and its host where the run has several."""

    reply: Reply
    host: str | None = None


class Backend(Protocol):
    """Sends requests and measures blocks."""

    @property
    def threads(self) -> int:
        """Return the threads of every numerical library in the measuring processes."""
        ...

    @property
    def output(self) -> CapturedOutput:
        """Return what the measuring processes have printed."""
        ...

    @property
    def seconds_ready(self) -> float:
        """Return the seconds for which measuring processes were ready to make visits, added up over all of them."""
        ...

    def connect(self) -> contextlib.AbstractContextManager[None]:
        """Connect, for as long as the block lasts."""
        ...

    def exchange(self, requests: Sequence[LabelledRequest], *, opened: bool) -> Iterator[HostReply]:
        """Yield the replies of a new process, in order; ``opened``: it opens the experiment first.

        Raises
        ------
        MeasureError : a request failed, or there was no process.
        Interrupted : a signal came.
        """
        ...

    def measure(self, shares: Sequence[Sequence[Block]]) -> None:
        """Make all visits of some blocks, divided among as many processes, or block by block among hosts.

        Raises
        ------
        MeasureError : a subject or a measuring process failed. What was measured before is recorded.
        Interrupted : a signal came.
        """
        ...
