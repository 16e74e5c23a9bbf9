"""Naive backpropagation through time that pays for the output layer at every pass, as the derivation can be read.

The derivation gives the cost of one step back as O(H V + H d + H²). Taken at its word for each of the T (T + 1)/2
passes, that is T² H V. It is what code does that goes back through whole time steps and does not ask where an error
comes from: J(t) depends on the output of step t alone, so that at every earlier step the error of the output layer is
a vector of V zeros, which is multiplied all the same. ``naive`` leaves these products out and returns the same.

Source: docs/derivation/e-cost-of-t-steps.md.
"""

from __future__ import annotations

import numpy as np

from bptt_rnn.algorithm import Gradients, PassHook, PhaseSwitch, Workspace, begin
from bptt_rnn.layers.steps import (
    BackwardBuffers,
    add_outer,
    clear,
    hidden_back,
    hidden_step,
    output_step,
    start,
    summed_loss,
)
from bptt_rnn.model import Array, Params, Tokens


def naive_textbook(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
) -> tuple[float, Gradients]:
    """Return loss and gradients by T (T + 1)/2 passes through both layers; see ``bptt_rnn.algorithm.Algorithm``.

    Multiply-adds: forward T (H V + H d + H²), backward T (T + 1) (H V + H d + H²).
    """
    sizes, targets = begin(params, tokens, phase)
    b = (workspace or Workspace()).buffers(BackwardBuffers, sizes, phase)
    _forward(params, tokens, h0, b, phase)
    delta, from_output, b2, dh0 = b.delta, b.a, b.gradients.b2, b.gradients.h0
    for loss, target in enumerate(targets, start=1):
        gamma = b.steps_back[loss - 1].gamma
        gamma.fill(0)
        if phase is not None:
            phase("output")
        output_step(params, b, b.steps[loss - 1], target)
        delta[target] -= 1
        for passed in range(loss, 0, -1):
            step_back = b.steps_back[passed - 1]
            if on_pass is not None:
                on_pass((loss,), passed)
            if phase is not None:
                phase("output")
            if passed == loss - 1:
                delta.fill(0)  # J(t) does not depend on the outputs of earlier steps
            add_outer(b.tiles_U, step_back.h_row)
            np.add(b2, delta, out=b2)
            delta.dot(params.U, out=from_output)
            if phase is not None:
                phase("recur")
            np.add(gamma, from_output, out=gamma)
            hidden_back(params, b, step_back, gamma, phase)
        if phase is not None:
            phase("recur")
        np.add(dh0, gamma, out=dh0)
    if phase is not None:
        phase("output")
    return summed_loss(b), b.gradients


def _forward(params: Params, tokens: Tokens, h0: Array | None, b: BackwardBuffers, phase: PhaseSwitch | None) -> None:
    """Compute h(t) and h ∘ (1 - h) of all steps, and clear the gradients."""
    start(params, tokens, h0, b, phase)
    clear(b, phase)
    for step, back in zip(b.steps, b.steps_back, strict=True):
        hidden_step(params, b, step, phase)
        np.subtract(b.one, step.h, out=back.slope)
        np.multiply(back.slope, step.h, out=back.slope)
