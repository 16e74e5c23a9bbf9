"""Categories and real factors from real measuring processes to verdicts, fits, predictions, tables and figures."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import matplotlib.figure
import pandas as pd
import pytest
from bptt_bench.analyse.verdicts.analysis import Analysis
from bptt_bench.cli.main import cli
from bptt_bench.plan import Design, RatioClaim
from bptt_bench.report.figures import gallery
from bptt_bench.report.words.documents import verdict_documents
from bptt_bench.store.frame import load
from bptt_bench.workflows.foresee import foresee
from bptt_bench.workflows.judge import analyse_run
from bptt_bench.workflows.run import condition_numbers, measure_run
from bptt_bench.workflows.settings import Settings, settings_of
from click.testing import CliRunner

from tests import toy_categories

MODULE = "tests.toy_categories"
STRATA = ["sum [dtype=float32]", "sum [dtype=float64]", "dot [dtype=float32]", "dot [dtype=float64]"]
CELLS = 7 * 2 * 3  # points of each type, types, names
EXACT = ("results of", "additions", "bytes")  # claims that no load on the machine can change


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("categories") / "run"
    measure_run(Settings(experiment=MODULE, probe=False), path)
    return path


@pytest.fixture(scope="module")
def frame(folder: Path) -> pd.DataFrame:
    return load(folder)


@pytest.fixture(scope="module")
def analysis(folder: Path) -> Analysis:
    return analyse_run(folder)


def test_the_samples_have_a_column_of_text_and_one_of_real_numbers(frame: pd.DataFrame) -> None:
    assert frame.attrs["factors"] == ["dtype", "n", "share"]
    assert sorted(frame["dtype"].unique()) == list(toy_categories.TYPES)
    assert sorted(frame["share"].unique()) == list(toy_categories.SHARES)
    assert len(frame) == 3 * CELLS + 2 * 14  # and the memory of one, the counts of the other
    assert len(frame.attrs["agreements"]) == 14


def test_verdicts_are_given_for_each_stratum(analysis: Analysis) -> None:
    found = {verdict.claim: verdict for verdict in analysis.verdicts}
    assert list(found) == [
        "results of dot [dtype=float32] = sum [dtype=float32]",
        "results of dot [dtype=float64] = sum [dtype=float64]",
        "linear in n [dtype=float32]",
        "linear in n [dtype=float64]",
        "linear in share of doubles",
        "doubles are dearer",
        "bytes of the ones [dtype=float32]",
        "bytes of the ones [dtype=float64]",
        "additions [dtype=float32]",
        "additions [dtype=float64]",
    ]
    assert all(one.verdict == "supported" for name, one in found.items() if name.startswith(EXACT))
    assert list(dict.fromkeys(subject for subject, _ in analysis.fits)) == STRATA
    assert analysis.placebo_alarms[1] == 14


def test_memory_has_a_law_in_each_stratum(analysis: Analysis) -> None:
    per_number = {
        name: {term.term: term.coefficient for term in analysis.fits[f"dot [dtype={name}]", "scratch_bytes"].terms}
        for name in toy_categories.TYPES
    }
    assert per_number["float32"]["n*share"] == pytest.approx(4, rel=0.01)
    assert per_number["float64"]["n*share"] == pytest.approx(8, rel=0.01)


def test_the_command_line_says_the_same(folder: Path, analysis: Analysis) -> None:
    result = CliRunner().invoke(cli, ["verdict", str(folder), "--json"])
    assert json.loads(result.stdout) == verdict_documents(analysis.verdicts)


def test_a_run_is_continued_where_it_was_interrupted(folder: Path, tmp_path: Path, frame: pd.DataFrame) -> None:
    cut = tmp_path / "cut"
    shutil.copytree(folder, cut)
    lines = (cut / "samples.jsonl").read_bytes().splitlines(keepends=True)
    (cut / "samples.jsonl").write_bytes(b"".join(lines[:70]) + lines[70][:20])  # in the middle of a line
    before = sum(b'"record":"sample"' in line for line in lines[:70])
    finished = measure_run(settings_of(cut), cut, resume=True)
    assert finished.samples == 3 * CELLS - before
    again = load(cut)
    cells = ["subject", *frame.attrs["factors"], "block", "stage", "timing"]
    assert len(again) == len(frame)
    assert not again.duplicated(cells).any()
    assert len(again.attrs["agreements"]) == len(frame.attrs["agreements"])


def test_fit_divides_a_run_by_its_categories(folder: Path) -> None:
    ask = ["fit", str(folder), "--subject", "sum", "--law", "n*share", "--response", "additions_count", "--json"]
    found = json.loads(CliRunner().invoke(cli, ask).stdout)
    assert [one["category"] for one in found["fits"]] == [{"dtype": "float32"}, {"dtype": "float64"}]
    assert [one["terms"][0]["coefficient"] for one in found["fits"]] == pytest.approx([1, 1], rel=1e-9)
    single = json.loads(CliRunner().invoke(cli, [*ask, "--where", "dtype=float32", "--where", "share=0.5"]).stdout)
    assert (single["n_points"], "category" in single) == (5, False)


def test_a_claim_that_contradicts_itself_is_refused_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = RatioClaim(
        name="wrong",
        subject="sum [dtype=float32]",
        over="sum",
        ratio="1",
        points=Design.of([{"n": 128_000, "share": 0.5}]),
    )
    experiment = dataclasses.replace(toy_categories.EXPERIMENT, claims=(wrong,))
    monkeypatch.setattr(toy_categories, "EXPERIMENT", experiment)
    result = CliRunner().invoke(cli, ["run", MODULE, "--out", str(tmp_path / "run")])
    assert result.exit_code == 2
    assert result.stderr == "error: claim 'wrong': compares sum [dtype=float32] with itself alone\n"
    assert not (tmp_path / "run").exists()


def test_conditions_are_those_of_the_strata() -> None:
    numbers = condition_numbers(toy_categories.EXPERIMENT, "quick")
    assert list(numbers) == STRATA
    assert all(1 <= number < 10 for number in numbers.values())


def test_figures_and_pages_show_strata(analysis: Analysis, tmp_path: Path, folder: Path) -> None:
    scaling = next(one for one in gallery(analysis) if one.name == "scaling-n")
    assert isinstance(scaling.figure, matplotlib.figure.Figure)
    shown = [text.get_text() for text in scaling.figure.legends[0].get_texts()]
    assert shown[:4] == STRATA
    copied = tmp_path / "run"
    shutil.copytree(folder, copied)
    result = CliRunner().invoke(cli, ["report", str(copied)])
    assert result.exit_code == 0, result.output
    page = (copied / "report.md").read_text()
    assert "### Time of sum \\[dtype=float64\\] over sum \\[dtype=float32\\]" in page
    assert (
        "Factors: n (numbers), share (share of them that is summed), dtype (each level a subject of its own)." in page
    )


def test_points_beyond_are_foreseen_for_each_type(tmp_path: Path) -> None:
    settings = Settings(experiment=MODULE, probe=False)
    outcome = foresee(settings, tmp_path / "run", resume=False, say=lambda _line: None)
    assert [(one.prediction.subject, dict(one.prediction.at)) for one in outcome.foreseen] == [
        (f"sum [dtype={dtype}]", {"n": n, "share": 0.9}) for dtype in toy_categories.TYPES for n in (256_000, 512_000)
    ]
    assert outcome.unmeasured == []
    stored = load(tmp_path / "run").attrs["predictions"]
    assert [record["at"]["dtype"] for record in stored] == ["float32", "float32", "float64", "float64"]
    again = foresee(settings, tmp_path / "run", resume=True, say=lambda _line: None)
    assert again.to_json() == outcome.to_json()


def test_a_run_within_a_budget_visits_real_cells(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["run", MODULE, "--budget", "4s", "--out", str(tmp_path / "run"), "--json"])
    assert result.exit_code in (0, 1), result.output
    frame = load(tmp_path / "run")
    assert set(frame["subject"]) == {"sum", "dot", "sum (placebo)"}
    visits = [visit for record in frame.attrs["allocations"] for visit in record["visits"]]
    assert {visit["subject"] for visit in visits} <= {"sum", "dot"}
    assert all(set(visit["point"]) == {"dtype", "n", "share"} for visit in visits)
    assert (frame["stage"] == "adaptive").sum() == sum(visit["visits"] for visit in visits)
