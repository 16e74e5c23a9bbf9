"""Durations, sizes and shares as people write them: ``5min``, ``1h30m``, ``2GB``, ``2%``."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import NamedTuple

from bptt_bench.errors import TextError
from bptt_bench.text.bounds import abbreviate
from bptt_bench.text.units import Unit, unit_of

NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
MOST_CHARACTERS = 200
DURATIONS = "a time in ns, us, ms, s, min or h, such as 90s, 5min or 1h30min"
SIZES = "memory in kB, MB, GB, KiB, MiB or GiB, such as 2GB or 512MiB"
_MINUTES = Unit("min", "s", 60.0)  # m alone, which within a duration can be nothing else
_PARTS = re.compile(rf"({NUMBER})\s*([^\W\d]+)\s*")
_AMOUNT = re.compile(rf"({NUMBER})\s*(\D.*)?", re.DOTALL)
_SHARE = re.compile(rf"({NUMBER})\s*(%?)")


class Budget(NamedTuple):
    """An amount that is not to be exceeded, in base units (``base`` such as s or B); a bare number has no unit."""

    amount: float
    base: str

    def of(self, unit: Unit | None) -> float:
        """Return the amount in the unit of a response; a bare number is in that unit already."""
        if not self.base or unit is None or not unit.base:
            return self.amount
        return float(Decimal(repr(self.amount)) / Decimal(repr(unit.scale)))


def parse_duration(option: str, text: str, *, least: float | None = None, bare: bool = False) -> float:
    """Return the seconds of a duration.

    Parameters
    ----------
    least : seconds that are allowed, at the least; by default any above 0.
    bare : whether a number without a unit is taken for seconds.

    Raises
    ------
    TextError : not a duration, or one that is too short.

    >>> [parse_duration("--budget", text) for text in ("90s", "5min", "5m", "0.5h", "1m30s", "1 h 2 min", "20us")]
    [90.0, 300.0, 300.0, 1800.0, 90.0, 3720.0, 2e-05]
    """
    found = _seconds(text, bare=bare)
    if found is None or not math.isfinite(found) or found < (least or 0.0) or (found == 0 and least is None):
        more = "" if least is None else f", from {least:g} s on"
        number = ", or a number of seconds" if bare else ""
        raise TextError(f"{option}: must be {DURATIONS}{number}{more}, got {abbreviate(text, MOST_CHARACTERS)!r}")
    return found


def parse_budget(option: str, text: str) -> Budget:
    """Return an amount of time or memory, or of what a response is counted in.

    Raises
    ------
    TextError : not of that form, or not above 0.

    >>> parse_budget("--within", "1.5 min"), parse_budget("--within", "2GB"), parse_budget("--within", "5000")
    (Budget(amount=90.0, base='s'), Budget(amount=2000000000.0, base='B'), Budget(amount=5000.0, base=''))
    """
    seconds = _seconds(text)
    if seconds is not None and 0 < seconds < math.inf:
        return Budget(seconds, "s")
    found = _AMOUNT.fullmatch(text.strip()) if len(text) <= MOST_CHARACTERS else None
    unit = None if found is None or not found[2] else unit_of(found[2])
    if found is not None and (unit is not None or not found[2]):
        amount = _to_base(found[1], unit)
        if 0 < amount < math.inf:
            return Budget(amount, "" if unit is None else unit.dimension)
    raise TextError(f"{option}: must be {DURATIONS}, or {SIZES}, got {abbreviate(text, MOST_CHARACTERS)!r}")


def parse_share(option: str, text: str, *, least: float = 0.0, most: float = 1.0, below: bool = False) -> float:
    """Return a share of 1, written as a percentage or as a number.

    Parameters
    ----------
    least, most : what is allowed.
    below : whether ``most`` itself is not.

    Raises
    ------
    TextError : not a share, or one that is not allowed.

    >>> parse_share("--until", "2%"), parse_share("--until", "0.02"), parse_share("--tolerance", " 0.5 % ")
    (0.02, 0.02, 0.005)
    """
    found = _SHARE.fullmatch(text.strip()) if len(text) <= MOST_CHARACTERS else None
    share = math.nan if found is None else float(Decimal(found[1]) / (100 if found[2] else 1))
    if not least <= share <= most or (below and share == most):
        range_ = f"from {100 * least:g}% to {'below ' if below else ''}{100 * most:g}%"
        raise TextError(
            f"{option}: must be a share {range_}, such as 2% or 0.02, got {abbreviate(text, MOST_CHARACTERS)!r}"
        )
    return share


def _seconds(text: str, *, bare: bool = False) -> float | None:
    """Return the seconds that a text names, its parts added up; None where it names none."""
    text = text.strip()
    if not text or len(text) > MOST_CHARACTERS:
        return None
    if bare and re.fullmatch(NUMBER, text):
        return float(text)
    total, end, last = Decimal(0), 0, math.inf
    for part in _PARTS.finditer(text):
        unit = _MINUTES if part[2] == "m" else unit_of(part[2])
        if part.start() != end or unit is None or unit.base != "s" or not unit.scale < last:  # 1h 2min, never 2min 1h
            return None
        total, end, last = total + Decimal(part[1]) * Decimal(repr(unit.scale)), part.end(), unit.scale
    return float(total) if end == len(text) else None


def _to_base(number: str, unit: Unit | None) -> float:
    """Return a number of a unit in base units: 20us is 2e-05 s, which 20 * 1e-6 is not."""
    return float(Decimal(number) * Decimal(repr(1.0 if unit is None else unit.scale)))
