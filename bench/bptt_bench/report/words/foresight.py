"""Predictions beyond the sweep in words and tables: each beside what was measured, and how good they were in all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from bptt_bench.analyse.findings.predictions import (
    FEWEST_GRADED,
    Assessment,
    Backtest,
    FarBelow,
    FarBeyond,
    FoundLaw,
    Grade,
    Misfit,
    NeverVaried,
    OddPoint,
    Ungraded,
    Unseen,
    Untestable,
    WideInterval,
    Widened,
)
from bptt_bench.analyse.fitting.diagnose import describe
from bptt_bench.analyse.predict.predictor import PointPrediction
from bptt_bench.plan.law.wording import join_names
from bptt_bench.report import format as show
from bptt_bench.report.words.findings.clauses import number, words

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.analyse.predict.anchors import Shift
    from bptt_bench.analyse.predict.foresight import CheckedPrediction, Prediction

OUTSIDE = "✗"  # beside the error of a prediction whose interval missed what was measured
FEW_POINTS = 12  # of which a backtest may leave fewer than a law of several terms needs
MANY_TIMES = 1000.0  # beyond which a change is given no figure
MOST_NAMED = 3  # points that were not measured; the JSON document of the command has all


class ForesightRow(NamedTuple):
    """A prediction beside what was measured, as text.

    ``levels`` are those of ``at``, one by one; ``beyond`` is how far from the sweep that is, in the level of a
    factor and in time; ``covered`` says whether the predicted interval holds what was measured.
    """

    subject: str
    levels: dict[str, str]
    at: str
    beyond: str
    predicted: str
    measured: str
    error: str
    covered: bool


class AccuracyRow(NamedTuple):
    """How good the predictions of a subject, or all of them, were, as text."""

    subject: str
    n: str
    median: str
    p95: str
    worst: str
    coverage: str


class ForesightSection(NamedTuple):
    """What a report says of predictions: each of them, how good they were, and whether that is good enough."""

    rows: list[ForesightRow]
    accuracy: list[AccuracyRow]
    lines: list[str]


def foresight_section(frame: pd.DataFrame) -> ForesightSection | None:
    """Return what a report says of the predictions of a run, if it holds any."""
    from bptt_bench.analyse.predict.foresight import checked_predictions, predictions_of, unmeasured

    if not predictions_of(frame):
        return None
    found = checked_predictions(frame)
    return ForesightSection(
        foresight_rows(found), accuracy_rows(found), accuracy_lines(found, unmeasured(frame, found))
    )


def foresight_rows(foreseen: Sequence[CheckedPrediction]) -> list[ForesightRow]:
    """Return the predictions beyond the sweep as text, the fastest first within each subject."""
    from bptt_bench.analyse.predict.foresight import by_subject

    return [
        _row(one)
        for group in by_subject(foreseen).values()
        for one in sorted(group, key=lambda one: one.prediction.value)
    ]


def _row(one: CheckedPrediction) -> ForesightRow:
    made = one.prediction
    return ForesightRow(
        subject=made.subject,
        levels={name: show.level(level) for name, level in made.at.items()},
        at=show.point(made.at),
        beyond=f"{show.number(made.farther, 2)}× farther, {show.number(made.time_ratio, 2)}× time",
        predicted=show.si_interval(made.value, made.low, made.high),
        measured=show.si(one.measured.estimate, "s"),
        error=f"{'+' if one.error > 0 else ''}{error_percent(one.error)}",
        covered=one.covered,
    )


def error_percent(error: float) -> str:
    """Return a relative error to a tenth of a per cent: 10.4 % is more than the 10 % that predictions are held to.

    >>> error_percent(0.1042), error_percent(-0.003)
    ('10.4\\u202f%', '−0.3\\u202f%')
    """
    return f"{show.fixed(100 * error, 1)}{show.NARROW}%"


def accuracy_rows(foreseen: Sequence[CheckedPrediction]) -> list[AccuracyRow]:
    """Return the accuracy of the predictions of each subject, then of all, and the goals; none without predictions."""
    from bptt_bench.analyse.predict.foresight import TARGET_COVERAGE, TARGET_MEDIAN, TARGET_P95, accuracy, by_subject

    if not foreseen:
        return []
    groups = by_subject(foreseen)
    low, high = (show.number(100 * share) for share in TARGET_COVERAGE)
    held_to = AccuracyRow(
        subject="held to",
        n="",
        median=f"≤ {show.percent(TARGET_MEDIAN)}",
        p95=f"≤ {show.percent(TARGET_P95)}",
        worst="",
        coverage=f"{low}–{high}{show.NARROW}%",
    )
    rows = []
    for name, group in [*groups.items(), *([("all", foreseen)] if len(groups) > 1 else [])]:
        found = accuracy(group)
        median, p95, worst = (error_percent(error) for error in (found.median, found.p95, found.worst))
        rows.append(AccuracyRow(name, show.number(found.n), median, p95, worst, show.percent(found.coverage)))
    return [*rows, held_to]


def accuracy_lines(foreseen: Sequence[CheckedPrediction], unmeasured: Sequence[Prediction] = ()) -> list[str]:
    """Return the accuracy of all predictions, whether it meets the goals, and which were not tested."""
    if not foreseen:
        return outcome_lines(foreseen, unmeasured)
    return [f"{_predictions(len(foreseen))}: {_accuracy_words(foreseen)}", *outcome_lines(foreseen, unmeasured)]


def _accuracy_words(foreseen: Sequence[CheckedPrediction]) -> str:
    from bptt_bench.analyse.predict.foresight import accuracy

    found = accuracy(foreseen)
    return (
        f"median error {error_percent(found.median)}, 95th percentile {error_percent(found.p95)}, "
        f"worst {error_percent(found.worst)}; "
        f"{show.percent(found.coverage)} of the intervals at 95{show.NARROW}% hold what was measured."
    )


def shift_lines(foreseen: Sequence[CheckedPrediction]) -> list[str]:
    """Return how the machine has changed between sweep and test, and the accuracy without this; none if unknown."""
    from bptt_bench.analyse.predict.foresight import at_test_speed, shifts

    found = shifts(foreseen)
    if not found:
        return []
    changes = "; ".join(f"{name} {_change_of_time(shift)}" for name, shift in found.items())
    moved = at_test_speed(foreseen)
    return [
        f"Change of the time at anchors, points of the sweep that were measured again in the test: {changes}.",
        f"{_predictions(len(moved))} with this change, its uncertainty in their intervals: {_accuracy_words(moved)}",
    ]


def _change_of_time(shift: Shift) -> str:
    value, low, high = (f"{'+' if one > 1 else ''}{error_percent(one - 1)}" for one in shift.ratio)
    return f"{value} [{low}, {high}] at {shift.n} points"


def outcome_lines(foreseen: Sequence[CheckedPrediction], unmeasured: Sequence[Prediction] = ()) -> list[str]:
    """Return whether predictions meet the goals, and which were not tested."""
    from bptt_bench.analyse.predict.foresight import TARGET_COVERAGE, TARGET_MEDIAN, TARGET_P95, accuracy

    lines = []
    if foreseen:
        low, high = (show.number(100 * share) for share in TARGET_COVERAGE)
        lines.append(
            f"Held to {show.percent(TARGET_MEDIAN)}, {show.percent(TARGET_P95)} and {low}–{high}{show.NARROW}%: "
            f"{'met' if accuracy(foreseen).met else 'missed'}."
        )
        lines += shift_lines(foreseen)
    if unmeasured:
        named = "; ".join(f"{one.subject} at {show.point(one.at)}" for one in unmeasured[:MOST_NAMED])
        more = f"; and {len(unmeasured) - MOST_NAMED} more" if len(unmeasured) > MOST_NAMED else ""
        lines.append(f"Not measured: {_predictions(len(unmeasured))} ({named}{more}).")
    return lines


def _predictions(n: int) -> str:
    return f"{n} prediction{'' if n == 1 else 's'}"


MOST_SIGNS = 2  # of a rejected law that are named; the evidence of the JSON document has all
SMALLEST_EFFECT = 0.01
GRADES = {
    Grade.SOUND: "sound",
    Grade.DOUBTFUL: "doubtful",
    Grade.REJECTED: "extrapolates a law that the {data} reject",
}


def with_words(found: Iterable[PointPrediction]) -> list[PointPrediction]:
    """Return predictions whose notes say what is known of them."""
    return [
        one if one.assessment is None else replace(one, known=assessment_words(one.assessment, one.beyond != ""))
        for one in found
    ]


def assessment_words(one: Assessment, is_beyond: bool = True) -> str:
    """Return what is known of a prediction; of one within the data no more than what speaks against it."""
    parts = [said] if (said := grade_words(one)) else []
    if is_beyond:
        parts += [*map(words, one.remarks), *([] if one.backtest is None else [words(one.backtest)])]
    return "; ".join(parts)


def grade_words(one: Assessment, data: str = "data") -> str:
    """Return the grade of a prediction with its reasons; empty for one that is sound.

    ``data`` : what the law is held against; the work may follow a law that the times reject.
    """
    if one.grade is Grade.SOUND:
        return ""
    return f"{GRADES[one.grade].format(data=data)}: {'; '.join(reason_lines(one))}"


def reason_lines(one: Assessment) -> Iterator[str]:
    """Yield the reasons of a grade, a clause each; a law that is rejected is not also said to be untested."""
    misfits = [reason for reason in one.reasons if isinstance(reason, Misfit)]
    if misfits:
        yield _misfits_words(misfits)
    for reason in one.reasons:
        if isinstance(reason, Backtest):
            missed = f", {_missed(reason)} of them outside their intervals" if _missed(reason) else ""
            off = f"off by {_percent(reason.median)} in the median{missed}"
            yield f"the {reason.n_held} largest measured points were {off}, in a backtest"
        elif not isinstance(reason, Misfit) and not (one.grade is Grade.REJECTED and isinstance(reason, Untestable)):
            yield words(reason)


@words.register
def _(one: Backtest) -> str:
    plain = "" if one.power_law_median is None else f" (a power law: {_percent(one.power_law_median)})"
    ungraded = "" if one.is_graded else f", ungraded with fewer than {FEWEST_GRADED} points"
    return (
        f"backtest: the {one.n_held} largest points, up to {one.farther:.2g} times larger, predicted from the others: "
        f"median error {_percent(one.median)}{plain}, intervals held {one.n_held - _missed(one)}{ungraded}"
    )


def _missed(one: Backtest) -> int:
    return round((1 - one.coverage) * one.n_held)


def _misfits_words(misfits: Sequence[Misfit]) -> str:
    """Return the departures from a law in one clause, with the largest effect on the prediction."""
    shown = "; ".join(words(one) for one in misfits[:MOST_SIGNS])
    n_more = len(misfits) - MOST_SIGNS
    more = f"; and {n_more} more sign{'' if n_more == 1 else 's'}" if n_more > 0 else ""
    effects = [one.effect for one in misfits if one.effect is not None]
    largest = max(effects, key=abs, default=0.0)
    change = (
        f"; with what they show, the law's own value here would be {_change(largest)}"
        if abs(largest) > SMALLEST_EFFECT
        else ""
    )
    return f"{shown}{more}{change}"


def _change(effect: float) -> str:
    """Return a change of a value in words.

    >>> _change(math.log(1.4)), _change(math.log(0.5)), _change(math.log(30))
    ('40 % larger', '50 % smaller', '30.0 times as large')
    """
    ratio = math.exp(min(effect, 700.0))
    if ratio >= MANY_TIMES:
        return f"more than {MANY_TIMES:.0f} times as large"
    if ratio >= 3:
        return f"{number(ratio)} times as large"
    return f"{abs(ratio - 1):.0%} {'larger' if ratio > 1 else 'smaller'}".replace("%", " %")


def _percent(log_error: float) -> str:
    """Return the size of an error of a logarithm as a percentage."""
    value = 100 * math.expm1(min(log_error, 50.0))
    return f"{number(value) if value < 10 else f'{value:.0f}'} %"


@words.register
def _(one: Misfit) -> str:
    p_value = f" (p = {one.p_value:.2g})"
    along = f"along {join_names(one.along)}" if one.along else "along the fitted value"
    if one.kind == "exponent":
        change = 0.0 if one.change is None else one.change
        side = "higher" if change > 0 else "lower"
        return f"the power of {one.along[0]} is {abs(change):.2g} {side} than the law's{p_value}"
    if one.kind == "interaction":
        return f"residuals follow the product of {join_names(one.along)}{p_value}"
    if one.kind == "runs":
        return f"neighbours in size lie on one side of the law{p_value}"
    if one.kind == "power law":
        return "a product of powers of the factors fits decisively better"
    return f"residuals {'bend' if one.kind == 'bend' else 'have a trend'} {along}{p_value}"


@words.register
def _(one: Untestable) -> str:
    if one.factor is None:
        return f"the law cannot be tested: {one.n_levels} points; {one.needed} would do"
    return f"the law cannot be tested along {one.factor}, which has {one.n_levels} levels; {one.needed} would do"


@words.register
def _(one: Unseen) -> str:
    return (
        f"the law can hardly be tested here: a power of {one.factor} off by {one.change:.2g} would not be seen, "
        f"by which the value would be {_change(one.effect)}; more levels of {one.factor} or more samples would show it"
    )


@words.register
def _(one: FoundLaw) -> str:
    tried = f"tried on {one.n_held} larger points alone" if one.n_held else "not tried on larger points"
    enough = f"about {4 * FEWEST_GRADED} sizes, of which {FEWEST_GRADED} are tried"
    return f"the law was found in these measurements, and {tried}: state a law, or measure {enough}"


@words.register
def _(one: FarBeyond) -> str:
    return f"{one.factor} is {number(one.times)} times as large as anything measured, farther than any backtest reaches"


@words.register
def _(one: FarBelow) -> str:
    return f"{one.factor} is {number(one.times)} times below all that was measured: there something else may cost most"


@words.register
def _(one: OddPoint) -> str:
    off = f"{number(max(one.times, 1 / one.times))} times {'above' if one.times > 1 else 'below'}"
    return f"{describe(one.at)} was measured {off} the law, and the other points lie near it: measure it again"


@words.register
def _(one: WideInterval) -> str:
    return f"the interval spans more than a factor of {number(one.times)}, and says next to nothing"


@words.register
def _(one: NeverVaried) -> str:
    names = join_names(one.factors)
    how = "was measured at one level alone" if len(one.factors) == 1 else "never varied apart in the data"
    return f"{names} {how}, and the law's power of {'it' if len(one.factors) == 1 else 'each'} cannot be tested"


@words.register
def _(one: Ungraded) -> str:
    if one.n_points < FEW_POINTS:
        return f"no backtest: {one.n_points} points are too few to hold some out"
    return f"no backtest: the {one.n_points} points do not divide into some larger ones and enough smaller ones"


@words.register
def _(one: Widened) -> str:
    parts = [f"{number(one.factor)} times as wide as the model's"] if one.factor > 1 else []
    parts += [f"wider by {one.drift:.0%} for each factor of e beyond the data"] if one.drift > 0 else []
    return f"intervals are {' and '.join(parts)}, which backtests needed".replace("%", " %")


@words.register
def _(one: Assessment) -> str:
    return assessment_words(one)
