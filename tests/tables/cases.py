"""A case: points to learn from, larger points to predict, and the law that is stated for them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
HELD_OUT_SHARE = 0.25  # of the points: the largest, by what the law counts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """Points to learn from and larger points to predict.

    ``kind``: the set that the case belongs to. ``law``: as stated, which may be wrong. ``kept``, ``held``: tables of
    ``factors`` and ``seconds``, one row for each sample. ``is_right``: whether the law is known to hold; ``None`` where
    nobody knows.
    """

    kind: str
    law: str
    factors: tuple[str, ...]
    kept: pd.DataFrame
    held: pd.DataFrame
    is_right: bool | None = None

    def levels(self, rows: pd.DataFrame) -> dict[str, Array]:
        """Return the levels of the factors in some rows."""
        return {name: rows[name].to_numpy(dtype=np.float64) for name in self.factors}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What a tool predicts at the held-out points of a case, with 95 % intervals and grades if it has any."""

    value: Array
    low: Array | None = None
    high: Array | None = None
    grades: tuple[str, ...] = ()

    def is_mostly(self, grade: str) -> bool:
        """Return whether more than half of the predictions have a grade."""
        return sum(one == grade for one in self.grades) > len(self.grades) / 2


def split(rows: pd.DataFrame, size: Sequence[float] | Array) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows without the largest quarter, and these; of rows of one size the later count as larger."""
    held = largest_quarter(size)
    return rows[~held].reset_index(drop=True), rows[held].reset_index(drop=True)


def largest_quarter(size: Sequence[float] | Array) -> NDArray[np.bool_]:
    """Return which sizes are among the largest quarter."""
    held = np.zeros(len(size), dtype=bool)
    held[np.argsort(size, kind="stable")[len(size) - math.ceil(HELD_OUT_SHARE * len(size)) :]] = True
    return held


class Scores(Mapping[str, float]):
    """Errors and coverage of a tool over the held-out points of several cases, in percent.

    ``median``, ``p95``: of the absolute relative error. ``coverage``: of the intervals. ``worse``: share of predictions
    graded worse than sound. ``told``: share of cases with a coverage of 85 % or more, or whose law is called rejected.
    ``silent``: number of cases with a coverage below 80 % that are graded sound. ``unanswered``: number of cases that
    a tool has no answer to, which the others leave out.
    """

    def __init__(self, cases: Sequence[Case], answers: Sequence[Answer]) -> None:
        errors, inside, worse = list[float](), list[bool](), list[bool]()
        told, silent, unanswered = 0, 0, 0
        for case, answer in zip(cases, answers, strict=True):
            truth = case.held["seconds"].to_numpy(dtype=np.float64)
            if not np.isfinite(answer.value).all():
                unanswered += 1
                continue
            errors += np.abs(answer.value / truth - 1).tolist()
            if answer.low is None or answer.high is None:
                continue
            held = (answer.low <= truth) & (truth <= answer.high)
            inside += held.tolist()
            worse += [grade != "sound" for grade in answer.grades]
            told += bool(held.mean() >= 0.85 or answer.is_mostly("rejected"))
            silent += bool(held.mean() < 0.8 and answer.is_mostly("sound"))
        self._found = {"unanswered": float(unanswered)} if unanswered else {}
        if errors:
            self._found |= {"median": 100 * float(np.median(errors)), "p95": 100 * float(np.quantile(errors, 0.95))}
        if inside:
            self._found |= {"coverage": 100 * float(np.mean(inside)), "silent": float(silent)}
            self._found |= {"told": 100 * told / len(cases), "worse": 100 * float(np.mean(worse))}

    def __getitem__(self, name: str) -> float:
        return self._found[name]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)
