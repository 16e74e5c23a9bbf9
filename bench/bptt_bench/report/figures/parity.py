"""Predicted against measured, over all points at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bptt_bench.report import format as show
from bptt_bench.report.figures.looks import subject_looks
from bptt_bench.report.figures.style import (
    GUIDE,
    INK,
    Size,
    headline,
    legend_below,
    new_figure,
    percent_axis,
    point_beyond,
    seconds_axis,
    styled,
)

if TYPE_CHECKING:
    from bptt_bench.analyse.verdicts.analysis import Analysis

GUIDE_SHARE = 0.1  # the band drawn beside the diagonal


@styled
def figure_parity(
    analysis: Analysis,
    response: str = show.WHOLE,
    *,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw measured against fitted time at every point of every subject, and their deviations beneath.

    Parameters
    ----------
    size, style : see ``bptt_bench.report.figures``.

    Raises
    ------
    ValueError : no subject has a fit of the response.
    """
    looks = subject_looks(analysis.experiment)
    fits = {name: analysis.fits[name, response] for name in looks if (name, response) in analysis.fits}
    if not fits:
        raise ValueError(f"response {response!r}: no subject has a fit of it")
    figure = new_figure(7.4, size=size)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2.6, 1.2])
    deviations = []
    for name, fit in fits.items():
        how = looks[name]
        fitted, measured = (fit.points[column].to_numpy(float) for column in ("fitted", "measured"))
        upper.plot(fitted, measured, **how.marks)
        lower.plot(fitted, measured / fitted - 1.0, **how.marks)
        deviations.append(measured / fitted - 1.0)
    low = min(upper.dataLim.x0, upper.dataLim.y0) / 1.4
    high = max(upper.dataLim.x1, upper.dataLim.y1) * 1.4
    diagonal = np.array([low, high])
    upper.plot(diagonal, diagonal, color=INK, linewidth=0.9)
    guide: dict[str, Any] = {"color": GUIDE, "linewidth": 0.9, "linestyle": (0, (4, 2))}
    for sign in (-1, 1):
        upper.plot(diagonal, diagonal * (1 + sign * GUIDE_SHARE), **guide)
        lower.axhline(sign * GUIDE_SHARE, **guide)
    for which in ("x", "y"):
        seconds_axis(upper, which, low, high)
    upper.set(xlim=(low, high), ylim=(low, high))
    percent_axis(lower, np.concatenate(deviations), least=1.3 * GUIDE_SHARE)
    for name, fit in fits.items():
        fitted, measured = (fit.points[column].to_numpy(float) for column in ("fitted", "measured"))
        point_beyond(lower, fitted, measured / fitted - 1.0, looks[name])
    upper.set_ylabel("measured time per evaluation (s)")
    lower.set_ylabel("measured over\npredicted − 1 (%)")
    lower.set_xlabel("predicted time per evaluation (s)")
    upper.tick_params(labelbottom=False)
    headline(figure, f"Predicted and measured, {show.response(response)}, every point")
    handles = [Line2D([], [], color=looks[name].color, marker=looks[name].marker, linestyle="none") for name in fits]
    guides = [Line2D([], [], color=INK, linewidth=0.9), Line2D([], [], **guide)]
    legend_below(figure, [*handles, *guides], [*fits, "equal", f"±{100 * GUIDE_SHARE:.0f}\u202f%"])
    figure.align_ylabels([upper, lower])
    return figure
