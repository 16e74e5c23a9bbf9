"""Marks of a figure that carry what they show, so that a page can say it where a reader points.

Matplotlib writes the id of an artist into the SVG. It is all that reaches the file, so the values travel in it; a page
takes them out again (``bptt_bench.report.page.svg``), and files of figures are written without them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from bptt_bench.report import format as show

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.artist import Artist

    from bptt_bench.analyse.fitting.fitted import Fit

CARRYING = "marks:"  # the ids that hold values begin with this
AS_DRAWN = "as-drawn"  # an id: what it names keeps its colours on a dark page, such as numbers on coloured cells
_CARRIED = re.compile(rf' id="(?:{CARRYING}[^"]*|{AS_DRAWN})"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What one mark of a figure shows: whose value, at which point, and the same as a reader sees it."""

    subject: str
    at: str
    value: float
    low: float | None = None
    high: float | None = None
    text: str


def carry(artist: Artist, marks: Iterable[Mark]) -> None:
    """Give a line its marks, one for each of its points in their order."""
    artist.set_gid(CARRYING + json.dumps([asdict(mark) for mark in marks], ensure_ascii=False))


def keep_colors(artist: Artist) -> None:
    """Keep the colours of an artist on a dark page."""
    artist.set_gid(AS_DRAWN)


def read_marks(identifier: str) -> list[Mark]:
    """Return the marks that an id holds; none for any other id."""
    if not identifier.startswith(CARRYING):
        return []
    return [Mark(**mark) for mark in json.loads(identifier.removeprefix(CARRYING))]


def without_marks(svg: str) -> str:
    """Return the text of a figure without the ids that hold values."""
    return _CARRIED.sub("", svg)


def measured_marks(subject: str, fit: Fit, rows: pd.DataFrame) -> Iterator[Mark]:
    """Yield a mark for each of some points of a fit: what was measured there, and what the law gives."""
    unit = fit.unit
    for levels, value, low, high, fitted in zip(
        rows[[*fit.factors]].to_dict("records"),
        *(rows[name].to_numpy(float).tolist() for name in ("measured", "low", "high", "fitted")),
        strict=True,
    ):
        at: Mapping[str, float] = {str(name): float(level) for name, level in levels.items()}
        shown = show.amount_interval(value, low, high, unit)
        text = f"{subject}, {show.point(at)}: {shown}; by the fit {show.amount(fitted, unit)}"
        yield Mark(subject=subject, at=show.point(at), value=value, low=low, high=high, text=text)
