"""Triangles that show the slopes 1 and 2 on two logarithmic axes, where nothing else is drawn."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from bptt_bench.report.figures.style import GUIDE, INK

SLOPES = (1, 2)
WIDTH, MOST_HEIGHT = 0.1, 0.22  # of a triangle, and of the steepest one at most: shares of the axes
LABEL_ROOM, EDGE, CLEAR = 0.035, 0.03, 0.02  # beside a triangle for its number; to the edges; to what is drawn
STEPS = 24  # places that are tried in each direction
BELOW = 0.35  # share of the height by which the axes reach further down where there is no room


class Box(NamedTuple):
    """A rectangle in shares of the axes."""

    left: float
    bottom: float
    width: float
    height: float

    def is_clear(self, drawn: NDArray[np.float64]) -> bool:
        """Return whether none of some points (n, 2) lies in the rectangle or close to it."""
        low = np.array([self.left, self.bottom]) - CLEAR
        high = np.array([self.left + self.width, self.bottom + self.height]) + CLEAR
        return not bool(((drawn > low) & (drawn < high)).all(axis=1).any())


def draw_slopes(axes: Axes) -> None:
    """Draw the triangles in a corner of two logarithmic axes, or where else there is room for them.

    What is drawn and the limits must be final. Where there is no room the vertical axis reaches further down.
    """
    box = _free_box(axes)
    if box is None:
        low, high = axes.get_ylim()
        axes.set_ylim(low * (low / high) ** BELOW, high)
        box = _free_box(axes)
    if box is None:
        return
    width, heights = _triangle(axes)
    left = box.left
    for slope, height in zip(SLOPES, heights, strict=True):
        corners = [(left, box.bottom), (left + width, box.bottom), (left + width, box.bottom + height)]
        axes.add_patch(
            Polygon(corners, closed=True, transform=axes.transAxes, fill=False, edgecolor=GUIDE, linewidth=1.1)
        )
        axes.text(
            left + width + 0.008, box.bottom + height / 2, str(slope), transform=axes.transAxes,
            va="center", fontsize=9.5, color=INK,
        )  # fmt: skip
        left += width + LABEL_ROOM


def _triangle(axes: Axes) -> tuple[float, list[float]]:
    """Return the width of the triangles and their heights, in shares of the axes."""
    across, up = (np.log(high / low) for low, high in (axes.get_xlim(), axes.get_ylim()))
    width = min(WIDTH, MOST_HEIGHT * up / (max(SLOPES) * across))
    return width, [float(slope * width * across / up) for slope in SLOPES]


def _free_box(axes: Axes) -> Box | None:
    """Return the place for the triangles that is nearest to the lower right corner; ``None`` if none is free."""
    width, heights = _triangle(axes)
    size = len(SLOPES) * (width + LABEL_ROOM), max(heights)
    drawn = _drawn(axes)
    lefts = np.linspace(1 - EDGE - size[0], EDGE, STEPS)
    bottoms = np.linspace(EDGE, 1 - EDGE - size[1], STEPS)
    places = sorted(itertools.product(range(STEPS), range(STEPS)), key=sum)
    boxes = (Box(float(lefts[i]), float(bottoms[j]), *size) for i, j in places)
    return next((box for box in boxes if box.is_clear(drawn)), None)


def _drawn(axes: Axes) -> NDArray[np.float64]:
    """Return points (n, 2) close to each other on all lines, in shares of the axes."""
    to_axes = axes.transData + axes.transAxes.inverted()
    points = [np.zeros((0, 2))]
    for line in axes.lines:
        data = np.column_stack([np.asarray(values, dtype=np.float64) for values in line.get_data()])
        corners = to_axes.transform(data[np.isfinite(data).all(axis=1) & (data > 0).all(axis=1)])
        share = np.linspace(0.0, 1.0, 2 * STEPS)[:, np.newaxis, np.newaxis]
        points += [corners, (corners[:-1] + share * np.diff(corners, axis=0)).reshape(-1, 2)]
    return np.concatenate(points)
