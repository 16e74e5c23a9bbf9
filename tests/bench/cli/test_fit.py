"""``fit`` on the command line: responses in units of all kinds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bptt_bench.cli.main import cli
from click.testing import CliRunner, Result


def fitted(folder: Path, name: str, *arguments: str) -> Result:
    """A law of exact values 2 n in a column of some name."""
    path = folder / "x.csv"
    path.write_text(f'n,"{name}"\n' + "".join(f"{n},{2 * n}\n" for n in (1, 2, 4, 8, 16)), encoding="utf-8")
    how = ["--response", name, "--law", "n", "--predict", "n=3000", *arguments]
    return CliRunner().invoke(cli, ["fit", str(path), *how], env={"COLUMNS": "80"})


@pytest.mark.parametrize(
    ("name", "unit", "heading", "predicted"),
    [
        ("time_ms", None, "seconds per unit", "6.00 [6.00, 6.00]\u202fs"),
        ("Time (\u00b5s)", None, "seconds per unit", "6.00 [6.00, 6.00]\u202fms"),
        ("ns/op", None, "seconds per unit", "6.00 [6.00, 6.00]\u202fµs"),
        ("rss_MB", None, "bytes per unit", "6.00 [6.00, 6.00]\u202fGB"),
        ("bytes_per_second", None, "B/s per unit", "6.00 [6.00, 6.00]\u202fkB/s"),
        ("ops", None, "1/s per unit", "6\u202f000 [6\u202f000, 6\u202f000] 1/s"),
        ("instructions", None, "instructions per unit", "6\u202f000 [6\u202f000, 6\u202f000] instructions"),
        ("comparisons_count", None, "comparisons per unit", "6\u202f000 [6\u202f000, 6\u202f000] comparisons"),
        ("latency", None, "latency per unit", "6\u202f000 [6\u202f000, 6\u202f000]"),
        ("latency", "ms", "seconds per unit", "6.00 [6.00, 6.00]\u202fs"),
        ("time_ms", "us", "seconds per unit", "6.00 [6.00, 6.00]\u202fms"),  # whoever states it knows better
        ("hits", "misses", "misses per unit", "6\u202f000 [6\u202f000, 6\u202f000] misses"),
    ],
)
def test_amounts_are_printed_in_the_unit_of_the_response(
    name: str, unit: str | None, heading: str, predicted: str, tmp_path: Path
) -> None:
    result = fitted(tmp_path, name, *(() if unit is None else ("--unit", unit)))
    assert result.exit_code == 0, result.stderr
    assert heading in result.stdout
    assert f"predicted at n = 3\u202f000: {predicted}, sound\n" in result.stdout


@pytest.mark.parametrize(("name", "unit"), [("time_ms", "ms"), ("bytes_per_second", "B/s"), ("latency", None)])
def test_the_document_has_the_unit_and_values_as_they_were_given(name: str, unit: str | None, tmp_path: Path) -> None:
    document = json.loads(fitted(tmp_path, name, "--json").stdout)
    assert (document["response"], document["unit"]) == (name, unit)
    assert document["terms"][0]["coefficient"] == pytest.approx(2)
    assert document["predictions"][0]["value"] == pytest.approx(6000)


def test_what_is_no_unit_is_one_line(tmp_path: Path) -> None:
    result = fitted(tmp_path, "latency", "--unit", "5 apples")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: --unit: must be a unit such as s, ms, us, B, MB")
    assert result.stderr.endswith("got '5 apples'\n")


def test_levels_to_predict_may_be_a_range(tmp_path: Path) -> None:
    document = json.loads(fitted(tmp_path, "time_ms", "--predict", "n=10..1000:3", "--json").stdout)
    assert [one["at"] for one in document["predictions"]] == [{"n": 3000}, {"n": 10}, {"n": 100}, {"n": 1000}]


def test_what_a_law_does_not_explain_is_said_in_text_and_document(tmp_path: Path) -> None:
    table = tmp_path / "linear.csv"
    rows = [(n, n * (1 + 0.01 * ((i * 7 + n) % 5 - 2))) for n in (100, 210, 430, 870, 1750, 3510) for i in range(5)]
    table.write_text("n,time_us\n" + "\n".join(f"{n},{time}" for n, time in rows), encoding="utf-8")
    asked = ["fit", str(table), "--law", "n*log(n)", "--versus", "n**2"]
    text = " ".join(CliRunner().invoke(cli, asked).stdout.split())
    assert "the law's own terms explain 0 % of the time at the largest point, 100 % are the overhead n" in text
    assert "against n²: undetermined: both laws fit by their overhead alone, n (" in text
    document = json.loads(CliRunner().invoke(cli, [*asked, "--json"]).stdout)
    assert document["lack_of_fit"]["kind"] == "not_testable"
    assert any(note.startswith("the law's own terms explain 0 %") for note in document["notes"])
    assert document["versus"][0]["note"] == "both laws fit by their overhead alone, n"


def test_what_is_not_identifiable_is_said_in_words(tmp_path: Path) -> None:
    table = tmp_path / "times.csv"
    table.write_text("n,seconds\n100,0.099\n200,0.205\n400,0.400\n800,0.810\n", encoding="utf-8")
    result = CliRunner().invoke(cli, ["fit", str(table), "--law", "n"])
    assert "not identifiable: 1 is" in " ".join(result.stdout.split())
    assert "(terms=" not in result.stdout


def test_the_first_line_says_what_the_data_say_of_the_law(tmp_path: Path) -> None:
    table = tmp_path / "squares.csv"
    rows = [(n, n * n * (1 + 0.01 * ((i * 7 + n) % 5 - 2))) for n in (100, 210, 430, 870, 1750, 3510) for i in range(5)]
    table.write_text("n,time_us\n" + "\n".join(f"{n},{time}" for n, time in rows), encoding="utf-8")
    first = {
        law: CliRunner().invoke(cli, ["fit", str(table), "--law", law]).stdout.splitlines()[0] for law in ("n", "n**2")
    }
    assert first["n"].startswith("the data reject n: it is off by ")
    assert first["n**2"].startswith("the data agree with n²: it is off by ")
    predicted = CliRunner().invoke(cli, ["fit", str(table), "--law", "n", "--predict", "n=100000"]).stdout
    assert "extrapolates a law that the data reject" in predicted
    assert "cannot be tested" not in predicted


def test_a_bound_that_contradicts_a_law_is_named_first(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = [f"{n},{n**2 * (1 + 0.01 * i)},0" for n in (1, 2, 4, 16, 32) for i in range(3)]
    path.write_text("\n".join(["n,time_ms,stopped", *rows, "8,6400,1"]) + "\n", encoding="utf-8")
    result = CliRunner().invoke(cli, ["fit", str(path), "--law", "n**2", "--censored", "stopped"])
    text = " ".join(result.stdout.split())
    assert text.startswith("the data reject n²: at least 6.4 s at n=8, where the law of the other points gives 64.")
    assert "agree" not in result.stdout


@pytest.mark.parametrize("command", [["fit"], ["fit", "--law", "n**2"], ["predict", "--at", "n=9"]])
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("1,,1 4,,16 -2,,4 8,,64 16,,256", "column 'n': -2"),
        ("1,,1 2,,4 nan,,16 8,,64 16,,256", "1 row is left out: no level of n"),
    ],
)
def test_levels_of_no_use_are_named_alike_everywhere(command: list[str], rows: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("n,m,seconds\n" + rows.replace(" ", "\n"), encoding="utf-8")
    result = CliRunner().invoke(cli, [command[0], str(path), *command[1:]])
    assert words in result.stderr
    assert result.exit_code == (2 if "column" in words else 0)


@pytest.mark.parametrize(
    "options", [["--law", "n*m"], ["--response", "m"], ["--where", "m=1"], ["--censored", "m", "--law", "n"]]
)
def test_a_column_in_which_nothing_stands_is_said_to_be_empty(options: list[str], tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("n,m,seconds\n1,,1\n2,,4\n4,,16\n8,,64\n16,,256\n", encoding="utf-8")
    result = CliRunner().invoke(cli, ["fit", str(path), *options])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "error: column 'm': is empty in every row; allowed are columns with values"
    )
