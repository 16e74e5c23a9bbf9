"""What the fixtures do not hold: other versions of the tools, members that are missing or wrong, hostile names."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.cli.main import cli
from bptt_bench.errors import StoreError
from bptt_bench.store.frame import load
from click.testing import CliRunner


def loaded(folder: Path, document: Any) -> pd.DataFrame:
    path = folder / "data"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return load(path)


def refusal(folder: Path, document: Any) -> str:
    with pytest.raises(StoreError) as caught:
        loaded(folder, document)
    assert str(caught.value).isprintable()
    return str(caught.value).removeprefix(f"{folder / 'data'}").removeprefix(": ")


def google(*rows: dict[str, Any]) -> dict[str, Any]:
    return {
        "context": {},
        "benchmarks": [{"real_time": 2.0, "cpu_time": 1.0, "time_unit": "us", **row} for row in rows],
    }


def pytest_json(*tests: dict[str, Any]) -> dict[str, Any]:
    return {"machine_info": {}, "benchmarks": [{"name": "t", "stats": {"data": [1.0, 2.0]}, **test} for test in tests]}


def pyperf_json(*names: str, **metadata: Any) -> dict[str, Any]:
    runs = [{"warmups": [[1, 9.0]]}, {"values": [1.0, 2.0]}]
    return {"version": "1.0", "benchmarks": [{"metadata": {"name": name, **metadata}, "runs": runs} for name in names]}


def hyperfine_json(*results: dict[str, Any]) -> dict[str, Any]:
    return {"results": [{"command": "c", "times": [1.0, 2.0], **result} for result in results]}


def asv_json(results: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"commit_hash": "c" * 40, "version": 2, "result_columns": ["result", "params"], "results": results, **more}


def test_a_google_benchmark_of_before_version_1_5_tells_aggregates_by_their_names(tmp_path: Path) -> None:
    names = ("BM_X/8", "BM_X/8", "BM_X/8_mean", "BM_X/8_stddev", "BM_X_BigO", "BM_X_RMS", "BM_mean/8")
    frame = loaded(tmp_path, google(*({"name": name} for name in names)))
    assert frame["subject"].tolist() == ["BM_X", "BM_X", "BM_mean"]
    assert frame["seconds_per_eval"].tolist() == [2e-6] * 3


def test_the_same_google_benchmark_by_two_clocks_is_two_subjects(tmp_path: Path) -> None:
    frame = loaded(tmp_path, google({"name": "BM_X/8"}, {"name": "BM_X/8/real_time"}, {"name": "BM_Y/8/manual_time"}))
    assert frame["subject"].tolist() == ["BM_X", "BM_X/real_time", "BM_Y"]


def test_parts_of_a_google_name_that_are_no_arguments_belong_to_the_subject(tmp_path: Path) -> None:
    frame = loaded(tmp_path, google({"name": "Fixture/method/float/8/-3/batch-size:4/min_time:0.5"}))
    assert frame["subject"].tolist() == ["Fixture/method/float"]
    assert frame[["arg0", "arg1", "batch_size"]].to_numpy().tolist() == [[8, -3, 4]]


def test_google_rows_that_were_skipped_are_named(tmp_path: Path) -> None:
    rows = ({"name": "BM_X/1"}, {"name": "BM_X/2", "skipped": "SKIPPED_WITH_MESSAGE", "skip_message": "too small"})
    frame = loaded(tmp_path, google(*rows))
    assert frame.attrs["notes"] == ["BM_X/2: left out: too small"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"name": "a", "time_unit": "h"}, "benchmarks[0].time_unit must be one of ns, us, ms, s, got 'h'"),
        ({"name": "a", "real_time": "x"}, "benchmarks[0].real_time must be a number, got 'x'"),
        ({"name": 7}, "benchmarks[0].name must be text, got 7"),
        ({}, "benchmarks[0] lacks 'name'"),
        ({"name": "a", "real_time": 10**400}, "benchmarks[0].real_time is a number of hundreds of digits"),
        ({"name": "a", "real_time": math.nan, "cpu_time": math.nan}, "holds no sample that is a finite number"),
    ],
)
def test_google_members_that_are_wrong_are_named(tmp_path: Path, row: dict[str, Any], expected: str) -> None:
    assert refusal(tmp_path, google(row)) == expected


def test_numbers_beside_a_parametrised_test_are_responses_and_else_factors(tmp_path: Path) -> None:
    info = {"comparisons": 7, "backend": "x"}
    frame = loaded(tmp_path, pytest_json({"params": {"n": 3}, "extra_info": info}))
    assert frame.attrs["factors"] == ["n"]
    assert frame["comparisons"].tolist() == [7, 7]
    frame = loaded(tmp_path, pytest_json({"params": None, "extra_info": info}))
    assert frame.attrs["factors"] == ["comparisons", "backend"]


def test_numbers_beside_a_parametrised_test_get_safe_names(tmp_path: Path) -> None:
    plain = loaded(tmp_path, pytest_json({"params": {"n": 3}}))
    info = {"seconds_per_eval": 9.0, "\x1b[2J": 1}
    frame = loaded(tmp_path, pytest_json({"params": {"n": 3}, "extra_info": info}))
    assert frame.columns.tolist() == [*plain.columns, "seconds_per_eval_", "p_2J"]
    assert frame["seconds_per_eval"].tolist() == plain["seconds_per_eval"].tolist()


def test_a_point_that_a_test_states_takes_precedence_over_its_parameters(tmp_path: Path) -> None:
    info = {"subject": "naive", "point": {"V": 10, "T": 3}, "law": "T*V", "counts": {"multiply_adds": 30}}
    frame = loaded(tmp_path, pytest_json({"name": "t[naive-V=10]", "params": {"cell": "x"}, "extra_info": info}))
    assert frame.attrs["factors"] == ["V", "T"]
    assert frame.columns.tolist() == ["subject", "V", "T", "repetition", "seconds_per_eval"]
    assert set(frame["subject"]) == {"naive"}


def test_parameters_and_the_point_of_a_marked_test_both_count(tmp_path: Path) -> None:
    tests = [
        {
            "name": f"t[{how}-{n}]",
            "param": f"{how}-{n}",
            "params": {"how": how, "n": n},
            "extra_info": {"point": {"n": n}, "law": "n"},
        }
        for how in ("list", "tuple")
        for n in (10, 20)
    ]
    frame = loaded(tmp_path, pytest_json(*tests))
    assert frame.attrs["factors"] == ["how", "n"]
    assert frame["subject"].unique().tolist() == ["t"]
    assert frame["how"].tolist() == ["list"] * 4 + ["tuple"] * 4
    assert frame["repetition"].tolist() == [0, 1] * 4


def test_words_beside_a_parametrised_test_are_a_category_where_they_alone_differ(tmp_path: Path) -> None:
    def tests(*infos: dict[str, Any]) -> dict[str, Any]:
        return pytest_json(
            *({"name": f"t[{i}]", "param": str(i), "params": {"n": 3}, "extra_info": x} for i, x in enumerate(infos))
        )

    frame = loaded(tmp_path, tests({"backend": "x", "host": "h"}, {"backend": "y", "host": "h"}))
    assert frame.attrs["factors"] == ["backend", "n"]
    frame = loaded(tmp_path, tests({}, {}))  # nothing says how they differ but their names
    assert frame["subject"].tolist() == ["t[0]"] * 2 + ["t[1]"] * 2


def test_tests_of_one_name_in_two_files_are_two_subjects(tmp_path: Path) -> None:
    tests = [{"name": "t[3]", "param": "3", "fullname": f"{home}.py::t[3]", "params": {"n": 3}} for home in "ab"]
    assert loaded(tmp_path, pytest_json(*tests))["subject"].tolist() == ["a.py::t"] * 2 + ["b.py::t"] * 2


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([1, 2.5], [1.0, 2.5]),
        (["10", "1e3"], [10.0, 1000.0]),
        ([1, "a"], ["1", "a"]),
        ([True, False], ["true", "false"]),
        ([1, None], [1.0, None]),
        ([[1], {"a": 2}], ["[1]", '{"a": 2}']),
        ([2**60, 1], [hex(2**60), "1"]),
        ([math.inf, 1], ["Infinity", "1"]),
        (["1_000", "٣"], ["1_000", "٣"]),
        ([True, [1], "1K"], ["true", "[1]", "1K"]),
    ],
)
def test_levels_are_numbers_where_all_of_them_are(tmp_path: Path, levels: list[Any], expected: list[Any]) -> None:
    frame = loaded(tmp_path, pytest_json(*({"params": {"n": level}, "stats": {"mean": 1.0}} for level in levels)))
    assert frame["n"].astype(object).where(frame["n"].notna(), None).tolist() == expected


def test_names_that_no_law_can_have_are_changed_and_columns_of_ours_are_not_taken(tmp_path: Path) -> None:
    params = {"batch-size": 1, "stage": 2, "lambda": 3, "seconds_per_eval": 4, "\x1b[2J": 5, "batch_size": 6}
    frame = loaded(tmp_path, pytest_json({"params": params}))
    assert frame.attrs["factors"] == ["batch_size", "stage_", "lambda_", "seconds_per_eval_", "p_2J", "batch_size_2"]
    assert frame["seconds_per_eval"].tolist() == [1.0, 2.0]


def test_hostile_names_are_printable_short_and_still_differ(tmp_path: Path) -> None:
    names = ["x" * 5000, "x" * 5000 + "y", "\x1b[31mred\u202e", "a\nb", "\ud800"]
    frame = loaded(tmp_path, pytest_json(*({"name": name} for name in names)))
    subjects = frame["subject"].unique().tolist()
    assert len(subjects) == len(names)
    assert all(name.isprintable() and len(name) <= 160 for name in subjects)
    assert subjects[2:] == ["\\x1b[31mred\\u202e", "a\\nb", "\\ud800"]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ({"stats": {}}, "benchmarks[0].stats has none of data, median, mean"),
        ({"stats": {"data": [1, "x"]}}, "benchmarks[0].stats.data[1] must be a number, got 'x'"),
        ({"stats": {"data": "x"}}, "benchmarks[0].stats.data must be a list, got 'x'"),
        ({"params": []}, "benchmarks[0].params must be an object, got a list"),
        ({"params": {f"p{i}": 1 for i in range(80)}}, "must have at most 60 factors and responses, got 81"),
    ],
)
def test_pytest_members_that_are_wrong_are_named(tmp_path: Path, test: dict[str, Any], expected: str) -> None:
    assert refusal(tmp_path, pytest_json(test)) == expected


def test_samples_that_are_no_numbers_are_left_out_and_counted(tmp_path: Path) -> None:
    frame = loaded(tmp_path, pytest_json({"stats": {"data": [1.0, math.nan, None, math.inf]}}))
    assert frame["seconds_per_eval"].tolist() == [1.0]
    assert frame.attrs["notes"] == ["3 samples without a finite number are left out"]


def test_numbers_in_pyperf_names_are_levels_where_they_vary(tmp_path: Path) -> None:
    frame = loaded(tmp_path, pyperf_json("sha_256", "list 10 of 5", "list 20 of 5", "f(n=3, m=4)"))
    assert list(dict.fromkeys(frame["subject"])) == ["sha_256", "list of 5", "f"]
    assert frame.attrs["factors"] == ["arg0", "n", "m"]
    assert frame["arg0"].dropna().unique().tolist() == [10, 20]


def test_pyperf_units_other_than_seconds_are_other_responses(tmp_path: Path) -> None:
    assert loaded(tmp_path, pyperf_json("a", unit="byte"))["peak_bytes"].tolist() == [1.0, 2.0]
    assert refusal(tmp_path, pyperf_json("a", unit="mile")) == (
        "benchmarks[0] must have one of the units second, byte, integer, got 'mile'"
    )


def test_pyperf_values_without_end_have_no_times_and_give_no_warning(tmp_path: Path) -> None:
    document = pyperf_json("a")
    runs = [{"metadata": {"date": "2026-01-02 03:04:05"}, "values": [1.0, value, 1.0]} for value in (math.inf, 1e308)]
    document["benchmarks"][0]["runs"] = runs * 2  # found by the fuzzer: infinity less infinity
    frame = loaded(tmp_path, document)
    assert "started_at" not in frame.columns
    assert len(frame) == 10


def test_a_pyperf_file_of_calibrations_alone_holds_nothing(tmp_path: Path) -> None:
    document = {"version": "1.0", "metadata": {}, "benchmarks": [{"runs": [{"warmups": [[1, 1.0]]}]}]}
    assert refusal(tmp_path, document) == "holds no measurement"


def test_hyperfine_commands_without_parameters_are_distinguished_by_their_numbers(tmp_path: Path) -> None:
    frame = loaded(tmp_path, hyperfine_json({"command": "seq 10"}, {"command": "seq 20"}))
    assert frame["subject"].tolist() == ["seq"] * 4
    assert frame["arg0"].tolist() == [10, 10, 20, 20]


@pytest.mark.parametrize(
    ("template", "levels"),
    [
        ("make -j{n} data{n}.txt", {"n": "1", "m": "0"}),  # within words
        ("test {n} -lt 2", {"n": "2", "m": "0"}),  # a level that is there by chance
        ("sort -k2 x{n}k {m}", {"n": "2", "m": "2"}),
        ("sort {m} f{n}", {"n": "1", "m": ""}),  # an option that is absent at one level
        ("named by hand", {"n": "1", "m": "0"}),
    ],
)
def test_hyperfine_commands_are_one_subject_wherever_their_levels_stand(
    tmp_path: Path, template: str, levels: dict[str, str]
) -> None:
    points = [{"n": n, "m": m} for n in (levels["n"], "17", "34") for m in (levels["m"], "-r")]
    commands = [template.replace("{n}", point["n"]).replace("{m}", point["m"]) for point in points]
    results = ({"command": one, "parameters": point} for one, point in zip(commands, points, strict=True))
    frame = loaded(tmp_path, hyperfine_json(*results))
    assert set(frame["subject"]) == {template}


def test_a_command_that_is_a_list_of_numbers_is_no_point_and_read_in_linear_time(tmp_path: Path) -> None:
    commands = ("1 " * 200_000, "2 " * 200_000)  # took minutes while each number asked how many came before it
    frame = loaded(tmp_path, hyperfine_json(*({"command": command} for command in commands)))
    assert frame.attrs["factors"] == []
    assert frame["subject"].nunique() == 2


def test_commands_full_of_levels_are_read_in_linear_time(tmp_path: Path) -> None:
    commands = [f"{'ab' * 5000}{i}" for i in range(2000)]  # took 35 s while each level within a word was replaced
    parameters = {"parameters": {"n": "a", "m": "b"}}
    frame = loaded(tmp_path, hyperfine_json(*({"command": command, **parameters} for command in commands)))
    assert frame["subject"].nunique() == len(commands)


def test_hyperfine_memory_is_a_response_and_a_mean_stands_for_times_that_are_missing(tmp_path: Path) -> None:
    frame = loaded(
        tmp_path, hyperfine_json({"memory_usage_byte": [8, 9]}, {"command": "d", "times": None, "mean": 3.0})
    )
    np.testing.assert_equal(frame["peak_bytes"].to_numpy(), [8.0, 9.0, np.nan])
    assert frame["seconds_per_eval"].tolist() == [1.0, 2.0, 3.0]
    assert frame.attrs["notes"] == [
        "no single times are stored, so the median (or mean) of each command stands for them"
    ]


def test_levels_that_stand_for_multiples_are_numbers_and_reported(tmp_path: Path) -> None:
    results = ({"command": f"run {n}", "parameters": {"n": n}} for n in ("512", "1K", "2K"))
    frame = loaded(tmp_path, hyperfine_json(*results))
    assert frame["n"].tolist() == [512, 512, 1000, 1000, 2000, 2000]
    assert frame.attrs["notes"] == ["factor 'n': levels such as '1K' are read as 1000"]
    results = ({"command": f"run {n}", "parameters": {"n": n}} for n in ("fast", "1K", "1000"))
    assert loaded(tmp_path, hyperfine_json(*results))["n"].unique().tolist() == ["fast", "1K", "1000"]


def test_hyperfine_memory_that_is_not_of_each_run_is_left_out_and_reported(tmp_path: Path) -> None:
    frame = loaded(tmp_path, hyperfine_json({"memory_usage_byte": [8]}))
    assert "peak_bytes" not in frame.columns
    assert frame.attrs["notes"] == ["c: memory_usage_byte left out, for it is not that of each run"]


def test_asv_without_its_benchmarks_numbers_the_parameters(tmp_path: Path) -> None:
    frame = loaded(tmp_path, asv_json({"m.time_x": [[1.0, None, 3.0], [["1", "2", "3"]]]}))
    assert frame["arg0"].tolist() == [1, 3]
    assert frame.attrs["unnamed"] == ["arg0"]
    assert any("benchmarks.json is not there" in note for note in frame.attrs["notes"])


def asv_of(folder: Path, versions: dict[str, str], described: str, names: list[str]) -> Path:
    """Results of exactly n² nanoseconds (n in the first place) of some commits, and a description of one version."""
    machine = folder / "results" / "box"
    machine.mkdir(parents=True)
    (machine / "machine.json").write_text("{}")
    (machine.parent / "benchmarks.json").write_text(
        json.dumps({"s.time_x": {"code": "", "param_names": names, "version": described, "unit": "seconds"}})
    )
    n, m = [10, 20, 40, 80, 160], [1, 2, 3]
    seconds = [1e-9 * one**2 for one in n for _ in m]
    for commit, version in versions.items():
        row = [seconds, [list(map(str, n)), list(map(str, m))], version]
        document = {**asv_json({"s.time_x": row}), "commit_hash": commit * 40}
        document["result_columns"] = ["result", "params", "version"]
        (machine / f"{commit}.json").write_text(json.dumps(document))
    return machine


def test_asv_parameters_of_another_version_are_named_by_their_place(tmp_path: Path) -> None:
    path = asv_of(tmp_path, {"a": "old"}, "new", ["m", "n"])  # which once were n and m
    frame = load(path)
    assert frame.attrs["factors"] == frame.attrs["unnamed"] == ["arg0", "arg1"]
    assert frame.attrs["notes"][0] == (
        "s.time_x: benchmarks.json describes another version of it than old, so its parameters have no names here "
        "(arg0, arg1); --names gives them some"
    )
    asked = CliRunner().invoke(cli, ["fit", str(path), "--law", "n**2"])
    assert asked.exit_code == 2
    assert "the data have 2 factors (arg0, arg1) without a name: give names in this order" in asked.stderr
    named = CliRunner().invoke(cli, ["fit", str(path), "--law", "n**2", "--names", "n,m", "--overhead", "1", "--json"])
    assert json.loads(named.stdout)["terms"][0]["coefficient"] == pytest.approx(1e-9)
    assert "describes another version" in named.stderr


def test_asv_versions_of_a_benchmark_are_subjects_of_their_own(tmp_path: Path) -> None:
    frame = load(asv_of(tmp_path, {"a": "old", "b": "new"}, "new", ["n", "m"]))
    assert frame.groupby("subject")["commit"].unique().map(list).to_dict() == {
        "s.time_x": ["bbbbbbbb"],
        "s.time_x (version old)": ["aaaaaaaa"],
    }
    described = frame[frame["subject"] == "s.time_x"]
    assert described[["n", "m"]].notna().all(axis=None)
    assert described[["arg0", "arg1"]].isna().all(axis=None)


def test_asv_parameters_of_one_name_and_of_ours_are_not_merged(tmp_path: Path) -> None:
    frame = load(asv_of(tmp_path / "twice", {"a": "v"}, "v", ["n", "n"]))
    assert frame.attrs["factors"] == ["arg0", "arg1"]
    frame = load(asv_of(tmp_path / "commit", {"a": "v", "b": "v"}, "v", ["n", "commit"]))
    assert frame.attrs["factors"] == ["n", "commit", "commit_2"]
    row = [[1.0, 2.0], [["'10'", "10"]]]
    assert loaded(tmp_path, asv_json({"m.time_x": row}))["arg0"].tolist() == ["'10'", "10"]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (asv_json({}, version=1), "must have version 2, got '1' (asv update brings older files up to date)"),
        (asv_json({"a": [[1.0], [["1", "2"]]]}), "results.a has 1 results; its parameters have 2 points"),
        (asv_json({"a": [[1.0], [["1"] * 1000] * 100]}), "results.a has 1 results; its parameters have "),
        (asv_json({"a": [None]}), "holds no measurement (benchmarks.json is not there, so parameters have no names"),
        (asv_json({"a": 1}), "results.a must be a list, got 1"),
    ],
)
def test_asv_members_that_are_wrong_are_named(tmp_path: Path, document: Any, expected: str) -> None:
    assert refusal(tmp_path, document).startswith(expected)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("PARAMETER n\nPOINTS 1 2\nDATA 1\nDATA 2\nDATA 3\n", " line 5: has DATA for more points than the 2 of POINTS"),
        ("PARAMETER n\nPOINTS 1 x\n", " line 2: 'x' is not a number"),
        ("PARAMETER n m\nPOINTS (1 2) (3)\n", " line 2: a point has 1 levels; 2 parameters are named"),
        ("PARAMETER n\nPOINTS 1 (2)\n", " line 2: has '1' outside of parentheses"),
        ("POINTS 1\n", " line 1: has points before any PARAMETER"),
        ("PARAMETER a b c d e\n", " line 1: must name at most 4 parameters, each once"),
        ("PARAMETER n\nWORDS 1\n", " line 2: must begin with one of PARAMETER, POINTS, REGION, METRIC, DATA"),
        ("PARAMETER n\nPOINTS 1\n", "holds no measurement"),
        ('{"params": {"n": 1}, "value": 1}\n{"params": {"m": 1}, "value": 1}\n', "line 2.params has other parameters"),
        ('{"params": {"n": "x"}, "value": 1}\n', "line 1.params.n must be a number, got 'x'"),
        ('{"params": {"n": 1}, "value": 1}\n{"params"', " line 2: is broken JSON: Expecting ':' delimiter (column 10)"),
    ],
)
def test_extra_p_lines_that_are_wrong_are_named(tmp_path: Path, content: str, expected: str) -> None:
    assert refusal(tmp_path, content).startswith(expected)


def test_extra_p_metrics_that_are_no_times_keep_their_names(tmp_path: Path) -> None:
    frame = loaded(
        tmp_path, "PARAMETER n\nPOINTS (1) (2)\nMETRIC bytes sent\nDATA 5\nDATA 6\nMETRIC time\nDATA 1\nDATA 2\n"
    )
    assert frame[["bytes_sent", "seconds_per_eval"]].to_numpy().tolist() == [[5.0, 1.0], [6.0, 2.0]]
    lines = '\n\n{"params": {"n": 1}, "value": 1}\n\n{"params": {"n": 2}, "value": [2, 3]}\n'
    assert loaded(tmp_path, lines)[["n", "value"]].to_numpy().tolist() == [[1, 1], [2, 2], [2, 3]]


def test_a_table_may_be_wide_but_not_endless(tmp_path: Path) -> None:
    wide = ",".join(f"c{i}" for i in range(2000))
    assert refusal(tmp_path, f"{wide}\n{wide}\n") == " line 1: must name at most 1000 columns, got 2000"


def test_names_in_a_table_do_not_control_the_terminal(tmp_path: Path) -> None:
    frame = loaded(tmp_path, "n,\x1b[31m,kind\n1,2,\x1b[2J\n")
    assert frame.columns.tolist() == ["n", "\\x1b[31m", "kind"]
    assert frame["kind"].tolist() == ["\\x1b[2J"]
