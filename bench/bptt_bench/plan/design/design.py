"""Where to measure: factors, their levels, points and designs."""

from __future__ import annotations

import itertools
import keyword
import math
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from bptt_bench.errors import DesignError
from bptt_bench.plan.design.columns import ALLOCATED, PEAK, PEAK_SCRATCH, SCRATCH, SECONDS_PER_EVAL

Level: TypeAlias = int | float | str
MOST_CHARACTERS = 80  # of a name or a category's level: it stands in tables and beside lines
ONE_LINE = f"text of one line and at most {MOST_CHARACTERS} characters, without brackets and without blanks at its ends"
# What else tables of samples and points have columns for, and functions of laws: a factor of such a name would be taken
# for one of these, or they for it.
OF_SAMPLES = (
    *("subject", "block", "process", "evaluations", "timing", "stage", "host", SECONDS_PER_EVAL),
    *("below_floor", "started_at", "load_average", "visit_seconds", "first_seconds"),
    *(ALLOCATED, PEAK, SCRATCH, PEAK_SCRATCH),
)
OF_POINTS = ("n_samples", "measured", "low", "high", "fitted", "log_residual", "location_error", "censored")
OF_LAWS = ("log", "log2", "log10", "exp", "sqrt", "abs", "floor", "ceil", "factorial", "min", "max")
TAKEN = frozenset((*OF_SAMPLES, *OF_POINTS, *OF_LAWS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A quantity that the cost may depend on, such as the number of time steps ``T``, or a choice such as a data type.

    Attributes
    ----------
    kind : ``integer`` and ``real`` numbers, in which laws are written; ``category`` for a choice that is named by text
        and has a fit of its own at each of its levels.
    minimum : of a number; None: 1 for whole numbers, anything above 0 for real ones.
    levels : of a category, what is allowed; empty: any text.
    """

    name: str
    meaning: str = ""
    kind: Literal["integer", "real", "category"] = "integer"
    minimum: float | None = None
    levels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise DesignError(f"factor name {self.name!r}: must be an identifier, such as 'n'")
        if self.name in TAKEN or keyword.iskeyword(self.name):
            raise DesignError(
                f"factor name {self.name!r}: laws, tables of samples or Python have a meaning for it; choose another, "
                f"such as '{self.name}_'"
            )
        if self.kind not in ("integer", "real", "category"):
            raise DesignError(f"factor {self.name}: kind must be one of integer, real, category, got {self.kind!r}")
        if self.levels and not self.is_category:
            raise DesignError(f"factor {self.name}: levels={self.levels!r}; only a category names its levels")
        if isinstance(self.levels, str):  # type: ignore[unreachable]  # whose letters would be taken for levels
            raise DesignError(
                f"factor {self.name}: levels must be a tuple of texts, such as ('a',), got {self.levels!r}"
            )
        if self.is_category and self.minimum is not None:
            raise DesignError(f"factor {self.name}: minimum={self.minimum!r}; a category has none")
        for level in self.levels:
            _require_text(self.name, level)

    @property
    def is_category(self) -> bool:
        """Return whether levels are text."""
        return self.kind == "category"

    def validate(self, value: object) -> Level:
        """Return the level as a number, or as text for a category.

        Raises
        ------
        DesignError : not a number, below the minimum, not finite, or not whole where whole numbers are asked for; no
            text, or not one of the levels of a category.
        """
        if self.is_category:
            _require_text(self.name, value)
            if self.levels and value not in self.levels:
                raise DesignError(
                    f"factor {self.name} must be one of {', '.join(map(repr, self.levels))}, got {value!r}"
                )
            return str(value)
        whole = self.kind == "integer"
        minimum = 1 if whole and self.minimum is None else self.minimum
        bound = "above 0" if minimum is None else f"from {minimum:g}"
        allowed = f"a {'whole ' if whole else ''}number {bound}"
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise DesignError(f"factor {self.name} must be {allowed}, got {value!r}")
        try:
            number = float(value)
        except OverflowError:  # a whole number that no float can hold
            raise DesignError(f"factor {self.name} must be {allowed} up to {sys.float_info.max:.2g}") from None
        too_small = number <= 0 if minimum is None else number < minimum
        if not math.isfinite(number) or (whole and not number.is_integer()) or too_small:
            raise DesignError(f"factor {self.name} must be {allowed}, got {value!r}")
        return int(number) if whole else number


def is_one_line(value: object) -> bool:
    """Return whether this is text that can stand in names, in tables and beside lines; see ``ONE_LINE``."""
    return (
        isinstance(value, str)
        and bool(value)
        and value == value.strip()
        and value.isprintable()
        and not set("[]") & set(value)
        and len(value) <= MOST_CHARACTERS
    )


def _require_text(name: str, value: object) -> None:
    if not is_one_line(value):
        raise DesignError(f"factor {name} must be {ONE_LINE}, got {value!r}")


def format_level(level: Level) -> str:
    """Format a level for a sentence.

    >>> format_level(0.25), format_level(16), format_level("float32")
    ('0.25', '16', 'float32')
    """
    return level if isinstance(level, str) else f"{level:g}"


class Point(Mapping[str, Any]):
    """A level for each factor; hashable, in the order of the factors. Levels are numbers, or text for categories.

    >>> Point(T=2, V=64)
    Point(T=2, V=64)
    >>> Point(T=2, V=64).replace(T=4)["T"], Point(T=2, V=64).V
    (4, 64)
    >>> Point(n=8, dtype="float32"), str(Point(n=8, dtype="float32"))
    (Point(n=8, dtype='float32'), 'n=8 dtype=float32')
    """

    __slots__ = ("_hash", "_levels")

    def __init__(self, levels: Mapping[str, Level] | None = None, /, **more: Level) -> None:
        self._levels = {**(levels or {}), **more}
        self._hash: int | None = None  # a run of many cells looks each up a dozen times a visit

    def __getitem__(self, name: str) -> Any:
        try:
            return self._levels[name]
        except KeyError:
            return self._normalised_level(name)

    def _normalised_level(self, name: object) -> Any:
        """Return a level by its name in Unicode form NFKC, which Python uses for names in code."""
        written = unicodedata.normalize("NFKC", name) if isinstance(name, str) else name
        if written in self._levels:
            return self._levels[str(written)]
        raise KeyError(f"point: has no factor {name!r}; it has {', '.join(self._levels)}")

    if not TYPE_CHECKING:  # which would take any misspelt method for a level

        def __getattr__(self, name: str) -> Any:
            if not name.startswith("_") and name in self._levels:
                return self._levels[name]
            raise AttributeError(f"point: has no factor {name!r}; it has {', '.join(self._levels)}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._levels)

    def __len__(self) -> int:
        return len(self._levels)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._levels.items()))
        return self._hash

    def __reduce__(self) -> tuple[type[Point], tuple[dict[str, Level]]]:
        return Point, (self._levels,)  # without the hash, which is another one in another process

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Point):
            return self._levels == other._levels
        return isinstance(other, Mapping) and self._levels == dict(other)

    def __repr__(self) -> str:
        levels = (
            f"{name}={value!r}" if isinstance(value, str) else f"{name}={value:g}"
            for name, value in self._levels.items()
        )
        return f"Point({', '.join(levels)})"

    def __str__(self) -> str:
        return " ".join(f"{name}={format_level(value)}" for name, value in self._levels.items())

    def replace(self, **levels: Level) -> Point:
        """Return the point with some levels changed."""
        return Point(self._levels, **levels)


@dataclass(frozen=True, slots=True)
class Design:
    """A set of points without repetition, in the order in which they were named."""

    points: tuple[Point, ...] = ()

    @classmethod
    def of(cls, points: Iterable[Mapping[str, Any]]) -> Design:
        return cls(tuple(dict.fromkeys(Point(point) for point in points)))

    @classmethod
    def lines(cls, base: Mapping[str, Level], levels: Mapping[str, Sequence[Level]]) -> Design:
        """Return lines through a base point: one factor at a time takes its levels.

        >>> Design.lines({"T": 8, "V": 64}, {"T": [4, 16]}).points
        (Point(T=8, V=64), Point(T=4, V=64), Point(T=16, V=64))
        """
        start = Point(base)
        unknown = [name for name in levels if name not in start]
        if unknown:
            raise DesignError(f"line in {unknown[0]!r}: the base point has {', '.join(start)}")
        _require_several(levels)
        moved = (start.replace(**{name: value}) for name, values in levels.items() for value in values)
        return cls.of([start, *moved])

    @classmethod
    def grid(cls, levels: Mapping[str, Sequence[Level]]) -> Design:
        """Return every combination of the levels.

        >>> Design.grid({"n": [1, 2], "dtype": ["float32"]}).points
        (Point(n=1, dtype='float32'), Point(n=2, dtype='float32'))
        """
        _require_several(levels)
        return cls.of(
            dict(zip(levels, combination, strict=True)) for combination in itertools.product(*levels.values())
        )

    @classmethod
    def corners(cls, ranges: Mapping[str, tuple[Level, ...]]) -> Design:
        """Return every combination of the lowest and highest levels, and of all levels of a category."""
        return cls.grid(ranges)

    def __add__(self, other: Design) -> Design:
        return Design.of([*self.points, *other.points])

    def __iter__(self) -> Iterator[Point]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def __contains__(self, point: object) -> bool:
        return point in self.points

    def validated(self, factors: Sequence[Factor]) -> Design:
        """Return the design with its levels checked and the factors of every point in the given order.

        Raises
        ------
        DesignError : a level that its factor does not allow, a missing factor or one too many, no point at all.
        """
        if not self.points:
            raise DesignError("design: has no points; at least one is needed")
        names = [factor.name for factor in factors]
        for point in self.points:
            if set(point) != set(names):
                raise DesignError(f"point {point}: needs exactly the factors {', '.join(names)}")
        return Design.of({factor.name: factor.validate(point[factor.name]) for factor in factors} for point in self)


def _require_several(levels: Mapping[str, Sequence[Level]]) -> None:
    for name, several in levels.items():
        if isinstance(several, str):  # whose letters would be taken for levels
            raise DesignError(f"levels of {name} must be a list, such as [{several!r}], got {several!r}")
