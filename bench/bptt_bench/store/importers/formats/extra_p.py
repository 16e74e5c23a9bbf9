"""Extra-P's input: its text format, and JSON Lines.

Source: extrap 4.2.5, fileio/file_reader/text_file_reader.py and jsonlines_file_reader.py
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bptt_bench.errors import StoreError
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.store.importers.formats.records import json_lines
from bptt_bench.store.importers.reading.names import factor_names
from bptt_bench.store.importers.reading.table import BenchmarkSamples, Notes, tidy_frame
from bptt_bench.text.wording import list_names, printable

if TYPE_CHECKING:
    import pandas as pd

TOOL = "Extra-P"
KEYWORDS = ("PARAMETER", "POINTS", "REGION", "METRIC", "DATA")
MOST_PARAMETERS = 4  # of the text format
TIMES = frozenset({"time", "runtime", "seconds", SECONDS_PER_EVAL})  # metrics that are seconds per evaluation
UNNAMED_METRIC, UNNAMED_REGION = "value", "all"
SEVERAL = re.compile(r"\(([^()]*)\)")

Cell = tuple[str, str]  # region and metric


def is_extra_p_text(text: str) -> bool:
    """Return whether a text begins with one of Extra-P's words, comments passed over."""
    for line in text[:100_000].splitlines():
        words = line.split(maxsplit=1)
        if words and not line.startswith("#"):
            return len(words) > 1 and words[0] in KEYWORDS and "," not in words[1][:1]
    return False


def is_extra_p_record(record: Any) -> bool:
    """Return whether a line of JSON is one of Extra-P."""
    return isinstance(record, dict) and "params" in record and "value" in record


@dataclass(slots=True)
class TextReader:
    """What has been read of a text so far."""

    path: Path
    parameters: list[str] = field(default_factory=list)
    points: list[tuple[float, ...]] = field(default_factory=list)
    region: str = UNNAMED_REGION
    metric: str = UNNAMED_METRIC
    at: int = 0
    data: dict[Cell, dict[tuple[float, ...], list[float]]] = field(default_factory=dict)

    def take(self, line: int, word: str, rest: str) -> None:
        """Read one line of the file."""
        where = f"{self.path} line {line}"
        match word:
            case "PARAMETER":
                self.parameters += rest.split()
                if len(self.parameters) > MOST_PARAMETERS or len(set(self.parameters)) < len(self.parameters):
                    raise StoreError(f"{where}: must name at most {MOST_PARAMETERS} parameters, each once")
                if self.points:
                    raise StoreError(f"{where}: names a parameter after the points")
            case "POINTS":
                self.points += self._points(where, rest)
            case "REGION":
                self.region, self.at = rest, 0
            case "METRIC":
                self.metric, self.at = rest, 0
            case "DATA":
                if self.at >= len(self.points):
                    raise StoreError(f"{where}: has DATA for more points than the {len(self.points)} of POINTS")
                point = self.points[self.at]
                self.data.setdefault((self.region, self.metric), {}).setdefault(point, []).extend(
                    _numbers(where, rest.split())
                )
                self.at += 1
            case _:
                raise StoreError(f"{where}: must begin with one of {', '.join(KEYWORDS)}, got {printable(word, 40)!r}")

    def _points(self, where: str, rest: str) -> list[tuple[float, ...]]:
        if not self.parameters:
            raise StoreError(f"{where}: has points before any PARAMETER")
        several = "(" in rest
        if several and SEVERAL.sub("", rest).strip():
            raise StoreError(f"{where}: has {printable(SEVERAL.sub('', rest).strip(), 40)!r} outside of parentheses")
        groups = [one.replace(",", " ").split() for one in SEVERAL.findall(rest)] if several else None
        points = [tuple(_numbers(where, one)) for one in (groups or [[one] for one in rest.split()])]
        wrong = next((point for point in points if len(point) != len(self.parameters)), None)
        if wrong is not None:
            raise StoreError(f"{where}: a point has {len(wrong)} levels; {len(self.parameters)} parameters are named")
        return points


def read_extra_p_text(path: Path, text: str) -> pd.DataFrame:
    """Return a frame of the DATA lines: regions are subjects, the values of a line repetitions.

    The metric ``time`` is ``seconds_per_eval``; others keep their names.

    Raises
    ------
    StoreError : a line that is not of the format, or a value that is not a number.
    """
    found = TextReader(path)
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split(maxsplit=1)
        if words and not line.startswith("#"):
            found.take(number, words[0], words[1].strip() if len(words) > 1 else "")
    return _frame(path, found.parameters, found.data, "text")


def read_extra_p_lines(path: Path, text: str) -> pd.DataFrame:
    """Return a frame of the lines ``{"params": {…}, "callpath": …, "metric": …, "value": …}``, one a value.

    Raises
    ------
    StoreError : a line that is not of the format.
    """
    data: dict[Cell, dict[tuple[Any, ...], list[float]]] = {}
    parameters: list[str] | None = None
    for record in json_lines(path, text):
        params = record.at("params")
        levels = params.of_kind(dict)
        parameters = list(levels) if parameters is None else parameters
        if set(levels) != set(parameters):
            raise params.error(
                f"has other parameters than the first line ({list_names([*map(printable, parameters)])})"
            )
        for level in params.values():
            level.number()
        region, metric = record.maybe("callpath"), record.maybe("metric")
        cell = (
            UNNAMED_REGION if region is None else region.of_kind(str),
            UNNAMED_METRIC if metric is None else metric.of_kind(str),
        )
        value = record.at("value")
        values = value.numbers().tolist() if isinstance(value.value, list) else [value.number()]
        data.setdefault(cell, {}).setdefault(tuple(levels[name] for name in parameters), []).extend(values)
    return _frame(path, parameters or [], data, "JSON Lines")


def _numbers(where: str, texts: Sequence[str]) -> list[float]:
    try:
        return [float(one) if "_" not in one else math.nan for one in texts]
    except ValueError:
        wrong = next(one for one in texts if not _is_number(one))
        raise StoreError(f"{where}: {printable(wrong, 40)!r} is not a number") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _frame(
    path: Path, parameters: Sequence[str], data: dict[Cell, dict[tuple[Any, ...], list[float]]], kind: str
) -> pd.DataFrame:
    """Return a frame of regions as subjects, with the metrics of a point beside each other."""
    import numpy as np

    names = _responses(metric for _, metric in data)
    together: dict[tuple[str, tuple[Any, ...]], dict[str, Any]] = {}
    for (region, metric), by_point in data.items():
        for point, values in by_point.items():
            together.setdefault((region, point), {})[names[metric]] = np.array(values, dtype=np.float64)
    measured = [
        BenchmarkSamples(
            subject=region,
            name=region,
            levels=dict(zip(parameters, map(_whole_level, point), strict=True)),
            responses=responses,
        )
        for (region, point), responses in together.items()
    ]
    return tidy_frame(path, measured, tool=TOOL, version=kind, notes=Notes())


def _responses(metrics: Iterable[str]) -> dict[str, str]:
    """Return names of columns for the metrics: the first that is a time is seconds per evaluation."""
    different = list(dict.fromkeys(metrics))
    time = next((metric for metric in different if metric.lower() in TIMES), None)
    names = factor_names(metric for metric in different if metric != time)
    return names if time is None else {**names, time: SECONDS_PER_EVAL}


def _whole_level(level: Any) -> Any:
    return int(level) if isinstance(level, float) and level.is_integer() and abs(level) < 1 << 53 else level
