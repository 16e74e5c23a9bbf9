"""Lines through a design that was measured: points that differ in one factor alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bptt_bench.plan import PLACEBO_SUFFIX, Point

LEAST_LEVELS = 3  # two points show a slope but no curve


def along(fixed: Mapping[str, float], factor: str, levels: NDArray[np.float64]) -> pd.DataFrame:
    """Return points ``(n_levels, n_factors)`` at the levels of one factor, the others fixed."""
    columns = {name: np.full(len(levels), float(value)) for name, value in fixed.items()}
    return pd.DataFrame(columns | {factor: levels})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Levels of one factor at fixed levels of the others, and the subjects that visited them."""

    factor: str
    fixed: Point
    levels: tuple[float, ...]
    subjects: tuple[str, ...]

    def at(self, level: float) -> Point:
        return Point(self.fixed, **{self.factor: level})

    def dense(self, n: int = 60) -> pd.DataFrame:
        """Return points along the line, evenly spaced on a logarithmic axis, for curves."""
        return along(self.fixed, self.factor, np.geomspace(self.levels[0], self.levels[-1], n))

    def select(self, points: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that lie on the line, in rising order; a logarithmic axis has no place for the level 0."""
        rows = on_line(points, self.fixed).sort_values(self.factor)
        return rows[rows[self.factor] > 0]


def on_line(points: pd.DataFrame, fixed: Mapping[str, float]) -> pd.DataFrame:
    """Return the rows with the fixed levels; a factor without a column keeps all rows."""
    return points[_on_line({name: points[name].to_numpy() for name in fixed if name in points}, len(points), fixed)]


def _on_line(
    columns: Mapping[str, NDArray[np.float64]], n_points: int, fixed: Mapping[str, float]
) -> NDArray[np.bool_]:
    inside = np.ones(n_points, dtype=bool)
    for name, value in fixed.items():
        if name in columns:
            inside &= columns[name] == value
    return inside


def lines_along(factor: str, factors: Sequence[str], points: Mapping[str, pd.DataFrame]) -> list[Line]:
    """Return the lines along a factor: most levels first, then most subjects, then the widest.

    Parameters
    ----------
    points : by subject, one row for each point, with a column for each factor it depends on. Placebos are left out.
    """
    tables = {name: rows for name, rows in points.items() if factor in rows and not name.endswith(PLACEBO_SUFFIX)}
    candidates: dict[Point, None] = {}
    for rows in tables.values():
        others = [name for name in factors if name != factor and name in rows]
        levels_of = zip(*(rows[name].tolist() for name in others), strict=True) if others else [()]
        candidates |= dict.fromkeys(Point(dict(zip(others, levels, strict=True))) for levels in levels_of)
    most = max((len(fixed) for fixed in candidates), default=0)
    # arrays: selecting rows of a frame a thousand times takes seconds, above all with `attrs`, which pandas copies
    arrays = {name: {each: rows[each].to_numpy() for each in factors if each in rows} for name, rows in tables.items()}
    found = []
    for fixed in candidates:
        levels = {
            name: np.unique(columns[factor][_on_line(columns, len(columns[factor]), fixed)])
            for name, columns in arrays.items()
        }
        levels = {name: seen[seen > 0] for name, seen in levels.items() if (seen > 0).sum() >= LEAST_LEVELS}
        if levels and len(fixed) == most:  # with fewer levels fixed, subjects that depend on more would be mixed up
            union = sorted({float(level) for seen in levels.values() for level in seen})
            found.append(Line(factor=factor, fixed=fixed, levels=tuple(union), subjects=tuple(levels)))
    return sorted(found, key=lambda line: (-len(line.levels), -len(line.subjects), line.levels[0] / line.levels[-1]))
