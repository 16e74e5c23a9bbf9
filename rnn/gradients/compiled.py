"""The inner loops of ``fused``, compiled by numba: imported only where numba is wanted.

They follow ``rnn.gradients.kernels`` line by line. Compiled code is kept on disk beside this file, or where numba
keeps it, so that a process compiles only what no process has compiled before. Matrix products are those of SciPy's
BLAS, which numba calls without the interpreter.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import scipy.linalg  # noqa: F401 - its BLAS is loaded here, before anybody looks for the libraries to limit
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from rnn.gradients.kernels import LARGEST_SUM, SMALLEST_WEIGHT, Kernels, Part
from rnn.model import Array

F = TypeVar("F", bound=Callable[..., Any])

# Sums may be taken in any order and a x + b in one step, which lets loops use vectors; NaN and infinity stay what they
# are, so that parameters that are not finite are still seen in the result.
FAST = {"contract", "reassoc", "nsz", "arcp"}


def jit(function: F) -> F:
    """Compiled at the first call with arrays of a type; it runs without the interpreter's lock."""
    compiled: Any = numba.njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy")(function)
    return cast("F", compiled)


def exp(x: Any) -> Any:
    """exp(x) in a few operations that a loop can do in vectors: 0 below the normal range, infinite above it.

    x = n log 2 + r with |r| ≤ ½ log 2, and exp(x) = 2ⁿ exp(r); 2ⁿ is put together from its bits. float32: the
    polynomial of the Cephes library (expf), worst relative error 3e-7. float64: the Taylor series up to r¹³, whose rest
    is 4e-18.
    """
    raise NotImplementedError("exp: only for compiled code, which takes what exp_of chooses")


@overload(exp, inline="always")
def exp_of(x: Any) -> Callable[[Any], Any]:
    """The exponential for the type of x."""
    return _exp_float32 if x == types.float32 else _exp_float64


ZERO_32, HALF_32, ONE_32, INFINITE_32 = np.float32(0), np.float32(0.5), np.float32(1), np.float32(np.inf)
LOW_32, HIGH_32, LOG2E_32 = np.float32(-87), np.float32(88), np.float32(1 / math.log(2))
LOG2_32 = np.float32(0.693359375), np.float32(math.log(2) - 0.693359375)  # n times the first part is exact
CEPHES = tuple(
    np.float32(c)
    for c in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
)
BITS_32, BIAS_32 = np.int32(23), np.int32(127)  # of the mantissa, and of the exponent

LOW_64, HIGH_64, LOG2E_64 = -708.0, 709.0, 1 / math.log(2)
LOG2_64 = 0.6931471803691238, 1.9082149292705877e-10  # the split of fdlibm
TAYLOR = tuple(1 / math.factorial(k) for k in range(13, 1, -1))
BITS_64, BIAS_64 = np.int64(52), np.int64(1023)


def _exp_float32(x: Any) -> Any:
    y = max(min(x, HIGH_32), LOW_32)
    n = np.floor(y * LOG2E_32 + HALF_32)
    r = y - n * LOG2_32[0]
    r = r - n * LOG2_32[1]
    p = CEPHES[0] * r + CEPHES[1]
    p = p * r + CEPHES[2]
    p = p * r + CEPHES[3]
    p = p * r + CEPHES[4]
    p = p * r + CEPHES[5]
    p = p * r * r + r + ONE_32
    power = np.int32((np.int32(n) + BIAS_32) << BITS_32).view(np.float32)
    value = INFINITE_32 if x > HIGH_32 else p * power
    return ZERO_32 if x < LOW_32 else value


def _exp_float64(x: Any) -> Any:
    y = max(min(x, HIGH_64), LOW_64)
    n = np.floor(y * LOG2E_64 + 0.5)
    r = y - n * LOG2_64[0]
    r = r - n * LOG2_64[1]
    p = TAYLOR[0] * r + TAYLOR[1]
    p = p * r + TAYLOR[2]
    p = p * r + TAYLOR[3]
    p = p * r + TAYLOR[4]
    p = p * r + TAYLOR[5]
    p = p * r + TAYLOR[6]
    p = p * r + TAYLOR[7]
    p = p * r + TAYLOR[8]
    p = p * r + TAYLOR[9]
    p = p * r + TAYLOR[10]
    p = p * r + TAYLOR[11]
    p = p * r * r + r + 1.0
    power = np.int64((np.int64(n) + BIAS_64) << BITS_64).view(np.float64)
    value = np.inf if x > HIGH_64 else p * power
    return 0.0 if x < LOW_64 else value


# --- the recurrence ---


@jit
def hidden(W_h: Array, A: Array, h: Array) -> None:
    """See ``rnn.gradients.kernels.Hidden``."""
    one = h.dtype.type(1)
    for t in range(len(A)):
        z, a = h[t + 1], A[t]
        np.dot(W_h, h[t], z)
        for i in range(len(z)):
            z[i] = one / (one + exp(-(z[i] + a[i])))


@jit
def sweep(W_h: Array, from_output: Array, h: Array, r: Array, gamma: Array, first: int, last: int) -> None:
    """See ``rnn.gradients.kernels.Sweep``."""
    one = h.dtype.type(1)
    for t in range(last - 1, first - 1, -1):
        r_t, h_t, g_t = r[t], h[t + 1], from_output[t]
        for i in range(len(r_t)):
            r_t[i] = (gamma[i] + g_t[i]) * h_t[i] * (one - h_t[i])
        np.dot(r_t, W_h, gamma)


# --- the output layer, a part of the vocabulary at a time ---


@jit
def _add_rows(e: Array, b2: Array) -> None:
    """o = U h + b2, the product in e."""
    for v in range(e.shape[0]):
        b = b2[v]
        for t in range(e.shape[1]):
            e[v, t] += b


@jit
def _subtract(e: Array, b2: Array, c: Array) -> None:
    """o - c = U h + b2 - c, the product in e."""
    for v in range(e.shape[0]):
        b = b2[v]
        for t in range(e.shape[1]):
            e[v, t] += b - c[t]


@jit
def _exponentiate(e: Array) -> None:
    """exp of all elements (n,); as one line, since the rest of every row of T would cost as much as another vector."""
    for i in range(len(e)):
        e[i] = exp(e[i])


@jit
def _largest(e: Array, largest: Array) -> None:
    """The larger of ``largest`` and the maximum of each column; NaN is passed on."""
    for v in range(e.shape[0]):
        for t in range(e.shape[1]):
            if not e[v, t] <= largest[t]:
                largest[t] = e[v, t]


@jit
def _sums(e: Array, sums: Array) -> bool:
    """The sums of the columns; whether none is too large."""
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
    """Bring what a part has summed up, and its E so far, to the shift ``largest``; ``down`` is the old less the new."""
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
        np.dot(u, hT, e)
        if a == 0:
            _add_rows(e, b)
            c[:] = e[0]
            _largest(e, c)
            np.dot(u, hT, e)
        _subtract(e, b, c)
        while place < len(targets) and targets[place] < start + z:
            of_target[steps[place]] = e[targets[place] - start - a, steps[place]]
            place += 1
        _exponentiate(e.reshape(-1))
        if not _sums(e, sums):
            np.dot(u, hT, e)
            _add_rows(e, b)
            largest, down = c.copy(), c.copy()
            _largest(e, largest)
            _move_shift(c, s, G, E[:a], largest, down)
            for i in range(first, place):
                of_target[steps[i]] += down[steps[i]]
            np.dot(u, hT, e)
            _subtract(e, b, c)
            _exponentiate(e.reshape(-1))
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


# Compiled code takes arrays: a named tuple would have its type worked out anew at every call.


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
    """See ``rnn.gradients.kernels.OutputForward``."""
    start, _, E, c, s, G, scratch, sums, *_ = part
    _output_forward(U, b2, hT, E, c, s, G, scratch, sums, start, tile, targets, steps, of_target)


def output_back(h: Array, part: Part, tile: int, targets: NDArray[np.intp], steps: NDArray[np.intp]) -> None:
    """See ``rnn.gradients.kernels.OutputBack``."""
    _output_back(h, part.E, part.weight, part.scratch, part.dU, part.db2, part.start, tile, targets, steps)


COMPILED = Kernels(hidden, sweep, output_forward, output_back)
