"""What subjects declare as functions of a point, as plain data and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from bptt_bench.errors import LawError
from bptt_bench.plan.description.closed_form import find_closed_forms
from bptt_bench.plan.description.codec import Field, decode, decode_point, encode
from bptt_bench.plan.description.lookup import Column, Lookup, Variant, Works
from bptt_bench.plan.design.design import Factor, Point
from bptt_bench.plan.law.law import CostLaw
from bptt_bench.plan.machine.work import Function, Kind, Product, Work

NUMBERS = ("operations", "calls", "bytes_moved", "working_set")  # of a work; those of its shape follow
WORDS: Mapping[str, Any] = {
    "phase": str,
    "kind": Kind,
    "dtype": Literal["float32", "float64"],
    "product": Product | None,
    "function": Function,
}


def encode_function(
    function: Callable[[Point], Any],
    values: Mapping[Point, Any],
    factors: Sequence[Factor],
    indices: Mapping[Point, int],
) -> list[dict[str, Any]]:
    """Return the data of a function that gives a number, or several in a tuple, by the levels of the categories.

    Parameters
    ----------
    indices : of points in the list of all points of the run.
    """
    groups: dict[Point, dict[Point, Sequence[Any]]] = {}
    for point, value in values.items():
        groups.setdefault(_categories(point, factors), {})[point] = _tuple(value)
    return [
        {
            "at": encode(levels),
            "points": [indices[point] for point in own],
            "columns": _columns(lambda point: _tuple(function(point)), factors, levels, list(own), list(own.values())),
        }
        for levels, own in groups.items()
    ]


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def encode_works(
    function: Callable[[Point], Sequence[Work]],
    values: Mapping[Point, Sequence[Work]],
    factors: Sequence[Factor],
    indices: Mapping[Point, int],
) -> list[dict[str, Any]]:
    """Return the data of works: points at which they differ in numbers alone, and these numbers, each column once."""
    groups: dict[tuple[Any, ...], dict[Point, list[Any]]] = {}
    for point, works in values.items():
        key = (_categories(point, factors), _kinds_of(works))
        groups.setdefault(key, {})[point] = [number for work in works for number in _numbers(work)]
    return [_variant(function, levels, kinds, own, factors, indices) for (levels, kinds), own in groups.items()]


def _variant(
    function: Callable[[Point], Sequence[Work]],
    levels: Point,
    kinds: Sequence[tuple[Any, ...]],
    own: Mapping[Point, Sequence[Any]],
    factors: Sequence[Factor],
    indices: Mapping[Point, int],
) -> dict[str, Any]:
    rows = list(own.values())
    columns = list(zip(*rows, strict=True))
    first = {column: i for i, column in reversed(list(enumerate(columns)))}
    kept = sorted(first.values())

    def numbers(point: Point) -> list[Any]:
        works = function(point)
        if _kinds_of(works) != kinds:
            return []
        every = [number for work in works for number in _numbers(work)]
        return [every[i] for i in kept]

    found = _columns(numbers, factors, levels, list(own), [[row[i] for i in kept] for row in rows]) if kept else []
    index = {column: kept.index(i) for column, i in first.items()}
    numbered = iter(index[column] for column in columns)
    slots = [[*words, [next(numbered) for _ in range(count)]] for *words, count in kinds]
    return {"points": [indices[point] for point in own], "columns": found, "slots": slots}


def _columns(
    function: Callable[[Point], Sequence[Any]],
    factors: Sequence[Factor],
    levels: Point,
    points: Sequence[Point],
    rows: Sequence[Sequence[Any]],
) -> list[Any]:
    """Return the closed form of each number as text, or its values in the order of the points."""
    numbers = [factor for factor in factors if not factor.is_category]
    forms = find_closed_forms(function, numbers, dict(levels), points, rows)
    return [[encode(row[i]) for row in rows] if form is None else form for i, form in enumerate(forms)]


def _categories(point: Point, factors: Sequence[Factor]) -> Point:
    return Point({factor.name: point[factor.name] for factor in factors if factor.is_category})


def _kinds_of(works: Sequence[Work]) -> tuple[tuple[Any, ...], ...]:
    """Return what works are, and how many numbers each has."""
    return tuple((*(getattr(work, name) for name in WORDS), len(_numbers(work))) for work in works)


def _numbers(work: Work) -> list[int]:
    return [*(int(getattr(work, name)) for name in NUMBERS), *map(int, work.shape or ())]


# --- and back ---------------------------------------------------------------------------------------------------------


def decode_function(
    field: Field,
    what: str,
    points: Sequence[Point],
    factors: Sequence[Factor],
    make: Callable[..., Any],
    count: int = 1,
) -> Lookup | None:
    """Return a function of a point, made of so many numbers.

    Raises
    ------
    DescriptionError : a field is nothing that it may be.
    """
    if field.value is None:
        return None
    columns = {}
    for group in field.elements():
        fields = group.fields(("at", "points", "columns"))
        own = _points(fields["points"], points)
        found = [_decode_column(column, own, factors) for column in entries(fields["columns"], count)]
        columns[decode_point(fields["at"])] = found
    categories = tuple(factor.name for factor in factors if factor.is_category)
    return Lookup(what=what, categories=categories, columns=columns, make=make)


def number(value: float) -> float:
    """Return a number unchanged: the value of a function of one column."""
    return value


def decode_works(field: Field, what: str, points: Sequence[Point], factors: Sequence[Factor]) -> Works | None:
    """Return works by point; whether the numbers of one agree is checked when it is requested.

    Raises
    ------
    DescriptionError : a field is nothing that it may be.
    """
    if field.value is None:
        return None
    variants = []
    for variant in field.elements():
        fields = variant.fields(("points", "columns", "slots"))
        own = _points(fields["points"], points)
        columns = [_decode_column(column, own, factors) for column in fields["columns"].elements()]
        slots = [_decode_slot(slot, len(columns)) for slot in fields["slots"].elements()]
        variants.append(Variant(points=frozenset(own), columns=columns, slots=slots))
    return Works(what=what, variants=variants)


def _closed_form(field: Field) -> CostLaw:
    try:
        return CostLaw(field.text(), signed=True)
    except LawError as error:
        raise field.error(f"cannot be used: {error}") from None


def _decode_column(field: Field, points: Sequence[Point], factors: Sequence[Factor]) -> Column:
    if isinstance(field.value, str):
        form = _closed_form(field)
        unknown = [name for name in form.factors if name not in [one.name for one in factors if not one.is_category]]
        if unknown:
            raise field.error(f"must name factors with numbers alone, got {unknown[0]!r}")
        return Column(form=form, values={})
    values = field.elements() if isinstance(field.value, list) else None
    if values is None:
        raise field.must_be("a closed form or a list of numbers")
    if len(values) != len(points):
        raise field.error(f"must have {len(points)} entries, as many as points, got {len(values)}")
    return Column(values=dict(zip(points, (value.number() for value in values), strict=True)))


def _decode_slot(field: Field, count: int) -> tuple[Mapping[str, Any], list[int]]:
    *words, columns = entries(field, len(WORDS) + 1)
    kind = {name: decode(hint, word) for (name, hint), word in zip(WORDS.items(), words, strict=True)}
    wanted = len(NUMBERS) + (3 if kind["product"] is not None else 0)
    numbers = [column.whole() for column in entries(columns, wanted)]
    if not all(0 <= number < count for number in numbers):
        raise columns.error(f"must have numbers of columns, from 0 to {count - 1}")
    return kind, numbers


def entries(field: Field, count: int) -> list[Field]:
    """Return the elements of a list that has so many.

    Raises
    ------
    DescriptionError : it has more or less, or is not a list.
    """
    elements = field.elements()
    if len(elements) != count:
        raise field.error(f"must have {count} entries, got {len(elements)}")
    return elements


def _points(field: Field, points: Sequence[Point]) -> list[Point]:
    for number in field.elements():
        if not 0 <= number.whole() < len(points):
            raise number.must_be(f"the number of a point, from 0 to {len(points) - 1}")
    return [points[number] for number in field.value]
