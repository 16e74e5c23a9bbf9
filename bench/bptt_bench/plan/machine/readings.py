"""Readings of a machine's probe: seconds of a call by kind and size, and the rates interpolated between them.

``Readings.slowdown`` is the ratio of the median to the least time of the same calls.

A call of NumPy has a cost before its first operation. Stored rates are gross: operations over the seconds of the
call. The rates that the methods of ``Readings`` give are net: the cost of the call with next to nothing to do, the
dispatch, is taken off first, so that dispatch and operations can be added up without counting anything twice.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from bptt_bench.errors import MachineError

CLOSE_OCTAVES = 0.01  # a shape this near to one that was read has the rate of that one
NEARNESS = 4  # power of the distance in octaves by which readings of other shapes lose weight: the nearest decide


def interpolate(line: Sequence[tuple[float, float]], at: float) -> float:
    """Interpolate a rate linearly in the logarithms; it is constant beyond the first and the last reading.

    >>> round(interpolate([(1, 10.0), (100, 1000.0)], 10), 9)
    100.0
    >>> interpolate([(1, 10.0), (100, 1000.0)], 1e6)
    1000.0
    """
    ordered = sorted(line)
    places = [place for place, _ in ordered]
    right = bisect_right(places, at)
    if right == 0:
        return ordered[0][1]
    if right == len(ordered):
        return ordered[-1][1]
    (x0, y0), (x1, y1) = ordered[right - 1], ordered[right]
    share = math.log(at / x0) / math.log(x1 / x0)
    return float(y0 * (y1 / y0) ** share)


def rate_of_similar_shape(known: Sequence[tuple[tuple[int, int, int], float]], shape: tuple[int, int, int]) -> float:
    """Return the rate of a shape: a weighted mean of the logarithms of known rates, the nearest shapes first."""
    total = weighted = 0.0
    for other, rate in known:
        octaves = math.dist([math.log2(size) for size in shape], [math.log2(size) for size in other])
        if octaves < CLOSE_OCTAVES:
            return rate
        total += octaves**-NEARNESS
        weighted += octaves**-NEARNESS * math.log(rate)
    return math.exp(weighted / total)


ProductKind = Literal["gemm", "gemv", "gevm", "ger"]
Dtype = Literal["float32", "float64"]
Operation = Literal["read", "clear", "copy", "add"]
Function = Literal["exp", "tanh"]

BYTES: Mapping[str, int] = {"float32": 4, "float64": 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The cost of a call: least and median seconds per call over all repeats."""

    seconds: float
    median_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductReading(Reading):
    """A product of matrices of shapes (m, k) and (k, n), or a special case of it.

    ``gemv`` is matrix by vector (n = 1), ``gevm`` vector by matrix (m = 1), ``ger`` a rank-1 update (k = 1):
    target (m, n) += column by row, through a tile of scratch. ``working_set_bytes``: of all operands.
    """

    kind: ProductKind
    dtype: Dtype
    m: int
    n: int
    k: int
    working_set_bytes: int

    @property
    def multiply_adds(self) -> int:
        return self.m * self.n * self.k

    @property
    def multiply_adds_per_second(self) -> float:
        return self.multiply_adds / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class BandwidthReading(Reading):
    """Moving bytes, counted as STREAM counts them: what the operation reads and writes, each element once.

    ``read``: two arrays, as in their inner product. ``clear``: one array written. ``copy``: one read and one written.
    ``add``: two read and one written. A line that the cache loads only to overwrite it is not counted.
    """

    operation: Operation
    working_set_bytes: int

    @property
    def bytes_per_second(self) -> float:
        return self.working_set_bytes / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfElements(Reading):
    """An operation on each element of one array and a second one; the working set is both."""

    dtype: Dtype
    working_set_bytes: int

    @property
    def elements(self) -> int:
        return self.working_set_bytes // (2 * BYTES[self.dtype])

    @property
    def elements_per_second(self) -> float:
        return self.elements / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscendentalReading(_OfElements):
    """A function of each element of one array into another."""

    function: Function


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementwiseReading(_OfElements):
    """One array added to another in place."""


AnyReading = TypeVar("AnyReading", bound=Reading)


def listed(value: Any, name: str) -> Sequence[Any]:
    """Return a list from plain data, or raise."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise MachineError(f"readings: {name!r} is not a list")
    return value


def number(value: Any, name: str) -> float:
    """Return a number from plain data, or raise."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise MachineError(f"readings: {name} must be a number from 0, got {value!r}")
    return value


_WORDS = {"kind": get_args(ProductKind), "dtype": get_args(Dtype), "operation": get_args(Operation)}
_WORDS["function"] = get_args(Function)


def reading_of(kind: type[AnyReading], item: Any, where: str) -> AnyReading:
    """Read a reading from plain data; ``where`` is the list that holds it.

    Raises
    ------
    MachineError : a field is missing, or is nothing that it may be.
    """
    fields = {}
    for one in dataclasses.fields(kind):
        if not isinstance(item, Mapping) or one.name not in item:
            raise MachineError(f"readings: an entry of {where!r} has no {one.name!r}")
        value = item[one.name]
        if one.name in _WORDS and value not in _WORDS[one.name]:
            raise MachineError(f"readings: {one.name} must be one of {', '.join(_WORDS[one.name])}, got {value!r}")
        fields[one.name] = value if one.name in _WORDS else number(value, one.name)
        if one.name == "seconds" and not fields[one.name]:
            raise MachineError(f"readings: an entry of {where!r} took no time")
    return kind(**fields)


NET_SHARE = 0.5  # of a call's seconds that must be left without dispatch: less is a difference of two like numbers

_RATES: Mapping[type[Reading], str] = {
    ProductReading: "multiply_adds_per_second",
    BandwidthReading: "bytes_per_second",
    TranscendentalReading: "elements_per_second",
    ElementwiseReading: "elements_per_second",
}
_LISTS: Mapping[str, type[Reading]] = {
    "products": ProductReading,
    "bandwidth": BandwidthReading,
    "transcendental": TranscendentalReading,
    "elementwise": ElementwiseReading,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """All readings of one probe.

    Attributes
    ----------
    empty_call_seconds : one call of a NumPy ufunc on one element, with an array to write to.
    python_call_seconds : one call of a Python function that does nothing, its loop included.
    first_touch_seconds_per_byte : allocating, filling and freeing fresh memory, less the time to fill warm memory.
    clear_seconds_per_byte : filling the same number of bytes of warm memory.
    rounds : how often every reading was visited.
    skipped : what was not read, each with its reason.
    reduction_call_seconds : one sum of a few elements, which has a higher cost in NumPy than a ufunc; None
        if it was not read.
    """

    products: tuple[ProductReading, ...]
    bandwidth: tuple[BandwidthReading, ...]
    transcendental: tuple[TranscendentalReading, ...]
    elementwise: tuple[ElementwiseReading, ...]
    empty_call_seconds: float
    python_call_seconds: float
    first_touch_seconds_per_byte: float
    clear_seconds_per_byte: float
    rounds: int
    skipped: tuple[str, ...] = ()
    reduction_call_seconds: float | None = None

    @property
    def slowdown(self) -> float:
        """Return the median over the least seconds of a call, as a median over readings; 1 on a steady machine."""
        every = [*self.products, *self.bandwidth, *self.transcendental, *self.elementwise]
        return statistics.median(one.median_seconds / one.seconds for one in every) if every else 1.0

    def dispatch_seconds(self, kind: ProductKind | None = None, dtype: Dtype = "float32") -> float:
        """Return the seconds of a call on next to no data: the cheapest product of a kind, or a ufunc (None)."""
        return min(
            (one.seconds for one in self.products if (one.kind, one.dtype) == (kind, dtype)),
            default=self.empty_call_seconds,
        )

    def product_rate(self, kind: ProductKind, dtype: Dtype, m: int, n: int, k: int) -> float:
        """Return multiply-adds per second, net of dispatch, of a product of shapes (m, k) and (k, n).

        Between readings of ``gemm`` those of like shape decide, in proportion to distance in octaves to the power -4.
        Of the others, rates are interpolated in the bytes of the matrix, and between widths of it.

        Raises
        ------
        MachineError : no product of this kind and type was read.
        """
        dispatch = self.dispatch_seconds(kind, dtype)
        usable = [one for one in self.products if (one.kind, one.dtype) == (kind, dtype)]
        rates = [(one, one.multiply_adds / net) for one in usable if (net := _net(one, dispatch)) is not None]
        if not rates:
            raise MachineError(f"kind={kind!r}, dtype={dtype!r}: no such product was read")
        if kind == "gemm":
            return rate_of_similar_shape([((one.m, one.n, one.k), rate) for one, rate in rates], (m, n, k))
        by_width: dict[int, list[tuple[float, float]]] = {}
        for one, rate in rates:
            by_width.setdefault(_width(one.kind, one.n, one.k), []).append((one.multiply_adds, rate))
        elements = m * n * k
        return interpolate(
            [(width, interpolate(line, elements)) for width, line in by_width.items()], _width(kind, n, k)
        )

    def bandwidth_at(self, operation: Operation, working_set_bytes: float) -> float:
        """Return bytes per second, net of dispatch, counted as STREAM counts them.

        Raises
        ------
        MachineError : the operation was not read.
        """
        chosen = [one for one in self.bandwidth if one.operation == operation]
        return self._rate(chosen, lambda one: one.working_set_bytes, working_set_bytes, f"operation={operation!r}")

    def transcendental_rate(self, function: Function, dtype: Dtype, working_set_bytes: float) -> float:
        """Return elements per second, net of dispatch; the working set is the array read and the array written.

        Raises
        ------
        MachineError : the function was not read for this type.
        """
        chosen = [one for one in self.transcendental if (one.function, one.dtype) == (function, dtype)]
        what = f"function={function!r}, dtype={dtype!r}"
        return self._rate(chosen, lambda one: one.elements, working_set_bytes, what)

    def elementwise_rate(self, dtype: Dtype, working_set_bytes: float) -> float:
        """Return elements per second of an addition in place, net of dispatch; the working set is both arrays.

        Raises
        ------
        MachineError : the type was not read.
        """
        chosen = [one for one in self.elementwise if one.dtype == dtype]
        return self._rate(chosen, lambda one: one.elements, working_set_bytes, f"dtype={dtype!r}")

    def _rate(
        self, readings: Sequence[Any], amount: Callable[[Any], int], working_set_bytes: float, what: str
    ) -> float:
        """Return the amount per second, net of dispatch, at a working set."""
        line = [
            (one.working_set_bytes, amount(one) / net)
            for one in readings
            if (net := _net(one, self.empty_call_seconds)) is not None
        ]
        if not line:
            raise MachineError(f"{what}: was not read")
        return interpolate(line, working_set_bytes)

    def to_json(self) -> dict[str, Any]:
        """Return plain data; every reading with its rate."""
        plain = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        for name, kind in _LISTS.items():
            rate = _RATES[kind]
            plain[name] = [{**dataclasses.asdict(one), rate: getattr(one, rate)} for one in getattr(self, name)]
        return {**plain, "skipped": list(self.skipped)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Readings:
        """Read the readings from plain data.

        Raises
        ------
        MachineError : a field is missing, or is not a number where one is needed.
        """
        fields: dict[str, Any] = {}
        for one in dataclasses.fields(cls):
            if one.default is None and plain.get(one.name) is None:
                continue
            if one.name not in plain:
                raise MachineError(f"readings: have no {one.name!r}")
            value = plain[one.name]
            if one.name in _LISTS:
                fields[one.name] = tuple(
                    reading_of(_LISTS[one.name], item, one.name) for item in listed(value, one.name)
                )
            elif one.name == "skipped":
                fields[one.name] = tuple(map(str, listed(value, one.name)))
            else:
                fields[one.name] = number(value, one.name)
        return cls(**fields)


def _net(reading: Reading, dispatch: float) -> float | None:
    """Return the seconds of a call without its dispatch; None where too little is left."""
    net = reading.seconds - dispatch
    return net if net > NET_SHARE * reading.seconds else None


def _width(kind: ProductKind, n: int, k: int) -> int:
    """Return the elements in a row of the matrix that a product works through."""
    return k if kind == "gemv" else n
