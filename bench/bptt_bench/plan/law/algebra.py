"""What the names, numbers and functions of a law mean: numbers for evaluation, symbols for mathematics."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Algebra:
    """What the names and functions of a law mean: numbers for evaluation, symbols for mathematics."""

    number: Callable[[float], Any]
    functions: Mapping[str, Callable[..., Any]]


def _fold(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda *values: functools.reduce(function, values)


def _factorial(values: ArrayLike) -> NDArray[np.float64]:
    from scipy.special import gamma

    return np.asarray(gamma(np.asarray(values) + 1), dtype=np.float64)


NUMERIC = Algebra(
    number=np.float64,
    functions={
        "log": np.log,
        "log2": np.log2,
        "log10": np.log10,
        "sqrt": np.sqrt,
        "factorial": _factorial,
        "min": _fold(np.minimum),
        "max": _fold(np.maximum),
    },
)


def symbolic() -> Algebra:
    """Symbols of sympy, which takes a second to load."""
    import sympy

    return Algebra(
        number=lambda value: sympy.Integer(int(value)) if float(value).is_integer() else sympy.Float(value),
        functions={
            "log": sympy.log,
            "log2": lambda x: sympy.log(x, 2),
            "log10": lambda x: sympy.log(x, 10),
            "sqrt": sympy.sqrt,
            "factorial": sympy.factorial,
            "min": sympy.Min,
            "max": sympy.Max,
        },
    )
