"""From samples to tables of log responses by point and measuring process, for two sides of the same subject.

There are two ways to look at samples: all visits, far ones drawn in and, in turns, each less its neighbour; or only
those that met no disturbance. Where a machine drifts, the second finds disturbances in what is none and trusts what is
left too much; where half of the visits meet something else on the other side, the first says next to nothing. So the
first is taken of two runs unless the second is far more
precise (``bptt_bench.analyse.stats.contrast.is_much_more_precise``), and
the second of several hosts, whose speeds are read off visits that were never next to each other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.data.samples import Samples
from bptt_bench.analyse.stats.arrays import Array, Flags, Index
from bptt_bench.analyse.stats.contrast import ProcessTable
from bptt_bench.analyse.stats.location import locate

LEAST_VISITS = 0.5  # undisturbed ones, by their probabilities; with fewer a value is a guess
FAR = 2.5 * 1.4826  # median absolute deviations, 2.5 standard deviations of a normal law: further visits are drawn in


def processes_of(samples: Samples) -> Index:
    """The measuring process of each sample; where none is known its block, and else how often its point was visited."""
    if samples.process is not None:
        return samples.process
    if samples.block is not None:
        return samples.block
    start = np.concatenate([[0], np.cumsum(np.bincount(samples.point))])[samples.point]
    return np.asarray(np.arange(len(samples.point)) - start)


class Visits(NamedTuple):
    """Samples of a side that count, the column of each in the side's table, and how many columns that has.

    ``block``: of each sample, by which those of sides that were measured in turns belong together.
    """

    samples: Samples
    column: Index
    columns: int
    keep: Flags | None = None
    block: Index | None = None

    @property
    def rows(self) -> Index:
        """The samples that count."""
        return np.arange(len(self.column)) if self.keep is None else np.flatnonzero(self.keep)


def mean_table(one: Visits) -> ProcessTable:
    """A side's table of the means of all visits, far ones drawn in: one row for each point, one column a process."""
    point, rows = one.samples.point[one.rows], one.rows
    return _means(_drawn_in(one.samples.log_seconds[rows], point), point, one.column[rows], _shape(one))


def interleaved_tables(first: Visits, second: Visits, same: Index) -> tuple[ProcessTable, ProcessTable]:
    """Tables of two sides that were measured in turns, whose difference is that of visits next to each other.

    What both visits of a pair met, a drift or a spell, is in neither. Rows are points of the first side; ``same``
    (n_points of the second,) has their numbers, -1 for what the first side does not have.
    """
    assert first.block is not None
    assert second.block is not None
    blocks = int(max(first.block.max(initial=0), second.block.max(initial=0))) + 1
    own, other = (first.samples.point, same[second.samples.point])
    theirs = np.flatnonzero(other >= 0)
    keys = own * blocks + first.block, other[theirs] * blocks + second.block[theirs]
    _, ours, found = np.intersect1d(*keys, return_indices=True)
    point = own[ours]
    change = second.samples.log_seconds[theirs[found]] - first.samples.log_seconds[ours]
    table = _means(_drawn_in(change, point), point, first.column[ours], _shape(first))
    level = mean_table(first._replace(column=np.zeros_like(first.column), columns=1)).values
    return ProcessTable(np.where(table.visits > 0, level, np.nan), table.visits), table._replace(
        values=level + table.values
    )


def _shape(side: Visits) -> tuple[int, int]:
    return side.samples.n_points, side.columns


def _means(values: Array, point: Index, column: Index, shape: tuple[int, int]) -> ProcessTable:
    cell = point * shape[1] + column
    visits = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    total = np.bincount(cell, values, shape[0] * shape[1]).reshape(shape)
    return ProcessTable(np.where(visits > 0, total / np.maximum(visits, 1.0), np.nan), visits)


def _drawn_in(values: Array, point: Index) -> Array:
    """Values with those that lie far from the others of their point drawn in to where these end."""
    drawn = values.copy()
    order = np.argsort(point, kind="stable")
    for mine in np.split(order, np.flatnonzero(np.diff(point[order])) + 1):
        middle = np.median(values[mine]) if len(mine) else 0.0
        reach = FAR * np.median(np.abs(values[mine] - middle)) if len(mine) else 0.0
        drawn[mine] = np.clip(values[mine], middle - reach, middle + reach)
    return drawn


def undisturbed_tables(*sides: Visits) -> list[ProcessTable]:
    """A table for each side, of undisturbed visits alone: one row a point, one column a process, where its visits lie.

    Which visits were undisturbed is told from all visits to a point at once (``bptt_bench.analyse.stats.location``): of
    the two or three of one process on a machine of two speeds often none is. Sides that are given together are taken to
    be disturbed in the same way. Where a process was not, or nothing undisturbed was seen of it, stands ``nan``.
    """
    rows = [one.rows for one in sides]
    first = np.concatenate([[0], np.cumsum([one.samples.n_points for one in sides])])
    logs = np.concatenate([one.samples.log_seconds[kept] for one, kept in zip(sides, rows, strict=True)])
    if not len(logs):
        shapes = [(one.samples.n_points, one.columns) for one in sides]
        return [ProcessTable(np.full(shape, np.nan), np.zeros(shape)) for shape in shapes]
    parts = zip(sides, rows, first, strict=False)
    points, point = np.unique(
        np.concatenate([start + one.samples.point[kept] for one, kept, start in parts]), return_inverse=True
    )
    times = [one.samples.when for one in sides]
    known = [when[kept] for when, kept in zip(times, rows, strict=True) if when is not None]
    located = locate(logs, point.reshape(-1), when=np.concatenate(known) if len(known) == len(sides) else None)
    places = np.zeros(int(first[-1]))
    places[points] = located.log_seconds
    ends = np.concatenate([[0], np.cumsum([len(kept) for kept in rows])])
    tables = []
    for i, (one, kept) in enumerate(zip(sides, rows, strict=True)):
        mine = slice(int(ends[i]), int(ends[i + 1]))
        own = places[first[i] : first[i + 1]]
        tables.append(_table(one, kept, own, located.core[mine], located.residual[mine]))
    return tables


def _table(side: Visits, rows: Index, places: Array, core: Array, residual: Array) -> ProcessTable:
    """A side's table from where its points lie, and how far its visits are from there."""
    shape = (side.samples.n_points, side.columns)
    cell = side.samples.point[rows] * side.columns + side.column[rows]
    visits = np.bincount(cell, core, shape[0] * shape[1]).reshape(shape)
    away = np.bincount(cell, core * residual, shape[0] * shape[1]).reshape(shape)
    seen = visits >= LEAST_VISITS
    values = np.where(seen, places[:, None] + away / np.maximum(visits, LEAST_VISITS), np.nan)
    return ProcessTable(values, np.where(seen, visits, 0.0))


def common_rows(first: ProcessTable, second: ProcessTable) -> Index:
    """Rows that both tables have."""
    return np.flatnonzero(np.isfinite(first.values).any(axis=1) & np.isfinite(second.values).any(axis=1))


def select_rows(table: ProcessTable, rows: Index) -> ProcessTable:
    """Some rows of a table."""
    return ProcessTable(table.values[rows], table.visits[rows])
