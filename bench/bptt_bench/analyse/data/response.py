"""What is explained: its unit, whether it is known exactly, and how a sentence speaks of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bptt_bench.text.units import Unit, parse_unit, unit_of_name

if TYPE_CHECKING:
    import pandas as pd

SCRATCH, PEAK_SCRATCH = "scratch_bytes", "peak_scratch_bytes"
ALLOCATED, PEAK = "allocated_bytes", "peak_bytes"
SUFFIX, COUNT_SUFFIX = "_bytes", "_count"  # of the columns that hold bytes, and what was counted
UNITS = "units"  # of the attributes of a frame: those that its format states, by response
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


def unit_of(response: str, frame: pd.DataFrame | None = None, unit: str | None = None) -> Unit | None:
    """The unit of a response: the one that somebody states, else that of its format, else that which its name tells.

    ``None`` where nothing tells: then none is printed, and none is assumed.

    Raises
    ------
    TextError : what is stated is not a unit.

    >>> unit_of("seconds_per_eval"), unit_of("latency"), unit_of("latency", unit="ms")
    (Unit(symbol='s', base='s', scale=1.0), None, Unit(symbol='ms', base='s', scale=0.001))
    """
    if unit is not None:
        return parse_unit(unit)
    told = None if frame is None else (frame.attrs.get(UNITS) or {}).get(response)
    return unit_of_name(response) if told is None else parse_unit(told)


def is_memory(response: str) -> bool:
    """Whether a response is counted in bytes."""
    return response.endswith(SUFFIX)


def is_count(response: str) -> bool:
    """Whether a response is how often an evaluation did something."""
    return response.endswith(COUNT_SUFFIX)


def is_exact(response: str) -> bool:
    """Whether a response, bytes or counts, is known exactly: the same each time, and without regimes."""
    return is_memory(response) or is_count(response)


def substance(response: str, unit: Unit | None = None) -> str:
    """What a response is an amount of: ``time``, ``memory``, what is counted, or what the response is called.

    >>> substance("seconds_per_eval"), substance("scratch_bytes"), substance("comparisons_count"), substance("latency")
    ('time', 'memory', 'comparisons', 'latency')
    """
    if is_count(response):
        return response.removesuffix(COUNT_SUFFIX)
    known = unit_of_name(response) if unit is None else unit
    return {"s": "time", "B": "memory"}.get("" if known is None else known.base, response)


def unit_in_words(response: str, unit: Unit | None) -> str:
    """What a heading says of which there is so much a unit of a term; its own name where its unit is not known.

    >>> unit_in_words("peak_bytes", unit_of_name("peak_bytes")), unit_in_words("latency", None)
    ('bytes', 'latency')
    """
    return response if unit is None else unit.words


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
