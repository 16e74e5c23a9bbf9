"""Contrasts: ratios of unit costs are recovered, the law's misfit cancels, and intervals cover at their level."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.contrast import Contrast, ProcessTable, contrast
from bptt_bench.plan import CostLaw

LAW = CostLaw("T*H*V + T*H**2 + T")
POINTS = {
    "H": np.array([48, 96, 144, 240, 240, 240, 240, 48, 240, 368.0]),
    "T": np.array([32, 32, 32, 32, 8, 16, 64, 64, 4, 16.0]),
    "V": np.array([64, 64, 64, 64, 64, 640, 64, 640, 1280, 64.0]),
}
COLUMNS = LAW.columns(POINTS)
UNIT_COSTS = np.array([6e-10, 3e-10, 6e-6])
SHARES = COLUMNS * UNIT_COSTS / (COLUMNS @ UNIT_COSTS)[:, None]


def sample(
    rng: np.random.Generator,
    ratios: tuple[float, ...] = (1.0, 1.0, 1.0),
    *,
    processes: int = 6,
    common: float = 0.02,
    own: float = 0.01,
    misfit: Array | float = 0.0,
) -> ProcessTable:
    """Return the table of a sample: unit costs, misfit, effects of a process on all points and on each."""
    exact = np.log(COLUMNS @ (UNIT_COSTS * ratios)) + misfit
    shape = (len(exact), processes)
    shifts = common * rng.standard_normal(processes)
    return ProcessTable(exact[:, None] + shifts + own * rng.standard_normal(shape), np.ones(shape))


def ratios_of(found: Contrast) -> Array:
    return np.exp(found.log_ratios)


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("ratios", [(1.0, 1.1, 1.0), (0.5, 2.0, 1.0), (1.0, 10.0, 0.1)])
def test_exact_tables_give_exact_ratios(paired: bool, ratios: tuple[float, ...]) -> None:
    """Shares are those of the law halfway between the samples: at the geometric mean of its unit costs."""
    rng = np.random.default_rng(0)
    middle = COLUMNS * UNIT_COSTS * np.sqrt(ratios)
    shares = middle / middle.sum(axis=1, keepdims=True)
    first, second = (sample(rng, each, common=0.0, own=0.0) for each in ((1.0, 1.0, 1.0), ratios))
    found = contrast(first, second, shares, paired=paired)
    assert ratios_of(found) == pytest.approx(ratios, rel=1e-6)


def test_a_misfit_of_both_samples_cancels(rng: np.random.Generator) -> None:
    misfit = 0.3 * rng.standard_normal(len(SHARES))
    first = sample(rng, common=0.0, own=0.0, misfit=misfit)
    second = sample(rng, (1.0, 1.1, 1.0), common=0.0, own=0.0, misfit=misfit)
    assert ratios_of(contrast(first, second, SHARES, paired=True)) == pytest.approx([1.0, 1.1, 1.0], rel=0.005)


def test_the_scale_of_times_does_not_matter(rng: np.random.Generator) -> None:
    first, second = sample(rng), sample(rng, (1.0, 1.1, 1.0))
    milli = [table._replace(values=table.values + np.log(1e3)) for table in (first, second)]
    seconds = contrast(first, second, SHARES, paired=False)
    others = contrast(milli[0], milli[1], SHARES, paired=False)
    assert others.log_ratios == pytest.approx(seconds.log_ratios, abs=1e-9)


def test_exchanged_samples_give_the_inverse_ratios(rng: np.random.Generator) -> None:
    first, second = sample(rng), sample(rng, (1.0, 1.3, 1.0))
    there, back = contrast(first, second, SHARES, paired=True), contrast(second, first, SHARES, paired=True)
    assert there.log_ratios == pytest.approx(-back.log_ratios, abs=1e-9)


def test_a_misfit_of_one_sample_widens_the_interval(rng: np.random.Generator) -> None:
    """An effect of one sample at a point that the law does not know is not a change of a unit cost."""
    first, second = sample(rng, common=0.0), sample(rng, common=0.0)
    bent = second._replace(values=second.values + 0.1 * rng.standard_normal(len(SHARES))[:, None])
    one = np.array([0.0, 1.0, 0.0])
    straight = contrast(first, second, SHARES, paired=True).estimate(one)
    assert contrast(first, bent, SHARES, paired=True).estimate(one).standard_error > 4 * straight.standard_error


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("processes", [2, 6])
@pytest.mark.parametrize("common", [0.0, 0.02])
def test_intervals_hold_the_ratio(paired: bool, processes: int, common: float) -> None:
    """200 contrasts without a change: 95 % intervals must hold 1 in 91 % at least; process effects 1 % at a point.

    Of samples taken at different times, the ratio to the mean of all terms is meant.
    """
    rng = np.random.default_rng([processes, int(common * 100), paired])
    one = np.array([0.0, 1.0, 0.0]) - (0 if paired else 1 / 3)
    held = 0
    for _ in range(200):
        first, second = (sample(rng, processes=processes, common=common) for _ in range(2))
        _, low, high = contrast(first, second, SHARES, paired=paired).estimate(one).interval(0.95)
        held += low <= 1 <= high
    assert held >= 0.91 * 200


def test_interleaved_samples_cancel_slow_periods_of_both(rng: np.random.Generator) -> None:
    slow = 0.1 * rng.standard_normal(8)
    first, second = (sample(rng, processes=8, common=0.0) for _ in range(2))
    met = [table._replace(values=table.values + slow) for table in (first, second)]
    everything = np.full(3, 1 / 3)
    together = contrast(met[0], met[1], SHARES, paired=True).estimate(everything)
    separate = contrast(met[0], met[1], SHARES, paired=False).estimate(everything)
    assert together.standard_error < separate.standard_error / 5


def test_one_process_a_sample_leaves_the_scatter_of_points(rng: np.random.Generator) -> None:
    first, second = (sample(rng, processes=1, common=0.0, own=0.02) for _ in range(2))
    found = contrast(first, second, SHARES, paired=False).estimate(np.array([0.0, 1.0, 0.0]))
    assert 0.005 < found.standard_error < 0.1


def test_points_with_missing_processes_count(rng: np.random.Generator) -> None:
    first, second = sample(rng), sample(rng, (1.0, 1.2, 1.0))
    holes = second.values.copy()
    holes[[0, 3, 3, 7], [0, 1, 2, 5]] = np.nan
    found = contrast(first, second._replace(values=holes), SHARES, paired=True)
    low, high = found.estimate(np.array([0.0, 1.0, 0.0])).interval(0.999)[1:]
    assert low < 1.2 < high


def test_the_centre_is_the_change_that_most_terms_share(rng: np.random.Generator) -> None:
    found = contrast(sample(rng), sample(rng, (1.05, 1.05, 1.5)), SHARES, paired=False)
    centre = found.centre()
    assert centre.sum() == pytest.approx(1)
    assert centre[2] == 0
    assert np.exp(centre @ found.log_ratios) == pytest.approx(1.05, abs=0.03)


def test_one_point_that_lies_far_off_hardly_counts(rng: np.random.Generator) -> None:
    first, second = sample(rng, common=0.0, own=0.002), sample(rng, (1.0, 1.1, 1.0), common=0.0, own=0.002)
    off = second.values.copy()
    off[3] += 0.3
    found = contrast(first, second._replace(values=off), SHARES, paired=True)
    assert ratios_of(found) == pytest.approx([1.0, 1.1, 1.0], abs=0.03)
