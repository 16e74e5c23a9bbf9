"""Triangles of slopes have these slopes, and lie where nothing else is drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from bptt_bench.report.figures.scaling import SLOPES, draw_slopes
from bptt_bench.report.figures.style import new_figure
from matplotlib.axes import Axes
from matplotlib.patches import Polygon


def axes_with(*curves: Callable[[np.ndarray], np.ndarray]) -> Axes:
    axes = new_figure(4.0).subplots()
    across = np.geomspace(1.0, 1000.0, 30)
    for curve in curves:
        axes.plot(across, curve(across))
    axes.set(xscale="log", yscale="log")
    axes.set_ylim(*axes.get_ylim())
    axes.set_xlim(*axes.get_xlim())
    return axes


def triangles(axes: Axes) -> list[np.ndarray]:
    """The corners of each triangle, in data."""
    to_data = axes.transAxes + axes.transData.inverted()
    return [to_data.transform(patch.get_xy()[:3]) for patch in axes.patches if isinstance(patch, Polygon)]


@pytest.mark.parametrize("power", [0.5, 1.0, 3.0])
def test_the_triangles_have_the_slopes_that_they_say(power: float) -> None:
    axes = axes_with(lambda x: x**power)
    draw_slopes(axes)
    found = []
    for corners in triangles(axes):
        (left, bottom), (right, _), (_, top) = np.log(corners)
        found.append((top - bottom) / (right - left))
    np.testing.assert_allclose(found, SLOPES)
    assert [text.get_text() for text in axes.texts] == [str(slope) for slope in SLOPES]


@pytest.mark.parametrize(
    "curves",
    [
        (lambda x: x,),
        (lambda x: 1e3 / x,),
        (lambda x: x, lambda x: 1e3 / x),
        (lambda x: 10 + 0 * x, lambda x: x**2, lambda x: 1e6 + 0 * x),
        tuple(lambda x, k=k: 2.0**k + 0 * x for k in range(12)),  # no room between them
    ],
)
def test_they_lie_where_no_curve_is(curves: tuple[Callable[[np.ndarray], np.ndarray], ...]) -> None:
    axes = axes_with(*curves)
    draw_slopes(axes)
    assert len(axes.patches) == len(SLOPES)
    across = np.geomspace(*axes.get_xlim(), 2000)
    for (left, bottom), (right, _), (_, top) in triangles(axes):
        inside = across[(across >= left) & (across <= right) & (across >= 1) & (across <= 1000)]
        for curve in curves:
            up = curve(inside)
            assert not ((up >= bottom) & (up <= top)).any()
        low, high = axes.get_ylim()
        assert low < bottom < top < high
