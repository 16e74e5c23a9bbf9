"""How often intervals hold the truth, cell by cell, and how far each tool's predictions are off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bptt_bench.report.figures.style import (
    INK,
    Sheet,
    Size,
    headline,
    legend_below,
    look,
    panels_figure,
    styled,
    whole_figure,
)

BAND_COLOR = "#d9e8df"
WIDTH = 0.6  # of a group of cells, in units of the distance between groups
MOST_COVERAGE = 100.5  # per cent: room for a mark at 100, none for the error bars that reach beyond
ERRORS_SHOWN = 2  # standard errors to either side


@styled
def figure_coverage(
    coverage: Mapping[str, Any],
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw the coverage of every cell with the band that it should lie in, one panel for each design.

    Parameters
    ----------
    coverage : ``low``, ``high``, ``level``, and ``cells`` with ``law``, ``design``, ``noise``, ``point_effects``,
        ``coverage`` and ``standard_error``.
    ax, size, style : see ``bptt_bench.report.figures``.
    """
    cells = coverage["cells"]
    designs = list(dict.fromkeys(cell["design"] for cell in cells))
    noises = sorted({cell["noise"] for cell in cells})
    series = list(dict.fromkeys((cell["law"], cell["point_effects"]) for cell in cells))
    figure = panels_figure(1.3 + 2.5 * len(designs), ax, size)
    panels = figure.subplots(len(designs), 1, sharex=True, squeeze=False)[:, 0]
    for axes, design in zip(panels, designs, strict=True):
        axes.axhspan(100 * coverage["low"], 100 * coverage["high"], color=BAND_COLOR, zorder=0)
        axes.axhline(100 * coverage["level"], color=INK, linewidth=0.9)
        for rank, (law, effects) in enumerate(series):
            chosen = [c for c in cells if (c["design"], c["law"], c["point_effects"]) == (design, law, effects)]
            shift = WIDTH * ((rank + 0.5) / len(series) - 0.5)
            axes.errorbar(
                [noises.index(cell["noise"]) + shift for cell in chosen],
                [100 * cell["coverage"] for cell in chosen],
                [100 * ERRORS_SHOWN * cell["standard_error"] for cell in chosen],
                **look(rank).marks | {"linewidth": 1.2},
            )
        axes.set_ylabel(f"{design} points: coverage (%)")
        axes.set_ylim(top=min(axes.get_ylim()[1], MOST_COVERAGE))
        axes.set_xlim(-0.5, len(noises) - 0.5)
        axes.grid(visible=False, axis="x")
    panels[-1].set_xticks(range(len(noises)), [f"{100 * noise:g}" for noise in noises])
    panels[-1].set_xlabel("Noise of a sample (% of its time)")
    handles = [Line2D([], [], **look(rank).marks) for rank in range(len(series))]
    labels = [
        f"{law}, {f'{100 * effects:g} % effects' if effects else 'no effects'} of points" for law, effects in series
    ]
    band = Patch(color=BAND_COLOR)
    legend_below(figure, [*handles, band], [*labels, f"goal, {100 * coverage['low']:g}–{100 * coverage['high']:g} %"])
    headline(figure, f"How often {100 * coverage['level']:g} % intervals hold the truth")
    return whole_figure(figure)


@styled
def figure_beyond(
    errors: Sequence[Mapping[str, Any]],
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw the median and 95th percentile of each tool's relative error in extrapolation, best tool on top.

    Parameters
    ----------
    errors : ``tool``, ``design``, ``median`` and ``p95`` (shares of one); where one is ``None`` nothing is drawn.
    ax, size, style : see ``bptt_bench.report.figures``.
    """
    known = [error for error in errors if error["median"] is not None]
    best: dict[str, float] = {}
    for error in known:
        best[error["tool"]] = min(best.get(error["tool"], np.inf), error["median"])
    tools = sorted(best, key=lambda tool: -best[tool])
    designs = list(dict.fromkeys(error["design"] for error in known))
    sheet = Sheet(1.5 + 0.5 * max(1, len(tools)), ax, size)
    axes = sheet.axes
    for error in known:
        rank = designs.index(error["design"])
        row = tools.index(error["tool"]) + 0.17 * (len(designs) - 1 - 2 * rank)
        p95 = error["median"] if error["p95"] is None else error["p95"]
        color = look(rank).color
        axes.plot([100 * error["median"], 100 * p95], [row, row], color=color, linewidth=1.6, zorder=2)
        axes.plot([100 * error["median"]], [row], **look(rank).marks)
        axes.plot([100 * p95], [row], **look(rank).marks | {"marker": "|", "markeredgecolor": color, "markersize": 9.0})
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=10))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(range(len(tools)), tools)
    axes.set_ylim(-0.6, len(tools) - 0.4)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("Relative error (%): dot median, bar 95th percentile")
    handles = [Line2D([], [], **look(rank).marks) for rank in range(len(designs))]
    if handles:
        sheet.legend(handles, [f"{design} points" for design in designs])
    sheet.headline("Error four times beyond every factor, at 5 % noise")
    return sheet.figure
