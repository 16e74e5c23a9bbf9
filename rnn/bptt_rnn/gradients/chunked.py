"""``batched`` with the output layer in chunks of words, so that T V elements are never kept.

There are two passes over the chunks. The first finds the largest logit and Σ exp(o - max o) of every step, with a
running maximum to which the sum so far is rescaled. The second recomputes the logits, and from them δ, the chunk's rows
of ∂J/∂U, and its contribution to Uᵀ δ. That is one product more than the three of ``batched``.

Chunks of steps instead would repeat no product, but T/chunk times read and write ∂J/∂U, V H elements, and keep
chunk · V; chunks of words keep T · chunk, whatever V is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bptt_rnn.algorithm import Gradients, PassHook, PhaseSwitch, Workspace, begin
from bptt_rnn.layers.hidden import HiddenBuffers, hidden_states, hidden_sweep
from bptt_rnn.model import Array, Params, Sizes, Tokens

# Words of a chunk: with some hundred steps the logits, and the rows of U, take as much as a cache of 1 MiB holds.
WORDS = 1024


class Chunk(NamedTuple):
    """Some words, and views of their buffers."""

    words: slice
    O: Array  # (T, words) logits, then exp(o - max o) or δ; all chunks use the same memory
    dU: Array  # (words, H)
    db2: Array  # (words,)


@dataclass(slots=True, init=False)
class ChunkedBuffers(HiddenBuffers):
    """T (words + 2 d + 6 H) elements, the gradients, and a few per step."""

    gradients: Gradients
    largest: Array  # (T, 1) of the logits so far
    further: Array  # (T, 1) the same with the next chunk
    total: Array  # (T, 1) Σ exp(o - max o), then J
    of_chunk: Array  # (T, 1) the same of one chunk
    of_target: Array  # (T,) o_k - max o
    part: Array  # (T, H) what a chunk adds to Uᵀ δ
    chunks: list[Chunk]


@dataclass(frozen=True, slots=True)
class Chunking:
    """Words of a chunk; allocates buffers. It compares by value, so that a workspace recognises its buffers."""

    words: int

    def __call__(self, sizes: Sizes, phase: PhaseSwitch | None) -> ChunkedBuffers:
        V, _, H, T, dtype = sizes
        b = ChunkedBuffers(sizes, phase)
        dU, db2 = np.empty((V, H), dtype), np.empty(V, dtype)
        b.gradients = Gradients(b.dL_rows, b.dW_e, b.dW_h, b.db1, dU, db2, b.dh0)
        b.largest, b.further = np.empty((T, 1), dtype), np.empty((T, 1), dtype)
        b.total, b.of_chunk = np.empty((T, 1), dtype), np.empty((T, 1), dtype)
        b.of_target, b.part = np.empty(T, dtype), np.empty((T, H), dtype)
        logits = np.empty(T * min(self.words, V), dtype)
        cuts = [slice(first, min(first + self.words, V)) for first in range(0, V, self.words)]
        b.chunks = [
            Chunk(cut, logits[: T * width].reshape(T, width), dU[cut], db2[cut])
            for cut, width in ((cut, cut.stop - cut.start) for cut in cuts)
        ]
        return b


def batched_chunked(
    params: Params,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
    *,
    words: int = WORDS,
) -> tuple[float, Gradients]:
    """Return loss and gradients by one sweep of T backward passes; see ``bptt_rnn.algorithm.Algorithm``.

    Multiply-adds: forward T (2 H V + H d + H²), backward 2 T (H V + H d + H²).

    Parameters
    ----------
    words : of a chunk.

    Raises
    ------
    ValueError : ``words`` is below 1.
    """
    if words < 1:
        raise ValueError(f"`words` must be a whole number from 1, got {words!r}")
    sizes, targets = begin(params, tokens, phase)
    b = (workspace or Workspace()).buffers(Chunking(words), sizes, phase)
    hidden_states(params, tokens, h0, b, phase)
    if phase is not None:
        phase("output")
    largest = _normaliser(params, b)
    loss = _output_back(params, b, largest, _targets_of_chunks(targets, words))
    hidden_sweep(params, b, phase, on_pass)
    return loss, b.gradients


Targets = dict[int, list[tuple[int, int]]]  # chunk -> (step from 0, column of its target in the chunk)


def _targets_of_chunks(targets: list[int], words: int) -> Targets:
    found: Targets = {}
    for step, target in enumerate(targets):
        chunk, column = divmod(target, words)
        found.setdefault(chunk, []).append((step, column))
    return found


def _logits(params: Params, b: ChunkedBuffers, chunk: Chunk) -> None:
    b.h[1:].dot(params.U[chunk.words].T, out=chunk.O)
    np.add(chunk.O, params.b2[chunk.words], out=chunk.O)


def _normaliser(params: Params, b: ChunkedBuffers) -> Array:
    """Return the largest logit of every step; write Σ exp(o - max o) into ``total``."""
    largest, further, total = b.largest, b.further, b.total
    largest.fill(-np.inf)
    total.fill(0)
    for chunk in b.chunks:
        O = chunk.O
        _logits(params, b, chunk)
        np.maximum.reduce(O, axis=1, keepdims=True, out=further)
        np.maximum(further, largest, out=further)
        np.subtract(O, further, out=O)
        np.exp(O, out=O)
        np.add.reduce(O, axis=1, keepdims=True, out=b.of_chunk)
        np.subtract(largest, further, out=largest)
        np.exp(largest, out=largest)
        np.multiply(total, largest, out=total)
        np.add(total, b.of_chunk, out=total)
        largest, further = further, largest
    return largest


def _output_back(params: Params, b: ChunkedBuffers, largest: Array, targets: Targets) -> float:
    """Return Σ_t J(t); write Uᵀ δ of all steps, and the gradients of U and b2."""
    h, from_output, part, total, of_target = b.h[1:], b.from_output, b.part, b.total, b.of_target
    from_output.fill(0)
    for place, chunk in enumerate(b.chunks):
        O, here = chunk.O, targets.get(place, ())
        _logits(params, b, chunk)
        np.subtract(O, largest, out=O)
        for step, column in here:
            of_target[step] = O[step, column]
        np.exp(O, out=O)
        np.divide(O, total, out=O)
        for step, column in here:
            O[step, column] -= 1  # δ = ŷ - y
        O.T.dot(h, out=chunk.dU)
        np.add.reduce(O, axis=0, out=chunk.db2)
        O.dot(params.U[chunk.words], out=part)
        np.add(from_output, part, out=from_output)
    losses = total[:, 0]
    np.log(losses, out=losses)
    np.subtract(losses, of_target, out=losses)
    return float(np.add.reduce(losses))
