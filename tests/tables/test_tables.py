"""The tables of predictions: what is held out, what is scored, and that wrong laws differ from right ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from tests.tables.__main__ import main
from tests.tables.cases import Answer, Case, Scores, split
from tests.tables.measured import tables
from tests.tables.simulated import KINDS, simulate
from tests.tables.tools import OURS, TOOLS, answer


def case(n_kept: int = 12, n_held: int = 4) -> Case:
    n = np.arange(1.0, n_kept + n_held + 1)
    rows = pd.DataFrame({"n": n, "seconds": 2.0 * n})
    return Case(kind="made", law="n", factors=("n",), kept=rows[:n_kept], held=rows[n_kept:])


def test_the_largest_quarter_is_held_out() -> None:
    rows = pd.DataFrame({"n": [8.0, 2, 3, 4, 4, 4, 4, 1, 1]})
    kept, held = split(rows, rows["n"].to_numpy())
    assert kept["n"].tolist() == [2, 3, 4, 4, 1, 1]
    assert held["n"].tolist() == [8, 4, 4]


def test_scores_are_those_of_worked_out_answers() -> None:
    truth = 2.0 * np.arange(13.0, 17)
    value = truth * np.array([1.1, 0.9, 1.0, 2.0])
    told = Answer(
        value=value, low=truth - 1, high=truth + np.array([1, 1, 1, -0.5]), grades=("sound",) * 3 + ("rejected",)
    )
    scores = Scores([case()], [told])
    assert scores["median"] == pytest.approx(10)
    assert scores["coverage"] == 75
    assert (scores["told"], scores["silent"], scores["worse"]) == (0, 1, 25)
    rejected = Answer(value=value, low=truth - 1, high=truth - 0.5, grades=("rejected",) * 4)
    assert {name: Scores([case()], [rejected])[name] for name in ("told", "silent", "worse")} == {
        "told": 100,
        "silent": 0,
        "worse": 100,
    }
    assert set(Scores([case()], [Answer(value=value)])) == {"median", "p95"}
    silent = Answer(value=np.full(4, np.nan))
    assert dict(Scores([case(), case()], [silent, Answer(value=truth)])) == {"unanswered": 1, "median": 0, "p95": 0}


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_determines_a_case_and_what_is_held_out_is_larger(kind: str) -> None:
    one, again = (next(simulate(kind, 1, seed=3)) for _ in range(2))
    pd.testing.assert_frame_equal(one.kept, again.kept)
    assert one.is_right is (kind == "right")
    assert 0.15 < len(one.held) / (len(one.held) + len(one.kept)) < 0.35


@pytest.mark.parametrize("name", ["bptt-bench", "law alone", "log-log", "NNLS"])
def test_each_tool_meets_a_law_without_noise(name: str) -> None:
    found = answer(TOOLS[name], case())
    assert found.value == pytest.approx(2.0 * np.arange(13.0, 17), rel=1e-6)


def test_tables_of_a_folder_are_read_as_it_states_them(tmp_path: Path) -> None:
    rows = pd.DataFrame({"n": range(1, 9), "m": 2, "kind": ["a", "b"] * 4, "took": np.arange(1, 9) * 0.5})
    rows.to_csv(tmp_path / "mine.csv", index=False)
    rows.to_csv(tmp_path / "other.csv", index=False)
    (tmp_path / "tables.toml").write_text('["mine.csv"]\nlaw = "n*m"\nresponse = "took"\nby = ["kind"]\n')
    found = list(tables(tmp_path))
    assert [(one.kind, one.law, len(one.kept), len(one.held)) for one in found] == [("mine", "n*m", 3, 1)] * 2


def test_the_command_prints_each_kind_and_names_what_is_missing(tmp_path: Path) -> None:
    how = ["--trials", "1", "--kind", "right", "--tool", OURS, "--tool", "log-log"]
    printed = CliRunner().invoke(main, how)
    assert printed.exit_code == 0, printed.output
    assert printed.output.startswith("right: 1 tables, ")
    document = json.loads(CliRunner().invoke(main, [*how, "--json"]).stdout)
    assert set(document["right"]) == {OURS, "log-log"}
    assert set(document["right"][OURS]) == {"median", "p95", "coverage", "told", "worse", "silent"}
