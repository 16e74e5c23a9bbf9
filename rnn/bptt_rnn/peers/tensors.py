"""Common parts of the three peers in PyTorch: parameters as tensors, and gradients as arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

from bptt_rnn.gradients import Gradients
from bptt_rnn.model import Params, Tokens
from bptt_rnn.peers.interface import threads

Tensor = Any  # torch is imported only where it is used, and brings no types that mypy would follow


class Model(NamedTuple):
    """The parameters as tensors that share the memory of the arrays, and the token ids.

    ``L`` has no gradient, which would be V x d zeros for each evaluation; the T rows that are looked up have one.
    """

    L: Tensor  # (V, d)
    W_e: Tensor  # (H, d)
    W_h: Tensor  # (H, H)
    b1: Tensor  # (H,)
    U: Tensor  # (V, H)
    b2: Tensor  # (V,)
    h0: Tensor  # (H,) zeros
    inputs: Tensor  # (T,)
    targets: Tensor  # (T,)


def model(params: Params, tokens: Tokens) -> Model:
    """Return the tensors of a model, after setting the number of threads of PyTorch."""
    import torch

    torch.set_num_threads(threads())
    ids = torch.from_numpy(tokens.astype("int64"))
    W_e, W_h, b1, U, b2 = (
        torch.from_numpy(array).requires_grad_() for array in (params.W_e, params.W_h, params.b1, params.U, params.b2)
    )
    h0 = torch.zeros_like(b1).requires_grad_()
    return Model(torch.from_numpy(params.L), W_e, W_h, b1, U, b2, h0, ids[:-1], ids[1:])


def embed_inputs(m: Model) -> Tensor:
    """Return the embeddings of the inputs (T, d), as a leaf of the graph: its gradient is that of the T rows of L."""
    return m.L.index_select(0, m.inputs).requires_grad_()


def as_gradients(result: tuple[Tensor, ...]) -> tuple[float, Gradients]:
    """Return loss and gradients as a number and arrays that share the tensors' memory."""
    loss, *gradients = result
    return float(loss), Gradients(*(gradient.detach().numpy() for gradient in gradients))
