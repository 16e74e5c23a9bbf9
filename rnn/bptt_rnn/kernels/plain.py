"""The inner loops of ``fused``: their signatures, and their implementation in NumPy for use without numba.

The output layer is computed in parts of the vocabulary, and a part in tiles that stay in the cache. A part keeps
exponentials E = exp(o - c), with a shift c(t) of its own that need not be the maximum: any c near it cancels in ŷ = E/Σ
E. The shift is the logit of the part's first word, and moves only if a tile exceeds it so far that sums might lose
their range. So a tile costs no pass for its maximum. Source of the rescaled sums: Milakov and Gimelshein, 2018,
algorithm 3.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bptt_rnn.layers.steps import HALF, sigmoid
from bptt_rnn.model import Array

# A tile whose exponentials sum to more than this moves the shift. It is far below the range of float32, so that the
# sums of 10⁶ words times weights of 10⁴ stay finite, and far above the sums of a tile with logits less than 20 above
# the shift.
LARGEST_SUM = 1e12
# Below this weight of a part its 1/weight, the size of y on the scale of E, would leave the range of float32.
SMALLEST_WEIGHT = 1e-30


class Part(NamedTuple):
    """A part of the vocabulary: words ``start`` to ``stop``, with the results of both passes."""

    start: int
    stop: int
    E: Array  # (words, T) exp(o - c)
    c: Array  # (T,) shift
    s: Array  # (T,) Σ E
    G: Array  # (T, H) Eᵀ U
    scratch: Array  # (T, H)
    sums: Array  # (T,) scratch
    weight: Array  # (T,) factor from E to the part's ŷ
    dU: Array  # (words, H)
    db2: Array  # (words,)


class Hidden(Protocol):
    """h(1) … h(T) into ``h`` (T + 1, H), from h(0) there and A = W_e e + b1 (T, H)."""

    def __call__(self, W_h: Array, A: Array, h: Array) -> None: ...


class Sweep(Protocol):
    """r(last) … r(first + 1) into ``r`` (T, H), and γ(last) → γ(first) in place."""

    def __call__(
        self, W_h: Array, from_output: Array, h: Array, r: Array, gamma: Array, first: int, last: int
    ) -> None: ...


class OutputForward(Protocol):
    """E, c, s and G of a part, and o_k - c of those of the targets, sorted, that are in it."""

    def __call__(
        self,
        U: Array,
        b2: Array,
        hT: Array,
        part: Part,
        tile: int,
        targets: NDArray[np.intp],
        steps: NDArray[np.intp],
        of_target: Array,
    ) -> None: ...


class OutputBack(Protocol):
    """∂J/∂U and ∂J/∂b2 of a part, from its E and its weight."""

    def __call__(self, h: Array, part: Part, tile: int, targets: NDArray[np.intp], steps: NDArray[np.intp]) -> None: ...


class Kernels(NamedTuple):
    """One implementation of the inner loops."""

    hidden: Hidden
    sweep: Sweep
    output_forward: OutputForward
    output_back: OutputBack


def hidden(W_h: Array, A: Array, h: Array) -> None:
    """See ``Hidden``."""
    half = HALF[h.dtype]
    for t, a in enumerate(A):
        z = h[t + 1]
        W_h.dot(h[t], out=z)
        np.add(z, a, out=z)
        sigmoid(z, half)


def sweep(W_h: Array, from_output: Array, h: Array, r: Array, gamma: Array, first: int, last: int) -> None:
    """See ``Sweep``."""
    for t in range(last - 1, first - 1, -1):
        r_t, h_t = r[t], h[t + 1]
        np.subtract(1, h_t, out=r_t)
        np.multiply(r_t, h_t, out=r_t)
        np.add(gamma, from_output[t], out=gamma)
        np.multiply(r_t, gamma, out=r_t)
        r_t.dot(W_h, out=gamma)


def output_forward(
    U: Array,
    b2: Array,
    hT: Array,
    part: Part,
    tile: int,
    targets: NDArray[np.intp],
    steps: NDArray[np.intp],
    of_target: Array,
) -> None:
    """See ``OutputForward``."""
    start, stop, E, c, s, G, scratch, sums, *_ = part
    s.fill(0)
    G.fill(0)
    first = place = int(np.searchsorted(targets, start))
    for a in range(0, stop - start, tile):
        e = E[a : a + tile]
        end = start + a + len(e)
        u, b = U[start + a : end], b2[start + a : end]
        _logits(u, b, hT, e)
        if a == 0:
            c[...] = e[0]
        np.subtract(e, c, out=e)
        while place < len(targets) and targets[place] < end:
            of_target[steps[place]] = e[targets[place] - start - a, steps[place]]
            place += 1
        with np.errstate(over="ignore"):
            np.exp(e, out=e)
            np.add.reduce(e, axis=0, out=sums)
        if not (sums <= LARGEST_SUM).all():
            _logits(u, b, hT, e)
            down = c - np.maximum(c, np.maximum.reduce(e, axis=0))
            np.subtract(c, down, out=c)
            of_target[steps[first:place]] += down[steps[first:place]]
            np.exp(down, out=down)
            np.multiply(s, down, out=s)
            np.multiply(G, down[:, np.newaxis], out=G)
            np.multiply(E[:a], down, out=E[:a])
            np.subtract(e, c, out=e)
            np.exp(e, out=e)
            np.add.reduce(e, axis=0, out=sums)
        np.add(s, sums, out=s)
        e.T.dot(u, out=scratch)
        np.add(G, scratch, out=G)


def _logits(U: Array, b2: Array, hT: Array, e: Array) -> None:
    """Write o of some words into ``e``."""
    U.dot(hT, out=e)
    np.add(e, b2[:, np.newaxis], out=e)


def output_back(h: Array, part: Part, tile: int, targets: NDArray[np.intp], steps: NDArray[np.intp]) -> None:
    """See ``OutputBack``."""
    start, stop, E, weight, dU, db2 = part.start, part.stop, part.E, part.weight, part.dU, part.db2
    place, last = np.searchsorted(targets, (start, stop))
    own = [(int(k) - start, int(t)) for k, t in zip(targets[place:last], steps[place:last], strict=True)]
    for k, t in own:
        if weight[t] >= SMALLEST_WEIGHT:
            E[k, t] -= 1 / weight[t]
    weighted = np.multiply(h, weight[:, np.newaxis], out=part.scratch)
    for a in range(0, stop - start, tile):
        e = E[a : a + tile]
        e.dot(weighted, out=dU[a : a + tile])
        e.dot(weight, out=db2[a : a + tile])
    for k, t in own:
        if weight[t] < SMALLEST_WEIGHT:
            dU[k] -= h[t]
            db2[k] -= 1


PLAIN = Kernels(hidden, sweep, output_forward, output_back)
