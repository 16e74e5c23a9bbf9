"""Prediction of time without free parameters: declared works at the rates that a probe has measured.

Nothing is fitted to the subject's own times. The time of every work is computed twice, as if its working set lay in the
cache and as it really lies; the difference is the cost of memory. The parts of a prediction add up to it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from bptt_bench.analyse.machine.surface import RateSurface, Shape, gemm_surface
from bptt_bench.plan.machine.readings import BYTES, Dtype, ProductKind, Readings
from bptt_bench.plan.machine.work import Work

CACHED_SHARE = 0.8  # of the best bandwidth: a working set read this fast or faster counts as cached


class TimeParts(NamedTuple):
    """Seconds per evaluation, by cause.

    ``arithmetic``: products of matrices and vectors, at the rate of their shape in the cache. ``memory``: additional
    time of these and of element-wise passes because their operands are not cached, and all copying and clearing.
    ``elementwise``: element-wise passes, functions and reductions in the cache. ``allocation``: touching fresh memory.
    ``dispatch``: calls of NumPy and of Python.
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
    """Rates of a probe, with a cache of those already looked up."""

    readings: Readings
    cached_bytes: int = field(init=False)
    _subsets: dict[tuple[str, str], Readings] = field(default_factory=dict)
    _surfaces: dict[str, RateSurface] = field(default_factory=dict)
    _rates: dict[tuple[object, ...], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cached_bytes", cached_bytes(self.readings))

    def predict_work(self, work: Work) -> TimeParts:
        """Return the seconds per evaluation of a work, in parts.

        Raises
        ------
        MachineError : the probe has not measured a rate that the work needs, such as that of its type.
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
            rate = self._rate(read.bandwidth_at, work.kind, max(work.working_set, 1))
            return TimeParts(dispatch=dispatch, memory=work.bytes_moved / rate)
        here = max(work.working_set, 1)
        near = min(here, self.cached_bytes)
        if work.kind == "transcendental":
            rate = self._rate(read.transcendental_rate, work.function, dtype, near)
        else:
            rate = self._rate(read.elementwise_rate, dtype, near)
        memory = self._beyond(work.bytes_moved, here)
        return TimeParts(dispatch=dispatch, elementwise=work.operations / rate, memory=memory)

    def _product(self, work: Work, dtype: Dtype) -> TimeParts:
        assert work.product is not None, "Work requires the kind of a product"
        assert work.shape is not None, "Work requires the shape of a product"
        kind, shape, itemsize = work.product, work.shape, BYTES[dtype]
        cut = shrink_to(shape, self.cached_bytes // itemsize)
        dispatch = work.calls * self._readings_of(kind, dtype).dispatch_seconds(kind, dtype)
        if kind == "gemm":  # rates are those of computing; operands beyond the cache come at the speed of memory
            arithmetic = work.operations / self._gemm_rate(dtype, cut)
            memory = self._beyond(work.bytes_moved, max(work.working_set, itemsize * n_elements(shape)))
            return TimeParts(dispatch=dispatch, arithmetic=arithmetic, memory=memory)
        own = self._product_rate(kind, dtype, shape)
        arithmetic = work.operations / max(own, self._product_rate(kind, dtype, cut))
        far = min(own, self._product_rate(kind, dtype, grow_to(kind, shape, work.working_set // itemsize)))
        return TimeParts(dispatch=dispatch, arithmetic=arithmetic, memory=work.operations / far - arithmetic)

    def _beyond(self, bytes_moved: int, working_set: int) -> float:
        """Return the additional seconds to move bytes of a working set over those of a cached one."""
        here = self._rate(self.readings.bandwidth_at, "add", working_set)
        near = self._rate(self.readings.bandwidth_at, "add", min(working_set, self.cached_bytes))
        return bytes_moved * max(0.0, 1 / here - 1 / near)

    def _gemm_rate(self, dtype: Dtype, shape: Shape) -> float:
        if dtype not in self._surfaces:
            self._surfaces[dtype] = gemm_surface(self.readings, dtype)
        return self._surfaces[dtype].at(shape)

    def _product_rate(self, kind: ProductKind, dtype: Dtype, shape: Shape) -> float:
        return self._rate(self._readings_of(kind, dtype).product_rate, kind, dtype, *shape)

    def _readings_of(self, kind: ProductKind, dtype: Dtype) -> Readings:
        """Return the readings without all other products, to search them quickly."""
        if (kind, dtype) not in self._subsets:
            chosen = tuple(one for one in self.readings.products if (one.kind, one.dtype) == (kind, dtype))
            self._subsets[kind, dtype] = replace(self.readings, products=chosen)
        return self._subsets[kind, dtype]

    def _rate(self, rate: Callable[..., float], *arguments: object) -> float:
        key = (rate.__name__, *arguments)
        if key not in self._rates:
            self._rates[key] = rate(*arguments)
        return self._rates[key]


def predict(machine: Machine, works: Iterable[Work]) -> dict[str, TimeParts]:
    """Return the seconds per evaluation by phase and part."""
    phases: dict[str, TimeParts] = {}
    for work in works:
        phases[work.phase] = phases.get(work.phase, TimeParts()).plus(machine.predict_work(work))
    return phases


def total(by_phase: Mapping[str, TimeParts]) -> TimeParts:
    """Return the parts of all phases together."""
    return functools.reduce(TimeParts.plus, by_phase.values(), TimeParts())


def cached_bytes(readings: Readings) -> int:
    """Return the largest working set that is read about as fast as any: the size of the caches in effect."""
    line = [(one.working_set_bytes, one.bytes_per_second) for one in readings.bandwidth if one.operation == "read"]
    best = max((rate for _, rate in line), default=0.0)
    return max((size for size, rate in line if rate >= CACHED_SHARE * best), default=1)


def n_elements(shape: Shape) -> int:
    """Return the number of elements of the operands and the result of a product."""
    m, n, k = shape
    return m * k + k * n + m * n


def shrink_to(shape: Shape, room: int) -> Shape:
    """Return the shape with its longest side cut until operands and result have at most ``room`` elements.

    >>> shrink_to((8, 100_000, 100), 10_000)
    (8, 85, 100)
    """
    sides = list(shape)
    while n_elements((sides[0], sides[1], sides[2])) > room and max(sides) > 1:
        longest = sides.index(max(sides))
        others = [side for place, side in enumerate(sides) if place != longest]
        fitting = (room - others[0] * others[1]) // sum(others)
        sides[longest] = max(1, fitting, sorted(sides)[1] // 2)
    return sides[0], sides[1], sides[2]


def grow_to(kind: ProductKind, shape: Shape, size: int) -> Shape:
    """Return the product of a vector with a matrix of the same width, of ``size`` elements or more.

    >>> grow_to("gemv", (10, 1, 100), 50_000), grow_to("gevm", (1, 100, 10), 0)
    ((500, 1, 100), (1, 100, 10))
    """
    m, n, k = shape
    if kind == "gevm":
        return m, n, max(k, size // n)
    return max(m, size // (k if kind == "gemv" else n)), n, k
