"""Naive backpropagation through time: every loss is sent back on its own, from its step to step 1.

The passes overlap: step τ is visited by the losses at τ, τ + 1, …, T, so that T losses take T (T + 1)/2 passes. The
output layer is visited T times, once by each loss: T² multiplies H d + H², never V.
"""

from __future__ import annotations

import numpy as np

from bptt_rnn.algorithm import Gradients, PassHook, PhaseSwitch, Workspace, begin
from bptt_rnn.layers.steps import BackwardBuffers, forward_and_output_back, hidden_back
from bptt_rnn.model import Array, Params, Tokens


def naive(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
) -> tuple[float, Gradients]:
    """Return loss and gradients by T (T + 1)/2 backward passes; see ``bptt_rnn.algorithm.Algorithm``.

    Multiply-adds: forward T (H V + H d + H²), backward 2 T H V + T (T + 1) (H d + H²).
    """
    sizes, targets = begin(params, tokens, phase)
    b = (workspace or Workspace()).buffers(BackwardBuffers, sizes, phase)
    total_loss = forward_and_output_back(params, b, tokens, targets, h0, phase)
    steps, dh0 = b.steps_back, b.gradients.h0
    for loss, step in enumerate(steps, start=1):
        gamma = step.gamma
        for passed in range(loss, 0, -1):
            if on_pass is not None:
                on_pass((loss,), passed)
            hidden_back(params, b, steps[passed - 1], gamma, phase)
        if phase is not None:
            phase("recur")
        np.add(dh0, gamma, out=dh0)
    return total_loss, b.gradients
