"""Aggregated backpropagation through time: error terms from the right are summed, then sent left once.

γ(t) = Uᵀ δ(t) + W_hᵀ r(t+1) carries all losses from t on, so that one sweep of T passes does what naive does in
T (T + 1)/2. Uᵀ δ(t) is formed as soon as ŷ(t) is known, so that T H + V elements are kept, not T V.
"""

from __future__ import annotations

import numpy as np

from bptt_rnn.algorithm import Gradients, PassHook, PhaseSwitch, Workspace, begin
from bptt_rnn.layers.steps import BackwardBuffers, forward_and_output_back, hidden_back
from bptt_rnn.model import Array, Params, Tokens


def aggregated(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
) -> tuple[float, Gradients]:
    """Return loss and gradients by one sweep of T backward passes; see ``bptt_rnn.algorithm.Algorithm``.

    Multiply-adds: forward T (H V + H d + H²), backward 2 T (H V + H d + H²).
    """
    sizes, targets = begin(params, tokens, phase)
    b = (workspace or Workspace()).buffers(BackwardBuffers, sizes, phase)
    loss = forward_and_output_back(params, b, tokens, targets, h0, phase)
    steps, gamma = b.steps_back, b.gradients.h0  # zero before the sweep, ∂J/∂h(0) after it
    for t in range(sizes.T, 0, -1):
        step = steps[t - 1]
        if phase is not None:
            phase("recur")
        np.add(gamma, step.gamma, out=gamma)
        if on_pass is not None:
            on_pass(range(t, sizes.T + 1), t)
        hidden_back(params, b, step, gamma, phase)
    return loss, b.gradients
