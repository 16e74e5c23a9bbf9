"""Results are compared once for each subject and point, before the first sample there; what is missing is left out."""

from __future__ import annotations

import dataclasses
import io
import math
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.errors import ExperimentError, MeasureError
from bptt_bench.measure.engines.local import LocalEngine
from bptt_bench.measure.loop.events import Event, SubjectMissing
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.protocol.messages import ComparisonRequest, PeaksRequest, SampleRequest
from bptt_bench.measure.protocol.schedule import StoredProgress
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.measure.worker.request_handler import RequestHandler
from bptt_bench.plan import Agreement, Evaluation, Experiment, Point, Subject, Traffic
from bptt_bench.plan.machine.peaks import Peaks
from bptt_bench.store import SampleStore
from bptt_bench.store.runs.samples import stored_progress

from tests.bench.measure.fakes import FakeEngine, ListSink, toy

PEAKS = Peaks(products={"8x8x8": 4e9}, moves={"copy": 2e9}, threads=2)


def giving(clock: FakeClock, name: str, offset: float, calls: list[tuple[str, float]], **more: Any) -> Subject:
    """A subject whose result is n and an offset."""

    def prepare(point: Point) -> Evaluation:
        def evaluate() -> float:
            clock.advance(0.01)
            calls.append((name, point["n"]))
            return float(point["n"] + offset)

        return evaluate

    return Subject(name=name, prepare=prepare, **more)


def difference(found: object, expected: object) -> float:
    assert isinstance(found, float | int)
    assert isinstance(expected, float | int)
    return abs(found - expected)


AGREEMENT = Agreement(reference="right", difference=difference, allowed=0.5)


def made(clock: FakeClock, calls: list[tuple[str, float]], **more: Any) -> Experiment:
    subjects = (
        giving(clock, "right", 0.0, calls),
        giving(clock, "near", 0.25, calls),
        giving(clock, "far", 3.0, calls),
    )
    return dataclasses.replace(toy(*subjects, blocks=2, processes=1), agreement=AGREEMENT, **more)


def measured(experiment: Experiment, clock: FakeClock, **more: Any) -> tuple[ListSink, FakeEngine, list[Event]]:
    sink, engine = ListSink(), FakeEngine(experiment, clock)
    reported: list[Event] = []
    run(
        experiment,
        **{"module": "toy", "profile": "quick", "seed": 0, "threads": 1, "sink": sink, **more},
        engine=engine,
        clock=clock,
        describe_environment=dict,
        on_event=reported.append,
    )
    return sink, engine, reported


def test_every_subject_is_compared_once_at_every_point_before_it_is_timed_there() -> None:
    clock, calls = FakeClock(), list[tuple[str, float]]()
    sink, engine, _ = measured(made(clock, calls), clock)
    found = {(r["subject"], r["point"]["n"]): r["difference"] for r in sink.of("agreement")}
    assert found == {("near", 1): 0.25, ("near", 4): 0.25, ("far", 1): 3.0, ("far", 4): 3.0}
    assert {(r["reference"], r["allowed"]) for r in sink.of("agreement")} == {("right", 0.5)}
    for subject, n in found:
        mine = [
            one
            for one in engine.requests
            if isinstance(one, ComparisonRequest | SampleRequest) and one.subject == subject
        ]
        asked = [type(one) for one in mine if one.point["n"] == n]
        assert asked == [ComparisonRequest, SampleRequest, SampleRequest]


def test_a_result_is_converted_before_it_is_compared() -> None:
    clock, calls = FakeClock(), list[tuple[str, float]]()
    agreement = dataclasses.replace(AGREEMENT, result={"far": lambda value: difference(value, 3.0)})
    sink, _, _ = measured(dataclasses.replace(made(clock, calls), agreement=agreement), clock)
    assert {r["difference"] for r in sink.of("agreement") if r["subject"] == "far"} == {0.0}


def test_a_difference_that_is_no_number_is_stored_as_none() -> None:
    clock, calls = FakeClock(), list[tuple[str, float]]()
    agreement = dataclasses.replace(AGREEMENT, difference=lambda _a, _b: math.nan)
    sink, _, _ = measured(dataclasses.replace(made(clock, calls), agreement=agreement), clock)
    assert {r["difference"] for r in sink.of("agreement")} == {None}


def test_what_was_compared_before_is_not_compared_again() -> None:
    clock, calls = FakeClock(), list[tuple[str, float]]()
    sink, _, _ = measured(made(clock, calls), clock)
    kept = [r for r in sink.records if r["record"] in ("run", "agreement")]
    again, _, _ = measured(made(clock, calls), clock, done=stored_progress(kept))
    assert again.of("agreement") == []
    assert len(again.of("sample")) == len(sink.of("sample"))


def test_a_placebo_and_the_reference_are_not_compared() -> None:
    clock, calls = FakeClock(), list[tuple[str, float]]()
    sink, _, _ = measured(made(clock, calls, placebo="near"), clock)
    assert {r["subject"] for r in sink.of("agreement")} == {"near", "far"}
    assert len(sink.of("agreement")) == 4


def test_without_an_agreement_nothing_is_compared() -> None:
    clock, calls = FakeClock(), list[tuple[str, float]]()
    sink, engine, _ = measured(dataclasses.replace(made(clock, calls), agreement=None), clock)
    assert sink.of("agreement") == []
    assert not any(isinstance(one, ComparisonRequest) for one in engine.requests)


def test_a_subject_that_fails_when_compared_is_named() -> None:
    clock, calls = FakeClock(), list[tuple[str, float]]()

    def broken(_found: object, _expected: object) -> float:
        raise ValueError("shapes differ")

    experiment = dataclasses.replace(made(clock, calls), agreement=dataclasses.replace(AGREEMENT, difference=broken))
    sink, _, _ = measured(experiment, clock)
    found = {(skip["subject"], skip["point"]["n"]) for skip in sink.of("skip")}
    assert found == {(name, n) for name in ("near", "far") for n in (1, 4)}  # the smallest and the largest
    expected = "its result could not be compared: ValueError: shapes differ (test_result_check.py, line "
    assert all(skip["reason"].startswith(expected) for skip in sink.of("skip"))
    assert {sample["subject"] for sample in sink.of("sample")} == {"right"}


def test_an_agreement_names_subjects_of_the_experiment() -> None:
    clock, calls = FakeClock(), list[tuple[str, float]]()
    with pytest.raises(ExperimentError, match="agreement of 'nobody': not a subject"):
        dataclasses.replace(made(clock, calls), agreement=dataclasses.replace(AGREEMENT, reference="nobody"))


def with_missing(clock: FakeClock, *names: str) -> Experiment:
    subjects = tuple(
        giving(clock, name, 0.0, [], missing=(lambda: "it is not installed") if name in names else lambda: None)
        for name in ("right", "near", "far")
    )
    return dataclasses.replace(toy(*subjects, blocks=2, processes=1), agreement=AGREEMENT)


def test_a_missing_subject_is_named_and_left_out() -> None:
    clock = FakeClock()
    sink, _, reported = measured(with_missing(clock, "far"), clock)
    assert sink.of("missing") == [{"record": "missing", "subject": "far", "reason": "it is not installed"}]
    assert SubjectMissing(subject="far", reason="it is not installed") in reported
    assert {r["subject"] for r in sink.of("sample")} == {"right", "near"}
    assert sink.of("run")[0]["subjects"] == ["right", "near"]


def test_without_its_reference_or_any_subject_nothing_can_be_compared() -> None:
    clock = FakeClock()
    with pytest.raises(ExperimentError, match="its reference 'right' is missing here"):
        measured(with_missing(clock, "right"), clock)
    with pytest.raises(ExperimentError, match="all its subjects are missing here"):
        measured(with_missing(clock, "right", "near", "far"), clock)


def test_a_run_that_had_more_subjects_is_not_the_same_run() -> None:
    clock = FakeClock()
    header = measured(with_missing(clock), clock)[0].of("run")[0]
    with pytest.raises(MeasureError, match=r"has subjects \(right, near, far\), not \(right, near\)"):
        measured(with_missing(clock, "far"), clock, done=StoredProgress(header=header))


def test_peaks_are_read_before_each_process_where_a_subject_has_a_roofline(tmp_path: Path) -> None:
    clock = FakeClock()
    subject = giving(clock, "right", 0.0, [], roofline=lambda _point: Traffic(operations=1.0, least_bytes=1.0))
    experiment = toy(subject, blocks=3, processes=2)
    asked: list[int] = []

    class Engine(FakeEngine):
        def start(self, *, threads: int) -> Any:
            worker = super().start(threads=threads)

            def peaks(_clock: object, threads: int, _available: int) -> Peaks:
                asked.append(threads)
                return PEAKS

            worker._handler = RequestHandler(
                clock, available=lambda: 1 << 40, pools=list, load=lambda _m, _c: experiment, peaks=peaks
            )
            return worker

    for resumed in (False, True):
        with SampleStore.resume(tmp_path / "run") if resumed else SampleStore.create(tmp_path / "run") as store:
            run(
                experiment, module="toy", profile="quick", seed=0, threads=2, sink=store, done=store.done,
                engine=Engine(experiment, clock), clock=clock, describe_environment=dict,
            )  # fmt: skip
    assert asked == [2, 2]  # and none to go on with a run of which nothing is left


def test_no_peaks_are_read_without_a_roofline() -> None:
    clock = FakeClock()
    _, engine, _ = measured(made(clock, []), clock)
    assert not any(isinstance(one, PeaksRequest) for one in engine.requests)


def test_measuring_processes_get_the_variables_of_the_experiment(monkeypatch: pytest.MonkeyPatch) -> None:
    started: dict[str, Any] = {}

    class Popen:
        def __init__(self, _command: object, *, env: dict[str, str], **_more: object) -> None:
            started.update(env)
            self.stdin = self.stdout = io.BytesIO()
            self.pid = 1 << 30  # of nobody

        def wait(self) -> int:
            return 0

    monkeypatch.setattr("bptt_bench.measure.engines.local.subprocess.Popen", Popen)
    LocalEngine({"MALLOC_MMAP_MAX_": "0"}).start(threads=3).close()
    assert (started["MALLOC_MMAP_MAX_"], started["OMP_NUM_THREADS"]) == ("0", "3")
