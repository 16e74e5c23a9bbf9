"""Where the time of a subject goes by the machine's own rates: a prediction with nothing fitted, and its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MultipleLocator
from numpy.typing import NDArray

from bptt_bench.analyse.machine.machine import TimeParts
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.report import format as show
from bptt_bench.report.figures.lines import Line
from bptt_bench.report.figures.style import (
    INK,
    Size,
    area_look,
    factor_label,
    headline,
    legend_below,
    level_axis,
    panels_figure,
    seconds_axis,
    styled,
    whole_figure,
)

if TYPE_CHECKING:
    from bptt_bench.analyse.fitting.fit import Fit
    from bptt_bench.analyse.machine.prediction import MachinePrediction
    from bptt_bench.analyse.verdicts.analysis import Analysis

PART_NAMES = {
    "arithmetic": "arithmetic",
    "memory": "memory",
    "elementwise": "element-wise",
    "allocation": "allocation",
    "dispatch": "dispatch",
}
PREDICTED: dict[str, Any] = {"color": "#C23B00", "linewidth": 1.6, "linestyle": (0, (5, 2))}
FITTED: dict[str, Any] = {"color": "#6b6b6b", "linewidth": 1.2}
MEASURED: dict[str, Any] = {
    "color": INK, "marker": "o", "markersize": 4.5, "linestyle": "none", "markeredgecolor": "white",
    "markeredgewidth": 0.5,
}  # fmt: skip
COLUMN_ROOM = 4.0  # ticks that fit beside each other along half the width of a figure


@styled
def figure_machine(
    analysis: Analysis,
    subject: str,
    lines: Sequence[Line],
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw measured, fitted and predicted time along some lines, and beneath them the parts of the prediction.

    Parameters
    ----------
    ax, size, style : see ``bptt_bench.report.figures``.

    Raises
    ------
    ValueError : the subject has no prediction, or there is no line.
    """
    prediction = analysis.machine_predictions.get(subject)
    if prediction is None or not lines:
        raise ValueError(
            f"subject {subject!r}: has {'no line' if prediction else 'no prediction without free parameters'}"
        )
    figure = panels_figure(5.9, ax, size)
    grid = figure.subplots(2, len(lines), sharex="col", height_ratios=[1.35, 1], squeeze=False)
    fit = analysis.fits[subject, SECONDS_PER_EVAL]
    for column, line in enumerate(lines):
        upper, lower = grid[0, column], grid[1, column]
        dense = _dense(analysis, line) if prediction.is_everywhere else _measured(prediction, fit, line)
        parts = prediction.along(dense)
        levels = dense[line.factor].to_numpy(float)
        _draw_times(upper, line, prediction, fit, dense, parts.sum(axis=1))
        _draw_shares(lower, levels, parts)
        level_axis(upper, line.levels, room=COLUMN_ROOM)
        upper.set_xlim(levels[0] / 1.05, levels[-1] * 1.05)
        upper.set_title("\n".join(_at(line)), loc="left", fontsize=9.5)
        lower.set_xlabel(factor_label(analysis.experiment, line.factor))
        lower.set_ylim(0, 1)
        lower.yaxis.set_major_locator(MultipleLocator(0.25))
        lower.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}"))
    grid[0, 0].set_ylabel("time per evaluation (s)")
    grid[1, 0].set_ylabel("share of the prediction (%)")
    headline(figure, f"Where the time of {subject} goes, by the machine's own rates")
    handles: list[Line2D | Patch] = [Line2D([], [], **MEASURED), Line2D([], [], **FITTED), Line2D([], [], **PREDICTED)]
    names = ["measured", "fitted law", "predicted, nothing fitted"]
    drawn = [
        place
        for place in range(len(TimeParts._fields))
        if any(p > 0 for p in prediction.points[TimeParts._fields[place]])
    ]
    handles += [Patch(**area_look(place)) for place in drawn]
    legend_below(figure, handles, [*names, *(PART_NAMES[TimeParts._fields[place]] for place in drawn)])
    figure.align_ylabels(grid[:, 0])
    return whole_figure(figure)


def _measured(prediction: MachinePrediction, fit: Fit, line: Line) -> pd.DataFrame:
    """Return the measured points along a line, where a stored run knows the works of no others."""
    return line.select(prediction.points)[list(fit.factors)].sort_values(line.factor, ignore_index=True)


def _dense(analysis: Analysis, line: Line) -> pd.DataFrame:
    """Return points along a line; whole numbers for a factor that counts, because works are counted too."""
    dense = line.dense()
    kinds = {factor.name: factor.kind for factor in analysis.experiment.factors}
    if kinds[line.factor] == "integer":
        dense[line.factor] = dense[line.factor].round()
        dense = dense.drop_duplicates(ignore_index=True)
    return dense


def _at(line: Line) -> list[str]:
    """Return the fixed levels of a line, in two lines of text at most."""
    parts = [show.point({name: level}) for name, level in line.fixed.items()]
    half = (len(parts) + 1) // 2
    texts = [", ".join(parts[:half]), ", ".join(parts[half:])]
    return [", ".join(parts)] if len(parts) <= 2 else texts


def _draw_times(
    axes: Axes, line: Line, prediction: MachinePrediction, fit: Fit, dense: pd.DataFrame, predicted: NDArray[np.float64]
) -> None:
    rows = line.select(prediction.points)
    levels = dense[line.factor].to_numpy(float)
    fitted = np.array([interval.estimate for interval in fit.curve(dense)])
    axes.plot(levels, fitted, **FITTED)
    axes.plot(levels, predicted, **PREDICTED)
    axes.plot(rows[line.factor].to_numpy(float), rows["measured"].to_numpy(float), zorder=3, **MEASURED)
    low, high = axes.dataLim.y0, axes.dataLim.y1
    axes.set_ylim(low / 1.3, high * 1.3)
    seconds_axis(axes, "y", low, high)


def _draw_shares(axes: Axes, levels: NDArray[np.float64], parts: NDArray[np.float64]) -> None:
    shares = parts / parts.sum(axis=1, keepdims=True)
    floor = np.zeros(len(levels))
    for place in range(shares.shape[1]):
        share = shares[:, place]
        if share.max() > 0:
            axes.fill_between(levels, floor, floor + share, linewidth=0.6, **area_look(place))
            floor = floor + share
