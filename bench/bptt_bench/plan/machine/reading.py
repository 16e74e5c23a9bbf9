"""One reading of a probe: the seconds of a call, what the call did, and the rate that follows.

Every reading keeps the least and the median of its seconds per call. Rates are made from the least: what the machine
can do when nothing else runs.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from bptt_bench.errors import BenchError

ProductKind = Literal["gemm", "gemv", "gevm", "ger"]
Dtype = Literal["float32", "float64"]
Operation = Literal["read", "clear", "copy", "add"]
Function = Literal["exp", "tanh"]

BYTES: Mapping[str, int] = {"float32": 4, "float64": 8}


class ReadingsError(BenchError, ValueError):
    """Readings that cannot be used; the message names what is wrong."""


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
    """What is done to each element of one array, with a second one beside it; the working set is both."""

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
    """A list of plain data, seen to be one."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ReadingsError(f"readings: {name!r} is no list")
    return value


def number(value: Any, name: str) -> float:
    """A number of plain data, seen to be one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ReadingsError(f"readings: {name}={value!r}; allowed are numbers from 0")
    return value


_WORDS = {"kind": get_args(ProductKind), "dtype": get_args(Dtype), "operation": get_args(Operation)}
_WORDS["function"] = get_args(Function)


def reading_of(kind: type[AnyReading], item: Any, where: str) -> AnyReading:
    """A reading of plain data, ``where`` being the list that it stands in.

    Raises
    ------
    ReadingsError : a field is missing, or is nothing that it may be.
    """
    fields = {}
    for one in dataclasses.fields(kind):
        if not isinstance(item, Mapping) or one.name not in item:
            raise ReadingsError(f"readings: an entry of {where!r} has no {one.name!r}")
        value = item[one.name]
        if one.name in _WORDS and value not in _WORDS[one.name]:
            raise ReadingsError(f"readings: {one.name}={value!r}; allowed are {', '.join(_WORDS[one.name])}")
        fields[one.name] = value if one.name in _WORDS else number(value, one.name)
        if one.name == "seconds" and not fields[one.name]:
            raise ReadingsError(f"readings: an entry of {where!r} took no time")
    return kind(**fields)
