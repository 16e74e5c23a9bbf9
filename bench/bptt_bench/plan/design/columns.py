"""Names of the columns of a table of samples that hold what was measured, and how those of phases and counts are made.

A response of a claim is the name of its column.
"""

from __future__ import annotations

SECONDS_PER_EVAL = "seconds_per_eval"  # the time of a whole evaluation
ALLOCATED, PEAK = "allocated_bytes", "peak_bytes"
SCRATCH, PEAK_SCRATCH = "scratch_bytes", "peak_scratch_bytes"  # the same without the result
BYTES_SUFFIX, COUNT_SUFFIX = "_bytes", "_count"  # of columns of bytes, and of counts
PHASE_SUFFIX = f"_{SECONDS_PER_EVAL}"  # of columns of the time of a phase


def phase_column(phase: str) -> str:
    """Return the column that holds the time of a phase.

    >>> phase_column("recur")
    'recur_seconds_per_eval'
    """
    return f"{phase}{PHASE_SUFFIX}"


def phase_of(column: str) -> str | None:
    """Return the phase whose time a column holds, ``None`` for any other column.

    >>> phase_of("recur_seconds_per_eval"), phase_of("seconds_per_eval")
    ('recur', None)
    """
    return column.removesuffix(PHASE_SUFFIX) if column.endswith(PHASE_SUFFIX) else None


def count_column(name: str) -> str:
    """Return the column that holds how many of something an evaluation does.

    >>> count_column("comparisons")
    'comparisons_count'
    """
    return f"{name}{COUNT_SUFFIX}"


def counted_of(column: str) -> str | None:
    """Return what a column holds the number of, ``None`` for any other column.

    >>> counted_of("comparisons_count"), counted_of("peak_bytes")
    ('comparisons', None)
    """
    return column.removesuffix(COUNT_SUFFIX) if column.endswith(COUNT_SUFFIX) else None


INSTRUMENTED = phase_column("instrumented")  # the time of a whole evaluation of which the phases were timed
