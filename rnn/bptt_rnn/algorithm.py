"""Signature of all algorithms, their results and their workspace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bptt_rnn.model import Array, Params, Sizes, Tokens

PhaseSwitch = Callable[[str], None]
PassHook = Callable[[Sequence[int], int], None]  # the losses that a pass carries, and the step that it passes

B = TypeVar("B")

PHASES = ("embed", "recur", "output")


class Model(Protocol):
    """What algorithms need to know of the parameters of any model before they compute."""

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
        """Return ∂J/∂L as a dense array, (V, d): zeros where no token was looked up. For tests and small V."""
        dense = np.zeros((V, self.L_rows.shape[1]), dtype=self.L_rows.dtype)
        np.add.at(dense, tokens[:-1], self.L_rows)
        return dense


class Workspace:
    """Buffers of one algorithm at one size, gradients included, which are reused while both stay the same.

    Another algorithm or another size replaces them, so a workspace never holds more than one set.
    """

    __slots__ = ("_buffers", "_key")

    def __init__(self) -> None:
        self._key: object = None
        self._buffers: Any = None

    def buffers(self, allocate: Callable[[Sizes, PhaseSwitch | None], B], sizes: Sizes, phase: PhaseSwitch | None) -> B:
        """Return the buffers that ``allocate`` makes for these sizes, or those of the last call."""
        key = (allocate, sizes)
        if self._key != key:
            self._key = self._buffers = None  # released before the new ones are taken
            self._buffers = allocate(sizes, phase)
            self._key = key
        buffers: B = self._buffers
        return buffers


class Algorithm(Protocol):
    """An algorithm for the loss and its gradients."""

    def __call__(
        self,
        params: Params,
        tokens: NDArray[np.integer[Any]],
        h0: Array | None = None,
        workspace: Workspace | None = None,
        phase: PhaseSwitch | None = None,
        on_pass: PassHook | None = None,
    ) -> tuple[float, Gradients]:
        """Return the loss Σ_t J(t) in nats, and its gradients.

        Parameters
        ----------
        params : the model.
        tokens : token ids, (T + 1,); the first T are the inputs, the last T the targets.
        h0 : h(0), (H,); zeros by default.
        workspace : buffers to reuse; new ones by default.
        phase : called with ``embed``, ``recur`` or ``output`` whenever the code enters that phase.
        on_pass : called with (losses, step), all from 1, before each backward pass through a time step. The losses are
            those whose errors the pass carries in its γ, which it sends to the step before.

        Raises
        ------
        ValueError : there are fewer than two tokens, or an id is outside 0 … V - 1.
        """
        ...


def begin(params: Model, tokens: Tokens, phase: PhaseSwitch | None) -> tuple[Sizes, list[int]]:
    """Return the sizes of the problem and the target ids as Python integers, after a check of the tokens.

    Raises
    ------
    ValueError : see ``Algorithm``.
    """
    if phase is not None:
        phase("embed")
    ids: list[int] = tokens.tolist()
    V = len(params.U)
    if len(ids) < 2:
        raise ValueError(f"`tokens` must have at least 2 elements, an input and its target, got {len(ids)}")
    if min(ids) < 0 or max(ids) >= V:
        wrong = next(token for token in ids if not 0 <= token < V)
        raise ValueError(f"`tokens` must be ids from 0 to {V - 1}, got {wrong}")
    return params.sizes(len(ids) - 1), ids[1:]
