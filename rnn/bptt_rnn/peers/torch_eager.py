"""PyTorch in eager mode: a loop over the steps, products over all steps elsewhere, and autograd.

Only W_h h(t-1) depends on the previous step, so only that is in the loop.
"""

from __future__ import annotations

from bptt_rnn.model import Params, Tokens
from bptt_rnn.peers.interface import Evaluation, Peer, not_installed
from bptt_rnn.peers.tensors import Tensor, as_gradients, embed_inputs, model


def loss_of(
    E: Tensor, W_e: Tensor, W_h: Tensor, b1: Tensor, U: Tensor, b2: Tensor, h0: Tensor, targets: Tensor
) -> Tensor:
    """Return Σ_t J(t) of embedded inputs E (T, d)."""
    import torch
    from torch.nn import functional

    h, states = h0, []
    for a in functional.linear(E, W_e, b1).unbind():
        h = torch.sigmoid(torch.addmv(a, W_h, h))
        states.append(h)
    logits = functional.linear(torch.stack(states), U, b2)  # (T, V)
    return functional.cross_entropy(logits, targets, reduction="sum")


def prepare(params: Params, tokens: Tokens) -> Evaluation:
    """Prepare loss and gradients by autograd."""
    import torch

    m = model(params, tokens)
    W_e, W_h, b1, U, b2, h0, targets = m.W_e, m.W_h, m.b1, m.U, m.b2, m.h0, m.targets

    def evaluate() -> tuple[Tensor, ...]:
        E = embed_inputs(m)
        loss = loss_of(E, W_e, W_h, b1, U, b2, h0, targets)
        return (loss.detach(), *torch.autograd.grad(loss, (E, W_e, W_h, b1, U, b2, h0)))

    return evaluate


def missing() -> str | None:
    """Return why PyTorch cannot be used here."""
    return not_installed("torch")


PEER = Peer(name="torch eager", missing=missing, prepare=prepare, gradients=as_gradients)
