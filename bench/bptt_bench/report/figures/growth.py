"""How subjects without a stated law scale: what was measured, every law that fits, and what they predict beyond."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bptt_bench.analyse.data.response import unit_of
from bptt_bench.report import format as show
from bptt_bench.report.figures.lines import Line, along
from bptt_bench.report.figures.scaling import draw_slopes
from bptt_bench.report.figures.style import (
    FAINT,
    INK,
    Look,
    Size,
    factor_label,
    headline,
    legend_below,
    level_axis,
    new_figure,
    seconds_axis,
    styled,
    subject_looks,
)
from bptt_bench.report.marks import carry, measured_marks

if TYPE_CHECKING:
    from bptt_bench.analyse.discover.law_set import LawSet
    from bptt_bench.analyse.verdicts.analysis import Analysis

REACH = 4.0  # times the largest level, up to which predictions are drawn
CURVE_POINTS = 80
MOST_LAWS = 6  # of a subject that are drawn, the likeliest ones
MOST_BANDS = 3  # subjects whose laws and intervals can be told apart in one picture
BAND_REACH = 3.0  # times what was predicted, beyond which a band is cut off
HEIGHT_INCHES, LEGEND_ROW_INCHES = 4.2, 0.2
PLAIN, DASHED = "-", (0, (4, 2))


@styled
def figure_growth(
    analysis: Analysis,
    line: Line,
    found: Mapping[str, LawSet],
    *,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw the time of subjects along a line, with the laws that the data do not exclude and what these predict.

    Parameters
    ----------
    found : the laws of each subject.
    size, style : see ``bptt_bench.report.figures``.

    Raises
    ------
    ValueError : no law of a subject of the line was found.
    """
    shown = {name: found[name] for name in line.subjects if name in found}
    if not shown:
        raise ValueError(f"line along {line.factor}: no law of {', '.join(line.subjects)} was found")
    looks = subject_looks(analysis.experiment)
    figure = new_figure(HEIGHT_INCHES + LEGEND_ROW_INCHES * (len(shown) + 2), size=size)
    axes = figure.subplots()
    largest, far = line.levels[-1], line.levels[-1] * REACH
    axes.axvspan(largest, far, color=FAINT, alpha=0.45, linewidth=0, zorder=0)
    with_laws = len(shown) <= MOST_BANDS
    for name, laws in shown.items():
        _draw_subject(axes, line, name, laws, looks[name], with_laws=with_laws)
    axes.set_xlim(line.levels[0] / 1.15, far)
    low, high = axes.dataLim.y0, axes.dataLim.y1
    axes.set_ylim(low / 1.3, high * 1.3)
    response = next(iter(shown.values())).fit.response
    unit = unit_of(response)
    seconds_axis(axes, "y", low, high, unit="" if unit is None else unit.base)
    level_axis(axes, [*line.levels, far])
    axes.set_xlim(line.levels[0] / 1.15, far)
    draw_slopes(axes)
    axes.set_xlabel(factor_label(analysis.experiment, line.factor))
    axes.set_ylabel("time per evaluation (s)" if response == show.WHOLE else show.response(response))
    headline(figure, show.against(response, line.factor), f"at {show.point(line.fixed)}" if line.fixed else "")
    _legend(figure, shown, looks, with_laws=with_laws)
    return figure


def _draw_subject(axes: Axes, line: Line, name: str, laws: LawSet, how: Look, *, with_laws: bool) -> None:
    largest = line.levels[-1]
    levels = np.geomspace(line.levels[0], largest * REACH, CURVE_POINTS)
    points = along(line.fixed, line.factor, levels)
    predicted = np.array([tuple(interval) for interval in laws.predict(points)], dtype=np.float64)
    if with_laws:
        low = np.maximum(predicted[:, 1], predicted[:, 0] / BAND_REACH)  # a bound may be infinite
        high = np.minimum(predicted[:, 2], predicted[:, 0] * BAND_REACH)
        axes.fill_between(levels, low, high, color=how.color, alpha=0.16, linewidth=0)
        others = [one for one in laws.candidates if one is not laws.answer][: MOST_LAWS - 1]
        for one in others:
            curve = [interval.estimate for interval in one.fit.curve(points)]
            axes.plot(levels, curve, color=how.color, linewidth=0.8, alpha=0.7, zorder=2)
    answer = np.array([interval.estimate for interval in laws.answer.fit.curve(points)], dtype=np.float64)
    inside = levels <= largest * (1 + 1e-9)
    beyond = levels >= levels[inside][-1]
    axes.plot(levels[inside], answer[inside], color=how.color, linestyle=PLAIN, linewidth=1.6)
    axes.plot(levels[beyond], answer[beyond], color=how.color, linestyle=DASHED, linewidth=1.6)
    rows = line.select(laws.fit.points)
    measured = rows["measured"].to_numpy(float)
    whiskers = np.fmax(np.stack([measured - rows["low"].to_numpy(float), rows["high"].to_numpy(float) - measured]), 0.0)
    drawn = axes.errorbar(rows[line.factor].to_numpy(float), measured, yerr=whiskers, elinewidth=1.1, **how.marks)
    carry(drawn.lines[0], measured_marks(name, laws.fit, rows))


def _legend(figure: Figure, shown: Mapping[str, LawSet], looks: Mapping[str, Look], *, with_laws: bool) -> None:
    handles: list[Line2D | Patch] = []
    names = []
    for name, laws in shown.items():
        handles.append(Line2D([], [], color=looks[name].color, marker=looks[name].marker, linewidth=1.6))
        names.append(f"{name}: {show.law(laws.law.text)}")
    if with_laws and any(len(laws.candidates) > 1 for laws in shown.values()):
        handles.append(Line2D([], [], color=INK, linewidth=0.8, alpha=0.7))
        names.append("other laws that fit")
    handles.append(Line2D([], [], color=INK, linestyle=DASHED, linewidth=1.6))
    names.append("predicted")
    if with_laws:
        handles.append(Patch(facecolor=INK, alpha=0.16))
        names.append("95 % interval of a sample, the law not known")
    legend_below(figure, handles, names)
