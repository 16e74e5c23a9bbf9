"""Buffers of the algorithms that keep only some hidden states at a time: ``truncated`` and ``checkpointed``.

Only ∂J/∂L, a part of the result with one row for each step, grows with T. Embeddings are looked up again when needed,
and the loss is summed step by step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bptt_rnn.algorithm import Gradients, PhaseSwitch
from bptt_rnn.layers.steps import (
    Step,
    StepBack,
    Tile,
    allocate_backward,
    allocate_forward,
    hidden_step,
    output_back,
    output_step,
    summed_loss,
)
from bptt_rnn.model import Array, Params, Sizes, Tokens


@dataclass(slots=True, init=False)
class StreamBuffers:
    """Hidden states, the gradients, and scratch of one step."""

    half: Array  # () the constant ½
    one: Array  # () the constant 1
    a: Array  # (H,) W_e e(t)
    delta: Array  # (V,) logits o, then ŷ, then δ = ŷ - y
    total: Array  # (1,) Σ exp(o - max o), then J
    of_target: Array  # (1,) o_k - max o
    r: Array  # (H,) γ ∘ h ∘ (1 - h)
    r_W_e: Array  # (d,) W_eᵀ r
    tiles_W_e: list[Tile]
    tiles_W_h: list[Tile]
    tiles_U: list[Tile]
    gradients: Gradients
    h: Array  # (states + 1, H) hidden states, and a spare row
    slope: Array  # (outputs, H) h ∘ (1 - h)
    gamma: Array  # (outputs, H) Uᵀ δ


@dataclass(frozen=True, slots=True)
class Streaming:
    """Number of hidden states kept, h(0) included, and of outputs of the output layer kept; allocates buffers.

    It compares by value, so that a workspace recognises its buffers.
    """

    states: int
    outputs: int

    def __call__(self, sizes: Sizes, phase: PhaseSwitch | None) -> StreamBuffers:
        b = StreamBuffers()
        allocate_forward(b, sizes._replace(T=1), phase)
        allocate_backward(b, sizes, phase)
        if phase is not None:
            phase("recur")
        b.h = np.empty((self.states + 1, sizes.H), sizes.dtype)
        b.slope = np.empty((self.outputs, sizes.H), sizes.dtype)
        if phase is not None:
            phase("output")
        b.gamma = np.empty((self.outputs, sizes.H), sizes.dtype)
        return b


def advance(
    params: Params, tokens: Tokens, b: StreamBuffers, t: int, before: int, after: int, phase: PhaseSwitch | None
) -> None:
    """Compute h(t) into row ``after`` of the hidden states, from h(t-1) in row ``before``."""
    hidden_step(params, b, Step(0, params.L[int(tokens[t - 1])], b.h[before], b.h[after]), phase)


def views(params: Params, tokens: Tokens, b: StreamBuffers, t: int, before: int, at: int, output: int) -> StepBack:
    """Return the views for a pass back through step t, with h(t-1) and h(t) in rows ``before`` and ``at``."""
    x, h = int(tokens[t - 1]), b.h
    rows = params.L[x : x + 1], h[before : before + 1], h[at : at + 1]
    return StepBack(*rows, b.slope[output], b.gamma[output], b.gradients.L_rows[t - 1])


def through_output(
    params: Params, tokens: Tokens, b: StreamBuffers, t: int, step: StepBack, phase: PhaseSwitch | None
) -> float:
    """Return J(t); write γ(t) = Uᵀ δ(t) and h ∘ (1 - h)."""
    if phase is not None:
        phase("output")
    h, target = step.h_row[0], int(tokens[t])
    output_step(params, b, Step(0, step.e_row[0], h, h), target)  # reads h(t) alone
    output_back(params, b, step.h_row, step.gamma, target)
    loss = summed_loss(b)
    if phase is not None:
        phase("recur")
    np.subtract(b.one, h, out=step.slope)
    np.multiply(step.slope, h, out=step.slope)
    return loss
