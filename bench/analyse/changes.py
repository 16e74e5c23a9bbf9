"""Two runs of one experiment: the price of every term of every subject, second over first.

All subjects and responses are tested together, with Holm's correction over all their coefficients. Runs that were not
measured in lockstep may have met the machine at two speeds: what most terms have in common is then taken for its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bench.analyse.apart import Apart, apart
from bench.analyse.compared import Change, Comparison, Untold, Word
from bench.analyse.contrast import Contrast, Estimate, Table, contrast
from bench.analyse.diagnose import smallest_share
from bench.analyse.estimate import Interval, solve
from bench.analyse.evidence import BLOCK, WHOLE, fitted_samples, laws_of, rows_of, without_records
from bench.analyse.holm import Test, holm
from bench.analyse.hosts import taken_out
from bench.analyse.location import Array, Index
from bench.analyse.overhead import parse_overhead, select_overhead
from bench.analyse.response import is_exact
from bench.analyse.samples import FitError, Samples, design_matrix, gather
from bench.analyse.sides import Visits, at_rows, in_both, tables_of, transposed
from bench.analyse.strata import stratified
from bench.plan import CostLaw, Experiment

if TYPE_CHECKING:
    import pandas as pd

# A machine in another mood is the first thing to think of when all terms changed alike; that it has not changed at all
# is the second, and wins where terms are split evenly.
VOTE_FOR_NO_CHANGE = 0.9
ALONE = "the speed of the machine at another time would do the same; measured in lockstep (--baseline) it could be told"
# In simulations of a run against its like, 13 to 20 % raised an alarm with one process, and hardly any with two.
FEWEST_PROCESSES = 2
ONE_PROCESS = "one process alone does not show by how much processes differ"
HOSTS_CONFIDENCE = 0.95  # of the speeds of several hosts, which are taken out and not shown here
COLUMN = "column of the table"
TOLERANCE = 0.02  # a fresh process is a percent or two faster or slower than another


class Columns(NamedTuple):
    """The column of a table that each row of a frame belongs to (n_rows,), and how many columns there are."""

    column: Index
    total: int


class Part(NamedTuple):
    """A subject's response on both sides: its terms, how they can be told apart, and its tables."""

    subject: str
    response: str
    terms: tuple[str, ...]
    apart: Apart
    first: Table
    second: Table


class Stacked(NamedTuple):
    """Some parts contrasted together, since their processes are the same: where each one's groups begin."""

    parts: tuple[Part, ...]
    found: Contrast

    def groups(self) -> Iterator[tuple[Part, int, int]]:
        """Every group of terms: its part, its number there, and its column among all."""
        column = 0
        for part in self.parts:
            for j in range(len(part.apart.groups)):
                yield part, j, column
                column += 1


def changes(
    first: pd.DataFrame,
    second: pd.DataFrame,
    experiment: Experiment,
    *,
    names: tuple[str, str] = ("first", "second"),
    lockstep: Sequence[int] | None = None,
    tolerance: float = TOLERANCE,
    confidence: float = 0.95,
) -> Comparison:
    """Compare two runs; claims are left to others.

    Parameters
    ----------
    lockstep : if the runs were measured in turns, the number of the first block of each turn.
    tolerance : a price within a factor of 1 ± this counts as the same.

    Raises
    ------
    FitError : a run has no subjects, or nothing that both runs measured.
    """
    sides = [_prepared(frame, experiment) for frame in (first, second)]
    columns = [_columns(frame, lockstep) for frame, _ in sides]
    parts: list[Part] = []
    untold: list[Untold] = []
    for subject in sides[1][1].subjects:
        laws = {response: (law, overhead) for response, law, overhead in laws_of(subject)}
        for response in (WHOLE, *(name for name in laws if is_exact(name))):
            law, overhead = laws.get(response, (None, None))
            try:
                part = _part(subject.name, response, law, overhead, sides, columns, paired=lockstep is not None)
            except FitError as error:
                untold.append(Untold(subject=subject.name, response=response, terms=(), reason=str(error)))
                continue
            parts.append(part)
            untold += _untold(part)
    if not parts:
        raise FitError(f"{names[0]} and {names[1]}: nothing was measured in both: {untold[0].reason}")
    stacks = [
        _stacked(
            [part for part in parts if is_exact(part.response) == exact], paired=lockstep is not None and not exact
        )
        for exact in (False, True)
        if any(is_exact(part.response) == exact for part in parts)
    ]
    return _compared(stacks, untold, names, lockstep is not None, tolerance, confidence)


def _prepared(frame: pd.DataFrame, experiment: Experiment) -> tuple[pd.DataFrame, Experiment]:
    if "subject" not in frame.columns:
        raise FitError(f"column 'subject': missing; the columns are {', '.join(map(str, frame.columns))}")
    frame, experiment, _ = stratified(frame, experiment, ())
    return fitted_samples(without_records(frame)), experiment


def _columns(frame: pd.DataFrame, lockstep: Sequence[int] | None) -> Columns:
    """The table's columns: measuring processes, or their turns."""
    if lockstep is not None:
        blocks = frame[BLOCK].fillna(0).to_numpy(dtype=np.float64)
        turn = np.searchsorted(np.asarray(lockstep), blocks, side="right") - 1
        return Columns(np.maximum(turn, 0), len(lockstep))
    if "process" not in frame.columns:
        return Columns(np.zeros(len(frame), dtype=np.intp), 1)
    found, index = np.unique(frame["process"].to_numpy(), return_inverse=True)
    return Columns(index.reshape(-1), len(found))


def _part(
    subject: str,
    response: str,
    law: CostLaw | None,
    overhead: tuple[str, ...] | None,
    sides: Sequence[tuple[pd.DataFrame, Experiment]],
    columns: Sequence[Columns],
    *,
    paired: bool,
) -> Part:
    visits: list[Visits] = []
    for (frame, experiment), (column, count) in zip(sides, columns, strict=True):
        rows = rows_of(frame.assign(**{COLUMN: column}), subject, response)
        if not len(rows):
            raise FitError(f"no data: {subject} has no rows with {response}")
        names = [factor.name for factor in experiment.factors]
        found = gather(rows.drop(columns=COLUMN), names, response=response, what=f"experiment {experiment.name!r}")
        if not is_exact(response):
            found, _ = taken_out(found, HOSTS_CONFIDENCE)
        assert found.rows is not None
        visits.append(Visits(found, rows[COLUMN].to_numpy()[found.rows], count))
    tables = tables_of(*visits) if paired else [tables_of(one)[0] for one in visits]
    levels, first, second = _aligned([one.samples for one in visits], tables)
    if not len(first.values) or (paired and not in_both(transposed(first), transposed(second)).size):
        raise FitError(f"too noisy: hardly a sample of {subject} is undisturbed, at no point in both runs")
    middle = (np.nanmedian(first.values, axis=1) + np.nanmedian(second.values, axis=1)) / 2
    terms, shares = _shares(law, overhead, levels, middle)
    part = Part(subject, response, terms, apart(shares, smallest_share(response)), first, second)
    if not np.isfinite(contrast(first, second, part.apart.shares, paired=paired).gain).all():
        raise FitError(f"too noisy: no prices explain how the times of {subject} differ at {len(middle)} points")
    return part


def _aligned(samples: Sequence[Samples], tables: Sequence[Table]) -> tuple[dict[str, Array], Table, Table]:
    """Both tables over the points that both have."""
    keys = [list(zip(*(one.levels[name].tolist() for name in samples[0].levels), strict=True)) for one in samples]
    where = {key: i for i, key in enumerate(keys[1])}
    rows = [(i, where[key]) for i, key in enumerate(keys[0]) if key in where]
    if not rows:
        raise FitError("no data: the runs have no point in common")
    ours, theirs = (np.array(each, dtype=np.intp) for each in zip(*rows, strict=True))
    first, second = at_rows(tables[0], ours), at_rows(tables[1], theirs)
    both = in_both(first, second)
    levels = {name: level[ours][both] for name, level in samples[0].levels.items()}
    return levels, at_rows(first, both), at_rows(second, both)


def _shares(
    law: CostLaw | None, overhead: tuple[str, ...] | None, levels: dict[str, Array], middle: Array
) -> tuple[tuple[str, ...], Array]:
    """The terms of a law and their shares at the points; of a subject without a law, or with too few points, one."""
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
    design = design_matrix(columns[:, used], terms, levels)
    solution = solve(design, middle, robust=True)
    return terms, solution.jacobian * solution.coefficients


def _untold(part: Part) -> Iterator[Untold]:
    if part.apart.untold:
        least = smallest_share(part.response)
        terms = tuple(part.terms[j] for j in part.apart.untold)
        reason = f"less than {least:.0%} at every point, all of them together"
        yield Untold(subject=part.subject, response=part.response, terms=terms, reason=reason)


def _stacked(parts: Sequence[Part], *, paired: bool) -> Stacked:
    """All parts in one contrast: rows below rows, groups beside groups."""
    rows = [len(part.first.values) for part in parts]
    shares = np.zeros((sum(rows), sum(len(part.apart.groups) for part in parts)))
    row = column = 0
    sides = [(part.first, part.second) for part in parts]
    for part in parts:
        n, m = part.apart.shares.shape
        shares[row : row + n, column : column + m] = part.apart.shares
        row, column = row + n, column + m
    first, second = (Table(*map(np.vstack, zip(*tables, strict=True))) for tables in zip(*sides, strict=True))
    return Stacked(tuple(parts), contrast(first, second, shares, paired=paired))


class Tested(NamedTuple):
    """A group of terms with its estimate; ``None`` where nothing is left to be tested. ``doubt``: why none is told."""

    part: Part
    group: int
    estimate: Estimate | None
    doubt: str


def _compared(
    stacks: Sequence[Stacked],
    untold: Sequence[Untold],
    names: tuple[str, str],
    paired: bool,
    tolerance: float,
    confidence: float,
) -> Comparison:
    groups: list[Tested] = []
    everything: Interval | None = None
    for parts, found in stacks:
        m = len(found.log_ratios)
        is_timed = not is_exact(parts[0].response)
        centre = np.zeros(m)
        if is_timed:
            centre = found.centre(held=VOTE_FOR_NO_CHANGE)
            everything = found.estimate(centre).interval(confidence)
        beside = centre if is_timed and not paired else np.zeros(m)
        doubt = ONE_PROCESS if is_timed and found.n_processes < FEWEST_PROCESSES else ""
        for part, j, column in Stacked(parts, found).groups():
            weights = np.eye(m)[column] - beside
            groups.append(Tested(part, j, found.estimate(weights) if weights.any() else None, doubt))
    tests = iter(
        holm([one.estimate for one in groups if one.estimate is not None], tolerance=tolerance, confidence=confidence)
    )
    return Comparison(
        names=names,
        paired=paired,
        tolerance=tolerance,
        confidence=confidence,
        changes=tuple(_change(one, next(tests) if one.estimate else None, tolerance) for one in groups),
        untold=tuple(untold),
        everything=everything,
        n_processes=stacks[0].found.n_processes,
    )


def _change(one: Tested, test: Test | None, tolerance: float) -> Change:
    members = one.part.apart.groups[one.group]
    verdict, reason = _verdict(test, tolerance, one.doubt)
    return Change(
        subject=one.part.subject,
        response=one.part.response,
        terms=tuple(one.part.terms[j] for j in members),
        ratio=Interval(1.0, 0.0, float("inf")) if test is None else test.interval,
        p_value=None if test is None else test.p_value,
        share=float(one.part.apart.shares[:, one.group].max()),
        verdict=verdict,
        reason=reason,
    )


def _verdict(test: Test | None, tolerance: float, doubt: str) -> tuple[Word, str]:
    if test is None or doubt:
        return "cannot be told", doubt or ALONE
    estimate, low, high = test.interval
    if test.rejected:
        return ("dearer", "") if estimate > 1 else ("cheaper", "")
    if 1 / (1 + tolerance) <= low and high <= 1 + tolerance:
        return "same", ""
    return "cannot be told", f"may be {low:.3g} to {high:.3g} times as dear"


__all__ = ["ONE_PROCESS", "TOLERANCE", "changes"]
