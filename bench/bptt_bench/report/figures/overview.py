"""All subjects of an experiment on one page: time against the factors that matter, marks beside the fitted laws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory
from numpy.typing import ArrayLike, NDArray

from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.report import format as show
from bptt_bench.report.figures.lines import Line
from bptt_bench.report.figures.scaling import draw_slopes
from bptt_bench.report.figures.style import (
    Look,
    Size,
    factor_label,
    headline,
    legend_below,
    level_axis,
    panels_figure,
    seconds_axis,
    styled,
    subject_looks,
    whole_figure,
)
from bptt_bench.report.marks import carry, measured_marks

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.analyse.fitting.fitted import Fit
    from bptt_bench.analyse.verdicts.analysis import Analysis

PANEL_INCHES = 3.5
LEGEND_ROW_INCHES = 0.2
LABEL_GAP = 0.062  # of the height of a panel: names at the end of curves stand at least this far apart
LABEL_PLACE = 1.045  # of the width of a panel
NAME_SIZE = 8.5  # points
MARK_POINTS, OUTLINE_POINTS = 4.5, 4.0  # of a mark, and by how much that of a subject beneath another is larger
DASH_POINTS = 4.0  # in line widths: of each of several curves that lie on each other
SAME = 0.08  # of the logarithm: curves that differ less at most levels lie on each other


@styled
def figure_overview(
    analysis: Analysis,
    lines: Sequence[Line],
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw the time of every subject along each of some lines through the design, with a name at each curve.

    Parameters
    ----------
    ax, size, style : see ``bptt_bench.report.figures``.

    Raises
    ------
    ValueError : no line, or one on which no subject has a fit.
    """
    if not lines:
        raise ValueError("lines: none given; an overview has a panel for each line")
    named = list(dict.fromkeys(name for line in lines for name in _fits(analysis, line)))
    figure = panels_figure(PANEL_INCHES * len(lines) + LEGEND_ROW_INCHES * len(named) + 0.5, ax, size)
    looks = subject_looks(analysis.experiment)
    for axes, line in zip(figure.subplots(len(lines), 1, squeeze=False)[:, 0], lines, strict=True):
        _panel(axes, analysis, line, looks)
    headline(figure, "All algorithms: measured (marks) and by their fitted laws")
    handles = [Line2D([], [], color=looks[name].color, linewidth=1.4, **_mark(looks[name])) for name in named]
    laws = [f"{name}:  {show.law(analysis.fits[name, SECONDS_PER_EVAL].law.text)}" for name in named]
    legend_below(figure, handles, laws)
    return whole_figure(figure)


def _fits(analysis: Analysis, line: Line) -> dict[str, Fit]:
    return {
        name: analysis.fits[name, SECONDS_PER_EVAL]
        for name in line.subjects
        if (name, SECONDS_PER_EVAL) in analysis.fits
    }


def _mark(how: Look) -> dict[str, Any]:
    return {"marker": how.marker, "markersize": MARK_POINTS, "markeredgecolor": "white", "markeredgewidth": 0.5}


def _stacked(how: Look, outside: int) -> dict[str, Any]:
    """Return the marks of one of several subjects on each other: the last one as usual, others as outlines about it."""
    if not outside:
        return {"color": how.color, **_mark(how)}
    return {
        "marker": how.marker,
        "markersize": MARK_POINTS + OUTLINE_POINTS * outside,
        "markerfacecolor": "white",
        "markeredgecolor": how.color,
        "markeredgewidth": 1.1,
    }


def _stacks(measured: Mapping[str, pd.Series[float]]) -> dict[str, tuple[int, int]]:
    """Return of each subject its rank among those whose curves lie on its own, and how many these are.

    Parameters
    ----------
    measured : times by level, of each subject in the order in which they are drawn.
    """
    stacks: list[list[str]] = []
    for name, times in measured.items():
        for stack in stacks:
            ratios = (times / measured[stack[0]]).dropna().to_numpy(float)
            if len(ratios) and np.median(np.abs(np.log(ratios))) < SAME:
                stack.append(name)
                break
        else:
            stacks.append([name])
    return {name: (rank, len(stack)) for stack in stacks for rank, name in enumerate(stack)}


def _panel(axes: Axes, analysis: Analysis, line: Line, looks: Mapping[str, Look]) -> None:
    fits = _fits(analysis, line)
    if not fits:
        raise ValueError(f"line along {line.factor}: none of {', '.join(line.subjects)} has a fit of the time")
    ends: dict[str, tuple[float, float]] = {}
    stacks = _stacks({name: line.select(fit.points).set_index(line.factor)["measured"] for name, fit in fits.items()})
    for name, fit in fits.items():
        how, rows = looks[name], line.select(fit.points)
        levels, measured = rows[line.factor].to_numpy(float), rows["measured"].to_numpy(float)
        dense = line.dense()
        dense = dense[(dense[line.factor] <= levels[-1] * 1.001) & (dense[line.factor] >= levels[0] / 1.001)]
        curve = np.array([interval.estimate for interval in fit.curve(dense)], dtype=np.float64)
        rank, size = stacks[name]
        dash = (DASH_POINTS * rank, (DASH_POINTS, DASH_POINTS * (size - 1))) if size > 1 else "-"
        axes.plot(dense[line.factor].to_numpy(float), curve, color=how.color, linewidth=1.2, linestyle=dash)
        (drawn,) = axes.plot(levels, measured, linestyle="none", zorder=3, **_stacked(how, size - 1 - rank))
        carry(drawn, measured_marks(name, fit, rows))
        ends[name] = float(levels[-1]), float(curve[-1])
    low, high = axes.dataLim.y0, axes.dataLim.y1
    axes.set_ylim(low / 1.4, high * 1.4)
    seconds_axis(axes, "y", low, high)
    level_axis(axes, line.levels)
    axes.set_ylabel("time per evaluation (s)")
    axes.set_xlabel(factor_label(analysis.experiment, line.factor))
    fixed = f", at {show.point(line.fixed)}" if line.fixed else ""
    axes.set_title(f"against {line.factor}{fixed}", loc="left", fontsize=9.5)
    draw_slopes(axes)
    _name_curves(axes, ends, looks)


def _name_curves(axes: Axes, ends: Mapping[str, tuple[float, float]], looks: Mapping[str, Look]) -> None:
    """Write a name for each curve beside the panel, level with its end where there is room, and a thin line to it."""
    bottom, top = np.log(axes.get_ylim())
    heights = (np.log([end for _, end in ends.values()]) - bottom) / (top - bottom)
    beside = blended_transform_factory(axes.transAxes, axes.transAxes)
    left, right = np.log(axes.get_xlim())
    for (name, (level, _)), height, place in zip(ends.items(), heights, spread(heights, LABEL_GAP), strict=True):
        across = (np.log(level) - left) / (right - left)
        ends_at: dict[str, Any] = {"transform": beside, "clip_on": False, "color": looks[name].color}
        axes.plot([across, LABEL_PLACE - 0.005], [height, place], linewidth=0.5, alpha=0.7, **ends_at)
        axes.text(LABEL_PLACE, place, name, va="center", fontsize=NAME_SIZE, **ends_at)


def spread(places: ArrayLike, gap: float) -> NDArray[np.float64]:
    """Return positions moved as little as needed, in their order, so that neighbours are at least ``gap`` apart.

    Least squares under these constraints, by pooling neighbours that are in each other's way.

    >>> [round(float(place), 3) for place in spread([0.5, 0.1, 0.52], 0.1)]
    [0.46, 0.1, 0.56]
    """
    values = np.asarray(places, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    shifted = values[order] - gap * np.arange(len(values))  # where these rise, neighbours are far enough apart
    pools: list[tuple[float, int]] = []  # mean, size
    for value in shifted:
        pools.append((float(value), 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (mean, size), (last, more) = pools[-2:]
            pools[-2:] = [((mean * size + last * more) / (size + more), size + more)]
    moved = np.concatenate([np.full(size, mean) for mean, size in pools]) if pools else np.zeros(0)
    found = np.empty_like(values)
    found[order] = moved + gap * np.arange(len(values))
    return found
