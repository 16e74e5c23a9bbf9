"""Results of airspeed velocity (asv): the folder of a machine, or one file of a commit in it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bptt_bench.errors import StoreError
from bptt_bench.plan.design.columns import PEAK, SECONDS_PER_EVAL
from bptt_bench.store.importers.reading.json_cursor import JsonCursor
from bptt_bench.store.importers.reading.table import BenchmarkSamples, Notes, one_value, tidy_frame
from bptt_bench.store.importers.reading.text import decode_text, parse_json, read_bytes
from bptt_bench.store.runs.samples import SAMPLES
from bptt_bench.text.units import SECOND, is_unit, name_with_unit, unit_of
from bptt_bench.text.wording import list_names, printable

if TYPE_CHECKING:
    import pandas as pd

TOOL = "asv"
VERSION = 2  # of result files, since asv 0.5
BENCHMARKS, MACHINE = "benchmarks.json", "machine.json"
# the kinds of benchmarks, which asv recognises by their names, with the response that each measures
RESPONSES = {
    "time": SECONDS_PER_EVAL,
    "timeraw": SECONDS_PER_EVAL,
    "peakmem": PEAK,
    "mem": "object_bytes",
    "track": "value",
}
COMMIT_CHARACTERS = VERSION_CHARACTERS = 8
NO_UNIT = "unit"  # what asv writes where a benchmark states none
MOST_FILES = 10_000  # result files of a machine: some years of daily runs


class BenchmarkInfo(NamedTuple):
    """What ``benchmarks.json`` says of a benchmark; results of another ``version`` may be of other parameters."""

    param_names: list[str]
    unit: str | None
    version: str | None = None


UNKNOWN = BenchmarkInfo([], None)


def is_asv(document: Any) -> bool:
    """Return whether a JSON document holds asv's results of a commit."""
    return isinstance(document, dict) and "commit_hash" in document and "results" in document


def is_description(document: Any) -> bool:
    """Return whether a JSON document says what asv's benchmarks are, not what they took."""
    return isinstance(document, dict) and any(
        isinstance(one, dict) and {"code", "param_names"} <= set(one) for one in document.values()
    )


def machine_folder(folder: Path) -> Path:
    """Return the folder that holds asv's results of a machine: this one, or the only such in it.

    Raises
    ------
    StoreError : it holds neither a run nor results of asv, or those of several machines.
    """
    if (folder / MACHINE).is_file():
        return folder
    machines = sorted(one.parent for one in folder.glob(f"*/{MACHINE}")) if (folder / BENCHMARKS).is_file() else []
    if not machines:
        raise StoreError(f"{folder}: holds no run (no {SAMPLES}) and no results of asv (no {MACHINE})")
    if len(machines) > 1:
        names = list_names([printable(machine.name) for machine in machines])
        raise StoreError(f"{folder}: holds asv's results of {len(machines)} machines; name one of {names}")
    return machines[0]


def read_asv_folder(folder: Path) -> pd.DataFrame:
    """Return all results of a machine; the commit and the environment are categories where they differ.

    Raises
    ------
    StoreError : no results there, or some that cannot be used.
    """
    files = sorted(file for file in folder.glob("*.json") if file.name != MACHINE)
    if not files:
        raise StoreError(f"{folder}: holds no results of asv")
    if len(files) > MOST_FILES:
        raise StoreError(f"{folder}: must hold at most {MOST_FILES} files of results, got {len(files)}")
    documents = [JsonCursor(file, "", parse_json(file, decode_text(file, read_bytes(file)))) for file in files]
    for document in documents:
        if not is_asv(document.value):
            raise document.error("holds no results of asv")
    return _frame(folder, documents)


def read_asv(document: JsonCursor) -> pd.DataFrame:
    """Return a frame of the samples, where they are stored (``--record-samples``), else of asv's results.

    Parameters' names come from ``benchmarks.json`` in the folder above (or beside); without it, and where it describes
    another version of a benchmark, they are ``arg0`` … Where results are of several versions of a benchmark, those that
    are not described are a subject of their own, ``sort (version 0a1b2c3d)``. Points that were skipped or
    failed are left out.

    Raises
    ------
    StoreError : something is missing or is not a number, or a version of the format that is not known.
    """
    return _frame(document.path, [document])


def _frame(path: Path, documents: Sequence[JsonCursor]) -> pd.DataFrame:
    notes = Notes()
    described = _benchmark_infos(documents[0].path, notes)
    commits = [document.at("commit_hash").text()[:COMMIT_CHARACTERS] for document in documents]
    environments = [_environment(document) for document in documents]
    rows = [_rows(document) for document in documents]
    versions: dict[str, set[str]] = {}
    for name, cells in itertools.chain.from_iterable(of_commit.items() for of_commit in rows):
        versions.setdefault(name, set()).add(_text(cells.get("version")) or "")
    measured = []
    for of_commit, commit, environment in zip(rows, commits, environments, strict=True):
        where = {"commit": commit} if len(set(commits)) > 1 else {}
        if len(set(environments)) > 1:
            where["environment"] = environment
        for name, cells in of_commit.items():
            known = described.get(name, UNKNOWN)
            subject, known = _match_version(name, _text(cells.get("version")), known, versions[name], notes)
            measured += _benchmark_samples(subject, cells, known, where, notes)
    return tidy_frame(path, measured, tool=TOOL, version=f"results {VERSION}", notes=notes)


def _environment(document: JsonCursor) -> str:
    name = document.maybe("env_name")
    return "" if name is None else name.text()


def _benchmark_infos(file: Path, notes: Notes) -> dict[str, BenchmarkInfo]:
    """Return what is known of the benchmarks, by name."""
    found = next((one for one in (file.parent.parent / BENCHMARKS, file.parent / BENCHMARKS) if one.is_file()), None)
    if found is None:
        notes.add(f"{BENCHMARKS} is not there, so parameters have no names (arg0, arg1); it lies above the results")
        return {}
    everything = JsonCursor(found, "", parse_json(found, decode_text(found, read_bytes(found))))
    known = {}
    for name, one in everything.items():
        if isinstance(one.value, dict):  # the other member is the version of the format
            names = one.maybe("param_names")
            words = [] if names is None else [place.text() for place in names.elements()]
            known[name] = BenchmarkInfo(words, _text(one.maybe("unit")), _text(one.maybe("version")))
    return known


def _text(place: JsonCursor | None) -> str | None:
    return None if place is None else place.text()


def _rows(document: JsonCursor) -> dict[str, dict[str, JsonCursor]]:
    """Return what a commit has of each benchmark, by the names of the columns."""
    version = document.maybe("version")
    if version is None or version.value != VERSION:
        shown = "none" if version is None else repr(printable(str(version.value)[:40]))
        raise document.error(f"must have version {VERSION}, got {shown} (asv update brings older files up to date)")
    columns = [place.text() for place in document.at("result_columns").elements()]
    return {
        name: {
            "": row,
            **{key: cell for key, cell in zip(columns, row.elements(), strict=False) if cell.value is not None},
        }
        for name, row in document.at("results").items()
    }


def _match_version(
    name: str, version: str | None, known: BenchmarkInfo, versions: set[str], notes: Notes
) -> tuple[str, BenchmarkInfo]:
    """Return the subject of the results of a version of a benchmark, and what is known of that version."""
    if version is None or version == known.version:
        return name, known
    short = printable(version[:VERSION_CHARACTERS])
    if known.version is not None:
        notes.add(
            f"{printable(name)}: {BENCHMARKS} describes another version of it than {short}, so its parameters have no "
            "names here (arg0, arg1); --names gives them some"
        )
        known = UNKNOWN
    return (f"{name} (version {short})" if len(versions) > 1 else name), known


def _benchmark_samples(
    name: str, cells: dict[str, JsonCursor], known: BenchmarkInfo, where: dict[str, Any], notes: Notes
) -> list[BenchmarkSamples]:
    result = cells.get("result")
    if result is None:
        notes.add(f"{printable(name)}: left out: it failed")
        return []
    values = result.numbers()
    params = [] if "params" not in cells else [place.of_kind(list) for place in cells["params"].elements()]
    if math.prod(map(len, params)) != len(values):  # told before the product is made, which may be of any size
        raise cells[""].error(f"has {len(values)} results; its parameters have {math.prod(map(len, params))} points")
    names = known.param_names
    if len(set(names)) != len(params):
        if names:
            notes.add(f"{printable(name)}: {BENCHMARKS} does not name each of its parameters; they are arg0, arg1")
        names = [f"arg{i}" for i in range(len(params))]
    beside = {f"{key}_" if key in names else key: level for key, level in where.items()}
    samples = _samples(cells, len(values))
    response = _response(name, known)
    unit = known.unit if response == RESPONSES["track"] and known.unit != NO_UNIT else None
    units = {response: unit} if unit is not None and is_unit(unit) else {}
    measured, skipped = [], 0
    points = itertools.product(*map(_levels, params))
    for value, levels, taken in zip(values.tolist(), points, samples, strict=True):
        if not math.isfinite(value):
            skipped += 1
            continue
        point = {**dict(zip(names, levels, strict=True)), **beside}
        responses = {response: one_value(value) if taken is None else taken.numbers()}
        whole = f"{name} ({', '.join(map(str, levels))})"
        measured.append(BenchmarkSamples(subject=name, name=whole, levels=point, responses=responses, units=units))
    if measured and response == SECONDS_PER_EVAL and all(taken is None for taken in samples):
        notes.add("no samples are stored, so the median of each point stands for them (--record-samples)")
    if skipped:
        notes.add(f"{printable(name)}: {skipped} of {len(values)} points left out: skipped or failed")
    return measured


def _samples(cells: dict[str, JsonCursor], count: int) -> list[JsonCursor | None]:
    """Return the stored samples of each point."""
    stored = cells.get("samples")
    if stored is None:
        return [None] * count
    found = stored.elements()
    if len(found) != count:
        raise stored.error(f"must have as many entries as its results, {count}; it has {len(found)}")
    return [one if one.value else None for one in found]


def _response(name: str, known: BenchmarkInfo) -> str:
    """Return the response by asv's rule: the last part of a name begins with its kind."""
    kind = name.rpartition(".")[2].partition("_")[0].lower()
    if kind in RESPONSES and kind != "track":
        return RESPONSES[kind]
    unit = None if known.unit is None else unit_of(known.unit)
    if unit == SECOND and kind != "track":
        return SECONDS_PER_EVAL
    return RESPONSES["track"] if unit is None else name_with_unit(RESPONSES["track"], unit)


def _levels(texts: list[Any]) -> list[Any]:
    """Return the levels of a parameter without the quotes of texts, which asv stores in their Python form."""
    bare = [_unquote(text) for text in texts]
    return bare if len(set(map(str, bare))) == len(set(map(str, texts))) else texts


def _unquote(text: Any) -> Any:
    quoted = isinstance(text, str) and len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if quoted else text
