"""hyperfine's JSON: a result is a command at one set of parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bptt_bench.plan.design.columns import PEAK, SECONDS_PER_EVAL
from bptt_bench.store.importers.reading.json_cursor import JsonCursor
from bptt_bench.store.importers.reading.names import command_templates, parse_names
from bptt_bench.store.importers.reading.table import BenchmarkSamples, Notes, one_value, tidy_frame
from bptt_bench.text.wording import printable

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

TOOL = "hyperfine"
BYTES = "memory_usage_byte"  # of each run, from version 1.19 on


def is_hyperfine(document: Any) -> bool:
    """Return whether a JSON document is one of hyperfine: every result is of a command."""
    results = document.get("results") if isinstance(document, dict) else None
    return isinstance(results, list) and all(isinstance(one, dict) and "command" in one for one in results)


def read_hyperfine(document: JsonCursor) -> pd.DataFrame:
    """Return a frame of the runs of each command.

    Factors are the parameters (``-P``, ``-L``); without any, numbers that differ between commands that are alike. The
    subject is the command with the parameters' names in place of their levels.

    Raises
    ------
    StoreError : something is missing or is not a number.
    """
    notes = Notes()
    results = document.at("results").elements()
    commands = [result.at("command").of_kind(str) for result in results]
    levels = [_parameters(result) for result in results]
    subjects = command_templates(commands, levels)
    if not any(levels):
        parsed = parse_names(commands)
        subjects, levels = [one.subject for one in parsed], [one.levels for one in parsed]
    measured = [_benchmark_samples(*each, notes) for each in zip(results, commands, subjects, levels, strict=True)]
    return tidy_frame(document.path, measured, tool=TOOL, notes=notes)


def _parameters(result: JsonCursor) -> dict[str, Any]:
    found = result.maybe("parameters")
    return {} if found is None else dict(found.of_kind(dict))


def _benchmark_samples(
    result: JsonCursor, command: str, subject: str, levels: dict[str, Any], notes: Notes
) -> BenchmarkSamples:
    responses = {SECONDS_PER_EVAL: _seconds(result, notes)}
    memory = result.maybe(BYTES)
    if memory is not None and len(memory.of_kind(list)) == len(responses[SECONDS_PER_EVAL]):
        responses[PEAK] = memory.numbers()
    elif memory is not None:
        notes.add(f"{printable(command)}: {BYTES} left out, for it is not that of each run")
    codes = result.maybe("exit_codes")
    failed = 0 if codes is None else sum(code not in (0, None) for code in codes.of_kind(list))
    if failed:
        notes.add(
            f"{printable(command)}: {failed} of {len(responses[SECONDS_PER_EVAL])} runs ended "
            "with an exit code that is not 0"
        )
    return BenchmarkSamples(subject=subject, name=command, levels=levels, responses=responses)


def _seconds(result: JsonCursor, notes: Notes) -> NDArray[np.float64]:
    times = result.maybe("times")
    if times is not None and times.value:
        return times.numbers()
    notes.add("no single times are stored, so the median (or mean) of each command stands for them")
    return one_value((result.maybe("median") or result.at("mean")).number())
