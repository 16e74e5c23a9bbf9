"""The model with a softmax over classes: p(w) = p(class of w) p(w | its class), after Mikolov 2011.

    ĉ(t) = softmax(Q h(t) + q)                              (C,)
    ŵ(t) = softmax(U_c h(t) + b2_c),  c = class of x(t+1)   (words of a class,)
    J(t) = -log ĉ_c(t) - log ŵ_k(t)

U_c and b2_c are the rows of U and b2 for the words of class c. This is another model with another loss: a step needs
the rows of U of one class, √V words, where the softmax over all words needs V.

Source: Mikolov et al., Extensions of recurrent neural network language model, ICASSP 2011.
"""

from __future__ import annotations

from math import isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from bptt_rnn.model import Array, Params, Sizes


class Classes(NamedTuple):
    """√V classes of consecutive words of one size; only the last may be smaller.

    >>> Classes.of(10)
    Classes(V=10, words=4, number=3)
    """

    V: int
    words: int  # of a class: √V, rounded up
    number: int  # of classes: C

    @classmethod
    def of(cls, V: int) -> Classes:
        """Return the classes of a vocabulary of V ≥ 1 words."""
        words = isqrt(V - 1) + 1
        return cls(V, words, -(-V // words))

    @property
    def missing(self) -> int:
        """Words that the last class has less than the others."""
        return self.words * self.number - self.V

    def first_row(self, c: int) -> int:
        """Return the first of the ``words`` consecutive rows of U that hold class c.

        Where the last class is smaller, its rows come after ``missing`` rows of its neighbour, so that every class has
        the same number of rows; those of the neighbour count as words of probability 0.
        """
        return min(c * self.words, self.V - self.words)


class ClassParams(NamedTuple):
    """Parameters of the model: those of ``bptt_rnn.model.Params`` and of the softmax over classes."""

    L: Array  # (V, d)
    W_e: Array  # (H, d)
    W_h: Array  # (H, H)
    b1: Array  # (H,)
    U: Array  # (V, H)
    b2: Array  # (V,)
    Q: Array  # (C, H)
    q: Array  # (C,)

    @classmethod
    def init(cls, V: int, d: int, H: int, rng: np.random.Generator, dtype: DTypeLike = np.float32) -> ClassParams:
        """Draw parameters as those of ``Params``, Q and q like U and b2.

        Raises
        ------
        ValueError : see ``Params.init``.
        """
        words = Params.init(V, d, H, rng, dtype)
        classes = Params.init(Classes.of(V).number, 1, H, rng, dtype)
        return cls(*words, classes.U, classes.b2)

    def sizes(self, T: int) -> Sizes:
        """Return the sizes of a gradient over T time steps."""
        V, H = self.U.shape
        return Sizes(V, self.L.shape[1], H, T, self.U.dtype)


class ClassGradients(NamedTuple):
    """Gradients of the summed loss; of U and b2 only the rows of classes that the text has touched.

    The arrays are views of the workspace: the next call with the same workspace overwrites them.
    """

    L_rows: Array  # (T, d) for the row of L that each step looked up; those of a repeated token add up
    W_e: Array  # (H, d)
    W_h: Array  # (H, H)
    b1: Array  # (H,)
    U_blocks: Array  # (touched, words, H) rows of U, for each class touched; zero for words of a neighbour
    b2_blocks: Array  # (touched, words)
    Q: Array  # (C, H)
    q: Array  # (C,)
    h0: Array  # (H,)
    first_rows: tuple[int, ...]  # first row of U of each block

    def dense(self, V: int) -> tuple[Array, Array]:
        """Return ∂J/∂U, (V, H), and ∂J/∂b2, (V,), as dense arrays. For tests and small V."""
        U = np.zeros((V, self.U_blocks.shape[2]), self.U_blocks.dtype)
        b2 = np.zeros(V, U.dtype)
        for first, of_U, of_b2 in zip(self.first_rows, self.U_blocks, self.b2_blocks, strict=True):
            U[first : first + len(of_U)] += of_U
            b2[first : first + len(of_b2)] += of_b2
        return U, b2
