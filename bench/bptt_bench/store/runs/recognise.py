"""Recognise a run by what stands in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bptt_bench.store.runs.samples import SAMPLES

MOST_BLANK_LINES = 100  # at the beginning of a file
MOST_CHARACTERS = 1_000_000  # of a first line


def is_run(path: Path) -> bool:
    """Return whether a path is a run's folder, or a file that begins with the record of a run.

    A file of JSON Lines that begins with nothing known counts as a run, too: the reader of runs says what is wrong.
    """
    if path.is_dir():
        return (path / SAMPLES).is_file()
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            first = first_object(file.readline(MOST_CHARACTERS) for _ in range(MOST_BLANK_LINES))
    except OSError:
        return False
    return path.suffix == ".jsonl" if first is None else "record" in first


def first_object(lines: Iterable[str | bytes]) -> dict[str, Any] | None:
    """Return the JSON object in the first line that holds anything; None if that line holds anything else."""
    line = next((line for line in lines if line.strip()), "")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError, MemoryError):
        return None
    return value if isinstance(value, dict) else None
