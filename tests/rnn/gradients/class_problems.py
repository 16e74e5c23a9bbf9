"""Random problems of the model with classes, and its formulas as they stand, one step at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from bptt_rnn.class_model import Classes
from bptt_rnn.gradients import ClassParams
from bptt_rnn.model import Array, softmax
from numpy.typing import DTypeLike

from tests.rnn.problems import Problem


def draw(
    V: int, d: int, H: int, T: int, seed: int = 0, dtype: DTypeLike = np.float64, tokens: Sequence[int] | None = None
) -> Any:
    """A problem whose parameters are those of the model with classes."""
    rng = np.random.default_rng(seed)
    params: Any = ClassParams.init(V, d, H, rng, dtype)
    drawn = rng.integers(0, V, T + 1) if tokens is None else np.array(tokens)
    return Problem(params=params, tokens=drawn, h0=rng.random(H).astype(dtype))


def summed(params: ClassParams, tokens: Array, h0: Array) -> tuple[float, dict[str, Array]]:
    """Σ_t J(t), and its gradients with U, b2 and L dense: every loss back to step 1 on its own."""
    V, words, _ = Classes.of(len(params.U))
    grads = {name: np.zeros_like(array) for name, array in params._asdict().items()}
    grads["h0"] = np.zeros_like(h0)
    states, total = [h0], 0.0
    for x in tokens[:-1]:
        states.append(1 / (1 + np.exp(-(params.W_h @ states[-1] + params.W_e @ params.L[x] + params.b1))))
    for t in range(1, len(tokens)):
        h, k = states[t], int(tokens[t])
        c = k // words
        members = np.arange(c * words, min((c + 1) * words, V))
        of_class = softmax(params.Q @ h + params.q)
        of_word = softmax(params.U[members] @ h + params.b2[members])
        total -= float(np.log(of_class[c]) + np.log(of_word[k - members[0]]))
        of_class[c] -= 1
        of_word[k - members[0]] -= 1
        grads["Q"] += np.outer(of_class, h)
        grads["q"] += of_class
        grads["U"][members] += np.outer(of_word, h)
        grads["b2"][members] += of_word
        gamma = params.Q.T @ of_class + params.U[members].T @ of_word
        for s in range(t, 0, -1):
            r = gamma * states[s] * (1 - states[s])
            grads["L"][tokens[s - 1]] += params.W_e.T @ r
            grads["W_e"] += np.outer(r, params.L[tokens[s - 1]])
            grads["W_h"] += np.outer(r, states[s - 1])
            grads["b1"] += r
            gamma = params.W_h.T @ r
        grads["h0"] += gamma
    return total, grads
