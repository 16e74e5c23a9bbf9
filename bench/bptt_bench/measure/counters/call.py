"""The counting convention, and one NumPy call as the rules see it.

The convention
--------------
multiply_adds     scalar multiplications of a product: ``(m, k) @ (k, n)`` is m·k·n, outer (m, n) is m·n, einsum the
                  product of its extents
adds_multiplies   one per output element; a reduction: its inputs less its outputs; ``ufunc.at``: one per element that
                  is addressed
divisions         the same, for division, remainder, square and cube root
transcendentals   the same, for exp, log, power, trigonometric functions
comparisons       the same, for maxima, comparisons, signs; clip: one per bound; sort: n·⌈log2 n⌉ in each lane of n
elements_moved    elements written without arithmetic: copies, gathers, scatters, fills, clearing; views are free, and
                  so is reading one scalar
bytes_allocated   results that are neither views nor written to ``out``; results without dimensions allocate nothing

A mask (``where=``) leaves the elements that are really computed. Casting inside an operation is not counted, nor is
arithmetic between scalars: that is Python's work, not an array kernel's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CATEGORIES = (
    "multiply_adds",
    "adds_multiplies",
    "divisions",
    "transcendentals",
    "comparisons",
    "elements_moved",
    "bytes_allocated",
)

PLAIN = frozenset(
    {int, float, bool, str, type(None), slice, np.float32, np.float64, np.int64}
)  # types that hold no arrays

OperationCounts = dict[str, int]


class UncountedOperation(TypeError):
    """An operation that the meter has no rule for, or cannot see; the message names it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One operation: its arguments and its result (None while it has not run), all of them plain arrays."""

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    result: Any = None

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """Return the argument given by position or by name."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name, default)

    def option(self, name: str) -> Any:
        """Return the named argument, or None for NumPy's own mark of "not given"."""
        value = self.kwargs.get(name)
        return None if value is np._NoValue else value

    def fresh(self) -> Iterator[NDArray[Any]]:
        """Yield arrays in the result that own new memory; a new array never overlaps an argument."""
        known: list[NDArray[Any]] | None = None
        for array in arrays_in(self.result):
            if known is None:
                known = list(arrays_in((self.args, self.kwargs)))
            if any(array is one for one in known):
                continue
            if not any(np.may_share_memory(array, one) for one in known) and _owner(array).flags.owndata:
                yield array

    def bytes_allocated(self) -> int:
        """Return the bytes of the arrays in the result that are neither arguments nor views of arguments."""
        return sum(array.nbytes for array in self.fresh() if array.ndim > 0)

    def refuse(self, what: str) -> UncountedOperation:
        """Return the error for a use of the operation that the rules do not cover."""
        return UncountedOperation(f"{self.name} {what}: {NO_RULE}")


Rule = Callable[[Call], OperationCounts]
NO_RULE = "its operations cannot be counted; measure instructions or time instead"


def arrays_in(value: Any) -> Iterator[NDArray[Any]]:
    """Yield the arrays in nested tuples, lists and mappings, in order."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from arrays_in(item)
    elif type(value) in PLAIN:  # asked before the slow question whether it is any mapping
        return
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from arrays_in(item)


def _owner(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array at the end of a chain of views; it owns its memory, unless another object does."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def selected(shape: tuple[int, ...], where: Any) -> int:
    """Return the elements of an array of this shape that a mask leaves; no mask leaves all."""
    if where is None or where is True:
        return math.prod(shape)
    return int(np.count_nonzero(np.broadcast_to(where, shape)))


def size(value: Any) -> int:
    """Return the number of elements of an array, a scalar or a nested list."""
    return int(np.size(value))
