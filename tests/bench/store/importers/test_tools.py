"""Files that the tools themselves wrote (``tests/fixtures/make.py``): what is read is what the tool says of them."""

from __future__ import annotations

import itertools
import json
import math
import re
import statistics
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bptt_bench.cli.main import cli
from bptt_bench.store.frame import load
from click.testing import CliRunner, Result

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
LOADABLE = [
    *("pytest_benchmark/times.json", "pytest_benchmark/statistics.json", "google_benchmark/plain.json"),
    *("google_benchmark/repetitions.json", "google_benchmark/aggregates.json", "pyperf/names.json"),
    *(
        "pyperf/metadata.json",
        "hyperfine/scan.json",
        "hyperfine/lists.json",
        "hyperfine/words.json",
        "hyperfine/failing.json",
        "asv",
        "asv/box",
    ),
    *("extra_p/one.txt", "extra_p/two.txt", "extra_p/lines.jsonl", "csv/total.csv", "parquet/total.parquet"),
    "parquet/ours.parquet",
]


def document(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text())


def fitted(name: str, law: str, *options: str) -> dict[str, Any]:
    result = invoke(name, law, *options)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def invoke(name: str, law: str, *options: str) -> Result:
    return CliRunner().invoke(cli, ["fit", str(FIXTURES / name), "--law", law, "--json", *options])


def means(frame: pd.DataFrame, *by: str, response: str = "seconds_per_eval") -> dict[Any, float]:
    """The mean of a response at each point, as a plain mapping."""
    found: dict[Any, list[float]] = {}
    for *levels, value in zip(*(frame[name].tolist() for name in (*by, response)), strict=True):
        found.setdefault(tuple(levels) if len(levels) > 1 else levels[0], []).append(value)
    return {key: statistics.fmean(values) for key, values in found.items()}


@pytest.mark.parametrize("name", LOADABLE)
def test_every_fixture_is_one_row_a_sample_with_factors_and_positive_times(name: str) -> None:
    frame = load(FIXTURES / name)
    assert set(frame.attrs.get("factors", [])) <= set(frame.columns)
    seconds = frame["seconds_per_eval"].dropna()
    assert len(seconds) > 0
    assert (seconds > 0).all()
    assert (seconds < 0.1).all()  # units are converted: none of these took longer


def test_pytest_benchmark_gives_every_round_by_its_parameters() -> None:
    reported = document("pytest_benchmark/times.json")["benchmarks"]
    frame = load(FIXTURES / "pytest_benchmark" / "times.json")
    assert frame.attrs["factors"] == ["n", "m", "kind"]
    assert frame.attrs["source"] == {"tool": "pytest-benchmark", "version": "5.3.1"}
    assert len(frame) == sum(one["stats"]["rounds"] for one in reported)
    sort = {one["params"]["n"]: one["stats"]["mean"] for one in reported if one["name"].startswith("test_sort[")}
    assert means(frame[frame["subject"] == "test_sort"], "n") == pytest.approx(sort)
    join = {
        tuple(one["params"].values()): one["stats"]["mean"] for one in reported if one["name"].startswith("test_join[")
    }
    assert means(frame[frame["subject"] == "test_join"], "n", "m") == pytest.approx(join)
    assert frame[frame["subject"] == "test_told"]["n"].tolist() == [500] * 3  # extra_info["point"]
    assert frame[frame["subject"] == "test_sort"]["repetition"].tolist() == [0, 1, 2, 3, 4] * 4


def test_pytest_benchmark_without_rounds_gives_medians_and_says_so() -> None:
    reported = document("pytest_benchmark/statistics.json")["benchmarks"]
    frame = load(FIXTURES / "pytest_benchmark" / "statistics.json")
    assert frame["seconds_per_eval"].tolist() == [one["stats"]["median"] for one in reported]
    assert frame.attrs["notes"] == [
        "no single times are stored, so the median of each test stands for them (--benchmark-save-data)"
    ]


def test_pytest_benchmark_is_fitted_with_one_fit_for_each_category() -> None:
    found = fitted("pytest_benchmark/times.json", "n*m", "--subject", "test_join")
    assert (found["n_points"], found["n_samples"]) == (6, 30)
    both = fitted("pytest_benchmark/times.json", "n", "--subject", "test_total", "--overhead", "1")
    assert [one["category"] for one in both["fits"]] == [{"kind": "list"}, {"kind": "tuple"}]
    assert [one["n_samples"] for one in both["fits"]] == [15, 15]


def test_google_benchmark_takes_arguments_units_threads_and_counters_from_its_rows() -> None:
    reported = [one for one in document("google_benchmark/plain.json")["benchmarks"] if one["run_type"] == "iteration"]
    frame = load(FIXTURES / "google_benchmark" / "plain.json")
    assert len(frame) == len(reported) - 1  # one was skipped with an error
    assert frame.attrs["notes"] == ["BM_Sum<float>/n:3/threads:1: left out: three is refused"]
    assert frame.attrs["unnamed"] == ["arg0", "arg1"]
    by_name = {one["name"]: one for one in reported}
    sort = frame[frame["subject"] == "BM_Sort"].set_index("arg0")
    assert sort["seconds_per_eval"][4096] == pytest.approx(by_name["BM_Sort/4096"]["real_time"] * 1e-9)
    assert sort["cpu_seconds_per_eval"][4096] == pytest.approx(by_name["BM_Sort/4096"]["cpu_time"] * 1e-9)
    assert sort["bytes"].tolist() == [4 * n for n in (1024, 4096, 16384, 65536)]
    join = frame[frame["subject"] == "BM_Join"].set_index(["n", "m"])
    assert join["seconds_per_eval"][256, 100] == pytest.approx(by_name["BM_Join/n:256/m:100"]["real_time"] * 1e-6)
    slow = frame[frame["subject"] == "BM_Join_unnamed"].set_index(["arg0", "arg1"])["seconds_per_eval"]
    assert slow[64, 400] == pytest.approx(by_name["BM_Join_unnamed/64/400/real_time"]["real_time"] * 1e-3)
    fixed = frame[frame["subject"] == "BM_Join_fixed"]  # /iterations:5/repeats:3, the second argument without a name
    assert means(fixed, "n", "arg1").keys() == set(itertools.product((64, 256, 1024), (100, 400)))
    assert fixed["repetition"].tolist() == [0, 1, 2] * 6
    assert set(frame[frame["subject"] == "BM_Sum<double>"]["threads"]) == {1, 2}


def test_google_benchmark_has_samples_or_else_medians_never_both() -> None:
    reported = document("google_benchmark/repetitions.json")["benchmarks"]
    frame = load(FIXTURES / "google_benchmark" / "repetitions.json")
    assert len(frame) == sum(one["run_type"] == "iteration" for one in reported)
    average = {one["run_name"]: one["real_time"] * 1e-6 for one in reported if one.get("aggregate_name") == "mean"}
    join = means(frame[frame["subject"] == "BM_Join"], "n", "m")
    assert join == pytest.approx({(n, m): average[f"BM_Join/n:{n:.0f}/m:{m:.0f}"] for n, m in join})
    alone = load(FIXTURES / "google_benchmark" / "aggregates.json")
    reported = document("google_benchmark/aggregates.json")["benchmarks"]
    medians = [one["real_time"] * 1e-6 for one in reported if one["aggregate_name"] == "median"]
    assert alone["seconds_per_eval"].tolist() == pytest.approx(medians)
    assert alone.attrs["notes"] == ["no repetitions are stored, so the median of each benchmark stands for them"]


def test_google_benchmark_arguments_without_names_are_given_some() -> None:
    named = fitted("google_benchmark/repetitions.json", "n*log(n)", "--subject", "BM_Sort", "--names", "n")
    assert named["exponents"].keys() == {"n"}
    asked = invoke("google_benchmark/repetitions.json", "n*log(n)", "--subject", "BM_Sort")
    assert asked.exit_code == 2
    assert asked.stderr == (
        "error: law 'n*log(n)': unknown name 'n'; the data have 1 factor (arg0) without a name: "
        "give names in this order, such as --names n\n"
    )
    both = fitted(
        *("google_benchmark/plain.json", "n*m", "--subject", "BM_Join_unnamed", "--names", "n,m"),
        *("--response", "cpu_seconds_per_eval", "--overhead", "1"),
    )
    assert both["n_points"] == 6


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("n,m", "--names n,m: the data have 1 factor (arg0) without a name"),
        ("arg0", "--names: must be words that are not a column yet, got 'arg0'"),
        ("a b", "--names: must be words that are not a column yet, got 'a b'"),
        ("subject", "--names: must be words that are not a column yet, got 'subject'"),
    ],
)
def test_names_that_cannot_be_used_are_refused(names: str, expected: str) -> None:
    result = invoke("google_benchmark/plain.json", "n", "--subject", "BM_Sort", "--names", names)
    assert (result.exit_code, result.stderr) == (2, f"error: {expected}\n")


def test_pyperf_values_without_warm_ups_by_the_levels_in_names() -> None:
    reported = document("pyperf/names.json")["benchmarks"]
    frame = load(FIXTURES / "pyperf" / "names.json")
    values = {
        one["metadata"]["name"]: [value for run in one["runs"] for value in run.get("values", [])] for one in reported
    }
    assert len(frame) == sum(map(len, values.values())) == 60
    sort = frame[frame["subject"] == "sort"]
    assert means(sort, "arg0") == pytest.approx(
        {n: statistics.fmean(values[f"sort-{n}"]) for n in (1000, 4000, 16000, 64000)}
    )
    join = means(frame[frame["subject"] == "join"], "n", "m")
    assert join == pytest.approx({(n, m): statistics.fmean(values[f"join_n={n:.0f}_m={m:.0f}"]) for n, m in join})
    assert len(join) == 6
    assert (sort["started_at"].diff().dropna() > 0).all()
    assert fitted("pyperf/names.json", "n*log(n)", "--subject", "sort", "--names", "n")["n_samples"] == 24


def test_pyperf_levels_in_metadata() -> None:
    frame = load(FIXTURES / "pyperf" / "metadata.json")
    assert frame.attrs["factors"] == ["n"]
    assert set(frame["subject"]) == {"sort of {n}"}
    assert fitted("pyperf/metadata.json", "n*log(n)")["n_points"] == 4


def test_hyperfine_times_by_parameters_also_where_two_have_the_same_level() -> None:
    reported = document("hyperfine/lists.json")["results"]
    frame = load(FIXTURES / "hyperfine" / "lists.json")
    assert set(frame["subject"]) == {"seq {m} {n} 1000000"}
    means_reported = {
        (one["parameters"]["kind"], int(one["parameters"]["m"]), int(one["parameters"]["n"])): one["mean"]
        for one in reported
    }
    assert means(frame, "kind", "m", "n") == pytest.approx(means_reported)
    assert fitted("hyperfine/scan.json", "n")["n_samples"] == 16
    plain = fitted("hyperfine/lists.json", "n", "--where", "kind=plain", "--where", "m=1", "--overhead", "1")
    assert (plain["n_points"], plain["n_samples"]) == (3, 12)


def test_hyperfine_levels_within_words_and_an_option_that_is_absent() -> None:
    reported = document("hyperfine/words.json")["results"]
    frame = load(FIXTURES / "hyperfine" / "words.json")
    assert set(frame["subject"]) == {"seq {option} {n}000 200000"}
    means_reported = {(one["parameters"]["option"], int(one["parameters"]["n"])): one["mean"] for one in reported}
    assert means(frame, "option", "n") == pytest.approx(means_reported)


def test_hyperfine_says_which_commands_failed() -> None:
    frame = load(FIXTURES / "hyperfine" / "failing.json")
    assert frame.attrs["notes"] == ["false: 4 of 4 runs ended with an exit code that is not 0"]


def test_what_was_left_out_is_said_beside_the_answer() -> None:
    result = invoke("google_benchmark/plain.json", "n*m", "--subject", "BM_Join")
    assert (result.exit_code, result.stderr) == (0, "note: BM_Sum<float>/n:3/threads:1: left out: three is refused\n")


def test_asv_has_samples_or_results_by_commit_and_no_skipped_points() -> None:
    frame = load(FIXTURES / "asv" / "box")
    assert frame.equals(load(FIXTURES / "asv"))
    assert frame.attrs["factors"] == ["n", "kind", "commit"]
    files = [document(f"asv/box/{path.name}") for path in sorted((FIXTURES / "asv" / "box").glob("*-*.json"))]
    for reported in files:
        results = reported["results"]["sorting.Sort.time_sorted"]
        cells = dict(zip(reported["result_columns"], results, strict=False))
        mine = frame[
            (frame["subject"] == "sorting.Sort.time_sorted") & (frame["commit"] == reported["commit_hash"][:8])
        ]
        samples = cells.get("samples") or [[value] for value in cells["result"]]
        assert mine["seconds_per_eval"].tolist() == [one for of_point in samples for one in of_point]
        assert means(mine, "n").keys() == {1000, 4000, 16000, 64000}
    join = frame[frame["subject"] == "sorting.Join.time_nested"]
    assert (320, "tuple") not in set(zip(join["n"], join["kind"], strict=True))
    assert "sorting.Join.time_nested: 1 of 6 points left out: skipped or failed" in frame.attrs["notes"]


def test_asv_without_samples_gives_medians_and_says_so() -> None:
    said = "no samples are stored, so the median of each point stands for them (--record-samples)"
    found = []
    for path in (FIXTURES / "asv" / "box").glob("*-*.json"):
        reported = document(f"asv/box/{path.name}")
        cells = dict(zip(reported["result_columns"], reported["results"]["sorting.Sort.time_sorted"], strict=False))
        assert (said in load(path).attrs["notes"]) == ("samples" not in cells)
        found.append("samples" in cells)
    assert sorted(found) == [False, True]


def test_asv_benchmarks_of_bytes_and_of_tracked_values_have_responses_of_their_own() -> None:
    frame = load(FIXTURES / "asv")
    tracked = frame[frame["subject"] == "sorting.Sort.track_comparisons"]
    assert means(tracked, "n", response="value") == {1000: 9000, 4000: 44000, 16000: 208000, 64000: 960000}
    commit = frame["commit"].iloc[0]
    bytes_of = (*("asv", "1", "--subject", "sorting.Sort.peakmem_sorted"), *("--where", f"commit={commit}"))
    found = fitted(*bytes_of, "--response", "peak_bytes")
    assert found["terms"][0]["coefficient"] == pytest.approx(2e7, rel=0.9)
    result = invoke(*bytes_of)
    assert result.stderr.splitlines()[-1].startswith("error: response: no column is named as a time; the columns are ")


@pytest.mark.parametrize("name", ["one.txt", "two.txt", "lines.jsonl"])
def test_extra_p_reads_the_same_means_out_of_its_formats(name: str) -> None:
    frame = load(FIXTURES / "extra_p" / name)
    said = (FIXTURES / "extra_p" / f"{name}.said").read_text()
    region, metric, checked = "", "", 0
    for line in said.splitlines():
        if line.startswith("Callpath: "):
            region = line.removeprefix("Callpath: ")
        elif "Metric: " in line:
            metric = {"time": "seconds_per_eval"}.get(line.partition(": ")[2], line.partition(": ")[2])
        elif point := re.search(r"point: \((.*)\) Mean: (\S+) Median: (\S+)", line):
            levels = tuple(float(level) for level in point[1].split(","))
            rows = frame[frame["subject"] == region]
            for factor, level in zip(frame.attrs["factors"], levels, strict=True):
                rows = rows[rows[factor] == level]
            values = rows[metric].dropna()
            assert values.mean() == pytest.approx(float(point[2]), rel=6e-3)  # printed to three digits
            assert values.median() == pytest.approx(float(point[3]), rel=6e-3)
            checked += 1
    assert checked == {"one.txt": 10, "two.txt": 50, "lines.jsonl": 25}[name]


def test_extra_p_is_fitted_by_region_and_metric() -> None:
    assert fitted("extra_p/one.txt", "n*log(n)", "--subject", "copy->sort")["n_samples"] == 20
    assert fitted("extra_p/lines.jsonl", "n*m")["n_points"] == 25
    counted = fitted("extra_p/two.txt", "n*m", "--response", "comparisons")
    assert counted["terms"][0]["coefficient"] == pytest.approx(1.0)


def test_tables_are_the_same_as_csv_and_as_parquet() -> None:
    frames = [load(FIXTURES / name) for name in ("csv/total.csv", "parquet/total.parquet", "parquet/ours.parquet")]
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frames[0], frame, check_dtype=False)
    assert frames[2].attrs["factors"] == ["n", "kind"]
    answers = [
        fitted(name, "n", "--overhead", "1")
        for name in ("csv/total.csv", "parquet/total.parquet", "parquet/ours.parquet")
    ]
    for found in answers[1:]:
        assert [one["n_points"] for one in found["fits"]] == [3, 3]
        for one, other in zip(found["fits"], answers[0]["fits"], strict=True):
            assert math.isclose(one["terms"][0]["coefficient"], other["terms"][0]["coefficient"], rel_tol=1e-9)


@pytest.mark.parametrize("name", [name for name in LOADABLE if "." in name])
def test_a_file_is_known_by_its_content_whatever_it_is_called(name: str, tmp_path: Path) -> None:
    original = load(FIXTURES / name)
    for ending in ("", ".txt", ".dat"):
        path = tmp_path / f"data{ending}"
        path.write_bytes((FIXTURES / name).read_bytes())
        pd.testing.assert_frame_equal(load(path), original)
