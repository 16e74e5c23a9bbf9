"""The time of one subject over that of another against a factor, beside the ratio that was predicted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import ArrayLike, NDArray

from bptt_bench.analyse.evidence.paired import paired_ratio, visits_of
from bptt_bench.errors import FitError
from bptt_bench.plan import Claim, CostLaw, CrossoverClaim, Design, Point, RatioClaim
from bptt_bench.report import format as show
from bptt_bench.report.figures.style import (
    INK,
    Look,
    Sheet,
    Size,
    factor_label,
    level_axis,
    level_looks,
    styled,
)
from bptt_bench.report.marks import Mark, carry
from bptt_bench.report.words.content import judged_claims

if TYPE_CHECKING:
    from bptt_bench.analyse.verdicts.analysis import Analysis

BESIDE = "#7f7f7f"  # grey: others, for comparison
REACH = 3.0  # curves run on beyond the largest level by this factor at most, to show a crossover that lies there


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioGroup:
    """Ratio claims about the same two subjects, drawn in one figure."""

    subject: str
    over: str
    less: str | None
    ratio: str
    factor: str
    points: Design

    @property
    def title(self) -> str:
        less = f", each less {self.less}" if self.less else ""
        return f"Time of {self.subject} over {self.over}{less}"

    def predicted(self, fixed: Point, along: ArrayLike) -> NDArray[np.float64]:
        """Return the ratio that was claimed, at levels of the factor."""
        return value_of(self.ratio, {**fixed, self.factor: along})

    def curves(self) -> dict[Point, list[Point]]:
        """Return the points by their levels of the other factors, each list in rising order of the factor."""
        found: dict[Point, list[Point]] = {}
        for point in self.points:
            fixed = Point({name: value for name, value in point.items() if name != self.factor})
            found.setdefault(fixed, []).append(point)
        order = sorted(found, key=lambda fixed: tuple(fixed.values()))
        return {fixed: sorted(found[fixed], key=lambda point: point[self.factor]) for fixed in order}


def value_of(expression: str, point: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
    """Return an expression of a claim; unlike a law it may subtract, so it is read as a single term."""
    return CostLaw(f"1*({expression})").evaluate(point)


def ratio_groups(claims: Iterable[Claim]) -> list[RatioGroup]:
    """Return the ratio claims, those about the same pair and the same prediction together."""
    together: dict[tuple[str, str, str | None, str], list[RatioClaim]] = {}
    for claim in claims:
        if isinstance(claim, RatioClaim):
            together.setdefault((claim.subject, claim.over, claim.less, claim.ratio), []).append(claim)
    groups = []
    for (subject, over, less, ratio), members in together.items():
        claimed = sum((claim.points for claim in members), Design())
        factor = _most_levels(claimed)
        points = Design.of(point for point in claimed if point[factor] > 0)  # the axis is logarithmic
        if points:
            groups.append(RatioGroup(subject=subject, over=over, less=less, ratio=ratio, factor=factor, points=points))
    return groups


def groups_beside(analysis: Analysis, group: RatioGroup) -> list[RatioGroup]:
    """Return the other measured groups over the same subject for which one curve is predicted, whatever else varies."""
    return [
        other
        for other in ratio_groups(judged_claims(analysis))
        if (other.over, other.less, other.factor) == (group.over, group.less, group.factor)
        and other.subject != group.subject
        and set(CostLaw(f"1*({other.ratio})").factors) <= {group.factor}
        and measured_ratios(analysis, other)
    ]


def _most_levels(points: Design) -> str:
    names = list(next(iter(points)))
    return max(names, key=lambda name: len({point[name] for point in points if point[name] > 0}))


@styled
def figure_ratio(
    analysis: Analysis,
    group: RatioGroup,
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw the measured ratio with intervals, and the predicted curve, for each combination of the other factors.

    In grey stand other subjects over the same one, for which one curve is predicted.

    Parameters
    ----------
    ax, size, style : see ``bptt_bench.report.figures``.
    """
    sheet = Sheet(5.6, ax, size)
    axes = sheet.axes
    curves = group.curves()
    crossings = _crossings(analysis, group)
    ratios = measured_ratios(analysis, group)
    largest = max(point[group.factor] for point in group.points)
    levels = [level for crossing in crossings.values() for level in crossing.levels]
    wanted = [level for level in levels if level <= REACH * largest]
    end = max([largest, *(1.15 * level for level in wanted)])
    smallest = min(point[group.factor] for point in group.points)
    start = min([smallest, *(level / 1.15 for level in wanted if level >= smallest / REACH)])
    varying = [name for name in next(iter(curves)) if len({fixed[name] for fixed in curves}) > 1]
    handles, labels = [], []
    for how, (fixed, points) in zip(level_looks(len(curves)), curves.items(), strict=True):
        _draw_curve(axes, group, fixed, (start, end), how)
        _draw_measured(axes, group, {point: ratios[point] for point in points if point in ratios}, how)
        label = show.point({name: fixed[name] for name in varying}) or show.point(fixed)
        if fixed in crossings:
            _draw_crossing(axes, group, fixed, crossings[fixed], (start, end), how)
            label += f"  ({group.factor}* = {show.number(crossings[fixed].level)})"
        handles.append(Line2D([], [], color=how.color, marker=how.marker, linestyle=how.dash))
        labels.append(label)
    for other in groups_beside(analysis, group):
        handles.append(_draw_beside(axes, analysis, other, (start, end)))
        labels.append(f"{other.subject}: {show.law(other.ratio)}")
    if crossings:
        handles.append(Line2D([], [], color=INK, marker="|", markersize=11, markeredgewidth=1.6, linestyle="none"))
        labels.append(f"predicted crossover {group.factor}*")
        if any(crossing.measured is not None for crossing in crossings.values()):
            handles.append(Line2D([], [], color=INK, marker="D", markerfacecolor="white", linestyle="-", linewidth=1.0))
            labels.append("measured crossover")
    _finish(axes, analysis, group, (start, end))
    same = {name: value for name, value in next(iter(curves)).items() if name not in varying} if varying else {}
    detail = f"predicted (lines): {show.law(group.ratio)}" + (f"; {show.point(same)}" if same else "")
    sheet.headline(group.title, detail)
    sheet.legend(handles, labels)
    return sheet.figure


def _finish(axes: Axes, analysis: Analysis, group: RatioGroup, ends: tuple[float, float]) -> None:
    axes.axhline(1.0, color=INK, linewidth=0.9, zorder=1)
    low, high = axes.dataLim.y0, axes.dataLim.y1
    if low > 0 and high / low > 3:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=8))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(min(low, 1.0) / 1.08, high * 1.12)
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show.number(value)))
    levels = {point[group.factor] for point in group.points}
    level_axis(axes, levels)
    axes.set_xlim(ends[0] / 1.12, ends[1] * 1.12)
    axes.set_xlabel(factor_label(analysis.experiment, group.factor))
    axes.set_ylabel(f"{group.subject} / {group.over} (ratio, no unit)")


def _draw_curve(axes: Axes, group: RatioGroup, fixed: Point, ends: tuple[float, float], how: Look) -> None:
    along = np.geomspace(*ends, 80)
    ratio = np.broadcast_to(group.predicted(fixed, along), along.shape)  # a constant comes as one number
    axes.plot(along, ratio, color=how.color, linestyle=how.dash, linewidth=1.3)


def _draw_beside(axes: Axes, analysis: Analysis, group: RatioGroup, ends: tuple[float, float]) -> Line2D:
    """Draw the curve and the measured ratios of another group; return its entry of the legend."""
    how: dict[str, Any] = {"color": BESIDE, "marker": "x", "markersize": 5.0, "zorder": 1.5}
    along = np.geomspace(*ends, 80)
    axes.plot(along, np.broadcast_to(group.predicted(Point(), along), along.shape), color=BESIDE, linewidth=1.3)
    rows = measured_ratios(analysis, group)
    if rows:
        ratio, low, high = np.array(list(rows.values())).T
        ends_of = np.maximum(np.stack([ratio - low, high - ratio]), 0.0)
        axes.errorbar([point[group.factor] for point in rows], ratio, ends_of, elinewidth=0.8, linestyle="none", **how)
    return Line2D([], [], **how)


def _draw_measured(axes: Axes, group: RatioGroup, rows: Mapping[Point, NDArray[np.float64]], how: Look) -> None:
    if not rows:
        return
    ratio, low, high = np.array(list(rows.values())).T
    drawn = axes.errorbar(
        [point[group.factor] for point in rows],
        ratio,
        yerr=np.maximum(np.stack([ratio - low, high - ratio]), 0.0),
        elinewidth=1.1,
        **how.marks,
    )
    carry(drawn.lines[0], (_mark(group, point, ends) for point, ends in rows.items()))


def _mark(group: RatioGroup, point: Point, ends: NDArray[np.float64]) -> Mark:
    value, low, high = ends.tolist()
    name, predicted = f"{group.subject} / {group.over}", show.number(float(value_of(group.ratio, point)))
    text = f"{name}, {show.point(point)}: {show.interval(value, low, high)}; predicted {predicted}"
    return Mark(subject=name, at=show.point(point), value=value, low=low, high=high, text=text)


def measured_ratios(analysis: Analysis, group: RatioGroup) -> dict[Point, NDArray[np.float64]]:
    """Return the measured ratio at each claimed point, as ``all_ratios`` does."""
    return {point: ends for point, ends in all_ratios(analysis, group).items() if point in group.points}


def all_ratios(analysis: Analysis, group: RatioGroup) -> dict[Point, NDArray[np.float64]]:
    """Return the ratio at each measured point with the ends of its interval (3,), as the verdicts use it.

    Empty where the verdict says that the subjects cannot be compared; a point where nothing is left is left out.
    """
    factors = list(next(iter(group.points)))
    names = [name for name in (group.subject, group.over, group.less) if name is not None]
    try:
        seen = [visits_of(analysis.evidence, name, factors) for name in names]
    except FitError:
        return {}
    ratio = paired_ratio(*seen)
    low, high = ratio.intervals(analysis.evidence.confidence)
    found = {
        Point(dict(zip(factors, levels, strict=True))): np.exp(np.array(logs))
        for levels, *logs in zip(ratio.points, ratio.log_ratio, low, high, strict=True)
    }
    return {point: ends for point, ends in found.items() if np.isfinite(ends).all()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A level at which one part is said to overtake another, and where it was found to."""

    level: float
    measured: tuple[float, float | None, float | None] | None

    @property
    def levels(self) -> tuple[float, ...]:
        """Where a mark belongs: the predicted level, and the measured one if there is one."""
        return (self.level,) if self.measured is None else (self.level, self.measured[0])


def _crossings(analysis: Analysis, group: RatioGroup) -> dict[Point, Crossing]:
    """Return the crossovers along the factor of the group, by the fixed levels of the curve they belong to."""
    found = {}
    for claim in judged_claims(analysis):
        if isinstance(claim, CrossoverClaim) and claim.factor == group.factor and claim.subject == group.subject:
            fixed = Point({name: value for name, value in claim.at.items() if name != group.factor})
            level = float(value_of(claim.level, claim.at))
            verdict = next((v for v in analysis.verdicts if (v.claim, v.subject) == (claim.name, claim.subject)), None)
            measured = (
                None if verdict is None or verdict.estimate is None else (verdict.estimate, verdict.low, verdict.high)
            )
            found[fixed] = Crossing(level=level, measured=measured)
    return found


def _draw_crossing(
    axes: Axes, group: RatioGroup, fixed: Point, crossing: Crossing, ends: tuple[float, float], how: Look
) -> None:
    """Mark on the predicted curve where the crossover was predicted (a stroke) and where it was found (a diamond)."""

    def height(level: float) -> float:
        return float(group.predicted(fixed, level))

    if ends[0] <= crossing.level <= ends[1]:
        where = [crossing.level], [height(crossing.level)]
        axes.plot(*where, color=how.color, marker="|", markersize=15, markeredgewidth=2.0, zorder=4)
    if crossing.measured is not None and ends[0] <= crossing.measured[0] <= ends[1]:
        level, low, high = crossing.measured
        left = level if low is None else max(ends[0], low)
        right = level if high is None else min(ends[1], high)
        axes.errorbar(
            [level],
            [height(level)],
            xerr=[[max(0.0, level - left)], [max(0.0, right - level)]],
            color=how.color,
            marker="D",
            markerfacecolor="white",
            markersize=6.0,
            elinewidth=1.1,
            zorder=5,
        )
