"""Errors that a user can mend: the message is one line that says what was wrong and what is allowed."""

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


class TextError(BenchError, ValueError):
    """Text that is not a quantity, a point or a size; the message names the option, its value and the allowed form."""


class DesignError(BenchError, ValueError):
    """A factor, level or point that cannot be measured; the message names it, its value and what is allowed."""


class LawError(BenchError, ValueError):
    """The text of a law that is not a law; the message says which part and what is allowed."""


class ExperimentError(BenchError, ValueError):
    """An experiment, marker or work that contradicts itself; the message names the part and what is allowed."""


class MachineError(BenchError, ValueError):
    """Readings or peaks of a machine that cannot be used; the message names what is wrong or missing."""


class MeasureError(BenchError, RuntimeError):
    """A run that cannot begin or go on; the message names the subject and point, or the setting."""


class StoreError(BenchError):
    """A folder or file that cannot be used; the message names it and says why."""


class FitError(BenchError, ValueError):
    """Data to which a law cannot be fitted; the message names the column, the row and the allowed values."""
