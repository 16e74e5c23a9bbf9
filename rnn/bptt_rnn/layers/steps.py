"""Steps of the vector-by-vector algorithms ``forward``, ``naive`` and ``aggregated``.

Naive and aggregated call the same steps, so that they differ in the algorithm alone. A phase switch that is off costs
a test for None. Everything is written into buffers; the views of each time step are created once, with the buffers.

Edge products: W_hᵀ r(1) = ∂J/∂h(0) is computed, and so is ∂J/∂L for the first token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from bptt_rnn.algorithm import Gradients, PhaseSwitch
from bptt_rnn.model import DTYPES, Array, Params, Sizes, Tokens

# Bytes of scratch for a rank-1 update. Measured for (100 000, 100) float32 and an L2 cache of 1 MiB: 3.4 ms an update
# with 1 or 2 MiB, 4.1 ms with 256 KiB, 6.9 ms with one scratch array as large as the target.
TILE_BYTES = 1 << 20

# A 0-d array of the right type avoids the conversion of a Python float in a ufunc (0.33 µs a call instead of 0.63 µs).
HALF: dict[np.dtype[Any], Array] = {dtype: np.array(0.5, dtype) for dtype in DTYPES}
ONE: dict[np.dtype[Any], Array] = {dtype: np.array(1.0, dtype) for dtype in DTYPES}


class Tile(NamedTuple):
    """Some rows of the target of a rank-1 update, the same rows of its left factor, and scratch for their product."""

    target: Array  # (rows, m)
    left: Array  # (rows, 1)
    scratch: Array  # (rows, m)


def rows_per_tile(rows: int, width: int, itemsize: int) -> int:
    """Return how many rows of ``width`` elements fit a tile: at least one, at most all."""
    return max(1, min(rows, TILE_BYTES // (width * itemsize)))


def tiles(target: Array, left: Array) -> list[Tile]:
    """Return the tiles of ``target += left ⊗ right``; they share one scratch array."""
    rows, width = target.shape
    step = rows_per_tile(rows, width, target.itemsize)
    scratch = np.empty((step, width), target.dtype)
    column = left[:, np.newaxis]
    starts = range(0, rows, step)
    return [Tile(target[i : i + step], column[i : i + step], scratch[: min(step, rows - i)]) for i in starts]


def add_outer(parts: list[Tile], right: Array) -> None:
    """Add left ⊗ right to the target, the right factor given as a row (1, m).

    ``dot`` of a column and a row is twice as fast as ``numpy.outer``. The method avoids the dispatch of the function
    (0.3 µs instead of 0.5 µs for a small vector), so it is used throughout.
    """
    for target, left, scratch in parts:
        left.dot(right, out=scratch)
        np.add(target, scratch, out=target)


def sigmoid(z: Array, half: Array) -> None:
    """Compute z ← 1/(1 + exp(-z)) in place, as ½ tanh(z/2) + ½, which does not overflow for any z."""
    np.multiply(z, half, out=z)
    np.tanh(z, out=z)
    np.multiply(z, half, out=z)
    np.add(z, half, out=z)


class Step(NamedTuple):
    """Views of the buffers at time step t, for the forward pass."""

    place: int  # t - 1
    e: Array  # (d,)
    h_before: Array  # (H,) h(t-1)
    h: Array  # (H,) h(t)


class StepBack(NamedTuple):
    """Views of the buffers at time step t, for a backward pass; factors of outer products as rows."""

    e_row: Array  # (1, d)
    h_before_row: Array  # (1, H)
    h_row: Array  # (1, H)
    slope: Array  # (H,) h ∘ (1 - h)
    gamma: Array  # (H,) Uᵀ δ(t)
    dL: Array  # (d,) gradient of the row of L


class ForwardScratch(Protocol):
    """Scratch of a forward step."""

    half: Array  # () the constant ½
    a: Array  # (H,) W_e e(t)
    delta: Array  # (V,) logits o, then ŷ, then δ = ŷ - y
    total: Array  # (T,) Σ exp(o - max o), then J
    of_target: Array  # (T,) o_k - max o


class OutputScratch(ForwardScratch, Protocol):
    """Scratch of a backward pass through the output layer."""

    gradients: Gradients
    tiles_U: list[Tile]


class BackwardScratch(OutputScratch, Protocol):
    """Scratch of a backward pass through the hidden layer."""

    one: Array  # () the constant 1
    r: Array  # (H,) γ ∘ h ∘ (1 - h)
    r_W_e: Array  # (d,) W_eᵀ r
    tiles_W_e: list[Tile]
    tiles_W_h: list[Tile]


def allocate_forward(b: ForwardScratch, sizes: Sizes, phase: PhaseSwitch | None) -> None:
    """Allocate scratch of the forward steps."""
    V, _, H, T, dtype = sizes
    b.half = HALF[dtype]
    if phase is not None:
        phase("embed")
    b.a = np.empty(H, dtype)
    if phase is not None:
        phase("output")
    b.delta = np.empty(V, dtype)
    b.total, b.of_target = np.empty(T, dtype), np.empty(T, dtype)


def allocate_backward(b: BackwardScratch, sizes: Sizes, phase: PhaseSwitch | None) -> None:
    """Allocate the gradients, and scratch of the backward passes, after that of the forward steps."""
    V, d, H, T, dtype = sizes
    b.one = ONE[dtype]
    if phase is not None:
        phase("recur")
    b.r = np.empty(H, dtype)
    dW_h, db1, dh0 = np.empty((H, H), dtype), np.empty(H, dtype), np.empty(H, dtype)
    b.tiles_W_h = tiles(dW_h, b.r)
    if phase is not None:
        phase("embed")
    dL_rows, dW_e = np.empty((T, d), dtype), np.empty((H, d), dtype)
    b.r_W_e = np.empty(d, dtype)
    b.tiles_W_e = tiles(dW_e, b.r)
    if phase is not None:
        phase("output")
    dU, db2 = np.empty((V, H), dtype), np.empty(V, dtype)
    b.tiles_U = tiles(dU, b.delta)
    b.gradients = Gradients(dL_rows, dW_e, dW_h, db1, dU, db2, dh0)


@dataclass(slots=True, init=False)
class ForwardBuffers:
    """Buffers of the forward pass, T (d + H) elements and two per step, and its scratch."""

    half: Array  # () the constant ½
    E: Array  # (T, d) embeddings of the inputs
    a: Array  # (H,) W_e e(t)
    h: Array  # (T + 1, H) hidden states, from h(0)
    delta: Array  # (V,) logits o, then ŷ, then δ = ŷ - y
    total: Array  # (T,) Σ exp(o - max o), then J
    of_target: Array  # (T,) o_k - max o
    steps: list[Step]

    def __init__(self, sizes: Sizes, phase: PhaseSwitch | None) -> None:
        _, d, H, T, dtype = sizes
        allocate_forward(self, sizes, phase)
        if phase is not None:
            phase("embed")
        self.E = np.empty((T, d), dtype)
        if phase is not None:
            phase("recur")
        self.h = np.empty((T + 1, H), dtype)
        h = list(self.h)
        self.steps = [Step(i, e, h[i], h[i + 1]) for i, e in enumerate(self.E)]


@dataclass(slots=True, init=False)
class BackwardBuffers(ForwardBuffers):
    """The same with the gradients, 2 T H elements for the backward passes, and scratch."""

    one: Array  # () the constant 1
    gradients: Gradients
    slope: Array  # (T, H) h ∘ (1 - h)
    gamma: Array  # (T, H) Uᵀ δ
    r: Array  # (H,) γ ∘ h ∘ (1 - h)
    r_W_e: Array  # (d,) W_eᵀ r
    tiles_W_e: list[Tile]
    tiles_W_h: list[Tile]
    tiles_U: list[Tile]
    steps_back: list[StepBack]

    def __init__(self, sizes: Sizes, phase: PhaseSwitch | None) -> None:
        ForwardBuffers.__init__(self, sizes, phase)
        _, _, H, T, dtype = sizes
        allocate_backward(self, sizes, phase)
        if phase is not None:
            phase("recur")
        self.slope = np.empty((T, H), dtype)
        if phase is not None:
            phase("output")
        self.gamma = np.empty((T, H), dtype)
        dL_rows = self.gradients.L_rows
        self.steps_back = [
            StepBack(self.E[i : i + 1], self.h[i : i + 1], self.h[i + 1 : i + 2], slope, gamma, dL)
            for i, (slope, gamma, dL) in enumerate(zip(self.slope, self.gamma, dL_rows, strict=True))
        ]


def start(params: Params, tokens: Tokens, h0: Array | None, b: ForwardBuffers, phase: PhaseSwitch | None) -> None:
    """Look the inputs up, e(t) = L[x(t)] for all t, and set h(0)."""
    if phase is not None:
        phase("embed")
    params.L.take(tokens[:-1], axis=0, out=b.E, mode="clip")  # ids are checked; "raise" would copy the output
    if phase is not None:
        phase("recur")
    b.h[0] = 0 if h0 is None else h0


def clear(b: OutputScratch, phase: PhaseSwitch | None) -> None:
    """Set the gradients to zero; to accumulate into V·H cleared elements is part of the algorithm's cost."""
    g = b.gradients
    if phase is not None:
        phase("embed")
    g.L_rows.fill(0)
    g.W_e.fill(0)
    if phase is not None:
        phase("recur")
    g.W_h.fill(0)
    g.b1.fill(0)
    g.h0.fill(0)
    if phase is not None:
        phase("output")
    g.U.fill(0)
    g.b2.fill(0)


def hidden_step(params: Params, b: ForwardScratch, step: Step, phase: PhaseSwitch | None) -> None:
    """Compute h(t) = sigmoid(W_h h(t-1) + W_e e(t) + b1)."""
    if phase is not None:
        phase("embed")
    params.W_e.dot(step.e, out=b.a)
    if phase is not None:
        phase("recur")
    h = step.h
    params.W_h.dot(step.h_before, out=h)
    np.add(h, b.a, out=h)
    np.add(h, params.b1, out=h)
    sigmoid(h, b.half)


def output_step(params: Params, b: ForwardScratch, step: Step, target: int) -> None:
    """Compute ŷ(t) into ``delta``, and the two parts of J(t) = log Σ exp(o - max o) - (o_k - max o)."""
    delta = b.delta
    params.U.dot(step.h, out=delta)
    np.add(delta, params.b2, out=delta)
    np.subtract(delta, np.maximum.reduce(delta), out=delta)
    b.of_target[step.place] = delta[target]
    np.exp(delta, out=delta)
    total = np.add.reduce(delta)
    b.total[step.place] = total
    np.divide(delta, total, out=delta)


def summed_loss(b: ForwardScratch) -> float:
    """Return Σ_t J(t), from the parts written by the output steps."""
    np.log(b.total, out=b.total)
    np.subtract(b.total, b.of_target, out=b.total)
    return float(np.add.reduce(b.total))


def output_back(params: Params, b: OutputScratch, h_row: Array, gamma: Array, target: int) -> None:
    """Go back through the output layer of step t: ∂J/∂U += δ hᵀ, ∂J/∂b2 += δ, γ(t) ← Uᵀ δ."""
    delta = b.delta
    delta[target] -= 1
    add_outer(b.tiles_U, h_row)
    np.add(b.gradients.b2, delta, out=b.gradients.b2)
    delta.dot(params.U, out=gamma)


def hidden_back(params: Params, b: BackwardScratch, step: StepBack, gamma: Array, phase: PhaseSwitch | None) -> None:
    """Go back through the hidden layer of step t, γ(t) → γ(t-1) in place.

    r = γ ∘ h ∘ (1 - h); ∂J/∂W_h += r h(t-1)ᵀ, ∂J/∂b1 += r, γ(t-1) = W_hᵀ r; ∂J/∂W_e += r e(t)ᵀ, ∂J/∂L_x(t) += W_eᵀ r.
    """
    if phase is not None:
        phase("recur")
    r = b.r
    np.multiply(gamma, step.slope, out=r)
    add_outer(b.tiles_W_h, step.h_before_row)
    np.add(b.gradients.b1, r, out=b.gradients.b1)
    r.dot(params.W_h, out=gamma)
    if phase is not None:
        phase("embed")
    add_outer(b.tiles_W_e, step.e_row)
    r.dot(params.W_e, out=b.r_W_e)
    np.add(step.dL, b.r_W_e, out=step.dL)


def forward_and_output_back(
    params: Params, b: BackwardBuffers, tokens: Tokens, targets: list[int], h0: Array | None, phase: PhaseSwitch | None
) -> float:
    """Compute the common part of naive and aggregated: forward, and every loss back through its own output layer.

    Afterwards every step has its γ(t) = Uᵀ δ(t) and h ∘ (1 - h). The hidden layer goes first, the output layer
    second: alternating, U and ∂J/∂U would evict W_h from the cache T times.
    """
    start(params, tokens, h0, b, phase)
    clear(b, phase)
    for step in b.steps:
        hidden_step(params, b, step, phase)
    if phase is not None:
        phase("output")
    for step, back, target in zip(b.steps, b.steps_back, targets, strict=True):
        output_step(params, b, step, target)
        output_back(params, b, back.h_row, back.gamma, target)
    loss = summed_loss(b)
    if phase is not None:
        phase("recur")
    for step, back in zip(b.steps, b.steps_back, strict=True):
        np.subtract(b.one, step.h, out=back.slope)
        np.multiply(back.slope, step.h, out=back.slope)
    return loss
