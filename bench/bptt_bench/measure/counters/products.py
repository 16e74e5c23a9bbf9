"""Products of vectors, matrices and tensors: how many scalar multiplications each one is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bptt_bench.measure.counters.call import Call, OperationCounts, Rule, size


def gufunc_product(call: Call) -> OperationCounts:
    """Count ``matmul`` and its like, which sum over the last core dimension of the first operand."""
    axes, axis = call.option("axes"), call.option("axis")
    summed: Any = -1 if axis is None else axis
    if axes is not None:
        summed = axes[0][-1] if isinstance(axes[0], tuple) else axes[0]
    return {"multiply_adds": size(call.result) * np.shape(call.args[0])[summed]}


def _dot(call: Call) -> OperationCounts:
    """Count ``dot`` and ``inner``, which sum over the last axis of the first operand unless one of them is a scalar."""
    left, right = np.shape(call.args[0]), np.shape(call.args[1])
    return {"multiply_adds": size(call.result) * (left[-1] if left and right else 1)}


def _vdot(call: Call) -> OperationCounts:
    return {"multiply_adds": size(call.args[0])}


def _outer(call: Call) -> OperationCounts:
    return {"multiply_adds": size(call.result)}


def _tensordot(call: Call) -> OperationCounts:
    shape, axes = np.shape(call.args[0]), call.argument(2, "axes", 2)
    if np.ndim(axes) == 0:
        summed = shape[len(shape) - int(axes) :]
    else:
        summed = tuple(shape[axis] for axis in np.atleast_1d(axes[0]))
    return {"multiply_adds": size(call.result) * math.prod(summed)}


def _einsum(call: Call) -> OperationCounts:
    """Count all index extents multiplied, for one or two operands; a mere view of one operand is free."""
    subscripts, *operands = call.args
    if not isinstance(subscripts, str):
        raise call.refuse("with lists of indices")
    if len(operands) > 2:
        raise call.refuse(f"of {len(operands)} operands")
    is_array = isinstance(call.result, np.ndarray)
    if len(operands) == 1 and is_array and call.option("out") is None and next(call.fresh(), None) is None:
        return {}
    inputs = subscripts.replace(" ", "").split("->")[0].split(",")
    extents: dict[str, int] = {}
    ellipses = []
    for labels, operand in zip(inputs, operands, strict=True):
        shape = np.shape(operand)
        before, dots, after = labels.partition("...")
        named = [*zip(before, shape, strict=False), *zip(reversed(after), reversed(shape), strict=False)]
        for label, extent in named:
            (extents[label],) = np.broadcast_shapes((extent,), (extents.get(label, 1),))
        ellipses.append(shape[len(before) : len(shape) - len(after)] if dots else ())
    return {"multiply_adds": math.prod(extents.values()) * math.prod(np.broadcast_shapes(*ellipses))}


def _convolved(call: Call) -> OperationCounts:
    """Count the direct sum of every product of two elements; other modes leave some of them out."""
    if call.argument(2, "mode", "full") != "full":
        raise call.refuse("in another mode than full")
    return {"multiply_adds": size(call.args[0]) * size(call.args[1])}


PRODUCT_RULES: dict[str, Rule] = {
    "dot": _dot,
    "inner": _dot,
    "vdot": _vdot,
    "outer": _outer,
    "kron": _outer,
    "convolve": _convolved,
    "tensordot": _tensordot,
    "einsum": _einsum,
}
