"""Aggregated backpropagation through time that recomputes hidden states instead of keeping all of them.

By default √T segments: about 2 √T hidden states are kept, and the hidden layer's forward pass is made nearly twice.
With a given number of states, the plan with the fewest forward steps. The output layer is visited once for each step,
when its errors go back, so that Uᵀ δ is kept for one step only; the cost in V is that of ``aggregated``. The hidden
layer and the output layer alternate: where U exceeds the cache, W_h is loaded anew at every step.

Source: Chen et al., Training deep nets with sublinear memory cost (2016); Gruslys et al., Memory-efficient
backpropagation through time, NeurIPS 2016.
"""

from __future__ import annotations

import numpy as np

from bptt_rnn.algorithm import Gradients, PassHook, PhaseSwitch, Workspace, begin
from bptt_rnn.gradients.recomputation import Advance, optimal_plan, require_states, segmented_plan, segmented_slots
from bptt_rnn.layers.steps import clear, hidden_back
from bptt_rnn.layers.streaming import Streaming, advance, through_output, views
from bptt_rnn.model import Array, Params, Tokens


def checkpointed(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
    *,
    states: int | None = None,
) -> tuple[float, Gradients]:
    """Return loss and gradients by one sweep of T backward passes; see ``bptt_rnn.algorithm.Algorithm``.

    Multiply-adds: forward T H V + F (H d + H²) with F forward steps of the hidden layer, backward 2 T (H V + H d + H²);
    F ≈ 2 T - 2 √T by default, ``bptt_rnn.gradients.recomputation.forward_steps`` for a given number of states.

    Parameters
    ----------
    states : how many of h(1) … h(T) may be in memory at a time; by default √T segments. The table of the plan takes 12
        bytes for each step and state, is computed once, and is kept between calls.

    Raises
    ------
    ValueError : there are fewer than 2 states, or than 1 if T is 1.
    """
    sizes = begin(params, tokens, phase)[0]  # the targets as a list are not kept: they would be 36 bytes for each step
    T = sizes.T
    if states is not None:
        require_states(T, states)
    slots = segmented_slots(T) if states is None else min(states, T)
    b = (workspace or Workspace()).buffers(Streaming(slots + 1, 1), sizes, phase)
    clear(b, phase)
    if phase is not None:
        phase("recur")
    b.h[0] = 0 if h0 is None else h0
    row = list(range(slots + 2))  # of each slot, and a spare one
    loss, gamma = 0.0, b.gradients.h0
    for action in segmented_plan(T) if states is None else optimal_plan(T, states):
        if isinstance(action, Advance):
            t, source, target = action
            if source == target:  # a product cannot overwrite its own factor
                row[target], row[-1] = row[-1], row[target]
                source = -1
            advance(params, tokens, b, t, row[source], row[target], phase)
            continue
        t, before, at = action
        step = views(params, tokens, b, t, row[before], row[at], 0)
        loss += through_output(params, tokens, b, t, step, phase)
        np.add(gamma, step.gamma, out=gamma)
        if on_pass is not None:
            on_pass(range(t, T + 1), t)
        hidden_back(params, b, step, gamma, phase)
    return loss, b.gradients
