"""Seconds go to the phase that was entered, none are lost, and a new start forgets the old ones."""

from __future__ import annotations

import pytest
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.measure.timing.phases import NO_PHASE, PhaseTimer
from hypothesis import given
from hypothesis import strategies as st


def test_seconds_go_to_the_phase_that_was_entered() -> None:
    clock = FakeClock(start=100.0)
    timer = PhaseTimer(clock)
    timer.start()
    clock.advance(0.5)
    timer("embed")
    clock.advance(1.0)
    timer("recur")
    clock.advance(2.0)
    timer("embed")
    clock.advance(4.0)
    assert timer.stop() == {NO_PHASE: 0.5, "embed": 5.0, "recur": 2.0}


def test_entering_a_phase_again_keeps_its_seconds() -> None:
    clock = FakeClock()
    timer = PhaseTimer(clock)
    timer("recur")
    clock.advance(1.0)
    timer("recur")
    clock.advance(1.0)
    assert timer.stop()["recur"] == 2.0


def test_an_evaluation_without_phases_belongs_to_none() -> None:
    clock = FakeClock()
    timer = PhaseTimer(clock)
    clock.advance(3.0)
    assert timer.stop() == {NO_PHASE: 3.0}


def test_a_start_forgets_warm_up_and_the_sample_before() -> None:
    clock = FakeClock()
    timer = PhaseTimer(clock)
    timer("embed")
    clock.advance(7.0)
    first = timer.stop()
    clock.advance(9.0)
    timer("recur")  # warm-up runs the same code, between samples
    clock.advance(9.0)
    timer.start()
    clock.advance(0.25)
    timer("embed")
    clock.advance(1.0)
    assert timer.stop() == {NO_PHASE: 0.25, "embed": 1.0}
    assert first == {NO_PHASE: 0.0, "embed": 7.0}


def test_each_switch_reads_the_clock_once() -> None:
    clock = FakeClock(seconds_per_reading=1.0)
    timer = PhaseTimer(clock)
    timer.start()
    for name in ("embed", "recur", "output"):
        timer(name)
    assert timer.stop() == {NO_PHASE: 1.0, "embed": 1.0, "recur": 1.0, "output": 1.0}


@given(steps=st.lists(st.tuples(st.sampled_from(["embed", "recur", "output"]), st.floats(0, 1e3)), max_size=30))
def test_the_phases_add_up_to_the_time_that_passed(steps: list[tuple[str, float]]) -> None:
    clock = FakeClock()
    timer = PhaseTimer(clock)
    for name, seconds in steps:
        timer(name)
        clock.advance(seconds)
    assert sum(timer.stop().values()) == pytest.approx(clock.now(), rel=1e-12, abs=1e-12)
