"""The fake clock moves only when told; the machine's own never goes back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from bptt_bench.measure import clock
from bptt_bench.measure.clock import Clock, FakeClock, WallClock, seconds_less_waiting


def test_a_fake_clock_moves_by_what_it_is_told() -> None:
    fake = FakeClock(3.0)
    assert fake.now() == fake.now() == fake.wall() == 3.0
    fake.advance(0.5)
    assert fake.now() == 3.5


def test_a_fake_clock_can_take_time_to_read() -> None:
    fake = FakeClock(seconds_per_reading=0.25)
    assert [fake.now(), fake.now(), fake.now()] == [0.0, 0.25, 0.5]


def test_the_wall_clock_is_a_clock_that_does_not_go_back() -> None:
    wall: Clock = WallClock()
    readings = [wall.now() for _ in range(100)]
    assert readings == sorted(readings)
    before = time.time()
    assert before <= wall.wall() <= time.time()


def test_a_wait_for_the_processor_is_taken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = tmp_path / "schedstat"
    monkeypatch.setattr(clock, "SCHEDULER", str(scheduler))
    monkeypatch.setattr(time, "perf_counter", lambda: 7.0)
    scheduler.write_text("5000000000 0 3\n", encoding="ascii")
    assert seconds_less_waiting() == 7.0
    scheduler.write_text("5000000000 1500000000 4\n", encoding="ascii")
    assert seconds_less_waiting() == 5.5


def test_a_wait_amid_a_reading_makes_it_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waited, now = iter([0.0, 2.0, 2.0]), iter([10.0, 12.0])
    monkeypatch.setattr(clock, "_seconds_waited", lambda: next(waited))
    monkeypatch.setattr(time, "perf_counter", lambda: next(now))
    assert seconds_less_waiting() == 10.0


def test_where_no_system_tells_of_waits_it_is_the_clock_of_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "SCHEDULER", "/does/not/exist")
    before = time.perf_counter()
    assert before <= seconds_less_waiting() <= time.perf_counter()


def test_sleep_is_counted() -> None:
    before = seconds_less_waiting()
    time.sleep(0.02)
    assert seconds_less_waiting() - before >= 0.019
