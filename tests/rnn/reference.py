"""The formulas of claims b and c (docs/derivation), written down as they stand: one-hot vectors, one loss at a time."""

from __future__ import annotations

import numpy as np
from bptt_rnn.gradients import Gradients
from bptt_rnn.model import Array, Params, Tokens


def hidden_states(params: Params, tokens: Tokens, h0: Array) -> list[Array]:
    """h(0) … h(T)."""
    states = [h0]
    for x in tokens[:-1]:
        z = params.W_h @ states[-1] + params.W_e @ params.L[x] + params.b1
        states.append(1 / (1 + np.exp(-z)))
    return states


def loss_of_step(params: Params, tokens: Tokens, h0: Array, t: int) -> tuple[float, Gradients]:
    """J(t) alone and its gradients through all earlier steps; t counts from 1."""
    h = hidden_states(params, tokens, h0)
    logits = params.U @ h[t] + params.b2
    y_hat = np.exp(logits) / np.exp(logits).sum()
    y = np.eye(len(logits))[tokens[t]]
    delta = y_hat - y
    T = len(tokens) - 1
    dL_rows = np.zeros((T, params.L.shape[1]))
    dW_e, dW_h, db1 = np.zeros_like(params.W_e), np.zeros_like(params.W_h), np.zeros_like(params.b1)
    gamma = params.U.T @ delta
    for s in range(t, 0, -1):
        r = gamma * h[s] * (1 - h[s])
        dL_rows[s - 1] += params.W_e.T @ r
        dW_e += np.outer(r, params.L[tokens[s - 1]])
        dW_h += np.outer(r, h[s - 1])
        db1 += r
        gamma = params.W_h.T @ r
    return float(-np.log(y_hat @ y)), Gradients(dL_rows, dW_e, dW_h, db1, np.outer(delta, h[t]), delta, gamma)


def summed(params: Params, tokens: Tokens, h0: Array) -> tuple[float, Gradients]:
    """Σ_t J(t) and its gradients."""
    parts = [loss_of_step(params, tokens, h0, t) for t in range(1, len(tokens))]
    gradients = Gradients(*(np.sum(arrays, axis=0) for arrays in zip(*(g for _, g in parts), strict=True)))
    return sum(loss for loss, _ in parts), gradients
