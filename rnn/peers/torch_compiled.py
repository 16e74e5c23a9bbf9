"""``torch.compile`` of the output layer, forward and backward, for these very sizes; the steps stay a plain loop.

Unrolled into one graph, the steps took 0.7 s each to compile (25 s at T = 35, five minutes for all points of the race)
and the whole was no faster: medians of 3.4 and 3.7 ms at (10⁴, 100, 100, 35) against 3.5 and 3.4 ms like this.
PyTorch's prototype of a ``scan`` refused the step ("might be aliasing").
"""

from __future__ import annotations

import os
import shutil

from rnn.model import Params, Tokens
from rnn.peers import torch_eager
from rnn.peers.interface import Evaluation, Peer
from rnn.peers.tensors import Tensor, as_gradients, looked_up, model

COMPILER = "g++"  # what TorchInductor calls where the variable CXX names no other


def prepare(params: Params, tokens: Tokens) -> Evaluation:
    """Loss and gradients, compiled: the first evaluation, which compiles, is made here."""
    import torch

    m = model(params, tokens)
    W_e, W_h, b1, U, b2, h0, targets = m.W_e, m.W_h, m.b1, m.U, m.b2, m.h0, m.targets
    torch.compiler.reset()  # else guards and sizes of earlier points would be tried first
    loss_of = torch.compile(torch_eager.loss_of, dynamic=False, fullgraph=True)

    def evaluate() -> tuple[Tensor, ...]:
        E = looked_up(m)
        loss = loss_of(torch_eager.states_of(E, W_e, W_h, b1, h0), U, b2, targets)
        return (loss.detach(), *torch.autograd.grad(loss, (E, W_e, W_h, b1, U, b2, h0)))

    evaluate()
    return evaluate


def missing() -> str | None:
    """Why nothing can be compiled here."""
    compiler = os.environ.get("CXX", COMPILER)
    no_compiler = None if shutil.which(compiler) else f"there is no C++ compiler ({compiler})"
    return torch_eager.missing() or no_compiler


PEER = Peer(name="torch.compile", missing=missing, prepare=prepare, gradients=as_gradients)
