"""Outcomes on disk: a header and one JSON line for every trial, written as they come and packed when all are there."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

OPEN, PACKED = "outcomes.jsonl", "outcomes.jsonl.gz"
SCHEMA = 1
ROOT = Path(__file__).resolve().parents[2]
SOURCES = (
    "bench/bptt_bench/plan",
    "bench/bptt_bench/analyse",
    "bench/bptt_bench/validation",
    "tests/validation",
)  # what decides an outcome


class RecordsError(ValueError):
    """Stored outcomes that cannot be gone on with; one line that names the file."""


def fingerprint(root: Path = ROOT, folders: Iterable[str] = SOURCES) -> str:
    """A short hash of all source that decides an outcome: outcomes of different source are never mixed."""
    found = hashlib.sha256()
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            if not path.name.startswith("test_"):
                found.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return found.hexdigest()[:16]


class Records:
    """The outcomes in a folder: those of an unfinished table, else those of a finished one.

    A finished table with another header is left alone until ``pack`` puts the new one in its place.

    Parameters
    ----------
    header : what all outcomes have in common.

    Raises
    ------
    RecordsError : the folder holds an unfinished table with another header.
    """

    def __init__(self, folder: Path, header: dict[str, Any]) -> None:
        self._folder = folder
        self._header: dict[str, Any] = {"schema": SCHEMA, **header}
        self.outcomes: dict[tuple[int, int], dict[str, Any]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for name in (OPEN, PACKED):
            stored = list(_lines(folder / name))
            if stored and stored[0] == self._header:
                self.outcomes = {(each["cell"], each["trial"]): each for each in stored[1:]}
                return
            if stored and name == OPEN:
                everything = {**stored[0], **self._header}
                changed = [key for key in everything if stored[0].get(key) != self._header.get(key)]
                raise RecordsError(
                    f"{folder / name}: an unfinished table with another {' and '.join(sorted(changed))}; "
                    "remove it or choose another --out"
                )

    def open(self) -> IO[str]:
        """The file that further outcomes are appended to, with all that there are in it."""
        path, fresh = self._folder / OPEN, self._folder / f"{OPEN}.new"
        with fresh.open("w", encoding="utf-8") as file:  # a torn last line goes; a kill in between harms nothing
            file.writelines(_line(each) for each in self._all())
        fresh.replace(path)
        return path.open("a", encoding="utf-8")

    def append(self, file: IO[str], record: dict[str, Any]) -> None:
        """Keep an outcome, in the file before anything else happens."""
        file.write(_line(record))
        file.flush()
        self.outcomes[record["cell"], record["trial"]] = record

    def pack(self) -> Path:
        """All outcomes in one compressed file, the same bytes for the same outcomes."""
        target, fresh = self._folder / PACKED, self._folder / f"{PACKED}.new"
        with fresh.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
            packed.write("".join(_line(each) for each in self._all()).encode())
        fresh.replace(target)
        (self._folder / OPEN).unlink(missing_ok=True)
        return target

    def _all(self) -> list[dict[str, Any]]:
        return [self._header, *(self.outcomes[key] for key in sorted(self.outcomes))]


def read(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Header and outcomes of a folder, whatever made them.

    Raises
    ------
    RecordsError : the folder holds none.
    """
    for name in (OPEN, PACKED):
        stored = list(_lines(folder / name))
        if stored:
            return stored[0], stored[1:]
    raise RecordsError(f"{folder}: holds no outcomes (neither {OPEN} nor {PACKED})")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.is_file():
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file if line.endswith("\n"))  # what a kill leaves has no end


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n"
