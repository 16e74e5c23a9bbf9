"""What is explained: times or bytes. Which it is, its unit, and how a sentence speaks of it."""

from __future__ import annotations

import math

SCRATCH, PEAK_SCRATCH = "scratch_bytes", "peak_scratch_bytes"
ALLOCATED, PEAK = "allocated_bytes", "peak_bytes"
SUFFIX = "_bytes"  # of the columns that hold bytes; all other responses are taken for seconds
MEANINGS = {
    SCRATCH: "memory beyond the result",
    PEAK_SCRATCH: "peak of the process beyond the result",
    ALLOCATED: "memory allocated",
    PEAK: "peak of the process",
    "seconds_per_eval": "time",
}
# The kernel counts resident pages in batches of at least 32 for each core, and a peak is noted with what was counted
# by then: on two cores peaks of known 0.3 to 240 MB were off by up to 0.12 MB.
# Source: Linux 6.2, "mm: convert mm's rss stats into percpu_counter"; percpu_counter_batch in lib/percpu_counter.c
PEAK_RESOLUTION_BYTES = 3e5
PREFIXES = ("", "k", "M", "G", "T")


def is_memory(response: str) -> bool:
    """Whether a response is counted in bytes: known exactly, the same each time, and without regimes."""
    return response.endswith(SUFFIX)


def substance(response: str) -> str:
    """What a response is an amount of: ``time`` or ``memory``."""
    return "memory" if is_memory(response) else "time"


def unit(response: str) -> str:
    """The unit of a response, to which prefixes can be put."""
    return "B" if is_memory(response) else "s"


def meaning(response: str) -> str:
    """A response in words, as the subject of a sentence.

    >>> meaning("scratch_bytes"), meaning("recur_seconds_per_eval")
    ('memory beyond the result', 'recur_seconds_per_eval')
    """
    return MEANINGS.get(response, response)


def amount(value: float, response: str) -> str:
    """An amount of a response to three digits, with its unit.

    >>> amount(12_340_000.0, "scratch_bytes"), amount(-512.0, "peak_bytes"), amount(0.00321, "seconds_per_eval")
    ('12.3 MB', '-512 B', '0.00321 s')
    >>> amount(999_999.0, "scratch_bytes")
    '1 MB'
    """
    if not is_memory(response) or not math.isfinite(value):
        return f"{value:.3g} {unit(response)}"
    rounded = float(f"{abs(value):.3g}")
    power = min(int(math.log10(rounded) // 3), len(PREFIXES) - 1) if rounded >= 1 else 0
    return f"{math.copysign(rounded, value) / 1000**power:g} {PREFIXES[power]}B"
