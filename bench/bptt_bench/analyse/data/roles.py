"""What the columns of a table are beside the response: factors, categories, and those that are none of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bptt_bench.analyse.data.categories import levels_of, text_columns
from bptt_bench.plan.design.design import OF_POINTS, OF_SAMPLES
from bptt_bench.store.importers.reading.text import list_names

if TYPE_CHECKING:
    import pandas as pd

WHOLE = "seconds_per_eval"
# columns beside factors and response that a store of samples, or another tool's table, may have
RECORDED_HERE = (*OF_SAMPLES, *OF_POINTS)
RECORDED_ELSEWHERE = ("repeat", "replicate", "rep", "sample", "run", "iteration", "round", "seed")
REMARKS = ("note", "comment", "remark", "date", "timestamp")  # of text: not what was measured
STAGES = ("sweep", "adaptive", "memory", "counts", "beyond")
MEANINGS = {"stage": frozenset(STAGES), "timing": frozenset(("whole", "phases", "memory", "counts"))}
RECORDED = frozenset(("repetition", *RECORDED_HERE, *RECORDED_ELSEWHERE, *REMARKS))


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRoles:
    """The columns that points differ by, beside those that a law names.

    Attributes
    ----------
    factors, categories : of numbers; of text, each level of which has a fit of its own.
    notes : what is not used, and what is though no law names it.
    """

    factors: tuple[str, ...]
    categories: tuple[str, ...]
    notes: tuple[str, ...]


def roles(frame: pd.DataFrame, named: Collection[str] = (), measured: Collection[str] = ()) -> ColumnRoles:
    """Find out what the columns are.

    The factors of a run or of another tool's file are known. In a plain table they are what comes back in several rows,
    is no known record, and does not change only together with a factor.

    Parameters
    ----------
    named, measured : columns that a law names; those of responses and blocks.
    """
    known = frame.attrs.get("factors")
    taken = {*named, *measured}
    if known is not None:
        here = [name for name in known if name in frame.columns]
        texts = text_columns(frame, [name for name in here if name not in taken])
        numbers = [name for name in here if name not in texts and frame[name].notna().any()]
        return ColumnRoles(factors=tuple(numbers), categories=tuple(texts), notes=())
    recorded = {name for name in RECORDED if not means_something_else(frame, name)}
    others = [name for name in map(str, frame.columns) if name not in taken and name not in recorded]
    numbers, restating, gaps, rest = [], {}, [], []
    texts = text_columns(frame, others)
    reference = [name for name in named if name in frame.columns]
    for name in others:
        if name in texts or frame[name].dtype.kind not in "iuf" or name.endswith(WHOLE):
            continue
        if frame[name].nunique() > len(frame) / 2:  # a second response differs in nearly every row
            rest.append(name)
        elif not frame[name].notna().all():
            gaps += [name] if frame[name].notna().any() else []
        elif twin := _twin(frame, name, [*reference, *numbers]):
            restating[name] = twin
        else:
            numbers.append(name)
    categories, constant = [], []
    for name in texts:
        n_levels = len(levels_of(frame[name], slice(None)))
        if frame[name].nunique() > max(len(frame) / 2, 1):
            rest.append(name)
        elif n_levels == 1:
            constant.append(name)
        elif twin := _twin(frame, name, [*reference, *numbers]):
            restating[name] = twin
        else:
            categories.append(name)
    notes = [f"column {name!r} changes only together with {twin!r}: not used" for name, twin in restating.items()]
    notes += [f"column {name!r} has gaps, and the law does not name it: not used" for name in gaps]
    by_name = [name for name in (*RECORDED_ELSEWHERE, *REMARKS) if name in frame.columns and name not in taken]
    varying = [name for name in by_name if len(frame[name].unique()) > 1]
    if varying and "timing" not in frame.columns:  # a table of ours says with each sample how it was taken
        notes.append(f"by their names no factors, and not used: {quoted(varying)}; --rename uses one")
    if constant:
        notes.append(f"the same in every row, and not used: {quoted(constant)}")
    if rest:
        notes.append(f"another value in nearly every row, and not used: {quoted(rest)}")
    return ColumnRoles(factors=tuple(numbers), categories=tuple(categories), notes=tuple(notes))


def means_something_else(frame: pd.DataFrame, name: str) -> bool:
    """Whether a column that is called as one of a run, ``stage`` or ``timing``, holds levels that no run has.

    >>> import pandas as pd
    >>> [means_something_else(pd.DataFrame({"stage": levels}), "stage") for levels in (["sweep", "beyond"], ["train"])]
    [False, True]
    """
    if name not in MEANINGS or name not in frame.columns:
        return False
    return not set(levels_of(frame[name], slice(None))) <= MEANINGS[name] | {"nothing"}


def _twin(frame: pd.DataFrame, name: str, factors: Sequence[str]) -> str | None:
    """The factor whose levels go with those of a column one to one; neither is the same in every row."""
    import pandas as pd

    codes, levels = pd.factorize(frame[name].to_numpy(), use_na_sentinel=False)
    for factor in factors if len(levels) > 1 else ():
        other, theirs = pd.factorize(frame[factor].to_numpy(), use_na_sentinel=False)
        if len(theirs) == len(levels) == len(np.unique(codes * len(theirs) + other)):
            return factor
    return None


def quoted(names: Sequence[str]) -> str:
    return list_names([repr(name) for name in names])
