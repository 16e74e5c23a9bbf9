"""What a reader sees of every figure: axes with units, nothing on top of anything else, series apart in grey."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from bptt_bench.analyse import Analysis
from bptt_bench.analyse.findings.obstacles import NotRecorded
from bptt_bench.analyse.findings.reason import Kind, Reason
from bptt_bench.plan import ExponentClaim, Factor
from bptt_bench.report.figures import (
    NamedFigure,
    figure_exponents,
    figure_parity,
    figure_passes,
    figure_ratio,
    figure_shares,
    ratio_groups,
    share_groups,
)
from bptt_bench.report.figures.style import LOOKS, VERDICT_LOOKS, WIDTH_INCHES, legend_below, level_axis, new_figure
from matplotlib.axis import Axis
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

TOUCH = 1.0  # pixels by which boxes may overlap: the empty rim of a box of text
NAMES = {
    "ratio-each-sweep", "plane-each-sweep", "passes", "exponents", "scaling-V", "scaling-H", "scaling-T",
    "scaling-T-recur", "shares-sweep-V", "parity",
}  # fmt: skip


def shown_tick_labels(axis: Axis) -> Iterator[Text]:
    low, high = sorted(axis.get_view_interval())
    for tick in axis.get_major_ticks():
        if low <= tick.get_loc() <= high and tick.label1.get_visible():
            yield tick.label1


def texts(figure: Figure) -> list[Text]:
    """Every text that the figure shows."""
    found = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    found += [text for part in figure.subfigs for text in part.texts]
    for axes in figure.axes:
        found += [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]  # type: ignore[attr-defined]
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_visible():
                found += shown_tick_labels(axis)
    return [text for text in found if text.get_text().strip() and text.get_visible()]


def overlaps(figure: Figure) -> list[str]:
    """Pairs of texts on top of each other, legends on top of axes, texts that leave the figure."""
    figure.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(figure)]
    found = [f"{a!r} on {b!r}" for (a, one), (b, two) in itertools.combinations(boxes, 2) if covers(one, two)]
    edge = figure.bbox.padded(TOUCH)
    for text, box in boxes:
        if not (edge.x0 <= box.x0 and box.x1 <= edge.x1 and edge.y0 <= box.y0 and box.y1 <= edge.y1):
            found.append(f"{text!r} leaves the figure")
    for legend, axes in itertools.product(figure.legends, figure.axes):
        if covers(legend.get_window_extent(), axes.get_window_extent()):
            found.append("a legend on axes")
    return found


def covers(one: Bbox, two: Bbox) -> bool:
    width = min(one.x1, two.x1) - max(one.x0, two.x0)
    height = min(one.y1, two.y1) - max(one.y0, two.y0)
    return bool(width > TOUCH and height > TOUCH)


def test_gallery_holds_every_figure_that_the_claims_ask_for(figures: list[NamedFigure]) -> None:
    names = [figure.name for figure in figures]
    assert {name for name in names if not name.endswith("-2")} == NAMES
    assert len(set(names)) == len(names)


def test_no_figure_has_anything_on_top_of_anything(figures: list[NamedFigure]) -> None:
    assert {named.name: overlaps(named.figure) for named in figures} == {named.name: [] for named in figures}


def test_long_names_and_many_levels_still_do_not_overlap(make_analysis: Callable[..., Analysis]) -> None:
    factors = (
        Factor(name="V", meaning="vocabulary size, counted in words that occur in the text at least once"),
        Factor(name="H", meaning="hidden size"),
        Factor(name="T", meaning="time steps"),
    )
    analysis = make_analysis(factors=factors)
    claims = analysis.experiment.claims
    reason = Reason(kind=Kind.NOT_IDENTIFIABLE, finding=NotRecorded(record="check"))
    exponents = {c.name: f"{c.name} with {'many ' * 9}words" for c in claims if isinstance(c, ExponentClaim)}
    named = tuple(replace(claim, name=exponents.get(claim.name, claim.name)) for claim in claims)
    verdicts = tuple(
        replace(verdict, claim=exponents.get(verdict.claim, verdict.claim), verdict="inconclusive", reason=reason)
        for verdict in analysis.verdicts
    )
    analysis = replace(
        analysis,
        evidence=replace(analysis.evidence, experiment=replace(analysis.experiment, claims=named)),
        verdicts=verdicts,
    )
    figures = {
        "exponents": figure_exponents(analysis),
        "ratio": figure_ratio(analysis, ratio_groups(analysis.experiment.claims)[0]),
        "shares": figure_shares(analysis, share_groups(analysis.experiment.claims)[0]),
        "passes": figure_passes({f"a subject with a long name, {n}": [(1, [1])] for n in range(5)}),
    }
    assert {name: overlaps(figure) for name, figure in figures.items()} == {name: [] for name in figures}


@pytest.mark.parametrize("decades", [2, 4])
def test_ticks_of_long_levels_do_not_overlap(decades: int) -> None:
    figure = new_figure(3.0)
    axes = figure.subplots()
    levels = np.geomspace(1e-5, 10.0 ** (decades - 5), 7)
    axes.plot(levels, levels)
    level_axis(axes, levels)
    assert overlaps(figure) == []
    assert len(axes.get_xticks()) >= 3


def test_overlap_is_seen_where_there_is_one() -> None:
    figure = new_figure(3.0)
    axes = figure.subplots()
    for _ in range(2):
        axes.text(0.5, 0.5, "here", transform=axes.transAxes)
    figure.text(0.99, 0.5, "over the edge")
    found = overlaps(figure)
    assert "'here' on 'here'" in found
    assert "'over the edge' leaves the figure" in found


def test_every_axis_says_what_it_shows_and_in_which_unit(figures: list[NamedFigure]) -> None:
    for named in figures:
        for axes in named.figure.axes:
            whole = axes.get_figure(root=False)._supxlabel  # type: ignore[union-attr]
            labelled = axes.xaxis.get_visible() and axes.xaxis.get_tick_params().get("labelbottom", True)
            label = axes.get_xlabel() or (whole.get_text() if whole is not None else "")
            assert not labelled or label.endswith(")"), f"{named.name}: horizontal axis {label!r}"
            shared = axes.get_ylabel() or named.figure.axes[0].get_ylabel()
            assert not axes.yaxis.get_visible() or shared.endswith(")"), f"{named.name}: vertical axis {shared!r}"


def test_seconds_are_shown_with_si_prefixes(figures: list[NamedFigure]) -> None:
    scaling = next(named for named in figures if named.name == "scaling-T")
    scaling.figure.draw_without_rendering()
    labels = {label.get_text() for label in shown_tick_labels(scaling.figure.axes[0].yaxis)}
    assert {"1\u202fms", "10\u202fms"} <= labels


def test_figures_fit_a_phone(figures: list[NamedFigure]) -> None:
    smallest = min(float(text.get_fontsize()) for named in figures for text in texts(named.figure))
    pixels = smallest / 72 * 360 / WIDTH_INCHES  # css pixels when the figure is 360 wide
    assert {named.figure.get_figwidth() for named in figures} == {WIDTH_INCHES}
    assert pixels >= 8.5


def lightness(color: str) -> float:
    red, green, blue = to_rgb(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_series_differ_without_colour() -> None:
    for field in ("marker", "dash", "hatch"):
        values = [getattr(look, field) for look in LOOKS]
        assert len(set(values)) == len(values), field
    assert len({look.marker for look in VERDICT_LOOKS.values()}) == len(VERDICT_LOOKS)
    neighbours = itertools.pairwise(lightness(look.color) for look in LOOKS[:4])
    assert min(abs(one - two) for one, two in neighbours) > 0.1


def test_making_figures_leaves_matplotlib_as_it_was(analysis: Analysis) -> None:
    before = dict(mpl.rcParams)
    figure_passes({"a": [(1, [1])]})
    figure_parity(analysis)
    assert dict(mpl.rcParams) == before


def test_legend_takes_fewer_columns_when_the_labels_are_long() -> None:
    figure = new_figure(3.0)
    axes = figure.subplots()
    lines = [axes.plot([0, 1], [0, n])[0] for n in range(4)]
    legend = legend_below(figure, lines, ["a label that is quite long" for _ in lines])
    assert legend._ncols == 2  # type: ignore[attr-defined]
    figure.draw_without_rendering()
    assert legend.get_window_extent().width <= figure.bbox.width
