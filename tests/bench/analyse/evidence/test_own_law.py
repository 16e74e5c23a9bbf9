"""The own law of a run is fitted as its experiment says, by whatever command it is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.analyse.evidence.own_law import options_of_run
from bptt_bench.cli.main import cli
from bptt_bench.store.frame import load
from click.testing import CliRunner

SORTING = Path(__file__).parents[4] / "results" / "examples" / "sorting"


def invoke(*arguments: object) -> Any:
    result = CliRunner().invoke(cli, [*map(str, arguments), "--json"])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("law", ["n*log(n)", "3*log(n)*n"])
def test_the_own_law_has_the_options_of_its_experiment_however_it_is_written(law: str) -> None:
    frame = load(SORTING)
    rows = frame[frame["subject"] == "merge"]
    options = options_of_run(frame, rows, law, "seconds_per_eval")
    assert (options["overhead"], options["block"]) == (("1",), "block")


@pytest.mark.parametrize(("law", "response"), [("n", "seconds_per_eval"), ("n*log(n)", "merge_seconds_per_eval")])
def test_other_laws_and_responses_have_none(law: str, response: str) -> None:
    frame = load(SORTING)
    assert options_of_run(frame, frame[frame["subject"] == "merge"], law, response) == {}
    assert options_of_run(frame, frame, law, response) == {}  # of several subjects
    bare = frame[frame["subject"] == "merge"].copy()
    bare.attrs = {}
    assert options_of_run(bare, bare, "n*log(n)", "seconds_per_eval") == {}


def test_fit_and_predict_of_a_run_give_the_same_answer() -> None:
    own = ("--subject", "merge", "--law", "n*log(n)")
    at = [{"n": 300_000}, {"n": 1_000_000}]
    asked = ["n=300000", "n=1000000"]
    by_run = invoke("predict", SORTING, "--subject", "merge", *(f"--at={one}" for one in asked))
    by_law = invoke("predict", SORTING, *own, *(f"--at={one}" for one in asked))
    fitted = invoke("fit", SORTING, *own, *(f"--predict={one}" for one in asked))["predictions"]
    for answers in (by_run, by_law, fitted):
        assert [one["at"] for one in answers] == at
        assert [one["grade"] for one in answers] == ["sound"] * 2
    for name in ("value", "low", "high"):
        found = [[one[name] for one in answers] for answers in (by_run, by_law, fitted)]
        assert found[0] == pytest.approx(found[1], rel=1e-12)
        assert found[0] == pytest.approx(found[2], rel=1e-12)


def test_an_overhead_that_is_stated_is_used() -> None:
    found = invoke("fit", SORTING, "--subject", "merge", "--law", "n*log(n)", "--overhead", "n")
    assert [one["term"] for one in found["terms"]] == ["n*log(n)", "n"]
    own = invoke("fit", SORTING, "--subject", "merge", "--law", "n*log(n)", "--versus", "n")
    assert [one["term"] for one in own["terms"]] == ["n*log(n)", "1"]
