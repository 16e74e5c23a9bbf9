"""Visits, one after the other, in one measuring process: the request of each, and its outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from bptt_bench.measure.protocol.messages import (
    ComparisonReply,
    ComparisonRequest,
    CountReply,
    CountRequest,
    MemoryReply,
    MemoryRequest,
    Reply,
    Request,
    SampleReply,
    SampleRequest,
    SkipReply,
)
from bptt_bench.measure.protocol.schedule import Visit
from bptt_bench.measure.timing.clock import Clock

SHORT_SHARE = 0.5  # a sample that lasted less than this share of what it should have is calibrated anew
SendRequest = Callable[[Request, str], Reply]  # a request, and its place in the run for messages
VisitReply = ComparisonReply | SampleReply | MemoryReply | CountReply | SkipReply


class Outcome(NamedTuple):
    """The reply to a visit, or to the comparison before it; ``seconds`` include preparing."""

    visit: Visit
    found: VisitReply
    seconds: float


class Skips:
    """Cells that did not fit, or at which something raised; they are left out from now on."""

    def __init__(self) -> None:
        self._left_out: set[tuple[object, ...]] = set()  # subject, point and timing

    def add(self, visit: Visit) -> None:
        """Leave a cell out; where the whole does not fit, nothing of it does."""
        timings = ("whole", "phases", "memory", "counts") if visit.timing == "whole" else (visit.timing,)
        self._left_out.update((visit.subject, visit.point, timing) for timing in timings)

    def __contains__(self, visit: Visit) -> bool:
        return (visit.subject, visit.point, visit.timing) in self._left_out


class Calibrations:
    """Evaluations and inputs of a sample by subject and point; ``seconds_per_sample`` is how long it should last."""

    def __init__(self, seconds_per_sample: float) -> None:
        self._seconds_per_sample = seconds_per_sample
        self._evaluations: dict[tuple[str, Mapping[str, float]], int] = {}
        self._inputs: dict[tuple[str, Mapping[str, float]], int] = {}

    def get(self, visit: Visit) -> int | None:
        """Return the evaluations to make; None asks for calibration."""
        return self._evaluations.get((visit.subject, visit.point))

    def inputs(self, visit: Visit) -> int | None:
        """Return the inputs that a sample had before; None where there was none."""
        return self._inputs.get((visit.subject, visit.point))

    def update(self, visit: Visit, sampled: SampleReply) -> None:
        """Keep a calibration for later visits, unless it has turned out too short."""
        cell = (visit.subject, visit.point)
        lasted = (sampled.seconds_per_eval + sampled.empty_call_seconds) * sampled.evaluations
        if lasted < SHORT_SHARE * self._seconds_per_sample:
            self._evaluations.pop(cell, None)
        elif visit.timing == "whole":
            self._evaluations[cell] = sampled.evaluations
        if visit.timing == "whole":
            self._inputs.setdefault(cell, sampled.inputs)

    def set(self, visit: Visit, evaluations: int) -> None:
        """Set a calibration that was found before, elsewhere in the run."""
        self._evaluations[(visit.subject, visit.point)] = evaluations


class Visitor:
    """Makes visits in a measuring process.

    Parameters
    ----------
    send : sends a request to the process; raises where it fails or dies.
    needs_comparison : whether the result is to be compared with that of the reference before a visit; called once.
    """

    def __init__(
        self,
        send: SendRequest,
        clock: Clock,
        *,
        seconds_per_sample: float,
        calibrations: Calibrations,
        skips: Skips,
        needs_comparison: Callable[[Visit], bool],
    ) -> None:
        self._send, self._clock, self._seconds_per_sample = send, clock, seconds_per_sample
        self._calibrations, self._skips, self._due = calibrations, skips, needs_comparison

    def make(self, visit: Visit) -> Iterator[Outcome]:
        """Yield the outcomes of a visit; none where its cell is left out."""
        if visit in self._skips:
            return
        start = self._clock.now()
        if visit.timing == "whole" and self._due(visit):
            where = f"result of {visit.subject!r} at {visit.point}"
            compared = self._send(ComparisonRequest(subject=visit.subject, point=visit.point), where)
            if isinstance(compared, ComparisonReply):
                yield Outcome(visit, compared, self._clock.now() - start)
            elif isinstance(compared, SkipReply) and compared.raised:
                self._skips.add(visit)
                why = SkipReply(reason=f"its result could not be compared: {compared.reason}", raised=True)
                yield Outcome(visit, why, self._clock.now() - start)
                return
        start = self._clock.now()
        found = self._send(self._request(visit), f"subject {visit.subject!r} at {visit.point}")
        seconds = self._clock.now() - start
        assert isinstance(found, SampleReply | MemoryReply | CountReply | SkipReply)
        if isinstance(found, SkipReply):
            self._skips.add(visit)
        elif isinstance(found, SampleReply):
            self._calibrations.update(visit, found)
        yield Outcome(visit, found, seconds)

    def _request(self, visit: Visit) -> SampleRequest | MemoryRequest | CountRequest:
        if visit.timing == "memory":
            return MemoryRequest(subject=visit.subject, point=visit.point)
        if visit.timing == "counts":
            return CountRequest(subject=visit.subject, point=visit.point)
        return SampleRequest(
            subject=visit.subject,
            point=visit.point,
            timing=visit.timing,
            seconds_per_sample=self._seconds_per_sample,
            evaluations=self._calibrations.get(visit),
            block=visit.block,
            inputs=self._calibrations.inputs(visit),
        )
