"""Contrasts: ratios of prices are recovered, the law's misfit cancels, and intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.collinearity import group_terms
from bptt_bench.analyse.stats.contrast import Contrast, Estimate, ProcessTable, contrast
from bptt_bench.analyse.stats.holm import holm
from bptt_bench.analyse.stats.replicates import replicates
from bptt_bench.plan import CostLaw

LAW = CostLaw("T*H*V + T*H**2 + T")
POINTS = {
    "H": np.array([48, 96, 144, 240, 240, 240, 240, 48, 240, 368.0]),
    "T": np.array([32, 32, 32, 32, 8, 16, 64, 64, 4, 16.0]),
    "V": np.array([64, 64, 64, 64, 64, 640, 64, 640, 1280, 64.0]),
}
COLUMNS = LAW.columns(POINTS)
PRICES = np.array([6e-10, 3e-10, 6e-6])
SHARES = COLUMNS * PRICES / (COLUMNS @ PRICES)[:, None]


def side(
    rng: np.random.Generator,
    ratios: tuple[float, ...] = (1.0, 1.0, 1.0),
    *,
    processes: int = 6,
    common: float = 0.02,
    own: float = 0.01,
    misfit: Array | float = 0.0,
) -> ProcessTable:
    """Where a side's visits lie: prices, misfit, what a process does to all points and to each."""
    exact = np.log(COLUMNS @ (PRICES * ratios)) + misfit
    shape = (len(exact), processes)
    shifts = common * rng.standard_normal(processes)
    return ProcessTable(exact[:, None] + shifts + own * rng.standard_normal(shape), np.ones(shape))


def ratios_of(found: Contrast) -> Array:
    return np.exp(found.log_ratios)


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("ratios", [(1.0, 1.1, 1.0), (0.5, 2.0, 1.0), (1.0, 10.0, 0.1)])
def test_exact_tables_give_exact_ratios(paired: bool, ratios: tuple[float, ...]) -> None:
    """Shares are those of the law halfway between the sides: the geometric mean of its prices."""
    rng = np.random.default_rng(0)
    middle = COLUMNS * PRICES * np.sqrt(ratios)
    shares = middle / middle.sum(axis=1, keepdims=True)
    first, second = (side(rng, each, common=0.0, own=0.0) for each in ((1.0, 1.0, 1.0), ratios))
    found = contrast(first, second, shares, paired=paired)
    assert ratios_of(found) == pytest.approx(ratios, rel=1e-6)


def test_a_misfit_of_both_sides_cancels(rng: np.random.Generator) -> None:
    misfit = 0.3 * rng.standard_normal(len(SHARES))
    first = side(rng, common=0.0, own=0.0, misfit=misfit)
    second = side(rng, (1.0, 1.1, 1.0), common=0.0, own=0.0, misfit=misfit)
    assert ratios_of(contrast(first, second, SHARES, paired=True)) == pytest.approx([1.0, 1.1, 1.0], rel=0.005)


def test_the_scale_of_times_does_not_matter(rng: np.random.Generator) -> None:
    first, second = side(rng), side(rng, (1.0, 1.1, 1.0))
    milli = [table._replace(values=table.values + np.log(1e3)) for table in (first, second)]
    seconds = contrast(first, second, SHARES, paired=False)
    others = contrast(milli[0], milli[1], SHARES, paired=False)
    assert others.log_ratios == pytest.approx(seconds.log_ratios, abs=1e-9)


def test_sides_exchanged_give_the_inverse(rng: np.random.Generator) -> None:
    first, second = side(rng), side(rng, (1.0, 1.3, 1.0))
    there, back = contrast(first, second, SHARES, paired=True), contrast(second, first, SHARES, paired=True)
    assert there.log_ratios == pytest.approx(-back.log_ratios, abs=1e-9)


def test_a_misfit_of_one_side_widens_the_interval(rng: np.random.Generator) -> None:
    """What one side alone does at a point that the law does not know is no change of a price."""
    first, second = side(rng, common=0.0), side(rng, common=0.0)
    bent = second._replace(values=second.values + 0.1 * rng.standard_normal(len(SHARES))[:, None])
    one = np.array([0.0, 1.0, 0.0])
    straight = contrast(first, second, SHARES, paired=True).estimate(one)
    assert contrast(first, bent, SHARES, paired=True).estimate(one).standard_error > 4 * straight.standard_error


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("processes", [2, 6])
@pytest.mark.parametrize("common", [0.0, 0.02])
def test_intervals_hold_the_ratio(paired: bool, processes: int, common: float) -> None:
    """200 contrasts without a change: 95 % intervals must hold 1 in 91 % at least; process effects 1 % at a point.

    Of sides measured at different times the ratio to what all terms have in common is meant.
    """
    rng = np.random.default_rng([processes, int(common * 100), paired])
    one = np.array([0.0, 1.0, 0.0]) - (0 if paired else 1 / 3)
    held = 0
    for _ in range(200):
        first, second = (side(rng, processes=processes, common=common) for _ in range(2))
        _, low, high = contrast(first, second, SHARES, paired=paired).estimate(one).interval(0.95)
        held += low <= 1 <= high
    assert held >= 0.91 * 200


def test_sides_in_lockstep_lose_what_both_blocks_meet(rng: np.random.Generator) -> None:
    spells = 0.1 * rng.standard_normal(8)
    first, second = (side(rng, processes=8, common=0.0) for _ in range(2))
    met = [table._replace(values=table.values + spells) for table in (first, second)]
    everything = np.full(3, 1 / 3)
    together = contrast(met[0], met[1], SHARES, paired=True).estimate(everything)
    apart_ = contrast(met[0], met[1], SHARES, paired=False).estimate(everything)
    assert together.standard_error < apart_.standard_error / 5


def test_one_process_a_side_leaves_the_scatter_of_points(rng: np.random.Generator) -> None:
    first, second = (side(rng, processes=1, common=0.0, own=0.02) for _ in range(2))
    found = contrast(first, second, SHARES, paired=False).estimate(np.array([0.0, 1.0, 0.0]))
    assert 0.005 < found.standard_error < 0.1


def test_points_that_a_side_visited_less_often_count(rng: np.random.Generator) -> None:
    first, second = side(rng), side(rng, (1.0, 1.2, 1.0))
    holes = second.values.copy()
    holes[[0, 3, 3, 7], [0, 1, 2, 5]] = np.nan
    found = contrast(first, second._replace(values=holes), SHARES, paired=True)
    low, high = found.estimate(np.array([0.0, 1.0, 0.0])).interval(0.999)[1:]
    assert low < 1.2 < high


def test_a_disturbed_visit_moves_a_mean_little(rng: np.random.Generator) -> None:
    values = 0.01 * rng.standard_normal((10, 6))
    disturbed = values.copy()
    disturbed[[1, 4, 8], [0, 3, 5]] += [1.0, 0.5, 3.0]
    assert np.abs(replicates(disturbed).mean - replicates(values).mean).max() < 0.01


def test_the_centre_is_what_most_terms_have_in_common(rng: np.random.Generator) -> None:
    found = contrast(side(rng), side(rng, (1.05, 1.05, 1.5)), SHARES, paired=False)
    centre = found.centre()
    assert centre.sum() == pytest.approx(1)
    assert centre[2] == 0
    assert np.exp(centre @ found.log_ratios) == pytest.approx(1.05, abs=0.03)


def test_terms_that_grow_alike_are_put_together() -> None:
    twin = np.column_stack([SHARES[:, 0] / 2, SHARES[:, 0] / 2, SHARES[:, 1:]])
    assert group_terms(twin, 0.2).groups == ((0, 1), (2,), (3,))


def test_terms_that_are_nowhere_much_are_left_out() -> None:
    faint = np.column_stack([SHARES * 0.95, np.full(len(SHARES), 0.05)])
    found = group_terms(faint, 0.2)
    assert found.groups == ((0,), (1,), (2,))
    assert found.negligible == (3,)
    assert found.shares == pytest.approx(SHARES)


def test_terms_that_are_much_only_together_are_a_group() -> None:
    halves = np.column_stack([SHARES[:, :2], *(SHARES[:, 2:] / 6,) * 6])
    found = group_terms(halves, 0.2)
    assert found.groups == ((0,), (1,), (2, 3, 4, 5, 6, 7))
    assert found.negligible == ()


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


def test_an_exact_change_is_told_and_exact_equality_is_none() -> None:
    same, more = holm([Estimate(0.0, 0.0, 1e9), Estimate(0.1, 0.0, 1e9)], tolerance=0.02, confidence=0.95)
    assert (same.rejected, more.rejected) == (False, True)


def test_one_point_that_lies_far_off_hardly_counts(rng: np.random.Generator) -> None:
    first, second = side(rng, common=0.0, own=0.002), side(rng, (1.0, 1.1, 1.0), common=0.0, own=0.002)
    off = second.values.copy()
    off[3] += 0.3
    found = contrast(first, second._replace(values=off), SHARES, paired=True)
    assert ratios_of(found) == pytest.approx([1.0, 1.1, 1.0], abs=0.03)
