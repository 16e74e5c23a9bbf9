"""The readings of a machine as a table: a rate in each row, working sets from the first cache to memory across."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from bptt_bench.errors import MachineError
from bptt_bench.plan.machine.readings import (
    BYTES,
    Dtype,
    Function,
    Operation,
    ProductKind,
    ProductReading,
    Readings,
    interpolate,
)
from bptt_bench.report import format as show

KIB, MIB = 1 << 10, 1 << 20
AT_BYTES = (64 * KIB, MIB, 16 * MIB, 64 * MIB)  # working sets shown: one for each level of most machines, and memory
ROW_ELEMENTS = 100  # of the matrices with which a vector is multiplied: what the probe reads in the finest steps
NEAR = 4  # a square product is shown for a working set within this factor of one that was read
DTYPES: tuple[Dtype, ...] = ("float32", "float64")
FUNCTIONS: tuple[Function, ...] = ("exp", "tanh")
OPERATIONS: tuple[Operation, ...] = ("read", "clear", "copy", "add")
PRODUCTS: Mapping[ProductKind, str] = {
    "gemv": "matrix by vector",
    "gevm": "vector by matrix",
    "ger": "rank-1 update",
}


class Rate(NamedTuple):
    """A row of the table: ``name`` for programs, ``label`` for people, values net of the cost of a call."""

    name: str
    label: str
    unit: str
    values: tuple[float | None, ...]


class Bare(NamedTuple):
    """A reading that depends on no size; ``value`` in the unit that ``name`` ends with."""

    name: str
    label: str
    value: float
    shown: str


class ReadingsTable(NamedTuple):
    """What a reader sees of a machine's readings, all as text."""

    columns: list[str]
    rows: list[tuple[str, list[str]]]
    bare: list[tuple[str, str]]
    note: str


def readings_of(attrs: Mapping[Any, Any]) -> Readings | None:
    """Return the readings stored with a run; None for a run without.

    Raises
    ------
    MachineError : they cannot be used.
    """
    stored = attrs.get("probe")
    return None if stored is None else Readings.from_json(stored.get("readings", {}))


def rates(readings: Readings) -> Iterator[Rate]:
    """Return the rates shown, each at the working sets of ``AT_BYTES``; None where nothing was read."""
    for dtype in DTYPES:
        squares = tuple(_square(readings, dtype, at) for at in AT_BYTES)
        yield Rate(f"gemm_{dtype}_multiply_adds_per_second", f"square product, {dtype}", "/s", squares)
        for kind, label in PRODUCTS.items():
            values = tuple(_known(partial(_product, readings, kind, dtype, at)) for at in AT_BYTES)
            yield Rate(f"{kind}_{dtype}_multiply_adds_per_second", f"{label}, {dtype}", "/s", values)
        added = tuple(_known(partial(readings.elementwise_rate, dtype, at)) for at in AT_BYTES)
        yield Rate(f"addition_{dtype}_elements_per_second", f"addition in place, {dtype}", "/s", added)
        for function in FUNCTIONS:
            values = tuple(_known(partial(readings.transcendental_rate, function, dtype, at)) for at in AT_BYTES)
            yield Rate(f"{function}_{dtype}_elements_per_second", f"{function}, {dtype}", "/s", values)
    for operation in OPERATIONS:
        values = tuple(_known(partial(readings.bandwidth_at, operation, at)) for at in AT_BYTES)
        yield Rate(f"{operation}_bytes_per_second", f"{operation} of memory", "B/s", values)


def _product(readings: Readings, kind: ProductKind, dtype: Dtype, at_bytes: int) -> float:
    rows = at_bytes // (ROW_ELEMENTS * BYTES[dtype])
    shape = {"gemv": (rows, 1, ROW_ELEMENTS), "gevm": (1, ROW_ELEMENTS, rows), "ger": (rows, ROW_ELEMENTS, 1)}[kind]
    return readings.product_rate(kind, dtype, *shape)


def _square(readings: Readings, dtype: Dtype, at_bytes: int) -> float | None:
    """Return the rate of square products, between those that were read; None far from them."""
    line: list[tuple[float, float]] = [
        (one.working_set_bytes, _product_rate(readings, one))
        for one in readings.products
        if one.kind == "gemm" and one.dtype == dtype and one.m == one.n == one.k > 1
    ]
    near = any(at_bytes / NEAR <= place <= at_bytes * NEAR for place, _ in line)
    return interpolate(line, at_bytes) if near else None


def _product_rate(readings: Readings, one: ProductReading) -> float:
    return readings.product_rate(one.kind, one.dtype, one.m, one.n, one.k)


def _known(rate: Callable[[], float]) -> float | None:
    """Return a rate, or None where there was no reading to make it from."""
    try:
        return rate()
    except MachineError:
        return None


def bare(readings: Readings) -> list[Bare]:
    """Return the readings that depend on no size."""
    seconds = {
        "empty_numpy_call_seconds": ("call of NumPy on one element", readings.empty_call_seconds, "s"),
        "reduction_call_seconds": ("sum of a few elements", readings.reduction_call_seconds, "s"),
        "empty_python_call_seconds": ("call of Python that does nothing", readings.python_call_seconds, "s"),
        "first_touch_seconds_per_byte": ("first touch of memory", readings.first_touch_seconds_per_byte, "s/B"),
        "clear_seconds_per_byte": ("clearing memory in use", readings.clear_seconds_per_byte, "s/B"),
    }
    return [
        Bare(name, label, value, show.si(value, unit))
        for name, (label, value, unit) in seconds.items()
        if value is not None
    ]


def readings_table(readings: Readings) -> ReadingsTable:
    """Return the readings as text."""
    return ReadingsTable(
        columns=[show.size(at) for at in AT_BYTES],
        rows=[(one.label, [show.si(value, one.unit) for value in one.values]) for one in rates(readings)],
        bare=[(one.label, one.shown) for one in bare(readings)],
        note=note(readings),
    )


def note(readings: Readings) -> str:
    """Return what the rates are, in a sentence or two."""
    count = len(readings.skipped)
    skipped = f" {count} size{' was' if count == 1 else 's were'} left out." if count else ""
    return (
        "Multiply-adds, elements or bytes per second at a working set, without the cost of the call, at best of "
        f"{readings.rounds} rounds; in the usual moment a call took {show.number(readings.slowdown)} times as long."
        + skipped
    )
