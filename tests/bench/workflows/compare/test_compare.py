"""What two runs differ in beside their samples is named."""

from __future__ import annotations

import copy
from typing import Any

import bptt_bench as bench
import pandas as pd
import pytest
from bptt_bench.store.runs.experiments import ExperimentRecord
from bptt_bench.workflows.compare.compare import find_differences

LIBRARY = {"name": "openblas", "api": "blas", "version": "0.3.31", "architecture": "SkylakeX", "threads": 1}
HEADER = {
    "profile": "quick",
    "threads": 1,
    "environment": {
        "host": "5bce98f7",
        "cpu": "AMD EPYC",
        "vector_instructions": "AVX-512",
        "python": "3.11.7",
        "packages": {"bptt-bench": "0.1.0", "numpy": "2.4.6", "pandas": "3.1.1"},
        "blas": [LIBRARY],
    },
}


def run(where: tuple[str, ...] = (), value: Any = None, kernel: str = "SkylakeX") -> pd.DataFrame:
    header: dict[str, Any] = copy.deepcopy(HEADER)
    inner = header
    for name in where[:-1]:
        inner = inner[name]
    if where:
        inner[where[-1]] = value
    frame = pd.DataFrame()
    frame.attrs = {"run": header, "workers": [{"threads": [{**LIBRARY, "architecture": kernel}]}]}
    return frame


def test_runs_that_were_measured_alike_are_not_unlike() -> None:
    assert find_differences([run(), run()]) == []


@pytest.mark.parametrize(
    ("where", "value", "note"),
    [
        (("threads",), 2, "threads: 1 and 2"),
        (("profile",), "full", "profile: 'quick' and 'full'"),
        (("environment", "host"), "other", "another machine"),
        (("environment", "cpu"), "Xeon", "processor: AMD EPYC and Xeon"),
        (("environment", "vector_instructions"), "AVX2", "instructions: AVX-512 and AVX2"),
        (("environment", "python"), "3.13.1", "Python: 3.11.7 and 3.13.1"),
        (("environment", "packages", "numpy"), "2.3.0", "NumPy: 2.4.6 and 2.3.0"),
        (("environment", "packages", "bptt-bench"), "0.2.0", "harness: 0.1.0 and 0.2.0"),
        (("environment", "kernel_variables"), {"MKL_CBWR": "AVX2"}, "variables: none and MKL_CBWR=AVX2"),
    ],
)
def test_each_difference_is_named_with_both_values(where: tuple[str, ...], value: Any, note: str) -> None:
    assert find_differences([run(), run(where, value)]) == [note]


def test_kernels_are_those_of_the_processes_that_measured() -> None:
    (note,) = find_differences([run(), run(kernel="Haswell")])
    assert note == ("BLAS: openblas 0.3.31, kernel SkylakeX (AVX-512) and openblas 0.3.31, kernel Haswell (AVX2)")


def test_what_one_of_them_did_not_record_is_no_difference() -> None:
    old = run(("environment",), {"cpu": "AMD EPYC"})
    old.attrs["workers"] = []
    assert find_differences([old, run()]) == find_differences([run(), old]) == []


def test_a_run_that_evaluated_single_inputs_and_subtracted_nothing_is_another() -> None:
    old, new = run(), run()
    new.attrs |= {"subtracts_empty_call": True, "inputs": {"sort": (1, 22, False), "sum": (1, 1, False)}}
    assert find_differences([old, new]) == [
        "time of an empty call: included and subtracted",
        "inputs of sort: a single one and several",
    ]
    assert find_differences([new, new]) == []


def measured(**points: list[int]) -> pd.DataFrame:
    frame = pd.DataFrame([{"subject": name, "n": n} for name, levels in points.items() for n in levels])
    frame.attrs = {"run": {}, "factors": ["n"]}
    return frame


def test_points_and_subjects_that_one_run_lacks_are_named() -> None:
    first = measured(sort=[1, 2, 3, 3], heap=[1, 2], merge=[1], **{"sort (placebo)": [1]})
    second = measured(sort=[2, 3, 4, 5], heap=[2, 1], **{"sort (placebo)": [2]})
    assert find_differences([first, second]) == [
        "points of sort: 3 and 4, of which 2 are in both and compared",
        "merge: measured in the first run alone",
    ]
    assert find_differences([first, first]) == []


def test_a_run_that_is_not_finished_is_named() -> None:
    first, second = run(), run()
    for frame in (first, second):
        frame.attrs["run"]["cells"] = 10
    first.attrs["finish"] = {"record": "finish"}
    assert find_differences([first, second]) == ["the second run is not finished"]


def test_another_law_of_a_subject_is_named() -> None:
    frames = []
    for law in ("n", "n**2"):
        made = bench.experiment(lambda _point: print, law=law, name="sort", n=[1, 2, 4, 8, 16])
        frames.append(run())
        frames[-1].attrs["experiment"] = ExperimentRecord({}, made)
    assert find_differences(frames) == ["law of sort: n and n**2"]
    assert find_differences([frames[0], frames[0]]) == find_differences([frames[0], run()]) == []
