"""What may stand in a sample: nobody checks the numbers of a file again after this."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bptt_bench.errors import StoreError

SHOWN_CHARACTERS = 40  # of a value that is not what it should be


def require_sample(where: str, record: Mapping[str, Any]) -> None:
    """See that a sample has seconds and a point.

    A sample below the signal floor may have taken 0 s by a coarse clock: it is left out of every fit.

    Raises
    ------
    StoreError : it does not; the message begins with ``where`` and names the field.
    """
    seconds, point = record["seconds_per_eval"], record["point"]
    if not (_is_finite(seconds) and (seconds > 0 or (seconds == 0 and record.get("below_floor") is True))):
        raise StoreError(f"{where}: seconds_per_eval must be a finite number above 0, got {abbreviate(seconds)}")
    if not isinstance(point, dict):
        raise StoreError(f"{where}: point must be an object of levels, got {abbreviate(point)}")
    for name, level in point.items():
        if not isinstance(level, str) and not _is_finite(level):
            raise StoreError(
                f"{where}: level {name!r} of point must be a finite number or a text, got {abbreviate(level)}"
            )


def abbreviate(value: object) -> str:
    """Return a value in a message, cut short."""
    if isinstance(value, int) and abs(value) >= 10**SHOWN_CHARACTERS:
        return f"a whole number of {value.bit_length()} bits"  # whose digits Python may refuse to write
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def _is_finite(value: object) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    return type(value) is int and abs(value) < 2**63
