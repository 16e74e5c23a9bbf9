"""PyTorch as it is written down: a loop over the steps, everything else a product over all of them, autograd backwards.

Only W_h h(t-1) waits for the step before, so only that is in the loop; whoever uses PyTorch would write it so.
"""

from __future__ import annotations

from bptt_rnn.model import Params, Tokens
from bptt_rnn.peers.interface import Evaluation, Peer, not_installed
from bptt_rnn.peers.tensors import Tensor, as_gradients, looked_up, model


def loss_of(
    E: Tensor, W_e: Tensor, W_h: Tensor, b1: Tensor, U: Tensor, b2: Tensor, h0: Tensor, targets: Tensor
) -> Tensor:
    """Σ_t J(t) of embedded inputs E (T, d)."""
    import torch
    from torch.nn import functional

    h, states = h0, []
    for a in functional.linear(E, W_e, b1).unbind():
        h = torch.sigmoid(torch.addmv(a, W_h, h))
        states.append(h)
    logits = functional.linear(torch.stack(states), U, b2)  # (T, V)
    return functional.cross_entropy(logits, targets, reduction="sum")


def prepare(params: Params, tokens: Tokens) -> Evaluation:
    """Loss and gradients by autograd."""
    import torch

    m = model(params, tokens)
    W_e, W_h, b1, U, b2, h0, targets = m.W_e, m.W_h, m.b1, m.U, m.b2, m.h0, m.targets

    def evaluate() -> tuple[Tensor, ...]:
        E = looked_up(m)
        loss = loss_of(E, W_e, W_h, b1, U, b2, h0, targets)
        return (loss.detach(), *torch.autograd.grad(loss, (E, W_e, W_h, b1, U, b2, h0)))

    return evaluate


def missing() -> str | None:
    """Why PyTorch cannot be used here."""
    return not_installed("torch")


PEER = Peer(name="torch eager", missing=missing, prepare=prepare, gradients=as_gradients)
