"""Functions of a point as a stored run keeps them: closed forms where there are any, else values at points.

A run holds no code. What a subject declares as a function (the bytes of its working set, its works) is evaluated at
every point of the run while the code is there. Bytes and operations mostly follow a polynomial in the factors; where
one gives every value exactly it is kept as text, and holds at any point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bptt_bench.errors import BenchError
from bptt_bench.plan.design.design import Point
from bptt_bench.plan.law.law import CostLaw
from bptt_bench.plan.machine.work import Work


class NotStoredError(BenchError, LookupError):
    """A value that a stored run does not hold; the message says what, and how to get it."""


def not_stored(*_: object) -> Any:
    """Stand in for code, which no run holds.

    Raises
    ------
    NotStoredError : always.
    """
    raise NotStoredError("the experiment was read from a stored run, which holds no code; name the module that has it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One number at some points: its closed form, or its values.

    Attributes
    ----------
    form : in the factors of numbers; None: there are values only.
    """

    form: CostLaw | None = None
    values: Mapping[Point, float]

    def at(self, point: Point) -> float | None:
        """Return the number at a point; None where it is unknown."""
        if self.form is None:
            return self.values.get(point)
        with np.errstate(all="ignore"):
            value = float(self.form.evaluate({name: point[name] for name in self.form.factors}))
        return round(value) if math.isfinite(value) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A function of a point that was stored, as numbers.

    Attributes
    ----------
    what : which function, for messages.
    categories : names of the factors whose levels are text.
    columns : the numbers, by the levels of these.
    make : what it gives, made of the numbers.
    """

    what: str
    categories: tuple[str, ...]
    columns: Mapping[Point, Sequence[Column]]
    make: Callable[..., Any]

    def __call__(self, point: Mapping[str, Any]) -> Any:
        """Return the value at a point.

        Raises
        ------
        NotStoredError : neither a closed form nor a value is stored for it.
        """
        levels = Point(point)
        columns = self.columns.get(Point({name: levels[name] for name in self.categories if name in levels}), ())
        numbers = [column.at(levels) for column in columns]
        if not numbers or None in numbers:
            raise _unknown_point(self.what, levels)
        return self.make(*numbers)

    @property
    def is_everywhere(self) -> bool:
        """Return whether it can be evaluated at any point."""
        return all(column.form is not None for columns in self.columns.values() for column in columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """The works of a subject, as they were stored.

    Attributes
    ----------
    variants : points, and what is worked at there; a point is of one variant.
    """

    what: str
    variants: Sequence[Variant]

    def __call__(self, point: Mapping[str, Any]) -> tuple[Work, ...]:
        """Return the works at a point.

        Raises
        ------
        NotStoredError : none are stored for it.
        ExperimentError : what is stored contradicts itself.
        """
        levels = Point(point)
        for variant in self.variants:
            if levels in variant.points or self.is_everywhere:
                return variant.at(levels)
        raise _unknown_point(self.what, levels)

    @property
    def is_everywhere(self) -> bool:
        """Return whether they can be evaluated at any point."""
        return len(self.variants) == 1 and all(column.form is not None for column in self.variants[0].columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Works that are alike but for their numbers, at some points.

    Attributes
    ----------
    columns : numbers that the works have, many of them in common.
    slots : for each work what it is, and which columns are its operations, calls, bytes moved, working set and shape.
    """

    points: frozenset[Point]
    columns: Sequence[Column]
    slots: Sequence[tuple[Mapping[str, Any], Sequence[int]]]

    def at(self, point: Point) -> tuple[Work, ...]:
        """Return the works at a point.

        Raises
        ------
        ExperimentError : they contradict themselves.
        """
        numbers: list[Any] = [column.at(point) for column in self.columns]
        return tuple(make_work(kind, [numbers[place] for place in places]) for kind, places in self.slots)


def make_work(kind: Mapping[str, Any], numbers: Sequence[Any]) -> Work:
    """Return a work with its numbers: operations, calls, bytes moved, working set, and the shape of a product.

    Raises
    ------
    ExperimentError : they contradict each other.
    """
    operations, calls, bytes_moved, working_set, *shape = numbers
    return Work(
        **kind,
        operations=operations,
        calls=calls,
        bytes_moved=bytes_moved,
        working_set=working_set,
        shape=tuple(shape) if shape else None,
    )


def is_everywhere(function: Callable[..., Any]) -> bool:
    """Return whether a function can be evaluated at any point: code can, and what is stored in closed form."""
    return function.is_everywhere if isinstance(function, Lookup | Works) else True


def _unknown_point(what: str, point: Point) -> NotStoredError:
    return NotStoredError(f"{what}: the run holds it at its own points alone, not at {point}; --claims MODULE has it")
