"""The hidden layer of the batched forms: everything that is not sequential as one matrix product over all T steps.

Only W_h h(t-1) and W_hᵀ r(t) depend on their neighbour; they remain products of a matrix and a vector. The output layer
lies between the two halves, reads h and writes Uᵀ δ(t) of all steps into ``from_output``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from bptt_rnn.algorithm import PassHook, PhaseSwitch
from bptt_rnn.layers.steps import HALF, ONE, sigmoid
from bptt_rnn.model import Array, Sizes, Tokens


class HiddenParams(Protocol):
    """The parameters of the hidden layer of any model."""

    @property
    def L(self) -> Array: ...

    @property
    def W_e(self) -> Array: ...

    @property
    def W_h(self) -> Array: ...

    @property
    def b1(self) -> Array: ...


class HiddenStep(NamedTuple):
    """Views of the buffers at time step t."""

    h_before: Array  # (H,) h(t-1)
    h: Array  # (H,) h(t)
    a: Array  # (H,) W_e e(t) + b1
    slope: Array  # (H,) h ∘ (1 - h)
    from_output: Array  # (H,) Uᵀ δ(t)
    r: Array  # (H,)


@dataclass(slots=True, init=False)
class HiddenBuffers:
    """T (2 d + 5 H) elements, and the gradients of the hidden layer."""

    half: Array  # () the constant ½
    one: Array  # () the constant 1
    E: Array  # (T, d) embeddings of the inputs
    A: Array  # (T, H) W_e e(t) + b1
    h: Array  # (T + 1, H)
    slope: Array  # (T, H)
    r: Array  # (T, H)
    from_output: Array  # (T, H)
    dL_rows: Array  # (T, d)
    dW_e: Array  # (H, d)
    dW_h: Array  # (H, H)
    db1: Array  # (H,)
    dh0: Array  # (H,)
    steps: list[HiddenStep]

    def __init__(self, sizes: Sizes, phase: PhaseSwitch | None) -> None:
        _, d, H, T, dtype = sizes
        self.half, self.one = HALF[dtype], ONE[dtype]
        if phase is not None:
            phase("embed")
        self.E, self.A = np.empty((T, d), dtype), np.empty((T, H), dtype)
        self.dL_rows, self.dW_e = np.empty((T, d), dtype), np.empty((H, d), dtype)
        if phase is not None:
            phase("recur")
        self.h, self.slope, self.r = np.empty((T + 1, H), dtype), np.empty((T, H), dtype), np.empty((T, H), dtype)
        self.dW_h, self.db1, self.dh0 = np.empty((H, H), dtype), np.empty(H, dtype), np.empty(H, dtype)
        if phase is not None:
            phase("output")
        self.from_output = np.empty((T, H), dtype)
        h = list(self.h)
        self.steps = [
            HiddenStep(*views)
            for views in zip(h[:-1], h[1:], self.A, self.slope, self.from_output, self.r, strict=True)
        ]


def hidden_states(
    params: HiddenParams, tokens: Tokens, h0: Array | None, b: HiddenBuffers, phase: PhaseSwitch | None
) -> None:
    """Compute h(1) … h(T)."""
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


def hidden_sweep(params: HiddenParams, b: HiddenBuffers, phase: PhaseSwitch | None, on_pass: PassHook | None) -> None:
    """Compute r(T) … r(1), and the gradients of the hidden layer, ∂J/∂h(0) among them."""
    if phase is not None:
        phase("recur")
    r, T = b.r, len(b.r)
    np.subtract(b.one, b.h[1:], out=b.slope)
    np.multiply(b.slope, b.h[1:], out=b.slope)
    W_h, gamma = params.W_h, b.dh0
    gamma.fill(0)
    for t in range(T, 0, -1):
        if on_pass is not None:
            on_pass(range(t, T + 1), t)
        _, _, _, slope, from_output, r_t = b.steps[t - 1]
        np.add(gamma, from_output, out=r_t)
        np.multiply(r_t, slope, out=r_t)
        r_t.dot(W_h, out=gamma)
    r.T.dot(b.h[:-1], out=b.dW_h)
    np.add.reduce(r, axis=0, out=b.db1)
    if phase is not None:
        phase("embed")
    r.dot(params.W_e, out=b.dL_rows)
    r.T.dot(b.E, out=b.dW_e)
