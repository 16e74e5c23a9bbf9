"""Naive backpropagation through time: every loss is sent back on its own, from its step to step 1.

The passes overlap: step τ is visited by the losses at τ, τ + 1, …, T, so that T losses take T (T + 1)/2 passes. The
output layer is visited T times, once by each loss: T² multiplies H d + H², never V.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnn.gradients.interface import Gradients, PassHook, PhaseSwitch, Workspace, begin
from rnn.gradients.primitives import BackwardBuffers, clear, forward_step, hidden_back, output_back, start, summed_loss
from rnn.model import Array, Params, Sizes, Tokens


@dataclass(slots=True, init=False)
class NaiveBuffers(BackwardBuffers):
    """One γ for the loss that is on its way; its last value is added to ∂J/∂h(0)."""

    gamma: Array  # (H,)

    def __init__(self, sizes: Sizes, phase: PhaseSwitch | None) -> None:
        BackwardBuffers.__init__(self, sizes, phase)
        if phase is not None:
            phase("recur")
        self.gamma = np.empty(sizes.H, sizes.dtype)


def naive(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
) -> tuple[float, Gradients]:
    """Loss and gradients by T (T + 1)/2 backward passes; see ``rnn.gradients.interface.Algorithm``.

    Multiply-adds: forward T (H V + H d + H²), backward 2 T H V + T (T + 1) (H d + H²).
    """
    sizes, targets = begin(params, tokens, phase)
    b = (workspace or Workspace()).buffers(NaiveBuffers, sizes, phase)
    start(params, tokens, h0, b, phase)
    clear(b, phase)
    gamma, dh0 = b.gamma, b.gradients.h0
    for loss, (step, target) in enumerate(zip(b.steps, targets, strict=True), start=1):
        forward_step(params, b, step, target, phase)
        output_back(params, b, b.steps_back[loss - 1], target, gamma, phase)
        for passed in range(loss, 0, -1):
            if on_pass is not None:
                on_pass(loss, passed)
            hidden_back(params, b, b.steps_back[passed - 1], gamma, phase)
        if phase is not None:
            phase("recur")
        np.add(dh0, gamma, out=dh0)
    return summed_loss(b, phase), b.gradients
