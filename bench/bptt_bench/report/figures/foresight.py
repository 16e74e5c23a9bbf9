"""Predictions beyond the sweep against what was measured there afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.report import format as show
from bptt_bench.report.figures.style import (
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
from bptt_bench.report.words.foresight import error_percent

if TYPE_CHECKING:
    from bptt_bench.analyse.fitting.fitted import Fit
    from bptt_bench.analyse.predict.foresight import CheckedPrediction
    from bptt_bench.analyse.verdicts.analysis import Analysis

PANEL_INCHES, REST_INCHES = 1.75, 1.4  # of height: a subject's panel; headline, axis label and legend
EDGE = 1.4  # factor by which the axis of time reaches beyond the outermost point
MOST_REACH = 3.0  # times the largest error: an interval that runs further is cut off, so that errors can be seen
SWEPT: dict[str, Any] = {"color": GUIDE, "marker": ".", "linestyle": "none", "markersize": 4.0}
INTERVAL: dict[str, Any] = {"linewidth": 2.4, "alpha": 0.4}
TARGET: dict[str, Any] = {"color": GUIDE, "linewidth": 0.9, "linestyle": (0, (4, 2))}


class Errors(NamedTuple):
    """Predicted seconds (n,), relative errors of the predictions and of the ends of their intervals, what was held."""

    predicted: NDArray[np.float64]
    error: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    covered: NDArray[np.bool_]

    @classmethod
    def of(cls, group: Sequence[CheckedPrediction]) -> Errors:
        made = [one.prediction for one in group]
        predicted, low, high = np.array([(each.value, each.low, each.high) for each in made]).T
        measured = np.array([one.measured.estimate for one in group])
        covered = np.array([one.covered for one in group])
        return cls(predicted, predicted / measured - 1, low / measured - 1, high / measured - 1, covered)


@styled
def figure_foresight(
    analysis: Analysis,
    foreseen: Sequence[CheckedPrediction],
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw the prediction errors of each subject, in a panel of its own, beside those of its fit to the sweep.

    Parameters
    ----------
    ax, size, style : see ``bptt_bench.report.figures``.

    Raises
    ------
    ValueError : nothing was foreseen.
    """
    from bptt_bench.analyse.predict.foresight import TARGET_P95, by_subject

    if not foreseen:
        raise ValueError("foreseen: is empty; at least one prediction must have been measured")
    looks, groups = subject_looks(analysis.experiment), by_subject(foreseen)
    errors = {name: Errors.of(group) for name, group in groups.items()}
    fits = {name: analysis.fits[name, SECONDS_PER_EVAL] for name in groups if (name, SECONDS_PER_EVAL) in analysis.fits}
    figure = panels_figure(REST_INCHES + PANEL_INCHES * len(groups), ax, size)
    panels = list(figure.subplots(len(groups), 1, sharex=True, sharey=True, squeeze=False)[:, 0])
    for axes, (name, group) in zip(panels, groups.items(), strict=True):
        axes.set_title(f"{name}\n{_how_good(group)}", loc="left", fontsize=9.5)
        _set_scales(axes, errors.values(), fits.values(), TARGET_P95)
        for sign in (-1, 1):
            axes.axhline(sign * TARGET_P95, **TARGET)
        if name in fits:
            _draw_swept(axes, fits[name])
        _draw_errors(axes, errors[name], looks[name])
        axes.tick_params(labelbottom=axes is panels[-1])
    figure.supylabel("predicted over measured − 1 (%)", fontsize=10.5, color=INK)
    panels[-1].set_xlabel("predicted time per evaluation (s)")
    headline(figure, "Foreseen: predicted beyond the sweep, then measured")
    _legend(figure, TARGET_P95)
    return whole_figure(figure)


def _how_good(group: Sequence[CheckedPrediction]) -> str:
    from bptt_bench.analyse.predict.foresight import accuracy

    found = accuracy(group)
    held = sum(one.covered for one in group)
    errors = f"median error {error_percent(found.median)}, 95th percentile {error_percent(found.p95)}"
    return f"{errors}; {held} of {found.n} inside"


def _set_scales(axes: Axes, errors: Iterable[Errors], fits: Iterable[Fit], target: float) -> None:
    """Set the same scales in every panel: all times, and errors as far as they can be distinguished."""
    each = list(errors)
    times = np.concatenate([*(one.predicted for one in each), *(fit.points["fitted"].to_numpy() for fit in fits)])
    low, high = float(times.min()) / EDGE, float(times.max()) * EDGE
    seconds_axis(axes, "x", low, high)
    axes.set_xlim(low, high)
    reach = MOST_REACH * max(target, *(float(np.abs(one.error).max()) for one in each))
    ends = np.concatenate([end for one in each for end in (one.error, one.low, one.high)])
    percent_axis(axes, np.clip(ends, -reach, reach), least=1.5 * target)


def _draw_swept(axes: Axes, fit: Fit) -> None:
    fitted, measured = (fit.points[column].to_numpy(float) for column in ("fitted", "measured"))
    axes.plot(fitted, fitted / measured - 1, **SWEPT)


def _draw_errors(axes: Axes, errors: Errors, how: Look) -> None:
    axes.vlines(errors.predicted, errors.low, errors.high, color=how.color, **INTERVAL)
    for marks, which in ((how.marks, errors.covered), (_hollow(how.marker, how.color), ~errors.covered)):
        axes.plot(errors.predicted[which], errors.error[which], **marks)
    point_beyond(axes, errors.predicted, errors.error, how)


def _hollow(marker: str, color: str) -> dict[str, Any]:
    """Return the marks of predictions whose interval missed what was measured."""
    edge = {"markerfacecolor": "white", "markeredgecolor": color, "markeredgewidth": 1.4}
    return {"marker": marker, "linestyle": "none", "zorder": 3, **edge}


def _legend(figure: Figure | SubFigure, target: float) -> None:
    guides = {
        "the sweep, fitted": Line2D([], [], **SWEPT),
        "predicted beyond": Line2D([], [], color=INK, marker="o", linestyle="none"),
        "its interval": Line2D([], [], color=INK, **INTERVAL),
        "interval missed": Line2D([], [], **_hollow("o", INK)),
        f"±{show.percent(target)}": Line2D([], [], **TARGET),
    }
    legend_below(figure, list(guides.values()), list(guides))
