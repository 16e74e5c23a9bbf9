"""The aggregated sweep, fused: U is read once for logits, normaliser and Uᵀδ, and all large arrays are kept.

Uᵀ ŷ = (Σ_v exp(o_v - c) U_v)/s, and the 1/s commutes with the product: the sum can be formed tile by tile before s is
known. Each tile of U is read once from memory, for its logits, their exponentials, the sum s and Eᵀ U.
∂J/∂U needs the final s, and follows in a second pass from the kept exponentials, T V elements: to recompute them would
be a fourth product. A few threads share the parts of the vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bptt_rnn.algorithm import Gradients, PassHook, PhaseSwitch, Workspace, begin
from bptt_rnn.kernels.choice import kernels
from bptt_rnn.kernels.plain import Kernels, Part
from bptt_rnn.kernels.thread_pool import Job, blas_threads, one_blas_thread, run_all
from bptt_rnn.model import Array, Params, Sizes, Tokens

# Up to so many multiply-adds OpenBLAS takes kernels for small products, which do not repack U first. Measured on Zen 4,
# float32, one thread, GFLOP/s of the three products at (H, T) = (100, 35): 100, 97 and 98 with tiles of 280 words, 79,
# 74 and 86 with 512 to 4096; at (100, 128) 108, 104 and 107 with 64 words, 99, 95 and 97 with 1024. (Peak: 104.)
SMALL_PRODUCT = 1_000_000
# ns a word at (512, 64): the first pass 1480 with small products of 30 words, 1860 with 256 and 1950 with 512; the
# second 880 with 30, 810 with 16, and 765 with 512.
FEWEST_WORDS, FEWEST_WORDS_BACK = 16, 48
TILE_BYTES = 1 << 20  # of U and of the exponentials, where small products would be too narrow; an L2 cache of Zen 4
# A part is worth 0.2 ms of one product, and a call 5 µs. A power of two, so that 2, 4 or 8 threads have equal shares;
# it depends on the sizes alone, so that any number of threads gives the same bits.
PART_MULTIPLY_ADDS = 8_000_000
MOST_PARTS = 8  # each has its own sums, 2 T (H + 2) elements


def words_per_tile(H: int, T: int, itemsize: int, fewest: int = FEWEST_WORDS) -> int:
    """Return the words of a tile of the output layer."""
    small = SMALL_PRODUCT // (H * T)
    return small if small >= fewest else max(fewest, TILE_BYTES // ((H + T) * itemsize))


def words_per_part(V: int, H: int, T: int, tile: int) -> int:
    """Return the words of a part of the vocabulary, whole tiles."""
    parts = 1
    while parts < MOST_PARTS and 2 * parts * PART_MULTIPLY_ADDS <= V * H * T:
        parts *= 2
    tiles = -(-V // tile)
    return -(-tiles // parts) * tile


@dataclass(slots=True, init=False)
class FusedBuffers:
    """T V elements for the exponentials, T (2 d + 6 H), 2 T (H + 2) for each part, and the gradients."""

    gradients: Gradients
    E: Array  # (T, d) embeddings of the inputs
    A: Array  # (T, H) W_e e(t) + b1
    h: Array  # (T + 1, H)
    hT: Array  # (H, T) h(1) … h(T)
    r: Array  # (T, H)
    U_target: Array  # (T, H) rows of U of the targets
    from_output: Array  # (T, H) Uᵀ δ(t)
    of_target: Array  # (T,) o_k - c
    tile: int  # words, of the first pass
    tile_back: int  # of the second
    c: Array  # (parts, T)
    s: Array  # (parts, T)
    weight: Array  # (parts, T)
    G: Array  # (parts, T, H)
    parts: list[Part]

    def __init__(self, sizes: Sizes, phase: PhaseSwitch | None) -> None:
        V, d, H, T, dtype = sizes
        if phase is not None:
            phase("embed")
        self.E, self.A = np.empty((T, d), dtype), np.empty((T, H), dtype)
        dL_rows, dW_e = np.empty((T, d), dtype), np.empty((H, d), dtype)
        if phase is not None:
            phase("recur")
        self.h, self.r = np.empty((T + 1, H), dtype), np.empty((T, H), dtype)
        dW_h, db1, dh0 = np.empty((H, H), dtype), np.empty(H, dtype), np.empty(H, dtype)
        if phase is not None:
            phase("output")
        self.hT, self.of_target = np.empty((H, T), dtype), np.empty(T, dtype)
        self.U_target, self.from_output = np.empty((T, H), dtype), np.empty((T, H), dtype)
        dU, db2 = np.empty((V, H), dtype), np.empty(V, dtype)
        self.gradients = Gradients(dL_rows, dW_e, dW_h, db1, dU, db2, dh0)
        self._cut(V, H, T)

    def _cut(self, V: int, H: int, T: int) -> None:
        """Allocate the exponentials, and split the vocabulary into parts."""
        dtype = self.h.dtype
        self.tile = words_per_tile(H, T, dtype.itemsize)
        self.tile_back = words_per_tile(H, T, dtype.itemsize, FEWEST_WORDS_BACK)
        words = words_per_part(V, H, T, self.tile)
        starts = range(0, V, words)
        exponentials, n = np.empty((V, T), dtype), len(starts)
        self.c, self.s, self.weight, sums = (np.empty((n, T), dtype) for _ in range(4))
        self.G, scratch = np.empty((n, T, H), dtype), np.empty((n, T, H), dtype)
        dU, db2 = self.gradients.U, self.gradients.b2
        self.parts = []
        for i, start in enumerate(starts):
            stop = min(start + words, V)
            own = slice(start, stop)
            self.parts.append(
                Part(
                    start=start,
                    stop=stop,
                    E=exponentials[own],
                    c=self.c[i],
                    s=self.s[i],
                    G=self.G[i],
                    scratch=scratch[i],
                    sums=sums[i],
                    weight=self.weight[i],
                    dU=dU[own],
                    db2=db2[own],
                )
            )


def fused(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
    *,
    threads: int | None = None,
    compiled: bool | None = None,
) -> tuple[float, Gradients]:
    """Return loss and gradients by one sweep of T backward passes; see ``bptt_rnn.algorithm.Algorithm``.

    Multiply-adds: forward T (H V + H d + H²), backward 2 T (H V + H d + H²), ∂J/∂h(0) included.

    Parameters
    ----------
    threads : that share the output layer; by default as many as BLAS may use now.
    compiled : whether the inner loops are compiled; by default where numba is installed.

    Raises
    ------
    ValueError : see ``Algorithm``; or ``threads`` is below 1.
    ImportError : ``compiled`` is true and numba is not installed.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"`threads` must be a whole number from 1, got {threads}")
    loops = kernels(compiled)
    sizes, _ = begin(params, tokens, phase)
    b = (workspace or Workspace()).buffers(FusedBuffers, sizes, phase)
    threads = min(threads or blas_threads(), len(b.parts))  # one part is not worth a thread
    with one_blas_thread():
        _hidden(params, tokens, h0, b, loops, phase)
        in_order = _Targets(tokens[1:])
        loss = _output(params, in_order, b, loops, threads, phase)
        sweep, back = partial(_sweep, params, b, loops, phase, on_pass), _output_back(b, in_order, loops)
        if phase is None and on_pass is None:  # neither waits for the other
            run_all([sweep, *back], threads)
        else:
            run_all(back, threads)
            sweep()
    return loss, b.gradients


def warm(dtype: np.dtype[Any], compiled: bool | None = None) -> None:
    """Load and compile all that an evaluation in this type needs, so that the first one is not slower than others.

    It takes a second where the code was compiled before and some 7 s where it was not, and 130 MB of memory.
    """
    params = Params.init(1, 1, 1, np.random.default_rng(0), dtype)
    fused(params, np.zeros(2, np.intp), compiled=compiled)


def _hidden(
    params: Params, tokens: Tokens, h0: Array | None, b: FusedBuffers, loops: Kernels, phase: PhaseSwitch | None
) -> None:
    """Compute h(1) … h(T)."""
    params.L.take(tokens[:-1], axis=0, out=b.E, mode="clip")  # ids are checked; "raise" would copy the output
    b.E.dot(params.W_e.T, out=b.A)
    if phase is not None:
        phase("recur")
    b.h[0] = 0 if h0 is None else h0
    np.add(b.A, params.b1, out=b.A)
    loops.hidden(params.W_h, b.A, b.h)


class _Targets:
    """The targets, and in the order of their ids."""

    __slots__ = ("ids", "in_order", "steps")

    def __init__(self, targets: Tokens) -> None:
        self.ids = targets  # (T,)
        self.steps = targets.argsort(kind="stable")  # (T,) t - 1
        self.in_order: NDArray[np.intp] = targets[self.steps].astype(np.intp, copy=False)  # (T,)


def _output(
    params: Params, targets: _Targets, b: FusedBuffers, loops: Kernels, threads: int, phase: PhaseSwitch | None
) -> float:
    """Return Σ_t J(t); write Uᵀ δ into ``from_output``, and the inputs of the gradients of U and b2."""
    if phase is not None:
        phase("output")
    b.hT[...] = b.h[1:].T
    forward, words = partial(loops.output_forward, params.U, params.b2, b.hT), (targets.in_order, targets.steps)
    run_all([partial(forward, part, b.tile, *words, b.of_target) for part in b.parts], threads)
    loss = _joined(b, targets.ids)
    np.einsum("pt,pth->th", b.weight, b.G, out=b.from_output)
    params.U.take(targets.ids, axis=0, out=b.U_target, mode="clip")
    np.subtract(b.from_output, b.U_target, out=b.from_output)
    return loss


def _output_back(b: FusedBuffers, targets: _Targets, loops: Kernels) -> list[Job]:
    """Return a job for each part of the gradients of U and b2."""
    h = b.h[1:]
    return [partial(loops.output_back, h, part, b.tile_back, targets.in_order, targets.steps) for part in b.parts]


def _joined(b: FusedBuffers, targets: Tokens) -> float:
    """Return Σ_t J(t) from the shifts and sums of all parts; write the weight that makes ŷ of each part's E."""
    largest = b.c.max(axis=0)
    np.subtract(b.c, largest, out=b.weight)
    own = np.searchsorted([part.start for part in b.parts], targets, side="right") - 1
    of_target = b.of_target + b.weight[own, range(len(own))]
    np.exp(b.weight, out=b.weight)
    total = np.einsum("pt,pt->t", b.weight, b.s)
    np.divide(b.weight, total, out=b.weight)
    return float(np.add.reduce(np.log(total) - of_target))


def _sweep(
    params: Params, b: FusedBuffers, loops: Kernels, phase: PhaseSwitch | None, on_pass: PassHook | None
) -> None:
    """Compute r(T) … r(1) and ∂J/∂h(0), then the gradients of W_h, b1, L and W_e."""
    if phase is not None:
        phase("recur")
    g, r, T = b.gradients, b.r, len(b.r)
    g.h0.fill(0)
    spans = [(0, T)]
    if on_pass is not None:
        spans = [(t - 1, t) for t in range(T, 0, -1)]
    for before, last in spans:
        if on_pass is not None:
            on_pass(range(last, T + 1), last)
        loops.sweep(params.W_h, b.from_output, b.h, r, g.h0, before, last)
    r.T.dot(b.h[:-1], out=g.W_h)
    np.add.reduce(r, axis=0, out=g.b1)
    if phase is not None:
        phase("embed")
    r.dot(params.W_e, out=g.L_rows)
    r.T.dot(b.E, out=g.W_e)
