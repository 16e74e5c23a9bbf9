"""A fit recovers what made the data, says what it cannot tell, and does not depend on units."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import Fit, fit, prefer
from bptt_bench.analyse.findings.obstacles import Confounded, SmallShare
from bptt_bench.analyse.predict.predictor import make_predictor
from bptt_bench.errors import FitError
from bptt_bench.plan import CostLaw, Design
from bptt_bench.plan.design.design import OF_POINTS
from bptt_bench.report.words.documents import fit_document
from bptt_bench.report.words.findings.clauses import words

from tests.bench.analyse.made import BASE, COEFFICIENTS, DESIGN, FULL, LAW, levels, seconds, table

LARGEST = {"T": 64.0, "V": 2048.0, "d": 256.0, "H": 256.0}


@pytest.fixture
def noisy(rng: np.random.Generator) -> Fit:
    return fit(table(seconds(), rng=rng, noise=0.01, point_effects=0.03, disturbed=0.1), LAW, overhead="1 + T")


def by_term(found: Fit) -> dict[str, float]:
    return {term.term: term.coefficient for term in found.terms}


def test_exact_data_give_back_every_coefficient_and_the_overhead_that_made_them() -> None:
    found = fit(table(seconds()), LAW)
    assert by_term(found) == pytest.approx(dict(zip(map(str, FULL.terms), COEFFICIENTS, strict=True)), rel=1e-6)
    assert [term.role for term in found.terms] == ["law"] * 3 + ["overhead"] * 2
    assert found.error.max < 1e-9
    assert (found.n_points, found.n_samples) == (len(DESIGN), 5 * len(DESIGN))


def test_overhead_that_is_not_there_is_not_found() -> None:
    exact = seconds(law=CostLaw(LAW), coefficients=COEFFICIENTS[:3])
    assert fit(table(exact), LAW).full_law.text == LAW


def test_given_overhead_is_used_as_it_is_and_useless_terms_are_zero() -> None:
    exact = seconds(law=CostLaw(LAW), coefficients=COEFFICIENTS[:3])
    found = fit(table(exact), LAW, overhead=("1", "T*V"))
    assert found.full_law.text == LAW + " + 1 + T*V"
    assert found.coefficients[3:] == pytest.approx([0, 0], abs=1e-14)


def test_overhead_may_repeat_a_term_of_the_law() -> None:
    assert fit(table(seconds()), LAW, overhead="1 + T*H*V").full_law.text == LAW + " + 1"


def test_a_wrong_law_loses() -> None:
    right = fit(table(seconds()), LAW)
    for wrong in ("T*H*V", "T**2*H*V + T*H*d", "V*H + d*H"):
        assert fit(table(seconds()), wrong).error.in_sample_mape > 1e6 * right.error.in_sample_mape


def test_units_change_coefficients_and_nothing_else(rng: np.random.Generator) -> None:
    frame = table(seconds(), rng=rng, noise=0.01, point_effects=0.03, disturbed=0.1)
    in_ms = frame.assign(seconds_per_eval=frame["seconds_per_eval"] * 1e3)
    plain, scaled = fit(frame, LAW), fit(in_ms, LAW)
    assert scaled.full_law == plain.full_law
    np.testing.assert_allclose(scaled.coefficients, plain.coefficients * 1e3, rtol=1e-6)
    np.testing.assert_allclose(scaled.changes, plain.changes * 1e3, rtol=1e-4, atol=1e-6 * scaled.coefficients.max())
    assert scaled.error.in_sample_mape == pytest.approx(plain.error.in_sample_mape, rel=1e-6)
    assert scaled.lack_of_fit.p_value == pytest.approx(plain.lack_of_fit.p_value, rel=1e-6)


def test_the_same_data_give_the_same_fit(rng: np.random.Generator) -> None:
    frame = table(seconds(), rng=rng, noise=0.01, point_effects=0.03)
    assert fit_document(fit(frame, LAW)) == fit_document(fit(frame, LAW))


def test_order_of_rows_does_not_matter(rng: np.random.Generator) -> None:
    frame = table(seconds(), rng=rng, noise=0.01, point_effects=0.03, disturbed=0.1)
    shuffled = frame.sample(frac=1, random_state=1)
    np.testing.assert_allclose(fit(shuffled, LAW).coefficients, fit(frame, LAW).coefficients, rtol=1e-6)


def test_disturbed_samples_hardly_move_the_fit(rng: np.random.Generator) -> None:
    found = fit(table(seconds(), rng=rng, noise=0.01, disturbed=0.2, repetitions=7), LAW, overhead="1 + T")
    np.testing.assert_allclose(found.coefficients, COEFFICIENTS, rtol=0.05)
    assert found.noise.contaminated_share == pytest.approx(0.2, abs=0.05)
    assert found.noise.relative == pytest.approx(0.01, rel=0.2)


def test_drift_of_blocks_is_subtracted_where_the_block_is_named(rng: np.random.Generator) -> None:
    frame = table(seconds(), rng=rng, noise=0.01)
    frame["seconds_per_eval"] *= np.array([1, 1.1, 0.9, 1, 1.2])[frame["block"]]
    plain, blocked = (fit(frame, LAW, overhead="1 + T", block=block).noise.relative for block in (None, "block"))
    assert plain is not None
    assert plain > 0.05
    assert blocked == pytest.approx(0.01, rel=0.2)


def test_single_disturbed_samples_are_seen_against_the_law(rng: np.random.Generator) -> None:
    frame = table(seconds(), rng=rng, noise=0.01, disturbed=0.15, repetitions=1)
    found = fit(frame, LAW, overhead="1 + T")
    assert found.noise.relative is None
    assert found.coefficients[0] == pytest.approx(COEFFICIENTS[0], rel=0.05)


def test_minima_of_points_give_a_second_opinion(noisy: Fit) -> None:
    np.testing.assert_allclose(noisy.coefficients_on_minima, noisy.coefficients, rtol=0.1)
    assert not np.array_equal(noisy.coefficients_on_minima, noisy.coefficients)


def test_the_columns_of_points_are_those_that_no_factor_may_be_called(noisy: Fit) -> None:
    assert {*noisy.points.columns, "censored"} == {*noisy.factors, *OF_POINTS}


def test_points_say_what_was_measured_and_fitted(noisy: Fit) -> None:
    points = noisy.points
    assert list(points.columns[:9]) == ["T", "V", "d", "H", "n_samples", "measured", "low", "high", "fitted"]
    assert (points["low"] < points["measured"]).all()
    assert (points["measured"] < points["high"]).all()
    np.testing.assert_allclose(np.log(points["measured"] / points["fitted"]), points["log_residual"], atol=1e-12)
    np.testing.assert_allclose(points["fitted"], noisy.full_law.evaluate(dict(levels()), noisy.coefficients))


def test_intervals_hold_the_estimate_and_stay_above_zero(noisy: Fit) -> None:
    for term in noisy.terms:
        assert 0 <= term.low < term.coefficient < term.high
    low, high = noisy.share(["T*H*V"], BASE)[1:]
    assert 0 < low < high < 1


def test_a_term_too_small_to_judge_is_named_with_the_point_that_would_decide() -> None:
    design = Design.lines({"n": 60, "m": 1}, {"n": [30, 120, 240], "m": [2, 3, 4]})
    exact = seconds(design, CostLaw("n*m + m**2"), [1.0, 0.5])
    term = fit(table(exact, design), "n*m + m**2", overhead=()).terms[1]
    assert not term.identifiable
    assert isinstance(term.reason, SmallShare)
    assert words(term.reason) == "m² is 3.2 % of the time at n=60 m=4; n=60 m=32 would decide"
    assert term.largest_share == pytest.approx(2 / 62)


def test_terms_that_move_together_are_not_identifiable() -> None:
    design = Design.grid({"d": [16, 32, 64, 128], "T": [1, 2, 4, 8]})
    design = Design.of({**point, "H": point["d"]} for point in design)
    exact = seconds(design, CostLaw("T*H*d + T"), [1e-9, 1e-6])
    found = fit(table(exact, design), "T*H*d + T*H**2", overhead="T")
    assert found.condition_number > 1e10
    for term in found.terms[:2]:
        assert (term.identifiable, term.low, term.high) == (False, 0, math.inf)
        assert isinstance(term.reason, Confounded)
        assert term.reason.separated_by is not None
    assert found.terms[2].identifiable
    assert found.confounded[0] == {"T*H**2"}


def test_a_coefficient_that_may_be_zero_is_not_identifiable(rng: np.random.Generator) -> None:
    design = Design.of({"n": n} for n in (1, 2, 3, 4, 5))
    found = fit(table(np.array([1.2, 1.8, 3.5, 3.6, 5.6]), design), "n", overhead="1")
    constant = found.terms[1]
    assert (constant.identifiable, constant.low) == (False, 0)
    assert constant.coefficient < constant.high


def test_condition_number_is_that_of_scaled_relative_columns() -> None:
    n = np.array([1.0, 2, 4, 8])
    design = Design.of({"n": level} for level in n)
    found = fit(table(n + 1, design), "n", overhead="1")
    relative = np.column_stack([n, np.ones(4)]) / (n + 1)[:, None]
    expected = np.linalg.cond(relative / np.linalg.norm(relative, axis=0))
    assert found.condition_number == pytest.approx(expected, rel=1e-6)


def test_json_has_the_promised_shape(noisy: Fit, rng: np.random.Generator) -> None:
    frame = table(seconds(), rng=rng, noise=0.01)
    versus = [prefer(frame, LAW, "T**2*H*V")]
    predictions = make_predictor("s", noisy).predict([BASE])
    document = json.loads(json.dumps(fit_document(noisy, predictions, versus), allow_nan=False))
    assert list(document) == [
        "law", "response", "unit", "n_points", "n_samples", "terms", "exponents", "noise", "error", "lack_of_fit",
        "predictions", "versus",
    ]  # fmt: skip
    assert document["law"] == LAW
    assert list(document["terms"][0]) == [
        "term", "role", "coefficient", "low", "high", "share_at_largest", "identifiable",
    ]  # fmt: skip
    assert list(document["exponents"]) == ["H", "T", "V", "d"]
    assert list(document["exponents"]["T"]) == ["at", "estimate", "low", "high", "law"]
    assert document["exponents"]["T"]["at"] == noisy.largest == LARGEST
    assert list(document["noise"]) == ["relative", "contaminated_share", "far_share"]
    assert list(document["error"]) == ["in_sample_mape", "max"]
    assert list(document["lack_of_fit"]) == ["p_value", "finding", "kind"]
    assert document["predictions"][0]["at"] == dict(BASE)
    assert list(document["predictions"][0]) == ["at", "value", "low", "high", "farther", "grade", "note", "evidence"]
    assert list(document["versus"][0]) == ["law", "decision", "aicc_gap", "held_out_gap", "note"]


@pytest.mark.parametrize(
    ("n", "seconds_per_eval", "law", "expected"),
    [
        ([1, 2, 3, 1e308], [1.0, 1.1, 1.2, 1.3], "n", "column 'n': 1e+308 in data row 4; allowed are numbers from "),
        ([1, 2, 3, 4], [1.0, 1e-300, 1e300, 1], "n", "column 'seconds_per_eval': 1e-300 in data row 2; allowed are "),
        ([1, 2, 3, 1e20], [1.0, 1.1, 1.2, 1.3], "n**4", "term n**4: 1e+80 at n=1e+20; allowed are numbers from 1e-60"),
    ],
)
def test_numbers_that_no_fit_can_square_are_refused(
    n: list[float], seconds_per_eval: list[float], law: str, expected: str
) -> None:
    with pytest.raises(FitError) as caught:  # found by the fuzzer: warnings of overflow, and nonsense
        fit(pd.DataFrame({"n": n, "seconds_per_eval": seconds_per_eval}), law, overhead="1")
    assert str(caught.value).startswith(expected)


def test_json_says_null_for_what_is_infinite_or_undefined() -> None:
    design = Design.of({"d": d, "H": d} for d in (16, 32, 64, 128))
    found = fit(table(seconds(design, CostLaw("H*d"), [1e-9]), design, repetitions=1), "H*d + H**2", overhead=())
    document = json.loads(json.dumps(fit_document(found), allow_nan=False))
    assert document["terms"][0]["high"] is None
    assert document["noise"]["relative"] is None
    assert document["lack_of_fit"]["p_value"] is None


def test_too_few_points_are_refused() -> None:
    design = Design.of({"n": n} for n in (1, 2, 3))
    with pytest.raises(
        FitError, match=r"points: 3 are too few for law 'n \+ n\*\*2 \+ 1' of 3 terms; allowed are 4 or more"
    ):
        fit(table(np.array([1.0, 2, 3]), design), "n + n**2", overhead="1")


def test_a_constant_law_can_be_fitted() -> None:
    design = Design.of({"n": n} for n in (1, 2, 3, 4))
    found = fit(table(np.full(4, 2.5), design), "1", overhead=())
    assert found.coefficients == pytest.approx([2.5])
    assert found.predict([{"n": 7}])[0].estimate == pytest.approx(2.5)
