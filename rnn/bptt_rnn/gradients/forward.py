"""The forward pass alone, step by step: what naive and aggregated do before they send anything back."""

from __future__ import annotations

from bptt_rnn.algorithm import PhaseSwitch, Workspace, begin
from bptt_rnn.layers.steps import ForwardBuffers, hidden_step, output_step, start, summed_loss
from bptt_rnn.model import Array, Params, Tokens


def forward(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
) -> float:
    """Return the loss Σ_t J(t) in nats; parameters as in ``bptt_rnn.algorithm.Algorithm``.

    Multiply-adds: T (H V + H d + H²).
    """
    sizes, targets = begin(params, tokens, phase)
    b = (workspace or Workspace()).buffers(ForwardBuffers, sizes, phase)
    start(params, tokens, h0, b, phase)
    for step in b.steps:
        hidden_step(params, b, step, phase)
    if phase is not None:
        phase("output")
    for step, target in zip(b.steps, targets, strict=True):
        output_step(params, b, step, target)
    return summed_loss(b)
