"""What is explained: times, bytes or counts. Which it is, its unit, and how a sentence speaks of it."""

from __future__ import annotations

import math

SCRATCH, PEAK_SCRATCH = "scratch_bytes", "peak_scratch_bytes"
ALLOCATED, PEAK = "allocated_bytes", "peak_bytes"
# of the columns that hold bytes, and what was counted; all other responses are taken for seconds
SUFFIX, COUNT_SUFFIX = "_bytes", "_count"
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
    """Whether a response is counted in bytes."""
    return response.endswith(SUFFIX)


def is_count(response: str) -> bool:
    """Whether a response is how often an evaluation did something."""
    return response.endswith(COUNT_SUFFIX)


def is_exact(response: str) -> bool:
    """Whether a response, bytes or counts, is known exactly: the same each time, and without regimes."""
    return is_memory(response) or is_count(response)


def substance(response: str) -> str:
    """What a response is an amount of: ``time``, ``memory``, or what is counted.

    >>> substance("seconds_per_eval"), substance("scratch_bytes"), substance("comparisons_count")
    ('time', 'memory', 'comparisons')
    """
    if is_count(response):
        return response.removesuffix(COUNT_SUFFIX)
    return "memory" if is_memory(response) else "time"


def unit(response: str) -> str:
    """The unit of a response, to which prefixes can be put; none for a count, which takes none either."""
    return "" if is_count(response) else "B" if is_memory(response) else "s"


def unit_in_words(response: str) -> str:
    """The unit of a response as a heading names it.

    >>> unit_in_words("seconds_per_eval"), unit_in_words("peak_bytes"), unit_in_words("comparisons_count")
    ('seconds', 'bytes', 'comparisons')
    """
    return substance(response) if is_count(response) else "bytes" if is_memory(response) else "seconds"


def no_noise(response: str) -> str:
    """Why an exact response is taken but once, as a part of a sentence."""
    return f"{'counts' if is_count(response) else 'bytes'} have no noise"


def meaning(response: str) -> str:
    """A response in words, as the subject of a sentence.

    >>> meaning("scratch_bytes"), meaning("recur_seconds_per_eval"), meaning("comparisons_count")
    ('memory beyond the result', 'recur_seconds_per_eval', 'number of comparisons')
    """
    if is_count(response):
        return f"number of {substance(response)}"
    return MEANINGS.get(response, response)


def amount(value: float, response: str) -> str:
    """An amount of a response to three digits, with its unit; a count in full.

    >>> amount(12_340_000.0, "scratch_bytes"), amount(-512.0, "peak_bytes"), amount(0.00321, "seconds_per_eval")
    ('12.3 MB', '-512 B', '0.00321 s')
    >>> amount(999_999.0, "scratch_bytes"), amount(1_234_567.0, "comparisons_count"), amount(1e300, "x_count")
    ('1 MB', '1234567', '1e+300')
    """
    if is_count(response):
        return f"{value:.12g}"
    if not is_memory(response) or not math.isfinite(value):
        return f"{value:.3g} {unit(response)}"
    rounded = float(f"{abs(value):.3g}")
    power = min(int(math.log10(rounded) // 3), len(PREFIXES) - 1) if rounded >= 1 else 0
    return f"{math.copysign(rounded, value) / 1000**power:g} {PREFIXES[power]}B"
