"""pytest-benchmark's JSON: a benchmark is a test at one set of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.store.importers.reading.json_cursor import JsonCursor
from bptt_bench.store.importers.reading.names import factor_name
from bptt_bench.store.importers.reading.table import BenchmarkSamples, Notes, one_value, tidy_frame

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

TOOL = "pytest-benchmark"
DISTRIBUTION = ("data", "median", "mean")  # what a file may hold of the times, best first


def is_pytest_benchmark(document: Any) -> bool:
    """Return whether a JSON document is one of pytest-benchmark."""
    return isinstance(document, dict) and "machine_info" in document and "benchmarks" in document


def read_pytest_benchmark(document: JsonCursor) -> pd.DataFrame:
    """Return a frame of the rounds; of medians where rounds are not stored (``--benchmark-save-data`` stores them).

    Factors are a test's ``params`` and its ``extra_info["point"]``; without either, the numbers and texts in
    ``extra_info``. Beside ``params`` numbers there are responses, and texts are factors where they alone
    distinguish tests. Where a test also states ``extra_info["subject"]``, only its point counts.

    Raises
    ------
    StoreError : something is missing or is not a number.
    """
    notes = Notes()
    entries = document.at("benchmarks").elements()
    subjects = _subjects(entries)
    measured = _with_text_levels(
        [_benchmark_samples(entry, subject, notes) for entry, subject in zip(entries, subjects, strict=True)],
        [_texts(entry) for entry in entries],
    )
    version = document.maybe("version")
    return tidy_frame(document.path, measured, tool=TOOL, version=version and version.value, notes=notes)


def _subjects(entries: list[JsonCursor]) -> list[str]:
    """Return names of tests without their parameters; with their files where two files have tests of one name."""
    short = [_subject(entry, "name") for entry in entries]
    full = [_subject(entry, "fullname" if entry.maybe("fullname") else "name") for entry in entries]
    homes: dict[str, set[str]] = {}
    for name, home in zip(short, full, strict=True):
        homes.setdefault(name, set()).add(home)
    return [home if len(homes[name]) > 1 else name for name, home in zip(short, full, strict=True)]


def _states_subject(entry: JsonCursor) -> bool:
    """Return whether a test states its subject and point, whatever its name and parameters are."""
    extra = entry.maybe("extra_info")
    return extra is not None and extra.maybe("point") is not None and extra.maybe("subject") is not None


def _subject(entry: JsonCursor, key: str) -> str:
    if _states_subject(entry):
        return str(entry.at("extra_info").at("subject").of_kind(str))
    name, param = str(entry.at(key).of_kind(str)), entry.maybe("param")
    ending = f"[{param.value}]" if param is not None else ""
    return name.removesuffix(ending) if ending and len(ending) < len(name) else name


def _benchmark_samples(entry: JsonCursor, subject: str, notes: Notes) -> BenchmarkSamples:
    levels, beside = _levels(entry)
    seconds = _seconds(entry.at("stats"), notes)
    responses = {
        SECONDS_PER_EVAL: seconds,
        **{factor_name(name): seconds * 0.0 + value for name, value in beside.items()},
    }
    name = subject if _states_subject(entry) else (entry.maybe("fullname") or entry.at("name")).of_kind(str)
    return BenchmarkSamples(subject=subject, name=str(name), levels=levels, responses=responses)


def _levels(entry: JsonCursor) -> tuple[dict[str, Any], dict[str, float]]:
    """Return the levels of the factors, and what else was measured."""
    params, extra = entry.maybe("params"), entry.maybe("extra_info")
    point = None if extra is None else extra.maybe("point")
    levels = {} if params is None or _states_subject(entry) else dict(params.of_kind(dict))
    if point is not None:
        return {**levels, **point.of_kind(dict)}, {}
    stated = {} if extra is None else {k: v for k, v in extra.of_kind(dict).items() if isinstance(v, int | float | str)}
    if not levels:
        return stated, {}
    numbers = [name for name, value in stated.items() if isinstance(value, int | float) and not isinstance(value, bool)]
    return levels, {name: extra.at(name).number() for name in numbers if extra is not None and name not in levels}


def _texts(entry: JsonCursor) -> dict[str, str | bool]:
    """Return what a parametrised test states of itself in words."""
    extra = entry.maybe("extra_info")
    if extra is None or not entry.maybe("params") or extra.maybe("point") is not None:
        return {}
    return {name: value for name, value in extra.of_kind(dict).items() if isinstance(value, str | bool)}


def _with_text_levels(
    measured: Sequence[BenchmarkSamples], texts: Sequence[dict[str, str | bool]]
) -> list[BenchmarkSamples]:
    """Return the benchmarks, with texts as levels where these differ between benchmarks of one subject and point."""
    seen: dict[tuple[str, str, str], set[str | bool]] = {}
    for one, words in zip(measured, texts, strict=True):
        for name, value in words.items():
            seen.setdefault((one.subject, repr(one.levels), name), set()).add(value)
    telling = {name for (_, _, name), values in seen.items() if len(values) > 1}
    return [
        replace(one, levels={**{name: words[name] for name in words if name in telling}, **one.levels})
        for one, words in zip(measured, texts, strict=True)
    ]


def _seconds(stats: JsonCursor, notes: Notes) -> NDArray[np.float64]:
    """Return seconds per evaluation of each round, or of all; pytest-benchmark has divided them by its iterations."""
    for key in DISTRIBUTION:
        found = stats.maybe(key)
        if found is None or found.value == []:
            continue
        if key == "data":
            return found.numbers()
        notes.add(f"no single times are stored, so the {key} of each test stands for them (--benchmark-save-data)")
        return one_value(found.number())
    raise stats.error(f"has none of {', '.join(DISTRIBUTION)}")
