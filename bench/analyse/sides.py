"""From samples to tables of log responses by point and measuring process, for two sides of the same subject."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from bench.analyse.contrast import Table
from bench.analyse.location import Index, locate
from bench.analyse.samples import Samples

Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

# Visits of a process to a point from which the disturbed ones are told within it. Of pairs of single visits a fifth is
# disturbed where a tenth of the visits is, and of five pairs often three: in simulations (six processes a side, 1 %
# noise, a tenth disturbed) standard errors of ratios were 6 % with single visits and 0.5 % with two.
VISITS = 2.0


def processes_of(samples: Samples) -> Index:
    """The measuring process of each sample; where none is known its block, and else how often its point was visited."""
    if samples.process is not None:
        return samples.process
    if samples.block is not None:
        return samples.block
    start = np.concatenate([[0], np.cumsum(np.bincount(samples.point))])[samples.point]
    return np.asarray(np.arange(len(samples.point)) - start)


def table_of(samples: Samples, process: Index, count: int, keep: Flags | None = None) -> Table:
    """One row for each point of the samples, one column for each of ``count`` processes: where its visits lie.

    ``process``: the column of each sample. ``keep``: samples that count (n_samples,).
    """
    rows = np.arange(len(samples.point)) if keep is None else np.flatnonzero(keep)
    values = np.full((samples.n_points, count), np.nan)
    if not len(rows):
        return Table(values, np.arange(count))
    cells = samples.point[rows] * count + process[rows]
    cell, index, visits = np.unique(cells, return_inverse=True, return_counts=True)
    index = index.reshape(-1)
    if np.median(visits) >= VISITS:
        when = None if samples.when is None else samples.when[rows]
        places = locate(samples.log_seconds[rows], index, when=when).log_seconds
    else:
        places = np.bincount(index, samples.log_seconds[rows]) / visits
    values[cell // count, cell % count] = places
    return Table(values, np.arange(count))


def in_both(first: Table, second: Table) -> Index:
    """Rows that both tables have."""
    return np.flatnonzero(np.isfinite(first.values).any(axis=1) & np.isfinite(second.values).any(axis=1))


def at_rows(table: Table, rows: Index) -> Table:
    """Some rows of a table."""
    return table._replace(values=table.values[rows])
