"""What the script of a page is given: the values that the fit predicts, and why not to trust them."""

from __future__ import annotations

import json

import pytest
from bptt_bench.analyse import Analysis
from bptt_bench.report.page.curves import REACH, as_script_data, law_curves

from tests.bench.report.words.test_answers import LEVELS, law_analysis

WHOLE = "seconds_per_eval"


def test_a_curve_is_what_the_fit_predicts() -> None:
    analysis = law_analysis(lambda n: n)
    (curve,) = law_curves(analysis)
    assert (curve["subject"], curve["factor"], curve["unit"], curve["fixed"]) == ("sort", "n", "s", "")
    assert [point[0] for point in curve["points"]] == list(LEVELS)
    levels = [node[0] for node in curve["curve"]]
    assert set(LEVELS) <= set(levels)
    assert levels == sorted(levels)
    assert levels[-1] == LEVELS[-1] * REACH
    for node in curve["curve"][:: len(levels) // 7]:
        (expected,) = analysis.fits["sort", WHOLE].predict([{"n": node[0]}])
        assert node[1:] == pytest.approx(list(expected), rel=1e-5)


def test_each_factor_has_a_curve_with_the_others_fixed(analysis: Analysis) -> None:
    curves = law_curves(analysis)
    assert [(one["subject"], one["factor"]) for one in curves] == [
        (name, factor) for name in ("base", "sweep", "each") for factor in ("V", "H", "T")
    ]
    assert curves[0]["fixed"].startswith("H = ")
    json.dumps(curves, allow_nan=False)


def test_a_refuted_law_has_a_warning_beside_its_curve() -> None:
    (curve,) = law_curves(law_analysis(lambda n: n**2))
    assert curve["note"].startswith("the law is refuted")


def test_no_text_ends_the_element_that_holds_the_data() -> None:
    text = as_script_data({"a": "</script><!--"})
    assert "<" not in text
    assert json.loads(text) == {"a": "</script><!--"}
