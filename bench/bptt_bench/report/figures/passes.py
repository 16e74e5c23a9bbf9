"""Passes from place to place, each with the origins whose part it carries: one chain for each, or sums in one sweep."""

from __future__ import annotations

import io
import itertools
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.transforms import ScaledTranslation

from bptt_bench.report import format as show
from bptt_bench.report.figures.style import GUIDE, INK, headline, panels_figure, styled, whole_figure

if TYPE_CHECKING:
    from bptt_bench.report.figures.style import Color, Size

Pass = tuple[int, Sequence[int]]  # a place, and the origins whose part is carried to the place before

MOST_PLACES = 12  # with more the names of places no longer stand beside each other
ROW_INCHES = 0.36  # a chain of passes
HEAD_INCHES = 0.95  # the network above the chains of a panel, and its title
TITLE_INCHES, TITLE_CHARACTERS = 0.17, 56  # a further line of a title, and what fits into a line
STRIPE_POINTS, MOST_POINTS = 3.4, 18.0  # width of a stripe, and of all stripes of a pass
NODE_POINTS, DOT_POINTS = 22.0, 7.0
GAP, GAP_PER_POINT = 0.12, 0.0095  # of the distance of places: beside a place, and for each point of an arrow's head
NAME_POINTS = 9.5
FRAME_DPI = 100  # of an animation: 540 pixels across
MILLISECONDS_PER_PASS, MILLISECONDS_AT_END = 700, 4000
COLORS = 128  # of the palette of an animation


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Passes that were recorded while code ran, and who made them: several names if all made the same.

    Attributes
    ----------
    names : of those who made these passes.
    chains : the passes in order, those that follow each other from place to place together.
    """

    names: tuple[str, ...]
    chains: tuple[tuple[Pass, ...], ...]

    @property
    def count(self) -> int:
        """Return the number of passes."""
        return sum(map(len, self.chains))


def recorded(passes: Mapping[str, Iterable[Pass]]) -> list[Recorded]:
    """Return what was recorded, those who made the same passes together; who made none is left out.

    >>> sweep = [(2, [2]), (1, [1, 2])]
    >>> made = {"each": [(1, [1]), (2, [2]), (1, [2])], "sweep": sweep, "again": sweep}
    >>> [(one.names, one.count, len(one.chains)) for one in recorded(made)]
    [(('each',), 3, 2), (('sweep', 'again'), 2, 1)]
    """
    together: dict[tuple[tuple[Pass, ...], ...], list[str]] = {}
    for name, made in passes.items():
        chains: list[list[Pass]] = []
        for place, origins in made:
            if not chains or chains[-1][-1][0] != place + 1:
                chains.append([])
            chains[-1].append((int(place), tuple(origins)))
        if chains:
            together.setdefault(tuple(map(tuple, chains)), []).append(name)
    return [Recorded(names=tuple(names), chains=chains) for chains, names in together.items()]


def require_passes(passes: Mapping[str, Iterable[Pass]]) -> list[Recorded]:
    """Return what was recorded, where it can be drawn.

    Raises
    ------
    ValueError : there are no passes, or they are too many to be distinguished.
    """
    found = recorded(passes)
    if not found:
        raise ValueError("passes: there are none; at least one pass is needed")
    most = max(len(one.chains) for one in found)
    places = _places(found)
    if max(most, places) > MOST_PLACES:
        raise ValueError(
            f"passes: {max(most, places)} places or chains; at most {MOST_PLACES} can be distinguished in a figure"
        )
    return found


def can_be_drawn(passes: Mapping[str, Iterable[Pass]]) -> bool:
    """Return whether there are passes, and few enough to be distinguished."""
    found = recorded(passes)
    return bool(found) and max(_places(found), *(len(one.chains) for one in found)) <= MOST_PLACES


def _places(found: Iterable[Recorded]) -> int:
    passes = [one for each in found for chain in each.chains for one in chain]
    return max(max([place, *origins]) for place, origins in passes)


@styled
def figure_passes(
    passes: Mapping[str, Iterable[Pass]],
    symbols: tuple[str, str] = ("origin", "place"),
    *,
    ax: Axes | None = None,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> Figure:
    """Draw every pass as an arrow from its place to the one before, with a stripe for each origin that it carries.

    Parameters
    ----------
    passes : by who made them, each a place and the origins whose part it carries; both are counted from 1.
    symbols : of an origin and of a place, such as ``("J", "h")`` for losses and hidden states.
    ax, size, style : see ``bptt_bench.report.figures``.

    Raises
    ------
    ValueError : there are no passes, or they are too many to be distinguished.
    """
    return whole_figure(_draw(require_passes(passes), symbols, ax, size)[0])


@styled
def animate_passes(
    passes: Mapping[str, Iterable[Pass]],
    symbols: tuple[str, str] = ("origin", "place"),
    *,
    size: Size | None = None,
    style: Mapping[str, object] | None = None,  # noqa: ARG001  # of `styled`
) -> bytes:
    """Return an animated GIF in which the passes of all are made at the same pace and counted.

    Parameters
    ----------
    passes, symbols, size, style : as in ``figure_passes``.

    Raises
    ------
    ValueError : there are no passes, or they are too many to be distinguished.
    """
    found = require_passes(passes)
    drawn_on, panels = _draw(found, symbols, None, size)
    figure = whole_figure(drawn_on)
    engine = figure.get_layout_engine()
    assert engine is not None, "figures are laid out by an engine"
    figure.dpi = FRAME_DPI
    engine.execute(figure)
    figure.set_layout_engine(None)  # from here on nothing moves
    frames = []
    for made in range(max(one.count for one in found) + 1):
        for one, (axes, artists) in zip(found, panels, strict=True):
            for rank, drawn in enumerate(artists, start=1):
                for artist in drawn:
                    artist.set_visible(rank <= made)
            axes.set_title(_title(one, min(made, one.count)), loc="left", fontweight="bold")
        frames.append(_pixels(figure))
    return _gif(frames)


def _pixels(figure: Figure) -> np.ndarray[Any, Any]:
    canvas: Any = figure.canvas  # an Agg canvas, whose methods have no types
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _gif(frames: Sequence[np.ndarray[Any, Any]]) -> bytes:
    from PIL import Image

    palette = Image.fromarray(frames[-1]).quantize(COLORS)  # the last one shows every colour
    colors = palette.getpalette() or []
    corner, background = int(np.asarray(palette)[0, 0]), frames[-1][0, 0]
    colors[3 * corner : 3 * corner + 3] = background.tolist()  # exactly, not the mean of a few like it
    pictures = []
    for frame in frames:
        indices = np.array(Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE))
        indices[(frame == background).all(axis=2)] = corner
        pictures.append(Image.fromarray(indices, "P"))
        pictures[-1].putpalette(colors)
    durations = [MILLISECONDS_PER_PASS] * (len(pictures) - 1) + [MILLISECONDS_AT_END]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0, optimize=False
    )
    return buffer.getvalue()


def _draw(
    found: Sequence[Recorded], symbols: tuple[str, str], ax: Axes | None, size: Size | None
) -> tuple[Figure | SubFigure, list[tuple[Axes, list[list[Artist]]]]]:
    """Return the figure, and for each panel its axes and what was drawn for each pass."""
    heights = [
        HEAD_INCHES + ROW_INCHES * (len(one.chains) + _has_sums(one)) + TITLE_INCHES * _title(one, 0).count("\n")
        for one in found
    ]
    figure = panels_figure(0.4 + sum(heights), ax, size)
    places = _places(found)
    panels = []
    grid = figure.subplots(len(found), 1, squeeze=False, height_ratios=heights)
    for axes, one in zip(grid[:, 0], found, strict=True):
        _draw_network(axes, places, symbols)
        drawn = _draw_chains(axes, one, symbols, _colors(places))
        axes.set_title(_title(one, one.count), loc="left", fontweight="bold")
        axes.set_xlim(-0.45, places + 1.35)
        axes.set_ylim(-len(one.chains) - (0.9 if _has_sums(one) else 0.45), 2.45)
        axes.set_axis_off()
        axes.xaxis.set_visible(False)  # or its labels still take room
        axes.yaxis.set_visible(False)
        panels.append((axes, drawn))
    headline(figure, "Passes back, as the code made them")
    return figure, panels


def _has_sums(one: Recorded) -> bool:
    return any(len(origins) > 1 for chain in one.chains for _, origins in chain)


def _title(one: Recorded, made: int) -> str:
    passes = "pass" if one.count == 1 else "passes"
    counted = f"{made} {passes}" if made == one.count else f"{made} of {one.count} {passes}"
    return textwrap.fill(f"{', '.join(one.names)}: {counted}", TITLE_CHARACTERS)


def _colors(n: int) -> list[Color]:
    """Return a colour for each origin, from dark to light; the lightest is still seen on white."""
    return [mpl.colormaps["plasma"](share) for share in np.linspace(0.0, 0.82, n)]


def _draw_network(axes: Axes, places: int, symbols: tuple[str, str]) -> None:
    """Draw places in a row, forward arrows between them, and an origin above each."""
    node: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": NAME_POINTS, "color": INK}
    circle = {"boxstyle": "circle,pad=0.18", "facecolor": "white", "edgecolor": GUIDE, "linewidth": 0.9}
    arrow = {"arrowstyle": "-|>", "color": GUIDE, "linewidth": 0.9, "shrinkA": 15, "shrinkB": 15, "mutation_scale": 9}
    origin, place = symbols
    for at in range(places + 1):
        axes.text(at, 0.8, f"{place}({at})", bbox=circle, zorder=4, **node)
        if at:
            axes.text(at, 1.95, f"{origin}({at})", bbox=circle | {"boxstyle": "square,pad=0.25"}, zorder=4, **node)
            axes.annotate("", (at, 0.8), (at - 1, 0.8), arrowprops=arrow)
            axes.annotate("", (at, 1.95), (at, 0.8), arrowprops=arrow | {"shrinkA": 13, "shrinkB": 9})


def _draw_chains(axes: Axes, one: Recorded, symbols: tuple[str, str], colors: Sequence[Color]) -> list[list[Artist]]:
    drawn: list[list[Artist]] = []
    for row, chain in enumerate(one.chains, start=1):
        entered: set[int] = set()
        for place, origins in chain:
            artists = _draw_entries(axes, place, -row, [o for o in origins if o not in entered], colors)
            entered.update(origins)
            artists += _draw_pass(axes, place, -row, origins, colors)
            if _has_sums(one):
                text = _sum(symbols[0], origins)
                artists.append(axes.text(place - 0.5, -row - 0.42, text, ha="center", va="top", fontsize=NAME_POINTS))
            drawn.append(artists)
        last = f"{len(chain)} pass{'' if len(chain) == 1 else 'es'}"
        where = chain[0][0] + 0.17
        drawn[-1].append(axes.text(where, -row, last, ha="left", va="center", fontsize=NAME_POINTS, color=INK))
    return drawn


def _draw_entries(axes: Axes, place: int, row: float, new: Sequence[int], colors: Sequence[Color]) -> list[Artist]:
    """Draw where origins enter a chain: a line down from the network, beside each other if there are several."""
    return [
        axes.plot(
            [place, place], [0.28, row], color=colors[origin - 1], linewidth=1.3, linestyle=(0, (2, 1.2)), zorder=1,
            transform=axes.transData + _points(axes, 3.0 * (rank - (len(new) - 1) / 2), 0.0),
        )[0]
        for rank, origin in enumerate(new)
    ]  # fmt: skip


def _draw_pass(axes: Axes, place: int, row: float, origins: Sequence[int], colors: Sequence[Color]) -> list[Artist]:
    width = min(STRIPE_POINTS, MOST_POINTS / len(origins))
    head = max(7.0, width * len(origins) + 4.0)
    left, right = place - 1 + GAP + GAP_PER_POINT * head, place - GAP
    artists: list[Artist] = []
    for rank, origin in enumerate(origins):
        shift = _points(axes, 0.0, width * ((len(origins) - 1) / 2 - rank))
        artists += axes.plot(
            [left, right], [row, row], color=colors[origin - 1], linewidth=width, solid_capstyle="butt", zorder=2,
            transform=axes.transData + shift,
        )  # fmt: skip
    artists += axes.plot([left], [row], color=INK, marker=8, markersize=head, linestyle="none", zorder=2)
    for at in (place, place - 1):
        artists += axes.plot([at], [row], color=INK, marker="o", markersize=DOT_POINTS, linestyle="none", zorder=3)
    return artists


def _points(axes: Axes, across: float, up: float) -> ScaledTranslation:
    figure = axes.get_figure()
    assert figure is not None, "axes are drawn in a figure"
    return ScaledTranslation(across / 72, up / 72, figure.dpi_scale_trans)


def _sum(symbol: str, origins: Sequence[int]) -> str:
    """Return the sum that a pass carries in a few characters.

    >>> _sum("J", [4]), _sum("J", [3, 4, 5]), _sum("J", [1, 3])
    ('J(4)', 'ΣJ(3…5)', 'ΣJ(1, 3)')
    """
    ordered = sorted(origins)
    if len(ordered) == 1:
        return f"{symbol}({ordered[0]})"
    follows = all(b == a + 1 for a, b in itertools.pairwise(ordered))
    return f"Σ{symbol}({ordered[0]}…{ordered[-1]})" if follows else f"Σ{symbol}({', '.join(map(show.number, ordered))})"
