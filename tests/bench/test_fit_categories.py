"""``fit`` on tables and runs with categories: one fit each, ``--where`` selects, and one fit looks as it ever did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bptt_bench.cli.main import cli
from click.testing import CliRunner, Result

HEADER = "n,d,dtype,seconds_per_eval\n"
CONTRACT = [
    *("law", "response", "unit", "n_points", "n_samples", "terms", "exponents", "noise", "error", "lack_of_fit"),
    *("predictions", "versus"),
]


@pytest.fixture
def data(tmp_path: Path, rng: np.random.Generator) -> Path:
    """n·d nanoseconds, twice that for f64, d at two levels."""
    path = tmp_path / "times.csv"
    lines = [
        f"{n},{d},{dtype},{c * n * d * np.exp(0.01 * rng.standard_normal())}"
        for dtype, c in (("f64", 2e-9), ("f32", 1e-9))
        for n in (100, 200, 400, 800, 1600)
        for d in (10, 100)
        for _ in range(3)
    ]
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return path


def fit(data: Path, *options: str) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["fit", str(data), "--law", "n*d", *options])


def document(data: Path, *options: str) -> Any:
    result = fit(data, *options, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_several_categories_have_a_fit_each(data: Path) -> None:
    found = document(data, "--predict", "n=3200,d=10", "--versus", "n**2*d")
    assert list(found) == ["by", "fits", "left_out", "notes"]
    assert found["by"] == ["dtype"]
    assert [one["category"] for one in found["fits"]] == [{"dtype": "f32"}, {"dtype": "f64"}]
    for one, c in zip(found["fits"], (1e-9, 2e-9), strict=True):
        assert [name for name in one if name != "category"] == [*CONTRACT, "notes"]
        assert one["terms"][0]["coefficient"] == pytest.approx(c, rel=0.02)
        assert one["n_samples"] == 30
        assert one["predictions"][0]["value"] == pytest.approx(c * 32_000, rel=0.05)
        assert one["versus"][0]["decision"] == "this"


def test_a_prediction_that_names_a_category_is_of_that_alone(data: Path) -> None:
    asked = ("--predict", "n=3200,d=10,dtype=f64", "--predict", "n=3200,d=20")
    for law in ((), ("--versus", "n")):
        f32, f64 = document(data, *asked, *law)["fits"]
        assert [one["at"] for one in f32["predictions"]] == [{"n": 3200, "d": 20}]
        assert [one["at"] for one in f64["predictions"]] == [{"n": 3200, "d": 10}, {"n": 3200, "d": 20}]
        assert f64["predictions"][0]["value"] == pytest.approx(2e-9 * 32_000, rel=0.05)


def test_a_prediction_at_a_category_that_was_not_measured_is_refused(data: Path) -> None:
    result = fit(data, "--predict", "n=3200,d=10,dtype=f16")
    assert result.exit_code == 2
    assert result.stderr.endswith(
        "error: --predict 'n=3200,d=10,dtype=f16': nothing was measured at dtype=f16; there are dtype=f32, dtype=f64\n"
    )


def test_where_selects_and_one_fit_is_the_contract_alone(data: Path) -> None:
    found = document(data, "--where", "dtype=f64")
    assert list(found) == [*CONTRACT, "notes"]
    assert found["terms"][0]["coefficient"] == pytest.approx(2e-9, rel=0.02)
    both = document(data, "--where", "dtype = f32", "--where", "d=1e2")
    assert (both["n_points"], both["exponents"]["d"]["at"]["d"]) == (5, 100)


def test_a_subject_at_its_categories_goes_by_the_name_that_tables_give_it(data: Path) -> None:
    rows = data.read_text().replace("n,d", "subject,n,d", 1).splitlines()
    data.write_text("\n".join([rows[0], *(f"{name},{row}" for row in rows[1:] for name in ("sort", "other"))]))
    found = document(data, "--subject", "sort [dtype=f64]")
    assert found["n_samples"] == 30
    assert found["terms"][0]["coefficient"] == pytest.approx(2e-9, rel=0.02)
    result = fit(data, "--subject", "sort [dtype=f16]")
    assert result.exit_code == 2
    assert "--subject 'sort [dtype=f16]': unknown; the subjects are sort, other" in result.stderr


def test_where_with_one_name_twice_means_either(data: Path) -> None:
    assert "by" in document(data, "--where", "dtype=f32", "--where", "dtype=f64")
    assert document(data, "--where", "dtype=f32", "--where", "n=100", "--where", "n=1600")["n_points"] == 4


def test_tables_stand_under_their_category_with_the_coefficients_side_by_side(data: Path) -> None:
    text = fit(data).stdout
    heading, other, beside = text.index("dtype=f32\n"), text.index("dtype=f64\n"), text.rindex("term  category")
    assert heading < other < beside
    first, second, *_ = text[beside:].splitlines()[2:]
    assert first.split()[:2] == ["n·d", "dtype=f32"]
    assert second.split()[0] == "dtype=f64"
    assert second.endswith("yes" + " " * (len(second) - len(second.rstrip())))
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("dtype=f16", "error: --where 'dtype=f16': no row has this level; the levels are f64, f32"),
        ("colour=red", "error: --where 'colour=red': no such column; the columns are n, d, dtype, seconds_per_eval"),
        ("dtype", "error: --where 'dtype': is not of the form NAME=LEVEL, such as dtype=float32"),
        ("dtype=", "is not of the form NAME=LEVEL"),
        ("=f32", "is not of the form NAME=LEVEL"),
        ("n=many", "error: --where 'n=many': no row has this level; the levels are 100, 200, 400, 800, 1600"),
        ("n=nan", "error: --where 'n=nan': no row has this level"),
    ],
)
def test_what_where_cannot_select_is_one_line(data: Path, where: str, reason: str) -> None:
    result = fit(data, "--where", where)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_category_that_cannot_be_fitted_is_named_and_stops_no_other(data: Path) -> None:
    with data.open("a") as file:
        file.write("100,10,f16,1e-6\n" * 2)
    reason = "points: 1 is too few for law 'n*d' of 1 term; allowed are 2 or more"
    found = document(data)
    assert [one["category"] for one in found["fits"]] == [{"dtype": "f32"}, {"dtype": "f64"}]
    assert found["left_out"] == [{"category": {"dtype": "f16"}, "reason": reason}]
    assert f"left out: dtype=f16: {reason}" in " ".join(fit(data).stdout.split())
    assert document(data, "--where", "dtype=f32", "--where", "dtype=f64")["left_out"] == []


def test_where_no_category_can_be_fitted_the_first_says_why(data: Path) -> None:
    data.write_text(HEADER + "100,10,f16,1e-6\n" * 2 + "100,10,f8,1e-6\n" * 2)
    result = fit(data)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: dtype=f16: points: 1 is too few for law 'n*d' of 1 term")
    assert result.stderr.endswith("; nor can it be fitted to 1 more\n")


def test_predict_answers_for_the_other_categories_too(data: Path) -> None:
    with data.open("a") as file:
        file.write("100,10,f16,1e-6\n" * 2)
    command = ["predict", str(data), "--law", "n*d", "--at", "n=3200,d=10", "--json"]
    result = CliRunner().invoke(cli, command)
    assert result.exit_code == 0, result.output
    *others, left_out = json.loads(result.stdout)
    assert [one["value"] for one in others] == pytest.approx([3.2e-5, 6.4e-5], rel=0.05)
    assert (left_out["subject"], left_out["value"]) == ("times.csv [dtype=f16]", None)
    assert left_out["note"] == "left out: points: 1 is too few for law 'n*d' of 1 term; allowed are 2 or more"


def test_a_factor_that_varies_and_is_not_in_the_law_is_mentioned(data: Path) -> None:
    command = ["fit", str(data), "--law", "n", "--where", "dtype=f32", "--overhead", "1"]
    words = "the law does not name 'd', which varies (10, 100); --where selects, --ignore d takes all as one"
    assert f"note: {words}\n" in CliRunner().invoke(cli, command).stderr
    assert words in json.loads(CliRunner().invoke(cli, [*command, "--json"]).stdout)["notes"]
    assert words not in document(data, "--where", "dtype=f32")["notes"]
