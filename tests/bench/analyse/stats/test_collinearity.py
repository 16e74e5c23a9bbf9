"""Collinear terms are grouped, negligible ones left out, and the inflation is that of a regression."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.stats.collinearity import MOST_INFLATION, group_terms

X = np.linspace(0.1, 1, 10)
SHARES = np.column_stack([np.roll(np.repeat([0.8, 0.1], [3, 7]), 3 * j) for j in range(3)])
SHARES = SHARES / SHARES.sum(axis=1, keepdims=True)


def inflation(columns: np.ndarray) -> float:
    """Return the largest 1 / (1 - R²) of regressing a column on the others, without a constant."""
    found = []
    for j in range(columns.shape[1]):
        others = np.delete(columns, j, axis=1)
        left = columns[:, j] - others @ np.linalg.lstsq(others, columns[:, j])[0]
        found.append(float((columns[:, j] ** 2).sum() / (left**2).sum()))
    return max(found)


def test_collinear_terms_are_grouped() -> None:
    twin = np.column_stack([SHARES[:, 0] / 2, SHARES[:, 0] / 2, SHARES[:, 1:]])
    assert group_terms(twin, 0.2).groups == ((0, 1), (2,), (3,))


def test_terms_that_are_negligible_everywhere_are_left_out() -> None:
    faint = np.column_stack([SHARES * 0.95, np.full(len(SHARES), 0.05)])
    found = group_terms(faint, 0.2)
    assert found.groups == ((0,), (1,), (2,))
    assert found.negligible == (3,)
    assert found.shares == pytest.approx(SHARES)


def test_terms_that_are_large_only_together_are_a_group() -> None:
    halves = np.column_stack([SHARES[:, :2], *(SHARES[:, 2:] / 6,) * 6])
    found = group_terms(halves, 0.2)
    assert found.groups == ((0,), (1,), (2, 3, 4, 5, 6, 7))
    assert found.negligible == ()


@pytest.mark.parametrize("curvature", [0.02, 0.1, 0.3, 1.0])
def test_terms_are_grouped_exactly_beyond_the_variance_inflation_of_a_regression(curvature: float) -> None:
    shares = np.column_stack([X, X + curvature * (X - 0.5) ** 2, 1 - X])
    shares = shares / shares.sum(axis=1, keepdims=True)
    assert (len(group_terms(shares, 0.1).groups) < 3) == (inflation(shares) > MOST_INFLATION)


def test_the_order_of_terms_does_not_matter() -> None:
    order = [2, 0, 1]
    shares = np.column_stack([SHARES, SHARES[:, 0]])
    shares = shares / shares.sum(axis=1, keepdims=True)
    plain, permuted = group_terms(shares, 0.2), group_terms(shares[:, [*order, 3]], 0.2)
    back = {frozenset([*order, 3][j] for j in group) for group in permuted.groups}
    assert back == {frozenset(group) for group in plain.groups}


def test_fewer_points_than_terms_leave_one_group_less_than_points() -> None:
    assert len(group_terms(SHARES[:3], 0.1).groups) < 3


def test_shares_of_groups_add_up_to_one() -> None:
    tiny = np.column_stack([SHARES * 0.99, np.full(len(SHARES), 0.01)])
    np.testing.assert_allclose(group_terms(tiny, 0.2).shares.sum(axis=1), 1)
