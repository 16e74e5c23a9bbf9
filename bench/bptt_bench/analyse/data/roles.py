"""Roles of the columns of a table beside the response: factors, categories, and columns that are not used."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from bptt_bench.analyse.data.categories import levels_of, text_columns
from bptt_bench.plan.design.design import OF_POINTS, OF_SAMPLES
from bptt_bench.store.importers.reading.text import list_names

if TYPE_CHECKING:
    import pandas as pd

WHOLE = "seconds_per_eval"
# columns beside factors and response in a store of samples, or in the table of another tool
RECORDED_HERE = (*OF_SAMPLES, *OF_POINTS)
RECORDED_ELSEWHERE = ("repeat", "replicate", "rep", "sample", "run", "iteration", "round", "seed")
REMARKS = ("note", "comment", "remark", "date", "timestamp")  # columns of text that do not say what was measured
STAGES = ("sweep", "adaptive", "memory", "counts", "beyond")
OWN_LEVELS = {"stage": frozenset(STAGES), "timing": frozenset(("whole", "phases", "memory", "counts"))}
RECORDED = frozenset(("repetition", *RECORDED_HERE, *RECORDED_ELSEWHERE, *REMARKS))
Role = Literal["factor", "category", "constant", "unique", "gaps", "empty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRoles:
    """The columns by which points differ, beside those that a law names.

    Attributes
    ----------
    factors : columns of numbers. categories : columns of text, each level of which has a fit of its own.
    notes : remarks on columns that are not used, a sentence each.
    """

    factors: tuple[str, ...]
    categories: tuple[str, ...]
    notes: tuple[str, ...]


def column_roles(frame: pd.DataFrame, named: Collection[str] = (), measured: Collection[str] = ()) -> ColumnRoles:
    """Find the roles of the columns.

    The factors of a run or of another tool's file are known. In a plain table they are the columns whose levels recur
    in several rows, that are not known records, and that do not change only together with another factor.

    Parameters
    ----------
    named, measured : columns that a law names; columns of responses and blocks.
    """
    known = frame.attrs.get("factors")
    used = {*named, *measured}
    if known is not None:
        present = [name for name in known if name in frame.columns]
        texts = text_columns(frame, [name for name in present if name not in used])
        numbers = [name for name in present if name not in texts and frame[name].notna().any()]
        return ColumnRoles(factors=tuple(numbers), categories=tuple(texts), notes=())
    recorded = {name for name in RECORDED if not has_foreign_levels(frame, name)}
    others = [name for name in map(str, frame.columns) if name not in used and name not in recorded]
    texts = text_columns(frame, others)
    candidates = [name for name in others if name not in texts and _may_be_factor(frame, name)]
    by_role: dict[Role, list[str]] = {}
    for name in (*candidates, *texts):
        by_role.setdefault(_role(frame, name, is_text=name in texts), []).append(name)
    twins: dict[str, str] = {}
    factors = [name for name in named if name in frame.columns]
    n_named = len(factors)
    for name in by_role.get("factor", ()):
        _add_unless_twin(frame, name, factors, factors, twins)
    categories: list[str] = []
    for name in by_role.get("category", ()):
        _add_unless_twin(frame, name, factors, categories, twins)
    return ColumnRoles(
        factors=tuple(factors[n_named:]),
        categories=tuple(categories),
        notes=tuple(_notes(frame, by_role, twins, used)),
    )


def _may_be_factor(frame: pd.DataFrame, name: str) -> bool:
    return frame[name].dtype.kind in "iuf" and not name.endswith(WHOLE)


def _role(frame: pd.DataFrame, name: str, *, is_text: bool) -> Role:
    column = frame[name]
    if column.nunique() > max(len(frame) / 2, 1 if is_text else 0):  # such as a second response
        return "unique"
    if is_text:
        return "category" if len(levels_of(column, slice(None))) > 1 else "constant"
    if column.notna().all():
        return "factor"
    return "gaps" if column.notna().any() else "empty"


def _add_unless_twin(
    frame: pd.DataFrame, name: str, factors: Sequence[str], chosen: list[str], twins: dict[str, str]
) -> None:
    """Add a column to those chosen, or to the twins of the factor with which it changes."""
    twin = _twin(frame, name, factors)
    if twin is None:
        chosen.append(name)
    else:
        twins[name] = twin


def _notes(
    frame: pd.DataFrame, by_role: dict[Role, list[str]], twins: dict[str, str], used: Collection[str]
) -> Iterable[str]:
    for name, twin in twins.items():
        yield f"column {name!r} changes only together with {twin!r}: not used"
    for name in by_role.get("gaps", ()):
        yield f"column {name!r} has gaps, and the law does not name it: not used"
    by_name = [name for name in (*RECORDED_ELSEWHERE, *REMARKS) if name in frame.columns and name not in used]
    varying = [name for name in by_name if len(frame[name].unique()) > 1]
    if varying and "timing" not in frame.columns:  # a table of ours records with each sample how it was taken
        yield f"by their names no factors, and not used: {quote_names(varying)}; --rename uses one"
    if "constant" in by_role:
        yield f"the same in every row, and not used: {quote_names(by_role['constant'])}"
    if "unique" in by_role:
        yield f"another value in nearly every row, and not used: {quote_names(by_role['unique'])}"


def has_foreign_levels(frame: pd.DataFrame, name: str) -> bool:
    """Return whether a column ``stage`` or ``timing`` holds levels that no run has, and so means something else.

    >>> import pandas as pd
    >>> [has_foreign_levels(pd.DataFrame({"stage": levels}), "stage") for levels in (["sweep", "beyond"], ["train"])]
    [False, True]
    """
    if name not in OWN_LEVELS or name not in frame.columns:
        return False
    return not set(levels_of(frame[name], slice(None))) <= OWN_LEVELS[name] | {"nothing"}


def _twin(frame: pd.DataFrame, name: str, factors: Sequence[str]) -> str | None:
    """Return the factor whose levels correspond one to one to those of a column that is not constant."""
    import pandas as pd

    codes, levels = pd.factorize(frame[name].to_numpy(), use_na_sentinel=False)
    for factor in factors if len(levels) > 1 else ():
        other, others = pd.factorize(frame[factor].to_numpy(), use_na_sentinel=False)
        if len(others) == len(levels) == len(np.unique(codes * len(others) + other)):
            return factor
    return None


def quote_names(names: Sequence[str]) -> str:
    """Return names in quotation marks, as a list in a message."""
    return list_names([repr(name) for name in names])
