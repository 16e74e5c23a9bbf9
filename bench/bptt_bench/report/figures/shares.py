"""How the time divides among the terms of a fitted law, against a factor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MultipleLocator
from numpy.typing import NDArray

from bptt_bench.plan import Claim, Point, ShareClaim
from bptt_bench.report import format as show
from bptt_bench.report.figures.lines import along, on_line
from bptt_bench.report.figures.style import (
    INK,
    factor_label,
    headline,
    legend_below,
    level_axis,
    look,
    new_figure,
    styled,
)
from bptt_bench.report.words.content import term_label

if TYPE_CHECKING:
    from bptt_bench.analyse.fitting.fit import Fit
    from bptt_bench.analyse.verdicts.analysis import Analysis

LEAST_SHARE = 0.02  # terms that stay below this everywhere are drawn together


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareGroup:
    """Share claims about one factor of one subject that differ in the level of that factor alone."""

    subject: str
    factor: str
    fixed: Point
    levels: tuple[float, ...]
    bounds: tuple[tuple[float, float], ...]  # (level, claimed share)


def share_groups(claims: Iterable[Claim]) -> list[ShareGroup]:
    """Return the share claims, those along one line together."""
    together: dict[tuple[str, str, Point], list[tuple[float, float]]] = {}
    for claim in claims:
        if isinstance(claim, ShareClaim):
            fixed = Point({name: value for name, value in claim.at.items() if name != claim.factor})
            here = Point(claim.at)
            together.setdefault((claim.subject, claim.factor, fixed), []).append((here[claim.factor], claim.share))
    return [
        ShareGroup(
            subject=subject, factor=factor, fixed=fixed, levels=tuple(sorted({level for level, _ in bounds})),
            bounds=tuple(sorted(bounds)),
        )
        for (subject, factor, fixed), bounds in together.items()
    ]  # fmt: skip


@styled
def figure_shares(analysis: Analysis, group: ShareGroup) -> Figure:
    """Draw the stacked share of each term against the factor; those with the factor at the bottom, with an interval.

    Raises
    ------
    ValueError : the subject has no fit of the whole evaluation.
    """
    fit = analysis.fits.get((group.subject, show.WHOLE))
    if fit is None:
        raise ValueError(f"subject {group.subject!r}: has no fit of {show.WHOLE}")
    figure = new_figure(6.0)
    axes = figure.subplots()
    measured = _measured_range(fit, group)
    levels = sorted(level for level in {*group.levels, *(measured or ())} if level > 0) or [1.0]  # a logarithmic axis
    ends = (levels[0], levels[-1]) if len(levels) > 1 else (levels[0] / 2, levels[0] * 2)
    labels, handles = _draw_stack(axes, fit, group, np.geomspace(*ends, 120))
    _draw_claimed(axes, fit, group)
    handles += [
        Line2D([], [], color=INK, marker="o", markerfacecolor="white", linewidth=1.1),
        Line2D([], [], color=INK, marker=7, markersize=7, linestyle="none"),
    ]
    labels += [f"all terms with {group.factor}", "share claimed"]
    level_axis(axes, levels)
    axes.set(xlim=ends, ylim=(0, 1))
    axes.yaxis.set_major_locator(MultipleLocator(0.25))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}"))
    axes.set_ylabel("share of the time (%)")
    axes.set_xlabel(factor_label(analysis.experiment, group.factor))
    _mark_range(axes, measured, group.factor)
    detail = f"at {show.point(group.fixed)}" if group.fixed else ""
    headline(figure, f"Where the time of {group.subject} goes, against {group.factor}", detail)
    legend_below(figure, handles, labels)
    return figure


def _draw_stack(
    axes: Axes, fit: Fit, group: ShareGroup, levels: NDArray[np.float64]
) -> tuple[list[str], list[Patch | Line2D]]:
    """Draw the areas from the bottom up; hand back their labels and legend handles."""
    labels, shares = _stack(fit, group, levels)
    handles: list[Patch | Line2D] = []
    floor = np.zeros(len(levels))
    for index, share in enumerate(shares):
        how = look(index)
        filled: dict[str, Any] = {
            "facecolor": how.color,
            "alpha": 0.75,
            "hatch": how.hatch or None,
            "edgecolor": "white",
        }
        axes.fill_between(levels, floor, floor + share, linewidth=0.6, **filled)
        handles.append(Patch(**filled))
        floor = floor + share
    return labels, handles


def _measured_range(fit: Fit, group: ShareGroup) -> tuple[float, float] | None:
    """Return the lowest and highest level above 0 measured at the fixed levels of the group; ``None`` without any."""
    levels = on_line(fit.points, group.fixed)[group.factor].to_numpy(float)
    levels = levels[levels > 0]
    return (float(levels.min()), float(levels.max())) if len(levels) else None


def _stack(fit: Fit, group: ShareGroup, levels: NDArray[np.float64]) -> tuple[list[str], list[NDArray[np.float64]]]:
    """Return labels and shares (n_levels,) of the terms, those with the factor first, small ones combined."""
    points = along(group.fixed, group.factor, levels)
    weights = np.array([term.coefficient for term in fit.terms])
    values = fit.full_law.columns({name: points[name].to_numpy() for name in fit.full_law.factors}) * weights
    values = values / values.sum(axis=1, keepdims=True)
    holds = [group.factor in term.factors for term in fit.full_law.terms]
    order = sorted(range(len(holds)), key=lambda k: (not holds[k], -values[:, k].mean()))
    labels, shares = [], []
    small = np.zeros(len(levels))
    for k in order:
        if values[:, k].max() < LEAST_SHARE:
            small = small + values[:, k]
            continue
        overhead = " (overhead)" if fit.terms[k].role == "overhead" else ""
        labels.append(term_label(fit, fit.terms[k]) + overhead)
        shares.append(values[:, k])
    if small.max() > 0:
        labels.append("all others")
        shares.append(small)
    return labels, shares


def _draw_claimed(axes: Axes, fit: Fit, group: ShareGroup) -> None:
    """Draw the share of all terms with the factor, with its interval, and the claimed bound, at each claimed level."""
    names = [term.text for term in fit.full_law.terms if group.factor in term.factors]
    for level, bound in group.bounds:
        at = Point(group.fixed, **{group.factor: level})
        estimate, low, high = fit.share(names, at)
        ends = [[max(0.0, estimate - max(0.0, low))], [max(0.0, min(1.0, high) - estimate)]]
        axes.errorbar(
            [level], [estimate], yerr=ends, color=INK, marker="o", markerfacecolor="white", elinewidth=1.3,
            capsize=3.0, zorder=6, clip_on=False,
        )  # fmt: skip
        axes.plot([level], [bound], color=INK, marker=7, markersize=7, linestyle="none", zorder=6, clip_on=False)


def _mark_range(axes: Axes, measured: tuple[float, float] | None, factor: str) -> None:
    low, high = axes.get_xlim()
    if measured is None:
        axes.set_title("extrapolated everywhere: nothing was measured on this line", loc="left")
        return
    beyond = [(low, measured[0])] if measured[0] > low else []
    beyond += [(measured[1], high)] if measured[1] < high else []
    for left, right in beyond:
        axes.axvspan(left, right, facecolor="white", alpha=0.45, zorder=4, linewidth=0)
        axes.axvline(left if right == high else right, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), zorder=5)
    span = f"{factor} = {show.level(measured[0])} to {show.level(measured[1])}"
    axes.set_title(f"measured: {span}" + ("; paler: extrapolated" if beyond else ""), loc="left")
