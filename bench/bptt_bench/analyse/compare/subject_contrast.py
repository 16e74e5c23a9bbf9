"""Two runs of one subject side by side: the terms of its law, which of them are distinguishable, and its times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from bptt_bench.analyse.data.response import is_exact
from bptt_bench.analyse.data.samples import Samples, check_design, gather
from bptt_bench.analyse.data.visit_tables import (
    Visits,
    common_rows,
    interleaved_tables,
    mean_table,
    select_rows,
    undisturbed_tables,
)
from bptt_bench.analyse.evidence.evidence import BLOCK, UnjudgedError, fitted_samples, rows_of, without_records
from bptt_bench.analyse.evidence.strata import stratify
from bptt_bench.analyse.findings.obstacles import NoRows, NoSharedVisits, UnexplainedDifference
from bptt_bench.analyse.findings.reason import Kind, Reason
from bptt_bench.analyse.fitting.diagnose import smallest_share
from bptt_bench.analyse.fitting.hosts import remove_host_effects
from bptt_bench.analyse.fitting.overhead import parse_overhead, select_overhead
from bptt_bench.analyse.stats.arrays import Array, Index
from bptt_bench.analyse.stats.collinearity import TermGroups, group_terms
from bptt_bench.analyse.stats.contrast import ProcessTable, contrast
from bptt_bench.analyse.stats.estimate import solve
from bptt_bench.analyse.verdicts.verdict import no_data
from bptt_bench.errors import FitError
from bptt_bench.plan import CostLaw, Experiment

if TYPE_CHECKING:
    import pandas as pd

HOSTS_CONFIDENCE = 0.95  # of the speeds of several hosts, which are taken out and not shown here
COLUMN = "table column"
Tables: TypeAlias = tuple[ProcessTable, ProcessTable]  # of the first run and of the second


class Columns(NamedTuple):
    """The column of a table that each row of a frame belongs to (n_rows,), and how many columns there are."""

    column: Index
    total: int


class SubjectContrast(NamedTuple):
    """A subject's response in both runs.

    ``tables`` of all visits, and ``undisturbed`` ones of those that met nothing, ``None`` of what has no noise.
    """

    subject: str
    response: str
    terms: tuple[str, ...]
    term_groups: TermGroups
    tables: Tables
    undisturbed: Tables | None


def prepared(frame: pd.DataFrame, experiment: Experiment) -> tuple[pd.DataFrame, Experiment]:
    """Return a run with its categories taken apart, and without what no fit sees.

    Raises
    ------
    FitError : it has no subjects.
    """
    if "subject" not in frame.columns:
        raise FitError(f"column 'subject': missing; the columns are {', '.join(map(str, frame.columns))}")
    frame, experiment, _ = stratify(frame, experiment, ())
    return fitted_samples(without_records(frame)), experiment


def columns_of(frame: pd.DataFrame, lockstep: Sequence[int] | None) -> Columns:
    """Return the tables' columns: measuring processes, or their turns."""
    if lockstep is not None:
        blocks = frame[BLOCK].fillna(0).to_numpy(dtype=np.float64)
        turn = np.searchsorted(np.asarray(lockstep), blocks, side="right") - 1
        return Columns(np.maximum(turn, 0), len(lockstep))
    if "process" not in frame.columns:
        return Columns(np.zeros(len(frame), dtype=np.intp), 1)
    found, index = np.unique(frame["process"].to_numpy(), return_inverse=True)
    return Columns(index.reshape(-1), len(found))


def contrast_subject(
    subject: str,
    response: str,
    law: CostLaw | None,
    overhead: tuple[str, ...] | None,
    sides: Sequence[tuple[pd.DataFrame, Experiment]],
    columns: Sequence[Columns],
    *,
    paired: bool,
) -> SubjectContrast:
    """Return a subject's response in both runs, at the points that both have.

    Raises
    ------
    FitError : a run has nothing of it, they share no point, or no unit costs could explain how they differ.
    """
    first, second = (
        _visits(*side, column, subject, response, in_blocks=paired) for side, column in zip(sides, columns, strict=True)
    )
    ours, theirs = _common(first.samples, second.samples)
    tables, undisturbed = _tables(first, second, ours, theirs, paired=paired, exact=is_exact(response))
    both = common_rows(*tables)
    if not len(both):
        raise UnjudgedError(subject, no_data(NoSharedVisits(subject=subject)))
    levels = {name: level[ours][both] for name, level in first.samples.levels.items()}
    tables, undisturbed = _at(tables, both, both), undisturbed and _at(undisturbed, both, both)
    middle = (np.nanmedian(tables[0].values, axis=1) + np.nanmedian(tables[1].values, axis=1)) / 2
    terms, shares = _shares(law, overhead, levels, middle)
    found = group_terms(shares, smallest_share(response))
    if not np.isfinite(contrast(*tables, found.shares, paired=paired and not is_exact(response)).gain).all():
        unexplained = UnexplainedDifference(subject=subject, n_points=len(middle))
        raise UnjudgedError(subject, Reason(kind=Kind.IMPRECISE, finding=unexplained))
    return SubjectContrast(subject, response, terms, found, tables, undisturbed)


def _visits(
    frame: pd.DataFrame, experiment: Experiment, columns: Columns, subject: str, response: str, *, in_blocks: bool
) -> Visits:
    rows = rows_of(frame.assign(**{COLUMN: columns.column}), subject, response)
    if not len(rows):
        raise UnjudgedError(subject, no_data(NoRows(subject=subject, response=response)))
    names = [factor.name for factor in experiment.factors]
    found = gather(rows.drop(columns=COLUMN), names, response=response, what=f"experiment {experiment.name!r}")
    if not is_exact(response):
        found, _ = remove_host_effects(found, HOSTS_CONFIDENCE)
    assert found.rows is not None
    block = rows[BLOCK].fillna(0).to_numpy(dtype=np.intp)[found.rows] if in_blocks else None
    return Visits(found, rows[COLUMN].to_numpy()[found.rows], columns.total, block=block)


def _tables(
    first: Visits, second: Visits, ours: Index, theirs: Index, *, paired: bool, exact: bool
) -> tuple[Tables, Tables | None]:
    """Return tables of all visits, and of undisturbed ones where there is noise, at the points given by number."""
    if exact:
        return _at((mean_table(first), mean_table(second)), ours, theirs), None
    if paired:
        same = np.full(second.samples.n_points, -1, dtype=np.intp)
        same[theirs] = ours
        calm = undisturbed_tables(first, second)
        return _at(interleaved_tables(first, second, same), ours, ours), _at((calm[0], calm[1]), ours, theirs)
    calm = [*undisturbed_tables(first), *undisturbed_tables(second)]
    return _at((mean_table(first), mean_table(second)), ours, theirs), _at((calm[0], calm[1]), ours, theirs)


def _at(tables: Tables, ours: Index, theirs: Index) -> Tables:
    return select_rows(tables[0], ours), select_rows(tables[1], theirs)


def _common(first: Samples, second: Samples) -> tuple[Index, Index]:
    """Return the points that both have, by their numbers in each."""
    keys = [list(zip(*(one.levels[name].tolist() for name in first.levels), strict=True)) for one in (first, second)]
    where = {key: i for i, key in enumerate(keys[1])}
    rows = [(i, where[key]) for i, key in enumerate(keys[0]) if key in where]
    if not rows:
        raise UnjudgedError("points", no_data(NoSharedVisits()))
    ours, theirs = (np.array(each, dtype=np.intp) for each in zip(*rows, strict=True))
    return ours, theirs


def _shares(
    law: CostLaw | None, overhead: tuple[str, ...] | None, levels: dict[str, Array], middle: Array
) -> tuple[tuple[str, ...], Array]:
    """Return the terms of a law and their shares at the points; one term without a law, or with too few points."""
    everything = (("everything",), np.ones((len(middle), 1)))
    if law is None:
        return everything
    extra = select_overhead(law, levels, middle, robust=True) if overhead is None else parse_overhead(overhead, law)
    full = law.plus(*extra)
    if len(middle) <= len(law.terms):
        return everything
    with np.errstate(all="ignore"):
        columns = full.columns(dict(levels))
    used = np.asarray(columns.any(axis=0))
    terms = tuple(str(term) for term, kept in zip(full.terms, used, strict=True) if kept)
    design = check_design(columns[:, used], terms, levels)
    solution = solve(design, middle, robust=True)
    return terms, solution.jacobian * solution.coefficients
