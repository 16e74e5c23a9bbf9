"""A fault travels to the measuring processes, and a run with it is another run than one without."""

from __future__ import annotations

import dataclasses

import pytest
from bptt_bench.errors import MeasureError
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.protocol.messages import OpenRequest
from bptt_bench.measure.protocol.schedule import StoredProgress
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import Evaluation, Fault, Point

from tests.bench.measure.fakes import SECONDS_PER_UNIT, FakeEngine, ListSink, linear, toy


def measured(fault: str | None, done: StoredProgress | None = None) -> tuple[FakeEngine, ListSink]:
    clock, sink = FakeClock(), ListSink()

    def prepare_slow(point: Point) -> Evaluation:
        return lambda: clock.advance(3 * SECONDS_PER_UNIT * point["n"])

    slow = Fault(name="slow", statement="three times as slow", subject="linear", prepare=prepare_slow)
    healthy = dataclasses.replace(toy(linear(clock), linear(clock, "other")), faults=(slow,))
    engine = FakeEngine(healthy, clock)  # a measuring process finds the healthy experiment, as an import would
    run(
        healthy if fault is None else healthy.with_fault(fault),
        module="toy",
        profile="quick",
        seed=0,
        threads=1,
        fault=fault,
        sink=sink,
        engine=engine,
        clock=clock,
        done=done,
        describe_environment=dict,
    )
    return engine, sink


def test_measuring_processes_plant_the_fault_that_the_run_names() -> None:
    engine, sink = measured("slow")
    assert [request.fault for request in engine.requests if isinstance(request, OpenRequest)] == ["slow", "slow"]
    assert sink.records[0]["fault"] == "slow"
    per_unit = {(s["subject"], round(s["seconds_per_eval"] / s["point"]["n"], 9)) for s in sink.of("sample")}
    assert per_unit == {("linear", 3 * SECONDS_PER_UNIT), ("other", SECONDS_PER_UNIT)}


def test_a_run_names_no_fault_if_there_is_none() -> None:
    engine, sink = measured(None)
    assert {request.fault for request in engine.requests if isinstance(request, OpenRequest)} == {None}
    assert sink.records[0]["fault"] is None


def test_a_faulty_run_is_not_gone_on_with_as_a_healthy_one() -> None:
    _, sink = measured("slow")
    with pytest.raises(MeasureError, match=r"^the run to be continued has fault 'slow', not none;"):
        measured(None, StoredProgress(header=sink.records[0]))
    without = {name: value for name, value in sink.records[0].items() if name != "fault"}  # as version 0.1 stored it
    with pytest.raises(MeasureError, match=r"^the run to be continued has fault none, not 'slow';"):
        measured("slow", StoredProgress(header=without))
    measured(None, StoredProgress(header=without))
