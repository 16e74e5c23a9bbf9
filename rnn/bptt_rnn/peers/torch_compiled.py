"""``torch.compile`` of the loop: forward and backward pass traced, fused and compiled for the given sizes."""

from __future__ import annotations

import os
import shutil

from bptt_rnn.model import Params, Tokens
from bptt_rnn.peers import torch_eager
from bptt_rnn.peers.interface import Evaluation, Peer
from bptt_rnn.peers.tensors import Tensor, as_gradients, embed_inputs, model

COMPILER = "g++"  # of TorchInductor, unless the variable CXX names another


def prepare(params: Params, tokens: Tokens) -> Evaluation:
    """Prepare loss and gradients, compiled by a first evaluation."""
    import torch

    m = model(params, tokens)
    W_e, W_h, b1, U, b2, h0, targets = m.W_e, m.W_h, m.b1, m.U, m.b2, m.h0, m.targets
    torch.compiler.reset()  # or guards and sizes of earlier points would be tried first
    loss_of = torch.compile(torch_eager.loss_of, dynamic=False, fullgraph=True)

    def evaluate() -> tuple[Tensor, ...]:
        E = embed_inputs(m)
        loss = loss_of(E, W_e, W_h, b1, U, b2, h0, targets)
        return (loss.detach(), *torch.autograd.grad(loss, (E, W_e, W_h, b1, U, b2, h0)))

    evaluate()
    return evaluate


def missing() -> str | None:
    """Return why nothing can be compiled here."""
    compiler = os.environ.get("CXX", COMPILER)
    no_compiler = None if shutil.which(compiler) else f"there is no C++ compiler ({compiler})"
    return torch_eager.missing() or no_compiler


PEER = Peer(name="torch.compile", missing=missing, prepare=prepare, gradients=as_gradients)
