"""Aggregated backpropagation through time: error terms from the right are summed, then sent left once.

γ(t) = Uᵀ δ(t) + W_hᵀ r(t+1) carries all losses from t on, so that one sweep of T passes does what naive does in
T (T + 1)/2. Uᵀ δ(t) is formed as soon as ŷ(t) is known, so that T H + V elements are kept, not T V.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnn.gradients.interface import Gradients, PassHook, PhaseSwitch, Workspace, begin
from rnn.gradients.primitives import BackwardBuffers, clear, forward_step, hidden_back, output_back, start, summed_loss
from rnn.model import Array, Params, Sizes, Tokens


@dataclass(slots=True, init=False)
class AggregatedBuffers(BackwardBuffers):
    """Uᵀ δ of every step, until the sweep comes by."""

    from_output: Array  # (T, H)
    from_output_at: list[Array]  # T views (H,)

    def __init__(self, sizes: Sizes, phase: PhaseSwitch | None) -> None:
        BackwardBuffers.__init__(self, sizes, phase)
        if phase is not None:
            phase("output")
        self.from_output = np.empty((sizes.T, sizes.H), sizes.dtype)
        self.from_output_at = list(self.from_output)


def aggregated(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
) -> tuple[float, Gradients]:
    """Loss and gradients by one sweep of T backward passes; see ``rnn.gradients.interface.Algorithm``.

    Multiply-adds: forward T (H V + H d + H²), backward 2 T (H V + H d + H²).
    """
    sizes, targets = begin(params, tokens, phase)
    T = sizes.T
    b = (workspace or Workspace()).buffers(AggregatedBuffers, sizes, phase)
    start(params, tokens, h0, b, phase)
    clear(b, phase)
    for step, back, target, from_output in zip(b.steps, b.steps_back, targets, b.from_output_at, strict=True):
        forward_step(params, b, step, target, phase)
        output_back(params, b, back, target, from_output, phase)
    gamma = b.gradients.h0  # zero before the sweep, ∂J/∂h(0) after it
    for t in range(T, 0, -1):
        if phase is not None:
            phase("recur")
        np.add(gamma, b.from_output_at[t - 1], out=gamma)
        if on_pass is not None:
            on_pass(T, t)
        hidden_back(params, b, b.steps_back[t - 1], gamma, phase)
    return summed_loss(b, phase), b.gradients
