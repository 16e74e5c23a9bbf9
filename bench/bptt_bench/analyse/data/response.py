"""Responses: their units, whether they are exact, and their names in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bptt_bench.plan.design.columns import (
    ALLOCATED,
    BYTES_SUFFIX,
    PEAK,
    PEAK_SCRATCH,
    SCRATCH,
    SECONDS_PER_EVAL,
    counted_of,
)
from bptt_bench.text.units import Unit, parse_unit, unit_of_name

if TYPE_CHECKING:
    import pandas as pd

UNITS = "units"  # attribute of a frame: units that its format states, by response
MEANINGS = {
    SCRATCH: "memory beyond the result",
    PEAK_SCRATCH: "peak of the process beyond the result",
    ALLOCATED: "memory allocated",
    PEAK: "peak of the process",
    SECONDS_PER_EVAL: "time",
}
# The kernel counts resident pages in batches of at least 32 for each core, and records a peak from the batches counted
# by then: on two cores, known peaks of 0.3 to 240 MB had errors of up to 0.12 MB.
# Source: Linux 6.2, "mm: convert mm's rss stats into percpu_counter"; percpu_counter_batch in lib/percpu_counter.c
PEAK_RESOLUTION_BYTES = 3e5


def unit_of(response: str, frame: pd.DataFrame | None = None, unit: str | None = None) -> Unit | None:
    """Return the unit of a response: the one stated, else that of its format, else that in its name.

    ``None`` where it is unknown; none is assumed then.

    Raises
    ------
    TextError : ``unit`` is not a unit.

    >>> unit_of("seconds_per_eval"), unit_of("latency"), unit_of("latency", unit="ms")
    (Unit(symbol='s', base='s', scale=1.0), None, Unit(symbol='ms', base='s', scale=0.001))
    """
    if unit is not None:
        return parse_unit(unit)
    recorded = None if frame is None else (frame.attrs.get(UNITS) or {}).get(response)
    return unit_of_name(response) if recorded is None else parse_unit(recorded)


def is_memory(response: str) -> bool:
    """Return whether a response is counted in bytes."""
    return response.endswith(BYTES_SUFFIX)


def is_count(response: str) -> bool:
    """Return whether a response is a number of operations of an evaluation."""
    return counted_of(response) is not None


def is_exact(response: str) -> bool:
    """Return whether a response (bytes or counts) is exact: without noise and without cache regimes."""
    return is_memory(response) or is_count(response)


def substance(response: str, unit: Unit | None = None) -> str:
    """Return what a response is an amount of: ``time``, ``memory``, what is counted, or its name.

    >>> substance("seconds_per_eval"), substance("scratch_bytes"), substance("comparisons_count"), substance("latency")
    ('time', 'memory', 'comparisons', 'latency')
    """
    if (counted := counted_of(response)) is not None:
        return counted
    known = unit_of_name(response) if unit is None else unit
    return {"s": "time", "B": "memory"}.get("" if known is None else known.base, response)


def unit_in_words(response: str, unit: Unit | None) -> str:
    """Return the unit of a response as a word of a heading; the name of the response if its unit is unknown.

    >>> unit_in_words("peak_bytes", unit_of_name("peak_bytes")), unit_in_words("latency", None)
    ('bytes', 'latency')
    """
    return response if unit is None else unit.words


def no_noise(response: str) -> str:
    """Return the reason why an exact response is measured once, as a part of a sentence."""
    return f"{'counts' if is_count(response) else 'bytes'} have no noise"


def meaning(response: str) -> str:
    """Return a response in words, as the subject of a sentence.

    >>> meaning("scratch_bytes"), meaning("recur_seconds_per_eval"), meaning("comparisons_count")
    ('memory beyond the result', 'recur_seconds_per_eval', 'number of comparisons')
    """
    if is_count(response):
        return f"number of {substance(response)}"
    return MEANINGS.get(response, response)
