"""pyperf's JSON: benchmarks, runs of worker processes within them, values within these."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from bptt_bench.plan.design.columns import PEAK, SECONDS_PER_EVAL
from bptt_bench.store.importers.reading.json_cursor import JsonCursor
from bptt_bench.store.importers.reading.names import command_templates, factor_name, parse_names
from bptt_bench.store.importers.reading.table import BenchmarkSamples, Notes, tidy_frame

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

TOOL = "pyperf"
RESPONSES = {"second": SECONDS_PER_EVAL, "byte": PEAK, "integer": "value"}
# what pyperf itself notes of a machine or a run; whatever else varies from benchmark to benchmark comes from the user
# Source: pyperf 2.10, _collect_metadata.py and _metadata.py
OWN = frozenset(
    (
        *("aslr", "boot_time", "calibrate_loops", "calibrate_warmups", "command", "command_max_rss", "cpu_affinity"),
        *("cpu_config", "cpu_count", "cpu_freq", "cpu_machine", "cpu_model_name", "cpu_temp", "date", "description"),
        *("duration", "hostname", "inner_loops", "load_avg_1min", "loops", "mem_max_rss", "mem_peak_pagefile_usage"),
        *("name", "perf_version", "performance_version", "platform", "processes", "program_args"),
        *("python_cflags", "python_compiler", "python_executable", "python_gc", "python_gil", "python_hash_seed"),
        *("python_implementation", "python_jit", "python_unicode", "python_version", "recalibrate_loops"),
        *("recalibrate_warmups", "runnable_threads", "tags", "timeit_setup", "timeit_stmt", "timeit_teardown"),
        *("timer", "unit", "uptime"),
    )
)


def is_pyperf(document: Any) -> bool:
    """Return whether a JSON document is one of pyperf."""
    if not isinstance(document, dict) or not isinstance(document.get("benchmarks"), list):
        return False
    first = next(iter(document["benchmarks"]), None)
    return (isinstance(first, dict) and "runs" in first) or {"version", "metadata"} <= set(document)


def read_pyperf(document: JsonCursor) -> pd.DataFrame:
    """Return a frame of the values; warm-ups and calibrating runs are left out.

    Factors are the numbers among a benchmark's own metadata, texts of which several benchmarks share one, and texts
    by which benchmarks of one name differ; then the levels in its name (``sort-1000``, ``join_n=20_m=50``).

    Raises
    ------
    StoreError : something is missing or is not a number, or a unit that pyperf does not have.
    """
    entries = document.at("benchmarks").elements()
    shared = document.maybe("metadata")
    common = {} if shared is None else shared.of_kind(dict)
    metadata = [_metadata(entry, common) for entry in entries]
    factor_levels = _factors(metadata)
    raw = [str(one.get("name", "benchmark")) for one in metadata]
    named = parse_names([_without_named_levels(template) for template in command_templates(raw, factor_levels)])
    measured = [
        _benchmark_samples(entry, one, name.subject, whole, {**levels, **name.levels})
        for entry, one, name, whole, levels in zip(entries, metadata, named, raw, factor_levels, strict=True)
    ]
    version = next((one["perf_version"] for one in metadata if "perf_version" in one), None)
    return tidy_frame(document.path, measured, tool=TOOL, version=version, notes=Notes())


def _without_named_levels(template: str) -> str:
    """Return a template without ``n={n}``: a level that the metadata name is not part of a subject.

    >>> [_without_named_levels(template) for template in ("sort n={n} dtype={dtype}", "sort {n}", "n={n}")]
    ['sort', 'sort {n}', 'n={n}']
    """
    return re.sub(r"[ ,;:/_-]*\b(\w{1,80})=\{\1\}", "", template).strip() or template


def _metadata(entry: JsonCursor, common: dict[str, Any]) -> dict[str, Any]:
    own = entry.maybe("metadata")
    return {**common, **({} if own is None else own.of_kind(dict))}


def _factors(metadata: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the metadata that are factors, by benchmark."""
    levels: dict[str, list[Any]] = {}
    of_name: dict[tuple[str, str], set[Any]] = {}
    for one in metadata:
        for key, value in one.items():
            if key not in OWN and isinstance(value, int | float | str):
                levels.setdefault(key, []).append(value)
                of_name.setdefault((key, str(one.get("name"))), set()).add(value)
    factors = {key for key, values in levels.items() if _is_factor(values)}
    factors |= {key for (key, _), values in of_name.items() if len(values) > 1}
    return [{key: value for key, value in one.items() if key in factors} for one in metadata]


def _is_factor(values: list[Any]) -> bool:
    """Return whether values are numbers that differ, or texts that recur: a text used once describes its benchmark."""
    different = len(set(values))
    numbers = not any(isinstance(value, str) for value in values)
    return different > 1 and (numbers or different <= len(values) / 2)


def _benchmark_samples(
    entry: JsonCursor, metadata: dict[str, Any], subject: str, name: str, levels: dict[str, Any]
) -> BenchmarkSamples:
    import numpy as np

    unit = metadata.get("unit", "second")
    if not isinstance(unit, str) or unit not in RESPONSES:
        raise entry.error(f"must have one of the units {', '.join(RESPONSES)}, got {str(unit)!r:.40}")
    values, times = [np.empty(0)], [np.empty(0)]
    for run in entry.at("runs").elements():
        found = run.maybe("values")
        if found is not None and found.value:
            values.append(found.numbers())
            times.append(_start_times(run, values[-1]))
    taken_at = np.concatenate(times)
    return BenchmarkSamples(
        subject=subject,
        name=name,
        levels={key if key in levels else factor_name(key): value for key, value in levels.items()},
        responses={RESPONSES[unit]: np.concatenate(values)},
        units={"value": "count"} if unit == "integer" else {},
        started_at=taken_at if np.isfinite(taken_at).all() else None,
    )


def _start_times(run: JsonCursor, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return when the values of a run were taken, in seconds: from its date on, one after the other (n_values,).

    A date has no time zone: these times are used for order and distance alone.
    """
    import numpy as np

    metadata = run.maybe("metadata")
    date = None if metadata is None else metadata.maybe("date")
    loops = None if metadata is None else metadata.maybe("loops")
    try:
        when = dt.datetime.fromisoformat(str(date.value)) if date is not None else None
        start = np.nan if when is None else when.replace(tzinfo=dt.UTC).timestamp()
    except (ValueError, OverflowError):
        start = np.nan
    with np.errstate(all="ignore"):  # values without end make times without end, which are not used
        each = values * (1.0 if loops is None else loops.number())
        times: NDArray[np.float64] = start + np.cumsum(each) - each
    return times
