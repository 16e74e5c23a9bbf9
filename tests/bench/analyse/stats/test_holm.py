"""Holm's procedure: against its paper's adjustment, with intervals that agree, and its family-wise error rate."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.stats.contrast import Estimate
from bptt_bench.analyse.stats.holm import holm


def test_holm_adjusts_as_its_paper_does() -> None:
    """Four p-values 0.01, 0.04, 0.03, 0.005: adjusted 0.03, 0.06, 0.06, 0.02 (R 4.2: p.adjust(p, "holm"))."""
    z = {0.01: 2.5758293, 0.04: 2.0537489, 0.03: 2.1700904, 0.005: 2.8070338}
    tests = holm([Estimate(value, 1.0, 1e9) for value in z.values()], tolerance=0.0, confidence=0.95)
    assert [test.p_value for test in tests] == pytest.approx([0.03, 0.06, 0.06, 0.02], abs=1e-6)
    assert [test.rejected for test in tests] == [True, False, False, True]


def test_intervals_lie_beyond_the_tolerance_exactly_where_holm_rejects(rng: np.random.Generator) -> None:
    for _ in range(200):
        estimates = [Estimate(rng.normal(0, 0.05), rng.uniform(0.005, 0.03), 8.0) for _ in range(5)]
        for test in holm(estimates, tolerance=0.02, confidence=0.95):
            assert test.rejected == (test.interval.low > 1.02 or test.interval.high < 1 / 1.02)


def test_an_exact_change_is_rejected_and_exact_equality_is_not() -> None:
    same, more = holm([Estimate(0.0, 0.0, 1e9), Estimate(0.1, 0.0, 1e9)], tolerance=0.02, confidence=0.95)
    assert (same.rejected, more.rejected) == (False, True)


def test_the_family_wise_error_rate_is_controlled(rng: np.random.Generator) -> None:
    """1000 families of 6 ratios of 1, each with a normal error: at most 5 % of families, and not far fewer, reject."""
    errors = rng.normal(0, 0.1, (1000, 6))
    families = [[Estimate(float(error), 0.1, 1e9) for error in row] for row in errors]
    wrong = [any(test.rejected for test in holm(family, tolerance=0.0, confidence=0.95)) for family in families]
    assert 0.03 <= np.mean(wrong) <= 0.065


def test_the_unit_of_log_ratios_does_not_matter_without_a_tolerance() -> None:
    estimates = [Estimate(0.2, 0.1, 5.0), Estimate(-0.3, 0.1, 7.0), Estimate(0.05, 0.1, 9.0)]
    scaled = [Estimate(10 * one.log_ratio, 10 * one.standard_error, one.freedom) for one in estimates]
    plain, other = (holm(each, tolerance=0.0, confidence=0.95) for each in (estimates, scaled))
    assert [test.p_value for test in other] == pytest.approx([test.p_value for test in plain])


def test_no_ratios_have_no_tests() -> None:
    assert holm([], tolerance=0.02, confidence=0.95) == []
