"""Predicted against measured, over all points at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.report import format as show
from bptt_bench.report.figures.style import (
    FAINT,
    GUIDE,
    INK,
    Look,
    Size,
    headline,
    legend_below,
    panels_figure,
    percent_axis,
    point_beyond,
    seconds_axis,
    styled,
    subject_looks,
    whole_figure,
)

if TYPE_CHECKING:
    from bptt_bench.analyse.verdicts.analysis import Analysis

GUIDE_SHARE = 0.1  # the band drawn beside the diagonal
GUIDES: dict[str, Any] = {"color": GUIDE, "linewidth": 0.9, "linestyle": (0, (4, 2))}
ALL_INCHES, ONE_INCHES, REST_INCHES = 3.1, 1.1, 1.4  # of height: all subjects together, a row of panels, all else
MOST_COLUMNS = 3
PANEL_TICKS = 3
SMALL: dict[str, Any] = {"markersize": 4.0, "markeredgewidth": 0.3}  # a mark among many


class Times(NamedTuple):
    """Fitted and measured times of a subject, both (n_points,)."""

    fitted: NDArray[np.float64]
    measured: NDArray[np.float64]


@styled
def figure_parity(
    analysis: Analysis,
    response: str = SECONDS_PER_EVAL,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw measured against fitted time at every point of every subject, and their deviations beneath.

    Parameters
    ----------
    ax, size, style : see ``bptt_bench.report.figures``.

    Raises
    ------
    ValueError : no subject has a fit of the response.
    """
    looks = subject_looks(analysis.experiment)
    fits = {name: analysis.fits[name, response] for name in looks if (name, response) in analysis.fits}
    if not fits:
        raise ValueError(f"response {response!r}: no subject has a fit of it")
    columns = MOST_COLUMNS if len(fits) > MOST_COLUMNS + 1 else min(2, len(fits))
    rows = -(-len(fits) // columns)
    figure = panels_figure(ALL_INCHES + ONE_INCHES * rows + REST_INCHES, ax, size)
    parts: Any = figure.subfigures(2, 1, height_ratios=[ALL_INCHES, ONE_INCHES * rows])
    above, below = parts
    points = {
        name: Times(*(fit.points[column].to_numpy(float) for column in ("fitted", "measured")))
        for name, fit in fits.items()
    }
    everything = np.concatenate([values for pair in points.values() for values in pair])
    ends = float(everything.min()) / 1.4, float(everything.max()) * 1.4
    _draw_all(above.subplots(), points, looks, ends)
    grid = below.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    _draw_each(list(grid.flat), points, looks, ends)
    below.supylabel("deviation (%)", fontsize=10.5, color=INK)
    below.supxlabel("predicted time per evaluation (s)", fontsize=10.5, color=INK)
    headline(figure, f"Predicted and measured, {show.response(response)}, every point")
    handles = [Line2D([], [], color=looks[name].color, marker=looks[name].marker, linestyle="none") for name in fits]
    guides = [Line2D([], [], color=INK, linewidth=0.9), Line2D([], [], **GUIDES)]
    legend_below(figure, [*handles, *guides], [*fits, "equal", f"±{100 * GUIDE_SHARE:.0f}\u202f%"])
    return whole_figure(figure)


def _draw_all(axes: Axes, points: Mapping[str, Times], looks: Mapping[str, Look], ends: tuple[float, float]) -> None:
    """Draw measured against predicted of all subjects, on a square of decades."""
    for name, (fitted, measured) in points.items():
        axes.plot(fitted, measured, **looks[name].marks | SMALL)
    diagonal = np.array(ends)
    axes.plot(diagonal, diagonal, color=INK, linewidth=0.9)
    for sign in (-1, 1):
        axes.plot(diagonal, diagonal * (1 + sign * GUIDE_SHARE), **GUIDES)
    for which in ("x", "y"):
        seconds_axis(axes, which, *ends)
    axes.set(xlim=ends, ylim=ends)
    axes.set_ylabel("measured time (s)")
    axes.set_xlabel("predicted time per evaluation (s)")


def _draw_each(
    panels: Sequence[Axes], points: Mapping[str, Times], looks: Mapping[str, Look], ends: tuple[float, float]
) -> None:
    """Draw how far each subject's points are from the predicted ones, in a panel of its own, before those of all."""
    predicted = np.concatenate([fitted for fitted, _ in points.values()])
    deviations = np.concatenate([measured / fitted - 1.0 for fitted, measured in points.values()])
    for axes, (name, (fitted, measured)) in zip(panels, points.items(), strict=False):
        axes.plot(predicted, deviations, color=FAINT, marker=".", markersize=2.5, linestyle="none", zorder=1)
        axes.plot(fitted, measured / fitted - 1.0, **looks[name].marks | SMALL)
        for sign in (-1, 1):
            axes.axhline(sign * GUIDE_SHARE, **GUIDES)
        percent_axis(axes, deviations, least=1.3 * GUIDE_SHARE)
        point_beyond(axes, fitted, measured / fitted - 1.0, looks[name])
        seconds_axis(axes, "x", *ends, most_ticks=PANEL_TICKS)
        axes.set_xlim(ends)
        axes.set_title(name, loc="left", fontsize=9.5, color=looks[name].color)
    for axes in panels[len(points) :]:
        axes.set_axis_off()
        axes.xaxis.set_visible(False)
        axes.yaxis.set_visible(False)
