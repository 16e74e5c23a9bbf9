"""What a run does before it measures: the checks of claims, and the probe of the machine.

Each has a process of its own, so that what it loads and leaves behind disturbs no measurement.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.measure.crew import Crew
from bench.measure.events import CheckDone, Listener, PeaksStarted, ProbeStarted
from bench.measure.messages import Check, Checked, PeaksRead, Probe, Probed, ReadPeaks
from bench.measure.records import Sink, check_record, peaks_record, probe_record
from bench.plan import CheckResult


def run_checks(crew: Crew, claims: Sequence[str], *, seed: int, sink: Sink, tell: Listener) -> None:
    """Make the checks of some claims, by name.

    Raises
    ------
    MeasureError : one could not be made; a check that finds a claim wrong is a result.
    """
    if not claims:
        return
    with crew.worker() as worker:
        crew.open(worker)
        for claim in claims:
            reply = crew.ask(worker, Check(claim=claim, seed=seed), f"check of claim {claim!r}")
            assert isinstance(reply, Checked)
            sink.append(check_record(claim, reply))
            outcome = CheckResult(estimate=reply.estimate, allowed=reply.allowed, cases=reply.cases)
            tell(CheckDone(claim=claim, passed=outcome.passed, seconds=reply.seconds))


def run_probe(crew: Crew, *, sink: Sink, tell: Listener) -> None:
    """Read what the machine can do with the threads of the run; the experiment is not loaded for it.

    Raises
    ------
    MeasureError : it could not be read.
    """
    with crew.worker() as worker:
        tell(ProbeStarted())
        reply = crew.ask(worker, Probe(threads=crew.threads), "probe of the machine")
    assert isinstance(reply, Probed)
    sink.append(probe_record(reply))


def run_peaks(crew: Crew, *, sink: Sink, tell: Listener) -> None:
    """Read the peaks of the machine with the threads of the run, in a process of its own.

    Raises
    ------
    MeasureError : they could not be read.
    """
    with crew.worker() as worker:
        tell(PeaksStarted())
        reply = crew.ask(worker, ReadPeaks(threads=crew.threads), "peaks of the machine")
    assert isinstance(reply, PeaksRead)
    sink.append(peaks_record(reply))
