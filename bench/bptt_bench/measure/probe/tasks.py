"""The calls that a probe times: products, moves, functions and additions over a range of sizes, and bare calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from bptt_bench.measure.probe.buffers import DTYPES, HALF, KIB, MIB, OUTPUT_PARTS, TILE_BYTES, ProbeBuffers
from bptt_bench.measure.probe.task import ProbeTask, ProbeTasks
from bptt_bench.plan import Evaluation
from bptt_bench.plan.machine.readings import (
    BYTES,
    BandwidthReading,
    Dtype,
    ElementwiseReading,
    Function,
    Operation,
    ProductKind,
    ProductReading,
    Reading,
    TranscendentalReading,
)

LARGEST_BYTES = 136 * MIB  # of the inputs: a matrix of 128 MiB, several times most caches, and a vector beside it
SMALLEST_BYTES = 64 * KIB  # of the inputs, however little memory there is
TOUCHED_BYTES = 40 * MIB  # above 32 MiB, above which the C library gets memory from the system each time
MEMORY_SHARE = 0.5  # of what is available: the rest is for others
PARTS = 2.5  # all memory of a probe over that of its inputs: two outputs of half their size, and what is touched
FUNCTIONS: tuple[Function, ...] = ("exp", "tanh")
OPERATIONS: tuple[Operation, ...] = ("read", "clear", "copy", "add")

MOVED_BYTES = tuple(8 * KIB << octave for octave in range(15))  # 8 KiB to 128 MiB, each octave
FUNCTION_BYTES = tuple(16 * KIB << 3 * step for step in range(5))  # 16 KiB to 64 MiB: arithmetic decides, not memory
MATRIX_BYTES = tuple(4 * KIB << octave for octave in range(16))  # 4 KiB to 128 MiB, each octave
COARSE = 2  # other types and widths take every second octave: their lines have the same bends
MIN_ROWS = 4  # of a matrix
WIDTHS = (100, 960, 16)  # elements in a row of the matrix: the first in every octave, the others coarsely
SQUARES = (16, 32, 64, 96, 128, 192, 256, 384, 512)  # sides of square products: both sides of 1e6 multiply-adds
SHORT = (4, 16, 100)  # short sides of the products with one long side
LONG = (800, 12_800)  # and the long side
FEW = 8  # elements of a reduction that has next to nothing to do


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPlan:
    """A task before it has memory: the bytes that it reads and writes, and how it is set up."""

    name: str
    reads_bytes: int
    writes_bytes: int
    work: int
    set_up: Callable[[ProbeBuffers], Evaluation]
    reading: Callable[[float, float], Reading]

    @property
    def inputs_bytes(self) -> int:
        """Return the bytes that the inputs must have."""
        return max(self.reads_bytes, OUTPUT_PARTS * self.writes_bytes)


def allocate_tasks(available: int) -> ProbeTasks:
    """Return the tasks that fit into a share of the available memory, with the memory that they work on."""
    largest = max(SMALLEST_BYTES, min(LARGEST_BYTES, int(MEMORY_SHARE * available / PARTS) // KIB * KIB))
    touched = min(TOUCHED_BYTES, largest // OUTPUT_PARTS)
    buffers = ProbeBuffers.of(largest)
    everything = list(plan_tasks())
    skipped = [
        f"{one.name}: needs {one.inputs_bytes / MIB:.3g} MiB of inputs, {largest / MIB:.3g} MiB can be had"
        for one in everything
        if one.inputs_bytes > largest
    ]
    if touched < TOUCHED_BYTES:
        skipped.append(f"first touch of {TOUCHED_BYTES / MIB:.3g} MiB: read with {touched / MIB:.3g} MiB instead")
    one, other, out = np.zeros(1), np.zeros(1), np.zeros(1)  # in place, one element alone takes a slow path
    warm = buffers.outputs["float32"][: touched // BYTES["float32"]]
    return ProbeTasks(
        sized=[
            ProbeTask(name=one.name, evaluate=one.set_up(buffers), work=one.work, reading=one.reading)
            for one in everything
            if one.inputs_bytes <= largest
        ],
        empty_call=partial(np.add, one, other, out=out),
        reduction_call=partial(np.add.reduce, buffers.inputs[:FEW]),
        python_call=_nothing,
        fresh=lambda: np.empty(touched // BYTES["float32"], np.float32).fill(HALF),
        warm=lambda: warm.fill(HALF),
        touched_bytes=touched,
        skipped=skipped,
    )


def plan_tasks() -> Iterator[TaskPlan]:
    """Yield everything that is read where memory and time suffice."""
    for dtype in DTYPES:
        yield from (product(kind, dtype, 1, 1, 1) for kind in ("gemm", "gemv", "gevm"))
        yield product("ger", dtype, 2, 2, 1)  # not one element: see the empty call
        yield from _matrix_and_vector(dtype)
        for m, n, k in _shapes(dtype):
            yield product("gemm", dtype, m, n, k)
        for n_bytes in MOVED_BYTES[:: 1 if dtype == "float32" else COARSE]:
            yield addition(dtype, n_bytes)
        for function in FUNCTIONS:
            for n_bytes in FUNCTION_BYTES:
                yield transcendental(function, dtype, n_bytes)
    for operation in OPERATIONS:
        for n_bytes in MOVED_BYTES:
            if operation != "clear" or n_bytes <= LARGEST_BYTES // OUTPUT_PARTS:
                yield move(operation, n_bytes)


def _matrix_and_vector(dtype: Dtype) -> Iterator[TaskPlan]:
    """Yield products with a vector, and updates of a matrix, by width and size of the matrix."""
    for width in WIDTHS:
        fine = dtype == "float32" and width == WIDTHS[0]
        for n_bytes in MATRIX_BYTES[:: 1 if fine else COARSE]:
            rows = n_bytes // (width * BYTES[dtype])
            if rows < MIN_ROWS:
                continue
            yield product("gemv", dtype, rows, 1, width)
            yield product("gevm", dtype, 1, width, rows)
            if n_bytes <= LARGEST_BYTES // OUTPUT_PARTS:
                yield product("ger", dtype, rows, width, 1)


def _shapes(dtype: Dtype) -> Iterator[tuple[int, int, int]]:
    """Yield shapes (m, k) and (k, n) of full products, as (m, n, k): squares, and each side in turn long."""
    for side in SQUARES:
        yield side, side, side
    for one in SHORT:
        for other in SHORT:
            for long in LONG if dtype == "float32" else LONG[:1]:
                yield from ((long, one, other), (one, long, other), (one, other, long))


def product(kind: ProductKind, dtype: Dtype, m: int, n: int, k: int) -> TaskPlan:
    """Return the plan of a product of shapes (m, k) and (k, n).

    A full product with a long result takes its long operand transposed: so do layers of a network over a batch, and
    the gradients of their weights.
    """
    itemsize = BYTES[dtype]
    reads, writes = (m * k + k * n) * itemsize, m * n * itemsize
    steps = {"gemm": _gemm, "gemv": _gemv, "gevm": _gevm, "ger": _ger}[kind]
    return TaskPlan(
        name=f"{kind} {dtype} of shapes ({m}, {k}) and ({k}, {n})",
        reads_bytes=reads,
        writes_bytes=writes,
        work=m * n * k,
        set_up=lambda buffers: steps(buffers, dtype, m, n, k),
        reading=lambda least, median: ProductReading(
            kind=kind,
            dtype=dtype,
            m=m,
            n=n,
            k=k,
            working_set_bytes=reads + writes,
            seconds=least,
            median_seconds=median,
        ),
    )


def _gemm(buffers: ProbeBuffers, dtype: Dtype, m: int, n: int, k: int) -> Evaluation:
    out = buffers.writes(dtype, (m, n))
    left_shape = (k, m) if m > max(n, k) else (m, k)
    right_shape = (n, k) if n > max(m, k) else (k, n)
    left, right = buffers.reads(dtype, left_shape, right_shape)
    if m > max(n, k):
        left = left.T
    if n > max(m, k):
        right = right.T
    return partial(left.dot, right, out=out)


def _gemv(buffers: ProbeBuffers, dtype: Dtype, m: int, _n: int, k: int) -> Evaluation:
    matrix, vector = buffers.reads(dtype, (m, k), (k,))
    return partial(matrix.dot, vector, out=buffers.writes(dtype, (m,)))


def _gevm(buffers: ProbeBuffers, dtype: Dtype, _m: int, n: int, k: int) -> Evaluation:
    matrix, vector = buffers.reads(dtype, (k, n), (k,))
    return partial(vector.dot, matrix, out=buffers.writes(dtype, (n,)))


def _ger(buffers: ProbeBuffers, dtype: Dtype, m: int, n: int, _k: int) -> Evaluation:
    """Return target += column by row: outer products of some rows at a time into scratch, each added to the target."""
    target = buffers.writes(dtype, (m, n))
    column, row = buffers.reads(dtype, (m, 1), (1, n))
    step = max(1, min(m, TILE_BYTES // (n * BYTES[dtype])))
    scratch = buffers.scratch[dtype][: step * n].reshape(step, n)
    parts = [(target[i : i + step], column[i : i + step], scratch[: min(step, m - i)]) for i in range(0, m, step)]

    def update() -> None:
        for rows, left, tile in parts:
            left.dot(row, out=tile)
            np.add(rows, tile, out=rows)

    return update


def move(operation: Operation, n_bytes: int) -> TaskPlan:
    """Return the plan of bytes moved in float64, as STREAM does; ``n_bytes`` is what all arrays take together."""
    reads, writes = {"read": (2, 0), "clear": (0, 1), "copy": (1, 1), "add": (2, 1)}[operation]
    length = n_bytes // ((reads + writes) * BYTES["float64"])
    moved = (reads + writes) * length * BYTES["float64"]

    def set_up(buffers: ProbeBuffers) -> Evaluation:
        inputs = buffers.reads("float64", *[(length,)] * reads)
        out = buffers.writes("float64", (length * writes,))
        match operation:
            case "read":
                return partial(inputs[0].dot, inputs[1])
            case "clear":
                return partial(out.fill, HALF)
            case "copy":
                return partial(np.copyto, out, inputs[0])
            case "add":
                return partial(np.add, inputs[0], inputs[1], out=out)

    return TaskPlan(
        name=f"{operation} of {_size(n_bytes)}",
        reads_bytes=reads * length * BYTES["float64"],
        writes_bytes=writes * length * BYTES["float64"],
        work=moved,
        set_up=set_up,
        reading=lambda least, median: BandwidthReading(
            operation=operation, working_set_bytes=moved, seconds=least, median_seconds=median
        ),
    )


def transcendental(function: Function, dtype: Dtype, n_bytes: int) -> TaskPlan:
    """Return the plan of a function of one array into another; both together take ``n_bytes``."""
    length = n_bytes // (2 * BYTES[dtype])
    ufunc = {"exp": np.exp, "tanh": np.tanh}[function]

    def set_up(buffers: ProbeBuffers) -> Evaluation:
        return partial(ufunc, *buffers.reads(dtype, (length,)), out=buffers.writes(dtype, (length,)))

    return TaskPlan(
        name=f"{function} {dtype} over {_size(n_bytes)}",
        reads_bytes=n_bytes // 2,
        writes_bytes=n_bytes // 2,
        work=n_bytes,
        set_up=set_up,
        reading=lambda least, median: TranscendentalReading(
            function=function, dtype=dtype, working_set_bytes=n_bytes, seconds=least, median_seconds=median
        ),
    )


def addition(dtype: Dtype, n_bytes: int) -> TaskPlan:
    """Return the plan of one array added to another in place; both together take ``n_bytes``."""
    length = n_bytes // (2 * BYTES[dtype])

    def set_up(buffers: ProbeBuffers) -> Evaluation:
        target = buffers.writes(dtype, (length,))
        return partial(np.add, target, *buffers.reads(dtype, (length,)), out=target)

    return TaskPlan(
        name=f"addition {dtype} over {_size(n_bytes)}",
        reads_bytes=n_bytes // 2,
        writes_bytes=n_bytes // 2,
        work=n_bytes,
        set_up=set_up,
        reading=lambda least, median: ElementwiseReading(
            dtype=dtype, working_set_bytes=n_bytes, seconds=least, median_seconds=median
        ),
    )


def _size(n_bytes: int) -> str:
    return f"{n_bytes // MIB} MiB" if n_bytes >= MIB else f"{n_bytes // KIB} KiB"


def _nothing() -> None:
    pass
