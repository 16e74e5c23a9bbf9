"""pyperf's JSON, read by pyperf itself and by our own reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyperf
import pytest
from bptt_bench.errors import StoreError
from bptt_bench.store.exporters.pyperf import pyperf_document
from bptt_bench.store.frame import load
from bptt_bench.text.units import SECOND, unit_of_name

RUN = {
    "experiment": "toy",
    "profile": "quick",
    "environment": {
        "host": "h", "cpu": "A CPU", "python": "3.11.7", "cores_logical": 2, "system": "Linux", "kernel": "6",
        "machine": "x86_64", "hypervisor": True, "caches_bytes": None,
    },
}  # fmt: skip
BEGAN = 1_800_000_000.25


def frame(**more: Any) -> pd.DataFrame:
    """Two subjects at two points, four samples each by two processes."""
    rows = [
        (subject, n, 0.5, process, 10, BEGAN + n + process, price * n + process / 100)
        for subject, price in (("a", 1.0), ("b", 2.0))
        for n in (10, 20)
        for process in (0, 0, 1, 1)
    ]
    names = ["subject", "n", "x", "process", "evaluations", "started_at", "seconds_per_eval"]
    return pd.DataFrame(rows, columns=names).assign(**more)


def document(made: pd.DataFrame, factors: tuple[str, ...] = ("n", "x"), response: str = "seconds_per_eval") -> Any:
    return pyperf_document(made, factors, response, unit_of_name(response), RUN)


def suite(found: Any) -> Any:
    return pyperf.BenchmarkSuite.loads(json.dumps(found))


def test_pyperf_reads_benchmarks_runs_and_values() -> None:
    read = suite(document(frame()))
    assert read.get_benchmark_names() == ["a n=10 x=0.5", "a n=20 x=0.5", "b n=10 x=0.5", "b n=20 x=0.5"]
    second = read.get_benchmark("a n=20 x=0.5")
    assert [run.values for run in second.get_runs()] == [(20.0, 20.0), (20.01, 20.01)]
    assert second.get_values() == (20.0, 20.0, 20.01, 20.01)
    assert second.get_unit() == "second"
    assert second.mean() == pytest.approx(20.005)
    assert [run.get_total_loops() for run in second.get_runs()] == [10, 10]


def test_metadata_have_the_factors_and_the_machine() -> None:
    metadata = suite(document(frame())).get_benchmark("b n=10 x=0.5").get_metadata()
    assert metadata["n"] == 10
    assert metadata["x"] == 0.5
    assert metadata["cpu_model_name"] == "A CPU"
    assert metadata["hostname"] == "h"
    assert metadata["platform"] == "Linux-6-x86_64"
    assert metadata["experiment"] == "toy"


def test_a_run_has_its_date_and_host() -> None:
    found = document(frame(host="node-1"))
    assert found["benchmarks"][0]["runs"][0]["metadata"] == {
        "loops": 10,
        "hostname": "node-1",
        "date": "2027-01-15 08:00:10.250000",
    }
    assert suite(found).get_dates()[0].isoformat() == "2027-01-15T08:00:10.250000"


def test_samples_of_several_hosts_are_several_runs() -> None:
    found = document(frame(host=["one", "two"] * 8))
    assert len(found["benchmarks"][0]["runs"]) == 4


def test_evaluations_that_differ_within_a_run_are_left_out() -> None:
    found = document(frame(evaluations=[1, 2] * 8))
    assert "loops" not in found["benchmarks"][0]["runs"][0]["metadata"]
    suite(found)


def test_a_factor_with_a_name_of_pyperfs_own_gets_another() -> None:
    found = document(frame().rename(columns={"n": "loops"}), ("loops", "x"))
    assert found["benchmarks"][0]["metadata"] == {"name": "a loops=10 x=0.5", "factor_loops": 10, "x": 0.5}
    suite(found)


def test_categories_and_odd_names_stay_on_one_line() -> None:
    made = frame(dtype=["f\n32", " f64 "] * 8)
    made["subject"] = "a\r\nb"
    read = suite(document(made, ("n", "dtype")))
    assert "a b n=10 dtype=f 32" in read.get_benchmark_names()


def test_a_level_without_any_text_is_left_out() -> None:
    read = suite(document(frame(option=["", "-r"] * 8), ("n", "option")))
    assert read.get_benchmark_names()[:2] == ["a n=10", "a n=10 option=-r"]
    assert "option" not in read.get_benchmark("a n=10").get_metadata()


@pytest.mark.parametrize(("response", "unit"), [("scratch_bytes", "byte"), ("comparisons_count", "integer")])
def test_the_unit_is_that_of_the_response(response: str, unit: str) -> None:
    found = suite(document(frame(**{response: 8.0}), response=response))
    assert found.get_benchmarks()[0].get_unit() == unit


@pytest.mark.parametrize(
    ("response", "unit", "value"),
    [("time_ms", "second", 0.008), ("wall (us)", "second", 8e-6), ("rss_MiB", "byte", 2**23)],
)
def test_values_are_in_seconds_and_bytes_whatever_they_were_measured_in(response: str, unit: str, value: float) -> None:
    (found, *_) = suite(document(frame(**{response: 8.0}), response=response)).get_benchmarks()
    assert found.get_unit() == unit
    assert set(found.get_values()) == {value}


@pytest.mark.parametrize(
    ("response", "message"),
    [
        ("latency", "pyperf: needs the unit of 'latency', which nothing tells; --unit states it, such as ms"),
        ("bytes_per_second", "pyperf: takes seconds, bytes and what is counted, and 'bytes_per_second' is in B/s"),
        ("ops", "and 'ops' is in 1/s"),
    ],
)
def test_a_unit_that_is_not_known_or_that_pyperf_has_not_is_refused(response: str, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        document(frame(**{response: 8.0}), response=response)


def test_values_that_pyperf_cannot_hold_are_left_out() -> None:
    made = frame()
    made.loc[made["n"] == 10, "seconds_per_eval"] = 0.0
    assert suite(document(made)).get_benchmark_names() == ["a n=20 x=0.5", "b n=20 x=0.5"]
    with pytest.raises(StoreError, match="no value of 'seconds_per_eval' is above 0"):
        document(made[made["n"] == 10])


def test_a_table_of_little_is_enough() -> None:
    found = pyperf_document(
        pd.DataFrame({"n": [1, 2], "seconds_per_eval": [1.0, 2.0]}), ("n",), "seconds_per_eval", SECOND, {}
    )
    assert suite(found).get_benchmark_names() == ["n=1", "n=2"]
    alone = pyperf_document(pd.DataFrame({"seconds_per_eval": [1.0, 2.0]}), (), "seconds_per_eval", SECOND, {})
    assert suite(alone).get_benchmark_names() == ["benchmark"]


def test_our_own_reader_reads_it_back(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(document(frame(x=[0.5, 0.25] * 8))), encoding="utf-8")
    back = load(path)
    assert set(back["subject"]) == {"a", "b"}
    assert back.attrs["factors"] == ["n", "x"]
    expected = frame(x=[0.5, 0.25] * 8)[["subject", "n", "x", "seconds_per_eval"]]
    assert sorted(map(tuple, back[list(expected)].to_numpy().tolist())) == sorted(
        map(tuple, expected.to_numpy().tolist())
    )
