"""Timing on a clock that only the evaluations move: every number is known in advance."""

from __future__ import annotations

import gc

import pytest
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.measure.timing.phases import PhaseTimer
from bptt_bench.measure.timing.timing import (
    FLOOR_EVALUATIONS,
    FLOOR_FACTOR,
    MAX_EVALUATIONS,
    Rotation,
    Sample,
    calibrate,
    floor_seconds,
    is_below_floor,
    is_nothing,
    seconds_of,
    subtract_empty_call,
    take_sample,
    warm_up,
)


class Ticking:
    """An evaluation of fixed cost; its first call may cost more, as when it touches new memory."""

    def __init__(self, clock: FakeClock, seconds: float, first_seconds: float | None = None) -> None:
        self.clock, self.seconds = clock, seconds
        self.first_seconds = seconds if first_seconds is None else first_seconds
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
        self.clock.advance(self.first_seconds if self.calls == 1 else self.seconds)


def test_seconds_of_counts_each_evaluation_once() -> None:
    clock = FakeClock(5.0)
    evaluate = Ticking(clock, 0.5)
    assert seconds_of(evaluate, 4, clock) == 2.0
    assert evaluate.calls == 4


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.001, 10), (0.003, 4), (0.0001, 100), (1e-6, 10_000), (0.01, 1), (0.5, 1)]
)
def test_calibration_finds_the_fewest_evaluations_that_fill_a_sample(seconds: float, expected: int) -> None:
    clock = FakeClock()
    evaluations, spent = calibrate(Ticking(clock, seconds), clock, 0.01)
    assert evaluations == expected
    assert spent == pytest.approx(clock.now())


@pytest.mark.parametrize("seconds", [1e-7, 1e-5, 1e-3, 0.0015])
def test_calibration_costs_less_than_half_a_sample(seconds: float) -> None:
    clock = FakeClock()
    calibrate(Ticking(clock, seconds), clock, 0.01)
    assert clock.now() < 0.5 * 0.01


def test_calibration_ends_on_a_clock_that_stands_still() -> None:
    calls = 0

    class Still(FakeClock):
        def now(self) -> float:
            nonlocal calls
            calls += 1
            return 0.0 if calls < 6 else 1.0 * calls

    evaluations, _ = calibrate(lambda: None, Still(), 0.01)
    assert 1 <= evaluations <= MAX_EVALUATIONS


def test_warm_up_evaluates_at_least_once_and_no_longer_than_needed() -> None:
    clock = FakeClock()
    slow = Ticking(clock, 3.0)
    assert warm_up(slow, clock, 0.01) == (3.0, 3.0)
    assert slow.calls == 1
    quick = Ticking(clock, 0.0003)
    _, total = warm_up(quick, clock, 0.01)
    assert quick.calls == 4  # a tenth of a sample is 1 ms
    assert total == pytest.approx(0.0012)


def test_sample_is_the_mean_of_its_evaluations_and_leaves_warm_up_out() -> None:
    clock = FakeClock()
    sample = take_sample(Ticking(clock, 0.002, first_seconds=0.03), clock, seconds_per_sample=0.01)
    assert sample.evaluations == 5
    assert sample.seconds_per_eval == pytest.approx(0.002)
    assert sample.seconds_in_evaluations == pytest.approx(clock.now())


def test_a_given_number_of_evaluations_is_kept() -> None:
    clock = FakeClock()
    evaluate = Ticking(clock, 0.002)
    sample = take_sample(evaluate, clock, seconds_per_sample=0.01, evaluations=7)
    assert sample.evaluations == 7
    assert evaluate.calls == 8  # one to warm up


def test_a_long_first_evaluation_settles_the_calibration() -> None:
    clock = FakeClock()
    evaluate = Ticking(clock, 0.1)
    assert take_sample(evaluate, clock, seconds_per_sample=0.01).evaluations == 1
    assert evaluate.calls == 2


def test_phases_are_means_per_evaluation_without_warm_up() -> None:
    clock = FakeClock()
    phases = PhaseTimer(clock)

    def evaluate() -> None:
        phases("a")
        clock.advance(0.001)
        phases("b")
        clock.advance(0.004)

    sample = take_sample(evaluate, clock, seconds_per_sample=0.02, phases=phases)
    assert sample.evaluations == 4
    assert sample.phase_seconds_per_eval == pytest.approx({"a": 0.001, "b": 0.004})
    assert sample.seconds_per_eval == pytest.approx(0.005)


def test_calls_take_turns_and_each_is_made_equally_often() -> None:
    clock = FakeClock()
    calls = [Ticking(clock, seconds) for seconds in (0.001, 0.002, 0.006)]
    sample = take_sample(Rotation(calls), clock, seconds_per_sample=0.02)
    assert sample.inputs == 3
    assert sample.evaluations % 3 == 0
    assert sample.seconds_per_eval == pytest.approx(0.003)
    made = [call.calls for call in calls]
    assert max(made) - min(made) <= 1


def test_a_reading_goes_on_with_the_input_at_which_the_last_one_ended() -> None:
    clock = FakeClock()
    turns = Rotation([Ticking(clock, 1.0), Ticking(clock, 10.0)])
    assert [seconds_of(turns, evaluations, clock) for evaluations in (1, 2, 1)] == [1.0, 11.0, 10.0]


class EmptyCalls(FakeClock):
    """A clock on which nothing else happens than empty calls of ``seconds`` each."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.reading = seconds * FLOOR_EVALUATIONS

    def now(self) -> float:
        self.advance(self.reading)
        return super().now()


def made(seconds: float) -> Sample:
    return Sample(evaluations=5, seconds_per_eval=seconds, seconds_in_evaluations=1.0, first_seconds=seconds)


@pytest.mark.parametrize(
    ("seconds", "left", "nothing"),
    [(5.0, 4.9, False), (0.9, 0.85, False), (0.07, 0.02, False), (0.055, 0.005, True), (0.04, 0.0, True)],
)
def test_an_empty_call_is_subtracted_and_what_is_hardly_more_is_nothing(
    seconds: float, left: float, nothing: bool
) -> None:
    """An empty call takes 0.05 s now, and took 0.1 s when the process began: that holds for calls of 1 s and more."""
    sample = subtract_empty_call(made(seconds), EmptyCalls(0.05), usual=0.1)
    assert sample.seconds_per_eval == pytest.approx(left)
    assert sample.empty_call_seconds == pytest.approx(0.1 if seconds >= 1 else 0.05)
    assert is_nothing(sample) is nothing


def test_what_a_clock_that_stands_still_reads_is_nothing() -> None:
    assert is_nothing(subtract_empty_call(made(0.0), FakeClock(), usual=0.0))


@pytest.mark.parametrize("was_on", [True, False])
def test_garbage_collection_is_off_while_timing_and_then_as_it_was(was_on: bool) -> None:
    before = gc.isenabled()
    (gc.enable if was_on else gc.disable)()
    seen = []
    clock = FakeClock()

    def evaluate() -> None:
        seen.append(gc.isenabled())
        clock.advance(1.0)
        raise ValueError("on purpose")

    try:
        with pytest.raises(ValueError, match="on purpose"):
            take_sample(evaluate, clock, seconds_per_sample=0.01)
        assert seen == [False]
        assert gc.isenabled() is was_on
    finally:
        (gc.enable if before else gc.disable)()


def test_floor_is_the_cost_of_an_empty_call() -> None:
    clock = FakeClock(seconds_per_reading=2.0)  # two readings around 2000 empty calls
    assert floor_seconds(clock) == pytest.approx(0.001)


def test_below_floor_begins_at_ten_empty_calls() -> None:
    assert FLOOR_FACTOR == 10
    assert is_below_floor(0.99e-6, 1e-7)
    assert not is_below_floor(1.01e-6, 1e-7)
