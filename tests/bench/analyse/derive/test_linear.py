"""Linear systems are solved exactly, with large numbers and fractions, and contradictions are seen."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from bptt_bench.analyse.derive.linear import System, solve


@pytest.mark.parametrize("seed", range(20))
def test_random_rational_coefficients_are_recovered(seed: int) -> None:
    rng = random.Random(seed)
    width = rng.randint(1, 12)
    expected = [Fraction(rng.randint(-(10**6), 10**6), rng.choice((1, 2, 6, 24, 120))) for _ in range(width)]
    columns = [[rng.randint(-(10**9), 10**9) * 120 for _ in range(width + 5)] for _ in range(width)]
    values = [sum(c * column[i] for c, column in zip(expected, columns, strict=True)) for i in range(width + 5)]
    found = solve(columns, [int(value) for value in values])
    assert found is not None
    assert list(found.coefficients) == expected
    assert found.rank == width


def test_rows_that_contradict_each_other_have_no_solution() -> None:
    assert solve([[1, 1, 1], [1, 2, 3]], [1, 2, 4]) is None


def test_a_column_that_depends_on_earlier_ones_gets_nothing() -> None:
    found = solve([[1, 1, 1], [1, 2, 3], [2, 3, 4]], [5, 8, 11])
    assert found is not None
    assert list(map(int, found.coefficients)) == [2, 3, 0]
    assert (found.rank, found.rows) == (2, (0, 1))


def test_values_beyond_64_bits_are_exact() -> None:
    found = solve([[10**30, 3]], [7 * 10**30, 21])
    assert found is not None
    assert list(map(int, found.coefficients)) == [7]


@pytest.mark.parametrize("seed", range(20))
def test_a_system_that_is_kept_gives_what_solve_gives(seed: int) -> None:
    rng = random.Random(seed)
    width, n = rng.randint(1, 6), 9
    columns = [[rng.randint(-9, 9) for _ in range(n)] for _ in range(width)]
    columns.append([2 * entry for entry in columns[0]])
    system = System(columns)
    for _ in range(4):
        weights = [rng.randint(-5, 5) for _ in columns]
        right = [sum(w * column[i] for w, column in zip(weights, columns, strict=True)) for i in range(n)]
        for values in (right, [*right[:-1], right[-1] + 10**40]):
            assert system.solve(values) == solve(columns, values)
