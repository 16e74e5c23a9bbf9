"""What a run does before it measures: the checks of claims, and the probe of the machine.

Each has a process of its own, so that it does not disturb any measurement.
"""

from __future__ import annotations

from collections.abc import Sequence

from bptt_bench.measure.loop.backend import Backend, LabelledRequest
from bptt_bench.measure.loop.events import CheckDone, Listener, PeaksStarted, ProbeStarted
from bptt_bench.measure.protocol.messages import (
    CheckReply,
    CheckRequest,
    PeaksReply,
    PeaksRequest,
    ProbeReply,
    ProbeRequest,
)
from bptt_bench.measure.protocol.records import Sink, check_record, peaks_record, probe_record
from bptt_bench.plan import CheckResult


def run_checks(backend: Backend, claims: Sequence[str], *, seed: int, sink: Sink, notify: Listener) -> None:
    """Make the checks of some claims, by name.

    Raises
    ------
    MeasureError : one could not be made; a check that finds a claim wrong is a result.
    """
    if not claims:
        return
    requests: list[LabelledRequest] = [
        (CheckRequest(claim=claim, seed=seed), f"check of claim {claim!r}") for claim in claims
    ]
    for claim, (reply, _host) in zip(claims, backend.exchange(requests, opened=True), strict=True):
        assert isinstance(reply, CheckReply)
        sink.append(check_record(claim, reply))
        outcome = CheckResult(estimate=reply.estimate, allowed=reply.allowed, cases=reply.cases)
        notify(CheckDone(claim=claim, passed=outcome.passed, seconds=reply.seconds))


def run_probe(backend: Backend, *, sink: Sink, notify: Listener) -> None:
    """Read what the machine can do with the threads of the run; the experiment is not loaded for it.

    Raises
    ------
    MeasureError : it could not be read.
    """
    notify(ProbeStarted())
    for reply, host in backend.exchange(
        [(ProbeRequest(threads=backend.threads), "probe of the machine")], opened=False
    ):
        assert isinstance(reply, ProbeReply)
        sink.append(probe_record(reply, host))


def run_peaks(backend: Backend, *, sink: Sink, notify: Listener) -> None:
    """Read the peaks of the machine with the threads of the run, in a process of its own.

    Raises
    ------
    MeasureError : they could not be read.
    """
    notify(PeaksStarted())
    for reply, host in backend.exchange([peaks_request(backend.threads)], opened=False):
        assert isinstance(reply, PeaksReply)
        sink.append(peaks_record(reply, host))


def peaks_request(threads: int) -> LabelledRequest:
    """Return the request for the peaks, with its label."""
    return PeaksRequest(threads=threads), "peaks of the machine"
