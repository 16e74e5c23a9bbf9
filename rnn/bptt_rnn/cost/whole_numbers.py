"""Functions of whole numbers in closed forms, for numbers, and for symbols to compare forms as formulas."""

from __future__ import annotations

from math import isqrt
from typing import Any


def least(a: Any, b: Any) -> Any:
    """Return the smaller of two whole numbers or expressions.

    >>> least(3, 5)
    3
    """
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b)
    import sympy

    return sympy.Min(a, b)


def root_above(n: Any) -> Any:
    """Return the root of a whole number from 1, or of an expression, rounded up.

    >>> [root_above(n) for n in (1, 4, 5)]
    [1, 2, 3]
    """
    if isinstance(n, int):
        return isqrt(n - 1) + 1
    import sympy

    return sympy.ceiling(sympy.sqrt(n))
