"""``predict`` on the command line: tables that fit, one JSON document, one line about what cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bptt_bench.cli.main import cli
from click.testing import CliRunner, Result

REFERENCE = Path(__file__).resolve().parents[3] / "results" / "reference"
FAMILY = REFERENCE.parent / "family"
AT = "V=10000,d=100,H=100"
OUTER = """
import bptt_bench as bench
import numpy as np

def prepare(point):
    values = np.ones(point["n"])
    return lambda: values + values

EXPERIMENT = bench.experiment(prepare, n=[100, 1000])
"""


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["predict", *map(str, arguments)], env={"COLUMNS": "80"})


@pytest.fixture
def times(tmp_path: Path) -> Path:
    path = tmp_path / "times.csv"
    rows = "".join(f"{n},{n * 1e-3!r}\n" for n in (1, 2, 4, 8, 16, 32) for _ in range(3))
    path.write_text(f"n,seconds_per_eval\n{rows}", encoding="utf-8")
    return path


def test_a_table_has_a_row_for_each_point_and_fits_80_columns() -> None:
    result = invoke(REFERENCE, "--at", f"{AT},T=100..10000:4", "--subject", "naive", "--subject", "batched")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if " at V" in line] == [
        "naive at V = 10\u202f000, d = 100, H = 100",
        "batched at V = 10\u202f000, d = 100, H = 100",
    ]
    rows = [line.split(" ")[0] for line in lines if "[" in line]
    assert rows == ["100", "464", "2\u202f154", "10\u202f000"] * 2
    assert "71× in T" in result.stdout
    assert "beyond: how many times farther than the nearest measured point" in result.stdout


def test_a_single_point_has_its_note_in_words() -> None:
    result = invoke(FAMILY, "--at", "V=10000000,d=1000,H=1000,T=10", "--subject", "fused")
    assert result.exit_code == 0, result.stderr
    words = " ".join(result.stdout.split())
    assert "fused at V = 10 000 000, d = 1 000, H = 1 000, T = 10 time memory beyond" in words
    assert "78 times farther in V than any measured point, and beyond all of them in d and H" in words


def test_json_is_one_document_of_predictions() -> None:
    result = invoke(FAMILY, "--at", f"{AT},T=35", "--subject", "fused", "--json")
    assert result.exit_code == 0
    time, memory = json.loads(result.stdout)
    assert result.stderr == "".join(f"note: {note}\n" for note in time["notes"])
    assert all("of the samples lie far above the rest" in note for note in time["notes"])  # on a busy machine
    assert (time["subject"], time["response"], memory["response"]) == ("fused", "seconds_per_eval", "allocated_bytes")
    for one in (time, memory):
        assert list(one) == [
            "subject",
            "response",
            "unit",
            "at",
            "value",
            "low",
            "high",
            "farther",
            "grade",
            "note",
            "evidence",
            "notes",
        ]
        assert one["low"] < one["value"] < one["high"]
        assert one["at"] == {"V": 10000, "d": 100, "H": 100, "T": 35}


def test_the_inverse_answers_with_safe_and_optimistic(times: Path) -> None:
    result = invoke(times, "--law", "n", "--largest", "n", "--within", "1.0005s", "--json")
    assert result.exit_code == 0
    (one,) = json.loads(result.stdout)
    assert result.stderr.startswith("note: repetitions are identical")
    assert len(one["notes"]) == 1
    assert (one["subject"], one["factor"], one["within"], one["at"]) == ("times.csv", "n", 1.0005, {})
    assert one["low"] <= one["largest"] == 1000 <= one["high"]
    table = invoke(times, "--law", "n", "--largest", "n", "--within", "1.0005s").stdout
    assert table.splitlines()[0] == "times.csv"
    assert "largest n" in table
    assert "31 times farther in n than any measured point" in table


@pytest.mark.parametrize("budget", ["1ns", "1h"])
def test_a_budget_that_no_level_meets_or_exceeds_needs_no_law(times: Path, budget: str) -> None:
    found = invoke(times, "--largest", "n", "--within", budget)
    assert found.exit_code == 0, found.output


def test_the_inverse_in_memory_has_a_row_for_what_is_declared() -> None:
    result = invoke(FAMILY, "--largest", "T", "--within", "2GB", "--at", AT, "--subject", "rtrl")
    assert result.exit_code == 0, result.stderr
    rows = [line for line in result.stdout.splitlines() if line.startswith(("memory", "working set"))]
    assert rows[0].split()[0] == "memory"
    assert rows[1].startswith("working set (declared)")
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_an_answer_that_there_is_not_says_why(times: Path) -> None:
    result = invoke(times, "--law", "n", "--largest", "n", "--within", "1us")
    assert result.exit_code == 0
    assert "exceeds 1us even at n=1: 1 ms" in result.stdout
    assert "–" in result.stdout


def of_a_column(folder: Path, name: str) -> Path:
    """Exact times of 2 n in a column of some name."""
    path = folder / "x.csv"
    path.write_text(f'n,"{name}"\n' + "".join(f"{n},{2 * n}\n" for n in (1, 2, 4, 8, 16)), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "unit", "symbol", "shown", "largest"),
    [
        ("time_ms", None, "ms", "200\u202fms", 500),
        ("time [\u03bcs]", None, "us", "200\u202fµs", 100 * 160 * 10),
        ("seconds", None, "s", "200\u202fs", None),
        ("latency", "ms", "ms", "200\u202fms", 500),
        ("seconds_per_eval", "ms", "ms", "200\u202fms", 500),
    ],
)
def test_a_response_is_predicted_in_its_unit_and_a_budget_converted_to_it(
    name: str, unit: str | None, symbol: str, shown: str, largest: int | None, tmp_path: Path
) -> None:
    how = ["--response", name, "--law", "n", *(() if unit is None else ("--unit", unit))]
    data = of_a_column(tmp_path, name)
    (one,) = json.loads(invoke(data, *how, "--at", "n=100", "--json").stdout)
    assert (one["response"], one["unit"], one["value"]) == (name, symbol, pytest.approx(200))  # never converted
    assert shown in invoke(data, *how, "--at", "n=100").stdout.replace("200 [200, 200]", "200")
    (most,) = json.loads(invoke(data, *how, "--largest", "n", "--within", "1s", "--json").stdout)
    assert most["unit"] == symbol
    assert most["within"] == {"ms": 1e3, "us": 1e6, "s": 1.0}[symbol]
    if symbol == "ms":
        assert most["largest"] == largest


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("latency", "--within '1s': the unit of latency is not known; --unit states it, such as --unit ms"),
        ("bytes_per_second", "--within '1s': bytes_per_second is counted in B/s"),
        ("ops", "--within '1s': ops is counted in 1/s"),
        ("rss_MB", "--within '1s': rss_MB is counted in MB"),
    ],
)
def test_a_time_is_no_budget_of_what_is_not_a_time(name: str, message: str, tmp_path: Path) -> None:
    how = ("--response", name, "--law", "n", "--largest", "n")
    result = invoke(of_a_column(tmp_path, name), *how, "--within", "1s")
    assert (result.exit_code, result.stderr) == (2, f"error: {message}\n")


@pytest.mark.parametrize("mu", ["\u00b5", "\u03bc"])
def test_the_two_letters_mu_are_one(mu: str, tmp_path: Path) -> None:
    path = of_a_column(tmp_path, "time_us")
    path.write_text(path.read_text(encoding="utf-8").replace("n,", f"{mu},"), encoding="utf-8")
    how = ("--response", "time_us", "--law", mu, "--json")
    (most,) = json.loads(invoke(path, *how, "--largest", mu, "--within", f"200{mu}s").stdout)
    assert most["largest"] == 100
    (one,) = json.loads(invoke(path, *how, "--at", f"{mu}=100").stdout)
    assert one["value"] == pytest.approx(200)


def test_what_has_no_unit_is_printed_without(tmp_path: Path) -> None:
    result = invoke(of_a_column(tmp_path, "latency"), "--response", "latency", "--law", "n", "--at", "n=3000")
    (row,) = (line for line in result.stdout.splitlines() if "[" in line)
    assert row.startswith("6\u202f000 [")
    assert "ks" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--at: names no point; such as --at V=10000,T=100..10000"),
        (("--at", "n"), "--at 'n': must be factor=level or factor=low..high, such as T=35, got 'n'"),
        (("--at", "n=1..1e9:10001"), "--at: must name at most 10000 points, got 10001"),
        (("--at", "n=1,m=2"), "unknown factor 'm'; the factors are n"),
        (("--at", "n=1", "--overhead", "1"), "--overhead: goes with --law"),
        (("--at", "n=1", "--block", "b"), "column 'b': missing"),
        (("--at", "n=1", "--where", "k=1"), "--where 'k=1': no such column"),
        (("--at", "n=1", "--names", "n"), "--names n: the data have no factor without a name"),
        (("--at", "n=1", "--law", "n", "--unit", "5"), "--unit: must be a unit such as s, ms, us"),
        (("--largest", "n"), "--largest and --within: go together"),
        (("--within", "1s"), "--largest and --within: go together"),
        (("--largest", "n", "--within", "2GB"), "no data: the law is one of seconds_per_eval"),
        (("--at", "n=1", "--law", "n +"), "law 'n +': cannot be read"),
        (("--at", "n=1", "--law", "n", "--subject", "x"), "the data have no column 'subject'"),
    ],
)
def test_what_cannot_be_used_ends_in_one_line(arguments: tuple[str, ...], message: str, times: Path) -> None:
    law = () if {"--law", "--overhead", "--block", "--where", "--names", "--unit"} & set(arguments) else ("--law", "n")
    result = invoke(times, *law, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_table_without_a_law_is_predicted_by_all_that_fit(times: Path) -> None:
    result = invoke(times, "--at", "n=4000", "--json")
    assert result.exit_code == 0, result.output
    (one,) = json.loads(result.stdout)
    assert one["low"] < one["value"] < one["high"]


def test_help_has_an_example() -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    assert "Example: bptt-bench predict" in result.stdout


def test_two_populations_are_named_and_no_interval_is_said_to_be_of_one_sample(tmp_path: Path) -> None:
    rows = [(n, n * (1 + 0.001 * (i % 3)) * (1 if i % 2 else 2)) for n in (100, 200, 400, 800, 1600) for i in range(12)]
    table = tmp_path / "two.csv"
    table.write_text("n,time_us\n" + "\n".join(f"{n},{time}" for n, time in rows), encoding="utf-8")
    asked = (table, "--law", "n", "--at", "n=3000")
    result = invoke(*asked)
    assert "of the samples lie far above the rest: the figures describe the faster ones alone" in result.stderr
    assert "Intervals are those of the faster samples alone" in result.stdout
    assert "one sample" not in result.stdout
    assert any("far above the rest" in note for note in json.loads(invoke(*asked, "--json").stdout)[0]["notes"])


def test_a_prediction_says_for_which_host_it_is(tmp_path: Path) -> None:
    slowness = {"alpha": 1.0, "beta": 1.5}
    rows = [
        (host, n, n * slow * (1 + 0.002 * i))
        for host, slow in slowness.items()
        for n in (100, 200, 400, 800, 1600)
        for i in range(5 if host == "alpha" else 3)
    ]
    table = tmp_path / "hosts.csv"
    table.write_text("host,n,time_us\n" + "\n".join(f"{h},{n},{time}" for h, n, time in rows), encoding="utf-8")
    result = invoke(table, "--law", "n", "--at", "n=3000")
    assert "note: coefficients and predictions are those of host alpha" in result.stderr
    largest = invoke(table, "--law", "n", "--largest", "n", "--within", "1s", "--json")
    assert "coefficients and predictions are those of host alpha" in json.loads(largest.stdout)[0]["notes"]


def test_the_counts_of_a_run_without_time_or_law_are_predicted(tmp_path: Path) -> None:
    experiment = tmp_path / "outer.py"
    experiment.write_text(OUTER)
    counted = CliRunner().invoke(
        cli, ["run", str(experiment), "--measure", "operations", "--out", str(tmp_path / "run")]
    )
    assert counted.exit_code == 0, counted.stderr
    for options in ([], ["--response", "operations_count"], ["--law", "n"]):
        result = invoke(tmp_path / "run", "--at", "n=5000", *options, "--json")
        assert result.exit_code == 0, result.stderr
        (one,) = json.loads(result.stdout)
        assert (one["response"], round(one["value"])) == ("operations_count", 5000)
    result = invoke(tmp_path / "run", "--at", "n=5000", "--response", "seconds_per_eval")
    assert result.exit_code == 2
    assert "the data have 'operations_count': --response operations_count" in result.stderr
