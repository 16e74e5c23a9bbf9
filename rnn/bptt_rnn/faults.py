"""Algorithms with a planted fault each, to test that the harness detects it.

Each is built from the parts of the right algorithm. They are not in ``ALGORITHMS``, and nothing else uses them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from typing import NamedTuple

import numpy as np

from bptt_rnn.algorithm import PassHook, PhaseSwitch, begin
from bptt_rnn.gradients import Algorithm, Gradients, Workspace
from bptt_rnn.gradients.aggregated import aggregated
from bptt_rnn.layers.steps import BackwardBuffers, add_outer, forward_and_output_back, hidden_back, sigmoid
from bptt_rnn.model import Array, Params, Tokens

EXCESS_EXPONENT = 1.1  # of T: at T = 128 the recurrent part takes 1.62 times as long as it should
STEPS_BACK = 32  # where the truncated naive version stops


def superlinear(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
) -> tuple[float, Gradients]:
    """Return what ``aggregated`` does, with the recurrent work of T^1.1 steps; the gradients are right."""
    workspace = workspace or Workspace()
    found = aggregated(params, tokens, h0, workspace, phase, on_pass)
    sizes, _ = begin(params, tokens, None)
    b = workspace.buffers(BackwardBuffers, sizes, phase)
    if phase is not None:
        phase("recur")
    b.r.fill(0)  # what is added to the gradients from here on is 0
    b1, steps = b.gradients.b1, zip(b.steps, b.steps_back, strict=True)
    for step, back in islice(cycle(steps), round(sizes.T**EXCESS_EXPONENT) - sizes.T):
        params.W_h.dot(step.h_before, out=b.a)
        sigmoid(b.a, b.half)
        np.multiply(b.r, back.slope, out=b.r)
        add_outer(b.tiles_W_h, back.h_before_row)
        np.add(b1, b.r, out=b1)
        b.r.dot(params.W_h, out=b.a)
    return found


def copying(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
) -> tuple[float, Gradients]:
    """Return what ``aggregated`` does, with a copy of U at every step of the sweep; the gradients are right."""

    def passing(losses: Sequence[int], step: int) -> None:
        if on_pass is not None:
            on_pass(losses, step)
        if phase is not None:
            phase("output")
        params.U.copy()

    return aggregated(params, tokens, h0, workspace, phase, passing)


def truncated(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
) -> tuple[float, Gradients]:
    """Return what ``naive`` does, but no loss goes back more than 32 steps."""
    sizes, targets = begin(params, tokens, phase)
    b = (workspace or Workspace()).buffers(BackwardBuffers, sizes, phase)
    total_loss = forward_and_output_back(params, b, tokens, targets, h0, phase)
    steps, dh0 = b.steps_back, b.gradients.h0
    for loss, step in enumerate(steps, start=1):
        gamma = step.gamma
        for passed in range(loss, max(loss - STEPS_BACK, 0), -1):
            if on_pass is not None:
                on_pass((loss,), passed)
            hidden_back(params, b, steps[passed - 1], gamma, phase)
        if phase is not None:
            phase("recur")
        if loss <= STEPS_BACK:
            np.add(dh0, gamma, out=dh0)
    return total_loss, b.gradients


def wrong_sign(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
) -> tuple[float, Gradients]:
    """Return what ``aggregated`` does, with the wrong sign of the gradient of W_h."""
    loss, gradients = aggregated(params, tokens, h0, workspace, phase, on_pass)
    if phase is not None:
        phase("recur")
    np.negative(gradients.W_h, out=gradients.W_h)
    return loss, gradients


class Faulty(NamedTuple):
    """A faulty algorithm, the name of the one that it replaces, and a statement of the fault."""

    subject: str
    statement: str
    algorithm: Algorithm


FAULTS: dict[str, Faulty] = {
    "T^1.1": Faulty("aggregated", "secretly does T^1.1 work in its recurrent part", superlinear),
    "copies U": Faulty("aggregated", "copies U once per step", copying),
    "truncated": Faulty("naive", f"stops after {STEPS_BACK} steps back", truncated),
    "wrong sign": Faulty("aggregated", "a sign error in the gradient of W_h", wrong_sign),
}
