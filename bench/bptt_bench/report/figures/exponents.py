"""Predicted and estimated exponents, one row for each claim."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import shorten
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from bptt_bench.plan import ExponentClaim, LawClaim
from bptt_bench.report import format as show
from bptt_bench.report.figures.style import FAINT, INK, VERDICT_LOOKS, Sheet, Size, styled
from bptt_bench.report.marks import Mark, carry
from bptt_bench.report.words.content import claim_name, growth_of, judged_claims

if TYPE_CHECKING:
    from bptt_bench.analyse.verdicts.analysis import Analysis
    from bptt_bench.analyse.verdicts.verdict import Verdict

    Judged = ExponentClaim | LawClaim
    Row = tuple[Verdict, Judged]

ROW_INCHES = 0.62
MANY_ROWS = 14  # with more claims a row is low, and shows its estimate less the predicted exponent
LOW_ROW_INCHES, REST_INCHES = 0.19, 1.6
SHORT_CHARACTERS = 32  # of the name of a claim in a low row
MOST_MARGINS = 2.5  # an estimate further off than this many of the widest margins is an arrow
LABEL_CHARACTERS = 48
ROW_CHARACTERS = 66  # of label and verdict beside each other
REACH = 0.6  # an interval that runs further than this beyond the outermost prediction is cut off, with an arrow


@styled
def figure_exponents(
    analysis: Analysis,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw the estimate and interval of every claimed exponent, over the predicted value and its margin.

    Parameters
    ----------
    ax, size, style : see ``bptt_bench.report.figures``.

    Raises
    ------
    ValueError : no exponent was judged.
    """
    rows = exponent_rows(analysis)
    if not rows:
        raise ValueError("verdicts: none of an exponent; nothing to draw")
    sheet = _draw_many(rows, ax, size) if len(rows) > MANY_ROWS else _draw_few(rows, ax, size)
    words = [word for word in VERDICT_LOOKS if any(verdict.verdict == word for verdict, _ in rows)]
    handles = [Line2D([], [], color=VERDICT_LOOKS[w].color, marker=VERDICT_LOOKS[w].marker) for w in words]
    predicted = Line2D([], [], color=INK, marker="|", markersize=12, markeredgewidth=1.6, linestyle="none")
    sheet.headline("Exponents: predicted, and estimated with intervals")
    sheet.legend([*handles, predicted, Patch(facecolor=FAINT)], [*words, "predicted", "margin of the claim"])
    return sheet.figure


def exponent_rows(analysis: Analysis) -> list[Row]:
    """Return the verdicts on exponents and on laws as a whole, less those on laws that grow by the step."""
    claims = {(c.name, c.subject): c for c in judged_claims(analysis) if isinstance(c, ExponentClaim | LawClaim)}
    rows: list[Row] = []
    for verdict in analysis.verdicts:
        claim = claims.get((verdict.claim, verdict.subject))
        if claim is None or verdict.predicted is None:
            continue
        if isinstance(claim, LawClaim):
            growth = growth_of(verdict)
            if growth is None or growth.per_step or not np.isfinite(list(growth.estimate)).all():
                continue
            limits = [limit for limit in (growth.limits.low, growth.limits.high) if np.isfinite(limit)]
            claim = replace(claim, margin=max(abs(limit - growth.predicted) for limit in limits))
        rows.append((verdict, replace(claim, name=claim_name(analysis, verdict))))
    return rows


def _draw_few(rows: Sequence[Row], ax: Axes | None, size: Size | None) -> Sheet:
    """Draw each exponent in a row with its name and verdict above it."""
    sheet = Sheet(1.7 + ROW_INCHES * len(rows), ax, size)
    axes = sheet.axes
    low, high = _limits(rows)
    for position, (verdict, claim) in enumerate(rows):
        _draw_row(axes, position, verdict, claim, (low, high))
    axes.set(xlim=(low, high), ylim=(len(rows) - 0.35, -0.8))
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7))
    axes.set_xlabel("exponent (power of the factor, no unit)")
    return sheet


def _draw_many(rows: Sequence[Row], ax: Axes | None, size: Size | None) -> Sheet:
    """Draw each estimate less the predicted exponent in a low row, those of a subject beneath its name."""
    together: dict[str, list[Row]] = {}
    for verdict, claim in rows:
        together.setdefault(claim.subject, []).append((verdict, claim))
    labels: list[tuple[str, bool]] = []
    n_lines = len(rows) + len(together)
    sheet = Sheet(REST_INCHES + LOW_ROW_INCHES * n_lines, ax, size)
    axes = sheet.axes
    low, high = _deviation_limits(rows)
    for subject, members in together.items():
        labels.append((subject, True))
        for verdict, claim in members:
            _draw_interval(axes, len(labels), verdict, claim, (low, high), LOW)
            labels.append((_short_label(verdict, claim), False))
    axes.set(xlim=(low, high), ylim=(n_lines - 0.4, -0.6))
    axes.set_yticks(range(n_lines), [text for text, _ in labels])
    for tick, (_, is_subject) in zip(axes.get_yticklabels(), labels, strict=True):
        tick.set_fontweight("bold" if is_subject else "normal")
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.set_xlabel("estimated − predicted\n(difference of exponents, no unit)")
    return sheet


def _short_label(verdict: Verdict, claim: Judged) -> str:
    assert verdict.predicted is not None
    text = show.name_of_claim_on(claim.subject, claim.name)
    return f"{shorten(text, SHORT_CHARACTERS, placeholder=' …')} ({show.number(verdict.predicted)})"


def _deviation_limits(rows: Sequence[Row]) -> tuple[float, float]:
    """Return the deviations from which and to which is drawn: all margins, and estimates not too far beyond."""
    widest = max(claim.margin for _, claim in rows)
    away = [
        abs(value - verdict.predicted)
        for verdict, _ in rows
        for value in (verdict.estimate, verdict.low, verdict.high)
        if value is not None and verdict.predicted is not None and math.isfinite(value)
    ]
    reach = 1.1 * min(max([widest, *away]), MOST_MARGINS * widest)
    return -reach, reach


def _limits(rows: Sequence[Row]) -> tuple[float, float]:
    """Return the exponents from which and to which is drawn: all margins, and what was found not too far beyond."""
    found = [value for v, _ in rows for value in (v.estimate, v.low, v.high) if value is not None]
    values = [value for value in found if math.isfinite(value)]
    predicted = [float(verdict.predicted) for verdict, _ in rows if verdict.predicted is not None]
    low = max(min([*values, *predicted]), min(predicted) - REACH) - 0.15
    high = min(max([*values, *predicted]), max(predicted) + REACH) + 0.15
    margins = [(float(v.predicted), c.margin) for v, c in rows if v.predicted is not None]
    return (
        min(low, *(at - margin - 0.05 for at, margin in margins)),
        max(high, *(at + margin + 0.05 for at, margin in margins)),
    )


class RowStyle(NamedTuple):
    """How an exponent is drawn: half the height of its band, points of stroke and mark, and whether from 0."""

    half_band: float
    stroke_points: float
    mark_points: float
    from_predicted: bool


HIGH, LOW = RowStyle(0.2, 22.0, 8.0, from_predicted=False), RowStyle(0.4, 10.0, 5.5, from_predicted=True)


def _draw_row(
    axes: Axes, position: int, verdict: Verdict, claim: ExponentClaim | LawClaim, ends: tuple[float, float]
) -> None:
    _draw_interval(axes, position, verdict, claim, ends, HIGH)
    unsaid = show.unnamed_subject(claim.name, claim.subject)
    name = f"{claim.name}, {unsaid}" if unsaid else claim.name
    text = name if len(name) <= LABEL_CHARACTERS else shorten(claim.name, LABEL_CHARACTERS, placeholder=" …")
    words = show.verdict_words(verdict)
    if len(text) + len(words) > ROW_CHARACTERS:
        words = verdict.verdict
    written: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "bottom", "fontsize": 9.5}
    axes.text(0.0, position - 0.3, text, ha="left", **written)
    color = VERDICT_LOOKS[verdict.verdict].color
    axes.text(1.0, position - 0.3, words, ha="right", color=color, fontweight="bold", **written)


def _mark(verdict: Verdict, claim: Judged) -> Mark:
    assert verdict.estimate is not None, "it is drawn"
    shown = show.interval(verdict.estimate, verdict.low, verdict.high)
    text = f"{claim.name}: {shown}; predicted {show.number(verdict.predicted)} ± {show.number(claim.margin)}"
    return Mark(
        subject=verdict.subject, at=verdict.claim, value=verdict.estimate, low=verdict.low, high=verdict.high, text=text
    )


def _draw_interval(
    axes: Axes,
    position: int,
    verdict: Verdict,
    claim: ExponentClaim | LawClaim,
    ends: tuple[float, float],
    row: RowStyle,
) -> None:
    """Draw the margin, the prediction, and the estimate with its interval, which may run out of the picture."""
    how = VERDICT_LOOKS[verdict.verdict]
    assert verdict.predicted is not None
    origin = verdict.predicted if row.from_predicted else 0.0
    at = verdict.predicted - origin
    low = ends[0] if claim.bound == "upper" else at - claim.margin
    high = ends[1] if claim.bound == "lower" else at + claim.margin
    band = [position - row.half_band, position + row.half_band]
    axes.fill_betweenx(band, low, high, color=FAINT, linewidth=0, zorder=1)
    axes.plot([at], [position], color=INK, marker="|", markersize=row.stroke_points, markeredgewidth=1.6, zorder=3)
    if verdict.estimate is None:
        return
    if verdict.low is not None and verdict.high is not None:
        left, right = verdict.low - origin, verdict.high - origin
        if left <= ends[1] and right >= ends[0]:
            drawn = [max(left, ends[0]), min(right, ends[1])]
            axes.plot(drawn, [position, position], color=how.color, linewidth=1.8, zorder=4, solid_capstyle="butt")
        for runs_out, end, marker in ((left < ends[0], ends[0], "<"), (right > ends[1], ends[1], ">")):
            if runs_out:
                axes.plot(
                    [end], [position], color=how.color, marker=marker, markersize=row.mark_points, zorder=4,
                    clip_on=False,
                )  # fmt: skip
    if ends[0] <= verdict.estimate - origin <= ends[1]:
        (estimate,) = axes.plot(
            [verdict.estimate - origin], [position], color=how.color, marker=how.marker, markersize=row.mark_points,
            zorder=5, markeredgecolor="white", markeredgewidth=0.8,
        )  # fmt: skip
        carry(estimate, [_mark(verdict, claim)])
