"""``derive`` on the command line: a table that fits, one JSON document, and lines for what is not derived."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bptt_bench.cli.main import cli
from click.testing import CliRunner, Result

HEAD = "import bptt_bench as bench\nimport numpy as np\n\n\n"
PRODUCT = """def prepare(point):
    a, b = np.random.random((point["n"], point["n"])), np.random.random((point["n"], point["m"]))
    return lambda: a @ b


EXPERIMENT = bench.experiment(prepare, n=[10, 20, 40], m=[10, 20, 40])
"""
SORT = """def prepare(point):
    given = np.random.random(point["n"])

    def evaluate():
        values = given.copy()
        for i in range(1, len(values)):
            if values[i] < values[i - 1]:
                values[i] = values[i - 1]
        return values

    return evaluate


EXPERIMENT = bench.experiment(prepare, n=[10, 20, 40, 80])
"""
PLAIN = """def prepare(point):
    print("prepared")
    return lambda: sum(range(point["n"]))


EXPERIMENT = bench.experiment(prepare, n=[10, 20, 40, 80])
"""
LIBRARY = """from scipy import linalg


def prepare(point):
    a = np.random.random((point["n"], point["n"]))
    return lambda: linalg.lu(a)


EXPERIMENT = bench.experiment(prepare, n=[10, 20, 40, 80])
"""


def invoke(tmp_path: Path, source: str, *arguments: str) -> Result:
    module = tmp_path / "to_derive.py"
    module.write_text(HEAD + source, encoding="utf-8")
    return CliRunner().invoke(cli, ["derive", str(module), "--within", "1s", *arguments], env={"COLUMNS": "80"})


def test_a_table_names_each_count_with_its_law_and_fits_80_columns(tmp_path: Path) -> None:
    result = invoke(tmp_path, PRODUCT, "--at", "n=1000,m=10")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.split()[:4] == ["all", "multiply", "adds", "m*n**2"] for line in lines)
    assert "m = 10 the term m*n**2 is 100" in " ".join(result.stdout.split())
    assert result.stderr.startswith("to_derive: 2 of 2 laws")


def test_the_document_has_what_its_page_says(tmp_path: Path) -> None:
    out = tmp_path / "derived.json"
    result = invoke(tmp_path, PRODUCT, "--json", "--out", str(out), "--category", "multiply_adds")
    document = json.loads(result.stdout)
    assert document == json.loads(out.read_text(encoding="utf-8"))
    (subject,) = document["subjects"]
    (count,) = subject["counts"]
    assert (count["law"], count["leading"], count["obstacle"]) == ("m*n**2", "m*n**2", None)
    assert count["confirmed_at"] >= 50
    assert subject["same_inputs"] is False


def test_what_depends_on_the_data_has_a_mean_and_a_spread(tmp_path: Path) -> None:
    result = invoke(tmp_path, SORT)
    words = " ".join(result.stdout.split())
    assert "elements moved: Depends on the data: two inputs at n = " in words
    assert "a statistic, not an exact law" in words


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (PLAIN, "The meter counted nothing: the code does no NumPy operation on arrays. State `tally=`"),
        (LIBRARY, "Not counted: the code uses scipy.linalg"),
    ],
)
def test_what_cannot_be_counted_is_one_line_with_its_remedy(tmp_path: Path, source: str, line: str) -> None:
    result = invoke(tmp_path, source)
    assert result.exit_code == 0
    assert line in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--subject", "x"], "error: subject 'x': unknown"),
        (["--category", "flops"], "error: --category 'flops': nothing of this name was counted"),
        (["--at", "n=10"], "error: --at 'n=10': must name each of n, m; see m"),
        (["--within", "soon"], "error: --within: must be a time in"),
    ],
)
def test_unusable_arguments_are_refused_in_one_line(tmp_path: Path, arguments: list[str], line: str) -> None:
    result = invoke(tmp_path, PRODUCT, *arguments)
    assert result.exit_code == 2
    assert any(each.startswith(line) for each in result.stderr.splitlines()), result.stderr
