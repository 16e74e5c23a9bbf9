"""How many inputs a point has, that they take turns, and that a call which uses its input up never meets it again.

Time is that of a fake clock, which each call and each preparation moves on.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import bptt_bench as bench
import pytest
from bptt_bench.measure.protocol.messages import OpenRequest, SampleReply, SampleRequest
from bptt_bench.measure.protocol.schedule import Visit
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.measure.worker.fresh_inputs import MOST_CONSUMED
from bptt_bench.measure.worker.request_handler import RequestHandler
from bptt_bench.measure.worker.visits import Calibrations
from bptt_bench.plan import PLACEBO_SUFFIX, Evaluation, Experiment, Point

SAMPLE = 0.01  # seconds
GIB = 1 << 30


class Code:
    """A function that prepares on a fake clock, and notes which inputs are evaluated, in order."""

    def __init__(self, clock: FakeClock, *, preparing: float, evaluating: float) -> None:
        self.clock, self.preparing, self.evaluating = clock, preparing, evaluating
        self.prepared: list[float] = []
        self.evaluated: list[float] = []

    def __call__(self, point: Point) -> Evaluation:
        self.clock.advance(self.preparing * point["n"])
        drawn = random.random()
        self.prepared.append(drawn)

        def call() -> None:
            self.evaluated.append(drawn)
            self.clock.advance(self.evaluating * point["n"])

        return call


class Measured:
    """A measuring process with an experiment of one subject, ``code``."""

    def __init__(self, code: Code, available: Any = lambda: 8 * GIB, **options: Any) -> None:
        self.code = code
        self.experiment: Experiment = bench.experiment({"code": code}, "n", n=[1, 1000], **options)
        self.handler = RequestHandler(
            code.clock, available=available, pools=list, load=lambda _module, _corpus: self.experiment
        )
        self.handler.handle(OpenRequest(module="toy", corpus=None, threads=1))

    def sample(self, n: int, *, subject: str = "code", **settings: Any) -> tuple[SampleReply, list[float]]:
        """Return a reply, and the inputs that were evaluated in the timed part of the visit."""
        start = len(self.code.evaluated)
        request = SampleRequest(subject=subject, point={"n": n}, timing="whole", seconds_per_sample=SAMPLE, **settings)
        reply = self.handler.handle(request)
        assert isinstance(reply, SampleReply), reply
        return reply, self.code.evaluated[start:][-reply.evaluations :]


def cheap(**settings: float) -> Code:
    return Code(FakeClock(), **{"preparing": 1e-6, "evaluating": 1e-6, **settings})


@pytest.mark.parametrize(("n", "expected"), [(10, 200), (100, 20), (1000, 2), (2000, 1), (50_000, 1)])
def test_a_turn_of_all_inputs_lasts_a_fifth_of_a_sample(n: int, expected: int) -> None:
    reply, timed = Measured(cheap()).sample(n)
    assert reply.inputs == expected
    assert len(set(timed)) == min(expected, reply.evaluations)
    assert reply.seconds_per_eval == pytest.approx(1e-6 * n)


def test_each_input_is_evaluated_equally_often_in_a_sample() -> None:
    reply, timed = Measured(cheap()).sample(70)
    assert reply.inputs == 29
    assert set(Counter(timed).values()) == {reply.evaluations // 29}


def test_preparing_further_inputs_takes_no_longer_than_a_sample() -> None:
    code = cheap(preparing=10e-6)
    reply, _ = Measured(code).sample(100)
    assert reply.inputs == 11  # the first, and ten of a millisecond each


@pytest.mark.parametrize("n", [10, 1000])
def test_a_call_that_reads_little_of_its_input_has_one_at_every_size(n: int) -> None:
    reply, _ = Measured(cheap(preparing=60e-6)).sample(n)
    assert reply.inputs == 1


def test_what_the_first_preparation_in_a_process_loads_does_not_count() -> None:
    code = cheap()
    measured = Measured(code)
    code.preparing = 1e-3

    def prepare(point: Point) -> Evaluation:
        call = code(point)
        code.preparing = 1e-6
        return call

    measured.experiment = bench.experiment({"code": prepare}, "n", n=[1, 1000])
    measured.handler.handle(OpenRequest(module="toy", corpus=None, threads=1))
    assert measured.sample(50)[0].inputs == 40


def test_each_block_has_other_inputs_and_all_subjects_have_the_same() -> None:
    measured = Measured(cheap())
    first, other = (set(measured.sample(100, block=block)[1]) for block in (0, 1))
    assert not first & other
    assert set(measured.sample(100, subject=f"code{PLACEBO_SUFFIX}", block=1)[1]) == other
    assert set(Measured(cheap()).sample(100, block=1)[1]) == other


def test_the_first_input_is_the_one_whose_result_is_compared() -> None:
    measured = Measured(cheap())
    measured.experiment.subject("code").prepare(Point(n=100))
    compared = measured.code.prepared[-1]
    assert compared in measured.sample(100)[1]


def test_the_number_is_decided_once_in_a_process() -> None:
    measured = Measured(cheap())
    assert measured.sample(100)[0].inputs == 20
    measured.code.preparing = 1e-3  # a slow moment
    assert measured.sample(100, evaluations=100, block=1)[0].inputs == 20


def test_the_number_that_another_process_has_decided_on_holds() -> None:
    reply, timed = Measured(cheap(preparing=1e-3)).sample(100, evaluations=30, inputs=15)
    assert reply.inputs == len(set(timed)) == 15


def test_a_run_keeps_the_number_for_its_next_process() -> None:
    calibrations, visit = Calibrations(SAMPLE), Visit("code", Point(n=100), 0, "whole")
    assert calibrations.inputs(visit) is None
    sampled, _ = Measured(cheap()).sample(100)
    calibrations.update(visit, sampled)
    assert calibrations.inputs(visit) == sampled.inputs == 20
    assert calibrations.inputs(visit._replace(subject="other")) is None


def test_inputs_that_take_memory_are_fewer() -> None:
    code = cheap()
    reply, _ = Measured(code, available=lambda: 8 * GIB - GIB * len(code.prepared)).sample(10)
    assert reply.inputs < 8


def test_one_input_is_the_same_in_every_block() -> None:
    measured = Measured(cheap(), inputs=1)
    timed = [measured.sample(10, block=block)[1] for block in (0, 1)]
    assert len({one for each in timed for one in each}) == 1


def test_so_many_inputs_as_are_asked_for_are_had_over_all_blocks() -> None:
    measured = Measured(cheap(preparing=1e-3), inputs=3)  # preparing is expensive
    timed = [measured.sample(10, block=block) for block in (0, 1, 2)]
    assert [reply.inputs for reply, _ in timed] == [3, 3, 3]
    assert len({one for _, each in timed for one in each}) == 3


def test_calls_too_long_for_turns_have_the_inputs_asked_for_one_in_each_block() -> None:
    measured = Measured(cheap(), inputs=3)
    timed = [measured.sample(20_000, block=block) for block in (0, 1, 2)]
    assert [reply.inputs for reply, _ in timed] == [1, 1, 1]
    assert len({one for _, each in timed for one in each}) == 3


@pytest.mark.parametrize(("preparing", "expected"), [(0.0, 100), (1e-6, 100), (10e-6, 50), (1e-3, 1)])
def test_a_call_that_consumes_never_meets_an_input_twice(preparing: float, expected: int) -> None:
    measured = Measured(cheap(preparing=preparing), consumes=True)
    for block in (0, 1):
        start = len(measured.code.evaluated)
        reply, _ = measured.sample(100, block=block)
        everything = measured.code.evaluated[start:]
        assert len(everything) == len(set(everything))  # those of the warm-up included
        assert reply.seconds_per_eval == pytest.approx(100e-6)
        assert reply.inputs == reply.evaluations
        assert abs(reply.evaluations - expected) <= 1 + expected // 20


def test_what_is_too_quick_for_the_clock_consumes_a_bounded_number() -> None:
    reply, _ = Measured(cheap(evaluating=0.0, preparing=0.0), consumes=True).sample(10)
    assert reply.evaluations == MOST_CONSUMED


@pytest.mark.parametrize(("n", "expected"), [(3, True), (100, False)])
def test_a_few_quick_calls_on_inputs_that_take_long_to_prepare_are_too_short(n: int, expected: bool) -> None:
    reply, _ = Measured(cheap(preparing=0.1), consumes=True).sample(n)
    assert reply.evaluations == 1
    assert reply.below_floor is expected


def test_a_sort_in_place_is_measured_at_its_first_time() -> None:
    clock = FakeClock()

    def prepare(point: Point) -> Evaluation:
        values = [random.random() for _ in range(point["n"])]

        def call() -> None:
            clock.advance(1e-6 * len(values) * (1 if values == sorted(values) else 8))
            values.sort()

        return call

    found: dict[bool, tuple[object, bool]] = {}
    for consumes in (False, True):
        measured = Measured(Code(clock, preparing=0.0, evaluating=0.0))
        measured.experiment = bench.experiment({"code": prepare}, "n", consumes=consumes, n=[1, 1000])
        measured.handler.handle(OpenRequest(module="toy", corpus=None, threads=1))
        reply = measured.handler.handle(
            SampleRequest(subject="code", point={"n": 50}, timing="whole", seconds_per_sample=SAMPLE)
        )
        assert isinstance(reply, SampleReply)
        assert reply.inspection is not None
        found[consumes] = reply.seconds_per_eval, bool(reply.inspection["restored_seconds"])
    assert found == {False: (pytest.approx(50e-6), True), True: (pytest.approx(400e-6), False)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": 0}, "inputs must be a whole number from 1 to 1000, or None, got 0"),
        ({"inputs": True}, "inputs must be a whole number from 1 to 1000, or None, got True"),
        ({"consumes": 1}, "consumes must be True or False, got 1"),
        (
            {"consumes": True, "inputs": 3},
            "inputs=3: not with consumes=True, which gives each call an input of its own",
        ),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(bench.errors.ExperimentError) as raised:
        bench.experiment(lambda point: lambda: point, "n", n=[1, 1000], **options)
    assert str(raised.value) == message
