"""Meaning of what a law may hold: numbers for evaluation, smooth numbers for growth, symbols for mathematics."""

from __future__ import annotations

import ast
import functools
import itertools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


@dataclass(frozen=True, slots=True)
class Algebra:
    """Meaning of the numbers, operators and functions of a law; a comparison is 1 where it holds and 0 elsewhere."""

    number: Callable[[float], Any]
    operators: Mapping[str, Callable[[Any, Any], Any]]
    functions: Mapping[str, Callable[..., Any]]


def evaluate(node: ast.expr, values: Mapping[str, Any], algebra: Algebra) -> Any:
    """Evaluate a checked expression: ``values`` has what each name stands for."""
    match node:
        case ast.Constant(value=value):
            return algebra.number(float(value))  # type: ignore[arg-type]  # the parser has shown it to be a number
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=op, right=right):
            return algebra.operators[BINARY[type(op)]](
                evaluate(left, values, algebra), evaluate(right, values, algebra)
            )
        case ast.UnaryOp(op=unary, operand=operand):
            return UNARY[type(unary)](evaluate(operand, values, algebra))
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = [evaluate(side, values, algebra) for side in (left, *others)]
            tests = [
                algebra.operators[COMPARISONS[type(op)]](*pair)
                for op, pair in zip(ops, itertools.pairwise(sides), strict=True)
            ]
            return functools.reduce(operator.mul, tests)
        case ast.Call(func=ast.Name(id=name), args=args):
            return algebra.functions[name](*(evaluate(argument, values, algebra) for argument in args))
    raise AssertionError(f"unchecked node {ast.dump(node)}")


def _fold(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda *values: functools.reduce(function, values)


def _factorial(values: ArrayLike) -> NDArray[np.float64]:
    from scipy.special import gamma

    return np.asarray(gamma(np.asarray(values) + 1), dtype=np.float64)


def _indicator(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], NDArray[np.float64]]:
    return lambda one, other: np.asarray(test(one, other), dtype=np.float64)


NUMERIC = Algebra(
    number=np.float64,
    operators={
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": operator.truediv,
        "**": operator.pow,
        "//": np.floor_divide,
        "%": np.mod,
        **{
            sign: _indicator(test)
            for sign, test in {
                "<": np.less,
                "<=": np.less_equal,
                ">": np.greater,
                ">=": np.greater_equal,
                "==": np.equal,
                "!=": np.not_equal,
            }.items()
        },
    },
    functions={
        "log": np.log,
        "log2": np.log2,
        "log10": np.log10,
        "exp": np.exp,
        "sqrt": np.sqrt,
        "abs": np.abs,
        "floor": np.floor,
        "ceil": np.ceil,
        "factorial": _factorial,
        "min": _fold(np.minimum),
        "max": _fold(np.maximum),
    },
)


def _held(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a test that is decided at the middle of three values, and holds for the others, too."""

    def decided(one: Any, other: Any) -> Any:
        found = np.asarray(test(one, other))
        return np.full_like(found, found[1]) if found.ndim else found

    return decided


# What grows by steps is followed on average: rounding is left out, a remainder is half of its divisor, and a comparison
# is what it is at the middle of three values. Without this a step between two of them would be an enormous growth.
SMOOTH = Algebra(
    number=np.float64,
    operators={
        **NUMERIC.operators,
        "//": operator.truediv,
        "%": lambda _, divisor: divisor / 2,
        **{sign: _held(NUMERIC.operators[sign]) for sign in COMPARISONS.values()},
    },
    functions={**NUMERIC.functions, "floor": lambda x: x, "ceil": lambda x: x},
)


def symbolic() -> Algebra:
    """Return the algebra of sympy, which takes a second to load."""
    import sympy

    def indicator(relation: Callable[..., Any]) -> Callable[[Any, Any], Any]:
        return lambda one, other: sympy.Piecewise((1, relation(one, other)), (0, True))

    return Algebra(
        number=lambda value: sympy.Integer(int(value)) if float(value).is_integer() else sympy.Float(value),
        operators={
            **NUMERIC.operators,
            "//": lambda one, other: sympy.floor(one / other),
            "%": sympy.Mod,
            "<": indicator(sympy.Lt),
            "<=": indicator(sympy.Le),
            ">": indicator(sympy.Gt),
            ">=": indicator(sympy.Ge),
            "==": indicator(sympy.Eq),
            "!=": indicator(sympy.Ne),
        },
        functions={
            "log": sympy.log,
            "log2": lambda x: sympy.log(x, 2),
            "log10": lambda x: sympy.log(x, 10),
            "exp": sympy.exp,
            "sqrt": sympy.sqrt,
            "abs": sympy.Abs,
            "floor": sympy.floor,
            "ceil": sympy.ceiling,
            "factorial": sympy.factorial,
            "min": sympy.Min,
            "max": sympy.Max,
        },
    )
