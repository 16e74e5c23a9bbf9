"""Building blocks of compiled loops: the compiler, a vectorised exponential, and prefetching.

numba recompiles a file when that file changes, not when one that it imports changes. After changing this file, or a
constant that compiled code uses, clear the caches (``make clean``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from bptt_rnn.model import Array

F = TypeVar("F", bound=Callable[..., Any])

# a x + b in one step; FAST also allows sums in any order, which vectorises loops over sums. NaN and infinity are kept,
# so that parameters that are not finite show in the result.
IN_ORDER = {"contract"}
FAST = {*IN_ORDER, "reassoc", "nsz", "arcp"}


def _compiled(function: F, **options: Any) -> F:
    try:
        kept: Any = numba.njit(nogil=True, error_model="numpy", cache=True, **options)(function)
    except RuntimeError:  # no folder is writable: every process compiles anew
        kept = numba.njit(nogil=True, error_model="numpy", **options)(function)
    return cast("F", kept)


def jit(function: F) -> F:
    """Compile at the first call with arrays of a type; the code runs without the interpreter's lock."""
    return _compiled(function, fastmath=FAST)


def jit_in_order(function: F) -> F:
    """Compile with sums in the order in which they are written, as the exponential needs it."""
    return _compiled(function, fastmath=IN_ORDER)


def exp(x: Any) -> Any:
    """Return exp(x) by operations that a loop can vectorise: 0 below the normal range, infinite above it.

    For functions compiled with ``jit_in_order``: x - n log 2 is computed in two steps, in order.

    x = n log 2 + r with |r| ≤ ½ log 2, and exp(x) = 2ⁿ exp(r); 2ⁿ is assembled from its bits. float32: the
    polynomial of the Cephes library (expf), worst relative error 3e-7. float64: the Taylor series up to r¹³, whose rest
    is 4e-18.
    """
    raise NotImplementedError("exp is for compiled code only")


@overload(exp, inline="always")
def exp_of(x: Any) -> Callable[[Any], Any]:
    """Return the exponential for the type of x."""
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


def _prefetch(typing_context: Any, array: Any, place: Any) -> Any:  # noqa: ARG001 - numba passes it
    """Request the cache line of an element, to read it later; the element need not exist."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        data = context.make_array(array)(context, builder, arguments[0]).data
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        function_type = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        insert: Any = cgutils.get_or_insert_function
        function = insert(builder.module, function_type, "llvm.prefetch.p0i8")
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        builder.call(function, [address, word(READ), word(SECOND_LEVEL), word(DATA)])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


READ, SECOND_LEVEL, DATA = 0, 2, 1  # arguments of llvm.prefetch
prefetch = cast("Callable[[Array, int], None]", intrinsic(_prefetch))
