"""Points, ranges of levels and budgets as people write them: ``V=10000,T=100..10000:20``, ``10s``, ``2GB``."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from bptt_bench.analyse.samples import FitError
from bptt_bench.plan import Point

LEVELS_OF_A_RANGE = 10  # unless it says how many
MOST_POINTS = 10_000  # in one question: a table that long nobody reads, and a program can ask twice
SECONDS: dict[str, str | int] = {
    "ns": "1e-9",
    "us": "1e-6",
    "µs": "1e-6",
    "ms": "1e-3",
    "s": 1,
    "min": 60,
    "m": 60,
    "h": 3600,
}
BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
BYTES |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
ALLOWED_BUDGETS = "a time in ns, us, ms, s, min or h, or memory in kB, MB, GB, KiB, MiB or GiB, such as 10s or 2GB"
_UNITS = {
    "": (Decimal(1), ""),
    **{unit: (Decimal(seconds), "s") for unit, seconds in SECONDS.items()},
    **{unit: (Decimal(size), "B") for unit, size in BYTES.items()},
}
_RANGE = re.compile(r"(.+?)\.\.(.+?)(?::(\d{1,9}))?")

Asked: TypeAlias = "str | Mapping[str, Any]"  # a point, some of whose levels may be ranges


class Range(NamedTuple):
    """Levels from low to high, evenly spaced in their logarithm."""

    low: float
    high: float
    n: int = LEVELS_OF_A_RANGE

    def levels(self, *, whole: bool) -> list[float]:
        """The levels, each once; whole numbers, and so perhaps fewer of them, for a factor that has no others."""
        spaced = np.geomspace(float(self.low), float(self.high), self.n)  # a whole number may be too long for NumPy
        return list(dict.fromkeys(round(level) if whole else float(level) for level in spaced.tolist()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one ``--at`` asks: levels, texts and ranges by factor, in the order in which they were named."""

    text: str
    axes: Mapping[str, Sequence[float | str] | Range]

    def __len__(self) -> int:
        """How many points it names, at most."""
        return math.prod(axis.n if isinstance(axis, Range) else len(axis) for axis in self.axes.values())

    def points(self, whole: Mapping[str, bool]) -> Iterator[Point]:
        """The product of all levels; ``whole`` says of each factor whether its levels are whole numbers.

        Raises
        ------
        FitError : an end of a range that is not whole, for a factor that is.
        """
        levels: list[list[float | str]] = []
        for name, axis in self.axes.items():
            if isinstance(axis, Range):
                for end in (axis.low, axis.high):
                    if whole.get(name, False) and not float(end).is_integer():
                        raise FitError(f"--at {self.text!r}: {name}={end:g}; allowed are whole numbers")
                levels.append([*axis.levels(whole=whole.get(name, False))])
            else:
                levels.append([*axis])
        return (Point(dict(zip(self.axes, each, strict=True))) for each in itertools.product(*levels))


def questions(asked: Asked | Sequence[Asked]) -> list[Question]:
    """What is asked, seen to be of use.

    Raises
    ------
    FitError : what is no point; more points than anybody reads.

    >>> [len(one) for one in questions("V=1000,T=1..100:3")]
    [3]
    >>> list(questions("V=1000,T=1..100:3")[0].points({"V": True, "T": True}))
    [Point(V=1000, T=1), Point(V=1000, T=10), Point(V=1000, T=100)]
    """
    every = [asked] if isinstance(asked, str | Mapping) else list(asked)
    found = [_of_text(one) if isinstance(one, str) else _of_mapping(one) for one in every]
    n = sum(map(len, found))
    if n > MOST_POINTS:
        raise FitError(f"--at: names {n} points; allowed are at most {MOST_POINTS}")
    return found


def _of_text(text: str) -> Question:
    axes: dict[str, Sequence[float | str] | Range] = {}
    for part in text.split(",") if text.strip() else ():
        name, equals, level = (piece.strip() for piece in part.partition("="))
        if not equals or not name.isidentifier():
            raise FitError(
                f"--at {text!r}: {part.strip()!r} is not of the form factor=level or factor=low..high, such as T=35"
            )
        if name in axes:
            raise FitError(f"--at {text!r}: names {name} twice")
        axes[name] = _axis(text, name, level)
    return Question(text=text, axes=axes)


def _of_mapping(levels: Mapping[str, Any]) -> Question:
    text = ",".join(f"{name}={level}" for name, level in levels.items())
    axes: dict[str, Sequence[float | str] | Range] = {}
    for name, level in levels.items():
        if isinstance(level, str) or not isinstance(level, Sequence | np.ndarray):
            axes[name] = _axis(text, name, level)
        elif len(level):
            axes[name] = [_level(text, name, one) for one in level]
        else:
            raise FitError(f"--at {text!r}: {name} has no level; allowed are levels, or a range such as '1..100'")
    return Question(text=text, axes=axes)


def _axis(text: str, name: str, level: Any) -> Sequence[float | str] | Range:
    found = _RANGE.fullmatch(level.strip()) if isinstance(level, str) else None
    if found is None:
        return [_level(text, name, level)]
    low, high = (_number(text, name, end) for end in found.groups()[:2])
    n = LEVELS_OF_A_RANGE if found[3] is None else int(found[3])
    if low > high or n < 2:
        raise FitError(
            f"--at {text!r}: {name}={level!r}; allowed are ranges low..high, or low..high:n with 2 levels or more"
        )
    return Range(low, high, n) if low < high else [low]


def _level(text: str, name: str, level: Any) -> float | str:
    """A number; text, where it is none: the level of a category."""
    if isinstance(level, str):
        try:
            float(level)
        except ValueError:
            if level.strip():
                return level.strip()
    return _number(text, name, level)


def _number(text: str, name: str, level: Any) -> float:
    try:
        value = math.nan if isinstance(level, bool) else float(level)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value) or value <= 0:
        raise FitError(f"--at {text!r}: {name}={level!s}; allowed are finite numbers above 0")
    return int(value) if value.is_integer() else value


class Budget(NamedTuple):
    """An amount that is not to be exceeded, in seconds or bytes (``unit`` s or B); a bare number has no unit."""

    amount: float
    unit: str


def budget_of(text: str) -> Budget:
    """An amount of time or memory.

    Raises
    ------
    FitError : not of that form, or not above 0.

    >>> budget_of("1.5 min"), budget_of("2GB")
    (Budget(amount=90.0, unit='s'), Budget(amount=2000000000.0, unit='B'))
    """
    found = re.fullmatch(r"((?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*([A-Za-zµ]*)", text.strip())
    if found is not None:
        number, unit = Decimal(found[1]), found[2]  # 20us is 2e-05 s, which 20 * 1e-6 is not
        scale, kind = _UNITS.get(unit.lower() if unit.lower() in BYTES else unit, (Decimal("nan"), ""))
        amount = float(number * scale)
        if 0 < amount < math.inf:
            return Budget(amount, kind)
    raise FitError(f"--within {text!r}: allowed is {ALLOWED_BUDGETS}")
