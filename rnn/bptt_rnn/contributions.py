"""The gradient of one loss taken apart by time step, as the derivation does it: written for clarity, not for speed.

The parameters are the same at every step. Give each step a copy of its own; then ∂J(t)/∂W at step τ is the gradient
with respect to the copy of step τ. Summed over τ it is the gradient of J(t). Summed over t it is what the aggregated
sweep adds at step τ, where γ(τ) is Σ_t ∂J(t)/∂h(τ).

Source: docs/derivation/c-through-time.md.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt_rnn.algorithm import begin
from bptt_rnn.layers.steps import HALF, sigmoid
from bptt_rnn.model import Array, Params, Tokens, softmax


class Contribution(NamedTuple):
    """What one time step τ contributes to the gradient of one loss J(t), and what goes on to the step before it."""

    L_row: Array  # (d,) W_eᵀ r(τ), for the row of L that step τ looked up
    W_e: Array  # (H, d) r(τ) e(τ)ᵀ
    W_h: Array  # (H, H) r(τ) h(τ-1)ᵀ; at step 1 with the given h(0)
    b1: Array  # (H,) r(τ)
    U: Array  # (V, H) δ(t) h(t)ᵀ at the step of the loss itself, τ = t; else 0
    b2: Array  # (V,) δ(t) at the step of the loss itself; else 0
    h_before: Array  # (H,) ∂J(t)/∂h(τ-1) = W_hᵀ r(τ); at step 1 the chain ends with it


def contributions(params: Params, tokens: Tokens, loss: int, step: int, h0: Array | None = None) -> Contribution:
    """Return ∂J(t)/∂W at step τ for every parameter W, with t = ``loss`` and τ = ``step``, both counted from 1.

    A step after the loss contributes nothing: all arrays are 0.

    Parameters
    ----------
    params : the model.
    tokens : token ids, (T + 1,); the first T are the inputs, the last T the targets.
    loss : t, from 1 to T.
    step : τ, from 1 to T.
    h0 : h(0), (H,); zeros by default.

    Raises
    ------
    ValueError : ``loss`` or ``step`` is not from 1 to T; or see ``bptt_rnn.algorithm.Algorithm``.

    >>> params = Params.init(V=5, d=2, H=3, rng=np.random.default_rng(0))
    >>> [bool(contributions(params, np.array([1, 4, 0, 2]), 2, step).U.any()) for step in (1, 2, 3)]
    [False, True, False]
    """
    sizes, targets = begin(params, tokens, None)
    for name, value in (("loss", loss), ("step", step)):
        if value not in range(1, sizes.T + 1):
            raise ValueError(f"`{name}` must be a whole number from 1 to T={sizes.T}, got {value!r}")
    loss, step = int(loss), int(step)
    own = step == loss
    h = _hidden_states(params, tokens[:loss], h0)
    delta = softmax(params.U @ h[loss] + params.b2)
    delta[targets[loss - 1]] -= 1
    e, h_before = params.L[tokens[step - 1]], h[min(step, loss) - 1]
    r = np.zeros_like(params.b1) if step > loss else _error_at(params, h, params.U.T @ delta, loss, step)
    return Contribution(
        L_row=params.W_e.T @ r,
        W_e=np.outer(r, e),
        W_h=np.outer(r, h_before),
        b1=r,
        U=np.outer(delta, h[loss]) if own else np.zeros_like(params.U),
        b2=delta if own else np.zeros_like(params.b2),
        h_before=params.W_h.T @ r,
    )


def _hidden_states(params: Params, inputs: Tokens, h0: Array | None) -> list[Array]:
    """Return h(0) … h(t)."""
    states = [np.zeros_like(params.b1) if h0 is None else h0]
    for x in inputs:
        h = params.W_h @ states[-1] + params.W_e @ params.L[x] + params.b1
        sigmoid(h, HALF[h.dtype])
        states.append(h)
    return states


def _error_at(params: Params, h: list[Array], gamma: Array, loss: int, step: int) -> Array:
    """Return r(τ) = γ(τ) ∘ h(τ) ∘ (1 - h(τ)), with γ(t) = Uᵀ δ(t) sent back from the loss to the step."""
    for later in range(loss, step, -1):
        gamma = params.W_h.T @ (gamma * h[later] * (1 - h[later]))
    r: Array = gamma * h[step] * (1 - h[step])
    return r
