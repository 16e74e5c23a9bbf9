"""The model of docs/derivation/index.md: parameters, softmax, cross-entropy and perplexity.

    e(t) = L[x(t)]                          (d,)
    h(t) = sigmoid(W_h h(t-1) + W_e e(t) + b1)   (H,)
    ŷ(t) = softmax(U h(t) + b2)             (V,)
    J(t) = -log ŷ_k(t),  k = x(t+1)

Everything here is written for clarity; the timed code lives in ``bptt_rnn.gradients``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[np.floating[Any]]
Tokens = NDArray[np.integer[Any]]

DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


class Sizes(NamedTuple):
    """Everything on which the cost of a gradient depends: the factors and the floating-point type."""

    V: int
    d: int
    H: int
    T: int
    dtype: np.dtype[Any]


class Params(NamedTuple):
    """Parameters of the model; all arrays C-contiguous and of one floating-point type."""

    L: Array  # (V, d) embeddings, one row per token
    W_e: Array  # (H, d)
    W_h: Array  # (H, H)
    b1: Array  # (H,)
    U: Array  # (V, H)
    b2: Array  # (V,)

    @classmethod
    def init(cls, V: int, d: int, H: int, rng: np.random.Generator, dtype: DTypeLike = np.float32) -> Params:
        """Draw parameters uniformly: ±1 for the embeddings, ±1/√(number of inputs) for weights and biases.

        They are drawn in the final type and scaled in place, so that V = 10⁶ takes about a second and no second copy.

        Raises
        ------
        ValueError : a size below 1, or a type other than float32 and float64.
        """
        for name, size in (("V", V), ("d", d), ("H", H)):
            if size < 1:
                raise ValueError(f"`{name}` must be a whole number from 1, got {size!r}")
        if np.dtype(dtype) not in DTYPES:
            raise ValueError(f"`dtype` must be float32 or float64, got {np.dtype(dtype).name!r}")

        kind: Any = np.dtype(dtype)

        def uniform(bound: float, *shape: int) -> Array:
            array: Array = rng.random(shape, dtype=kind)
            array -= 0.5
            array *= 2 * bound
            return array

        return cls(
            L=uniform(1.0, V, d),
            W_e=uniform(d**-0.5, H, d),
            W_h=uniform(H**-0.5, H, H),
            b1=uniform(H**-0.5, H),
            U=uniform(H**-0.5, V, H),
            b2=uniform(H**-0.5, V),
        )

    def sizes(self, T: int) -> Sizes:
        """Return the sizes of a gradient over T time steps."""
        V, H = self.U.shape
        return Sizes(V, self.L.shape[1], H, T, self.U.dtype)


def softmax(logits: Array) -> Array:
    """Return ŷ = softmax(o) over the last axis, finite for any finite logits: the maximum is subtracted first."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    normalised: Array = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return normalised


def cross_entropy(logits: Array, targets: Tokens) -> Array:
    """Return J = -log softmax(o)_k in nats, as logsumexp(o) - o_k, which stays finite where ŷ_k underflows.

    Parameters
    ----------
    logits : o, (..., V).
    targets : k, (...), token ids.
    """
    largest = logits.max(axis=-1, keepdims=True)
    log_total = np.log(np.exp(logits - largest).sum(axis=-1))
    of_target = np.take_along_axis(logits - largest, targets[..., np.newaxis], axis=-1)[..., 0]
    losses: Array = log_total - of_target
    return losses


def perplexity(cross_entropies: Array) -> float:
    """Return the perplexity of a sequence: exp of the mean cross-entropy, the geometric mean of PP(t) = 1/ŷ_k(t).

    A uniform predictor has perplexity V. Source: docs/derivation/a-perplexity.md.
    """
    return float(np.exp(np.mean(cross_entropies)))
