"""The plane of a ratio shows each measured ratio at its place, and how far all are from what was predicted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bptt_bench.analyse import Analysis
from bptt_bench.plan import Point
from bptt_bench.report.figures import figure_plane, gallery, ratio_groups
from bptt_bench.report.figures.plane import ratio_plane
from bptt_bench.report.figures.ratio import all_ratios, measured_ratios
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh


def interval(ratio: float) -> np.ndarray:
    return np.array([ratio, ratio / 1.1, ratio * 1.1])


def cells(axes: Axes) -> dict[tuple[float, float], float]:
    """Each cell by the centre of its place."""
    found: dict[tuple[float, float], float] = {}
    for mesh in axes.collections:
        assert isinstance(mesh, QuadMesh)
        corners = np.log(np.asarray(mesh.get_coordinates()))
        middle = np.exp((corners[0, :-1] + corners[0, 1:] + corners[1, :-1] + corners[1, 1:]) / 4)
        values = np.asarray(mesh.get_array()).ravel()
        found |= {(round(x), round(y)): float(v) for (x, y), v in zip(middle, values, strict=True)}
    return found


def test_the_plane_with_the_most_ratios_is_drawn() -> None:
    ratios = {Point(V=V, H=8, T=T): interval(V + T) for V in (10, 20) for T in (1, 2, 4, 8)}
    ratios |= {Point(V=V, H=9, T=T): interval(1.0) for V in (10, 20, 30) for T in (1, 2, 4)}
    plane = ratio_plane(ratios, "T")
    assert plane is not None
    assert (plane.up, plane.fixed, sum(map(len, plane.rows.values()))) == ("V", Point(H=9), 9)
    assert plane.holds(Point(V=30, H=9, T=4))
    assert not plane.holds(Point(V=10, H=8, T=1))


def test_the_level_0_has_no_place_on_a_plane() -> None:
    ratios = {Point(V=V, T=T): interval(2.0) for V in (0, 10, 20) for T in (0, 1, 2, 4)}
    plane = ratio_plane(ratios, "T")
    assert plane is not None
    assert {level: list(row) for level, row in plane.rows.items()} == {10: [1, 2, 4], 20: [1, 2, 4]}


def test_rows_that_are_too_short_make_no_plane() -> None:
    ratios = {Point(V=V, T=T): interval(1.0) for V in (10, 20) for T in (1, 2)}
    assert ratio_plane(ratios | {Point(V=10, T=4): interval(1.0)}, "T") is None
    assert ratio_plane({}, "T") is None


def test_each_cell_is_the_measured_ratio_of_its_point(analysis: Analysis) -> None:
    (group,) = ratio_groups(analysis.experiment.claims)
    upper = figure_plane(analysis, group).axes[0]
    measured = measured_ratios(analysis, group)
    expected = {(point["T"], point["V"]): ends[0] for point, ends in measured.items()}
    drawn = cells(upper)
    assert len(drawn) == 10
    assert [drawn[round(T), round(V)] for T, V in expected] == pytest.approx(list(expected.values()))
    assert len(upper.texts) == len(drawn)


def test_the_line_is_where_the_crossover_is_predicted(analysis: Analysis) -> None:
    (group,) = ratio_groups(analysis.experiment.claims)
    (line,) = figure_plane(analysis, group).axes[0].lines
    np.testing.assert_allclose(np.asarray(line.get_xdata()), 2 * np.asarray(line.get_ydata()) / 256)


def test_every_measured_ratio_stands_over_its_predicted_one(analysis: Analysis) -> None:
    (group,) = ratio_groups(analysis.experiment.claims)
    lower = figure_plane(analysis, group).axes[1]
    drawn = [line for line in lower.lines if line.get_marker() == "o"]
    found = sorted(pair for line in drawn for pair in zip(*map(np.asarray, line.get_data()), strict=True))
    ratios = all_ratios(analysis, group)
    predicted = {at: (at["V"] + (at["T"] + 1) / 2 * at["H"]) / (at["V"] + at["H"]) for at in ratios}
    expected = sorted((predicted[point], ends[0] / predicted[point] - 1) for point, ends in ratios.items())
    assert len(found) > len(group.points), "every point of the sweep, not only those that are claimed"
    np.testing.assert_allclose(found, expected)


def test_a_ratio_on_one_line_alone_has_no_plane(analysis: Analysis) -> None:
    samples = analysis.evidence.samples.query("V == 512 and H == 256")
    narrow = replace(analysis, evidence=replace(analysis.evidence, samples=samples, memo={}))
    (group,) = ratio_groups(analysis.experiment.claims)
    assert all_ratios(narrow, group)
    with pytest.raises(ValueError, match="was measured on no plane of 2 rows of 3 levels of T"):
        figure_plane(narrow, group)
    assert "plane-each-sweep" not in {named.name for named in gallery(narrow)}
