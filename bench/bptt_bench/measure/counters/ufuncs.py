"""Universal functions: the category of each, and the number of elements that each of their methods works on."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from bptt_bench.measure.counters.call import (
    NO_RULE,
    Call,
    OperationCounts,
    Rule,
    UncountedOperation,
    arrays_in,
    selected,
    size,
)
from bptt_bench.measure.counters.products import gufunc_product

_NAMES = {
    "adds_multiplies": "add subtract multiply negative positive absolute fabs square conjugate rint floor ceil "
    "trunc modf frexp ldexp copysign deg2rad rad2deg degrees radians invert bitwise_and bitwise_or bitwise_xor "
    "bitwise_count left_shift right_shift",
    "divisions": "divide true_divide floor_divide remainder mod fmod divmod reciprocal sqrt cbrt",
    "transcendentals": "exp exp2 expm1 log log2 log10 log1p logaddexp logaddexp2 sin cos tan sinh cosh tanh arcsin "
    "arccos arctan arctan2 arcsinh arccosh arctanh hypot power pow float_power erf erfc expit logit",
    "comparisons": "maximum minimum fmax fmin less less_equal greater greater_equal equal not_equal logical_and "
    "logical_or logical_xor logical_not isnan isinf isfinite isnat sign signbit heaviside",
}
UFUNC_CATEGORIES = {name: category for category, names in _NAMES.items() for name in names.split()}
UFUNC_PRODUCTS = ("matmul", "vecdot", "matvec", "vecmat")


def ufunc_rule(ufunc: np.ufunc, method: str) -> Rule:
    """Return the rule for a method of a ufunc.

    Raises
    ------
    UncountedOperation : the ufunc, or this method of it, is not known.
    """
    name = ufunc.__name__
    if name in UFUNC_PRODUCTS and method == "__call__":
        return gufunc_product
    category, elements = UFUNC_CATEGORIES.get(name), _METHODS.get(method)
    if category is None or elements is None:
        raise UncountedOperation(f"ufunc {name} ({method}): {NO_RULE}")
    if (name, method) == ("multiply", "outer"):
        category = "multiply_adds"  # an outer product, however it is spelt

    def rule(call: Call) -> OperationCounts:
        return {category: elements(call)}

    return rule


def reduced(call: Call) -> int:
    """Return inputs less outputs; a given initial value adds one input for each output."""
    inputs = selected(np.shape(call.args[0]), _mask(call))
    outputs = size(call.result) if call.option("initial") is None else 0
    return max(0, inputs - outputs)


def index_size(shape: tuple[int, ...], index: object) -> int:
    """Return the number of elements that an index selects from an array of this shape, repeated ones included."""
    probe = np.broadcast_to(np.int8(0), shape)
    return size(probe[index])  # type: ignore[call-overload]  # any index that NumPy takes


def _mapped(call: Call) -> int:
    outputs = call.result if isinstance(call.result, tuple) else (call.result,)
    return sum(selected(np.shape(output), _mask(call)) for output in outputs)


def _mask(call: Call) -> object:
    """Return the mask of the call; one that the call has overwritten no longer says how much was computed."""
    mask = call.option("where")
    if isinstance(mask, np.ndarray) and any(np.may_share_memory(mask, array) for array in arrays_in(call.result)):
        raise call.refuse("with its mask in the memory of its output")
    return mask


def _accumulated(call: Call) -> int:
    shape = np.shape(call.args[0])
    length: int = shape[call.argument(1, "axis", 0)]
    return math.prod(shape) - math.prod(shape) // length if length else 0


def _reduced_at(call: Call) -> int:
    """Return one less than the length of each segment, in every lane."""
    shape = np.shape(call.args[0])
    length: int = shape[call.argument(2, "axis", 0)]
    starts = [int(start) for start in call.args[1]]
    ends = [*starts[1:], length]
    adds_per_lane: int = sum(max(0, end - start - 1) for start, end in zip(starts, ends, strict=True))
    lanes: int = math.prod(shape) // length
    return lanes * adds_per_lane


def _addressed(call: Call) -> int:
    return index_size(np.shape(call.args[0]), call.args[1])


_METHODS: dict[str, Callable[[Call], int]] = {
    "__call__": _mapped,
    "outer": _mapped,
    "reduce": reduced,
    "accumulate": _accumulated,
    "reduceat": _reduced_at,
    "at": _addressed,
}
