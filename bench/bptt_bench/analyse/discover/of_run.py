"""The laws of subjects that state none, found in the samples of their run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bptt_bench.analyse.discover.discover import discover
from bptt_bench.analyse.discover.law_set import LawSet
from bptt_bench.analyse.evidence.evidence import BLOCK, WHOLE, Evidence
from bptt_bench.errors import FitError

if TYPE_CHECKING:
    import pandas as pd


def find_laws(evidence: Evidence) -> dict[str, LawSet | str]:
    """Return the laws that the times of each subject without a law do not exclude, or why none can be found."""
    found: dict[str, LawSet | str] = {}
    for subject in evidence.experiment.subjects:
        if subject.law is not None or subject.phase_laws:
            continue
        rows = evidence.rows(subject.name, WHOLE)
        if not len(rows):
            continue
        key = ("find_laws", subject.name)
        if key not in evidence.memo:
            evidence.memo[key] = _find(rows)
        found[subject.name] = evidence.memo[key]
    return found


def _find(rows: pd.DataFrame) -> LawSet | str:
    try:
        return discover(rows, response=WHOLE, block=BLOCK if BLOCK in rows.columns else None)
    except FitError as error:
        return str(error)
