"""Formulas are equal where they are, whatever they are written with, and different where they differ."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
from bptt_bench.analyse.derive.atoms import Atom
from bptt_bench.analyse.derive.exact_law import ExactLaw, make_symbols, monomial
from bptt_bench.analyse.derive.proof import Comparison, compare, is_whole

SYMBOLS = make_symbols(["n", "m"])
N, M = SYMBOLS["n"], SYMBOLS["m"]


def law(*terms: tuple[int, object, int]) -> ExactLaw:
    return ExactLaw({monomial([(atom, power)]): Fraction(c) for c, atom, power in terms})  # type: ignore[list-item]


def test_a_triangle_number_is_a_polynomial_however_it_is_rounded() -> None:
    half = ExactLaw({monomial([("n", 2)]): Fraction(1, 2), monomial([("n", 1)]): Fraction(1, 2)})
    assert compare(half, N * (N + 1) // 2, SYMBOLS) is Comparison.EQUAL
    assert compare(half, N * (N - 1) // 2, SYMBOLS) is Comparison.DIFFERENT


@pytest.mark.parametrize("stated", [-(-N // 16), sympy.ceiling(N / 16), -sympy.floor(-N / 16)])
def test_a_rounding_up_has_many_spellings(stated: sympy.Expr) -> None:
    tiles = law((1, Atom("ceil_quotient", ("n", 16)), 1))
    assert compare(tiles, stated, SYMBOLS) is Comparison.EQUAL


def test_another_tile_is_not_said_to_be_equal() -> None:
    tiles = law((1, Atom("ceil_quotient", ("n", 16)), 1))
    assert compare(tiles, -(-N // 17), SYMBOLS) is not Comparison.EQUAL
    assert compare(tiles, -(-N // 16) + 1, SYMBOLS) is Comparison.DIFFERENT


def test_nested_roundings_compare() -> None:
    root = Atom("ceil_root", ("n",))
    classes = law((3, Atom("ceil_quotient", ("n", root)), 1))
    assert compare(classes, -3 * (-N // sympy.ceiling(sympy.sqrt(N))), SYMBOLS) is Comparison.EQUAL


def test_whole_polynomials_are_recognised() -> None:
    assert is_whole(N * (N + 1) * (2 * N + 1) / 6)
    assert is_whole(N * M * (M + 1) / 2)
    assert not is_whole(N * M / 2)
    assert not is_whole(N * (N + 1) / 3)
