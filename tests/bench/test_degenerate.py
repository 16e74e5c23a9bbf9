"""Tables and laws that nobody would fit: an honest answer or one clear line, no traceback, no warning."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from bptt_bench.cli.main import cli
from click.testing import CliRunner, Result
from hypothesis import given, settings

LAWS = (
    *("1", "n", "m", "n**2", "n*m", "n + m", "n/m", "1/n", "n**-2", "sqrt(n)", "n**0.5*m", "max(n, m)", "min(n, m)"),
    *("log(n)", "n*log(n)", "log(log(n))", "n*(n-1)", "n/(n-1)", "(n-1)*(m-1)", "log(n)*log(m)", "n - m", "0*n"),
    *("2**n", "n**40", "n**n", "1e300*n", "1e-300*n", "n + n**2 + n**3 + n**4", "n + 2*n", "n**0"),
)
LEVELS = st.one_of(
    st.sampled_from([0, 1, 2, 3, 4, 8, 10, 16, 100, 1000, 10_000]),
    st.sampled_from([-1, 0.5, 1.5, 1e-12, 1e12, 2**53, 1e30, 1e300, 5e-324, "", "nan", "inf", "x", "1K"]),
)
SECONDS = st.one_of(
    st.sampled_from([1, 2, 3, 1e-12, 1e12]),
    st.floats(min_value=1e-12, max_value=1e12, allow_nan=False),
    st.sampled_from([0, -1, "nan", "inf", "", 1e300, 5e-324]),
)


def mostly(usual: Any, odd: Any) -> Any:
    """Tables of usual values, and others with odd ones among them: with many odd ones each would be refused."""
    return st.one_of(usual, usual, usual, odd)


@st.composite
def tables(draw: st.DrawFn) -> str:
    n_rows = draw(st.integers(0, 12))
    plain = st.sampled_from([1, 2, 3, 4, 8, 16, 100, 1000])
    kinds = {name: draw(mostly(st.just(plain), st.just(LEVELS))) for name in "nm"}
    seconds = draw(
        mostly(
            st.sampled_from([st.floats(0.5, 2), st.floats(1e-12, 1e12), st.just(1.0)]),
            st.just(SECONDS),
        )
    )
    rows = [[draw(kinds["n"]), draw(kinds["m"]), draw(seconds)] for _ in range(n_rows)]
    repeated = rows * draw(st.sampled_from([1, 1, 2, 3]))
    return "n,m,seconds_per_eval\n" + "".join(f"{n},{m},{seconds}\n" for n, m, seconds in repeated)


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from numbers(item)
    elif isinstance(value, float):
        yield value


def intervals(value: Any) -> Iterator[tuple[float, float, float]]:
    """Every estimate with both of its ends."""
    if isinstance(value, dict):
        middle = next((value[name] for name in ("estimate", "value", "coefficient") if name in value), None)
        if middle is not None and value.get("low") is not None and value.get("high") is not None:
            yield value["low"], middle, value["high"]
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from intervals(item)


def answer(table: str, *arguments: str) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "times.csv"
        path.write_text(table, encoding="utf-8")
        command, *options = arguments
        return CliRunner().invoke(cli, [command, str(path), *options])


def assert_honest(result: Result) -> None:
    assert result.exit_code in (0, 2), result.stderr
    assert "Traceback" not in result.output
    assert "Warning" not in result.stderr
    if result.exit_code == 2:
        assert result.stdout == ""
        assert result.stderr.splitlines()[-1].startswith("error: ")
        return
    document = json.loads(result.stdout)
    assert all(map(math.isfinite, numbers(document)))
    for low, middle, high in intervals(document):
        assert low <= middle * (1 + 1e-9) + 1e-300
        assert middle <= high * (1 + 1e-9) + 1e-300 if high >= 0 else middle <= high * (1 - 1e-9)


@given(table=tables(), law=st.sampled_from(LAWS), overhead=st.sampled_from(["auto", "auto", "1", "1 + n", "n"]))
@settings(max_examples=150, deadline=None)
def test_fits_are_honest_or_refused(table: str, law: str, overhead: str) -> None:
    options = ["--law", law, "--overhead", overhead, "--versus", "n", "--predict", "n=1,m=2", "--predict", "n=1e9,m=4"]
    assert_honest(answer(table, "fit", *options, "--json"))


@given(table=tables(), law=st.sampled_from(LAWS))
@settings(max_examples=60, deadline=None)
def test_predictions_are_honest_or_refused(table: str, law: str) -> None:
    assert_honest(answer(table, "predict", "--law", law, "--at", "n=1,m=2", "--at", "n=1000000,m=4", "--json"))


@given(table=tables(), law=st.sampled_from(LAWS))
@settings(max_examples=40, deadline=None)
def test_tables_are_printed_where_documents_are(table: str, law: str) -> None:
    result = answer(table, "fit", "--law", law)
    assert result.exit_code in (0, 2), result.stderr
    assert "Traceback" not in result.output
    assert "nan" not in result.stdout


@pytest.mark.parametrize(
    ("rows", "law", "reason"),
    [
        ("1,1,1\n", "n", "points: 1 is too few for law 'n' of 1 term; allowed are 2 or more"),
        ("1,1,1\n1,1,2\n1,1,3\n", "n", "points: 1 is too few for law 'n' of 1 term; allowed are 2 or more"),
        (
            "1,1,1\n2,1,2\n",
            "n*log(n)",
            "points: 2 are too few for law 'n*log(n) + 1' of 2 terms; allowed are 3 or more",
        ),
        ("1,1,0\n2,1,2\n3,1,2\n", "n", "column 'seconds_per_eval': 0 in data row 1; allowed are numbers above 0"),
        (
            "1,1,1\n2,1,0\n3,1,0\n",
            "n",
            (
                "column 'seconds_per_eval': 0 in data row 2; allowed are numbers above 0; 2 of 3 rows are not: leave "
                "their points out of the table, or keep the others by --where"
            ),
        ),
        ("1,1,-1\n2,1,2\n3,1,2\n", "n", "column 'seconds_per_eval': -1 in data row 1; allowed are numbers above 0"),
        (
            "900,1,1\n950,1,2\n1000,1,2\n",
            "2**n",
            "term 2**n: 8.45271e+270 at m=1 n=900 (data row 1); allowed are",
        ),
        (
            "5000,1,1\n6000,1,2\n7000,1,2\n",
            "2**n",
            (
                "term 2**n: inf at m=1 n=5000 (data row 1); allowed are finite numbers from 0; give smaller levels, n "
                "up to 199"
            ),
        ),
        ("100,1,1\n200,1,2\n300,1,2\n", "n**40", "term n**40: 1e+80 at m=1 n=100 (data row 1); allowed are numbers"),
        ("1,1,1\n2,1,2\n3,1,2\n", "log(n)*0", "term log(n)*0: 0 at every point; its coefficient cannot be estimated"),
        ("1,1,1\n2,1,2\n3,1,2\n", "log(n/2)", "term log(n/2): -0.693147 at m=1 n=1 (data row 1); allowed are finite"),
        (
            "5,1,1\n0,1,2\n3,1,2\n",
            "n*log(n)",
            (
                "term n*log(n): nan at m=1 n=0 (data row 2); allowed are finite numbers from 0; it has no value there, "
                "so leave out n=0, or write log(n + 1)"
            ),
        ),
    ],
)
def test_what_no_law_can_be_fitted_to_is_one_line(rows: str, law: str, reason: str) -> None:
    result = answer("n,m,seconds_per_eval\n" + rows, "fit", "--law", law)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith(f"error: {reason}")
    assert result.stderr.count("\n") == 1


def test_laws_in_different_factors_are_compared_at_the_same_points() -> None:
    """Found by the search above: m is a factor where a law names it, and else a column like any other."""
    rows = "1,1,1\n1,1,1.1\n1,2,2\n2,3,3\n3,3,3\n3,4,4\n3,5,5\n"
    document = json.loads(
        answer("n,m,seconds_per_eval\n" + rows, "fit", "--law", "n", "--versus", "m", "--json").stdout
    )
    assert document["n_points"] == 6
    assert document["versus"][0]["decision"] != "this"


def test_a_response_that_does_not_change_has_a_constant_and_no_growth() -> None:
    rows = "".join(f"{n},1,1.5\n" for n in (1, 2, 4, 8, 16, 32))
    document = json.loads(answer("n,m,seconds_per_eval\n" + rows, "fit", "--law", "n", "--json").stdout)
    law, constant = document["terms"][:2]
    assert (law["coefficient"], law["identifiable"]) == (pytest.approx(0, abs=1e-12), False)
    assert (constant["term"], constant["coefficient"]) == ("1", pytest.approx(1.5))
    assert document["lack_of_fit"]["kind"] == "not_testable"
