"""One page with all subjects: every fit has its curve and its name, and names do not run into each other."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from bptt_bench.analyse import Analysis
from bptt_bench.report.figures import Line, figure_overview, gallery, lines_along
from bptt_bench.report.figures.overview import LABEL_GAP, spread
from bptt_bench.report.figures.style import LOOKS, subject_looks
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.text import Text

FACTORS = ["V", "H", "T"]
WHOLE = "seconds_per_eval"


def lines_of(analysis: Analysis) -> list[Line]:
    points = {name: fit.points for (name, response), fit in analysis.fits.items() if response == WHOLE}
    return [lines_along(name, FACTORS, points)[0] for name in ("V", "T")]


def with_subjects(analysis: Analysis, n: int) -> Analysis:
    """The analysis with so many subjects: the first one under other names as well."""
    first = analysis.experiment.subject("sweep")
    names = [f"sweep {i}" for i in range(n - 3)]
    experiment = replace(
        analysis.experiment,
        subjects=(*analysis.experiment.subjects, *(replace(first, name=name) for name in names)),
    )
    fits = {**analysis.fits, **{(name, WHOLE): analysis.fits["sweep", WHOLE] for name in names}}
    return replace(analysis, evidence=replace(analysis.evidence, experiment=experiment, fits=fits))


def names_of_curves(axes: Axes) -> list[Text]:
    """The names beside a panel; within it stand the numbers of slopes."""
    return [text for text in axes.texts if text.get_position()[0] > 1]


def test_each_subject_has_its_marks_its_curve_and_its_name(analysis: Analysis) -> None:
    lines = lines_of(analysis)
    figure = figure_overview(analysis, lines)
    for axes, line in zip(figure.axes, lines, strict=True):
        assert [text.get_text() for text in names_of_curves(axes)] == list(line.subjects)
        for name in line.subjects:
            fit = analysis.fits[name, WHOLE]
            measured = line.select(fit.points)["measured"].to_numpy(float)
            assert any(np.array_equal(drawn.get_ydata(), measured) for drawn in axes.lines)
            ends = fit.predict([line.at(line.levels[0]), line.at(line.levels[-1])])
            expected = [end.estimate for end in ends]
            drawn_to = [np.asarray(drawn.get_ydata(), float)[[0, -1]] for drawn in axes.lines]
            assert any(np.allclose(first_and_last, expected, rtol=1e-9) for first_and_last in drawn_to), name


def test_of_two_that_take_the_same_time_both_are_seen(analysis: Analysis) -> None:
    two = with_subjects(analysis, 4)  # sweep, and sweep 0 on top of it
    for axes in figure_overview(two, lines_of(two)).axes:
        sweep, copy = subject_looks(two.experiment)["sweep"], subject_looks(two.experiment)["sweep 0"]
        colors = (sweep.color, copy.color)
        curves = [line for line in axes.lines if line.get_color() in colors and len(np.asarray(line.get_xdata())) > 20]
        offsets = {line._unscaled_dash_pattern for line in curves}  # type: ignore[attr-defined]
        assert len(offsets) == 2, "the dashes of one lie in the gaps of the other"
        assert all(pattern[1] is not None for pattern in offsets)
        sizes = {line.get_marker(): line.get_markersize() for line in axes.lines if line.get_linestyle() == "None"}
        assert sizes[sweep.marker] > sizes[copy.marker]
        alone = next(line for line in axes.lines if line.get_color() == subject_looks(two.experiment)["each"].color)
        assert alone.get_linestyle() == "-"


def test_the_laws_stand_beneath(analysis: Analysis) -> None:
    figure = figure_overview(analysis, lines_of(analysis))
    (legend,) = figure.legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert "sweep:  T·H·V + T·H²" in texts
    assert len(texts) == 3


def test_names_beside_a_panel_stand_apart(analysis: Analysis) -> None:
    many = with_subjects(analysis, 8)
    for axes in figure_overview(many, lines_of(many)).axes:
        places = sorted(text.get_position()[1] for text in names_of_curves(axes))
        assert min(b - a for a, b in itertools.pairwise(places)) >= LABEL_GAP * (1 - 1e-9)


def test_a_report_has_the_page_from_five_subjects_on(make_analysis: Callable[..., Analysis]) -> None:
    analysis = make_analysis()
    assert "overview" not in [each.name for each in gallery(analysis)]
    assert "overview" in [each.name for each in gallery(with_subjects(analysis, 5))]


def test_a_line_without_fits_is_refused(analysis: Analysis) -> None:
    with pytest.raises(ValueError, match="none given"):
        figure_overview(analysis, [])
    bare = replace(analysis, evidence=replace(analysis.evidence, fits={}))
    with pytest.raises(ValueError, match="line along V: none of base, sweep, each has a fit of the time"):
        figure_overview(bare, lines_of(analysis)[:1])


def test_looks_differ_from_each_other() -> None:
    assert len({look.color for look in LOOKS}) == len({look.marker for look in LOOKS}) == len(LOOKS)


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=12))
def test_spreading_keeps_the_order_and_the_middle(places: list[float]) -> None:
    moved = spread(places, 0.1)
    order = np.argsort(places, kind="stable")
    assert (np.diff(moved[order]) >= 0.1 - 1e-9).all()
    assert moved.mean() == pytest.approx(np.mean(places), abs=1e-9)
    apart = np.diff(np.sort(places))
    if (apart >= 0.1).all():
        np.testing.assert_allclose(moved, places, atol=1e-12)
