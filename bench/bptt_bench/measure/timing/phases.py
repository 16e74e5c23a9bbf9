"""Seconds by phase: the switch that an instrumented evaluation calls with the name of the phase that it enters."""

from __future__ import annotations

from bptt_bench.measure.timing.clock import Clock

NO_PHASE = ""  # before the first switch


class PhaseTimer:
    """Attributes the seconds between ``start`` and ``stop`` to the phases that were entered.

    A switch costs some 0.2 µs, a quarter of it the reading of the clock, and its cost falls on the phases on both
    sides. It keeps one sum per phase, so that a sample may be of any length. What comes before the first switch belongs
    to the phase "", and so does an evaluation that never switches.

    Parameters
    ----------
    clock : where the seconds come from.
    """

    __slots__ = ("_now", "_phase", "_seconds", "_since")

    def __init__(self, clock: Clock) -> None:
        self._now = clock.now
        self.start()

    def start(self) -> None:
        """Forget what was, and begin outside of all phases."""
        self._seconds: dict[str, float] = {}
        self._phase = NO_PHASE
        self._since = self._now()

    def __call__(self, name: str, /) -> None:
        """Leave the phase, and enter the one named."""
        now = self._now()
        seconds = self._seconds
        seconds[self._phase] = seconds.get(self._phase, 0.0) + now - self._since
        self._phase = name
        self._since = now

    def stop(self) -> dict[str, float]:
        """Return phase -> seconds since ``start``; they add up to the time that passed."""
        self(NO_PHASE)
        return dict(self._seconds)  # a warm-up after this goes on adding
