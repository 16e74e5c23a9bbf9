"""A race drawn: who took how long at each point, and how near each came to what the machine allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from bptt_bench.report import format as show
from bptt_bench.report.figures.style import (
    GUIDE,
    INK,
    Look,
    Sheet,
    Size,
    look,
    seconds_axis,
    styled,
)
from bptt_bench.report.marks import Mark, carry

if TYPE_CHECKING:
    from bptt_bench.analyse.stats.estimate import Interval
    from bptt_bench.analyse.verdicts.race import Race, Standing

ROW_INCHES = 0.2  # of one subject at one point
GAP_ROWS = 1.4  # between points, and room for their levels
ROOF: dict[str, Any] = {"color": INK, "linewidth": 2.2, "solid_capstyle": "butt"}
REACH = 3.0  # the roofs are drawn this many times further than the points lie


def race_looks(race: Race, looks: Mapping[str, Look] | None = None) -> dict[str, Look]:
    """Return the looks of those who were raced, the tuned one first; by default those of the palette in that order."""
    names = {name: None for standing in race.standings for name in standing.seconds}
    ordered = [race.subject, *(name for name in names if name != race.subject)]
    return {name: look(rank) if looks is None else looks[name] for rank, name in enumerate(ordered)}


@styled
def figure_race(
    race: Race,
    looks: Mapping[str, Look] | None = None,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw the time of each subject at each point, the fastest on top, with the roofline as an upright stroke.

    Parameters
    ----------
    ax, size, style : see ``bptt_bench.report.figures``.
    """
    looks = race_looks(race, looks)
    rows = sum(len(standing.seconds) + GAP_ROWS for standing in race.standings)
    sheet = Sheet(1.3 + ROW_INCHES * rows, ax, size)
    axes = sheet.axes
    row, ends = 0.0, []
    for standing in race.standings:
        row += GAP_ROWS
        top = row
        axes.text(
            *(0.0, row - 0.75, show.point(standing.point)),
            transform=axes.get_yaxis_transform(), fontsize=9.5, va="center", color=INK,
        )  # fmt: skip
        for name, seconds in standing.seconds.items():
            how = looks[name]
            axes.plot([seconds.low or seconds.estimate, seconds.high], [row, row], color=how.color, linewidth=1.2)
            (drawn,) = axes.plot([seconds.estimate], [row], **how.marks)
            carry(drawn, [_mark(name, standing, seconds)])
            ends += [seconds.estimate]
            row += 1.0
        if standing.roofline is not None:
            axes.plot([standing.roofline.seconds] * 2, [top - 0.45, row - 0.55], **ROOF)
            ends.append(standing.roofline.seconds)
    low, high = min(ends) / 1.4, max(ends) * 1.4
    seconds_axis(axes, "x", low, high)
    axes.set_xlim(low, high)
    axes.set_ylim(row, -0.2)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("time per evaluation (s)")
    sheet.headline("Time of each subject at each point, and the least that the machine allows")
    handles = [Line2D([], [], **{**looks[name].marks, "color": looks[name].color}) for name in looks]
    labels = list(looks)
    if any(standing.roofline is not None for standing in race.standings):
        handles.append(Line2D([], [], **ROOF))
        labels.append("roofline")
    sheet.legend(handles, labels)
    return sheet.figure


def _mark(name: str, standing: Standing, seconds: Interval) -> Mark:
    at = show.point(standing.point)
    text = f"{name}, {at}: {show.si_interval(*seconds)}"
    return Mark(subject=name, at=at, value=seconds.estimate, low=seconds.low, high=seconds.high, text=text)


@styled
def figure_roofline(
    race: Race,
    looks: Mapping[str, Look] | None = None,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw operations per second against operational intensity, under the two roofs of the machine.

    Parameters
    ----------
    ax, size, style : see ``bptt_bench.report.figures``.

    Raises
    ------
    ValueError : the run read no peaks, or no subject has a roofline.
    """
    peaks = race.peaks
    placed = [standing for standing in race.standings if standing.roofline is not None]
    if peaks is None or not placed:
        raise ValueError("roofline: the run has no peaks, or no subject declares its operations and bytes")
    looks = race_looks(race, looks)
    sheet = Sheet(5.2, ax, size)
    axes = sheet.axes
    ridge = peaks.operations_per_second / peaks.bytes_per_second
    intensities = [_intensity(standing) for standing in placed]
    span = np.array([min([*intensities, ridge]) / REACH, max([*intensities, ridge]) * REACH])
    across = np.array([span[0], ridge, span[1]])
    axes.plot(across, np.minimum(across * peaks.bytes_per_second, peaks.operations_per_second), color=INK)
    for standing, intensity in zip(placed, intensities, strict=True):
        axes.axvline(intensity, color=GUIDE, linewidth=0.6, linestyle=(0, (1, 3)), zorder=0)
        assert standing.roofline is not None
        for name, seconds in standing.seconds.items():
            axes.plot([intensity], [standing.roofline.traffic.operations / seconds.estimate], **looks[name].marks)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(span[0], span[1])
    for axis, unit in ((axes.yaxis, "FLOP/s"), (axes.xaxis, "")):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=9))
        axis.set_major_formatter(EngFormatter(unit=unit, sep="\u202f"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("operational intensity (operations per byte that must move)")
    axes.set_ylabel("operations per second")
    sheet.headline(
        "How near each comes to the roofline",
        f"Roofs: {show.si(peaks.operations_per_second, 'FLOP/s')} of matrix products, "
        f"{show.si(peaks.bytes_per_second, 'B/s')} of memory, {peaks.threads} threads",
    )
    handles = [Line2D([], [], **looks[name].marks) for name in looks]
    sheet.legend([*handles, Line2D([], [], color=INK)], [*looks, "roofline"])
    return sheet.figure


def _intensity(standing: Standing) -> float:
    assert standing.roofline is not None
    return standing.roofline.traffic.intensity
