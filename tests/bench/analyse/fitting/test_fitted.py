"""A fitted law: shares, exponents and predictions of exact data are exact, and intervals agree with a jackknife."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import Fit, fit
from bptt_bench.analyse.fitting.fitted import columns_at, own_share
from bptt_bench.analyse.predict.predictor import make_predictor
from bptt_bench.analyse.stats.estimate import solve
from bptt_bench.errors import FitError
from bptt_bench.plan import CostLaw, Design, Point
from bptt_bench.report.words.documents import fit_document

from tests.bench.analyse.made import BASE, COEFFICIENTS, FULL, LAW, seconds, table

LARGEST = {"T": 64.0, "V": 2048.0, "d": 256.0, "H": 256.0}


@pytest.fixture
def noisy(rng: np.random.Generator) -> Fit:
    return fit(table(seconds(), rng=rng, noise=0.01, point_effects=0.03, disturbed=0.1), LAW, overhead="1 + T")


def test_predictions_are_wider_than_the_curve_and_farther_points_less_certain(noisy: Fit) -> None:
    far = Point(T=512, V=65536, d=64, H=1024)
    (at_base, at_far), (near, _) = noisy.predict([BASE, far]), noisy.curve([BASE, far])
    assert at_base.low < near.low < near.high < at_base.high
    assert at_far.high / at_far.low > at_base.high / at_base.low
    assert at_base.high / at_base.estimate == pytest.approx(at_base.estimate / at_base.low)


def test_points_may_be_a_list_a_table_or_a_frame(noisy: Fit) -> None:
    points = [BASE, BASE.replace(T=99)]
    listed = noisy.predict(points)
    assert noisy.predict({**BASE, "T": np.array([16, 99])}) == listed
    assert noisy.predict(pd.DataFrame([dict(point) for point in points])) == listed


def test_a_point_without_a_factor_is_refused(noisy: Fit) -> None:
    with pytest.raises(FitError, match="point: lacks factor 'H'; the law has H, T, V, d"):
        noisy.predict([{"T": 1, "V": 1, "d": 1}])


def test_exponents_of_exact_data_are_those_of_the_full_law() -> None:
    found = fit(table(seconds()), LAW)
    for factor in "TVdH":
        expected = FULL.local_exponent(factor, BASE, COEFFICIENTS.tolist())
        assert found.exponent(factor, BASE) == pytest.approx([expected] * 3, abs=1e-6)
    assert found.law_exponent("T", BASE) == pytest.approx(1)
    assert found.exponent("T", BASE).estimate < 1  # the constant takes its part


def test_shares_of_exact_data_are_shares_of_the_time() -> None:
    found = fit(table(seconds()), LAW)
    expected = COEFFICIENTS[0] * 16 * 64 * 512 / float(FULL.evaluate(BASE, COEFFICIENTS))
    assert found.share(["T*H*V"], BASE).estimate == pytest.approx(expected, rel=1e-6)
    assert found.share([str(term) for term in FULL.terms], BASE) == pytest.approx([1, 1, 1])
    assert found.share(["T * H * V"], BASE).estimate == pytest.approx(expected, rel=1e-6)
    with pytest.raises(FitError, match=r"term 'T\*\*3': not in the law; its terms are T\*H\*V"):
        found.share(["T**3"], BASE)


def test_the_interval_of_a_ratio_agrees_with_its_jackknife(noisy: Fit) -> None:
    estimate, low, high = noisy.ratio(np.array([0, 1.0, 0, 0, 0]), np.array([1.0, 0, 0, 0, 0]))
    c = noisy.coefficients
    replicates = c + noisy.changes
    moved = replicates[:, 1] / replicates[:, 0] - c[1] / c[0]
    jackknife = 2.0422724563 * math.sqrt((moved**2).sum())  # R 4: qt(0.975, 30), for 35 points less 5 terms
    assert estimate == pytest.approx(c[1] / c[0])
    assert (high - low) / 2 == pytest.approx(jackknife, rel=0.2)  # another sandwich, with other degrees of freedom


def test_a_law_that_is_zero_at_the_largest_point_has_no_exponent_there() -> None:
    frame = pd.DataFrame({"n": [0, 1, 2, 3], "seconds_per_eval": [5.0, 1.0, 1.1, 1.2]})
    found = fit(frame, "n", overhead="1")  # found by the fuzzer: 0/0, and a warning
    assert found.largest == {"n": 0.0}
    assert math.isnan(found.law_exponent("n", found.largest))
    assert fit_document(found)["exponents"]["n"]["law"] is None


def test_a_law_says_nothing_where_it_is_0_or_beyond_all_numbers() -> None:
    along = Design.of({"n": n} for n in (2, 4, 8, 16))
    found = fit(table(np.log([2.0, 4, 8, 16]), along), "log(n)", overhead=())
    nothing, huge, fine = found.predict([{"n": 1}, {"n": 1e308}, {"n": 32}])
    assert np.isnan(nothing).all()
    assert fine.estimate == pytest.approx(np.log(32))
    assert np.isfinite(huge.estimate)
    powers = fit(table(np.array([4.0, 16, 64, 256]), along), "n**2", overhead=())
    assert np.isnan(powers.predict([{"n": 1e200}])).all()
    (unknown,) = fit_document(powers, make_predictor("s", powers).predict([Point(n=1e200)]))["predictions"]
    assert [unknown[name] for name in ("value", "low", "high", "grade")] == [None] * 4


def test_an_exponent_that_the_law_alone_fixes_was_not_estimated_and_has_no_interval(rng: np.random.Generator) -> None:
    along = Design.of({"n": n} for n in (1, 2, 4, 8, 16))
    times = table(np.array([1.0, 4, 16, 64, 256]), along, rng=rng, noise=0.1)
    alone = fit(times, "n**2", overhead=())
    assert alone.exponent("n", {"n": 16}).estimate == pytest.approx(2)
    assert {name: fit_document(alone)["exponents"]["n"][name] for name in ("low", "high")} == {
        "low": None,
        "high": None,
    }
    beside = fit(times, "n**2", overhead="1").exponent("n", {"n": 16})
    assert beside.low < beside.estimate < beside.high


def test_columns_at_points_are_those_of_the_law() -> None:
    points = [{"n": 2.0, "m": 3.0}, {"n": 5.0, "m": 1.0}]
    # by hand: n*m, n**2 and 1
    expected = [[6, 4, 1], [5, 25, 1]]
    np.testing.assert_allclose(columns_at(CostLaw("n*m + n**2 + 1"), points), expected)
    np.testing.assert_allclose(columns_at(CostLaw("n*m + n**2 + 1"), pd.DataFrame(points)), expected)


def test_own_share_leaves_out_the_overhead_alone() -> None:
    found = fit(table(seconds()), LAW)
    parts = FULL.columns({name: np.array([level]) for name, level in found.largest.items()})[0] * COEFFICIENTS
    assert own_share(found.terms) == pytest.approx(parts[:3].sum() / parts.sum(), rel=1e-6)


def test_a_wrong_law_predicts_worse_beyond_the_points(rng: np.random.Generator) -> None:
    frame = table(seconds(), rng=rng, noise=0.01)
    far = {name: 4 * level for name, level in LARGEST.items()}
    exact = float(FULL.evaluate(far, COEFFICIENTS))
    right, wrong = (fit(frame, law).curve([far])[0].estimate for law in (LAW, "T*V + H"))
    assert abs(right / exact - 1) < 0.05
    assert abs(wrong / exact - 1) > 0.5


def test_leaving_a_point_out_changes_coefficients_as_a_fit_without_it(noisy: Fit) -> None:
    """First-order changes against one refit without the slowest point: both have nearly the same direction."""
    y = np.log(noisy.points["measured"].to_numpy())
    design = noisy.full_law.columns({name: noisy.points[name].to_numpy(float) for name in noisy.factors})
    kept = np.arange(len(y)) != int(np.argmax(y))
    refit = solve(design[kept], y[kept], start=noisy.coefficients).coefficients - noisy.coefficients
    predicted = noisy.changes[~kept][0]
    relative = np.array([refit, predicted]) / noisy.coefficients
    assert float(relative[0] @ relative[1]) > 0.5 * float(np.linalg.norm(relative[0]) * np.linalg.norm(relative[1]))


def test_a_fit_is_shown_as_a_line_for_each_term() -> None:
    n = np.array([1000.0, 2000.0, 4000.0, 8000.0])
    found = fit(pd.DataFrame({"n": n, "seconds": 2e-6 * n}), "n", response="seconds", overhead=())
    head, term = repr(found).split("\n  ")
    assert head.startswith("Fit of seconds, n, 4 points, mean error ")
    assert term == "n: 2e-06 [2e-06, 2e-06] s (law)"
