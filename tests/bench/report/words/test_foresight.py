"""What a report says of predictions: each number as it was foreseen and measured, and what was missed."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bptt_bench.analyse import Analysis
from bptt_bench.analyse.findings.predictions import (
    Assessment,
    Backtest,
    Grade,
    Misfit,
    Ungraded,
    Unseen,
    Untestable,
    Widened,
    WithinStep,
)
from bptt_bench.analyse.predict.anchors import estimate_shift
from bptt_bench.analyse.predict.foresight import checked_predictions, unmeasured
from bptt_bench.plan import Point
from bptt_bench.report import format as show
from bptt_bench.report.figures import gallery
from bptt_bench.report.figures.foresight import figure_foresight
from bptt_bench.report.page.page import render_html, render_markdown
from bptt_bench.report.terminal import tables as terminal
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.report.words.findings.predictions import assessment_words
from bptt_bench.report.words.foresight import (
    accuracy_lines,
    accuracy_rows,
    foresight_rows,
    foresight_section,
    outcome_lines,
    shift_lines,
)
from matplotlib.axes import Axes
from rich.console import Console

from tests.bench.report.conftest import BEYOND, ERRORS, TRUTH, predicted_and_measured
from tests.bench.report.figures.test_layout import overlaps

NAMES = tuple(TRUTH)  # of the three subjects
WITHIN = [abs(np.log(1 + error)) <= np.log(1.1) for error in ERRORS]  # of the predicted intervals


def without_samples(analysis: Analysis, subject: str, at: Point) -> Analysis:
    """The analysis of a run in which a prediction was not put to the test."""
    frame = analysis.frame
    lost = (frame["subject"] == subject) & (frame["stage"] == "beyond")
    for name, level in at.items():
        lost &= frame[name] == level
    kept = frame[~lost]
    kept.attrs = frame.attrs
    return replace(analysis, evidence=replace(analysis.evidence, frame=kept))


def printed(analysis: Analysis, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    found = checked_predictions(analysis.frame)
    terminal.show_foreseen(found, unmeasured(analysis.frame, found), console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


# --- tables -----------------------------------------------------------------------------------------------------------


def test_a_row_shows_a_prediction_its_interval_and_what_was_measured(foresighted: Analysis) -> None:
    rows = foresight_rows(checked_predictions(foresighted.frame))
    assert [row.subject for row in rows] == [name for name in NAMES for _ in BEYOND]
    (row,) = [row for row in rows if row.subject == "sweep" and row.levels["V"] == "32\u202f768"]
    fit = foresighted.fits["sweep", "seconds_per_eval"]
    value = 1e3 * fit.predict([BEYOND.points[2]])[0].estimate
    assert row.at == "V = 32\u202f768, H = 128, T = 16"
    assert row.predicted == f"{value:.1f} [{value / 1.1:.1f}, {value * 1.1:.1f}]\u202fms"
    assert row.measured == f"{value / 1.005:.1f}\u202fms"
    assert (row.error, row.covered) == ("+0.5\u202f%", True)
    assert row.beyond == "4× farther, 2.5× time"


def test_rows_of_a_subject_stand_from_cheap_to_dear(foresighted: Analysis) -> None:
    found = checked_predictions(foresighted.frame)
    values = [one.prediction.value for one in found]
    assert sorted(values[:8]) != values[:8], "as predicted they stand in another order"
    for name in NAMES:
        cheap_to_dear = sorted(one.prediction.value for one in found if one.prediction.subject == name)
        shown = [row.predicted for row in foresight_rows(found) if row.subject == name]
        assert shown == [show.si_interval(value, value / 1.1, value * 1.1) for value in cheap_to_dear]


def test_accuracy_is_reported_by_subject_for_all_and_beside_what_it_is_held_to(foresighted: Analysis) -> None:
    *subjects, together, held_to = accuracy_rows(checked_predictions(foresighted.frame))
    errors = np.abs(ERRORS)
    expected = [f"{100 * value:.1f}\u202f%" for value in (np.median(errors), np.quantile(errors, 0.95), errors.max())]
    assert [row.subject for row in subjects] == list(NAMES)
    for row in subjects:
        assert list(row[1:]) == ["8", *expected, f"{100 * np.mean(WITHIN):.0f}\u202f%"]
    assert (together.subject, together.n) == ("all", "24")
    assert held_to == ("held to", "", "≤ 5\u202f%", "≤ 10\u202f%", "", "90–98\u202f%")
    one = predicted_and_measured(foresighted, NAMES[:1])
    assert [row.subject for row in accuracy_rows(checked_predictions(one.frame))] == ["base", "held to"]


def test_words_say_whether_predictions_are_as_good_as_they_are_held_to_be(foresighted: Analysis) -> None:
    found = checked_predictions(foresighted.frame)
    errors = "median error 3.5\u202f%, 95th percentile 16.0\u202f%, worst 16.0\u202f%"
    assert accuracy_lines(found) == [
        f"24 predictions: {errors}; 75\u202f% of the intervals at 95\u202f% hold what was measured.",
        "Held to 5\u202f%, 10\u202f% and 90–98\u202f%: missed.",
    ]
    good = [one for one in found if abs(one.error) < 0.05] * 5
    good += [one for one in found if one.error == pytest.approx(-0.12)][:1]  # one interval in 76 misses: 99 %
    assert outcome_lines(good)[0].endswith(": missed.")
    good += [one for one in found if one.error == pytest.approx(-0.12)][1:3]
    assert outcome_lines(good)[0].endswith(": met.")


def test_how_the_machine_has_changed_is_said_with_what_predictions_are_worth_then(foresighted: Analysis) -> None:
    found = checked_predictions(foresighted.frame)
    assert shift_lines(found) == []
    shift = estimate_shift(np.log([1.02, 1.04, 1.03, 1.03]), np.full(4, 1e-8))
    shifted = [replace(one, shift=shift) if one.prediction.subject == "base" else one for one in found]
    lines = outcome_lines(shifted)
    assert lines[1].startswith(
        "Change of the time at anchors, points of the sweep that were measured again in the test: base +3.0\u202f% [+"
    )
    assert lines[1].endswith("] at 4 points.")
    assert lines[2].startswith("8 predictions with this change, its uncertainty in their intervals: median error ")


def test_what_was_not_measured_is_said(foresighted: Analysis) -> None:
    analysis = foresighted
    for point in BEYOND.points[:2]:
        for name in NAMES[:2]:
            analysis = without_samples(analysis, name, point)
    found = checked_predictions(analysis.frame)
    named = ("base at V = 8\u202f192", "base at V = 16\u202f384", "sweep at V = 8\u202f192")
    points = "; ".join(f"{name}, H = 128, T = 16" for name in named)
    last = accuracy_lines(found, unmeasured(analysis.frame, found))[-1]
    assert last == f"Not measured: 4 predictions ({points}; and 1 more)."
    assert accuracy_lines([], unmeasured(analysis.frame, found)[:1]) == [
        "Not measured: 1 prediction (base at V = 8\u202f192, H = 128, T = 16)."
    ]
    assert accuracy_rows([]) == []
    assert foresight_rows([]) == []


@pytest.mark.parametrize("width", [72, 80, 120])
def test_the_table_on_screen_is_not_wider_than_the_screen(foresighted: Analysis, width: int) -> None:
    text = printed(without_samples(foresighted, "base", BEYOND.points[0]), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    rows = [line for line in text.splitlines() if re.match(r" *\d.*\[", line)]
    assert len(rows) == 23
    headings = [line.strip() for line in text.splitlines() if line.strip() in NAMES]
    assert headings == list(NAMES), "each subject heads its own table"
    assert sum(row.rstrip().endswith("✗") for row in rows) == 3 * WITHIN.count(False)
    assert "Not measured: 1 prediction (base at" in text


# --- figure -----------------------------------------------------------------------------------------------------------


def drawn(axes: Axes, marker: str) -> dict[float, float]:
    """Where marks of a kind stand: error by predicted time."""
    lines = [line for line in axes.lines if line.get_marker() == marker and line.get_linestyle() == "None"]
    return {float(x): float(y) for line in lines for x, y in zip(*map(np.asarray, line.get_data()), strict=True)}


def test_every_prediction_stands_at_its_error_with_its_interval(foresighted: Analysis) -> None:
    found = checked_predictions(foresighted.frame)
    figure = figure_foresight(foresighted, found)
    for axes, name, marker in zip(figure.axes, NAMES, "dos", strict=True):
        mine = [one for one in found if one.prediction.subject == name]
        assert drawn(axes, marker) == pytest.approx({one.prediction.value: one.error for one in mine})
        np.testing.assert_allclose([one.error for one in mine], ERRORS)
        (strokes,) = axes.collections
        segments = strokes.get_segments()  # type: ignore[attr-defined]
        ends = {float(segment[0][0]): (float(segment[0][1]), float(segment[1][1])) for segment in segments}
        for one in mine:
            low, high = ((1 + one.error) * end - 1 for end in (1 / 1.1, 1.1))
            assert ends[one.prediction.value] == pytest.approx((low, high))
            assert (low <= 0 <= high) == one.covered


def test_an_interval_that_missed_has_a_hollow_mark(foresighted: Analysis) -> None:
    axes = figure_foresight(foresighted, checked_predictions(foresighted.frame)).axes[0]
    marks = [line for line in axes.lines if line.get_marker() == "d"]
    counts = {line.get_markerfacecolor() == "white": len(np.asarray(line.get_xdata())) for line in marks}
    assert counts == {False: WITHIN.count(True), True: WITHIN.count(False)}


def test_the_sweep_stands_beside_the_predictions_on_the_same_scale(foresighted: Analysis) -> None:
    figure = figure_foresight(foresighted, checked_predictions(foresighted.frame))
    for axes, name in zip(figure.axes, NAMES, strict=True):
        points = foresighted.fits[name, "seconds_per_eval"].points
        expected = dict(zip(points["fitted"], points["fitted"] / points["measured"] - 1, strict=True))
        assert drawn(axes, ".") == pytest.approx(expected)
        assert axes.get_title(loc="left").splitlines()[0] == name
        assert axes.get_title(loc="left").endswith("; 6 of 8 inside")
        assert (axes.get_xlim(), axes.get_ylim()) == (figure.axes[0].get_xlim(), figure.axes[0].get_ylim())


def test_a_prediction_far_off_is_an_arrow_and_wide_intervals_hide_no_error(foresighted: Analysis) -> None:
    found = checked_predictions(foresighted.frame)
    wild = replace(found[0], measured=found[0].measured._replace(estimate=found[0].prediction.value / 4))
    axes = figure_foresight(foresighted, [wild, *found[1:]]).axes[0]
    assert axes.get_ylim() == (-1.0, 1.0)
    (arrow,) = [line for line in axes.lines if line.get_marker() == "^"]
    assert list(np.asarray(arrow.get_ydata())) == [1.0]
    wide = [replace(one, prediction=replace(one.prediction, high=100 * one.prediction.value)) for one in found]
    low, high = figure_foresight(foresighted, wide).axes[0].get_ylim()
    assert -0.6 < low < -0.15
    assert 0.15 < high < 0.6


@pytest.mark.parametrize("names", [NAMES, NAMES[:1]])
def test_nothing_in_the_figure_is_on_top_of_anything(foresighted: Analysis, names: tuple[str, ...]) -> None:
    analysis = predicted_and_measured(foresighted, names)
    figure = figure_foresight(analysis, checked_predictions(analysis.frame))
    assert len(figure.axes) == len(names)
    assert overlaps(figure) == []
    assert figure.axes[-1].get_xlabel().endswith("(s)")
    assert figure._supylabel.get_text().endswith("(%)")  # type: ignore[attr-defined]


def test_the_figure_needs_something_to_show(foresighted: Analysis) -> None:
    with pytest.raises(ValueError, match="foreseen: is empty; at least one prediction must have been measured"):
        figure_foresight(foresighted, [])
    bare = figure_foresight(
        replace(foresighted, evidence=replace(foresighted.evidence, fits={})), checked_predictions(foresighted.frame)
    )
    assert drawn(bare.axes[0], ".") == {}


def test_it_follows_the_ratios_in_a_report_and_its_caption_says_how_good(foresighted: Analysis) -> None:
    named = gallery(foresighted)
    assert [each.name for each in named[:3]] == ["passes", "ratio-each-sweep", "foresight"]
    assert all(line in named[2].caption for line in accuracy_lines(checked_predictions(foresighted.frame)))


# --- page -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_the_page_has_every_prediction(foresighted: Analysis, render: Callable[[Analysis, list[Any]], str]) -> None:
    text = " ".join(render(foresighted, []).replace("\\", "").split())
    section = foresight_section(foresighted.frame)
    assert section is not None
    assert [len(section.rows), len(section.accuracy)] == [24, 5]
    for row in section.rows:
        parts = (row.at, row.predicted, row.measured, row.error, row.beyond)
        assert [part for part in parts if " ".join(part.split()) not in text] == []
    assert text.count("outside the interval") == 3 * WITHIN.count(False)
    lines = [" ".join(line.split()) for line in section.lines]
    assert all(line in text for line in lines)
    assert text.index("Foreseen") < text.index(lines[0]) < text.index(" ".join(section.rows[0].at.split()))


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_a_run_without_predictions_says_nothing_of_them(
    analysis: Analysis, render: Callable[[Analysis, list[Any]], str]
) -> None:
    assert foresight_section(analysis.frame) is None
    assert "oreseen" not in render(analysis, [])


def test_predictions_that_were_never_measured_are_a_line_and_no_table(foresighted: Analysis) -> None:
    frame = foresighted.frame[foresighted.frame["stage"] != "beyond"]
    frame.attrs = foresighted.frame.attrs
    text = render_html(replace(foresighted, evidence=replace(foresighted.evidence, frame=frame)), [])
    assert "Not measured: 24 predictions (base at V" in text
    assert "Every prediction" not in text


def test_the_method_tells_samples_that_tested_predictions_from_those_of_the_sweep(foresighted: Analysis) -> None:
    text = render_html(foresighted, [])
    assert "840 samples of the sweep were kept, every one of them" in text
    assert "72 more were taken at points beyond it, to test predictions; no fit has seen them" in text


# --- what is known of a prediction ------------------------------------------------------------------------------------

TESTED = Backtest(n_held=20, farther=8.2, bias=0.0, median=0.0392, p95=0.1, coverage=0.95, power_law_median=0.3)


def test_of_a_sound_prediction_beyond_the_data_the_backtest_is_told() -> None:
    assert assessment_words(Assessment(grade=Grade.SOUND, backtest=TESTED)) == (
        "backtest: the 20 largest points, up to 8.2 times larger, predicted from the others: "
        "median error 4 % (a power law: 35 %), intervals held 19"
    )
    assert assessment_words(Assessment(grade=Grade.SOUND, backtest=TESTED), is_beyond=False) == ""


def test_a_small_backtest_and_none_say_that_they_grade_nothing() -> None:
    few = Backtest(n_held=3, farther=2.0, bias=0.0, median=0.1, p95=0.1, coverage=1.0)
    assert words(few).endswith("intervals held 3, a grade needs 19 points")
    assert words(Ungraded(n_points=3)) == "no backtest: 3 points are too few to hold some out"
    many = "no backtest: the 24 points do not divide into some larger ones and enough smaller ones"
    assert words(Ungraded(n_points=24)) == many


def test_a_rejected_law_has_its_two_clearest_signs_and_its_effect() -> None:
    signs = (
        Misfit(kind="exponent", along=("n",), p_value=1e-9, change=-0.3, effect=-0.7),
        Misfit(kind="bend", along=(), p_value=1e-5, effect=-0.2),
        Misfit(kind="runs", along=(), p_value=1e-3),
    )
    assert assessment_words(Assessment(grade=Grade.REJECTED, reasons=signs), is_beyond=False) == (
        "extrapolates a law that the data reject: the power of n is 0.3 lower than the law's (p = 1e-09); "
        "residuals bend along the fitted value (p = 1e-05); and 1 more sign; "
        "with what they show, the value would be 50 % smaller than by the law alone"
    )


def test_a_law_that_is_rejected_is_not_also_said_to_be_untested() -> None:
    reasons = (Misfit(kind="runs", along=(), p_value=1e-3), Untestable(factor=None, n_levels=4, needed=6))
    said = [assessment_words(Assessment(grade=grade, reasons=reasons)) for grade in (Grade.REJECTED, Grade.DOUBTFUL)]
    assert ["cannot be tested" in words for words in said] == [False, True]


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (Untestable(factor=None, n_levels=4, needed=6), "the law cannot be tested: 4 points; 6 would do"),
        (
            Untestable(factor="m", n_levels=2, needed=3),
            "the law cannot be tested along m, which has 2 levels; 3 would do",
        ),
        (
            Unseen(factor="n", change=0.31, effect=0.7),
            (
                "the law can hardly be tested here: a power of n off by 0.31 would not be seen, by which the value "
                "would be 101 % larger; more levels of n or more samples would show it"
            ),
        ),
        (
            Widened(factor=2.0, drift=0.1),
            (
                "intervals are 2 times as wide as the model's and wider by 10 % for each factor of e beyond the "
                "data, which backtests needed"
            ),
        ),
        (Misfit(kind="trend", along=(), p_value=0.001), "residuals have a trend along the fitted value (p = 0.001)"),
        (
            Misfit(kind="interaction", along=("n", "m"), p_value=0.001),
            "residuals follow the product of n and m (p = 0.001)",
        ),
        (Misfit(kind="runs", along=(), p_value=0.001), "neighbours in size lie on one side of the law (p = 0.001)"),
        (
            Misfit(kind="power law", along=(), p_value=0.0),
            "a product of powers of the factors fits decisively better",
        ),
    ],
)
def test_each_finding_is_a_clause(finding: Misfit, text: str) -> None:
    assert words(finding) == text


def test_a_backtest_that_was_far_off_says_by_how_much_and_how_many_it_missed() -> None:
    far = Backtest(n_held=3, farther=4.0, bias=1.0, median=float(np.log(2.5)), p95=1.0, coverage=1.0)
    doubted = Assessment(grade=Grade.DOUBTFUL, reasons=(far,))
    said = "the 3 largest measured points were off by 150 % in the median"
    assert f"{said}, in a backtest" in assessment_words(doubted)
    missed = replace(doubted, reasons=(replace(far, coverage=1 / 3),))
    assert f"{said}, 2 of them outside their intervals, in a backtest" in assessment_words(missed)


def test_a_change_beyond_a_thousandfold_has_no_figure() -> None:
    assert "more than 1000 times as large" in words(Unseen(factor="n", change=7.0, effect=16.0))
    assert "20.1 times as large" in words(Unseen(factor="n", change=1.0, effect=3.0))


def test_a_value_within_a_step_says_how_far_its_sides_are_apart() -> None:
    assert words(WithinStep(factor="n", between=(32_000, 64_000), times=3.0)) == (
        "the law changes between n=32000 and n=64000, nothing measured says where, and the value lies between both "
        "sides of it, which are 3 times apart: measure a point in between"
    )
