"""From samples to tables of log responses by point and measuring process, for two sides of the same subject."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from bench.analyse.contrast import Table
from bench.analyse.location import Array, Index, locate
from bench.analyse.samples import Samples

Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

LEAST_VISITS = 0.5  # undisturbed ones, by their probabilities; with fewer a value is a guess


def processes_of(samples: Samples) -> Index:
    """The measuring process of each sample; where none is known its block, and else how often its point was visited."""
    if samples.process is not None:
        return samples.process
    if samples.block is not None:
        return samples.block
    start = np.concatenate([[0], np.cumsum(np.bincount(samples.point))])[samples.point]
    return np.asarray(np.arange(len(samples.point)) - start)


class Visits(NamedTuple):
    """Samples of a side that count, the column of each in the side's table, and how many columns that has."""

    samples: Samples
    column: Index
    columns: int
    keep: Flags | None = None


def tables_of(*sides: Visits) -> list[Table]:
    """A table for each side: one row for each point of its samples, one column for each process, where its visits lie.

    Which visits were undisturbed is told from all visits to a point at once (``bench.analyse.location``): of the two or
    three of one process on a machine of two speeds often none is. Sides that are given together are taken to be
    disturbed in the same way. Where a process was not, or nothing undisturbed was seen of it, stands ``nan``.
    """
    rows = [np.arange(len(one.column)) if one.keep is None else np.flatnonzero(one.keep) for one in sides]
    first = np.concatenate([[0], np.cumsum([one.samples.n_points for one in sides])])
    logs = np.concatenate([one.samples.log_seconds[kept] for one, kept in zip(sides, rows, strict=True)])
    if not len(logs):
        shapes = [(one.samples.n_points, one.columns) for one in sides]
        return [Table(np.full(shape, np.nan), np.zeros(shape)) for shape in shapes]
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


def _table(side: Visits, rows: Index, places: Array, core: Array, residual: Array) -> Table:
    """A side's table from where its points lie, and how far its visits are from there."""
    shape = (side.samples.n_points, side.columns)
    cell = side.samples.point[rows] * side.columns + side.column[rows]
    visits = np.bincount(cell, core, shape[0] * shape[1]).reshape(shape)
    away = np.bincount(cell, core * residual, shape[0] * shape[1]).reshape(shape)
    seen = visits >= LEAST_VISITS
    values = np.where(seen, places[:, None] + away / np.maximum(visits, LEAST_VISITS), np.nan)
    return Table(values, np.where(seen, visits, 0.0))


def in_both(first: Table, second: Table) -> Index:
    """Rows that both tables have."""
    return np.flatnonzero(np.isfinite(first.values).any(axis=1) & np.isfinite(second.values).any(axis=1))


def at_rows(table: Table, rows: Index) -> Table:
    """Some rows of a table."""
    return Table(table.values[rows], table.visits[rows])


def transposed(table: Table) -> Table:
    """Processes as rows."""
    return Table(table.values.T, table.visits.T)
