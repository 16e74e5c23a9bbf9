"""A record with a field of another type than it must have is refused by file, line and field, by whoever reads it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bptt_bench as bench
import pytest
from bptt_bench.cli.main import cli
from bptt_bench.errors import StoreError
from click.testing import CliRunner

JOIN = Path(__file__).resolve().parents[4] / "results" / "examples" / "join" / "samples.jsonl"
POINT = {"n": 31, "m": 31}
COUNT = {"record": "count", "subject": "loops", "point": POINT, "process": 0, "counts": {"adds": 1}}


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in JOIN.read_text(encoding="utf-8").splitlines()]


def write(folder: Path, records: list[dict[str, Any]]) -> Path:
    (folder / "samples.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in records), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"environment": 5}, "environment must be an object, got 5"),
        ({"environment": {"host": 3}}, "environment.host must be a text, got 3"),
        ({"environment": {"packages": ["numpy"]}}, "environment.packages must be an object, got a list"),
        ({"environment": {"blas": [7]}}, "environment.blas[0] must be an object, got 7"),
        ({"environment": {"kernel_variables": 1}}, "environment.kernel_variables must be an object, got 1"),
        ({"subjects": [{"x": 1}]}, "subjects[0] must be a text, got an object"),
        ({"subjects": "hashing"}, "subjects must be a list, got 'hashing'"),
        ({"factors": 3}, "factors must be a list, got 3"),
        ({"factors": [["n"]]}, "factors[0] must be a text, got a list"),
        ({"experiment": None}, "experiment must be a text, got None"),
        ({"profile": 1}, "profile must be a text, got 1"),
        ({"seed": "0"}, "seed must be a whole number below 2**63, got '0'"),
        ({"threads": [1]}, "threads must be a whole number below 2**63, got a list"),
        ({"laws": ["n"]}, "laws must be an object, got a list"),
        ({"started_at": "today"}, "started_at must be a number, got 'today'"),
        ({"sources": 3}, "sources must be an object, got 3"),
        ({"measures": "time"}, "measures must be a list, got 'time'"),
        ({"pair": {"turns": 1}}, "pair has no 'id'"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused_by_each_command(
    tmp_path: Path, change: Mapping[str, Any], message: str
) -> None:
    header, *rest = lines()
    run = str(write(tmp_path, [{**header, **change}, *rest]))
    expected = f"{run}/samples.jsonl line 1: {message}"
    for command in (
        ("verdict", run),
        ("report", run),
        ("predict", run, "--at", "n=100,m=100"),
        ("fit", run, "--law", "n + m", "--subject", "hashing"),
        ("compare", run, run),
        ("export", run, "--to", "csv", "--out", str(tmp_path / "out.csv")),
        ("run", "--resume", run),
    ):
        result = CliRunner().invoke(cli, command)
        assert (result.exit_code, result.stderr) == (2, f"error: {expected}\n"), command
    for read in (bench.load, bench.judge):
        with pytest.raises(StoreError) as refused:
            read(run)
        assert str(refused.value) == expected


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"record": "worker", "process": "0"}, "process must be a whole number below 2**63, got '0'"),
        ({"record": "worker"}, "the worker record has no 'process'"),
        ({"record": "worker", "process": 0, "threads": {"name": "blas"}}, "threads must be a list, got an object"),
        ({"record": "worker", "process": 0, "threads": [1]}, "threads[0] must be an object, got 1"),
        ({"record": "worker", "process": 0, "floor_seconds": "x"}, "floor_seconds must be a number, got 'x'"),
        ({"record": "host", "environment": {}}, "the host record has no 'host'"),
        ({"record": "host", "host": ["a"]}, "host must be a text, got a list"),
        ({"record": "host", "host": "a", "environment": 5}, "environment must be an object, got 5"),
        ({"record": "resume", "environment": [1]}, "environment must be an object, got a list"),
        ({"record": "resume", "changed": 4}, "changed must be a list, got 4"),
        ({"record": "finish", "busy_share": "most"}, "busy_share must be a number, got 'most'"),
        ({"record": "probe", "seconds": 1.0}, "the probe record has no 'readings'"),
        ({"record": "probe", "readings": 5}, "readings must be an object, got 5"),
        ({"record": "peaks", "peaks": [1]}, "peaks must be an object, got a list"),
        ({"record": "peaks", "peaks": {"products": 1}}, "peaks.products must be an object, got 1"),
        ({"record": "missing", "subject": 5, "reason": "x"}, "subject must be a text, got 5"),
        ({"record": "skip", "subject": "hashing", "point": 5, "reason": "x"}, "point must be an object, got 5"),
        ({"record": "skip", "subject": "hashing", "point": POINT}, "the skip record has no 'reason'"),
        (
            {"record": "skip", "subject": "hashing", "point": {"n": [1]}, "reason": "x"},
            "point.n must be a finite number, got a list",
        ),
        ({"record": "check", "claim": "c", "allowed": "x", "cases": 1}, "allowed must be a number, got 'x'"),
        (
            {"record": "check", "claim": "c", "allowed": 0.0, "cases": 1, "passes": [1]},
            "passes must be an object, got a list",
        ),
        (
            {"record": "check", "claim": "c", "allowed": 0.0, "cases": 1, "passes": {"m": [[1, [1]], [1]]}},
            "passes.m[1] must be a place and the origins that are carried from there, got a list",
        ),
        (
            {"record": "check", "claim": "c", "allowed": 0.0, "cases": 1, "passes": {"m": [[0, [1]]]}},
            "passes.m[0][0] must be a whole number from 1, got 0",
        ),
        (
            {"record": "check", "claim": "c", "allowed": 0.0, "cases": 1, "passes": {"m": [[1, []]]}},
            "passes.m[0][1] must be a list of at least one origin, got a list",
        ),
        (
            {"record": "check", "claim": "c", "allowed": 0.0, "cases": 1, "pass_symbols": ["J"]},
            "pass_symbols must be a list of two texts, got a list",
        ),
        (
            {"record": "agreement", "subject": "loops", "point": POINT, "reference": 1, "difference": 0, "allowed": 0},
            "reference must be a text, got 1",
        ),
        (
            {"record": "inspection", "subject": "loops", "point": POINT, "returned": None, "changed": ["x"]},
            "changed must be an object, got a list",
        ),
        ({"record": "prediction", "subject": "loops", "at": POINT}, "the prediction record has no 'dearer'"),
        ({"record": "anchors"}, "the anchors record has no 'cells'"),
        ({"record": "anchors", "cells": [{"subject": "loops"}]}, "cells[0] has no 'point'"),
        ({"record": "allocation", "visits": 5}, "visits must be a list, got 5"),
        ({"record": "allocation", "visits": [{"subject": "loops"}]}, "visits[0] has no 'point'"),
        (
            {"record": "memory", "subject": "loops", "point": POINT, "process": 0, "allocated_bytes": "x"},
            "allocated_bytes must be a number, got 'x'",
        ),
        (
            {**COUNT, "by_input": {"adds": [1, math.nan]}},
            "by_input.adds[1] must be a finite number from 0, got nan",
        ),
        ({**COUNT, "counts": {"adds": -1}}, "counts.adds must be a finite number from 0, got -1"),
        (
            {**COUNT, "by_function": {"f (a)": float("inf")}},
            "by_function.f (a) must be a finite number from 0, got inf",
        ),
        (
            {**COUNT, "by_function": {"f\x1b[31m\n(a)": 1}},
            "by_function has the name 'f\\\\x1b[31m\\\\n(a)'; allowed are short names without control characters",
        ),
        (
            {"record": "count", "subject": "loops", "point": POINT, "process": 0, "counts": {"adds": "x"}},
            "counts.adds must be a number, got 'x'",
        ),
    ],
)
def test_another_record_that_cannot_be_used_is_refused(tmp_path: Path, record: Mapping[str, Any], message: str) -> None:
    records = [*lines(), dict(record)]
    run = str(write(tmp_path, records))
    for command in (("verdict", run), ("report", run)):
        result = CliRunner().invoke(cli, command)
        expected = f"error: {run}/samples.jsonl line {len(records)}: {message}\n"
        assert (result.exit_code, result.stderr) == (2, expected), command


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"subject": 5}, "subject must be a text, got 5"),
        ({"block": 0.5}, "block must be a whole number below 2**63, got 0.5"),
        ({"process": "a"}, "process must be a whole number below 2**63, got 'a'"),
        ({"evaluations": None}, "evaluations must be a whole number below 2**63, got None"),
        ({"first_seconds": "x"}, "first_seconds must be a number, got 'x'"),
        ({"timing": "phases", "phase_seconds_per_eval": 3}, "phase_seconds_per_eval must be an object, got 3"),
    ],
)
def test_all_samples_alike_are_refused_at_the_first(tmp_path: Path, change: Mapping[str, Any], message: str) -> None:
    records = [{**one, **change} if one["record"] == "sample" else one for one in lines()]
    number = next(i for i, one in enumerate(records, start=1) if one["record"] == "sample")
    with pytest.raises(StoreError) as refused:
        bench.load(write(tmp_path, records))
    assert str(refused.value) == f"{tmp_path}/samples.jsonl line {number}: {message}"


def test_a_run_cannot_be_continued_whose_header_lacks_a_setting(tmp_path: Path) -> None:
    header, *rest = lines()
    del header["seed"]
    result = CliRunner().invoke(cli, ("run", "--resume", str(write(tmp_path, [header, *rest]))))
    assert (result.exit_code, result.stderr) == (
        2,
        f"error: {tmp_path}/samples.jsonl line 1: the run record has no 'seed'\n",
    )
