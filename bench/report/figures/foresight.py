"""Predictions beyond the sweep against what was measured there afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.report import format as show
from bench.report.figures.scaling import subject_looks
from bench.report.figures.style import (
    GUIDE,
    INK,
    headline,
    legend_below,
    new_figure,
    percent_axis,
    point_beyond,
    seconds_axis,
    styled,
)

if TYPE_CHECKING:
    from bench.analyse.analysis import Analysis
    from bench.analyse.foresight import Foreseen

SWEPT_ALPHA = 0.25  # of the points that the laws were fitted to: behind, and plainly another thing


@styled
def figure_foresight(analysis: Analysis, foreseen: Sequence[Foreseen]) -> Figure:
    """Measured against predicted time at the points beyond, over the fitted points, and the errors beneath.

    Raises
    ------
    ValueError : nothing was foreseen.
    """
    if not foreseen:
        raise ValueError("foreseen: is empty; at least one prediction must have been measured")
    from bench.analyse.foresight import TARGET_P95

    looks = subject_looks(analysis)
    groups: dict[str, list[Foreseen]] = {}
    for one in foreseen:
        groups.setdefault(one.prediction.subject, []).append(one)
    figure = new_figure(7.4)
    upper, lower = figure.subplots(2, 1, height_ratios=[2.2, 1.5])
    errors = []
    for name, group in groups.items():
        how = looks[name]
        points = analysis.fits[name, show.WHOLE].points
        upper.plot(points["fitted"], points["measured"], color=how.color, marker=".", linestyle="", alpha=SWEPT_ALPHA)
        value, low, high, measured = _columns(group)
        upper.errorbar(value, measured, xerr=(value - low, high - value), color=how.color, linestyle="", elinewidth=0.9)
        upper.plot(value, measured, **how.marks)
        off, ends = measured / value - 1, np.array([1 - low / value, high / value - 1])
        lower.plot(value, off, **how.marks)
        for at, below, above in zip(value, *ends, strict=True):
            lower.plot([at, at], [-below, above], color=how.color, linewidth=2.4, alpha=0.22, solid_capstyle="butt")
        errors.append(off)
    low_end, high_end = min(upper.dataLim.x0, upper.dataLim.y0) / 1.4, max(upper.dataLim.x1, upper.dataLim.y1) * 1.4
    diagonal = np.array([low_end, high_end])
    upper.plot(diagonal, diagonal, color=INK, linewidth=0.9)
    guide: dict[str, Any] = {"color": GUIDE, "linewidth": 0.9, "linestyle": (0, (4, 2))}
    lower.axhline(0, color=INK, linewidth=0.9)
    for sign in (-1, 1):
        lower.axhline(sign * TARGET_P95, **guide)
    for which in ("x", "y"):
        seconds_axis(upper, which, low_end, high_end)
    upper.set(xlim=(low_end, high_end), ylim=(low_end, high_end))
    values = np.array([one.prediction.value for one in foreseen])
    seconds_axis(lower, "x", float(values.min()) / 1.3, float(values.max()) * 1.3)
    lower.set_xlim(float(values.min()) / 1.3, float(values.max()) * 1.3)
    percent_axis(lower, np.concatenate(errors), least=2 * TARGET_P95)
    for name, group in groups.items():
        value, _, _, measured = _columns(group)
        point_beyond(lower, value, measured / value - 1, looks[name])
    upper.set_ylabel("measured time per evaluation (s)")
    lower.set_ylabel("measured over\npredicted − 1 (%)")
    lower.set_xlabel("predicted time per evaluation (s), fixed before it was measured")
    headline(figure, f"Foreseen: {len(foreseen)} points beyond the sweep, predicted and then measured")
    handles = [Line2D([], [], color=looks[name].color, marker=looks[name].marker, linestyle="none") for name in groups]
    swept = Line2D([], [], color=INK, marker=".", linestyle="none", alpha=SWEPT_ALPHA)
    band = Line2D([], [], color=INK, linewidth=2.4, alpha=0.22)
    guides = [swept, band, Line2D([], [], **guide)]
    labels = [*groups, "swept", "predicted interval", f"±{100 * TARGET_P95:.0f}\u202f%"]
    legend_below(figure, [*handles, *guides], labels)
    figure.align_ylabels([upper, lower])
    return figure


def _columns(group: Sequence[Foreseen]) -> tuple[np.ndarray[Any, Any], ...]:
    """Predicted value, low, high, and measured seconds (n,)."""
    rows = [(one.prediction.value, one.prediction.low, one.prediction.high, one.measured.estimate) for one in group]
    return tuple(np.array(rows).T)
