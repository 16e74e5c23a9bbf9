"""The aggregated sweep with everything that is not sequential as one matrix product over all T steps.

The operations are those of ``aggregated``, in another order; what it costs is the memory of the output layer at all
steps, T V.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bptt_rnn.algorithm import Gradients, PassHook, PhaseSwitch, Workspace, begin
from bptt_rnn.layers.hidden import HiddenBuffers, hidden_states, hidden_sweep
from bptt_rnn.layers.softmax import SoftmaxBuffers, softmax_loss
from bptt_rnn.model import Array, Params, Sizes, Tokens


@dataclass(slots=True, init=False)
class BatchedBuffers(HiddenBuffers):
    """T (V + 2 d + 5 H) elements, the gradients, and a few per step."""

    softmax: SoftmaxBuffers  # (T, V)
    gradients: Gradients

    def __init__(self, sizes: Sizes, phase: PhaseSwitch | None) -> None:
        HiddenBuffers.__init__(self, sizes, phase)
        V, _, H, T, dtype = sizes
        self.softmax = SoftmaxBuffers(T, V, dtype)
        dU, db2 = np.empty((V, H), dtype), np.empty(V, dtype)
        self.gradients = Gradients(self.dL_rows, self.dW_e, self.dW_h, self.db1, dU, db2, self.dh0)


def batched(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
) -> tuple[float, Gradients]:
    """Return loss and gradients by one sweep of T backward passes; see ``bptt_rnn.algorithm.Algorithm``.

    Multiply-adds: forward T (H V + H d + H²), backward 2 T (H V + H d + H²), ∂J/∂h(0) included.
    """
    sizes, _ = begin(params, tokens, phase)
    b = (workspace or Workspace()).buffers(BatchedBuffers, sizes, phase)
    hidden_states(params, tokens, h0, b, phase)
    if phase is not None:
        phase("output")
    h, O, g = b.h[1:], b.softmax.O, b.gradients
    h.dot(params.U.T, out=O)
    loss = softmax_loss(b.softmax, tokens[1:], params.b2)
    O.T.dot(h, out=g.U)
    np.add.reduce(O, axis=0, out=g.b2)
    O.dot(params.U, out=b.from_output)
    hidden_sweep(params, b, phase, on_pass)
    return loss, g
