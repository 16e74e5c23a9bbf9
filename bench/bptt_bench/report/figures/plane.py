"""A measured ratio over the plane of two factors, and how far every measured ratio is from the predicted one."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from bptt_bench.plan import CrossoverClaim, Point
from bptt_bench.report import format as show
from bptt_bench.report.figures.ratio import RatioGroup, all_ratios, value_of
from bptt_bench.report.figures.style import (
    GUIDE,
    INK,
    LOOKS,
    Size,
    factor_label,
    headline,
    legend_below,
    level_axis,
    panels_figure,
    percent_axis,
    point_beyond,
    styled,
    whole_figure,
)
from bptt_bench.report.marks import keep_colors
from bptt_bench.report.words.content import judged_claims

if TYPE_CHECKING:
    from bptt_bench.analyse.verdicts.analysis import Analysis

LEAST_ROWS, LEAST_CELLS = 2, 3  # of a plane: rows, and levels along each
COLORS = "viridis"
PLANE_INCHES, SWEEP_INCHES, REST_INCHES = 3.9, 2.1, 1.5
LUMINANCE = (0.2126, 0.7152, 0.0722)  # of red, green and blue
LIGHT = 0.45  # luminance of a cell from which its number is written in dark
OUTLINE: dict[str, Any] = {"path_effects": [withStroke(linewidth=3.2, foreground=INK)]}
CROSSOVER: dict[str, Any] = {"color": "white", "linewidth": 1.5, **OUTLINE}
ON_PLANE = LOOKS[0].marks
ELSEWHERE = LOOKS[0].marks | {"color": GUIDE, "markersize": 4.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Measured ratios at fixed levels of all factors but two.

    Attributes
    ----------
    across, up : the factors of the plane; ``across`` is the one along which the ratio is claimed.
    fixed : levels of the other factors.
    rows : by level of ``up``, the measured ratio by level of ``across``, both in rising order.
    """

    across: str
    up: str
    fixed: Point
    rows: Mapping[float, Mapping[float, float]]

    def holds(self, point: Point) -> bool:
        """Return whether a point is one of the plane."""
        return point[self.across] in self.rows.get(point[self.up], {}) and all(
            point[name] == level for name, level in self.fixed.items()
        )


def ratio_plane(ratios: Mapping[Point, NDArray[np.float64]], across: str) -> Plane | None:
    """Return the plane with the most measured ratios, among those with enough rows that are long enough; else ``None``.

    Parameters
    ----------
    ratios : measured ratio with the ends of its interval (3,), by point.
    across : the factor along the rows.
    """
    best, most = None, 0
    others = [name for name in next(iter(ratios), Point()) if name != across]
    for up in others:
        planes: dict[Point, dict[float, dict[float, float]]] = {}
        for point, (ratio, *_) in ratios.items():
            if min(point[up], point[across]) <= 0:
                continue  # a logarithmic axis has no place for it
            fixed = Point({name: point[name] for name in others if name != up})
            planes.setdefault(fixed, {}).setdefault(point[up], {})[point[across]] = float(ratio)
        for fixed, rows in planes.items():
            long = {level: dict(sorted(row.items())) for level, row in sorted(rows.items()) if len(row) >= LEAST_CELLS}
            cells = sum(map(len, long.values()))
            if len(long) >= LEAST_ROWS and cells > most:
                best, most = Plane(across=across, up=up, fixed=fixed, rows=long), cells
    return best


def cell_edges(levels: Sequence[float]) -> NDArray[np.float64]:
    """Return the edges (n + 1,) of cells about levels on a logarithmic axis: the geometric means of neighbours.

    >>> cell_edges([4.0, 16.0, 64.0]).round(9).tolist()
    [2.0, 8.0, 32.0, 128.0]
    """
    logs = np.log(np.asarray(levels, dtype=np.float64))
    between = (logs[1:] + logs[:-1]) / 2
    return np.asarray(np.exp([2 * logs[0] - between[0], *between, 2 * logs[-1] - between[-1]]))


@styled
def figure_plane(
    analysis: Analysis,
    group: RatioGroup,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw the measured ratio over the plane of two factors, and its deviation from the predicted one at every point.

    Parameters
    ----------
    ax, size, style : see ``bptt_bench.report.figures``.

    Raises
    ------
    ValueError : the ratio was not measured on a plane.
    """
    ratios = {at: ends for at, ends in all_ratios(analysis, group).items() if value_of(group.ratio, at) > 0}
    plane = ratio_plane(ratios, group.factor)
    if plane is None:
        raise ValueError(
            f"{group.title}: was measured on no plane of {LEAST_ROWS} rows of {LEAST_CELLS} levels of {group.factor}"
        )
    figure = panels_figure(PLANE_INCHES + SWEEP_INCHES + REST_INCHES, ax, size)
    upper, lower = figure.subplots(2, 1, height_ratios=[PLANE_INCHES, SWEEP_INCHES])
    shown = _draw_cells(upper, plane)
    crossover = _draw_crossover(analysis, upper, plane, group)
    level_axis(upper, {level for row in plane.rows.values() for level in row})
    _level_ticks(upper, plane)
    upper.set_xlabel(factor_label(analysis.experiment, plane.across))
    upper.set_ylabel(factor_label(analysis.experiment, plane.up))
    upper.set_title(f"measured, at {show.point(plane.fixed)}" if plane.fixed else "measured", loc="left")
    _draw_sweep(lower, plane, group, ratios)
    headline(figure, group.title, f"predicted: {show.law(group.ratio)}")
    handles = [Line2D([], [], **how) for how in (ON_PLANE, ELSEWHERE)]
    names = ["points of the plane", "other points of the sweep"]
    if crossover is not None:
        handles, names = [Line2D([], [], **CROSSOVER), *handles], [crossover, *names]
    legend_below(figure, handles, names)
    bar = figure.colorbar(shown, ax=upper, pad=0.02, aspect=30, format=FuncFormatter(lambda x, _: show.number(x)))
    bar.set_label("measured ratio (no unit)")
    bar.ax.xaxis.set_visible(False)
    return whole_figure(figure)


def _draw_cells(axes: Axes, plane: Plane) -> ScalarMappable:
    """Draw a cell for each measured ratio, with its number; hand back what the colours mean."""
    values = [ratio for row in plane.rows.values() for ratio in row.values()]
    norm = LogNorm(min(1.0, *values), max(1.0, *values))
    shown = ScalarMappable(norm, mpl.colormaps[COLORS])
    edges = cell_edges(list(plane.rows))
    axes.set_yscale("log")
    axes.set_xscale("log")
    axes.grid(visible=False)
    for (low, high), row in zip(itertools.pairwise(edges), plane.rows.values(), strict=True):
        across = cell_edges(list(row))
        cells = np.array([list(row.values())])
        keep_colors(
            axes.pcolormesh(across, [low, high], cells, norm=norm, cmap=COLORS, edgecolors="white", linewidth=0.5)
        )
        for level, ratio in row.items():
            color = tuple(np.ravel(shown.to_rgba(np.asarray(ratio))))
            dark = np.dot(color[:3], LUMINANCE) > LIGHT
            written = axes.text(
                level, np.sqrt(low * high), _digits(ratio), ha="center", va="center", fontsize=9.5, zorder=5,
                color=INK if dark else "white", path_effects=[withStroke(linewidth=2.5, foreground=color)],
            )  # fmt: skip
            keep_colors(written)
    return shown


def _digits(ratio: float) -> str:
    """Return a ratio in two digits, or as a whole number.

    >>> _digits(1.04), _digits(9.96), _digits(84.3)
    ('1.0', '10', '84')
    """
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:.0f}"


def _level_ticks(axes: Axes, plane: Plane) -> None:
    edges = cell_edges(list(plane.rows))
    axes.set_ylim(edges[0], edges[-1])
    ends = [cell_edges(list(row))[[0, -1]] for row in plane.rows.values()]
    axes.set_xlim(min(low for low, _ in ends), max(high for _, high in ends))
    axes.yaxis.set_major_locator(FixedLocator(list(plane.rows)))
    axes.yaxis.set_major_formatter(FixedFormatter([show.short_level(level) for level in plane.rows]))
    axes.yaxis.set_minor_locator(NullLocator())


def _draw_crossover(analysis: Analysis, axes: Axes, plane: Plane, group: RatioGroup) -> str | None:
    """Draw where one part is predicted to overtake the other; hand back the name of the line, ``None`` without one."""
    claims = [
        claim
        for claim in judged_claims(analysis)
        if isinstance(claim, CrossoverClaim) and (claim.subject, claim.factor) == (group.subject, plane.across)
    ]
    if not claims:
        return None
    level = claims[0].level
    edges = cell_edges(list(plane.rows))
    along = np.geomspace(edges[0], edges[-1], 200)
    across = np.broadcast_to(value_of(level, {**plane.fixed, plane.up: along}), along.shape)
    is_there = across > 0
    axes.plot(across[is_there], along[is_there], scalex=False, scaley=False, **CROSSOVER)
    return f"predicted crossover {plane.across}* = {show.law(level)}"


def _draw_sweep(axes: Axes, plane: Plane, group: RatioGroup, ratios: Mapping[Point, NDArray[np.float64]]) -> None:
    """Draw measured over predicted, less 1, at every point at which the ratio was measured."""
    deviations = []
    for on_plane, how in ((False, ELSEWHERE), (True, ON_PLANE)):
        chosen = {point: ends for point, ends in ratios.items() if plane.holds(point) == on_plane}
        if not chosen:
            continue
        predicted = np.array([float(value_of(group.ratio, point)) for point in chosen])
        measured, low, high = (np.array(list(chosen.values())) / predicted[:, None] - 1.0).T
        axes.errorbar(
            predicted, measured, yerr=np.maximum([measured - low, high - measured], 0.0), elinewidth=0.8,
            **how | {"zorder": 2 + on_plane},
        )  # fmt: skip
        deviations.append((predicted, measured))
    percent_axis(axes, np.concatenate([measured for _, measured in deviations]))
    for predicted, measured in deviations:
        point_beyond(axes, predicted, measured, LOOKS[0])
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=9))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: show.number(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_title(f"measured over predicted, at all {show.number(len(ratios))} points of the sweep", loc="left")
    axes.set_xlabel("predicted ratio (no unit)")
    axes.set_ylabel("measured over\npredicted − 1 (%)")
