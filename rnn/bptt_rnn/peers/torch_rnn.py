"""PyTorch's ``nn.RNN``, which has tanh but not the sigmoid; the model is rewritten for it, exactly.

With h = (1 + g)/2 and sigmoid(z) = (1 + tanh(z/2))/2 the recurrence z(t) = W_h h(t-1) + W_e e(t) + b1 becomes

    g(t) = tanh(¼ W_h g(t-1) + ½ W_e e(t) + ½ b1 + ¼ W_h 1),    g(0) = 2 h(0) - 1,

so that nn.RNN holds W_hh = ¼ W_h, W_ih = ½ W_e and b = ½ b1 + ¼ W_h 1 (its second bias is 0). The gradients of these
parameters are timed; by the chain rule those of the model are

    ∂W_h = ¼ ∂W_hh + ¼ ∂b 1ᵀ,    ∂W_e = ½ ∂W_ih,    ∂b1 = ½ ∂b,    ∂h(0) = 2 ∂g(0).
"""

from __future__ import annotations

from typing import Any

from bptt_rnn.gradients import Gradients
from bptt_rnn.model import Params, Tokens
from bptt_rnn.peers.interface import Evaluation, Peer
from bptt_rnn.peers.tensors import Tensor, as_gradients, embed_inputs, model
from bptt_rnn.peers.torch_eager import missing


def rewritten(W_e: Tensor, W_h: Tensor, b1: Tensor) -> Any:
    """Return an ``nn.RNN`` of tanh with the steps of the model of sigmoids."""
    import torch

    H, d = W_e.shape
    layer = torch.nn.RNN(d, H, nonlinearity="tanh", dtype=W_e.dtype)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(W_e / 2)
        layer.weight_hh_l0.copy_(W_h / 4)
        layer.bias_ih_l0.copy_(b1 / 2 + W_h.sum(1) / 4)
        layer.bias_hh_l0.zero_()
    return layer


def prepare(params: Params, tokens: Tokens) -> Evaluation:
    """Prepare loss and gradients with respect to the parameters of ``nn.RNN``."""
    import torch
    from torch.nn import functional

    m = model(params, tokens)
    U, b2, targets = m.U, m.b2, m.targets
    layer = rewritten(m.W_e.detach(), m.W_h.detach(), m.b1.detach())
    g0 = (2 * m.h0.detach() - 1)[None].requires_grad_()
    weights = (layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0)

    def evaluate() -> tuple[Tensor, ...]:
        E = embed_inputs(m)
        g, _ = layer(E, g0)
        logits = functional.linear((1 + g) / 2, U, b2)
        loss = functional.cross_entropy(logits, targets, reduction="sum")
        return (loss.detach(), *torch.autograd.grad(loss, (E, *weights, U, b2, g0)))

    return evaluate


def gradients(result: tuple[Tensor, ...]) -> tuple[float, Gradients]:
    """Return the gradients of the model from those of ``nn.RNN``."""
    loss, g = as_gradients(result)
    dW_h = (g.W_h + g.b1[:, None]) / 4
    return loss, g._replace(W_e=g.W_e / 2, W_h=dW_h, b1=g.b1 / 2, h0=2 * g.h0[0])


PEER = Peer(name="torch nn.RNN", missing=missing, prepare=prepare, gradients=gradients)
