"""The aggregated sweep with everything that is not sequential as one matrix product over all T steps.

Only W_h h(t-1) and W_hᵀ r(t) must wait for their neighbour; they stay products of a matrix and a vector. The operations
are those of ``aggregated``, in another order; what it costs is the memory of the output layer at all steps, T V.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnn.gradients.interface import Gradients, PassHook, PhaseSwitch, Workspace, begin
from rnn.gradients.primitives import HALF, ONE, rows_per_tile, sigmoid
from rnn.model import Array, Params, Sizes, Tokens


class SoftmaxTile(NamedTuple):
    """Some time steps of the output layer, few enough for the passes of the softmax to find them in the cache."""

    o: Array  # (rows, V)
    largest: Array  # (rows, 1)
    total: Array  # (rows, 1)
    of_target: Array  # (rows,)
    target_place: NDArray[np.intp]  # (rows,)


class Step(NamedTuple):
    """Views of the buffers at time step t."""

    h_before: Array  # (H,) h(t-1)
    h: Array  # (H,) h(t)
    a: Array  # (H,) W_e e(t) + b1
    slope: Array  # (H,) h ∘ (1 - h)
    from_output: Array  # (H,) Uᵀ δ(t)
    r: Array  # (H,)


@dataclass(slots=True, init=False)
class BatchedBuffers:
    """T (V + 2 d + 5 H) elements, the gradients, and a few per step."""

    half: Array  # () the constant ½
    one: Array  # () the constant 1
    gradients: Gradients
    E: Array  # (T, d) embeddings of the inputs
    A: Array  # (T, H) W_e e(t) + b1
    h: Array  # (T + 1, H)
    slope: Array  # (T, H)
    r: Array  # (T, H)
    O: Array  # (T, V) logits, then ŷ, then δ
    O_flat: Array  # (T V,) the same memory
    from_output: Array  # (T, H)
    largest: Array  # (T, 1)
    total: Array  # (T, 1) Σ exp(o - max o), then J
    of_target: Array  # (T,) o_k - max o, then ŷ_k - 1
    row_start: NDArray[np.intp]  # (T,) where row t begins in O_flat
    target_place: NDArray[np.intp]  # (T,) where the target of row t is in O_flat
    tiles: list[SoftmaxTile]
    steps: list[Step]

    def __init__(self, sizes: Sizes, phase: PhaseSwitch | None) -> None:
        V, d, H, T, dtype = sizes
        self.half, self.one = HALF[dtype], ONE[dtype]
        if phase is not None:
            phase("embed")
        self.E, self.A = np.empty((T, d), dtype), np.empty((T, H), dtype)
        dL_rows, dW_e = np.empty((T, d), dtype), np.empty((H, d), dtype)
        if phase is not None:
            phase("recur")
        self.h, self.slope, self.r = np.empty((T + 1, H), dtype), np.empty((T, H), dtype), np.empty((T, H), dtype)
        dW_h, db1, dh0 = np.empty((H, H), dtype), np.empty(H, dtype), np.empty(H, dtype)
        if phase is not None:
            phase("output")
        self.O, self.from_output = np.empty((T, V), dtype), np.empty((T, H), dtype)
        self.largest, self.total, self.of_target = np.empty((T, 1), dtype), np.empty((T, 1), dtype), np.empty(T, dtype)
        self.row_start, self.target_place = np.empty(T, np.intp), np.empty(T, np.intp)
        dU, db2 = np.empty((V, H), dtype), np.empty(V, dtype)
        self.row_start[...] = range(0, T * V, V)
        self.gradients = Gradients(dL_rows, dW_e, dW_h, db1, dU, db2, dh0)
        self.O_flat = self.O.reshape(-1)
        self._cut()

    def _cut(self) -> None:
        """Make the views of tiles and steps."""
        T, V = self.O.shape
        rows = rows_per_tile(T, V, self.O.itemsize)
        self.tiles = [
            SoftmaxTile(self.O[cut], self.largest[cut], self.total[cut], self.of_target[cut], self.target_place[cut])
            for cut in (slice(i, i + rows) for i in range(0, T, rows))
        ]
        h = list(self.h)
        self.steps = [
            Step(*views) for views in zip(h[:-1], h[1:], self.A, self.slope, self.from_output, self.r, strict=True)
        ]


def batched(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
) -> tuple[float, Gradients]:
    """Loss and gradients by one sweep of T backward passes; see ``rnn.gradients.interface.Algorithm``.

    Multiply-adds: forward T (H V + H d + H²), backward 2 T (H V + H d + H²), ∂J/∂h(0) included.
    """
    sizes, _ = begin(params, tokens, phase)
    b = (workspace or Workspace()).buffers(BatchedBuffers, sizes, phase)
    _hidden(params, tokens, h0, b, phase)
    loss = _output(params, tokens, b, phase)
    _sweep(params, b, phase, on_pass)
    g, r = b.gradients, b.r
    r.T.dot(b.h[:-1], out=g.W_h)
    np.add.reduce(r, axis=0, out=g.b1)
    if phase is not None:
        phase("embed")
    r.dot(params.W_e, out=g.L_rows)
    r.T.dot(b.E, out=g.W_e)
    return loss, g


def _hidden(params: Params, tokens: Tokens, h0: Array | None, b: BatchedBuffers, phase: PhaseSwitch | None) -> None:
    """h(1) … h(T)."""
    if phase is not None:
        phase("embed")
    params.L.take(tokens[:-1], axis=0, out=b.E, mode="clip")  # ids are checked; "raise" would copy the output
    b.E.dot(params.W_e.T, out=b.A)
    if phase is not None:
        phase("recur")
    b.h[0] = 0 if h0 is None else h0
    np.add(b.A, params.b1, out=b.A)
    W_h, half = params.W_h, b.half
    for h_before, h, a, _, _, _ in b.steps:
        W_h.dot(h_before, out=h)
        np.add(h, a, out=h)
        sigmoid(h, half)


def _output(params: Params, tokens: Tokens, b: BatchedBuffers, phase: PhaseSwitch | None) -> float:
    """Σ_t J(t); δ of all steps into ``O``, Uᵀ δ into ``from_output``, and the gradients of U and b2."""
    if phase is not None:
        phase("output")
    h, O, O_flat, b2 = b.h[1:], b.O, b.O_flat, params.b2
    h.dot(params.U.T, out=O)
    np.add(b.row_start, tokens[1:], out=b.target_place)
    for o, largest, total, of_target, target_place in b.tiles:
        np.add(o, b2, out=o)
        np.maximum.reduce(o, axis=1, keepdims=True, out=largest)
        np.subtract(o, largest, out=o)
        O_flat.take(target_place, out=of_target, mode="clip")
        np.exp(o, out=o)
        np.add.reduce(o, axis=1, keepdims=True, out=total)
        np.divide(o, total, out=o)
    losses, of_target = b.total[:, 0], b.of_target
    np.log(losses, out=losses)
    np.subtract(losses, of_target, out=losses)
    O_flat.take(b.target_place, out=of_target, mode="clip")
    np.subtract(of_target, b.one, out=of_target)
    O_flat[b.target_place] = of_target  # δ = ŷ - y
    O.T.dot(h, out=b.gradients.U)
    np.add.reduce(O, axis=0, out=b.gradients.b2)
    O.dot(params.U, out=b.from_output)
    return float(np.add.reduce(losses))


def _sweep(params: Params, b: BatchedBuffers, phase: PhaseSwitch | None, on_pass: PassHook | None) -> None:
    """r(T) … r(1), and ∂J/∂h(0)."""
    if phase is not None:
        phase("recur")
    T = len(b.r)
    np.subtract(b.one, b.h[1:], out=b.slope)
    np.multiply(b.slope, b.h[1:], out=b.slope)
    W_h, gamma = params.W_h, b.gradients.h0
    gamma.fill(0)
    for t in range(T, 0, -1):
        if on_pass is not None:
            on_pass(T, t)
        _, _, _, slope, from_output, r = b.steps[t - 1]
        np.add(gamma, from_output, out=r)
        np.multiply(r, slope, out=r)
        r.dot(W_h, out=gamma)
