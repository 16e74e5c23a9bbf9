"""Recognises files and folders by their content, never by the ending of their names alone."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bptt_bench.errors import StoreError
from bptt_bench.store.importers.formats import asv, extra_p
from bptt_bench.store.importers.formats.blanks import is_blank_separated, read_blank_separated
from bptt_bench.store.importers.formats.csv import SEPARATORS, read_csv_text
from bptt_bench.store.importers.formats.google_benchmark import is_google_benchmark, read_google_benchmark
from bptt_bench.store.importers.formats.hyperfine import is_hyperfine, read_hyperfine
from bptt_bench.store.importers.formats.parquet import MAGIC, read_parquet
from bptt_bench.store.importers.formats.pyperf import is_pyperf, read_pyperf
from bptt_bench.store.importers.formats.pytest_benchmark import is_pytest_benchmark, read_pytest_benchmark
from bptt_bench.store.importers.formats.records import are_records, json_lines, read_records
from bptt_bench.store.importers.reading.json_cursor import JsonCursor
from bptt_bench.store.importers.reading.table import Notes
from bptt_bench.store.importers.reading.text import decode_text, decompress, parse_json, read_bytes
from bptt_bench.store.runs.recognise import MOST_BLANK_LINES, first_object
from bptt_bench.store.runs.samples import SAMPLES
from bptt_bench.text.wording import printable

if TYPE_CHECKING:
    import pandas as pd

READABLE_FORMATS = (
    f"the folder of a run or its {SAMPLES}, CSV, Parquet, JSON of pytest-benchmark, Google Benchmark, pyperf, "
    "hyperfine or asv, JSON records, columns of blanks below their names, and Extra-P's text or JSON Lines"
)
SHOWN_KEYS = 5
TABLES = (".csv", ".tsv")  # whatever their first line is
JSON_LINE = re.compile(r"^[ \t]*[\[{]", re.MULTILINE)
MOST_STARTS = 20  # lines at which JSON is looked for behind others
# in this order: each looks for what only its tool writes
DOCUMENTS: Sequence[tuple[Callable[[Any], bool], Callable[[JsonCursor], pd.DataFrame]]] = (
    (asv.is_asv, asv.read_asv),
    (is_google_benchmark, read_google_benchmark),
    (is_pytest_benchmark, read_pytest_benchmark),
    (is_pyperf, read_pyperf),
    (is_hyperfine, read_hyperfine),
)


def read_other_format(path: Path, ignore: Collection[str] = ()) -> pd.DataFrame:
    """Return the frame of another tool's file or folder, or of a table.

    Parameters
    ----------
    ignore : columns of a table that are not to be used, in which anything may stand.

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
    packed, content = content, decompress(path, content)
    if content is not packed and content.startswith(MAGIC):
        raise StoreError(f"{path}: is Parquet, packed by gzip; unpack it first")
    text = decode_text(path, content)
    del content, packed
    return _read_text(path, text, ignore)


def _read_text(path: Path, text: str, ignore: Collection[str]) -> pd.DataFrame:
    start = text[:100_000].lstrip()[:1]
    if start in ("{", "[") and text.rstrip().endswith({"{": "}", "[": "]"}[start]):
        return _read_json(path, text, ignore)
    if extra_p.is_extra_p_text(text):
        return extra_p.read_extra_p_text(path, text)
    is_table = path.suffix.lower() in TABLES
    within = None if is_table else _find_json(text)
    if within is not None:
        frame = _read_json(path, within, ignore)
        frame.attrs["notes"] = [*frame.attrs.get("notes", ()), "lines around the JSON are passed over"]
        return frame
    if start in ("{", "["):
        return _read_json(path, text, ignore)
    if is_blank_separated(text):
        return read_blank_separated(path, text, ignore)
    if is_table or any(separator in _first_line(text) for separator in SEPARATORS):
        return read_csv_text(path, text, ignore)
    raise StoreError(
        f"{path}: is {'empty' if not text.strip() else 'of no known kind'}; allowed are {READABLE_FORMATS}"
    )


def _read_json(path: Path, text: str, ignore: Collection[str]) -> pd.DataFrame:
    first = first_object(islice(io.StringIO(text), MOST_BLANK_LINES))
    if extra_p.is_extra_p_record(first):
        return extra_p.read_extra_p_lines(path, text)
    if first is not None and "record" in first:
        raise StoreError(f"{path}: holds a run, packed or amid other lines; unpack it first")
    if first is not None and "\n" in text.strip():
        return read_records(path, list(json_lines(path, text)), ignore=ignore, notes=Notes())
    value = parse_json(path, text)
    whole = JsonCursor(path, "", value)
    for is_of, read in DOCUMENTS:
        if is_of(value):
            return read(whole)
    if asv.is_description(value):
        raise StoreError(f"{path}: describes asv's benchmarks; name a file of results, or the folder of a machine")
    if are_records(value):
        return read_records(path, whole.elements(), ignore=ignore, notes=Notes())
    if not isinstance(value, dict):
        raise StoreError(f"{path}: is JSON of no known tool (a list); allowed are {READABLE_FORMATS}")
    lists = [key for key, member in value.items() if are_records(member)]
    if len(lists) == 1:
        notes = Notes()
        notes.add(f"read as plain records, those of {printable(lists[0])!r}: {_missing_members(value)}")
        return read_records(path, whole.at(lists[0]).elements(), ignore=ignore, notes=notes)
    keys = ", ".join(printable(key, 40) for key in list(value)[:SHOWN_KEYS])
    what = f"an object with {keys}" if keys else "an empty object"
    raise StoreError(f"{path}: is JSON of no known tool ({what}); allowed are {READABLE_FORMATS}")


def _missing_members(document: Mapping[str, Any]) -> str:
    """Return what a document of records lacks to be one of a tool."""
    if "results" in document:
        return "hyperfine's results have a 'command' each"
    if "benchmarks" in document:
        return "pytest-benchmark's file has 'machine_info', Google Benchmark's 'context', pyperf's 'runs' in benchmarks"
    return "no known tool writes such a file"


def _find_json(text: str) -> str | None:
    """Return the JSON that begins on a line of its own behind others, such as a log; None if there is none."""
    decoder = json.JSONDecoder()
    for found in islice(JSON_LINE.finditer(text), MOST_STARTS):
        try:
            value, end = decoder.raw_decode(text, found.end() - 1)
        except (ValueError, RecursionError, MemoryError):
            continue
        if (
            not (isinstance(value, dict) or are_records(value))
            or not text[: found.start()].strip() + text[end:].strip()
        ):
            continue
        lines = text[found.start() :].splitlines()
        objects = list(takewhile(lambda line: line.lstrip().startswith("{") or not line.strip(), lines))
        is_lines = "\n" not in text[found.end() : end] and sum(map(bool, map(str.strip, objects))) > 1
        return "\n".join(objects) if is_lines else text[found.end() - 1 : end]
    return None


def _first_line(text: str) -> str:
    """Return the first line that holds anything, comments passed over."""
    lines = text[:100_000].splitlines()
    return next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
