"""What all figures share: sizes for a phone, colours and marks that differ in grey too, axes with units."""

from __future__ import annotations

import functools
import math
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeAlias, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend
from matplotlib.ticker import (
    EngFormatter,
    FixedFormatter,
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)
from numpy.typing import ArrayLike

from bptt_bench.plan import PLACEBO_SUFFIX, CrossoverClaim, Experiment, RatioClaim
from bptt_bench.report.format import short_level

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Size: TypeAlias = tuple[float, float]  # width and height, inches
Color: TypeAlias = "str | tuple[float, float, float, float]"

TITLE_POINTS, CHARACTERS_PER_INCH = 10.5, 12.4
WIDTH_INCHES = 5.4  # shown across a phone (about 360 px), text of 10.5 points is then about 10 px high
MOST_DEVIATION = 1.0  # of a residual axis: one wild point must not hide what the others do
LABEL_CHARACTERS = 56  # that fit along the horizontal axis
STRIP_TICK = 0.8  # of the reach of a low axis: its ticks lie within
USUAL_TICK = 7  # characters of it that a tick takes, the gap to the next included
INK, FAINT, GUIDE = "#1a1a1a", "#d9d9d9", "#8c8c8c"

STAR_POINTS = 9.5  # a star is small for its size
STYLE: dict[str, object] = {
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10.5,
    "axes.edgecolor": "#4d4d4d",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.7,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 5.5,
    "errorbar.capsize": 2.0,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "hatch.linewidth": 0.7,
    "svg.hashsalt": "bench",  # identical figures give identical files
    "svg.fonttype": "none",  # text stays text: it is searched, read aloud, and a fifth of the size
    "text.parse_math": False,  # names come from users: a dollar sign is one
}


class Look(NamedTuple):
    """How one series is drawn; colour, marker and dash each identify it alone."""

    color: str
    marker: str
    dash: LineStyleType
    hatch: str

    @property
    def marks(self) -> dict[str, Any]:
        """Arguments that draw points and no line between them."""
        return {
            "color": self.color,
            "marker": self.marker,
            "linestyle": "none",
            "markeredgecolor": "white",
            "markeredgewidth": 0.6,
            "zorder": 3,
            **({"markersize": STAR_POINTS} if self.marker == "*" else {}),
        }


# Okabe & Ito's palette, safe for the colour-blind, ordered so that neighbours differ in lightness too
LOOKS = (
    Look("#0072B2", "o", "-", ""),
    Look("#E69F00", "s", (0, (5, 1.5)), "///"),
    Look("#006B4F", "^", (0, (1, 1)), "..."),
    Look("#D55E00", "D", (0, (6, 1.5, 1, 1.5)), "\\\\\\"),
    Look("#CC79A7", "v", (0, (3, 1)), "xxx"),
    Look("#56B4E9", "P", (0, (6, 1.2, 1, 1.2, 1, 1.2)), "---"),
    Look("#000000", "X", (0, (2, 2)), "+++"),
    Look("#999999", "<", (0, (8, 2)), "ooo"),
    Look("#7A4B1E", "p", (0, (4, 1, 1, 1)), "OO"),
    Look("#5B3A8C", "h", (0, (10, 1.5)), "**"),
    Look("#A3224B", "*", (0, (4, 1.2)), "////"),
    Look("#2E9E9A", ">", (0, (1, 2)), "...."),
    Look("#8FB339", "H", (0, (7, 1, 2, 1)), "xxxx"),
    Look("#3F6FD8", "8", (0, (2, 1)), "----"),
)
BASELINE = Look("#5c5c5c", "d", (0, (3, 2)), "")  # what is taken off the others
AREA_COLORS = "Set2"  # of parts of a whole: no subject has these
LEVEL_COLORS = "viridis"  # from dark to light: levels have an order, which subjects have not
LIGHTEST = 0.75  # share of these colours that is still seen on white
MOST_DECADES_WITH_MINOR_TICKS = 3.0  # on more they crowd, and finding room for them takes half the time of the layout
VERDICT_LOOKS = {
    "supported": Look("#006B4F", "o", "-", ""),
    "refuted": Look("#C23B00", "X", "-", ""),
    "inconclusive": Look("#6b6b6b", "s", "-", ""),
}


def look(index: int) -> Look:
    """Return the look of the series of that rank; after the last it starts again."""
    return LOOKS[index % len(LOOKS)]


def subject_looks(experiment: Experiment) -> dict[str, Look]:
    """Return one look for each subject, the same in every figure.

    A subject has the look at the place that it names (``Subject.look``), and others the next free one, in the order of
    the experiment. What the claims take off other subjects is a baseline, drawn in grey.
    """
    names = [name for name in experiment.subject_names if not name.endswith(PLACEBO_SUFFIX)]
    compared = [claim for claim in experiment.claims if isinstance(claim, RatioClaim | CrossoverClaim)]
    baselines = {claim.less for claim in compared} - {claim.subject for claim in compared}
    drawn = [name for name in names if name not in baselines]
    places: dict[str, int] = {}
    for name in drawn:
        place = experiment.subject(name).look
        if place is not None and place not in places.values():
            places[name] = place
    free = iter([place for place in range(len(places) + len(drawn)) if place not in places.values()])
    for name in drawn:
        if name not in places:
            places[name] = next(free)
    return {name: LOOKS[places[name] % len(LOOKS)] if name in places else BASELINE for name in names}


def level_looks(n: int) -> list[Look]:
    """Return looks for the levels of a factor, in rising order: colours from dark to light, which no subject has."""
    colors = mpl.colormaps[LEVEL_COLORS](np.linspace(0.0, LIGHTEST, n))
    return [LOOKS[rank % len(LOOKS)]._replace(color=mpl.colors.to_hex(color)) for rank, color in enumerate(colors)]


def area_look(rank: int) -> dict[str, Any]:
    """Return how the area of a part of a whole is filled."""
    colors = mpl.colormaps[AREA_COLORS]
    hatch = look(rank).hatch or None
    return {"facecolor": colors(rank % colors.N), "hatch": hatch, "edgecolor": "white"}


def styled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Run a figure function under the style and its argument ``style``; leave matplotlib's settings as they were.

    Raises
    ------
    ValueError : ``style`` has a name that is not a setting of matplotlib.
    """

    @functools.wraps(function)
    def wrapper(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        chosen: Any = kwargs.get("style") or {}
        unknown = next((name for name in chosen if name not in mpl.rcParams), None)
        if unknown is not None:
            raise ValueError(f"`style` must have names of matplotlib's rcParams, got {unknown!r}")
        settings: dict[Any, Any] = {**STYLE, **chosen}
        with mpl.rc_context(settings):
            return function(*args, **kwargs)

    return wrapper


def new_figure(height_inches: float, *, size: Size | None = None) -> Figure:
    """Return an empty figure with an Agg canvas, known to no global state.

    Parameters
    ----------
    height_inches : of a figure as wide as those of a report.
    size : that was asked for instead.
    """
    figure = Figure(figsize=size or (WIDTH_INCHES, height_inches), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def panels_figure(height_inches: float, ax: Axes | None, size: Size | None) -> Figure | SubFigure:
    """Return what several pairs of axes are drawn on: a figure of their own, or the place of axes of the caller's.

    Raises
    ------
    ValueError : axes and a size are given, or axes whose place cannot be divided.
    """
    if ax is None:
        return new_figure(height_inches, size=size)
    _require_no_size(size)
    place, figure = ax.get_subplotspec(), ax.get_figure(root=False)
    is_laid_out = figure is not None and isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine)
    if place is None or figure is None or not is_laid_out:
        raise ValueError(
            "`ax` must be from `plt.subplots(…, layout='constrained')`: the panels of this figure divide its place"
        )
    ax.set_axis_off()
    return figure.add_subfigure(place)


def whole_figure(figure: Figure | SubFigure) -> Figure:
    """Return the figure that something is drawn in."""
    return figure.get_figure(root=True)


def _require_no_size(size: Size | None) -> None:
    if size is not None:
        raise ValueError(f"`size` must be None where `ax` is given, whose figure has a size, got {size!r}")


def headline(figure: Figure | SubFigure, text: str, detail: str = "") -> None:
    """Add a title over the whole figure, ranged left and wrapped, with an optional line of detail beneath."""
    width = figure.bbox.width / figure.dpi
    figure.suptitle(_wrap(text, detail, width), x=0.015, ha="left", fontsize=TITLE_POINTS, color=INK)


def _wrap(text: str, detail: str, width_inches: float) -> str:
    columns = int(width_inches * CHARACTERS_PER_INCH)
    return "\n".join([*textwrap.wrap(text, columns), *textwrap.wrap(detail, columns + 4)])


class Sheet:
    """What a figure with one pair of axes is drawn on: a figure of its own, or axes of the caller's.

    Attributes
    ----------
    axes : to draw on.
    """

    def __init__(self, height_inches: float, ax: Axes | None, size: Size | None) -> None:
        """Take the axes that were given, or make a figure.

        Raises
        ------
        ValueError : both axes and a size are given: the figure of the axes has its size.
        """
        if ax is not None:
            _require_no_size(size)
        self._own = new_figure(height_inches, size=size) if ax is None else None
        self.axes: Axes = self._own.subplots() if self._own is not None else ax  # type: ignore[assignment]  # one is

    @property
    def figure(self) -> Figure:
        """Return the figure that the axes are in."""
        figure = self.axes.get_figure(root=True)
        assert figure is not None, "axes are in a figure"
        return figure

    def headline(self, text: str, detail: str = "") -> None:
        """Add a title over the figure, or over the axes that were given, above the title that these have."""
        if self._own is not None:
            headline(self._own, text, detail)
            return
        width = self.axes.get_window_extent().width / self.figure.dpi
        below = self.axes.get_title(loc="left")
        wrapped = _wrap(text, detail, width)
        self.axes.set_title(f"{wrapped}\n{below}" if below else wrapped, loc="left", fontsize=TITLE_POINTS, color=INK)

    def legend(self, handles: Sequence[Artist], labels: Sequence[str]) -> None:
        """Add a legend under the figure, or in the axes that were given."""
        if self._own is not None:
            legend_below(self._own, handles, labels)
        else:
            self.axes.legend(handles, labels)


def legend_below(figure: Figure | SubFigure, handles: Sequence[Artist], labels: Sequence[str]) -> Legend:
    """Add a legend under the axes, in as many columns as fit."""
    width = float(figure.bbox.width)
    legend: Legend | None = None
    for columns in range(min(len(labels), 4), 0, -1):
        if legend is not None:
            legend.remove()
        legend = figure.legend(handles, labels, loc="outside lower center", ncols=columns, columnspacing=1.4)
        if legend.get_window_extent().width <= 0.97 * width:
            break
    assert legend is not None, "a legend needs at least one label"
    return legend


def factor_label(experiment: Experiment, name: str) -> str:
    """Return the label of an axis that shows a factor: its name and what it counts."""
    meaning = next((factor.meaning for factor in experiment.factors if factor.name == name), "")
    return textwrap.fill(f"{name} ({meaning})" if meaning else name, LABEL_CHARACTERS)


def level_axis(axes: Axes, levels: Iterable[float], *, room: float = 7.0) -> None:
    """Set up a logarithmic horizontal axis with ticks at levels that were measured, as many as fit beside each other.

    Parameters
    ----------
    room : for how many ticks of the usual length.
    """
    wanted = sorted(set(levels))
    room *= min(1.0, USUAL_TICK / (max(len(short_level(value)) for value in wanted) + 1))
    axes.set_xscale("log")
    if len(wanted) == 1:
        axes.set_xlim(wanted[0] / 2, wanted[0] * 2)
    gap = math.log(wanted[-1] / wanted[0]) / room
    kept = [wanted[-1]]
    for value in reversed(wanted[:-1]):
        if math.log(kept[-1] / value) >= gap:
            kept.append(value)
    axes.xaxis.set_major_locator(FixedLocator(kept[::-1]))
    axes.xaxis.set_major_formatter(FixedFormatter([short_level(value) for value in kept[::-1]]))
    axes.xaxis.set_minor_locator(NullLocator())


def seconds_axis(axis_of: Axes, which: str, low: float, high: float, *, unit: str = "s", most_ticks: int = 8) -> None:
    """Set up a logarithmic axis in seconds, or another unit, with SI prefixes and at least three ticks."""
    axis = axis_of.xaxis if which == "x" else axis_of.yaxis
    (axis_of.set_xscale if which == "x" else axis_of.set_yscale)("log")
    decades = math.log10(high / low)
    subs = (1.0,) if decades > 2.2 else (1.0, 3.0) if decades > 1.3 else (1.0, 2.0, 5.0)
    axis.set_major_locator(LogLocator(subs=subs, numticks=most_ticks))
    axis.set_major_formatter(EngFormatter(unit=unit, sep="\u202f"))
    axis.set_minor_formatter(NullFormatter())
    if decades > MOST_DECADES_WITH_MINOR_TICKS:
        axis.set_minor_locator(NullLocator())


def point_beyond(axes: Axes, across: ArrayLike, deviations: ArrayLike, how: Look) -> None:
    """Draw an arrow at the edge of a deviation axis for each point that lies beyond it."""
    edge = axes.get_ylim()[1]
    for x, deviation in zip(np.asarray(across), np.asarray(deviations), strict=True):
        if abs(deviation) > edge:
            arrow = dict(how.marks) | {"marker": "^" if deviation > 0 else "v", "markersize": 8.0, "clip_on": False}
            axes.plot([x], [math.copysign(edge, deviation)], **arrow)


def _signed(value: float) -> str:
    return "0" if abs(value) < 1e-9 else f"{value:+.3g}".replace("-", "−")


def percent_strip(axes: Axes, deviations: ArrayLike) -> None:
    """Set up a low axis for relative deviations as ``percent_axis`` does, with one round number to either side of 0."""
    percent_axis(axes, deviations)
    reach = axes.get_ylim()[1]
    step = 10.0 ** math.floor(math.log10(STRIP_TICK * reach))
    tick = max(step * factor for factor in (1, 2, 5) if step * factor <= STRIP_TICK * reach)
    axes.yaxis.set_major_locator(FixedLocator([-tick, tick]))


def percent_axis(axes: Axes, deviations: ArrayLike, *, least: float = 0.02) -> None:
    """Set up a vertical axis, centred on 0, for relative deviations as shares of one, up to ``MOST_DEVIATION``."""
    values = np.asarray(deviations, dtype=np.float64)
    values = values[np.isfinite(values)]
    reach = min(max(least, 1.15 * float(np.max(np.abs(values), initial=0.0))), MOST_DEVIATION)
    axes.set_ylim(-reach, reach)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, symmetric=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _signed(100 * value)))
    axes.axhline(0.0, color=INK, linewidth=0.9, zorder=1)
