"""Tables of log responses by point and measuring process, for two samples of the same subject.

There are two kinds of tables. One uses all visits, outliers winsorised; interleaved samples use paired differences. The
other uses undisturbed visits alone. Where a machine drifts, the second kind takes the drift for disturbances and is too
confident; where half of the visits are disturbed in one sample alone, the first kind is imprecise. Two runs are
compared by the first, unless the second is far more precise (``bptt_bench.analyse.stats.contrast``). Hosts are compared
by the second, because their visits were never next to each other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.data.samples import Samples
from bptt_bench.analyse.stats.arrays import MAD, Array, Flags, Index
from bptt_bench.analyse.stats.contrast import ProcessTable
from bptt_bench.analyse.stats.location import locate

LEAST_VISITS = 0.5  # undisturbed ones, by their probabilities; with fewer a value is missing
WINSORISE_BEYOND = 2.5 * MAD  # median absolute deviations: 2.5 standard deviations of a normal law


def process_indices(samples: Samples) -> Index:
    """Return the measuring process of each sample; if unknown its block, or else the number of its visit."""
    if samples.process is not None:
        return samples.process
    if samples.block is not None:
        return samples.block
    start = np.concatenate([[0], np.cumsum(np.bincount(samples.point))])[samples.point]
    return np.asarray(np.arange(len(samples.point)) - start)


class Visits(NamedTuple):
    """Samples with the column of each in a table, the number of columns, and which samples are used.

    ``block``: of each sample, by which the visits of interleaved samples are paired.
    """

    samples: Samples
    column: Index
    columns: int
    keep: Flags | None = None
    block: Index | None = None

    @property
    def rows(self) -> Index:
        """Indices of the samples that are used."""
        return np.arange(len(self.column)) if self.keep is None else np.flatnonzero(self.keep)

    @property
    def shape(self) -> tuple[int, int]:
        """Points and columns of the table."""
        return self.samples.n_points, self.columns


def mean_table(visits: Visits) -> ProcessTable:
    """Return the means of all visits, outliers winsorised, by point and process."""
    rows = visits.rows
    point = visits.samples.point[rows]
    return _cell_means(_winsorise(visits.samples.log_seconds[rows], point), point, visits.column[rows], visits.shape)


def interleaved_tables(first: Visits, second: Visits, same: Index) -> tuple[ProcessTable, ProcessTable]:
    """Return tables of two interleaved samples, whose difference is that of consecutive visits.

    A drift or a slow period that both visits of a pair meet cancels. Rows are points of the first sample; ``same``
    (n_points of the second,) has their numbers, -1 for points that the first lacks.
    """
    assert first.block is not None
    assert second.block is not None
    blocks = int(max(first.block.max(initial=0), second.block.max(initial=0))) + 1
    own, other = (first.samples.point, same[second.samples.point])
    common = np.flatnonzero(other >= 0)
    keys = own * blocks + first.block, other[common] * blocks + second.block[common]
    _, of_first, of_second = np.intersect1d(*keys, return_indices=True)
    point = own[of_first]
    change = second.samples.log_seconds[common[of_second]] - first.samples.log_seconds[of_first]
    table = _cell_means(_winsorise(change, point), point, first.column[of_first], first.shape)
    level = mean_table(first._replace(column=np.zeros_like(first.column), columns=1)).values
    before = ProcessTable(np.where(table.visits > 0, level, np.nan), table.visits)
    return before, table._replace(values=level + table.values)


def _cell_means(values: Array, point: Index, column: Index, shape: tuple[int, int]) -> ProcessTable:
    cell = point * shape[1] + column
    visits = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    total = np.bincount(cell, values, shape[0] * shape[1]).reshape(shape)
    return ProcessTable(np.where(visits > 0, total / np.maximum(visits, 1.0), np.nan), visits)


def _winsorise(values: Array, point: Index) -> Array:
    """Return values with the outliers of each point moved to the bound."""
    winsorised = values.copy()
    order = np.argsort(point, kind="stable")
    for mine in np.split(order, np.flatnonzero(np.diff(point[order])) + 1):
        middle = np.median(values[mine]) if len(mine) else 0.0
        bound = WINSORISE_BEYOND * np.median(np.abs(values[mine] - middle)) if len(mine) else 0.0
        winsorised[mine] = np.clip(values[mine], middle - bound, middle + bound)
    return winsorised


def undisturbed_tables(*parts: Visits) -> list[ProcessTable]:
    """Return tables of the locations of undisturbed visits, by point and process; ``nan`` where there are none.

    All visits to a point together show which are undisturbed (``bptt_bench.analyse.stats.location``), because often
    none of the two or three of one process is. Parts that are given together are assumed to have the same disturbances.
    """
    rows = [part.rows for part in parts]
    first = np.concatenate([[0], np.cumsum([part.samples.n_points for part in parts])])
    logs = np.concatenate([part.samples.log_seconds[kept] for part, kept in zip(parts, rows, strict=True)])
    if not len(logs):
        return [ProcessTable(np.full(part.shape, np.nan), np.zeros(part.shape)) for part in parts]
    members = zip(parts, rows, first, strict=False)
    points, point = np.unique(
        np.concatenate([start + part.samples.point[kept] for part, kept, start in members]), return_inverse=True
    )
    times = [part.samples.when for part in parts]
    known = [when[kept] for when, kept in zip(times, rows, strict=True) if when is not None]
    located = locate(logs, point.reshape(-1), when=np.concatenate(known) if len(known) == len(parts) else None)
    locations = np.zeros(int(first[-1]))
    locations[points] = located.log_seconds
    ends = np.cumsum([len(kept) for kept in rows])[:-1]
    core, residual = np.split(located.core, ends), np.split(located.residual, ends)
    return [
        _weighted_table(part, kept, locations[first[i] : first[i + 1]], core[i], residual[i])
        for i, (part, kept) in enumerate(zip(parts, rows, strict=True))
    ]


def _weighted_table(part: Visits, rows: Index, locations: Array, core: Array, residual: Array) -> ProcessTable:
    """Return a table of the locations of points plus the mean residuals of visits, weighted by ``core``."""
    cell, n_cells = part.samples.point[rows] * part.columns + part.column[rows], part.shape[0] * part.shape[1]
    visits = np.bincount(cell, core, n_cells).reshape(part.shape)
    away = np.bincount(cell, core * residual, n_cells).reshape(part.shape)
    seen = visits >= LEAST_VISITS
    values = np.where(seen, locations[:, None] + away / np.maximum(visits, LEAST_VISITS), np.nan)
    return ProcessTable(values, np.where(seen, visits, 0.0))


def common_rows(first: ProcessTable, second: ProcessTable) -> Index:
    """Return the rows in which both tables have values."""
    return np.flatnonzero(np.isfinite(first.values).any(axis=1) & np.isfinite(second.values).any(axis=1))


def select_rows(table: ProcessTable, rows: Index) -> ProcessTable:
    """Return some rows of a table."""
    return ProcessTable(table.values[rows], table.visits[rows])
