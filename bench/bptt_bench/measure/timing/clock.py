"""Clocks: a protocol, the machine's clock, and one that tests advance."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Protocol

SCHEDULER = "/proc/thread-self/schedstat"  # of Linux: nanoseconds run, nanoseconds waited, slices


class Clock(Protocol):
    """Readings in seconds."""

    def now(self) -> float:
        """Return seconds since an arbitrary moment; never goes back."""
        ...

    def wall(self) -> float:
        """Return seconds since 1970-01-01 UTC."""
        ...


class WallClock:
    """The machine's own clock."""

    # Plain attributes: a method of our own around them would add its call to every sample.
    now: Callable[[], float] = staticmethod(time.perf_counter)
    wall: Callable[[], float] = staticmethod(time.time)


class ProcessorClock:
    """The time that this process has run: waiting for a processor on a busy machine takes none of it."""

    now: Callable[[], float] = staticmethod(time.process_time)
    wall: Callable[[], float] = staticmethod(time.time)


class FakeClock:
    """A clock that stands still until it is advanced.

    Parameters
    ----------
    start : first reading, seconds.
    seconds_per_reading : by how much each reading of ``now`` moves it on, as if reading took time.

    >>> clock = FakeClock()
    >>> clock.advance(0.25)
    >>> clock.now()
    0.25
    """

    def __init__(self, start: float = 0.0, *, seconds_per_reading: float = 0.0) -> None:
        self._seconds = start
        self._seconds_per_reading = seconds_per_reading

    def now(self) -> float:
        reading = self._seconds
        self._seconds += self._seconds_per_reading
        return reading

    def wall(self) -> float:
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._seconds += seconds


class _SubtractedTime(threading.local):
    """What a thread waited, what other threads of its process worked, and what was taken off so far, in seconds."""

    waited = worked_beside = seconds = 0.0


_SUBTRACTED = _SubtractedTime()


def seconds_less_waiting() -> float:
    """Read a clock that stands still while this thread could run and other processes have the processor.

    A scheduler hands out a processor in slices of some milliseconds. Beside busy neighbours a short sample often fits
    into one slice and a long one never does, so that on the clock of the wall long samples are slower by a factor: what
    grows with T appears to grow faster. Time in which the thread sleeps, for a disk or for threads of its own, counts,
    and so does a wait while other threads of this process worked: it may have been for them. Where the system does not
    say how long a thread waited, this is ``time.perf_counter``.
    """
    waited = _seconds_waited()
    while True:  # a wait between the two readings would be counted in one of them
        now, before = time.perf_counter(), waited
        waited = _seconds_waited()
        if waited == before:
            break
    worked_beside = time.process_time() - time.thread_time()
    off = _SUBTRACTED
    off.seconds += max(0.0, (waited - off.waited) - (worked_beside - off.worked_beside))
    off.waited, off.worked_beside = waited, worked_beside
    return now - off.seconds


def _seconds_waited() -> float:
    try:
        file = os.open(SCHEDULER, os.O_RDONLY)
    except OSError:
        return 0.0
    try:
        return int(os.read(file, 80).split()[1]) * 1e-9
    finally:
        os.close(file)
