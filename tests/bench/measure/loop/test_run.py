"""The loop of a run, with fake processes on a fake clock: every record and event is known in advance."""

from __future__ import annotations

import os
import re
import signal
from typing import Any

import pytest
from bptt_bench.errors import MeasureError
from bptt_bench.measure.loop.events import (
    BlockDone,
    CellSkipped,
    CheckDone,
    Event,
    Notice,
    RunFinished,
    RunStarted,
    SampleTaken,
    WorkerStarted,
)
from bptt_bench.measure.loop.interrupts import Interrupted
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.protocol.messages import SampleRequest
from bptt_bench.measure.protocol.schedule import StoredProgress, Visit, plan_blocks
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import CheckClaim, CheckResult, Evaluation, Experiment, Point, Subject

from tests.bench.measure.fakes import FakeEngine, FakeWorker, ListSink, linear, toy


class Ran:
    """A run with everything that came of it."""

    def __init__(self, experiment: Experiment, clock: FakeClock, **engine: Any) -> None:
        self.experiment, self.clock = experiment, clock
        self.engine = FakeEngine(experiment, clock, **engine)
        self.sink, self.events = ListSink(), list[Event]()

    def run(self, **settings: Any) -> RunFinished:
        chosen = {
            "module": "toy",
            "profile": "quick",
            "seed": 3,
            "threads": 1,
            "on_event": self.events.append,
            **settings,
        }
        chosen.setdefault("describe_environment", lambda: {"cpu": "a fast one"})
        return run(self.experiment, sink=self.sink, engine=self.engine, clock=self.clock, **chosen)

    @property
    def samples(self) -> list[dict[str, Any]]:
        return self.sink.of("sample")

    def events_of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def visits(records: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(r["subject"], Point(r["point"]), r["block"], r["timing"]) for r in records]


def test_every_visit_is_made_once_in_order_and_measures_what_the_subject_takes() -> None:
    clock = FakeClock()
    experiment = toy(linear(clock, "a", phased=True), linear(clock, "b"), placebo="b")
    ran = Ran(experiment, clock)
    ran.run()
    expected = [
        visit for block in plan_blocks(experiment, experiment.profile("quick"), seed=3) for visit in block.visits
    ]
    assert visits(ran.samples) == expected
    for sample in ran.samples:
        n = sample["point"]["n"]
        assert sample["seconds_per_eval"] == pytest.approx(0.001 * n)
        assert sample["evaluations"] == 20 / n
        if sample["timing"] == "phases":
            assert sample["phase_seconds_per_eval"] == pytest.approx({"a": 0.00025 * n, "b": 0.00075 * n})
        else:
            assert "phase_seconds_per_eval" not in sample


def test_records_come_in_order_with_the_run_first_and_the_finish_last() -> None:
    clock = FakeClock(100.0)
    ran = Ran(toy(linear(clock)), clock)
    ran.run()
    header = ran.sink.records[0]
    assert {k: header[k] for k in ("record", "schema", "experiment", "profile", "seed", "threads", "corpus")} == {
        "record": "run", "schema": 2, "experiment": "toy", "profile": "quick", "seed": 3, "threads": 1, "corpus": None
    }  # fmt: skip
    assert header["factors"] == ["n"]
    assert header["subjects"] == ["linear"]
    assert header["laws"] == {"linear": "n"}
    assert (header["cells"], header["blocks"], header["started_at"]) == (2, 3, 100.0)
    assert header["environment"] == {"cpu": "a fast one"}
    kinds = [record["record"] for record in ran.sink.records]
    assert kinds == [
        "run",
        "experiment",
        "worker",
        *["sample", "inspection"] * 2,
        *["sample"] * 2,
        "worker",
        *["sample"] * 2,
        "finish",
    ]
    assert [(w["process"], w["threads"][0]["threads"]) for w in ran.sink.of("worker")] == [(0, 1), (1, 1)]
    assert [sample["process"] for sample in ran.samples] == [0, 0, 0, 0, 1, 1]
    assert ran.sink.synced == len(ran.sink.records)


def test_a_calibration_is_remembered_for_later_blocks_and_processes() -> None:
    clock = FakeClock()
    ran = Ran(toy(linear(clock), n=(4,)), clock)
    ran.run()
    asked = [request.evaluations for request in ran.engine.requests if isinstance(request, SampleRequest)]
    assert asked == [None, 5, 5]


def test_a_sample_that_came_out_too_short_is_calibrated_anew() -> None:
    clock = FakeClock()
    costs = iter([0.05, *[0.001] * 1000])  # the first evaluation touches new memory and takes long

    def prepare(_point: Point) -> Evaluation:
        return lambda: clock.advance(next(costs))

    ran = Ran(toy(Subject(name="cold", prepare=prepare), n=(1,), processes=1, seconds_per_sample=0.01), clock)
    ran.run()
    assert [sample["evaluations"] for sample in ran.samples] == [1, 10, 10]


def test_events_follow_what_is_stored_and_count_up() -> None:
    clock = FakeClock()
    ran = Ran(toy(linear(clock)), clock)
    stored_when_reported: list[bool] = []

    def listen(event: Event) -> None:
        ran.events.append(event)
        if isinstance(event, SampleTaken):
            last = ran.samples[-1]
            stored_when_reported.append(
                (last["subject"], last["point"], last["block"]) == (event.subject, event.point, event.block)
            )

    ran.run(on_event=listen)
    assert stored_when_reported == [True] * 6
    taken = ran.events_of(SampleTaken)
    assert [event.cells_done for event in taken] == [1, 2, 3, 4, 5, 6]
    assert [event.blocks_done for event in taken] == [0, 1, 1, 2, 2, 3]
    assert {(event.cells_total, event.blocks_total) for event in taken} == {(6, 3)}
    assert [event.blocks_done for event in ran.events_of(BlockDone)] == [1, 2, 3]
    assert isinstance(ran.events[0], RunStarted)
    assert isinstance(ran.events[-1], RunFinished)
    assert [event.process for event in ran.events_of(WorkerStarted)] == [0, 1]


def test_time_left_after_the_first_block_is_the_sum_over_the_cells_left() -> None:
    clock = FakeClock()
    ran = Ran(toy(linear(clock), blocks=2, processes=1), clock)
    ran.run()
    second = [event.seconds_left for event in ran.events_of(SampleTaken)]
    # block 2 of each cell: 20 ms of sample and a warm-up of 2 evaluations of 1 ms or one of 4 ms
    assert second[-1] == 0
    assert clock.now() > 0
    last_visit = {1: 0.022, 4: 0.024}[ran.samples[-1]["point"]["n"]]
    first_visit = {1: 0.022 + 0.007, 4: 0.024 + 0.004}  # with the calibration: trials of 1 and 6, or of 1
    assert second[-2] == pytest.approx(first_visit[ran.samples[-1]["point"]["n"]])
    assert second[1] == pytest.approx(sum(first_visit.values()))
    assert last_visit < second[-2]


def test_busy_share_leaves_start_up_out_and_counts_preparing_as_idle() -> None:
    clock = FakeClock()
    ran = Ran(toy(linear(clock, prepare_seconds=0.05), n=(20,), blocks=1, processes=1), clock, start_up_seconds=99.0)
    finished = ran.run()
    # warm-up 0.02, a trial of 0.02 for the calibration, the sample 0.02; preparing 0.05
    assert finished.seconds_in_evaluations == pytest.approx(0.06)
    assert finished.seconds_after_workers_started == pytest.approx(0.11)
    assert finished.busy_share == pytest.approx(0.06 / 0.11)
    (record,) = ran.sink.of("finish")
    assert record["busy_share"] == finished.busy_share
    assert record["wall_seconds_after_workers_started"] == finished.seconds_after_workers_started


def test_prepared_evaluations_are_kept_between_the_blocks_of_a_process() -> None:
    clock = FakeClock()
    prepared: list[Point] = []
    subject = linear(clock)

    def prepare(point: Point) -> Evaluation:
        prepared.append(point)
        return subject.prepare(point)

    kept = Subject(name="kept", prepare=prepare, working_set=lambda point: 10)
    Ran(toy(kept, n=(1,), blocks=4, processes=2), clock).run()
    assert len(prepared) == 2
    unknown = Subject(name="of unknown size", prepare=prepare)
    Ran(toy(unknown, n=(1,), blocks=4, processes=2), clock).run()
    assert len(prepared) == 2 + 4


def test_a_point_that_does_not_fit_is_skipped_once_with_a_line_that_says_so() -> None:
    clock = FakeClock()
    ran = Ran(
        toy(linear(clock, phased=True), n=(1, 4)), clock, available=lambda: 4999
    )  # 4 needs 4000, allowed are 3999
    finished = ran.run()
    (skip,) = ran.sink.of("skip")
    assert (skip["subject"], skip["point"], skip["timing"]) == ("linear", {"n": 4}, "whole")
    assert (skip["bytes_needed"], skip["bytes_available"]) == (4000, 4999)
    assert skip["reason"] == "needs 4 kB, allowed are 80% of the 5 kB available"
    assert {sample["point"]["n"] for sample in ran.samples} == {1}
    assert len(ran.samples) == 4
    assert len(ran.events_of(CellSkipped)) == finished.skipped == 1
    assert ran.events_of(SampleTaken)[-1].cells_done <= 8
    assert len(ran.events_of(BlockDone)) == 3


def test_a_run_of_which_nothing_fits_ends_with_one_line() -> None:
    clock = FakeClock()
    subject = linear(clock)

    def prepare(point: Point) -> Evaluation:
        clock.advance(1.0)
        raise MemoryError

    ran = Ran(toy(Subject(name="big", prepare=prepare, working_set=subject.working_set)), clock)
    reason = r"^subject 'big' at n=\d: ran out of memory: MemoryError; none of 2 cells could be measured$"
    with pytest.raises(MeasureError, match=reason):
        ran.run()
    assert [skip["bytes_needed"] for skip in ran.sink.of("skip")] in ([1000, 4000], [4000, 1000])
    assert not ran.sink.of("finish")


def test_a_point_at_the_limit_of_memory_is_measured() -> None:
    clock = FakeClock()
    ran = Ran(toy(linear(clock), n=(4,)), clock, available=lambda: 5000)
    ran.run()
    assert len(ran.samples) == 3
    assert not ran.sink.of("skip")


@pytest.mark.parametrize("when", ["prepare", "evaluate"])
def test_running_out_of_memory_skips_the_point(when: str) -> None:
    clock = FakeClock()
    good = linear(clock)

    def fail() -> None:
        raise MemoryError("Unable to allocate 9 TiB")

    def prepare(point: Point) -> Evaluation:
        if point["n"] == 4:
            if when == "prepare":
                fail()
            return fail
        return good.prepare(point)

    ran = Ran(toy(Subject(name="big", prepare=prepare)), clock)
    ran.run()
    (skip,) = ran.sink.of("skip")
    assert skip["reason"] == "ran out of memory: MemoryError: Unable to allocate 9 TiB"
    assert skip["bytes_needed"] is None
    assert len(ran.samples) == 3


class Odd(BaseException):
    """What no handler of exceptions catches."""


@pytest.mark.parametrize(
    "error", [ValueError("not\nthis size"), RecursionError("too deep"), SystemExit(3), KeyboardInterrupt(), Odd("odd")]
)
@pytest.mark.parametrize("when", ["prepare", "evaluate"])
def test_a_size_that_raises_ends_only_that_size(error: BaseException, when: str) -> None:
    clock = FakeClock()
    good, tried = linear(clock), 0

    def fail() -> None:
        nonlocal tried
        tried += 1
        raise error

    def prepare(point: Point) -> Evaluation:
        if point["n"] == 4:
            if when == "prepare":
                fail()
            return fail
        return good.prepare(point)

    ran = Ran(toy(Subject(name="moody", prepare=prepare), n=(1, 4, 5)), clock)
    finished = ran.run()
    (skip,) = ran.sink.of("skip")
    assert skip["point"] == {"n": 4}
    assert re.fullmatch(type(error).__name__ + r"(: [\w ]+)? \(test_run.py, line \d+\)", skip["reason"])
    assert (finished.skipped, tried) == (1, 1)
    assert {sample["point"]["n"] for sample in ran.samples} == {1, 5}
    assert ran.sink.of("finish")


@pytest.mark.parametrize("sizes", [(5, 6), (3, 4, 5, 6, 7, 8), (9,)])
def test_a_subject_that_raises_at_all_sizes_ends_the_run_after_both_ends(sizes: tuple[int, ...]) -> None:
    clock, tried = FakeClock(), list[int]()

    def prepare(point: Point) -> Evaluation:
        tried.append(point["n"])
        raise ValueError("never")

    ran = Ran(toy(Subject(name="moody", prepare=prepare), n=sizes), clock)
    reason = r"ValueError: never \(test_run.py, line \d+\)(; none of \d cells could be measured)?"
    with pytest.raises(MeasureError, match=rf"^subject 'moody' at n=\d: {reason}$"):
        ran.run()
    assert {min(sizes), max(sizes)} <= set(tried)
    assert len(tried) <= 3
    assert len(ran.events_of(BlockDone)) <= 1  # where that were all visits of a block
    assert len(ran.engine.workers) == 1
    assert ran.sink.synced == len(ran.sink.records)
    assert all(worker.closed for worker in ran.engine.workers)
    assert not ran.sink.of("finish")


def test_a_subject_that_raises_everywhere_leaves_the_others_to_be_measured() -> None:
    clock, tried = FakeClock(), list[int]()

    def prepare(point: Point) -> Evaluation:
        tried.append(point["n"])
        raise ValueError("never")

    ran = Ran(toy(linear(clock), Subject(name="moody", prepare=prepare), n=(3, 4, 5, 6)), clock)
    ran.run()
    assert len(tried) <= 3
    assert {sample["point"]["n"] for sample in ran.samples} == {3, 4, 5, 6}
    expected = ["moody: not measured at other points, because it raises at its smallest and largest"]
    assert [event.text for event in ran.events_of(Notice)] == expected


@pytest.mark.parametrize("seed", range(4))
def test_a_subject_that_raises_at_small_sizes_is_measured_at_the_others(seed: int) -> None:
    clock = FakeClock()
    good = linear(clock)

    def prepare(point: Point) -> Evaluation:
        if point["n"] < 5:
            raise ValueError("too small")
        return good.prepare(point)

    ran = Ran(toy(Subject(name="moody", prepare=prepare), n=(2, 3, 4, 5, 6, 7)), clock)
    ran.run(seed=seed)
    assert {sample["point"]["n"] for sample in ran.samples} == {5, 6, 7}
    assert {skip["point"]["n"] for skip in ran.sink.of("skip")} == {2, 3, 4}


def test_what_was_measured_before_a_size_raised_is_kept() -> None:
    clock = FakeClock()
    good, calls = linear(clock), 0

    def prepare(point: Point) -> Evaluation:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ValueError("not this time")
        return good.prepare(point)

    ran = Ran(toy(Subject(name="moody", prepare=prepare), n=(5,)), clock)
    ran.run()
    assert (len(ran.samples), len(ran.sink.of("skip"))) == (2, 1)


def test_a_process_that_dies_takes_only_the_size_with_it_that_it_died_of() -> None:
    clock = FakeClock()
    ran = Ran(toy(linear(clock), n=(5, 6)), clock, dies_at_sample=2)
    ran.run()
    (skip,) = ran.sink.of("skip")
    assert skip["reason"] == "the measuring process died: it was killed by SIGSEGV"
    (other,) = {5, 6} - {skip["point"]["n"]}
    assert [sample["point"]["n"] for sample in ran.samples].count(other) == 3
    assert [record["process"] for record in ran.sink.of("worker")] == [0, 1, 2]  # one in place of the dead one
    assert all(worker.closed for worker in ran.engine.workers)


def test_threads_that_differ_stop_the_run_before_anything_is_measured() -> None:
    clock = FakeClock()
    ran = Ran(toy(linear(clock)), clock, threads=8)
    with pytest.raises(MeasureError, match=r"threads=2: openblas uses 8 instead"):
        ran.run(threads=2)
    assert not ran.samples


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"threads": 0}, "threads must be a whole number from 1, got 0"),
        ({"seed": -1}, "seed must be a whole number from 0, got -1"),
    ],
)
def test_settings_that_cannot_be_are_refused(setting: dict[str, int], expected: str) -> None:
    clock = FakeClock()
    ran = Ran(toy(linear(clock)), clock)
    with pytest.raises(MeasureError, match=expected):
        ran.run(**setting)
    assert not ran.sink.records


def test_checks_are_made_first_in_a_process_of_their_own_and_stored() -> None:
    clock = FakeClock()

    def check(seed: int) -> CheckResult:
        clock.advance(2.0)
        return CheckResult(estimate=0.25 * seed, allowed=0.5, cases=9, detail="seen", passes={"m": [(2, [1, 2])]})

    claims = [
        CheckClaim(name="mine", subject="linear", check=check),
        CheckClaim(name="another profile's", subject="linear", check=check, profiles=("full",)),
    ]
    ran = Ran(toy(linear(clock), claims=claims), clock)
    finished = ran.run()
    (record,) = ran.sink.of("check")
    assert record == {
        "record": "check", "claim": "mine", "estimate": 0.75, "allowed": 0.5, "cases": 9, "detail": "seen",
        "passes": {"m": [[2, [1, 2]]]}, "seconds": 2.0,
    }  # fmt: skip
    assert ran.sink.records[2] == record
    assert ran.events_of(CheckDone) == [CheckDone(claim="mine", passed=False, seconds=2.0)]
    assert len(ran.engine.workers) == 3
    assert finished.seconds_after_workers_started < 2.0


def test_a_check_that_raises_names_its_claim() -> None:
    clock = FakeClock()

    def check(_seed: int) -> CheckResult:
        raise ZeroDivisionError("division by zero")

    ran = Ran(toy(linear(clock), claims=[CheckClaim(name="mine", subject="linear", check=check)]), clock)
    with pytest.raises(
        MeasureError, match=r"^check of claim 'mine': ZeroDivisionError: division by zero \(test_run.py, line \d+\)$"
    ):
        ran.run()


def done_of(ran: Ran, samples: int) -> StoredProgress:
    return StoredProgress(
        header=ran.sink.records[0],
        samples=frozenset(Visit(*visit) for visit in visits(ran.samples[:samples])),
        checks=frozenset({"mine"}),
        processes=2,
    )


@pytest.mark.parametrize("stored", [0, 1, 3, 6, 7])
def test_a_continued_run_measures_what_is_missing_and_nothing_twice(stored: int) -> None:
    clock = FakeClock()
    claim = CheckClaim(name="mine", subject="linear", check=lambda _: CheckResult(estimate=0, allowed=1, cases=1))
    experiment = toy(linear(clock, phased=True), claims=[claim])
    first, second = Ran(experiment, clock), Ran(experiment, clock)
    first.run()
    assert len(first.samples) == 8
    second.run(done=done_of(first, stored))
    assert visits(first.samples[:stored]) + visits(second.samples) == visits(first.samples)
    assert second.sink.records[0]["record"] == "resume"
    assert not second.sink.of("check")
    assert not second.sink.of("run")
    started = second.events_of(RunStarted)[0]
    assert (started.cells_done, started.cells_total, started.resumed) == (stored, 8, True)
    assert min(sample["process"] for sample in second.samples) == 2


def test_a_run_with_nothing_left_starts_no_process_and_reports_no_share() -> None:
    clock = FakeClock()
    experiment = toy(linear(clock))
    first, second = Ran(experiment, clock), Ran(experiment, clock)
    first.run()
    finished = second.run(done=done_of(first, 6))
    assert finished.busy_share is None
    assert not second.engine.workers
    assert not second.sink.of("finish")


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"seed": 4}, r"^the run to be continued has seed 3, not 4;"),
        ({"threads": 2}, r"^the run to be continued has threads 1, not 2;"),
        ({"module": "other"}, r"^the run to be continued has experiment 'toy', not 'other';"),
    ],
)
def test_a_continued_run_must_be_the_same(setting: dict[str, Any], expected: str) -> None:
    clock = FakeClock()
    first = Ran(toy(linear(clock)), clock)
    first.run()
    second = Ran(first.experiment, clock)
    with pytest.raises(MeasureError, match=expected):
        second.run(done=done_of(first, 3), **setting)
    assert not second.sink.records


def test_a_continued_run_notices_that_the_experiment_has_changed() -> None:
    clock = FakeClock()
    first = Ran(toy(linear(clock)), clock)
    first.run()
    with pytest.raises(MeasureError, match=r"^the run to be continued has cells 2, not 3;"):
        Ran(toy(linear(clock), n=(1, 4, 5)), clock).run(done=done_of(first, 3))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("kind", [RunStarted, CheckDone, WorkerStarted, SampleTaken, BlockDone])
def test_a_signal_stops_the_run_at_once_and_keeps_what_was_measured(number: signal.Signals, kind: type[Event]) -> None:
    clock = FakeClock()
    claim = CheckClaim(name="mine", subject="linear", check=lambda _: CheckResult(estimate=0, allowed=1, cases=1))
    ran = Ran(toy(linear(clock), claims=[claim]), clock)
    handler = signal.getsignal(number)

    def listen(event: Event) -> None:
        ran.events.append(event)
        if isinstance(event, kind):
            os.kill(os.getpid(), number)

    with pytest.raises(Interrupted, match=f"interrupted by {number.name}") as caught:
        ran.run(on_event=listen)
    assert caught.value.signal_number == number
    assert len(ran.events_of(kind)) == 1
    assert len(ran.samples) == len(ran.events_of(SampleTaken))
    assert ran.sink.synced == len(ran.sink.records)
    assert all(worker.closed for worker in ran.engine.workers)
    assert signal.getsignal(number) is handler


def test_a_signal_during_an_evaluation_does_not_wait_for_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    ran = Ran(toy(linear(clock)), clock)
    ask = FakeWorker.send
    ended = []

    def interrupted(worker: FakeWorker, request: Any) -> Any:
        if isinstance(request, SampleRequest):
            os.kill(os.getpid(), signal.SIGINT)
            ended.append(request)
        return ask(worker, request)

    monkeypatch.setattr(FakeWorker, "send", interrupted)
    with pytest.raises(Interrupted):
        ran.run()
    assert not ended
    assert not ran.samples
