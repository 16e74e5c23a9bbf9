"""Equality of laws as formulas: two expressions are equal if their difference is 0 after expansion.

Roundings are brought into one form first: a rounding up is the negative of a rounding down, and a polynomial that is
whole at all whole numbers is not rounded at all, such as T (T + 1)/2.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from bptt_bench.analyse.derive.exact_law import ExactLaw

if TYPE_CHECKING:
    import sympy

MOST_RESIDUES = 10_000  # combinations of residues at which a polynomial is evaluated


class Comparison(Enum):
    """How a derived law compares with a stated one."""

    EQUAL = "equal"
    DIFFERENT = "different"
    OPEN = "open"  # neither could be shown


def canonical(formula: Any) -> Any:
    """Return an expression with roundings in one form, expanded."""
    import sympy

    formula = sympy.sympify(formula)
    formula = formula.replace(sympy.ceiling, lambda inner: -sympy.floor(-inner))
    return sympy.expand(formula.replace(sympy.floor, _floor))


def _floor(inner: Any) -> Any:
    """Return a rounding down; of a polynomial that is whole at whole numbers the polynomial itself."""
    import sympy

    expanded = sympy.expand(inner)
    return expanded if is_whole(expanded) else sympy.floor(expanded)


def is_whole(formula: Any) -> bool:
    """Return whether a polynomial with rational coefficients is whole at all whole numbers: at all residues it is.

    The values of such a polynomial modulo 1 have the common denominator of its coefficients as a period.
    """
    import sympy

    symbols = sorted(formula.free_symbols, key=str)
    if not symbols or not all(one.is_integer for one in symbols) or not formula.is_polynomial(*symbols):
        return bool(formula.is_integer)
    polynomial = sympy.Poly(formula, *symbols)
    if not all(c.is_rational for c in polynomial.coeffs()):
        return False
    period = math.lcm(*(int(c.q) for c in polynomial.coeffs()))
    if period ** len(symbols) > MOST_RESIDUES:
        return False
    residues = itertools.product(range(period), repeat=len(symbols))
    return all(polynomial.eval(dict(zip(symbols, values, strict=True))).is_integer for values in residues)


def difference(law: ExactLaw, stated: Any, symbols: Mapping[str, sympy.Symbol]) -> Any:
    """Return a law less a stated expression, expanded: 0 where they are equal."""
    return canonical(law.expression(symbols) - stated)


def compare(law: ExactLaw, stated: Any, symbols: Mapping[str, sympy.Symbol]) -> Comparison:
    """Return whether a law equals a stated expression, as formulas.

    A difference that is a polynomial other than 0 is one at some sizes; of other differences nothing is said.
    """
    rest = difference(law, stated, symbols)
    if rest == 0:
        return Comparison.EQUAL
    return Comparison.DIFFERENT if rest.is_polynomial(*symbols.values()) else Comparison.OPEN
