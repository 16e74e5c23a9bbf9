"""The probe of a run: made once, before anything is measured, in a process of its own, and stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.errors import MeasureError
from bptt_bench.measure.loop.events import Event, ProbeStarted, RunStarted, WorkerStarted
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.protocol.messages import OpenRequest, ProbeRequest
from bptt_bench.measure.protocol.schedule import StoredProgress
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan.machine.readings import Readings
from bptt_bench.store import SampleStore
from bptt_bench.store.frame import load

from tests.bench.measure.fakes import PROBE_SECONDS, READINGS, FakeEngine, ListSink, linear, toy

SETTINGS: dict[str, Any] = {"module": "toy", "profile": "quick", "seed": 3, "threads": 2, "describe_environment": dict}


class Ran:
    """A run on a fake clock."""

    def __init__(self, *, threads_found: int | None = None, works: bool = False, **settings: Any) -> None:
        self.clock, self.events = FakeClock(), list[Event]()
        subject = linear(self.clock)
        experiment = toy(replace(subject, works=lambda _point: ()) if works else subject)
        self.engine = FakeEngine(experiment, self.clock, threads=threads_found)
        arguments = {"sink": ListSink(), "on_event": self.events.append, **SETTINGS, **settings}
        self.finished = run(experiment, engine=self.engine, clock=self.clock, **arguments)

    @property
    def probes_asked(self) -> int:
        return sum(isinstance(request, ProbeRequest) for request in self.engine.requests)


def test_the_probe_precedes_the_first_sample_in_its_own_process() -> None:
    sink = ListSink()
    ran = Ran(sink=sink, probe=True)
    kinds = [record["record"] for record in sink.records]
    assert kinds[:5] == ["run", "experiment", "probe", "worker", "sample"]
    assert kinds.count("probe") == ran.probes_asked == 1
    (record,) = sink.of("probe")
    assert record == {"record": "probe", "seconds": PROBE_SECONDS, "readings": READINGS.to_json()}
    assert ran.engine.requests[:2] == [ProbeRequest(threads=2), OpenRequest(module="toy", corpus=None, threads=2)]
    assert len(ran.engine.workers) == 3  # the probe's and the two of the profile
    assert [type(event) for event in ran.events[:3]] == [RunStarted, ProbeStarted, WorkerStarted]


def test_time_of_the_probe_counts_as_neither_busy_nor_idle() -> None:
    with_probe, without = Ran(probe=True), Ran(probe=False)
    # Calibrations round differently on another reading of the clock: one evaluation more or less, of 1 ms or 4 ms.
    assert with_probe.clock.now() - without.clock.now() == pytest.approx(PROBE_SECONDS, abs=0.05)
    assert with_probe.finished.seconds_after_workers_started < 1
    assert with_probe.finished.busy_share == pytest.approx(without.finished.busy_share, rel=0.05)


@pytest.mark.parametrize(
    ("works", "probe", "probes"), [(False, None, 0), (True, None, 1), (False, True, 1), (True, False, 0)]
)
def test_whoever_declares_works_is_probed_by_default(works: bool, probe: bool | None, probes: int) -> None:
    sink = ListSink()
    assert Ran(sink=sink, works=works, probe=probe).probes_asked == probes
    assert len(sink.of("probe")) == probes


def test_threads_are_checked_before_the_probe() -> None:
    with pytest.raises(MeasureError, match="probe of the machine: threads=2: openblas uses 5 instead"):
        Ran(threads_found=5, probe=True)


def test_a_probe_that_is_stored_is_not_made_again(tmp_path: Path) -> None:
    clock = FakeClock()
    experiment = toy(linear(clock))
    dying = FakeEngine(experiment, clock, dies_at_sample=3)
    with SampleStore.create(tmp_path) as store:
        run(experiment, sink=store, engine=dying, clock=clock, probe=True, **SETTINGS)
    with SampleStore.resume(tmp_path) as store:
        assert store.done.probed
        engine = FakeEngine(experiment, clock)
        run(experiment, sink=store, done=store.done, engine=engine, clock=clock, probe=True, **SETTINGS)
    assert not any(isinstance(request, ProbeRequest) for request in engine.requests)
    stored = load(tmp_path).attrs["probe"]
    assert stored["seconds"] == PROBE_SECONDS
    assert Readings.from_json(stored["readings"]) == READINGS


def test_an_old_run_that_goes_on_is_probed_only_if_it_lacks_samples(tmp_path: Path) -> None:
    with SampleStore.create(tmp_path) as store:
        whole = Ran(sink=store)
    assert load(tmp_path).attrs["probe"] is None
    with SampleStore.resume(tmp_path) as store:
        assert not store.done.probed
        assert Ran(sink=store, done=store.done, probe=True).probes_asked == 0
        part = StoredProgress(header=store.done.header, samples=frozenset(list(store.done.samples)[:2]), processes=1)
    assert Ran(done=part, probe=True).probes_asked == 1
    assert whole.probes_asked == 0
