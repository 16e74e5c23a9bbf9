"""Points and ranges of levels as people write them: ``V=10000,T=100..10000:20``."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from bptt_bench.errors import TextError
from bptt_bench.text.arguments import show_value
from bptt_bench.text.numerals import parse_level

LEVELS_OF_A_RANGE = 10  # unless it says how many
MOST_POINTS = 10_000  # of one option: nobody reads a longer table, and a program can call twice
_COMMA = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')  # outside of quotation marks
_RANGE = re.compile(r"(.+?)\.\.(.+?)(?::(\d{1,9}))?")

PointText: TypeAlias = "str | Mapping[str, Any]"  # a point, some of whose levels may be ranges


class Range(NamedTuple):
    """Levels from low to high, evenly spaced in their logarithm."""

    low: float
    high: float
    n: int = LEVELS_OF_A_RANGE

    def levels(self, *, whole: bool) -> list[float]:
        """Return the levels, each once; for a factor of whole numbers whole ones, and so perhaps fewer."""
        spaced = np.geomspace(float(self.low), float(self.high), self.n)  # a whole number may be too long for NumPy
        return list(dict.fromkeys(round(level) if whole else float(level) for level in spaced.tolist()))


@dataclass(frozen=True, slots=True, kw_only=True)
class PointQuery:
    """The points of one ``--at`` or ``--predict``: levels, texts and ranges by factor, in their order."""

    option: str
    text: str
    axes: Mapping[str, Sequence[float | str] | Range]

    def __len__(self) -> int:
        """Return how many points it names, at most."""
        return math.prod(axis.n if isinstance(axis, Range) else len(axis) for axis in self.axes.values())

    def points(self, whole: Mapping[str, bool]) -> Iterator[dict[str, float | str]]:
        """Yield the product of all levels, by factor; ``whole`` says whether the levels of a factor are whole numbers.

        What is not in ``whole`` is a category: its level ``10k`` is a text there, and 10000 for a factor.

        Raises
        ------
        TextError : an end of a range that is not whole, for a factor that is, or a number that is not finite.
        """
        levels: list[list[float | str]] = []
        for name, axis in self.axes.items():
            if isinstance(axis, Range):
                for end in (axis.low, axis.high):
                    if whole.get(name, False) and not float(end).is_integer():
                        raise TextError(f"{self.option} {self.text!r}: {name} must be a whole number, got {end:g}")
                levels.append([*axis.levels(whole=whole.get(name, False))])
            else:
                where = f"{self.option} {self.text!r}"
                levels.append([_as_number(where, name, one) if name in whole else one for one in axis])
        return (dict(zip(self.axes, each, strict=True)) for each in itertools.product(*levels))


def parse_points(given: PointText | Sequence[PointText], option: str = "--at") -> list[PointQuery]:
    """Return the points of an option.

    Raises
    ------
    TextError : not a point, or too many points.

    >>> [len(one) for one in parse_points("V=1000,T=1..100:3")]
    [3]
    >>> parse_points('gpu="A100, 40 GB",T=35')[0].axes
    {'gpu': ['A100, 40 GB'], 'T': [35]}
    >>> list(parse_points("V=1000,T=1..100:3")[0].points({"V": True, "T": True}))
    [{'V': 1000, 'T': 1}, {'V': 1000, 'T': 10}, {'V': 1000, 'T': 100}]
    """
    if not isinstance(given, str | Mapping | Sequence):
        raise TextError(
            f"{option}: must be a point such as 'n=1000' or {{'n': 1000}}, or a list of them, got {show_value(given)}"
        )
    every = [given] if isinstance(given, str | Mapping) else list(given)
    found = [_parse_one(option, one) for one in every]
    n = sum(map(len, found))
    if n > MOST_POINTS:
        raise TextError(f"{option}: must name at most {MOST_POINTS} points, got {n}")
    return found


def _parse_one(option: str, point: PointText) -> PointQuery:
    if isinstance(point, str):
        return _parse_text(option, point)
    if not isinstance(point, Mapping):
        raise TextError(f"{option}: must be a point such as 'n=1000' or {{'n': 1000}}, got {show_value(point)}")
    return _parse_mapping(option, point)


def normalize_name(name: str) -> str:
    """Return the name of a factor as Python reads it in a law: of the two µ that look alike the letter.

    >>> normalize_name("\u00b5") == "\u03bc"
    True
    """
    return unicodedata.normalize("NFKC", name)


def _parse_text(option: str, text: str) -> PointQuery:
    axes: dict[str, Sequence[float | str] | Range] = {}
    parts = text.split(",") if text.count('"') % 2 else _COMMA.split(text)
    for part in parts if text.strip() else ():
        name, equals, level = (piece.strip() for piece in part.partition("="))
        name = normalize_name(name)
        if not equals or not name.isidentifier():
            raise TextError(
                f"{option} {text!r}: must be factor=level or factor=low..high, such as T=35, got {part.strip()!r}"
            )
        if name in axes:
            raise TextError(f"{option} {text!r}: names {name} twice")
        axes[name] = _axis(f"{option} {text!r}", name, level)
    return PointQuery(option=option, text=text, axes=axes)


def _parse_mapping(option: str, levels: Mapping[str, Any]) -> PointQuery:
    text = ",".join(f"{name}={level}" for name, level in levels.items())
    axes: dict[str, Sequence[float | str] | Range] = {}
    for name, level in levels.items():
        if isinstance(level, str) or not isinstance(level, Sequence | np.ndarray):
            axes[name] = _axis(f"{option} {text!r}", name, level)
        elif len(level):
            axes[name] = [_level(f"{option} {text!r}", name, one) for one in level]
        else:
            raise TextError(f"{option} {text!r}: {name} must have levels, or a range such as '1..100', got none")
    return PointQuery(option=option, text=text, axes=axes)


def unquote(level: str) -> str:
    """Return what stands in quotation marks, which a level with a comma needs; any other text as it is.

    >>> unquote('"A100, 40 GB"'), unquote('a"b'), unquote('"a""b"')
    ('A100, 40 GB', 'a"b', 'a"b')
    """
    is_quoted = len(level) > 2 and level[0] == level[-1] == '"'
    return level[1:-1].replace('""', '"') if is_quoted else level


def _axis(where: str, name: str, level: Any) -> Sequence[float | str] | Range:
    if isinstance(level, str) and (quoted := unquote(level)) != level:
        return [quoted]
    found = _RANGE.fullmatch(level.strip()) if isinstance(level, str) else None
    if found is None:
        return [_level(where, name, level)]
    low, high = (_number(where, name, end) for end in found.groups()[:2])
    if low == 0:  # the levels are evenly spaced in their logarithm
        raise level_error(where, name, found[1])
    n = LEVELS_OF_A_RANGE if found[3] is None else int(found[3])
    if low > high or n < 2:
        raise TextError(
            f"{where}: {name} must be a range low..high, or low..high:n with 2 levels or more, got {level!r}"
        )
    return Range(low, high, n) if low < high else [low]


def _level(where: str, name: str, level: Any) -> float | str:
    """Return a number; where it is not one, text: the level of a category."""
    if isinstance(level, str):
        try:
            float(level)
        except ValueError:
            if level.strip():
                return level.strip()
    return _number(where, name, level)


def _as_number(where: str, name: str, level: float | str) -> float | str:
    """Return the level of a factor as a number, if its text stands for one."""
    return level if not isinstance(level, str) or parse_level(level) is None else _number(where, name, level)


def _number(where: str, name: str, level: Any) -> float:
    try:
        known = parse_level(level) if isinstance(level, str) else level
        value = math.nan if known is None or isinstance(known, bool) else float(known)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise level_error(where, name, level)
    return int(value) if value.is_integer() else value


def level_error(where: str, name: str, level: Any) -> TextError:
    """Return the error for a level that is not above 0, where 0 was not measured."""
    return TextError(f"{where}: {name} must be a finite number above 0, got {str(level)!r}")
