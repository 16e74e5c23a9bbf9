"""The inner loops of ``fused``, compiled by numba, and imported only for use with numba.

They follow ``bptt_rnn.kernels.plain`` step by step, and prefetch the next tile of U into the cache. Compiled code is
cached on disk beside this file, or in numba's cache folder, for later processes. Matrix products are those of SciPy's
BLAS, which numba calls without the interpreter.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg  # noqa: F401 - its BLAS must be loaded before threads of libraries are limited
from numpy.typing import NDArray

from bptt_rnn.kernels.intrinsics import exp, jit, jit_in_order, prefetch
from bptt_rnn.kernels.plain import LARGEST_SUM, SMALLEST_WEIGHT, Kernels, Part
from bptt_rnn.model import Array

# Elements between two rounds of fetching: 6 vectors of exponentials, arithmetic enough to hide the wait for some lines.
BLOCK = 96
LINE_BYTES = 64  # of a cache, on x86 and most of ARM; longer lines are fetched twice


# --- the recurrence ---


@jit_in_order
def hidden(W_h: Array, A: Array, h: Array) -> None:
    """See ``bptt_rnn.kernels.plain.Hidden``."""
    one = h.dtype.type(1)
    for t in range(len(A)):
        z, a = h[t + 1], A[t]
        np.dot(W_h, h[t], z)
        for i in range(len(z)):
            z[i] = one / (one + exp(-(z[i] + a[i])))


@jit
def sweep(W_h: Array, from_output: Array, h: Array, r: Array, gamma: Array, first: int, last: int) -> None:
    """See ``bptt_rnn.kernels.plain.Sweep``."""
    one = h.dtype.type(1)
    for t in range(last - 1, first - 1, -1):
        r_t, h_t, g_t = r[t], h[t + 1], from_output[t]
        for i in range(len(r_t)):
            r_t[i] = (gamma[i] + g_t[i]) * h_t[i] * (one - h_t[i])
        np.dot(r_t, W_h, gamma)


# --- the output layer, a part of the vocabulary at a time ---


@jit_in_order
def _exponents(e: Array, b2: Array, c: Array) -> None:
    """Compute (U h + b2) - c with the product in e; in this order of sums, the word of c has 0."""
    for v in range(e.shape[0]):
        b = b2[v]
        for t in range(e.shape[1]):
            e[v, t] = (e[v, t] + b) - c[t]


@jit_in_order
def _exp(e: Array) -> None:
    for i in range(len(e)):
        e[i] = exp(e[i])


@jit
def _exponentiate(e: Array, ahead: Array) -> None:
    """Compute exp of all elements (n,) as one line: the end of every row of T would cost another vector.

    Meanwhile ``ahead``, (m,), is fetched, some lines beside each block. Measured on Zen 4 at (H, T) = (100, 35), one
    thread: 175 ns a word for all of the first pass, 205 ns without.
    """
    step = LINE_BYTES // e.itemsize
    blocks = len(e) // BLOCK + 1
    lines = len(ahead) // (step * blocks) + 1
    place = 0
    for k in range(blocks):
        for _ in range(lines):
            if place < len(ahead):
                prefetch(ahead, place)
            place += step
        _exp(e[k * BLOCK : (k + 1) * BLOCK])


@jit
def _largest(e: Array, b2: Array, largest: Array) -> None:
    """Write the larger of ``largest`` and the largest logit of each step, the product in e; NaN is kept."""
    for v in range(e.shape[0]):
        for t in range(e.shape[1]):
            o = e[v, t] + b2[v]
            if not o <= largest[t]:
                largest[t] = o


@jit
def _sums(e: Array, sums: Array) -> bool:
    """Write the sums of the columns; return whether all are small enough."""
    sums[:] = 0
    for v in range(e.shape[0]):
        for t in range(e.shape[1]):
            sums[t] += e[v, t]
    fine = True
    for t in range(len(sums)):
        fine &= sums[t] <= LARGEST_SUM
    return fine


@jit
def _move_shift(c: Array, s: Array, G: Array, E: Array, largest: Array, down: Array) -> None:
    """Rescale the sums of a part, and its E so far, to the shift ``largest``; ``down`` is the old less the new."""
    for t in range(len(c)):
        down[t] = c[t] - largest[t]
        c[t] = largest[t]
        factor = np.exp(down[t])
        s[t] *= factor
        for i in range(G.shape[1]):
            G[t, i] *= factor
        for v in range(E.shape[0]):
            E[v, t] *= factor


@jit
def _output_forward(
    U: Array,
    b2: Array,
    hT: Array,
    E: Array,
    c: Array,
    s: Array,
    G: Array,
    scratch: Array,
    sums: Array,
    start: int,
    tile: int,
    targets: NDArray[np.intp],
    steps: NDArray[np.intp],
    of_target: Array,
) -> None:
    s[:] = 0
    G[:] = 0
    words = len(E)
    first = place = np.searchsorted(targets, start)
    for a in range(0, words, tile):
        z = min(a + tile, words)
        e, u, b = E[a:z], U[start + a : start + z], b2[start + a : start + z]
        ahead = U[start + z : start + min(z + tile, words)].reshape(-1)
        np.dot(u, hT, e)
        if a == 0:
            for t in range(len(c)):
                c[t] = e[0, t] + b[0]
        _exponents(e, b, c)
        while place < len(targets) and targets[place] < start + z:
            of_target[steps[place]] = e[targets[place] - start - a, steps[place]]
            place += 1
        _exponentiate(e.reshape(-1), ahead)
        if not _sums(e, sums):
            np.dot(u, hT, e)
            largest, down = c.copy(), c.copy()
            _largest(e, b, largest)
            _move_shift(c, s, G, E[:a], largest, down)
            for i in range(first, place):
                of_target[steps[i]] += down[steps[i]]
            _exponents(e, b, c)
            _exponentiate(e.reshape(-1), ahead)
            _sums(e, sums)
        for t in range(len(s)):
            s[t] += sums[t]
        np.dot(e.T, u, scratch)
        for t in range(G.shape[0]):
            for i in range(G.shape[1]):
                G[t, i] += scratch[t, i]


@jit
def _output_back(
    h: Array,
    E: Array,
    weight: Array,
    scratch: Array,
    dU: Array,
    db2: Array,
    start: int,
    tile: int,
    targets: NDArray[np.intp],
    steps: NDArray[np.intp],
) -> None:
    words = len(E)
    first, last = np.searchsorted(targets, start), np.searchsorted(targets, start + words)
    for i in range(first, last):
        t = steps[i]
        if weight[t] >= SMALLEST_WEIGHT:
            E[targets[i] - start, t] -= 1 / weight[t]
    for t in range(h.shape[0]):
        for i in range(h.shape[1]):
            scratch[t, i] = h[t, i] * weight[t]
    for a in range(0, words, tile):
        z = min(a + tile, words)
        np.dot(E[a:z], scratch, dU[a:z])
        np.dot(E[a:z], weight, db2[a:z])
    for i in range(first, last):
        t = steps[i]
        if weight[t] < SMALLEST_WEIGHT:
            k = targets[i] - start
            db2[k] -= 1
            for j in range(h.shape[1]):
                dU[k, j] -= h[t, j]


# Compiled code takes arrays: the type of a named tuple would be inferred anew at every call.


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
    """See ``bptt_rnn.kernels.plain.OutputForward``."""
    start, _, E, c, s, G, scratch, sums, *_ = part
    _output_forward(U, b2, hT, E, c, s, G, scratch, sums, start, tile, targets, steps, of_target)


def output_back(h: Array, part: Part, tile: int, targets: NDArray[np.intp], steps: NDArray[np.intp]) -> None:
    """See ``bptt_rnn.kernels.plain.OutputBack``."""
    _output_back(h, part.E, part.weight, part.scratch, part.dU, part.db2, part.start, tile, targets, steps)


COMPILED = Kernels(hidden, sweep, output_forward, output_back)
