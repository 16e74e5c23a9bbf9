"""Events that the kernel counts: from the start to the stop, and one line where it counts none."""

from __future__ import annotations

import mmap

import pytest
from bptt_bench.measure.worker.counting.perf_event import INSTRUCTIONS, Event, EventCounter, counts_here

PAGE_FAULTS = Event(1, 2)  # PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS: counted on every machine
PAGES = 500
UNKNOWN = Event(0, 999)


def touch() -> None:
    with mmap.mmap(-1, PAGES * mmap.PAGESIZE) as pages:
        for page in range(PAGES):
            pages[page * mmap.PAGESIZE] = 1


def test_what_happens_between_start_and_stop_counts_and_no_more() -> None:
    counter = EventCounter(PAGE_FAULTS)
    try:
        touch()
        counter.start()
        touch()
        first = counter.stop()
        touch()
        counter.start()
        assert counter.stop() < 20  # begins from 0
    finally:
        counter.close()
    assert first == pytest.approx(PAGES, abs=20)


def test_an_event_that_the_kernel_does_not_count_is_an_error() -> None:
    with pytest.raises(OSError, match="perf_event_open: "):
        EventCounter(UNKNOWN)
    assert not counts_here(UNKNOWN)


def test_a_processor_whose_call_is_unknown_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "abacus")
    with pytest.raises(OSError, match="not known on linux, abacus"):
        EventCounter(PAGE_FAULTS)


@pytest.mark.skipif(not counts_here(INSTRUCTIONS), reason="the kernel lends no counter of instructions")
def test_instructions_repeat_and_grow_with_the_work() -> None:
    counter = EventCounter(INSTRUCTIONS)

    def count(n: int) -> int:
        counter.start()
        sum(range(n))
        return counter.stop()

    try:
        assert count(100_000) == pytest.approx(count(100_000), rel=1e-2)
        assert 1.8 < count(200_000) / count(100_000) < 2.2
    finally:
        counter.close()


def test_an_event_is_read_as_it_is_written() -> None:
    assert Event.parse(str(PAGE_FAULTS)) == PAGE_FAULTS
