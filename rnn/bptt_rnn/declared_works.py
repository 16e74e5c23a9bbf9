"""Works of each algorithm, call by call: operations, bytes moved and working sets, by phase.

``bptt_rnn.cost`` counts by category; this distinguishes what a machine does at different rates: products by shape,
element-wise passes by working set, and calls. The totals are those of ``bptt_rnn.cost.counts``, as integers; the
additions of rank-1 updates, element-wise there, belong to the product here. A working set is what is accessed between
two uses of the same operands: U and its gradient between two steps of ``aggregated``, one tile between two passes of
the softmax in ``batched``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bptt_rnn import cost
from bptt_rnn.layers.steps import rows_per_tile

DECLARED = ("forward", "naive", "aggregated", "batched", "naive-textbook")  # algorithms with declared works
# Python's share: functions entered, and single elements of arrays read or written, which cost about as much.
ENTERED_ONCE = {
    "forward": 6,
    "naive": 8,
    "aggregated": 8,
    "batched": 7,
    "naive-textbook": 8,
}  # functions entered outside of steps
ELEMENTS_FORWARD = 3  # per step of the output layer: o_k read and kept, Σ exp kept
ELEMENTS_BACK = 2  # per step: δ_k read and written


class Work(NamedTuple):
    """Operations of one kind; the fields are those of the harness's declared works.

    ``operations``, ``calls`` and ``bytes_moved`` are per evaluation, ``working_set`` is in bytes, ``shape`` is
    (m, n, k) of one product, (m, k) × (k, n).
    """

    phase: str
    kind: str
    operations: int
    calls: int = 0
    bytes_moved: int = 0
    working_set: int = 0
    product: str | None = None
    shape: tuple[int, int, int] | None = None
    function: str = "exp"


class _Sizes(NamedTuple):
    V: int
    d: int
    H: int
    T: int
    itemsize: int

    def bytes(self, elements: int) -> int:
        return self.itemsize * elements


def works(
    algorithm: str, V: int, d: int, H: int, T: int, *, itemsize: int = 4, workspace_ready: bool = True
) -> list[Work]:
    """Return the works of one evaluation; zeros are left out.

    Parameters
    ----------
    itemsize : bytes of a floating-point number, 4 or 8.
    workspace_ready : whether buffers of an earlier evaluation are used; if not, they are allocated.

    Raises
    ------
    ValueError : the algorithm is unknown.
    """
    if algorithm not in DECLARED:
        raise ValueError(f"`algorithm` must be one of {', '.join(DECLARED)}, got {algorithm!r}")
    form = {
        "forward": _forward,
        "naive": _naive,
        "aggregated": _aggregated,
        "batched": _batched,
        "naive-textbook": _naive_textbook,
    }[algorithm]
    found = [Work("embed", "call", ENTERED_ONCE[algorithm]), *form(_Sizes(V, d, H, T, itemsize))]
    if not workspace_ready:
        sizes = cost.buffer_bytes(algorithm, V, d, H, T, itemsize)
        found += [Work(phase, "allocation", size) for phase, size in sizes.items()]
        if algorithm == "batched":
            found.append(Work("output", "copy", T, 1))  # where each row begins
    return [work for work in found if work.operations or work.calls]


# --- kinds of work ---


def _product(s: _Sizes, phase: str, product: str, shape: tuple[int, int, int], calls: int, working_set: int) -> Work:
    """Return products (m, k) × (k, n) that read their operands and write their result once each."""
    m, n, k = shape
    moved = s.bytes(m * k + k * n + m * n) * calls
    return Work(phase, "product", m * n * k * calls, calls, moved, working_set, product, shape)


def _passes(
    s: _Sizes, phase: str, elements: int, calls: int, working_set: int, *, moved: int, kind: str = "elementwise"
) -> Work:
    """Return passes over arrays; ``moved`` elements are read or written for each one that is computed."""
    return Work(phase, kind, elements, calls, s.bytes(moved * elements), working_set)


def _update(s: _Sizes, phase: str, rows: int, width: int, times: int, working_set: int) -> Work:
    """Return target += left ⊗ right, tile by tile through cached scratch; the target is read and written."""
    moved = s.bytes(2 * rows * width + rows + width) * times
    return Work(phase, "product", rows * width * times, times, moved, working_set, "ger", (rows, width, 1))


def _sigmoids(s: _Sizes, near: int) -> Iterator[Work]:
    """Yield ½ tanh(z/2) + ½ at each of T steps."""
    yield _passes(s, "recur", 3 * s.T * s.H, 3 * s.T, near, moved=2)
    work = _passes(s, "recur", s.T * s.H, s.T, near, moved=2, kind="transcendental")
    yield work._replace(function="tanh")


# --- forward, naive, aggregated: step by step ---


def _forward(s: _Sizes) -> Iterator[Work]:
    yield from _up_to_the_output(s, hidden=s.bytes(s.H * s.d + s.H * s.H), whole=s.bytes(s.V * s.H))


def _up_to_the_output(s: _Sizes, *, hidden: int, whole: int) -> Iterator[Work]:
    """Yield the forward pass; ``hidden`` and ``whole`` are the bytes that its two loops go through at every step."""
    V, d, H, T, _ = s
    rows = s.bytes(V * d)  # a row of L was last used long ago: it comes from the memory of L
    yield Work("embed", "copy", T + 1 + T * d, 2, s.bytes(2 * T * d), rows)
    yield Work("recur", "copy", H, 1)
    yield Work("embed", "call", T)
    yield _product(s, "embed", "gemv", (H, 1, d), T, hidden)
    yield Work("recur", "call", T)
    yield _product(s, "recur", "gemv", (H, 1, H), T, hidden)
    yield _passes(s, "recur", 2 * T * H, 2 * T, s.bytes(3 * H), moved=3)
    yield from _sigmoids(s, s.bytes(H))
    logits = s.bytes(V)
    yield _product(s, "output", "gemv", (V, 1, H), T, whole)
    yield _passes(s, "output", T * V, T, whole, moved=2)  # b2 is in the memory of U; the logits are cached
    yield _passes(s, "output", T * V, T, logits, moved=2)  # less the largest
    yield _passes(s, "output", T * (V - 1), T, logits, moved=1, kind="reduction")  # the largest
    yield _passes(s, "output", T * V, T, logits, moved=2, kind="transcendental")
    yield _passes(s, "output", T * (V - 1), T, logits, moved=1, kind="reduction")  # Σ exp
    yield _passes(s, "output", T * V, T, logits, moved=2)  # ŷ
    yield Work("output", "copy", 2 * T)
    yield Work("output", "call", T * (1 + ELEMENTS_FORWARD))
    yield Work("output", "transcendental", T, 1)  # log Σ exp of all steps
    yield Work("output", "elementwise", T, 1)  # less o_k
    yield Work("output", "reduction", T - 1, 1)  # Σ_t J


def _up_to_the_sweep(s: _Sizes) -> Iterator[Work]:
    """Yield the common part of naive and aggregated: forward, and every loss back through its own output layer."""
    yield from _with_output_visits(s, s.T)
    yield Work("output", "call", s.T)  # a function for each visit of the output layer, beside that of its update


def _with_output_visits(s: _Sizes, visits: int) -> Iterator[Work]:
    """Yield the forward pass, the clearing of the gradients, and so many products back through the output layer."""
    V, d, H, T, _ = s
    hidden, whole = s.bytes(H * d + H * H), s.bytes(2 * V * H + rows_per_tile(V, H, s.itemsize) * H)
    everything = cost.working_set("aggregated", V, d, H, T, s.itemsize) - s.bytes(V * d)  # of L, few rows are touched
    yield from _up_to_the_output(s, hidden=hidden, whole=whole)
    for phase, cleared, calls in (("embed", T * d + H * d, 2), ("recur", H * H + 2 * H, 3), ("output", V * H + V, 2)):
        yield _passes(s, phase, cleared, calls, everything, moved=1, kind="clear")
    yield Work("output", "copy", T)  # δ_k
    yield Work("output", "call", T * ELEMENTS_BACK + visits)
    yield _update(s, "output", V, H, visits, whole)
    yield _passes(s, "output", visits * V, visits, whole, moved=3)  # ∂J/∂b2
    yield _product(s, "output", "gevm", (1, H, V), visits, whole)
    yield _passes(s, "recur", 2 * T * H, 2 * T, s.bytes(2 * T * H), moved=3)  # h (1 - h)


def _back(s: _Sizes, passes: int) -> Iterator[Work]:
    """Yield backward passes through the hidden layer."""
    _, d, H, _, _ = s
    tiles = rows_per_tile(H, H, s.itemsize) * H + rows_per_tile(H, d, s.itemsize) * d
    hidden = s.bytes(2 * (H * d + H * H) + tiles)
    vectors = s.bytes(3 * H)
    yield Work("recur", "call", 2 * passes)
    yield _passes(s, "recur", 2 * passes * H, 2 * passes, vectors, moved=3)  # r; ∂J/∂b1
    yield _update(s, "recur", H, H, passes, hidden)
    yield _product(s, "recur", "gevm", (1, H, H), passes, hidden)
    yield Work("embed", "call", passes)
    yield _update(s, "embed", H, d, passes, hidden)
    yield _product(s, "embed", "gevm", (1, d, H), passes, hidden)
    yield _passes(s, "embed", passes * d, passes, s.bytes(3 * d), moved=3)  # row of ∂J/∂L


def _aggregated(s: _Sizes) -> Iterator[Work]:
    yield from _up_to_the_sweep(s)
    yield _passes(s, "recur", s.T * s.H, s.T, s.bytes(3 * s.H), moved=3)  # Uᵀ δ(t) added to what comes from the right
    yield from _back(s, s.T)


def _naive(s: _Sizes) -> Iterator[Work]:
    yield from _up_to_the_sweep(s)
    yield _passes(s, "recur", s.T * s.H, s.T, s.bytes(3 * s.H), moved=3)  # γ(0) of each loss into ∂J/∂h(0)
    yield from _back(s, cost.passes("naive", s.T))


def _naive_textbook(s: _Sizes) -> Iterator[Work]:
    passes = cost.passes("naive-textbook", s.T)
    yield from _with_output_visits(s, passes)
    yield _passes(s, "recur", s.T * s.H, s.T, s.bytes(s.T * s.H), moved=1, kind="clear")  # γ of each loss
    yield _passes(s, "output", (s.T - 1) * s.V, s.T - 1, s.bytes(s.V), moved=1, kind="clear")  # δ, from the second pass
    yield _passes(s, "recur", (passes + s.T) * s.H, passes + s.T, s.bytes(3 * s.H), moved=3)  # Uᵀ δ into γ, γ(0)
    yield from _back(s, passes)


# --- batched ---


def _batched(s: _Sizes) -> Iterator[Work]:
    V, d, H, T, _ = s
    output = s.bytes(2 * V * H + T * V)
    embed = s.bytes(2 * H * d + 2 * T * d + 2 * T * H)
    states, square = s.bytes(T * H), s.bytes(H * H)
    yield Work("embed", "copy", T + 1 + T * d, 2, s.bytes(2 * T * d), s.bytes(V * d))
    yield _product(s, "embed", "gemm", (T, H, d), 1, embed)
    yield Work("recur", "copy", 2 * H, 2)  # h(0), γ(T)
    yield _passes(s, "recur", T * H, 1, 2 * states, moved=2)  # + b1
    yield _product(s, "recur", "gemv", (H, 1, H), T, square)
    yield _passes(s, "recur", T * H, T, s.bytes(3 * H), moved=3)
    yield Work("recur", "call", T)
    yield from _sigmoids(s, s.bytes(H))
    yield from _batched_output(s, output)
    yield _passes(s, "recur", 2 * T * H, 2, 2 * states, moved=3)  # h (1 - h)
    yield _passes(s, "recur", 2 * T * H, 2 * T, s.bytes(3 * H), moved=3)  # γ + Uᵀ δ; r
    yield _product(s, "recur", "gevm", (1, H, H), T, square)
    yield _product(s, "recur", "gemm", (H, H, T), 1, 2 * states + square)
    yield _passes(s, "recur", (T - 1) * H, 1, states, moved=1, kind="reduction")  # ∂J/∂b1
    yield _product(s, "embed", "gemm", (T, d, H), 1, embed)
    yield _product(s, "embed", "gemm", (H, d, T), 1, embed)


def _batched_output(s: _Sizes, whole: int) -> Iterator[Work]:
    """Yield the output layer of all steps; ``whole`` is the bytes that its products go through."""
    V, _, H, T, _ = s
    rows = rows_per_tile(T, V, s.itemsize)
    tiles, tile = -(-T // rows), s.bytes(rows * V)
    yield _product(s, "output", "gemm", (T, V, H), 1, whole)
    yield _passes(s, "output", T * V, tiles, s.bytes(T * V), moved=2)  # + b2: the tile comes from memory, once
    yield _passes(s, "output", T * V, tiles, tile, moved=2)  # less the largest
    yield _passes(s, "output", T * (V - 1), tiles, tile, moved=1, kind="reduction")  # the largest
    yield _passes(s, "output", T * V, tiles, tile, moved=2, kind="transcendental")
    yield _passes(s, "output", T * (V - 1), tiles, tile, moved=1, kind="reduction")  # Σ exp
    yield _passes(s, "output", T * V, tiles, tile, moved=2)  # ŷ
    yield Work("output", "copy", 3 * T, tiles + 2)  # o_k; ŷ_k gathered and, less 1, scattered
    yield Work("output", "elementwise", 3 * T, 3)  # places of targets, ŷ_k - 1, log Σ - o_k
    yield Work("output", "reduction", T - 1, 1)  # Σ_t J
    yield Work("output", "transcendental", T, 1)
    yield _product(s, "output", "gemm", (V, H, T), 1, whole)
    yield _passes(s, "output", (T - 1) * V, 1, s.bytes(T * V), moved=1, kind="reduction")  # ∂J/∂b2
    yield _product(s, "output", "gemm", (T, H, V), 1, whole)
