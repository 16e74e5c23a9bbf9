"""How the time divides among the terms of a fitted law, against a factor, beside what was measured and counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MultipleLocator
from numpy.typing import NDArray

from bptt_bench.analyse.evidence.measured_shares import MeasuredShare, measured_share
from bptt_bench.plan import Claim, Point, ShareClaim
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.report import format as show
from bptt_bench.report.figures.lines import along, on_line
from bptt_bench.report.figures.style import (
    INK,
    Sheet,
    Size,
    area_look,
    factor_label,
    level_axis,
    styled,
)
from bptt_bench.report.words.content import term_label
from bptt_bench.text.wording import join_names

if TYPE_CHECKING:
    from bptt_bench.analyse.fitting.fit import Fit
    from bptt_bench.analyse.verdicts.analysis import Analysis

LEAST_SHARE = 0.02  # terms that stay below this everywhere are drawn together
MEASURED: dict[str, Any] = {"color": INK, "marker": "o", "markerfacecolor": "white", "linestyle": "none"}
COUNTED: dict[str, Any] = {"color": INK, "linestyle": (0, (1, 1)), "linewidth": 2.0}


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
def figure_shares(
    analysis: Analysis,
    group: ShareGroup,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw the stacked share of each term against the factor, those with the factor at the bottom.

    On it stand the shares that the phases with the factor were measured to have, and those of their multiply-adds.

    Parameters
    ----------
    ax, size, style : see ``bptt_bench.report.figures``.

    Raises
    ------
    ValueError : the subject has no fit of the whole evaluation.
    """
    fit = analysis.fits.get((group.subject, SECONDS_PER_EVAL))
    if fit is None:
        raise ValueError(f"subject {group.subject!r}: has no fit of {SECONDS_PER_EVAL}")
    sheet = Sheet(6.0, ax, size)
    axes = sheet.axes
    measured = _measured_range(fit, group)
    levels = sorted(level for level in {*group.levels, *(measured or ())} if level > 0) or [1.0]  # a logarithmic axis
    ends = (levels[0], levels[-1]) if len(levels) > 1 else (levels[0] / 2, levels[0] * 2)
    labels, handles = _draw_stack(axes, fit, group, np.geomspace(*ends, 120))
    marks = _draw_measured(axes, analysis, fit, group) or _draw_fitted(axes, fit, group)
    for level, bound in group.bounds:
        axes.plot([level], [bound], color=INK, marker=7, markersize=7, linestyle="none", zorder=6, clip_on=False)
    marks["share claimed"] = Line2D([], [], color=INK, marker=7, markersize=7, linestyle="none")
    handles += marks.values()
    labels += marks
    level_axis(axes, levels)
    axes.set(xlim=ends, ylim=(0, 1))
    axes.yaxis.set_major_locator(MultipleLocator(0.25))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}"))
    axes.set_ylabel("share of the time (%)")
    axes.set_xlabel(factor_label(analysis.experiment, group.factor))
    _mark_range(axes, measured, group.factor)
    detail = f"at {show.point(group.fixed)}" if group.fixed else ""
    sheet.headline(f"Where the time of {group.subject} goes, against {group.factor}", detail)
    sheet.legend(handles, labels)
    return sheet.figure


def _draw_stack(
    axes: Axes, fit: Fit, group: ShareGroup, levels: NDArray[np.float64]
) -> tuple[list[str], list[Patch | Line2D]]:
    """Draw the areas from the bottom up; hand back their labels and legend handles."""
    labels, shares = _stack(fit, group, levels)
    handles: list[Patch | Line2D] = []
    floor = np.zeros(len(levels))
    for index, share in enumerate(shares):
        filled = area_look(index)
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


def _draw_measured(axes: Axes, analysis: Analysis, fit: Fit, group: ShareGroup) -> dict[str, Line2D]:
    """Draw the measured share of the phases with the factor at each measured level; return the legend's entries."""
    levels = on_line(fit.points, group.fixed)[group.factor].to_numpy(float)
    found: dict[float, MeasuredShare] = {}
    for level in sorted(set(levels[levels > 0].tolist())):
        at = Point(group.fixed, **{group.factor: level})
        share = measured_share(analysis.evidence, group.subject, group.factor, at)
        if share is not None:
            found[level] = share
    if not found:
        return {}
    estimate, low, high = np.array([share.time for share in found.values()]).T
    ends = np.maximum(np.stack([estimate - low, high - estimate]), 0.0)
    axes.errorbar(list(found), estimate, yerr=ends, **MEASURED, elinewidth=1.3, capsize=3.0, zorder=6, clip_on=False)
    phases = next(iter(found.values())).phases
    name = f"measured: phase{'s' if len(phases) > 1 else ''} {join_names(phases)}"
    entries = {name: Line2D([], [], **MEASURED)}
    counted = {level: share.multiply_adds for level, share in found.items() if share.multiply_adds is not None}
    if counted:
        axes.plot(list(counted), list(counted.values()), **COUNTED, zorder=5, clip_on=False)
        entries["counted: its multiply-adds"] = Line2D([], [], **COUNTED)
    return entries


def _draw_fitted(axes: Axes, fit: Fit, group: ShareGroup) -> dict[str, Line2D]:
    """Draw the fitted share of all terms with the factor where a claim is made; return the legend's entry."""
    names = [term.text for term in fit.full_law.terms if group.factor in term.factors]
    for level, _ in group.bounds:
        estimate, low, high = fit.share(names, Point(group.fixed, **{group.factor: level}))
        ends = [[max(0.0, estimate - max(0.0, low))], [max(0.0, min(1.0, high) - estimate)]]
        axes.errorbar([level], [estimate], yerr=ends, **MEASURED, elinewidth=1.3, capsize=3.0, zorder=6, clip_on=False)
    return {f"fitted: all terms with {group.factor}": Line2D([], [], **MEASURED)}


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
