"""Two runs of one experiment: the unit cost of every term of every subject, second over first.

All subjects and responses are tested together, with Holm's correction over all their coefficients. Runs that were not
measured in lockstep may have met the machine at two speeds: what most terms have in common is then taken for its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bptt_bench.analyse.compare.compared import Change, Comparison, NotCompared, Word
from bptt_bench.analyse.compare.subject_contrast import SubjectContrast, Tables, columns_of, contrast_subject, prepared
from bptt_bench.analyse.data.response import is_exact
from bptt_bench.analyse.data.visit_tables import common_rows, select_rows
from bptt_bench.analyse.evidence.evidence import UnjudgedError, laws_of, unusable_reason
from bptt_bench.analyse.findings.obstacles import MinorTerms
from bptt_bench.analyse.findings.reason import Finding
from bptt_bench.analyse.findings.remarks import RatioRange, SingleProcess, UnknownMachineSpeed
from bptt_bench.analyse.fitting.diagnose import smallest_share
from bptt_bench.analyse.stats.contrast import Contrast, Estimate, ProcessTable, contrast, is_much_more_precise
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.stats.holm import RatioTest, holm
from bptt_bench.analyse.verdicts.verdict import not_identifiable
from bptt_bench.errors import FitError
from bptt_bench.plan import Experiment
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL

if TYPE_CHECKING:
    import pandas as pd

# A machine at another speed is the likely cause where all terms changed alike; that it has not changed is the next
# likely, and wins where terms are split evenly.
MOST_OF_MACHINE = 4.0  # times as long as all of a run may take because the machine has become slower
VOTE_FOR_NO_CHANGE = 0.9
# One process alone does not show by how much processes differ: runs raised alarms against their like.
FEWEST_PROCESSES = 2
TOLERANCE = 0.02  # a fresh process is a percent or two faster or slower than another


class Stacked(NamedTuple):
    """Some parts contrasted together, since their processes are the same: where each one's groups begin."""

    parts: tuple[SubjectContrast, ...]
    found: Contrast

    def groups(self) -> Iterator[tuple[SubjectContrast, int, int]]:
        """Yield every group of terms: its part, its number there, and its column among all."""
        column = 0
        for part in self.parts:
            for j in range(len(part.term_groups.groups)):
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
    tolerance : a unit cost within a factor of 1 ± this counts as the same.

    Raises
    ------
    FitError : a run has no subjects, or nothing that both runs measured.
    """
    sides = [prepared(frame, experiment) for frame in (first, second)]
    columns = [columns_of(frame, lockstep) for frame, _ in sides]
    parts: list[SubjectContrast] = []
    not_compared: list[NotCompared] = []
    for subject in sides[1][1].subjects:
        laws = {response: (law, overhead) for response, law, overhead in laws_of(subject)}
        for response in (SECONDS_PER_EVAL, *(name for name in laws if is_exact(name))):
            law, overhead = laws.get(response, (None, None))
            try:
                part = contrast_subject(
                    subject.name, response, law, overhead, sides, columns, paired=lockstep is not None
                )
            except FitError as error:
                reason = error.reason if isinstance(error, UnjudgedError) else unusable_reason(subject.name, error)
                not_compared.append(NotCompared(subject=subject.name, response=response, terms=(), reason=reason))
                continue
            parts.append(part)
            not_compared += _minor_terms(part)
    if not parts:
        raise UnjudgedError(f"{names[0]} and {names[1]}: nothing was measured in both", not_compared[0].reason)
    stacks = [
        _stacked(
            [part for part in parts if is_exact(part.response) == exact], paired=lockstep is not None and not exact
        )
        for exact in (False, True)
        if any(is_exact(part.response) == exact for part in parts)
    ]
    return _compared(stacks, not_compared, names, lockstep is not None, tolerance, confidence)


def _minor_terms(part: SubjectContrast) -> Iterator[NotCompared]:
    if part.term_groups.negligible:
        terms = tuple(part.terms[j] for j in part.term_groups.negligible)
        reason = not_identifiable(MinorTerms(least=smallest_share(part.response)))
        yield NotCompared(subject=part.subject, response=part.response, terms=terms, reason=reason)


def _stacked(parts: Sequence[SubjectContrast], *, paired: bool) -> Stacked:
    """Contrast all parts together, on all visits or, if these were much disturbed, on undisturbed ones."""
    found = _contrast(parts, [part.tables for part in parts], paired=paired)
    calm = [part.undisturbed for part in parts if part.undisturbed is not None]
    if len(calm) == len(parts) and _is_enough(parts, calm, paired=paired):
        less = _contrast(parts, calm, paired=paired)
        found = less if is_much_more_precise(less, found) else found
    return Stacked(tuple(parts), found)


def _contrast(parts: Sequence[SubjectContrast], tables: Sequence[Tables], *, paired: bool) -> Contrast:
    """Contrast rows that both runs have, with the rows of all parts below each other and their groups side by side."""
    shares = np.zeros(
        (sum(len(part.term_groups.shares) for part in parts), sum(len(part.term_groups.groups) for part in parts))
    )
    row = column = 0
    for part in parts:
        n, m = part.term_groups.shares.shape
        shares[row : row + n, column : column + m] = part.term_groups.shares
        row, column = row + n, column + m
    first, second = _together(tables)
    rows = common_rows(first, second)
    return contrast(select_rows(first, rows), select_rows(second, rows), shares[rows], paired=paired)


def _together(tables: Sequence[Tables]) -> Tables:
    first, second = (ProcessTable(*map(np.vstack, zip(*side, strict=True))) for side in zip(*tables, strict=True))
    return first, second


def _is_enough(parts: Sequence[SubjectContrast], tables: Sequence[Tables], *, paired: bool) -> bool:
    """Return whether undisturbed visits suffice for a contrast: points of each part and, in turns, of one turn."""
    if any(len(common_rows(*each)) <= len(part.term_groups.groups) for part, each in zip(parts, tables, strict=True)):
        return False
    first, second = _together(tables)
    return not paired or len(common_rows(first.transposed, second.transposed)) > 0


class Tested(NamedTuple):
    """A group of terms with its estimate; ``None`` where nothing is left to be tested. ``doubt`` prevents a verdict."""

    part: SubjectContrast
    group: int
    estimate: Estimate | None
    doubt: Finding | None


def _compared(
    stacks: Sequence[Stacked],
    not_compared: Sequence[NotCompared],
    names: tuple[str, str],
    paired: bool,
    tolerance: float,
    confidence: float,
) -> Comparison:
    groups: list[Tested] = []
    common: Interval | None = None
    for parts, found in stacks:
        m = len(found.log_ratios)
        is_timed = not is_exact(parts[0].response)
        centre = np.zeros(m)
        if is_timed:
            centre = found.centre(held=VOTE_FOR_NO_CHANGE)
            common = found.estimate(centre).interval(confidence)
        beside = centre if is_timed and not paired else np.zeros(m)
        doubt = SingleProcess() if is_timed and found.n_processes < FEWEST_PROCESSES else None
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
        changes=tuple(
            _change(one, next(tests) if one.estimate else None, tolerance, None if paired else common) for one in groups
        ),
        not_compared=tuple(not_compared),
        common=common,
        n_processes=stacks[0].found.n_processes,
    )


def _change(one: Tested, test: RatioTest | None, tolerance: float, common: Interval | None) -> Change:
    """Return the change of a group of terms; ``common``: the ratio of all times of runs at different times."""
    members = one.part.term_groups.groups[one.group]
    verdict, reason = _verdict(test, tolerance, one.doubt)
    ratio = Interval(1.0, 0.0, float("inf")) if test is None else test.interval
    is_decided = one.doubt is not None or (test is not None and test.rejected) or is_exact(one.part.response)
    word = None if is_decided or common is None else _beyond_any_machine(common)
    if word is not None and common is not None:
        verdict, reason, ratio = word, None, common
    return Change(
        subject=one.part.subject,
        response=one.part.response,
        terms=tuple(one.part.terms[j] for j in members),
        ratio=ratio,
        p_value=None if test is None else test.p_value,
        share=float(one.part.term_groups.shares[:, one.group].max()),
        verdict=verdict,
        reason=reason,
    )


def _beyond_any_machine(common: Interval) -> Word | None:
    """Return how all times have changed, if by more than a machine can have become slower or faster."""
    return "higher" if common.low > MOST_OF_MACHINE else "lower" if common.high < 1 / MOST_OF_MACHINE else None


def _verdict(test: RatioTest | None, tolerance: float, doubt: Finding | None) -> tuple[Word, Finding | None]:
    if test is None or doubt is not None:
        return "undetermined", doubt or UnknownMachineSpeed()
    estimate, low, high = test.interval
    if test.rejected:
        return "higher" if estimate > 1 else "lower", None
    if 1 / (1 + tolerance) <= low and high <= 1 + tolerance:
        return "same", None
    return "undetermined", RatioRange(low=low, high=high)


__all__ = ["TOLERANCE", "changes"]
