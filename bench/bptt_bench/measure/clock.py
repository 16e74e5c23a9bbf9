"""Where seconds come from: a protocol, the machine's clock, and one that tests move by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Readings in seconds."""

    def now(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""
        ...

    def wall(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        ...


class WallClock:
    """The machine's own clock."""

    # Plain attributes: a method of our own around them would add its call to every sample.
    now: Callable[[], float] = staticmethod(time.perf_counter)
    wall: Callable[[], float] = staticmethod(time.time)


class FakeClock:
    """A clock that stands still until it is told to advance.

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
