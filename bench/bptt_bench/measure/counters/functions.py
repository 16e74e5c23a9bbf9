"""Functions and array methods: one rule each. A name that is not here is refused."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bptt_bench.measure.counters.call import Call, OperationCounts, Rule, arrays_in, selected, size
from bptt_bench.measure.counters.products import PRODUCT_RULES
from bptt_bench.measure.counters.ufuncs import index_size, reduced


def free(_: Call) -> OperationCounts:
    """Count nothing: nothing is computed and nothing is written."""
    return {}


def copied_if_needed(call: Call) -> OperationCounts:
    """Count the elements of results that are not views: ``reshape`` and its like copy only what they must."""
    return {"elements_moved": sum(array.size for array in call.fresh())}


def written(call: Call) -> OperationCounts:
    """Count every element of the result, wherever it is written."""
    return {"elements_moved": sum(array.size for array in arrays_in(call.result))}


def _exported(call: Call) -> OperationCounts:
    """Count every element of an array that is turned into another object."""
    return {"elements_moved": size(call.args[0])}


def _reduces(category: str, most_positional: int) -> Rule:
    """Return the rule of a reduction. ``initial`` and ``where`` are read by name, so they are refused by position."""

    def rule(call: Call) -> OperationCounts:
        if len(call.args) > most_positional:
            raise call.refuse("with initial or where given by position")
        return {category: reduced(call)}

    return rule


def _mean(call: Call) -> OperationCounts:
    return {"adds_multiplies": reduced(call), "divisions": size(call.result)}


def _variance(call: Call) -> OperationCounts:
    """Count mean, differences, squares, their sum, and a division."""
    if call.option("mean") is not None or call.option("where") is not None:
        raise call.refuse("with mean or where")
    inputs, outputs = size(call.args[0]), size(call.result)
    return {"adds_multiplies": 2 * max(0, inputs - outputs) + 2 * inputs, "divisions": 2 * outputs}


def _deviation(call: Call) -> OperationCounts:
    tally = _variance(call)
    return {**tally, "divisions": tally["divisions"] + size(call.result)}  # the root


def _range(call: Call) -> OperationCounts:
    return {"comparisons": 2 * reduced(call), "adds_multiplies": size(call.result)}


def _lanes(shape: tuple[int, ...], axis: int) -> int:
    return math.prod(shape) // shape[axis] if shape[axis] else 0


def _cumulated(call: Call) -> OperationCounts:
    shape, axis = np.shape(call.args[0]), call.argument(1, "axis")
    lanes = min(1, math.prod(shape)) if axis is None else _lanes(shape, axis)
    return {"adds_multiplies": math.prod(shape) - lanes}


def _differences(call: Call) -> OperationCounts:
    if len(call.args) > 3 or call.option("prepend") is not None or call.option("append") is not None:
        raise call.refuse("with prepend or append")
    shape, times, axis = np.shape(call.args[0]), call.argument(1, "n", 1), call.argument(2, "axis", -1)
    return {"adds_multiplies": _lanes(shape, axis) * sum(max(0, shape[axis] - step) for step in range(1, times + 1))}


def _trace(call: Call) -> OperationCounts:
    offset, first, second = call.argument(1, "offset", 0), call.argument(2, "axis1", 0), call.argument(3, "axis2", 1)
    diagonal = np.diagonal(call.args[0], offset, first, second)
    return {"adds_multiplies": max(0, diagonal.size - size(call.result))}


def _clipped(call: Call) -> OperationCounts:
    """Count one comparison per element for each bound that is given."""
    bounds = [*call.args[1:3], *(call.option(name) for name in ("a_min", "a_max", "min", "max"))]
    given = sum(bound is not None and bound is not np._NoValue for bound in bounds)
    return {"comparisons": given * size(call.result)}


def _rounded(call: Call) -> OperationCounts:
    """Count one operation for rounding to whole numbers; for decimals a multiplication, a rounding and a division."""
    if call.argument(1, "decimals", 0) == 0:
        return {"adds_multiplies": size(call.result)}
    return {"adds_multiplies": 2 * size(call.result), "divisions": size(call.result)}


def _conjugated(call: Call) -> OperationCounts:
    return (
        {} if call.result is call.args[0] else {"adds_multiplies": size(call.result)}
    )  # real numbers stay as they are


def _where(call: Call) -> OperationCounts:
    return {"comparisons": size(call.result)} if len(call.args) > 1 else _nonzero(call)


def _nonzero(call: Call) -> OperationCounts:
    return {"comparisons": size(call.args[0]), **written(call)}


def _counted_nonzero(call: Call) -> OperationCounts:
    return {"comparisons": size(call.args[0])}


def _sort_comparisons(call: Call) -> int:
    shape, axis = np.shape(call.args[0]), call.argument(1, "axis", -1)
    length = math.prod(shape) if axis is None else shape[axis]
    return math.prod(shape) * math.ceil(math.log2(length)) if length else 0


def _sorted(call: Call) -> OperationCounts:
    return {"comparisons": _sort_comparisons(call), **written(call)}


def _searched(call: Call) -> OperationCounts:
    steps = math.ceil(math.log2(size(call.args[0]) + 1))
    return {"comparisons": steps * size(call.argument(1, "v"))}


def _contains(call: Call) -> OperationCounts:
    elements = size(call.args[0])
    return {"comparisons": elements + max(0, elements - 1)}  # equal to the value, then any of them


def _diagonal(call: Call) -> OperationCounts:
    """Count a matrix made of a diagonal: it is cleared, then set. The diagonal of a matrix is a view."""
    tally = copied_if_needed(call)
    return {"elements_moved": tally["elements_moved"] + (size(call.args[0]) if np.ndim(call.args[0]) == 1 else 0)}


def _linspace(call: Call) -> OperationCounts:
    return {"adds_multiplies": 2 * sum(array.size for array in call.fresh())}  # start + step · i


# --- in place ---


def _filled(call: Call) -> OperationCounts:
    return {"elements_moved": size(call.args[0])}


def _same_place(target: NDArray[Any], value: Any) -> bool:
    """Return whether NumPy leaves out the copy because it is onto itself, as in the second half of ``a[1:] += b``."""
    if not isinstance(value, np.ndarray) or (value.shape, value.strides) != (target.shape, target.strides):
        return False
    same_start: bool = value.__array_interface__["data"] == target.__array_interface__["data"]
    return same_start and value.dtype == target.dtype


def _assigned(call: Call) -> OperationCounts:
    array, index, value = call.args
    probe = np.broadcast_to(np.int8(0), array.shape)
    part = probe[index]
    is_view = isinstance(part, np.ndarray) and part.size > 0 and np.may_share_memory(part, probe)
    if is_view and _same_place(array[index], value):
        return {}
    return {"elements_moved": index_size(array.shape, index)}


def _copied_to(call: Call) -> OperationCounts:
    target, where = call.argument(0, "dst"), call.argument(3, "where", True)
    if where is True and _same_place(target, call.argument(1, "src")):
        return {}
    return {"elements_moved": selected(np.shape(target), where)}


def _masked(call: Call) -> OperationCounts:
    return {"elements_moved": int(np.count_nonzero(call.argument(1, "mask")))}


def _put(call: Call) -> OperationCounts:
    return {"elements_moved": size(call.argument(1, "ind", call.kwargs.get("indices")))}


def _diagonal_filled(call: Call) -> OperationCounts:
    shape = np.shape(call.args[0])
    if len(set(shape)) > 1 and (len(shape) != 2 or shape[0] > shape[1]):
        raise call.refuse("of a tall matrix")  # its diagonal may start again below
    return {"elements_moved": min(shape)}


def _sorted_in_place(call: Call) -> OperationCounts:
    return {"comparisons": _sort_comparisons(call)}


# Counted before they run: what they overwrite may be the very mask that says how much they overwrite.
COUNTED_BEFORE = frozenset({_assigned, _copied_to, _masked, _diagonal_filled})


def rules(*table: tuple[str, Rule]) -> dict[str, Rule]:
    """Return a rule for every name, from lines of names that share one."""
    return {name: rule for names, rule in table for name in names.split()}


# Functions that are methods, too; the array is the first argument of both.
_SHARED: Iterable[tuple[str, Rule]] = (
    ("reshape ravel transpose squeeze swapaxes diagonal astype", copied_if_needed),
    ("copy take repeat choose compress", written),
    ("sum prod", _reduces("adds_multiplies", 5)),
    ("max min any all argmax argmin", _reduces("comparisons", 4)),
    ("mean", _mean),
    ("var", _variance),
    ("std", _deviation),
    ("cumsum cumprod", _cumulated),
    ("trace", _trace),
    ("clip", _clipped),
    ("round", _rounded),
    ("nonzero", _nonzero),
    ("argsort", _sorted),
    ("searchsorted", _searched),
    ("put", _put),
    ("dot", PRODUCT_RULES["dot"]),
)
FUNCTION_RULES: dict[str, Rule] = {
    **PRODUCT_RULES,
    **rules(
        *_SHARED,
        ("shape ndim size may_share_memory shares_memory result_type can_cast min_scalar_type common_type", free),
        ("iscomplexobj isrealobj array_repr array_str array2string empty_like", free),
        ("matrix_transpose permute_dims expand_dims moveaxis rollaxis flip fliplr flipud rot90", copied_if_needed),
        ("broadcast_to broadcast_arrays atleast_1d atleast_2d atleast_3d real imag meshgrid", copied_if_needed),
        ("split array_split hsplit vsplit dsplit unstack", copied_if_needed),
        ("concatenate concat stack hstack vstack dstack column_stack block append delete insert", written),
        ("tile roll resize extract take_along_axis zeros_like ones_like full_like", written),
        ("amax amin", _reduces("comparisons", 4)),
        ("ptp", _range),
        ("around", _rounded),
        ("diff", _differences),
        ("where", _where),
        ("flatnonzero argwhere", _nonzero),
        ("count_nonzero", _counted_nonzero),
        ("sort", _sorted),
        ("diag", _diagonal),
        ("linspace", _linspace),
        ("copyto", _copied_to),
        ("putmask place", _masked),
        ("fill_diagonal", _diagonal_filled),
    ),
}
METHOD_RULES: dict[str, Rule] = rules(
    *_SHARED,
    ("item setflags getfield to_device __repr__ __str__", free),
    ("flatten __copy__ __deepcopy__", written),
    ("__getitem__", copied_if_needed),
    ("__setitem__", _assigned),
    ("__contains__", _contains),
    ("tolist tobytes", _exported),
    ("conj conjugate", _conjugated),
    ("fill", _filled),
    ("sort", _sorted_in_place),
)
