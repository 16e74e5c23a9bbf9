"""Stacking: ways that foresee the held-out points get the weight, and intervals hold what backtests missed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.predict.candidates import DRIFT, LAW, NEIGHBOURS, POWERS
from bptt_bench.analyse.predict.stack import IMAGINED, Calibration, Stack, mixture_quantile, weighted_median

from tests.bench.analyse.predict.made import one_factor, two_factors

FAR = {"n": np.array([65_536.0])}


def weights_of(stack: Stack) -> dict[str, float]:
    return dict(zip(stack.names, stack.weights.tolist(), strict=True))


def test_where_the_law_is_right_it_predicts_as_the_law_does(rng: np.random.Generator) -> None:
    fitted = one_factor(lambda n: 1e-6 * n * np.log(n), "n*log(n)", rng)
    (found,) = Stack(fitted).predict(FAR)
    assert found.estimate == pytest.approx(fitted.predict([{"n": 65_536.0}])[0].estimate, rel=0.03)
    assert found.low < 1e-6 * 65_536 * np.log(65_536) < found.high
    assert sum(Stack(fitted).weights) == pytest.approx(1)


def test_a_law_of_a_wrong_power_loses_its_weight_to_what_foresaw_the_larger_points(rng: np.random.Generator) -> None:
    fitted = one_factor(lambda n: 1e-6 * n**1.6, "n**2", rng)
    stack = Stack(fitted)
    weights = weights_of(stack)
    assert weights[DRIFT] + weights[POWERS] > weights[LAW]
    truth = 1e-6 * 65_536**1.6
    by_law = abs(np.log(fitted.predict([{"n": 65_536.0}])[0].estimate / truth))
    (found,) = stack.predict(FAR)
    assert abs(np.log(found.estimate / truth)) < by_law / 2
    assert found.low < truth < found.high


@pytest.mark.parametrize("n_points", [5, 6, 8, 12])
def test_from_run_to_run_a_rejected_law_predicts_the_same_and_within_wide_ends(n_points: int) -> None:
    n = np.geomspace(100, 10_000, n_points).round()
    values, far = [], {"n": np.array([200_000.0])}
    for seed in range(6):
        seconds = 1e-9 * n**2 * np.exp(0.05 * np.random.default_rng(seed).standard_normal(n_points))
        fitted = fit(pd.DataFrame({"n": n, "seconds_per_eval": seconds}), "n*log(n)")
        stack = Stack(fitted)
        assert stack.tests.misfits
        (found,) = stack.predict(far)
        assert found.high / found.low > 3
        values.append(found.estimate)
    assert max(values) / min(values) < 2.5
    assert np.median(values) == pytest.approx(40, rel=0.3)


def test_an_interval_is_no_narrower_where_neighbours_are_carried_from_far() -> None:
    """Times that a limit of 2 s cuts off, of which no backtest holds out a point so far from the others."""
    n = np.repeat(100.0 * 2 ** np.arange(13), 3)
    milliseconds = [1.35, 1.46, 1.64, 2.49, 2.43, 2.30, 5.27, 4.90, 5.24, 12.9, 13.2, 11.7, 31.9, 35.0, 30.4]
    milliseconds += [97.8, 83.2, 95.9, 236, 252, 269, 724, 676, 770, 1959, 2000, 1937, *[2000.0] * 12]
    table = pd.DataFrame({"n": n, "seconds_per_eval": np.array(milliseconds) / 1000})
    stack = Stack(fit(table, "n**1.5*(n<=25600) + (n>25600)"))
    found = stack.predict({"n": n.max() * np.array([2.0, 4.0, 7.0, 9.0, 16.0])})
    spans = [np.log(one.high / one.low) for one in found]
    assert spans[0] > 1
    assert np.diff(spans).min() > 0


def test_the_imagined_points_shift_as_the_tests_become_clearer(rng: np.random.Generator) -> None:
    shares = []
    for change in (0.0, 0.02, 0.05, 0.3):
        stack = Stack(one_factor(lambda n, change=change: 1e-6 * n ** (2 - change), "n**2", rng))  # type: ignore[misc]
        imagined = dict(zip(stack.names, stack._imagined(IMAGINED).tolist(), strict=True))
        shares.append(imagined[NEIGHBOURS] / sum(imagined.values()))
    assert shares[0] > 0.5 > shares[-1]


def test_a_law_that_meets_every_point_needs_no_backtest(rng: np.random.Generator) -> None:
    fitted = one_factor(lambda n: 1e-6 * n, "n", rng, noise=0.0)
    stack = Stack(fitted)
    assert stack.cuts == ()
    assert stack.calibration == Calibration(1.0, 0.0)
    assert stack.predict(FAR)[0].estimate == pytest.approx(1e-6 * 65_536, rel=1e-6)


def test_a_jump_at_the_end_widens_all_intervals_beyond(rng: np.random.Generator) -> None:
    still = two_factors(lambda n, m: 1e-6 * n * m, "n*m", rng)
    jumped = two_factors(lambda n, m: 1e-6 * n * m * np.where(n * m > 1e5, 2.0, 1.0), "n*m", rng)
    point = {"n": np.array([16_384.0]), "m": np.array([256.0])}
    (calm,), (wide,) = Stack(still).predict(point), Stack(jumped).predict(point)
    assert np.log(wide.high / wide.low) > 2 * np.log(calm.high / calm.low)


def test_a_widened_error_grows_with_the_distance() -> None:
    scale = Calibration(2.0, 0.1).scale(np.array([0.05, 0.05]), np.array([0.0, 2.0]))
    assert scale.tolist() == pytest.approx([0.1, np.hypot(0.1, 0.2)])


def test_quantiles_of_one_distribution_are_its_own() -> None:
    centre, scale = np.array([[1.0], [1.0]]), np.array([[0.1], [0.1]])
    found = mixture_quantile(0.975, centre, scale, np.array([[0.5], [0.5]]), 10.0, 2.228139)
    assert found[0] == pytest.approx(1 + 0.2228139, rel=1e-5)
    assert mixture_quantile(0.5, centre[:1], scale[:1], np.array([[1.0]]), 10.0, 0.0)[0] == 1.0


def test_the_estimate_is_that_of_a_way_with_more_than_half_of_the_weight() -> None:
    centre = np.array([[0.0, 2.0], [5.0, 0.0], [-1.0, 1.0]])
    assert weighted_median(centre, np.array([[0.6, 0.6], [0.2, 0.2], [0.2, 0.2]])).tolist() == [0.0, 2.0]
    assert weighted_median(centre, np.array([[0.3, 0.6], [0.4, 0.2], [0.3, 0.2]])).tolist() == [0.0, 2.0]
    assert weighted_median(centre, np.array([[0.3, 0.3], [0.4, 0.4], [0.3, 0.3]])).tolist() == [0.0, 1.0]


def test_residuals_are_carried_no_farther_than_was_seen_to_help() -> None:
    """Skinny products of matrices, which take more or less than the law by their shape, and wide ones, which do not."""
    random, rows, held = np.random.default_rng(0), [], []
    for place in range(12):
        m, k = 2.0 ** random.uniform(9, 12.5, 2)
        shape = np.exp(random.normal(0, 0.4))
        skinny = [(n, shape) for n in (16.0, 32.0, 64.0, 128.0)]
        wide = [(n, 1.0) for n in (6000.0, 8000.0)] if place % 2 else []
        rows += [(m, n, k, m * n * k * f * np.exp(0.02 * random.standard_normal())) for n, f in (*skinny, *wide)]
        held += [] if wide else [(m, 24_000.0, k)]
    stack = Stack(fit(pd.DataFrame(rows, columns=["m", "n", "k", "seconds_per_eval"]), "m*n*k"))
    points, truth = dict(zip("mnk", np.array(held).T, strict=True)), np.prod(held, axis=1)

    def largest_error() -> float:
        return float(np.abs(np.log([one.estimate for one in stack.predict(points)] / truth)).max())

    assert largest_error() < 0.2
    stack.far_weights = stack.weights
    assert largest_error() > 0.4


def test_powers_that_do_not_fit_take_no_part_where_few_points_are_held_out(rng: np.random.Generator) -> None:
    """A copy of 1 KB to 1 MB takes 100 µs and 10 ns a byte: a power of the size is off by a half."""
    size = np.repeat(4.0 ** np.arange(5, 11), 3)
    seconds = (1e-4 + 1e-8 * size) * np.exp(0.03 * rng.standard_normal(len(size)))
    stack = Stack(fit(pd.DataFrame({"size": size, "seconds_per_eval": seconds}), "size"))
    assert weights_of(stack)[POWERS] < 0.01
    for at in (1024.0, 4.0**11):
        (one,) = stack.predict({"size": np.array([at])})
        assert one.high / one.low < 1.3
