"""A prediction without free parameters: what declared works would take at the rates that a probe has read.

Nothing here is fitted to the subject's own times. Every work is priced twice, as if all it touches lay in the cache and
as it really lies; the difference is what memory costs. The parts of a prediction add up to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from bptt_bench.analyse.machine.surface import RateSurface, Shape, gemm_surface
from bptt_bench.plan.machine.readings import BYTES, Dtype, ProductKind, Readings
from bptt_bench.plan.machine.work import Work

NEAR_SHARE = 0.8  # of the best bandwidth: a working set that is read this fast or faster counts as lying in the cache


class TimeParts(NamedTuple):
    """Seconds per evaluation, by what they are spent on.

    ``arithmetic``: products of matrices and vectors at the speed of their shape in the cache. ``memory``: what these
    and element-wise passes take longer because their operands lie further away, and all copying and clearing.
    ``elementwise``: element-wise passes, functions and reductions in the cache. ``allocation``: touching fresh memory.
    ``dispatch``: calls of NumPy and of Python, whatever they do.
    """

    arithmetic: float = 0.0
    memory: float = 0.0
    elementwise: float = 0.0
    allocation: float = 0.0
    dispatch: float = 0.0

    @property
    def seconds(self) -> float:
        return math.fsum(self)

    def plus(self, other: TimeParts) -> TimeParts:
        return TimeParts(*(mine + its for mine, its in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """Prices works at the rates of a probe; remembers what it has asked the readings."""

    readings: Readings
    cached_bytes: int = field(init=False)
    _subsets: dict[tuple[str, str], Readings] = field(default_factory=dict)
    _surfaces: dict[str, RateSurface] = field(default_factory=dict)
    _known: dict[tuple[object, ...], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cached_bytes", cached_bytes(self.readings))

    def price(self, work: Work) -> TimeParts:
        """Seconds per evaluation of a work, in parts.

        Raises
        ------
        ReadingsError : the probe has not read what the work needs, such as its type.
        """
        dtype: Dtype = "float64" if work.dtype == "float64" else "float32"
        read = self.readings
        match work.kind:
            case "call":
                return TimeParts(dispatch=work.operations * read.python_call_seconds)
            case "allocation":
                return TimeParts(allocation=work.operations * read.first_touch_seconds_per_byte)
            case "product":
                return self._product(work, dtype)
        dispatch = work.calls * read.empty_call_seconds
        if work.kind == "reduction" and read.reduction_call_seconds is not None:
            dispatch = work.calls * read.reduction_call_seconds
        if work.kind in ("copy", "clear"):
            rate = self._ask(read.bandwidth_at, work.kind, max(work.working_set, 1))
            return TimeParts(dispatch=dispatch, memory=work.bytes_moved / rate)
        here = max(work.working_set, 1)
        near = min(here, self.cached_bytes)
        if work.kind == "transcendental":
            rate = self._ask(read.transcendental_rate, work.function, dtype, near)
        else:
            rate = self._ask(read.elementwise_rate, dtype, near)
        memory = self._beyond(work.bytes_moved, here)
        return TimeParts(dispatch=dispatch, elementwise=work.operations / rate, memory=memory)

    def _product(self, work: Work, dtype: Dtype) -> TimeParts:
        assert work.product is not None, "Work sees to it that a product is of some kind"
        assert work.shape is not None, "and that it has a shape"
        kind, shape, itemsize = work.product, work.shape, BYTES[dtype]
        cut = shrunk(shape, self.cached_bytes // itemsize)
        dispatch = work.calls * self._of(kind, dtype).dispatch_seconds(kind, dtype)
        if kind == "gemm":  # its rates are read where it computes; what it cannot keep comes at the speed of memory
            arithmetic = work.operations / self._gemm_rate(dtype, cut)
            memory = self._beyond(work.bytes_moved, max(work.working_set, itemsize * elements(shape)))
            return TimeParts(dispatch=dispatch, arithmetic=arithmetic, memory=memory)
        own = self._product_rate(kind, dtype, shape)
        arithmetic = work.operations / max(own, self._product_rate(kind, dtype, cut))
        far = min(own, self._product_rate(kind, dtype, grown(kind, shape, work.working_set // itemsize)))
        return TimeParts(dispatch=dispatch, arithmetic=arithmetic, memory=work.operations / far - arithmetic)

    def _beyond(self, bytes_moved: int, working_set: int) -> float:
        """What it takes longer to move bytes of a working set than of one that lies in the cache, in seconds."""
        here = self._ask(self.readings.bandwidth_at, "add", working_set)
        near = self._ask(self.readings.bandwidth_at, "add", min(working_set, self.cached_bytes))
        return bytes_moved * max(0.0, 1 / here - 1 / near)

    def _gemm_rate(self, dtype: Dtype, shape: Shape) -> float:
        if dtype not in self._surfaces:
            self._surfaces[dtype] = gemm_surface(self.readings, dtype)
        return self._surfaces[dtype].at(shape)

    def _product_rate(self, kind: ProductKind, dtype: Dtype, shape: Shape) -> float:
        return self._ask(self._of(kind, dtype).product_rate, kind, dtype, *shape)

    def _of(self, kind: ProductKind, dtype: Dtype) -> Readings:
        """The readings without all other products, which would be looked through again and again."""
        if (kind, dtype) not in self._subsets:
            chosen = tuple(one for one in self.readings.products if (one.kind, one.dtype) == (kind, dtype))
            self._subsets[kind, dtype] = replace(self.readings, products=chosen)
        return self._subsets[kind, dtype]

    def _ask(self, rate: Callable[..., float], *what: object) -> float:
        key = (rate.__name__, *what)
        if key not in self._known:
            self._known[key] = rate(*what)
        return self._known[key]


def predict(machine: Machine, works: Iterable[Work]) -> dict[str, TimeParts]:
    """Seconds per evaluation by phase and part."""
    total: dict[str, TimeParts] = {}
    for work in works:
        total[work.phase] = total.get(work.phase, TimeParts()).plus(machine.price(work))
    return total


def whole(by_phase: Mapping[str, TimeParts]) -> TimeParts:
    """The parts of all phases together."""
    total = TimeParts()
    for parts in by_phase.values():
        total = total.plus(parts)
    return total


def cached_bytes(readings: Readings) -> int:
    """The largest working set that is read about as fast as any: what the caches hold, as far as speed goes."""
    line = [(one.working_set_bytes, one.bytes_per_second) for one in readings.bandwidth if one.operation == "read"]
    best = max((rate for _, rate in line), default=0.0)
    return max((size for size, rate in line if rate >= NEAR_SHARE * best), default=1)


def elements(shape: Shape) -> int:
    """Elements of the operands and the result of a product."""
    m, n, k = shape
    return m * k + k * n + m * n


def shrunk(shape: Shape, room: int) -> Shape:
    """The product with its longest side cut until operands and result have at most so many elements.

    >>> shrunk((8, 100_000, 100), 10_000)
    (8, 85, 100)
    """
    sides = list(shape)
    while elements((sides[0], sides[1], sides[2])) > room and max(sides) > 1:
        longest = sides.index(max(sides))
        others = [side for place, side in enumerate(sides) if place != longest]
        fitting = (room - others[0] * others[1]) // sum(others)
        sides[longest] = max(1, fitting, sorted(sides)[1] // 2)
    return sides[0], sides[1], sides[2]


def grown(kind: ProductKind, shape: Shape, size: int) -> Shape:
    """The product of a vector with a matrix of the same width and as many rows as make ``size`` elements, or its own.

    >>> grown("gemv", (10, 1, 100), 50_000), grown("gevm", (1, 100, 10), 0)
    ((500, 1, 100), (1, 100, 10))
    """
    m, n, k = shape
    if kind == "gevm":
        return m, n, max(k, size // n)
    return max(m, size // (k if kind == "gemv" else n)), n, k
