"""Figures over trials and their Monte-Carlo errors, against values worked out by hand and a larger simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.validation.figures import Estimate, quantile, share, spread


def test_share_has_the_standard_error_of_a_mean() -> None:
    value, error = share([1, 1, 1, 0, 1, 1, 1, 1, 1, 1])
    assert value == pytest.approx(0.9)
    assert error == pytest.approx(math.sqrt(0.09 * 10 / 9 / 10))


def test_a_share_that_never_differs_is_still_not_exact() -> None:
    assert share([1.0] * 50) == Estimate(1.0, 1 / 50)


def test_nothing_gives_nothing() -> None:
    assert share([]) == quantile([], 0.5) == Estimate(None, None)


def test_quantiles_are_numpys(rng: np.random.Generator) -> None:
    values = rng.exponential(size=77).tolist()
    for level in (0.5, 0.95):
        assert quantile(values, level).value == pytest.approx(np.quantile(values, level))


def test_the_standard_error_of_a_median_is_what_repeating_it_shows(rng: np.random.Generator) -> None:
    tables = rng.standard_normal((400, 300))
    errors = [quantile(table.tolist(), 0.5).standard_error or 0 for table in tables]
    assert np.mean(errors) == pytest.approx(np.std(np.median(tables, axis=1)), rel=0.15)


def test_an_undefined_error_is_worse_than_all_others() -> None:
    values: list[float | None] = [0.1] * 90 + [None] * 10
    median, p95 = spread(values)
    assert median.value == 0.1
    assert p95 == Estimate(None, None)
