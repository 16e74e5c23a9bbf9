"""Google Benchmark's JSON: arguments are in the names, such as ``BM_Join/n:64/100/threads:2``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from bptt_bench.plan.design.columns import SECONDS_PER_EVAL, phase_column
from bptt_bench.store.importers.reading.json_cursor import JsonCursor
from bptt_bench.store.importers.reading.names import factor_name
from bptt_bench.store.importers.reading.table import BenchmarkSamples, Notes, one_value, tidy_frame

if TYPE_CHECKING:
    import pandas as pd

TOOL = "Google Benchmark"
CPU_SECONDS = phase_column("cpu")
SECONDS_PER_UNIT = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
CLOCKS = frozenset({"real_time", "manual_time", "process_time"})  # parts of a name that say how time was taken
SETTINGS = frozenset({"iterations", "repeats", "min_time", "min_warmup_time"})
ARGUMENT = re.compile(r"(?:([^:/]{0,80}):)?(-?[0-9]{1,19})")
AGGREGATE = re.compile(r"_(mean|median|stddev|cv|BigO|RMS|min|max)$")
CENTRES = ("median", "mean")  # aggregates that stand for the samples where there are none, best first
KNOWN = frozenset(  # members of a row that are not counters of the user
    (
        *("name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions"),
        *("repetition_index", "threads", "iterations", "real_time", "cpu_time", "time_unit", "label"),
        *("error_occurred", "error_message", "skipped", "skip_message", "aggregate_name", "aggregate_unit"),
        *("cpu_coefficient", "real_coefficient", "big_o", "rms", "allocs_per_iter", "max_bytes_used"),
        *("total_allocated_bytes", "net_heap_growth"),
    )
)


class ParsedName(NamedTuple):
    """A benchmark's name taken apart."""

    subject: str
    levels: dict[str, Any]
    clocks: tuple[str, ...]


def is_google_benchmark(document: Any) -> bool:
    """Return whether a JSON document is one of Google Benchmark."""
    return isinstance(document, dict) and isinstance(document.get("context"), dict) and "benchmarks" in document


def read_google_benchmark(document: JsonCursor) -> pd.DataFrame:
    """Return a frame of the repetitions; of medians where the file has aggregates alone.

    ``seconds_per_eval`` is the real time, ``cpu_seconds_per_eval`` the processor's; counters are responses, too.
    Arguments without names are ``arg0``, ``arg1``; ``threads`` is a factor. Rows with errors are left out.

    Raises
    ------
    StoreError : something is missing or is not a number, or a unit of time that Google Benchmark does not have.
    """
    notes = Notes()
    rows = [row for row in document.at("benchmarks").elements() if not _failed(row, notes)]
    names = {row.at("name").of_kind(str) for row in rows}
    kinds = [_aggregate(row, names) for row in rows]
    samples = [row for row, kind in zip(rows, kinds, strict=True) if kind is None]
    seen = {_run_name(row, None) for row in samples}
    chosen: dict[str, tuple[JsonCursor, str]] = {}
    for centre in CENTRES:
        for row, kind in zip(rows, kinds, strict=True):
            if kind == centre and (name := _run_name(row, kind)) not in seen:
                chosen.setdefault(name, (row, centre))
    for _, centre in chosen.values():
        notes.add(f"no repetitions are stored, so the {centre} of each benchmark stands for them")
    taken = [(row, _run_name(row, None)) for row in samples] + [(row, name) for name, (row, _) in chosen.items()]
    apart = {name: parse_name(name) for _, name in taken}
    clocks: dict[str, set[tuple[str, ...]]] = {}
    for one in apart.values():
        clocks.setdefault(one.subject, set()).add(one.clocks)
    measured = [
        _benchmark_samples(row, name, apart[name], several=len(clocks[apart[name].subject]) > 1) for row, name in taken
    ]
    version = document.at("context").maybe("library_version")
    return tidy_frame(document.path, measured, tool=TOOL, version=version and version.value, notes=notes)


def parse_name(name: str) -> ParsedName:
    """Return subject, levels and clocks of a benchmark's name.

    >>> parse_name("BM_Join/n:64/100/iterations:5/real_time/threads:2")
    ParsedName(subject='BM_Join', levels={'n': 64, 'arg1': 100, 'threads': 2}, clocks=('real_time',))
    """
    first, *parts = name.split("/")
    subject, levels, clocks, arguments = [first], {}, [], 0
    for part in parts:
        key, _, value = part.partition(":")
        argument = ARGUMENT.fullmatch(part)
        if part in CLOCKS:
            clocks.append(part)
        elif key in SETTINGS and value:
            continue
        elif argument is None:
            subject.append(part)
        else:
            levels[argument[1] or f"arg{arguments}"] = int(argument[2])
            arguments += argument[1] != "threads"
    return ParsedName("/".join(subject), levels, tuple(clocks))


def _failed(row: JsonCursor, notes: Notes) -> bool:
    """Return whether a row stands for no measurement."""
    wrong = row.maybe("error_occurred") or row.maybe("skipped")
    if wrong is None or wrong.value is False:
        return False
    reason = row.maybe("error_message") or row.maybe("skip_message")
    notes.add(f"{row.at('name').text()}: left out: {'an error' if reason is None else reason.text()}")
    return True


def _aggregate(row: JsonCursor, names: set[str]) -> str | None:
    """Return which aggregate a row is; None for a measurement. Before version 1.5 only the name shows it."""
    kind = row.maybe("run_type")
    if kind is not None:
        name = row.maybe("aggregate_name")
        return None if kind.value != "aggregate" else "other" if name is None else name.text()
    name_of_row = row.at("name").of_kind(str)
    match = AGGREGATE.search(name_of_row[-10:])
    if match is None:
        return None
    is_one = row.maybe("cpu_coefficient") or row.maybe("rms") or name_of_row.removesuffix(match[0]) in names
    return match[1] if is_one or match[1] not in CENTRES else None


def _run_name(row: JsonCursor, aggregate: str | None) -> str:
    """Return the name of what a row measured, without that of an aggregate."""
    name = str((row.maybe("run_name") or row.at("name")).of_kind(str))
    return name if aggregate is None else name.removesuffix(f"_{aggregate}")


def _benchmark_samples(row: JsonCursor, whole: str, name: ParsedName, *, several: bool) -> BenchmarkSamples:
    unit = row.maybe("time_unit")
    if unit is not None and (not isinstance(unit.value, str) or unit.value not in SECONDS_PER_UNIT):
        raise unit.error(f"must be one of {', '.join(SECONDS_PER_UNIT)}, got {unit.value!r:.40}")
    factor = SECONDS_PER_UNIT["ns" if unit is None else unit.value]
    cpu = row.maybe("cpu_time")
    responses = {SECONDS_PER_EVAL: one_value(row.at("real_time").number() * factor)}
    if cpu is not None:
        responses[CPU_SECONDS] = one_value(cpu.number() * factor)
    for key, place in row.items():
        if key not in KNOWN and isinstance(place.value, int | float) and not isinstance(place.value, bool):
            responses[factor_name(key)] = one_value(place.number())
    # the same benchmark by two clocks is two subjects, each with its clock in its name
    subject = "/".join((name.subject, *name.clocks)) if several else name.subject
    return BenchmarkSamples(subject=subject, name=whole, levels=name.levels, responses=responses)
