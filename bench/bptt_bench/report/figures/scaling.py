"""Time, memory or a count against one factor: measured, fitted, what the law alone says, and the residuals beneath.

Of subjects without a stated law: measured, every law that fits, and what these predict beyond.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon
from numpy.typing import NDArray

from bptt_bench.analyse.data.response import is_count, is_memory, meaning, unit_of
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.report import format as show
from bptt_bench.report.figures.lines import Line, along
from bptt_bench.report.figures.style import (
    FAINT,
    GUIDE,
    INK,
    Look,
    Size,
    factor_label,
    headline,
    legend_below,
    level_axis,
    new_figure,
    panels_figure,
    percent_strip,
    point_beyond,
    seconds_axis,
    styled,
    subject_looks,
    whole_figure,
)
from bptt_bench.report.marks import carry, measured_marks
from bptt_bench.text.units import SECOND

if TYPE_CHECKING:
    from bptt_bench.analyse.discover.law_set import LawSet
    from bptt_bench.analyse.fitting.fit import Fit
    from bptt_bench.analyse.verdicts.analysis import Analysis


STRIP_POINTS = 4.5  # of a mark, beyond which its whiskers are still seen
BAND_REACH = 2.0  # a band that runs further beyond what was measured than this factor is cut off
SLOPES = (1, 2)
WIDTH, MOST_HEIGHT = 0.1, 0.22  # of a triangle, and of the steepest one at most: shares of the axes
LABEL_ROOM, EDGE, CLEAR = 0.035, 0.03, 0.02  # beside a triangle for its number; to the edges; to what is drawn
STEPS = 24  # places that are tried in each direction
BELOW = 0.35  # share of the height by which the axes reach further down where there is no room
THEORY_REACH = 30.0  # a law that explains less than this fraction of the shortest time runs out of the picture
REACH = 4.0  # times the largest level, up to which predictions are drawn
CURVE_POINTS = 80
MOST_LAWS = 6  # of a subject that are drawn, the likeliest ones
MOST_BANDS = 3  # subjects whose laws and intervals can be distinguished in one picture
LAWS_BAND_REACH = 3.0  # times what was predicted, beyond which a band is cut off
LAWS_INCHES, LEGEND_ROW_INCHES = 4.2, 0.2
PLAIN, DASHED = "-", (0, (4, 2))
CURVES_INCHES, STRIP_INCHES, REST_INCHES = 3.4, 0.44, 1.55  # of height; a strip holds the residuals of a subject


def law_alone(fit: Fit, points: pd.DataFrame) -> NDArray[np.float64]:
    """Return what the terms of the law account for, overhead left out, with the coefficients of the fit."""
    weights = [term.coefficient if term.role == "law" else 0.0 for term in fit.terms]
    return fit.full_law.evaluate({name: points[name].to_numpy() for name in fit.full_law.factors}, weights)


class Drawn(NamedTuple):
    """Where residuals were drawn (n_levels,), their values, and the ends of their whiskers (2 n_levels,).

    ``law_alone``: whether the law without its overhead is another curve, drawn beside the fitted one.
    """

    across: NDArray[np.float64]
    middle: NDArray[np.float64]
    ends: NDArray[np.float64]
    law_alone: bool


@styled
def figure_scaling(
    analysis: Analysis,
    line: Line,
    response: str = SECONDS_PER_EVAL,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw time, memory or a count of every subject along a line, with fitted curves and residuals.

    Parameters
    ----------
    ax, size, style : see ``bptt_bench.report.figures``.

    Raises
    ------
    ValueError : no subject of the line has a fit of the response.
    """
    fits = {name: analysis.fits[name, response] for name in line.subjects if (name, response) in analysis.fits}
    if not fits:
        raise ValueError(f"response {response!r}: none of {', '.join(line.subjects)} has a fit of it")
    figure = panels_figure(CURVES_INCHES + STRIP_INCHES * len(fits) + REST_INCHES, ax, size)
    ratios = [CURVES_INCHES, *([STRIP_INCHES] * len(fits))]
    upper, *strips = figure.subplots(1 + len(fits), 1, sharex=True, height_ratios=ratios)
    looks = subject_looks(analysis.experiment)
    drawn = [
        _draw_subject(name, (upper, strip), fit, line, looks[name])
        for (name, fit), strip in zip(fits.items(), strips, strict=True)
    ]
    shortest = min(float(line.select(fit.points)["measured"].min()) for fit in fits.values())
    low, high = max(upper.dataLim.y0, shortest / THEORY_REACH), upper.dataLim.y1
    upper.set_ylim(low / 1.3, high * 1.3)
    unit = unit_of(response)
    seconds_axis(upper, "y", low, high, unit="" if unit is None else unit.base)
    level_axis(upper, line.levels)
    draw_slopes(upper)
    ends = np.concatenate([one.ends for one in drawn])
    for (name, one), strip in zip(zip(fits, drawn, strict=True), strips, strict=True):
        percent_strip(strip, ends)
        point_beyond(strip, one.across, one.middle, looks[name])
        strip.text(1.015, 0.5, name, transform=strip.transAxes, va="center", fontsize=9.5, color=looks[name].color)
        is_last = strip is strips[-1]
        strip.tick_params(bottom=is_last, labelbottom=is_last)
        strip.spines["bottom"].set_visible(is_last)
    upper.set_ylabel(_of_an_evaluation(response))
    strips[0].set_title("residual (%)", loc="left", fontsize=9.5)
    strips[-1].set_xlabel(factor_label(analysis.experiment, line.factor))
    upper.tick_params(labelbottom=False)
    detail = f"at {show.point(line.fixed)}" if line.fixed else ""
    headline(figure, show.against(response, line.factor), detail)
    _legend(figure, {name: looks[name] for name in fits}, law_alone=any(one.law_alone for one in drawn))
    return whole_figure(figure)


def _of_an_evaluation(response: str) -> str:
    if is_count(response):
        return f"{meaning(response)} per evaluation"
    if is_memory(response):
        return "memory of an evaluation (B)"
    return "time per evaluation (s)" if unit_of(response) == SECOND else response


def _draw_subject(name: str, both: tuple[Axes, Axes], fit: Fit, line: Line, how: Look) -> Drawn:
    """Draw one subject, its residuals in a strip of their own; hand these back."""
    upper, strip = both
    rows = line.select(fit.points)
    levels, measured = rows[line.factor].to_numpy(float), rows["measured"].to_numpy(float)
    below = measured - rows["low"].to_numpy(float)
    above = rows["high"].to_numpy(float) - measured
    whiskers = np.fmax(np.stack([below, above]), 0.0)  # of no length where nothing was repeated
    dense = line.dense()
    curve = np.array([tuple(interval) for interval in fit.curve(dense)], dtype=np.float64)
    along = dense[line.factor].to_numpy(float)
    within = np.clip(curve, measured.min() / BAND_REACH, measured.max() * BAND_REACH)  # a bound may be infinite
    upper.fill_between(along, within[:, 1], within[:, 2], color=how.color, alpha=0.18, linewidth=0)
    upper.plot(along, curve[:, 0], color=how.color, linestyle="-", linewidth=1.4)
    theory = law_alone(fit, dense)
    is_apart = bool(np.all(theory > 0)) and not np.allclose(theory, curve[:, 0], rtol=0.01)
    if is_apart:
        named: dict[str, Any] = {"marker": how.marker, "markevery": [-1], "markerfacecolor": "white", "markersize": 5.0}
        upper.plot(along, theory, color=how.color, linestyle=(0, (4, 2)), linewidth=1.1, **named)
    drawn = upper.errorbar(levels, measured, yerr=whiskers, elinewidth=1.1, **how.marks)
    carry(drawn.lines[0], measured_marks(name, fit, rows))
    fitted = rows["fitted"].to_numpy(float)
    residual = measured / fitted - 1.0
    strip.errorbar(levels, residual, yerr=whiskers / fitted, elinewidth=1.1, **how.marks | {"markersize": STRIP_POINTS})
    ends = np.concatenate([residual - whiskers[0] / fitted, residual + whiskers[1] / fitted])
    return Drawn(levels, residual, ends, is_apart)


def _legend(figure: Figure | SubFigure, looks: dict[str, Look], *, law_alone: bool) -> None:
    handles = [Line2D([], [], color=how.color, marker=how.marker, linewidth=1.4) for how in looks.values()]
    handles.append(Line2D([], [], color=INK, linewidth=1.4))
    names = [*looks, "law + overhead, fitted"]
    if law_alone:
        dashed = Line2D([], [], color=GUIDE, linewidth=1.1, linestyle=(0, (4, 2)), marker="o", markerfacecolor="white")
        handles, names = [*handles, dashed], [*names, "terms of the law alone"]
    legend_below(figure, handles, names)


# --- subjects without a stated law ------------------------------------------------------------------------------------


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
    figure = new_figure(LAWS_INCHES + LEGEND_ROW_INCHES * (len(shown) + 2), size=size)
    axes = figure.subplots()
    largest, far = line.levels[-1], line.levels[-1] * REACH
    axes.axvspan(largest, far, color=FAINT, alpha=0.45, linewidth=0, zorder=0)
    with_laws = len(shown) <= MOST_BANDS
    for name, laws in shown.items():
        _draw_laws(axes, line, name, laws, looks[name], with_laws=with_laws)
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
    axes.set_ylabel("time per evaluation (s)" if response == SECONDS_PER_EVAL else show.response(response))
    headline(figure, show.against(response, line.factor), f"at {show.point(line.fixed)}" if line.fixed else "")
    _legend_of_laws(figure, shown, looks, with_laws=with_laws)
    return figure


def _draw_laws(axes: Axes, line: Line, name: str, laws: LawSet, how: Look, *, with_laws: bool) -> None:
    largest = line.levels[-1]
    levels = np.geomspace(line.levels[0], largest * REACH, CURVE_POINTS)
    points = along(line.fixed, line.factor, levels)
    predicted = np.array([tuple(interval) for interval in laws.predict(points)], dtype=np.float64)
    if with_laws:
        low = np.maximum(predicted[:, 1], predicted[:, 0] / LAWS_BAND_REACH)  # a bound may be infinite
        high = np.minimum(predicted[:, 2], predicted[:, 0] * LAWS_BAND_REACH)
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


def _legend_of_laws(figure: Figure, shown: Mapping[str, LawSet], looks: Mapping[str, Look], *, with_laws: bool) -> None:
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


# --- triangles of slopes --------------------------------------------------------------------------------------------


class Box(NamedTuple):
    """A rectangle in shares of the axes."""

    left: float
    bottom: float
    width: float
    height: float

    def is_clear(self, drawn: NDArray[np.float64]) -> bool:
        """Return whether none of some points (n, 2) lies in the rectangle or close to it."""
        low = np.array([self.left, self.bottom]) - CLEAR
        high = np.array([self.left + self.width, self.bottom + self.height]) + CLEAR
        return not bool(((drawn > low) & (drawn < high)).all(axis=1).any())


def draw_slopes(axes: Axes) -> None:
    """Draw the triangles in a corner of two logarithmic axes, or where else there is room for them.

    What is drawn and the limits must be final. Where there is no room the vertical axis reaches further down.
    """
    box = _free_box(axes)
    if box is None:
        low, high = axes.get_ylim()
        axes.set_ylim(low * (low / high) ** BELOW, high)
        box = _free_box(axes)
    if box is None:
        return
    width, heights = _triangle(axes)
    left = box.left
    for slope, height in zip(SLOPES, heights, strict=True):
        corners = [(left, box.bottom), (left + width, box.bottom), (left + width, box.bottom + height)]
        axes.add_patch(
            Polygon(corners, closed=True, transform=axes.transAxes, fill=False, edgecolor=GUIDE, linewidth=1.1)
        )
        axes.text(
            left + width + 0.008, box.bottom + height / 2, str(slope), transform=axes.transAxes,
            va="center", fontsize=9.5, color=INK,
        )  # fmt: skip
        left += width + LABEL_ROOM


def _triangle(axes: Axes) -> tuple[float, list[float]]:
    """Return the width of the triangles and their heights, in shares of the axes."""
    across, up = (np.log(high / low) for low, high in (axes.get_xlim(), axes.get_ylim()))
    width = min(WIDTH, MOST_HEIGHT * up / (max(SLOPES) * across))
    return width, [float(slope * width * across / up) for slope in SLOPES]


def _free_box(axes: Axes) -> Box | None:
    """Return the place for the triangles that is nearest to the lower right corner; ``None`` if none is free."""
    width, heights = _triangle(axes)
    size = len(SLOPES) * (width + LABEL_ROOM), max(heights)
    drawn = _drawn(axes)
    lefts = np.linspace(1 - EDGE - size[0], EDGE, STEPS)
    bottoms = np.linspace(EDGE, 1 - EDGE - size[1], STEPS)
    places = sorted(itertools.product(range(STEPS), range(STEPS)), key=sum)
    boxes = (Box(float(lefts[i]), float(bottoms[j]), *size) for i, j in places)
    return next((box for box in boxes if box.is_clear(drawn)), None)


def _drawn(axes: Axes) -> NDArray[np.float64]:
    """Return points (n, 2) close to each other on all lines, in shares of the axes."""
    to_axes = axes.transData + axes.transAxes.inverted()
    points = [np.zeros((0, 2))]
    for line in axes.lines:
        data = np.column_stack([np.asarray(values, dtype=np.float64) for values in line.get_data()])
        corners = to_axes.transform(data[np.isfinite(data).all(axis=1) & (data > 0).all(axis=1)])
        share = np.linspace(0.0, 1.0, 2 * STEPS)[:, np.newaxis, np.newaxis]
        points += [corners, (corners[:-1] + share * np.diff(corners, axis=0)).reshape(-1, 2)]
    return np.concatenate(points)
