"""The one signature and the one meaning of the result that all algorithms share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bptt_rnn.model import Array, Params, Sizes, Tokens

PhaseSwitch = Callable[[str], None]
PassHook = Callable[[int, int], None]

B = TypeVar("B")

PHASES = ("embed", "recur", "output")


class Model(Protocol):
    """What is asked of the parameters of any model, before anything is computed."""

    @property
    def U(self) -> Array: ...

    def sizes(self, T: int) -> Sizes: ...


class Gradients(NamedTuple):
    """Gradients of the summed loss Σ_t J(t); those of the mean loss are 1/T of them.

    The arrays are views of the workspace: the next call with the same workspace overwrites them.
    """

    L_rows: Array  # (T, d) for the row of L that each step looked up; those of a repeated token add up
    W_e: Array  # (H, d)
    W_h: Array  # (H, H)
    b1: Array  # (H,)
    U: Array  # (V, H)
    b2: Array  # (V,)
    h0: Array  # (H,)

    def dense_L(self, tokens: Tokens, V: int) -> Array:
        """∂J/∂L as a dense array, (V, d): zeros where no token was looked up. For tests and small V."""
        dense = np.zeros((V, self.L_rows.shape[1]), dtype=self.L_rows.dtype)
        np.add.at(dense, tokens[:-1], self.L_rows)
        return dense


class Workspace:
    """Buffers of one algorithm at one size, gradients included: allocated on first use, used again while both stay.

    Another algorithm or another size replaces them, so a workspace never holds more than one set.
    """

    __slots__ = ("_buffers", "_key")

    def __init__(self) -> None:
        self._key: object = None
        self._buffers: Any = None

    def buffers(self, allocate: Callable[[Sizes, PhaseSwitch | None], B], sizes: Sizes, phase: PhaseSwitch | None) -> B:
        """The buffers that ``allocate`` makes for these sizes, or made the last time."""
        key = (allocate, sizes)
        if self._key != key:
            self._key = self._buffers = None  # released before the new ones are taken
            self._buffers = allocate(sizes, phase)
            self._key = key
        buffers: B = self._buffers
        return buffers


class Algorithm(Protocol):
    """Forms the loss and its gradients."""

    def __call__(
        self,
        params: Params,
        tokens: NDArray[np.integer[Any]],
        h0: Array | None = None,
        workspace: Workspace | None = None,
        phase: PhaseSwitch | None = None,
        on_pass: PassHook | None = None,
    ) -> tuple[float, Gradients]:
        """The loss Σ_t J(t) in nats, and its gradients.

        Parameters
        ----------
        params : the model.
        tokens : token ids, (T + 1,); the first T are the inputs, the last T the targets.
        h0 : h(0), (H,); zeros by default.
        workspace : buffers to use again; fresh ones by default.
        phase : called with ``embed``, ``recur`` or ``output`` whenever the code enters that phase.
        on_pass : called with (loss, step), both from 1, before each backward pass through a time step. A sweep that
            carries several losses at once counts as one pass, of the last loss.

        Raises
        ------
        ValueError : fewer than two tokens, or a token id outside 0 … V - 1.
        """
        ...


def begin(params: Model, tokens: Tokens, phase: PhaseSwitch | None) -> tuple[Sizes, list[int]]:
    """Sizes of the problem and the target ids as Python integers, after a check of the tokens.

    Raises
    ------
    ValueError : see ``Algorithm``.
    """
    if phase is not None:
        phase("embed")
    ids: list[int] = tokens.tolist()
    V = len(params.U)
    if len(ids) < 2:
        raise ValueError(f"tokens: {len(ids)} given; at least 2 are needed, an input and its target")
    if min(ids) < 0 or max(ids) >= V:
        wrong = next(token for token in ids if not 0 <= token < V)
        raise ValueError(f"tokens: id {wrong} is not in the vocabulary; allowed are 0 to {V - 1}")
    return params.sizes(len(ids) - 1), ids[1:]
