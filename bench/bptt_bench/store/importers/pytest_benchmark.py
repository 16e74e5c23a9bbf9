"""pytest-benchmark's JSON: a benchmark is a test at one set of parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bptt_bench.store.importers.names import factor_name
from bptt_bench.store.importers.place import Place
from bptt_bench.store.importers.table import SECONDS, Measured, Notes, single, tidy
from bptt_bench.store.importers.text import printable

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

TOOL = "pytest-benchmark"
DISTRIBUTION = ("data", "median", "mean")  # what a file may hold of the times, best first


def is_pytest_benchmark(document: Any) -> bool:
    """Whether a JSON document is one of pytest-benchmark."""
    return isinstance(document, dict) and "machine_info" in document and "benchmarks" in document


def read_pytest_benchmark(document: Place) -> pd.DataFrame:
    """A frame of the rounds, where they are stored (``--benchmark-json``, ``--benchmark-save-data``), else of medians.

    Factors are a test's ``params``. Without these they are ``extra_info["point"]`` or the numbers and texts in
    ``extra_info``; with them, numbers in ``extra_info`` are responses.

    Raises
    ------
    StoreError : something is missing or is no number.
    """
    notes = Notes()
    entries = document.at("benchmarks").elements()
    subjects = _subjects(entries)
    measured = [_measured(entry, subject, notes) for entry, subject in zip(entries, subjects, strict=True)]
    version = document.maybe("version")
    source = {"tool": TOOL, **({"version": str(version.value)} if version is not None else {})}
    return tidy(document.path, measured, source=source, notes=notes)


def _subjects(entries: list[Place]) -> list[str]:
    """Names of tests without their parameters; with their files where two files have tests of one name."""
    short = [_subject(entry, "name") for entry in entries]
    full = [_subject(entry, "fullname" if entry.maybe("fullname") else "name") for entry in entries]
    homes: dict[str, set[str]] = {}
    for name, home in zip(short, full, strict=True):
        homes.setdefault(name, set()).add(home)
    return [home if len(homes[name]) > 1 else name for name, home in zip(short, full, strict=True)]


def _subject(entry: Place, key: str) -> str:
    extra = entry.maybe("extra_info")
    if extra is not None and extra.maybe("point") is not None and extra.maybe("subject") is not None:
        return extra.at("subject").text()
    name, param = entry.at(key).of_kind(str), entry.maybe("param")
    ending = f"[{param.value}]" if param is not None else ""
    return printable(name.removesuffix(ending) if ending and len(ending) < len(name) else name)


def _measured(entry: Place, subject: str, notes: Notes) -> Measured:
    levels, beside = _levels(entry)
    seconds = _seconds(entry.at("stats"), notes)
    responses = {SECONDS: seconds, **{factor_name(name): seconds * 0.0 + value for name, value in beside.items()}}
    return Measured(subject=subject, levels=levels, responses=responses)


def _levels(entry: Place) -> tuple[dict[str, Any], dict[str, float]]:
    """Levels of the factors, and what else was measured."""
    params, extra = entry.maybe("params"), entry.maybe("extra_info")
    point = None if extra is None else extra.maybe("point")
    if point is not None:
        return dict(point.of_kind(dict)), {}
    told = {} if extra is None else {k: v for k, v in extra.of_kind(dict).items() if isinstance(v, int | float | str)}
    levels = {} if params is None else dict(params.of_kind(dict))
    if not levels:
        return told, {}
    numbers = [name for name, value in told.items() if isinstance(value, int | float) and not isinstance(value, bool)]
    return levels, {name: extra.at(name).number() for name in numbers if extra is not None and name not in levels}


def _seconds(stats: Place, notes: Notes) -> NDArray[np.float64]:
    """Seconds per evaluation of each round, or of all; pytest-benchmark has divided them by its iterations."""
    for key in DISTRIBUTION:
        found = stats.maybe(key)
        if found is None or found.value == []:
            continue
        if key == "data":
            return found.numbers()
        notes.add(f"no single times are stored, so the {key} of each test stands for them (--benchmark-save-data)")
        return single(found.number())
    raise stats.error(f"has none of {', '.join(DISTRIBUTION)}")
