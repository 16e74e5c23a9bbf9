"""The fake clock moves only when told; the machine's own never goes back."""

from __future__ import annotations

import time

from bptt_bench.measure.clock import Clock, FakeClock, WallClock


def test_a_fake_clock_moves_by_what_it_is_told() -> None:
    clock = FakeClock(3.0)
    assert clock.now() == clock.now() == clock.wall() == 3.0
    clock.advance(0.5)
    assert clock.now() == 3.5


def test_a_fake_clock_can_take_time_to_read() -> None:
    clock = FakeClock(seconds_per_reading=0.25)
    assert [clock.now(), clock.now(), clock.now()] == [0.0, 0.25, 0.5]


def test_the_wall_clock_is_a_clock_that_does_not_go_back() -> None:
    clock: Clock = WallClock()
    readings = [clock.now() for _ in range(100)]
    assert readings == sorted(readings)
    before = time.time()
    assert before <= clock.wall() <= time.time()
