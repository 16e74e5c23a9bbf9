"""``batched`` for the model with classes of words: the output layer costs T H (C + V/C), with C ≈ √V classes.

The softmax over classes is made for all steps at once. For the softmax within a class the steps are put in the order of
their classes: the steps of one class are consecutive rows, and share their rows of U. ∂J/∂U and ∂J/∂b2 are kept as the
rows of the classes that the text has touched, like those of L; nothing here goes through all V rows.

What is computed does not depend on how the text falls into classes: that only decides into how many products it is cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bptt_rnn.algorithm import PassHook, PhaseSwitch, Workspace, begin
from bptt_rnn.class_model import Classes, ClassGradients, ClassParams
from bptt_rnn.layers.hidden import HiddenBuffers, hidden_states, hidden_sweep
from bptt_rnn.layers.softmax import SoftmaxBuffers, softmax_loss
from bptt_rnn.model import Array, Sizes, Tokens


@dataclass(slots=True, init=False)
class ClassBuffers(HiddenBuffers):
    """T (C + V/C + 2 d + 7 H) elements, the gradients, and a few per step."""

    classes: Classes
    over_classes: SoftmaxBuffers  # (T, C)
    over_words: SoftmaxBuffers  # (T, words of a class), steps in the order of their classes
    class_of: NDArray[np.intp]  # (T,) class of each target
    column: NDArray[np.intp]  # (T,) place of each target among the rows of its class, in the order of classes
    order: NDArray[np.intp]  # (T,) steps in the order of their classes
    place: NDArray[np.intp]  # (T,) where each step is in that order
    h_sorted: Array  # (T, H) h in the order of classes
    back_sorted: Array  # (T, H) Uᵀ δ in the order of classes
    ones: Array  # (T,)
    last_b2: Array  # (words,) biases of the last class; -∞ for words of its neighbour
    dU: Array  # (classes that T steps can touch, words, H)
    db2: Array  # (classes that T steps can touch, words)
    dQ: Array  # (C, H)
    dq: Array  # (C,)

    def __init__(self, sizes: Sizes, phase: PhaseSwitch | None) -> None:
        HiddenBuffers.__init__(self, sizes, phase)
        V, _, H, T, dtype = sizes
        self.classes = Classes.of(V)
        _, words, C = self.classes
        self.over_classes, self.over_words = SoftmaxBuffers(T, C, dtype), SoftmaxBuffers(T, words, dtype)
        self.class_of, self.column = np.empty(T, np.intp), np.empty(T, np.intp)
        self.order, self.place = np.empty(T, np.intp), np.empty(T, np.intp)
        self.h_sorted, self.back_sorted = np.empty((T, H), dtype), np.empty((T, H), dtype)
        self.ones, self.last_b2 = np.empty(T, dtype), np.empty(words, dtype)
        self.ones.fill(1)
        self.dU, self.db2 = np.empty((min(T, C), words, H), dtype), np.empty((min(T, C), words), dtype)
        self.dQ, self.dq = np.empty((C, H), dtype), np.empty(C, dtype)


class Group(NamedTuple):
    """The steps whose targets are of one class."""

    c: int
    steps: slice  # in the order of classes


def batched_class(
    params: ClassParams,
    tokens: Tokens,
    h0: Array | None = None,
    workspace: Workspace | None = None,
    phase: PhaseSwitch | None = None,
    on_pass: PassHook | None = None,
) -> tuple[float, ClassGradients]:
    """Return loss and gradients of the model with classes by one sweep of T backward passes.

    As ``bptt_rnn.algorithm.Algorithm``, for other parameters and another result. Multiply-adds: forward
    T (H (C + S) + H d + H²), backward 2 T (H (C + S) + H d + H²) + T S, with S = V/C words in a class.
    """
    sizes, targets = begin(params, tokens, phase)
    b = (workspace or Workspace()).buffers(ClassBuffers, sizes, phase)
    hidden_states(params, tokens, h0, b, phase)
    if phase is not None:
        phase("output")
    groups = _sort(targets, b)
    loss = _over_classes(params, b) + _over_words(params, b, groups)
    hidden_sweep(params, b, phase, on_pass)
    n = len(groups)
    touched = tuple(b.classes.first_row(group.c) for group in groups)
    return loss, ClassGradients(
        b.dL_rows, b.dW_e, b.dW_h, b.db1, b.dU[:n], b.db2[:n], b.dQ, b.dq, b.dh0, first_rows=touched
    )


def _sort(targets: list[int], b: ClassBuffers) -> list[Group]:
    """Put the steps in the order of the classes of their targets."""
    classes = b.classes
    class_of = [target // classes.words for target in targets]
    order = sorted(range(len(targets)), key=class_of.__getitem__)
    place = [0] * len(order)
    for i, step in enumerate(order):
        place[step] = i
    b.class_of[...], b.order[...], b.place[...] = class_of, order, place
    b.column[...] = [targets[step] - classes.first_row(class_of[step]) for step in order]
    return list(_groups([class_of[step] for step in order]))


def _groups(sorted_classes: list[int]) -> Iterator[Group]:
    """Yield runs of equal classes."""
    start = 0
    for stop, c in enumerate(sorted_classes, start=1):
        if stop == len(sorted_classes) or sorted_classes[stop] != c:
            yield Group(c, slice(start, stop))
            start = stop


def _over_classes(params: ClassParams, b: ClassBuffers) -> float:
    """Return -Σ_t log ĉ_c(t); write Qᵀ δ into ``from_output``, and the gradients of Q and q."""
    h, O = b.h[1:], b.over_classes.O
    h.dot(params.Q.T, out=O)
    loss = softmax_loss(b.over_classes, b.class_of, params.q)
    O.T.dot(h, out=b.dQ)
    np.add.reduce(O, axis=0, out=b.dq)
    O.dot(params.Q, out=b.from_output)
    return loss


def _over_words(params: ClassParams, b: ClassBuffers, groups: list[Group]) -> float:
    """Return -Σ_t log ŵ_k(t); add U_cᵀ δ to ``from_output``, write the gradients of U and b2 of touched classes."""
    classes, h, O, back = b.classes, b.h_sorted, b.over_words.O, b.back_sorted
    rows = [slice(first, first + classes.words) for first in (classes.first_row(group.c) for group in groups)]
    b.last_b2[: classes.missing].fill(-np.inf)
    b.last_b2[classes.missing :] = params.b2[classes.V - classes.words + classes.missing :]
    b.h[1:].take(b.order, axis=0, out=h, mode="clip")
    for (c, steps), cut in zip(groups, rows, strict=True):
        h[steps].dot(params.U[cut].T, out=O[steps])
        np.add(O[steps], b.last_b2 if c == classes.number - 1 else params.b2[cut], out=O[steps])
    loss = softmax_loss(b.over_words, b.column, None)
    for (_, steps), cut, dU, db2 in zip(groups, rows, b.dU, b.db2, strict=False):
        delta = O[steps]
        delta.T.dot(h[steps], out=dU)
        b.ones[steps].dot(delta, out=db2)  # a sum over steps, as a product: its cost does not depend on the groups
        delta.dot(params.U[cut], out=back[steps])
    back.take(b.place, axis=0, out=h, mode="clip")
    np.add(b.from_output, h, out=b.from_output)
    return loss
