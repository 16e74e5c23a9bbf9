"""Real-time recurrent learning: forward-mode differentiation through time, without a backward pass.

Along with h(t) its derivative with respect to all parameters is carried, one column of H numbers for each element of
W_h (H² of them), b1, h(0) (H each), W_e (H d), and the embedding rows looked up so far (t d):

    S(t) = (S(t-1) W_hᵀ + ∂z(t)/∂θ) ∘ h ∘ (1 - h),        ∂J(t)/∂θ = S(t) γ(t),  γ(t) = Uᵀ δ(t)

S is stored transposed, a row for each θ, so that the rows looked up so far are contiguous.

The cost is that of the products with W_hᵀ: T H² (H² + 2 H) and T H² · H d, and T (T - 1)/2 · H² d for the embedding
rows. The last is the cost of ∂J/∂L_x for each step, which all algorithms here return: every input is one more θ,
carried through all later steps. Forward mode cannot avoid it; it is the only part that is not linear in T and, with T d
H elements, the only memory that grows with T.

Source: Williams and Zipser, A learning algorithm for continually running fully recurrent neural networks, Neural
Computation 1 (1989).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bptt_rnn.algorithm import Gradients, PassHook, PhaseSwitch, Workspace, begin
from bptt_rnn.layers.steps import (
    ONE,
    Step,
    Tile,
    allocate_forward,
    clear,
    hidden_step,
    output_back,
    output_step,
    summed_loss,
    tiles,
)
from bptt_rnn.model import Array, Params, Sizes, Tokens


@dataclass(slots=True, init=False)
class RtrlBuffers:
    """2 H (H² + 2 H + H d + T d) elements of derivatives, those of h(t-1) and of h(t), and the gradients."""

    half: Array  # () the constant ½
    one: Array  # () the constant 1
    a: Array  # (H,) W_e e(t)
    delta: Array  # (V,) logits o, then ŷ, then δ = ŷ - y
    total: Array  # (1,) Σ exp(o - max o), then J
    of_target: Array  # (1,) o_k - max o
    tiles_U: list[Tile]
    gradients: Gradients
    h: Array  # (2, H) h(t) in row t mod 2
    slope: Array  # (H,) h ∘ (1 - h)
    gamma: Array  # (H,) Uᵀ δ
    recurrent: Array  # (2, H² + 2 H, H) ∂h/∂(W_h, b1, h0), transposed
    embedded: Array  # (2, H d + T d, H) ∂h/∂(W_e, L_rows), transposed
    of_W_h: list[Array]  # (H, H) each, views of the above: ∂h_j/∂W_h[j, k], where z depends on W_h itself
    of_b1: list[Array]  # (H,) each: ∂h_j/∂b1[j]
    of_h0: Array  # (H,) ∂h_j(0)/∂h_j(0)
    of_W_e: list[Array]  # (H, d) each: ∂h_j/∂W_e[j, k]
    d_recurrent: Array  # (H² + 2 H,) the gradients of W_h, b1 and h0
    d_embedded: Array  # (H d + T d,) the gradients of W_e and L_rows
    term: Array  # (max(H² + 2 H, H d + T d),) what a step adds to them

    def __init__(self, sizes: Sizes, phase: PhaseSwitch | None) -> None:
        V, d, H, T, dtype = sizes
        self.one = ONE[dtype]
        allocate_forward(self, sizes._replace(T=1), phase)
        if phase is not None:
            phase("recur")
        own = H * H + 2 * H
        self.h, self.slope = np.empty((2, H), dtype), np.empty(H, dtype)
        self.recurrent, self.d_recurrent = np.empty((2, own, H), dtype), np.empty(own, dtype)
        if phase is not None:
            phase("embed")
        self.embedded, self.d_embedded = np.empty((2, (H + T) * d, H), dtype), np.empty((H + T) * d, dtype)
        self.term = np.empty(max(own, (H + T) * d), dtype)
        if phase is not None:
            phase("output")
        self.gamma = np.empty(H, dtype)
        dU, db2 = np.empty((V, H), dtype), np.empty(V, dtype)
        self.tiles_U = tiles(dU, self.delta)
        self._cut(d, H)
        dW_h, db1, dh0 = self.d_recurrent[: H * H], self.d_recurrent[H * H : H * H + H], self.d_recurrent[-H:]
        dW_e, dL_rows = self.d_embedded[: H * d], self.d_embedded[H * d :]
        self.gradients = Gradients(dL_rows.reshape(T, d), dW_e.reshape(H, d), dW_h.reshape(H, H), db1, dU, db2, dh0)

    def _cut(self, d: int, H: int) -> None:
        """Make the views of what depends on a parameter directly; ``einsum`` gives a diagonal that can be written."""
        recurrent, embedded = list(self.recurrent), list(self.embedded)
        self.of_W_h = [np.einsum("jkj->jk", one[: H * H].reshape(H, H, H)) for one in recurrent]
        self.of_b1 = [np.einsum("jj->j", one[H * H : H * H + H]) for one in recurrent]
        self.of_h0 = np.einsum("jj->j", recurrent[0][H * H + H :])
        self.of_W_e = [np.einsum("jkj->jk", one[: H * d].reshape(H, d, H)) for one in embedded]


def rtrl(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,  # noqa: ARG001 - the signature of all algorithms; there is no pass back
) -> tuple[float, Gradients]:
    """Return loss and gradients without a backward pass through time; see ``bptt_rnn.algorithm.Algorithm``.

    Multiply-adds: forward T (H V + H d + H²), backward 2 T H V, derivatives T (H² + 2 H) (H² + H) and
    T H d (H² + H) + T (T - 1)/2 · d H² + T (T + 1)/2 · d H. For small H.
    """
    sizes = begin(params, tokens, phase)[0]
    b = (workspace or Workspace()).buffers(RtrlBuffers, sizes, phase)
    clear(b, phase)
    _start(b, h0, phase)
    loss = 0.0
    for t in range(1, sizes.T + 1):
        x, target = int(tokens[t - 1]), int(tokens[t])
        before, now = b.h[(t - 1) % 2], b.h[t % 2]
        step = Step(0, params.L[x], before, now)
        hidden_step(params, b, step, phase)
        if phase is not None:
            phase("output")
        output_step(params, b, step, target)
        output_back(params, b, now[np.newaxis], b.gamma, target)
        loss += summed_loss(b)
        if phase is not None:
            phase("recur")
        _recurrent(params, b, t, before, now)
        if phase is not None:
            phase("embed")
        _embedded(params, b, t, step.e)
    return loss, b.gradients


def _start(b: RtrlBuffers, h0: Array | None, phase: PhaseSwitch | None) -> None:
    """Set h(0), which depends on itself alone."""
    if phase is not None:
        phase("embed")
    b.embedded[0, : b.gradients.W_e.size].fill(0)
    if phase is not None:
        phase("recur")
    b.h[0] = 0 if h0 is None else h0
    b.recurrent[0].fill(0)
    b.of_h0.fill(1)


def _recurrent(params: Params, b: RtrlBuffers, t: int, before: Array, now: Array) -> None:
    """Compute ∂h(t)/∂(W_h, b1, h0), and add to their gradients."""
    derivative, last = b.recurrent[t % 2], b.recurrent[(t - 1) % 2]
    of_W_h, of_b1, slope = b.of_W_h[t % 2], b.of_b1[t % 2], b.slope
    np.subtract(b.one, now, out=slope)
    np.multiply(slope, now, out=slope)
    last.dot(params.W_h.T, out=derivative)
    np.add(of_W_h, before, out=of_W_h)
    np.add(of_b1, b.one, out=of_b1)
    np.multiply(derivative, slope, out=derivative)
    term = b.term[: len(derivative)]
    derivative.dot(b.gamma, out=term)
    np.add(b.d_recurrent, term, out=b.d_recurrent)


def _embedded(params: Params, b: RtrlBuffers, t: int, e: Array) -> None:
    """Compute ∂h(t)/∂(W_e, rows of L looked up so far), and add to their gradients."""
    H, d = params.W_e.shape
    known, all_rows = (H + t - 1) * d, (H + t) * d
    derivative, last, of_W_e = b.embedded[t % 2, :all_rows], b.embedded[(t - 1) % 2, :known], b.of_W_e[t % 2]
    last.dot(params.W_h.T, out=derivative[:known])
    np.add(of_W_e, e, out=of_W_e)
    derivative[known:] = params.W_e.T  # ∂z(t)/∂e(t)
    np.multiply(derivative, b.slope, out=derivative)
    term, d_embedded = b.term[:all_rows], b.d_embedded[:all_rows]
    derivative.dot(b.gamma, out=term)
    np.add(d_embedded, term, out=d_embedded)
