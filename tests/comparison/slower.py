"""The same with a recurrent term that is a tenth dearer: what grows with H² is done for a tenth of it again."""

from __future__ import annotations

from itertools import islice

import numpy as np
from bptt_rnn.algorithm import PassHook, PhaseSwitch, begin
from bptt_rnn.gradients import Gradients, Workspace
from bptt_rnn.gradients.aggregated import aggregated
from bptt_rnn.layers.steps import BackwardBuffers, add_outer
from bptt_rnn.model import Array, Params, Tokens

from tests.comparison.healthy import experiment_of

DEARER = 0.1  # of the recurrent products
NOTHING = 1e-20  # lost in the rounding of any gradient; products with exact zeros might be cheaper than others


def dearer(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
) -> tuple[float, Gradients]:
    """Aggregated; then for a tenth of the steps the products with W_h, forward and back, and into its gradient.

    A tenth of the gradient is gone through once more as well, as the whole was when it was cleared.
    """
    workspace = workspace or Workspace()
    found = aggregated(params, tokens, h0, workspace, phase, on_pass)
    sizes, _ = begin(params, tokens, None)
    b = workspace.buffers(BackwardBuffers, sizes, phase)
    b.r.fill(NOTHING)
    for step, back in islice(zip(b.steps, b.steps_back, strict=True), round(DEARER * sizes.T)):
        np.dot(params.W_h, step.h_before, out=b.a)
        add_outer(b.tiles_W_h, back.h_before_row)
        np.dot(b.r, params.W_h, out=b.a)
    tenth = b.gradients.W_h[: round(DEARER * sizes.H)]
    np.add(tenth, 0, out=tenth)
    return found


EXPERIMENT = experiment_of(dearer)
