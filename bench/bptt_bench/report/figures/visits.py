"""Which step was visited on behalf of which loss: boolean maps side by side."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator
from numpy.typing import ArrayLike, NDArray

from bptt_bench.report import format as show
from bptt_bench.report.figures.style import INK, headline, new_figure, styled

GRID_LIMIT = 40  # cells a side up to which lines between the cells help the eye


@styled
def figure_visits(
    maps: Mapping[str, ArrayLike], x_label: str, y_label: str, title: str = "Visits really made"
) -> Figure:
    """Draw one square per map: a dark cell where row and column met, white where they never did.

    Parameters
    ----------
    maps : title -> (n_rows, n_columns) array; row and column 0 are number 1 on the axes.

    Raises
    ------
    ValueError : no map at all, or one that is not a matrix.
    """
    matrices = {name: np.asarray(values).astype(bool) for name, values in maps.items()}
    if not matrices:
        raise ValueError("maps: is empty; at least one map is needed")
    for name, matrix in matrices.items():
        if matrix.ndim != 2 or 0 in matrix.shape:
            raise ValueError(f"map {name!r}: has shape {matrix.shape}; a matrix with rows and columns is needed")
    figure = new_figure(1.2 + 4.7 / len(matrices), square_panels=True)
    panels = figure.subplots(1, len(matrices), sharey=True, squeeze=False)[0]
    for axes, (name, matrix) in zip(panels, matrices.items(), strict=True):
        _draw_map(axes, matrix)
        axes.set_title(f"{name}\n{show.number(int(matrix.sum()), 9)} visits", loc="left")
    panels[0].set_ylabel(y_label)
    if len(matrices) == 1:
        panels[0].set_xlabel(x_label)
    else:
        figure.supxlabel(x_label, fontsize=10.5, color=INK)
    headline(figure, title)
    return figure


def _draw_map(axes: Axes, matrix: NDArray[np.bool_]) -> None:
    rows, columns = matrix.shape
    axes.imshow(
        matrix, cmap=ListedColormap(["white", "#0b3c5d"]), vmin=0, vmax=1, interpolation="nearest",
        extent=(0.5, columns + 0.5, rows + 0.5, 0.5),
    )  # fmt: skip
    axes.grid(visible=False)
    axes.spines[["top", "right"]].set_visible(True)
    axes.xaxis.set_major_locator(FixedLocator(_ends(columns)))
    axes.yaxis.set_major_locator(FixedLocator(_ends(rows)))
    if max(rows, columns) <= GRID_LIMIT:
        for n, line in ((rows, axes.axhline), (columns, axes.axvline)):
            for edge in range(1, n):
                line(edge + 0.5, color="#cfcfcf", linewidth=0.4, zorder=2)


def _ends(n: int) -> list[int]:
    """Return first, last and a few round numbers between, with room for their labels."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**9) if n / step <= 6)
    middle = [value for value in range(step, n, step) if min(value - 1, n - value) > 0.6 * step]
    return sorted({1, *middle, n})
