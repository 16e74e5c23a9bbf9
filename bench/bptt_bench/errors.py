"""What a user can mend: errors whose message is one line that says what was wrong and what is allowed."""

from __future__ import annotations

from typing import ClassVar

EXIT_FINE, EXIT_REFUTED, EXIT_UNUSABLE = 0, 1, 2
EXIT_FAULT = 70  # EX_SOFTWARE of sysexits.h
EXIT_INTERRUPTED = 130  # what a shell shows for a program that SIGINT ended


class BenchError(Exception):
    """Input or a state of the machine that cannot be used; the message is one line.

    Attributes
    ----------
    exit_status : of a command that ends with it.
    """

    exit_status: ClassVar[int] = EXIT_UNUSABLE


class StoreError(BenchError):
    """A folder or file that cannot be used; the message names it and says why."""
