"""Truncated backpropagation through time, TBPTT(k1, k2): every k1 steps, errors are sent back at most k2 steps.

After steps k1, 2 k1, … and T a pass starts at that step s. It carries the losses since the start of the previous pass,
J(s - k1 + 1) … J(s), aggregated, through the hidden layers of the steps s, s - 1, …, s - k2 + 1. Every loss is thus
sent back once, the last one of a pass through k2 steps and the first through k2 - k1 + 1; earlier steps are left out.
The output layer is exact. With k2 ≥ T nothing is left out, whatever k1 is.

No more than k2 + 1 hidden states are kept, however long the text is.

Source: Williams and Peng, An efficient gradient-based algorithm for on-line training of recurrent network trajectories,
Neural Computation 2 (1990), as BPTT(h; h') with h = k2 and h' = k1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt_rnn.algorithm import Gradients, PassHook, PhaseSwitch, Workspace, begin
from bptt_rnn.gradients.aggregated import aggregated
from bptt_rnn.layers.steps import clear, hidden_back
from bptt_rnn.layers.streaming import StreamBuffers, Streaming, advance, through_output, views
from bptt_rnn.model import Array, Params, Tokens

# As usual in language modelling: a loss reaches at least 17 steps back, in a model that forgets in some 15, at the cost
# of two passes for each step.
K1, K2 = 16, 32
THROUGH_TIME = ("L_rows", "W_e", "W_h", "b1", "h0")  # gradients that a truncation changes


def truncated(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
    *,
    k1: int = K1,
    k2: int = K2,
) -> tuple[float, Gradients]:
    """Return loss and truncated gradients; see ``bptt_rnn.algorithm.Algorithm``.

    Multiply-adds: forward T (H V + H d + H²), backward 2 T H V + 2 P (H d + H²) with P = Σ min(s, k2) over the steps s
    where a pass starts: P ≈ T k2/k1.

    Parameters
    ----------
    k1 : steps from the start of a pass to the next.
    k2 : steps that a pass goes back at most, not below k1.

    Raises
    ------
    ValueError : k1 is below 1, or k2 is below k1, so that some losses would not be sent back.
    """
    require_steps(k1, k2)
    sizes = begin(params, tokens, phase)[0]  # the targets as a list are not kept: they would be 36 bytes for each step
    T, slots = sizes.T, min(k2, sizes.T) + 1
    b = (workspace or Workspace()).buffers(Streaming(slots, slots), sizes, phase)
    clear(b, phase)
    if phase is not None:
        phase("recur")
    b.h[0] = 0 if h0 is None else h0
    loss, dh0, gamma = 0.0, b.gradients.h0, b.h[-1]
    for done in range(0, T, k1):
        start = min(done + k1, T)
        loss += _forward(params, tokens, b, range(done + 1, start + 1), slots, phase)
        gamma.fill(0)
        for t in range(start, max(start - k2, 0), -1):
            step = views(params, tokens, b, t, (t - 1) % slots, t % slots, t % slots)
            if phase is not None:
                phase("recur")
            if t > done:
                np.add(gamma, step.gamma, out=gamma)
            if on_pass is not None:
                on_pass(range(max(t, done + 1), start + 1), t)
            hidden_back(params, b, step, gamma, phase)
        if phase is not None:
            phase("recur")
        if start <= k2:  # the pass has reached h(0)
            np.add(dh0, gamma, out=dh0)
    return loss, b.gradients


def _forward(
    params: Params, tokens: Tokens, b: StreamBuffers, steps: range, slots: int, phase: PhaseSwitch | None
) -> float:
    """Return Σ J(t) over some steps, the hidden layer first; write γ(t) = Uᵀ δ(t) of each."""
    for t in steps:
        advance(params, tokens, b, t, (t - 1) % slots, t % slots, phase)
    loss = 0.0
    for t in steps:
        step = views(params, tokens, b, t, (t - 1) % slots, t % slots, t % slots)
        loss += through_output(params, tokens, b, t, step, phase)
    return loss


def require_steps(k1: int, k2: int) -> None:
    """Check that no loss is left out.

    Raises
    ------
    ValueError : see ``truncated``.
    """
    if k1 < 1:
        raise ValueError(f"`k1` must be a whole number from 1, got {k1!r}")
    if k2 < k1:
        raise ValueError(f"`k2` must be a whole number from k1={k1}, so that every loss is sent back, got {k2!r}")


def truncated_passes(T: int, k1: int = K1, k2: int = K2) -> int:
    """Return the backward passes through a time step that ``truncated`` makes over T steps."""
    require_steps(k1, k2)
    return sum(min(start, T, k2) for start in range(k1, T + k1, k1))


class Bias(NamedTuple):
    """Bias by truncation of the gradients that act through time: of L, W_e, W_h, b1 and h(0)."""

    relative: float  # ‖truncated - exact‖ / ‖exact‖
    cosine: float  # of the angle between the two


def truncation_bias(params: Params, tokens: Tokens, k1: int = K1, k2: int = K2, h0: Array | None = None) -> Bias:
    """Compare the truncated gradient with the exact one, without those of U and b2, which are exact.

    Raises
    ------
    ValueError : see ``truncated``; or the gradient is zero, which has no direction.
    """
    exact, biased = (
        np.concatenate([np.ravel(getattr(gradients, name)).astype(np.float64) for name in THROUGH_TIME])
        for _, gradients in (aggregated(params, tokens, h0), truncated(params, tokens, h0, k1=k1, k2=k2))
    )
    length = float(np.linalg.norm(exact))
    if length == 0:
        raise ValueError("the gradient must not be zero, which has no direction")
    cosine = float(exact @ biased) / (length * float(np.linalg.norm(biased)))
    return Bias(float(np.linalg.norm(biased - exact)) / length, min(1.0, cosine))
