"""The rows of a run in which nothing is timed: what evaluations need of memory, and what they do, counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bptt_bench.errors import StoreError
from bptt_bench.measure.protocol.schedule import COUNTS, MEMORY
from bptt_bench.plan.design.columns import ALLOCATED, PEAK, PEAK_SCRATCH, SCRATCH, count_column

if TYPE_CHECKING:
    import pandas as pd

UNTIMED = {"memory": MEMORY, "count": COUNTS}  # kind of record -> stage and timing of its row


def untimed_rows(path: Path, records: Sequence[Mapping[str, Any]], factors: Sequence[str]) -> list[pd.DataFrame]:
    """Return one table for each kind that the run holds; of several records of a cell the last counts.

    Raises
    ------
    StoreError : a record lacks the level of a factor, or holds something else than numbers.
    """
    import pandas as pd

    found = []
    for kind, values in (("memory", _memory), ("count", _counts)):
        mine = [record for record in records if record["record"] == kind]
        last = list({_cell(record): record for record in mine}.values())
        if not last:
            continue
        try:
            levels = {name: [record["point"][name] for record in last] for name in factors}
        except KeyError as error:
            raise StoreError(f"{path}: a {kind} record has no level of factor {error}") from None
        try:
            columns = {**_shared(last), **values(last)}
        except (TypeError, ValueError, AttributeError):
            raise StoreError(f"{path}: a {kind} record holds something else than numbers") from None
        subjects = [record["subject"] for record in last]
        stage = {"timing": UNTIMED[kind], "stage": UNTIMED[kind], "below_floor": False}
        found.append(pd.DataFrame({"subject": subjects, **levels, **columns, **stage}))
    return found


def _cell(record: Mapping[str, Any]) -> tuple[object, ...]:
    """Return what a record is about; operations and instructions of a subject at a point are counted separately."""
    return record["subject"], frozenset(record["point"].items()), frozenset(record.get("counts", ()))


def _shared(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "process": [record["process"] for record in records],
        "evaluations": 1,
        "started_at": _numbers(records, "started_at"),
        "visit_seconds": _numbers(records, "visit_seconds"),
        **({"host": [record.get("host") for record in records]} if any("host" in one for one in records) else {}),
    }


def _memory(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return bytes of one evaluation beyond its prepared state, with and without those of its result."""
    import numpy as np

    peak, allocated = _numbers(records, "peak_bytes"), _numbers(records, "allocated_bytes")
    result = np.nan_to_num(_numbers(records, "output_bytes"))  # where none is declared, all that is allocated counts
    return {
        PEAK: peak,
        ALLOCATED: allocated,
        SCRATCH: allocated - result,
        PEAK_SCRATCH: peak - result,
    }


def _counts(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a column for each name that is counted; NaN where a subject does not count it."""
    counts = [record["counts"] for record in records]
    names = dict.fromkeys(name for each in counts for name in each)
    return {count_column(name): _numbers(counts, name) for name in names}


def _numbers(records: Sequence[Mapping[str, Any]], name: str) -> Any:
    import numpy as np

    return np.array([record.get(name) for record in records], dtype=float)
