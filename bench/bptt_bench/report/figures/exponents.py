"""Predicted and estimated exponents, one row for each claim."""

from __future__ import annotations

import math
from collections.abc import Mapping
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from bptt_bench.plan import ExponentClaim
from bptt_bench.report import format as show
from bptt_bench.report.figures.style import FAINT, INK, VERDICT_LOOKS, Sheet, Size, styled
from bptt_bench.report.words.content import judged_claims

if TYPE_CHECKING:
    from bptt_bench.analyse.verdicts.analysis import Analysis
    from bptt_bench.analyse.verdicts.verdict import Verdict

ROW_INCHES = 0.62
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
    claims = {(c.name, c.subject): c for c in judged_claims(analysis) if isinstance(c, ExponentClaim)}
    rows = [(v, claims[v.claim, v.subject]) for v in analysis.verdicts if (v.claim, v.subject) in claims]
    rows = [(verdict, claim) for verdict, claim in rows if verdict.predicted is not None]
    if not rows:
        raise ValueError("verdicts: none of an exponent; nothing to draw")
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
    sheet.headline("Exponents: predicted, and estimated with intervals")
    words = [word for word in VERDICT_LOOKS if any(verdict.verdict == word for verdict, _ in rows)]
    handles = [Line2D([], [], color=VERDICT_LOOKS[w].color, marker=VERDICT_LOOKS[w].marker) for w in words]
    predicted = Line2D([], [], color=INK, marker="|", markersize=12, markeredgewidth=1.6, linestyle="none")
    sheet.legend([*handles, predicted, Patch(facecolor=FAINT)], [*words, "predicted", "margin of the claim"])
    return sheet.figure


def _limits(rows: list[tuple[Verdict, ExponentClaim]]) -> tuple[float, float]:
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


def _draw_row(axes: Axes, position: int, verdict: Verdict, claim: ExponentClaim, ends: tuple[float, float]) -> None:
    how = VERDICT_LOOKS[verdict.verdict]
    assert verdict.predicted is not None
    low, high = verdict.predicted - claim.margin, verdict.predicted + claim.margin
    if claim.bound == "upper":
        low = ends[0]
    elif claim.bound == "lower":
        high = ends[1]
    axes.fill_betweenx([position - 0.2, position + 0.2], low, high, color=FAINT, linewidth=0, zorder=1)
    axes.plot([verdict.predicted], [position], color=INK, marker="|", markersize=22, markeredgewidth=1.6, zorder=3)
    unsaid = show.unnamed_subject(claim.name, claim.subject)
    name = f"{claim.name}, {unsaid}" if unsaid else claim.name
    text = name if len(name) <= LABEL_CHARACTERS else shorten(claim.name, LABEL_CHARACTERS, placeholder=" …")
    words = show.verdict_words(verdict)
    if len(text) + len(words) > ROW_CHARACTERS:
        words = verdict.verdict
    written: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "bottom", "fontsize": 9.5}
    axes.text(0.0, position - 0.3, text, ha="left", **written)
    axes.text(1.0, position - 0.3, words, ha="right", color=how.color, fontweight="bold", **written)
    if verdict.estimate is None:
        return
    if verdict.low is not None and verdict.high is not None:
        left, right = max(verdict.low, ends[0]), min(verdict.high, ends[1])
        axes.plot([left, right], [position, position], color=how.color, linewidth=1.8, zorder=4, solid_capstyle="butt")
        for value, end, marker in ((verdict.low, ends[0], "<"), (verdict.high, ends[1], ">")):
            if not ends[0] <= value <= ends[1]:
                axes.plot([end], [position], color=how.color, marker=marker, markersize=8, zorder=4, clip_on=False)
    if ends[0] <= verdict.estimate <= ends[1]:
        axes.plot(
            [verdict.estimate], [position], color=how.color, marker=how.marker, markersize=8, zorder=5,
            markeredgecolor="white", markeredgewidth=0.8,
        )  # fmt: skip
