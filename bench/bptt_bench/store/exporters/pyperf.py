"""pyperf's JSON: a benchmark for each subject and point, a run for each measuring process.

Source: pyperf 2.10, _bench.py and _metadata.py; the format has number 1.0.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bptt_bench.errors import StoreError
from bptt_bench.store.exporters.series import Series, series_of
from bptt_bench.store.importers.formats.pyperf import OWN
from bptt_bench.text.units import Unit

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "1.0"
UNITS = {"s": "second", "B": "byte"}
OTHER_NAME = "factor_{}"  # of a factor whose own name means something else to pyperf, such as `loops`
ENVIRONMENT = {"cpu": "cpu_model_name", "python": "python_version", "host": "hostname", "cores_logical": "cpu_count"}


def pyperf_document(
    frame: pd.DataFrame, factors: Sequence[str], response: str, unit: Unit | None, run: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the document; ``run`` is the record of the run, which describes the machine.

    Times are written in seconds and memory in bytes, whatever ``unit`` they are in.

    Raises
    ------
    StoreError : no value above 0, which is all that pyperf takes, or a unit that it does not have.
    """
    theirs, scale = _unit(response, unit)
    columns = {
        name: frame[name].tolist() for name in ("process", "host", "evaluations", "started_at") if name in frame.columns
    }
    columns["value"] = (frame[response] * scale).tolist()
    benchmarks = [found for series in series_of(frame, factors) if (found := _benchmark(series, columns)) is not None]
    if not benchmarks:
        raise StoreError(f"pyperf: no value of {response!r} is above 0, and it takes no other")
    return {"version": FORMAT, "metadata": {"unit": theirs, **_machine(run)}, "benchmarks": benchmarks}


def _benchmark(series: Series, columns: Mapping[str, list[Any]]) -> dict[str, Any] | None:
    """Return one benchmark; None where it has no value above 0."""
    by_process: dict[tuple[Any, ...], list[int]] = {}
    for row in series.rows.tolist():
        if columns["value"][row] > 0:
            key = tuple(columns[name][row] for name in ("process", "host") if name in columns)
            by_process.setdefault(key, []).append(row)
    if not by_process:
        return None
    return {
        "metadata": {"name": benchmark_name(series), **{_key(name): level for name, level in _levels(series).items()}},
        "runs": [
            {"metadata": _run_metadata(rows, columns), "values": [float(columns["value"][row]) for row in rows]}
            for rows in by_process.values()
        ],
    }


def benchmark_name(series: Series) -> str:
    """Return a name such as ``sort dtype=float32 n=1000``."""
    levels = (f"{name}={level}" for name, level in _levels(series).items())
    return " ".join(filter(None, (str(_text(series.subject)), *levels))) or "benchmark"


def _levels(series: Series) -> dict[str, Any]:
    """Return the levels as metadata may be; empty text is left out."""
    texts = {name: _text(level) for name, level in series.point.items()}
    return {name: level for name, level in texts.items() if level != ""}


def _run_metadata(rows: Sequence[int], columns: Mapping[str, list[Any]]) -> dict[str, Any]:
    """Return what is known of the values of one process: evaluations of each if they are alike, host and date."""
    found: dict[str, Any] = {}
    evaluations = {columns["evaluations"][row] for row in rows} if "evaluations" in columns else set()
    if len(evaluations) == 1 and (loops := float(next(iter(evaluations)))) >= 1 and loops.is_integer():
        found["loops"] = int(loops)
    host = str(columns["host"][rows[0]]) if "host" in columns else ""
    if host.strip() and host != "nan":
        found["hostname"] = _text(host)
    began = (
        min((float(columns["started_at"][row]) for row in rows), default=math.nan)
        if "started_at" in columns
        else math.nan
    )
    if 0 < began < dt.datetime.max.replace(tzinfo=dt.UTC).timestamp():
        found["date"] = dt.datetime.fromtimestamp(began, tz=dt.UTC).replace(tzinfo=None).isoformat(sep=" ")
    return found


def _machine(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of the machine and the run, in pyperf's words where it has some."""
    environment = run.get("environment") or {}
    known = {theirs: environment.get(ours) for ours, theirs in ENVIRONMENT.items()}
    known["platform"] = "-".join(
        str(environment[name]) for name in ("system", "kernel", "machine") if environment.get(name)
    )
    known |= {name: run.get(name) for name in ("experiment", "profile")}
    return {
        name: _text(value)
        for name, value in known.items()
        if isinstance(value, int | str) and value not in ("", True, False)
    }


def _key(name: str) -> str:
    return OTHER_NAME.format(name) if name in OWN else name


def _text(value: Any) -> Any:
    """Return a value as metadata may be: text on one line without blanks at its ends, a number unchanged."""
    return " ".join(value.split()) if isinstance(value, str) else value


def _unit(response: str, unit: Unit | None) -> tuple[str, float]:
    """Return the unit in pyperf's words, and how many of it one of ours is."""
    if unit is None:
        raise StoreError(f"pyperf: needs the unit of {response!r}, which nothing tells; --unit states it, such as ms")
    if unit.base in UNITS:
        return UNITS[unit.base], unit.scale
    if not unit.base and "/" not in unit.symbol and unit.symbol != "%":
        return "integer", 1.0
    raise StoreError(f"pyperf: takes seconds, bytes and what is counted, and {response!r} is in {unit.symbol}")
