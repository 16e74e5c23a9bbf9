"""What the script of a page is given: the values that are predicted, and why not to trust them."""

from __future__ import annotations

import json

import bptt_bench as bench
import pytest
from bptt_bench.analyse import Analysis
from bptt_bench.report.page.curves import REACH, as_script_data, law_curves

from tests.bench.report.words.test_answers import LEVELS, law_analysis


def test_a_curve_is_what_is_predicted() -> None:
    analysis = law_analysis(lambda n: n, law="n")
    (curve,) = law_curves(analysis)
    assert (curve["subject"], curve["factor"], curve["unit"], curve["fixed"]) == ("sort", "n", "s", "")
    assert [point[0] for point in curve["points"]] == list(LEVELS)
    levels = [node[0] for node in curve["curve"]]
    assert set(LEVELS) <= set(levels)
    assert levels == sorted(levels)
    assert levels[-1] == LEVELS[-1] * REACH
    for node in curve["curve"][:: len(levels) // 7]:
        (expected,) = bench.predict(analysis.frame, f"n={node[0]:g}", experiment=analysis.experiment)
        assert node[1:4] == pytest.approx([expected.value, expected.low, expected.high], rel=1e-5)
        assert curve["notes"][node[4]] == ""


def test_each_factor_has_a_curve_with_the_others_fixed(analysis: Analysis) -> None:
    curves = law_curves(analysis)
    assert [(one["subject"], one["factor"]) for one in curves] == [
        (name, factor) for name in ("base", "sweep", "each") for factor in ("V", "H", "T")
    ]
    assert curves[0]["fixed"].startswith("H = ")
    json.dumps(curves, allow_nan=False)


def test_a_refuted_law_has_a_warning_beside_its_curve() -> None:
    (curve,) = law_curves(law_analysis(lambda n: n**2))
    assert all(curve["notes"][node[4]].startswith("the law is refuted") for node in curve["curve"])


def test_a_prediction_that_is_not_sound_has_its_grade_beyond_the_data_alone() -> None:
    (curve,) = law_curves(law_analysis(lambda n: n**1.1, law="n"))
    notes = {node[0]: curve["notes"][node[4]] for node in curve["curve"]}
    assert notes[LEVELS[0]] == notes[LEVELS[-1]] == ""
    assert notes[LEVELS[-1] * REACH].startswith("extrapolates a law that the times reject: ")


def test_no_text_ends_the_element_that_holds_the_data() -> None:
    text = as_script_data({"a": "</script><!--"})
    assert "<" not in text
    assert json.loads(text) == {"a": "</script><!--"}
