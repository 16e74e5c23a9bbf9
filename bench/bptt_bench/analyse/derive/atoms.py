"""Whole-numbered functions of the factors, of which exact laws are polynomials: roots, logarithms, tiles, thresholds.

An atom is the name of a factor, or a function of atoms and numbers. It has a value at a point, exactly, an expression
for symbolic mathematics, and a text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import factorial, isqrt
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import sympy

Sizes: TypeAlias = Mapping[str, int]


def ceil_root(a: int) -> int:
    """Return the root of a whole number, rounded up.

    >>> [ceil_root(a) for a in (0, 1, 4, 5)]
    [0, 1, 2, 3]
    """
    return isqrt(a - 1) + 1 if a > 0 else 0


def floor_log2(a: int) -> int:
    """Return the binary logarithm, rounded down; 0 of what is below 1."""
    return max(a.bit_length() - 1, 0) if a > 0 else 0


def ceil_log2(a: int) -> int:
    """Return the binary logarithm, rounded up; 0 of what is below 1.

    >>> [ceil_log2(a) for a in (1, 2, 3, 4, 5)]
    [0, 1, 2, 2, 3]
    """
    return (a - 1).bit_length() if a > 0 else 0


def fibonacci(a: int) -> int:
    """Return the number of Fibonacci, from F(0) = 0 and F(1) = 1."""
    one, two = 0, 1
    for _ in range(a):
        one, two = two, one + two
    return one


@dataclass(frozen=True, slots=True)
class Function:
    """A function of whole numbers: its value, its expression in sympy, and its text with a place for each argument."""

    value: Callable[..., int]
    expression: Callable[..., Any]
    text: str


def _sympy(name: str) -> Callable[..., Any]:
    def apply(*arguments: Any) -> Any:
        import sympy

        return getattr(sympy, name)(*arguments)

    return apply


def _rounded(name: str, inner: Callable[..., Any]) -> Callable[..., Any]:
    def apply(*arguments: Any) -> Any:
        import sympy

        return getattr(sympy, name)(inner(*arguments))

    return apply


def _log2(a: Any) -> Any:
    import sympy

    return sympy.log(a, 2)


def _above(a: Any, b: Any) -> Any:
    import sympy

    return sympy.Piecewise((1, a > b), (0, True))


def _divides(a: Any, b: Any) -> Any:
    import sympy

    return sympy.Piecewise((1, sympy.Eq(sympy.Mod(a, b), 0)), (0, True))


FUNCTIONS: Mapping[str, Function] = {
    "plus": Function(lambda a, b: a + b, lambda a, b: a + b, "({} + {})"),
    "minus": Function(lambda a, b: a - b, lambda a, b: a - b, "({} - {})"),
    "times": Function(lambda a, b: a * b, lambda a, b: a * b, "({}*{})"),
    "floor_quotient": Function(lambda a, b: a // b, _rounded("floor", lambda a, b: a / b), "floor({}/{})"),
    "ceil_quotient": Function(lambda a, b: -(-a // b), _rounded("ceiling", lambda a, b: a / b), "ceil({}/{})"),
    "floor_root": Function(isqrt, _rounded("floor", lambda a: a ** _half()), "floor(sqrt({}))"),
    "ceil_root": Function(ceil_root, _rounded("ceiling", lambda a: a ** _half()), "ceil(sqrt({}))"),
    "floor_log2": Function(floor_log2, _rounded("floor", _log2), "floor(log2({}))"),
    "ceil_log2": Function(ceil_log2, _rounded("ceiling", _log2), "ceil(log2({}))"),
    "log2": Function(floor_log2, _log2, "log2({})"),  # of powers of two alone
    "power": Function(lambda a, b: a**b, lambda a, b: a**b, "{}**{}"),
    "fibonacci": Function(fibonacci, _sympy("fibonacci"), "fibonacci({})"),
    "factorial": Function(factorial, _sympy("factorial"), "factorial({})"),
    "min": Function(min, _sympy("Min"), "min({}, {})"),
    "max": Function(max, _sympy("Max"), "max({}, {})"),
    "above": Function(lambda a, b: int(a > b), _above, "({} > {})"),
    "divides": Function(lambda a, b: int(a % b == 0), _divides, "({} % {} == 0)"),
}


def _half() -> Any:
    import sympy

    return sympy.Rational(1, 2)


@dataclass(frozen=True, slots=True, order=False)
class Atom:
    """A function of atoms and whole numbers."""

    function: str
    arguments: tuple[Argument, ...]

    def __str__(self) -> str:
        return FUNCTIONS[self.function].text.format(*map(str, self.arguments))


Argument: TypeAlias = Atom | str | int  # a string names a factor


def value(atom: Argument, sizes: Sizes) -> int:
    """Return the value at sizes.

    >>> value(Atom("ceil_quotient", ("n", 4)), {"n": 9})
    3
    """
    if isinstance(atom, int):
        return atom
    if isinstance(atom, str):
        return sizes[atom]
    return FUNCTIONS[atom.function].value(*(value(one, sizes) for one in atom.arguments))


def expression(atom: Argument, symbols: Mapping[str, sympy.Symbol]) -> Any:
    """Return the expression in sympy."""
    import sympy

    if isinstance(atom, int):
        return sympy.Integer(atom)
    if isinstance(atom, str):
        return symbols[atom]
    return FUNCTIONS[atom.function].expression(*(expression(one, symbols) for one in atom.arguments))


def factors(atom: Argument) -> frozenset[str]:
    """Return the factors that an atom depends on."""
    if isinstance(atom, int):
        return frozenset()
    if isinstance(atom, str):
        return frozenset((atom,))
    return frozenset().union(*map(factors, atom.arguments))


def largest_number(atom: Argument) -> int:
    """Return the largest number in an atom: the size of a tile, or a threshold.

    >>> largest_number(Atom("min", (Atom("ceil_quotient", ("n", 16)), 2)))
    16
    """
    if isinstance(atom, int | str):
        return atom if isinstance(atom, int) else 0
    return max(map(largest_number, atom.arguments), default=0)
