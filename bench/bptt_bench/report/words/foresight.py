"""Predictions beyond the sweep in words and tables: each beside what was measured, and how good they were in all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from bptt_bench.analyse.predict.predictor import PointPrediction
from bptt_bench.report import format as show
from bptt_bench.report.words.findings.predictions import assessment_words

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.analyse.predict.anchors import Shift
    from bptt_bench.analyse.predict.foresight import CheckedPrediction, Prediction

OUTSIDE = "✗"  # beside the error of a prediction whose interval missed what was measured
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


def with_words(found: Iterable[PointPrediction]) -> list[PointPrediction]:
    """Return predictions whose notes say what is known of them."""
    return [
        one if one.assessment is None else replace(one, known=assessment_words(one.assessment, one.beyond != ""))
        for one in found
    ]
