"""Ctrl-C and SIGTERM: handled at once while a run waits, and otherwise between two steps."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from bptt_bench.errors import EXIT_INTERRUPTED, BenchError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BenchError):
    """The run was stopped by a signal; what was measured before is stored, and the run can go on."""

    exit_status = EXIT_INTERRUPTED

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(signal_number).name}")
        self.signal_number = signal_number


class Interrupts:
    """Turns the signals into an exception, but only where the run allows it.

    Elsewhere a signal waits for the next such place, so that it never interrupts the writing of a record.
    """

    def __init__(self) -> None:
        self._signal_number: int | None = None
        self._allowed = False

    @contextlib.contextmanager
    def install(self) -> Iterator[None]:
        """Take over the signals; they belong to the main thread, so elsewhere this does nothing."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._noticed) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler if handler is not None else signal.SIG_DFL)

    @contextlib.contextmanager
    def allow(self) -> Iterator[None]:
        """Raise if a signal comes in this block, or came before it."""
        self._allowed = True  # set before the check: a signal between the two must not be missed
        try:
            self.check()
            yield
        finally:
            self._allowed = False

    def check(self) -> None:
        """Raise if a signal has come.

        Raises
        ------
        Interrupted : one has.
        """
        if self._signal_number is not None:
            raise Interrupted(self._signal_number)

    def _noticed(self, number: int, _frame: FrameType | None) -> None:
        self._signal_number = number
        if self._allowed:
            self._allowed = False  # a second signal must not interrupt the cleanup
            raise Interrupted(number)
