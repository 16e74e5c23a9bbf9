"""Every figure function takes axes of the caller's, a size and a style; nothing global changes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import pytest
from bptt_bench.analyse import Analysis
from bptt_bench.plan import Point
from bptt_bench.report import figures as house
from bptt_bench.report.figures import (
    Line,
    animate_passes,
    figure_exponents,
    figure_overview,
    figure_parity,
    figure_passes,
    figure_plane,
    figure_ratio,
    figure_scaling,
    figure_shares,
    ratio_groups,
    share_groups,
)
from bptt_bench.report.figures.foresight import figure_foresight
from bptt_bench.report.figures.machine import figure_machine
from bptt_bench.report.figures.race import figure_race, figure_roofline
from bptt_bench.report.figures.validation import figure_beyond, figure_coverage
from matplotlib.figure import Figure

LINE = Line(factor="T", fixed=Point(V=1024, H=128), levels=(4, 8, 16, 32, 64), subjects=("base", "sweep", "each"))
ERRORS = [{"tool": "ours", "design": "16", "median": 0.02, "p95": 0.1}]
ON_ONE_PAIR_OF_AXES = ("exponents", "ratio", "shares", "beyond")
OF_SEVERAL_PANELS = ("scaling", "parity", "overview", "passes", "plane", "coverage")
NAMES = (*ON_ONE_PAIR_OF_AXES, *OF_SEVERAL_PANELS)
COVERAGE = {
    "low": 0.9, "high": 1.0, "level": 0.95,
    "cells": [
        {"law": "n", "design": "16", "noise": 0.05, "point_effects": 0.0, "coverage": 0.95, "standard_error": 0.01}
    ],
}  # fmt: skip


@pytest.fixture
def draw(analysis: Analysis) -> dict[str, Callable[..., Figure]]:
    (ratio,), (share,) = ratio_groups(analysis.experiment.claims), share_groups(analysis.experiment.claims)
    return {
        "exponents": functools.partial(figure_exponents, analysis),
        "ratio": functools.partial(figure_ratio, analysis, ratio),
        "shares": functools.partial(figure_shares, analysis, share),
        "beyond": functools.partial(figure_beyond, ERRORS),
        "scaling": functools.partial(figure_scaling, analysis, LINE),
        "parity": functools.partial(figure_parity, analysis),
        "overview": functools.partial(figure_overview, analysis, [LINE]),
        "passes": functools.partial(figure_passes, {"a": [(2, [2]), (1, [1, 2])]}),
        "plane": functools.partial(figure_plane, analysis, ratio),
        "coverage": functools.partial(figure_coverage, COVERAGE),
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_has_the_size_that_was_asked_for(draw: dict[str, Callable[..., Figure]], name: str) -> None:
    assert tuple(draw[name](size=(7.5, 9.0)).get_size_inches()) == (7.5, 9.0)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "passes"])
def test_a_style_goes_before_that_of_the_house(draw: dict[str, Callable[..., Figure]], name: str) -> None:
    sizes = {axes.xaxis.label.get_fontsize() for axes in draw[name](style={"axes.labelsize": 13.0}).axes}
    assert sizes == {13.0}


@pytest.mark.parametrize("name", NAMES)
def test_the_settings_of_the_caller_stay_and_do_not_matter(draw: dict[str, Callable[..., Figure]], name: str) -> None:
    usual = [axes.xaxis.label.get_fontsize() for axes in draw[name]().axes]
    with mpl.rc_context({"axes.labelsize": 30.0, "figure.figsize": (1.0, 1.0), "axes.grid": True}):
        before = dict(mpl.rcParams)
        figure = draw[name](style={"axes.titlesize": 8.0})
        assert dict(mpl.rcParams) == before
        assert [axes.xaxis.label.get_fontsize() for axes in draw[name]().axes] == usual
        assert figure.get_size_inches()[0] > 1.0
    with pytest.raises(ValueError, match="`style` must have names of matplotlib's rcParams, got 'colour'"):
        draw[name](style={"colour": "red"})


@pytest.mark.parametrize("name", ON_ONE_PAIR_OF_AXES)
def test_axes_of_the_caller_are_drawn_on_and_nothing_beside_them(
    draw: dict[str, Callable[..., Figure]], name: str
) -> None:
    figure = Figure(figsize=(12, 5))
    here, beside = figure.subplots(1, 2)
    assert draw[name](ax=here) is figure
    assert figure.axes == [here, beside]
    assert not beside.has_data()
    assert not figure.get_suptitle()
    assert not figure.legends
    own = draw[name]()
    assert own.get_suptitle().split("\n")[0].split()[0] in here.get_title(loc="left")
    assert [text.get_text() for text in here.get_legend().get_texts()] == [
        text.get_text() for text in own.legends[0].get_texts()
    ]
    assert len(here.lines) == len(own.axes[0].lines)


@pytest.mark.parametrize("name", OF_SEVERAL_PANELS)
def test_panels_divide_the_place_of_the_axes_of_the_caller(draw: dict[str, Callable[..., Figure]], name: str) -> None:
    figure = Figure(figsize=(14, 9), layout="constrained")
    beside, here = figure.subplots(1, 2)
    beside.plot([1, 2], [1, 2])
    assert draw[name](ax=here) is figure
    figure.draw_without_rendering()
    (place,) = figure.subfigs
    own = draw[name]()
    assert place.get_suptitle().split()[0] == own.get_suptitle().split()[0]
    assert [len(axes.lines) for axes in _all_axes(place)] == [len(axes.lines) for axes in _all_axes(own)]
    assert [len(legend.get_texts()) for legend in place.legends] == [len(legend.get_texts()) for legend in own.legends]
    left = beside.get_tightbbox()
    assert left is not None
    assert all(axes.get_window_extent().x0 > left.x1 for axes in _all_axes(place))
    assert not here.axison


def _all_axes(figure: Any) -> list[Any]:
    return [*figure.axes, *(axes for part in figure.subfigs if not figure.axes for axes in part.axes)]


@pytest.mark.parametrize("name", OF_SEVERAL_PANELS)
def test_axes_whose_place_cannot_be_divided_are_refused(draw: dict[str, Callable[..., Figure]], name: str) -> None:
    for axes in (Figure().subplots(), Figure(layout="constrained").add_axes((0.1, 0.1, 0.5, 0.5))):
        with pytest.raises(ValueError, match=r"`ax` must be from `plt.subplots\(…, layout='constrained'\)`"):
            draw[name](ax=axes)
        assert axes.axison


@pytest.mark.parametrize("name", NAMES)
def test_axes_and_a_size_contradict_each_other(draw: dict[str, Callable[..., Figure]], name: str) -> None:
    with pytest.raises(ValueError, match=r"`size` must be None where `ax` is given, .* got \(3, 3\)"):
        draw[name](ax=Figure().subplots(), size=(3, 3))


def test_a_dollar_sign_in_a_name_is_one_and_begins_no_formula() -> None:
    name = "costs $\\frac{$"
    for figure in (figure_passes({name: [(1, [1])]}, ("$_", "h")), figure_beyond([ERRORS[0] | {"tool": name}])):
        figure.draw_without_rendering()
        shown = [text for axes in figure.axes for text in (*axes.get_yticklabels(), axes._left_title)]  # type: ignore[attr-defined]
        assert any(name in text.get_text() for text in shown)


def test_no_figure_function_is_without_these_arguments() -> None:
    public: dict[str, Any] = {name: getattr(house, name) for name in house.__all__ if name.startswith("figure_")}
    functions = [*public.values(), figure_foresight, figure_machine, figure_race, figure_roofline, figure_coverage]
    for function in (*functions, figure_beyond, animate_passes):
        assert {"size", "style"} <= set(inspect.signature(function).parameters), function.__name__
    assert all("ax" in inspect.signature(function).parameters for function in (*functions, figure_beyond))
