"""What a file or folder is, told by its content: never by the ending of its name alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bptt_bench.store.importers import asv, extra_p
from bptt_bench.store.importers.csv import read_csv_text
from bptt_bench.store.importers.google_benchmark import is_google_benchmark, read_google_benchmark
from bptt_bench.store.importers.hyperfine import is_hyperfine, read_hyperfine
from bptt_bench.store.importers.parquet import MAGIC, read_parquet
from bptt_bench.store.importers.place import Place
from bptt_bench.store.importers.pyperf import is_pyperf, read_pyperf
from bptt_bench.store.importers.pytest_benchmark import is_pytest_benchmark, read_pytest_benchmark
from bptt_bench.store.importers.text import decoded, parsed, printable, read_bytes
from bptt_bench.store.samples import SAMPLES, StoreError

if TYPE_CHECKING:
    import pandas as pd

ALLOWED = (
    f"the folder of a run or its {SAMPLES}, CSV, Parquet, JSON of pytest-benchmark, Google Benchmark, pyperf, "
    "hyperfine or asv, and Extra-P's text or JSON Lines"
)
COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip", b"(\xb5/\xfd": "zstd"}
SHOWN_KEYS = 5
MOST_BLANK_LINES = 100  # at the beginning
# in this order: each asks for what only its tool writes
DOCUMENTS: Sequence[tuple[Callable[[Any], bool], Callable[[Place], pd.DataFrame]]] = (
    (asv.is_asv, asv.read_asv),
    (is_google_benchmark, read_google_benchmark),
    (is_pytest_benchmark, read_pytest_benchmark),
    (is_pyperf, read_pyperf),
    (is_hyperfine, read_hyperfine),
)


def is_run(path: Path) -> bool:
    """Whether a path is a run's folder, or a file that begins with the record of a run.

    A file of JSON Lines that begins with nothing known is taken for a run, too: its reader says what is wrong with it.
    """
    if path.is_dir():
        return (path / SAMPLES).is_file()
    first = first_line(path)
    if first is None:
        return path.suffix == ".jsonl" and path.is_file()
    return isinstance(first, dict) and "record" in first


def first_line(path: Path, most: int = 1_000_000) -> Any:
    """The value in the first line of a file that holds anything, if it is an object and not too long; else None."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            lines = (file.readline(most) for _ in range(MOST_BLANK_LINES))
            line = next((line for line in lines if line.strip()), b"")
        return json.loads(line) if line.lstrip()[:1] == b"{" else None
    except (OSError, ValueError, RecursionError, MemoryError):
        return None


def read_foreign(path: Path) -> pd.DataFrame:
    """The frame of another tool's file or folder.

    Raises
    ------
    StoreError : it is of no kind that can be read, or broken; one line.
    """
    if path.is_dir():
        return asv.read_asv_folder(asv.machine_folder(path))
    if not path.exists():
        raise StoreError(f"{path}: no such file or folder")
    content = read_bytes(path)
    if content.startswith(MAGIC):
        return read_parquet(path)
    for mark, name in COMPRESSED.items():
        if content.startswith(mark):
            raise StoreError(f"{path}: is compressed ({name}); unpack it first")
    text = decoded(path, content)
    del content
    start = text[:100_000].lstrip()[:1]
    if start in ("{", "["):
        return _read_json(path, text)
    if extra_p.is_extra_p_text(text):
        return extra_p.read_extra_p_text(path, text)
    if path.suffix.lower() == ".csv" or "," in _first(text):
        return read_csv_text(path, text)
    raise StoreError(f"{path}: is {'empty' if not text.strip() else 'of no known kind'}; allowed are {ALLOWED}")


def _read_json(path: Path, text: str) -> pd.DataFrame:
    if extra_p.is_extra_p_record(first_line(path)):
        return extra_p.read_extra_p_lines(path, text)
    value = parsed(path, text)
    for is_of, read in DOCUMENTS:
        if is_of(value):
            return read(Place(path, "", value))
    if asv.is_description(value):
        raise StoreError(f"{path}: describes asv's benchmarks; name a file of results, or the folder of a machine")
    if isinstance(value, dict):
        keys = ", ".join(printable(key, 40) for key in list(value)[:SHOWN_KEYS])
        what = f"an object with {keys}" if keys else "an empty object"
    else:
        what = "a list"
    raise StoreError(f"{path}: is JSON of no known tool ({what}); allowed are {ALLOWED}")


def _first(text: str) -> str:
    """The first line that holds anything."""
    return next((line for line in text[:100_000].splitlines() if line.strip()), "")
