"""The fake clock moves only when told; the machine's own never goes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bptt_bench.measure.timing import clock
from bptt_bench.measure.timing.clock import Clock, FakeClock, WallClock, seconds_less_waiting


def test_a_fake_clock_moves_by_the_given_amount() -> None:
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


@pytest.fixture
def scheduled(monkeypatch: pytest.MonkeyPatch) -> dict[str, Iterator[float]]:
    """What the clocks of the system say, reading by reading; each goes on with its last."""
    said: dict[str, Iterator[float]] = {name: iter(()) for name in ("wall", "waited", "process", "thread")}
    last = dict.fromkeys(said, 0.0)

    def reader(name: str) -> Callable[[], float]:
        def read() -> float:
            last[name] = next(said[name], last[name])
            return last[name]

        return read

    monkeypatch.setattr(time, "perf_counter", reader("wall"))
    monkeypatch.setattr(time, "process_time", reader("process"))
    monkeypatch.setattr(time, "thread_time", reader("thread"))
    monkeypatch.setattr(clock, "_seconds_waited", reader("waited"))
    monkeypatch.setattr(clock, "_SUBTRACTED", clock._SubtractedTime())
    return said


def test_a_wait_for_the_processor_is_taken_off(scheduled: dict[str, Iterator[float]]) -> None:
    scheduled.update(wall=iter([7.0, 9.0]), waited=iter([0.0, 0.0, 1.5, 1.5]))
    start = seconds_less_waiting()
    assert seconds_less_waiting() - start == 0.5


def test_a_wait_amid_a_reading_makes_it_read_again(scheduled: dict[str, Iterator[float]]) -> None:
    scheduled.update(wall=iter([7.0, 9.0, 11.0]), waited=iter([0.0, 0.0, 0.0, 2.0, 2.0]))
    start = seconds_less_waiting()
    assert seconds_less_waiting() - start == 11.0 - 7.0 - 2.0


def test_a_wait_that_may_be_for_own_threads_is_counted(scheduled: dict[str, Iterator[float]]) -> None:
    scheduled.update(
        wall=iter([7.0, 9.0, 12.0]),
        waited=iter([0.0, 0.0, 1.5, 1.5, 3.5, 3.5]),
        process=iter([3.0, 5.0, 6.5]),
        thread=iter([3.0, 3.5, 4.5]),
    )
    readings = [seconds_less_waiting() for _ in range(3)]
    assert readings[1] - readings[0] == 2.0  # the others worked as long as it waited
    assert readings[2] - readings[1] == 3.0 - (2.0 - 0.5)


def test_the_wait_is_the_second_figure_of_the_scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = tmp_path / "schedstat"
    scheduler.write_text("5000000000 1500000000 4\n", encoding="ascii")
    monkeypatch.setattr(clock, "SCHEDULER", str(scheduler))
    assert clock._seconds_waited() == 1.5


def test_where_no_system_tells_of_waits_it_is_the_clock_of_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "SCHEDULER", "/does/not/exist")
    monkeypatch.setattr(clock, "_SUBTRACTED", clock._SubtractedTime())
    before = time.perf_counter()
    assert before <= seconds_less_waiting() <= time.perf_counter()


def test_sleep_is_counted() -> None:
    before = seconds_less_waiting()
    time.sleep(0.02)
    assert seconds_less_waiting() - before >= 0.019
