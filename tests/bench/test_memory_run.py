"""Memory from real measuring processes to verdicts, tables, figures and the command line."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pandas as pd
import pytest
from bptt_bench.analyse.adaptive.candidates import visit_seconds
from bptt_bench.analyse.adaptive.interval_targets import interval_targets
from bptt_bench.analyse.evidence.evidence import fit_all
from bptt_bench.analyse.findings.obstacles import SingleMeasurement
from bptt_bench.analyse.verdicts.analysis import Analysis, analyse
from bptt_bench.cli.main import cli
from bptt_bench.errors import ExperimentError
from bptt_bench.plan import AmountClaim, CostLaw, Experiment, ExponentClaim
from bptt_bench.report.figures import gallery
from bptt_bench.report.page.page import render_html, render_markdown
from bptt_bench.report.terminal.tables import as_text
from bptt_bench.report.words import content
from bptt_bench.store.frame import load
from bptt_bench.workflows.run import measure_run
from bptt_bench.workflows.settings import Settings
from click.testing import CliRunner

from tests import toy_memory

pytestmark = pytest.mark.measures

SLACK_BYTES = 4_000  # objects of Python beside the arrays
PEAK_SLACK_BYTES = 300_000  # pages are counted in batches


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("memory") / "run"
    measure_run(Settings(experiment="tests.toy_memory", probe=False), path)
    return path


@pytest.fixture(scope="module")
def frame(folder: Path) -> pd.DataFrame:
    return load(folder)


def experiment(law: str = "n*m + n", **subject: object) -> Experiment:
    """The experiment with its claims and another memory law."""
    outer, other = toy_memory.EXPERIMENT.subjects
    outer = dataclasses.replace(outer, memory_law=CostLaw(law), **subject)  # type: ignore[arg-type]
    return dataclasses.replace(toy_memory.EXPERIMENT, subjects=(outer, other), claims=toy_memory.CLAIMS)


@pytest.fixture(scope="module")
def analysis(frame: pd.DataFrame) -> Analysis:
    return analyse(frame, experiment())


def test_what_is_allocated_is_found_and_the_peak_as_far_as_pages_tell_it(frame: pd.DataFrame) -> None:
    rows = frame[frame["stage"] == "memory"]
    assert list(rows["subject"].unique()) == ["outer"]  # neither the placebo nor a subject without a law
    assert len(rows) == 9
    scratch = 8 * rows["n"] * rows["m"] + 8 * rows["n"]
    assert ((rows["scratch_bytes"] - scratch).abs() < SLACK_BYTES).all()
    assert ((rows["allocated_bytes"] - rows["scratch_bytes"]) == 8 * rows["n"]).all()
    if rows["peak_bytes"].notna().any():
        assert ((rows["peak_scratch_bytes"] - scratch).abs() < PEAK_SLACK_BYTES).all()


def test_an_exact_law_is_supported_with_coefficients_in_bytes(analysis: Analysis) -> None:
    fit = analysis.fits["outer", "scratch_bytes"]
    found = {term.term: term for term in fit.terms}
    for name in ("n*m", "n"):
        assert found[name].coefficient == pytest.approx(8, rel=1e-3)
        assert found[name].high - found[name].low < 1e-2
    verdicts = {verdict.claim: verdict for verdict in analysis.verdicts}
    exponent = verdicts["bytes: exponent of m"]
    assert exponent.verdict == "supported"
    assert exponent.high - exponent.low < 1e-3  # type: ignore[operator]
    assert verdicts["bytes: as stated"].verdict == "supported"
    assert verdicts["peak: at most a tenth more"].verdict in ("supported", "inconclusive")
    assert fit.regimes == ()


def test_bytes_have_no_part_in_the_noise_of_times(analysis: Analysis) -> None:
    timed = [fit.noise.relative for (_, response), fit in analysis.fits.items() if response == "seconds_per_eval"]
    assert all(noise is not None for noise in timed)
    assert analysis.noise == pytest.approx(sum(timed) / 2)  # type: ignore[arg-type]  # the median of two
    assert analysis.fits["outer", "scratch_bytes"].noise.relative is None


def test_a_wrong_memory_law_is_refuted(frame: pd.DataFrame) -> None:
    wrong = dataclasses.replace(toy_memory.CLAIMS[0], terms=("n*m**1.5",), margin=0.1)
    assert isinstance(wrong, ExponentClaim)
    more = AmountClaim(
        name="too little",
        subject="outer",
        response="scratch_bytes",
        amount="6*n*m",
        points=toy_memory.EXPERIMENT.profiles["quick"].design,
    )
    found = analyse(frame, experiment("n*m**1.5"), (wrong, more)).verdicts
    assert [verdict.verdict for verdict in found] == ["refuted", "refuted"]
    assert found[0].predicted == pytest.approx(1.5)
    assert found[0].estimate == pytest.approx(1.0, abs=0.1)


def test_terms_that_are_little_of_the_memory_can_be_told_since_nothing_hides_them(analysis: Analysis) -> None:
    small = {term.term: term for term in analysis.fits["outer", "scratch_bytes"].terms}["n"]
    assert 0.02 < small.largest_share < 0.2
    assert small.identifiable


def test_no_further_sample_is_spent_on_bytes(frame: pd.DataFrame) -> None:
    targets, exhausted = interval_targets(fit_all(frame, experiment()), toy_memory.CLAIMS)
    assert targets == []
    responses = ("scratch_bytes", "peak_scratch_bytes")
    assert {one.reason.finding for one in exhausted} == {SingleMeasurement(response=name) for name in responses}
    assert {cell.timing for cell in visit_seconds(frame)} == {"whole"}


def test_pages_tables_and_figures_speak_of_bytes(analysis: Analysis) -> None:
    (table,) = content.memory_tables(analysis)
    assert (table.subject, table.response) == ("outer", "memory beyond the result")
    assert table.rows[0].coefficient.endswith("\u202fB")
    assert "scratch" not in str(content.fit_tables(analysis))
    rows = {row.claim: row for row in content.verdict_rows(analysis)}
    assert rows["bytes: as stated"].predicted.endswith("kB (×/÷ 1.05)")
    assert rows["peak: at most a tenth more"].predicted == "≤ 20.6\u202fMB (×/÷ 1.1)"
    assert 'id="memory"' in render_html(analysis, [])
    assert "## Memory laws" in render_markdown(analysis, [])
    named = {figure.name: figure for figure in gallery(analysis)}
    drawn = named["scaling-m-scratch_bytes"]
    assert drawn.title == "Memory beyond the result against m"
    upper = drawn.figure.axes[0]
    assert upper.get_ylabel() == "memory of an evaluation (B)"
    assert upper.yaxis.get_major_formatter()(1e6, 0) == "1\u202fMB"
    assert named["scaling-m"].figure.axes[0].get_ylabel() == "time per evaluation (s)"
    assert "scratch" not in as_text(analysis)


def test_a_run_without_memory_has_no_such_section(frame: pd.DataFrame) -> None:
    times = frame[frame["stage"] != "memory"]
    times.attrs = frame.attrs
    found = analyse(times, experiment())
    assert {verdict.verdict for verdict in found.verdicts} == {"inconclusive"}
    assert all(verdict.reason.kind == "no data" for verdict in found.verdicts)
    assert 'id="memory"' not in render_html(found, [])
    assert "Memory laws" not in render_markdown(found, [])


def test_a_memory_law_can_be_fitted_from_the_command_line(folder: Path) -> None:
    arguments = ["fit", str(folder), "--response", "scratch_bytes", "--subject", "outer", "--law", "n*m + n"]
    ran = CliRunner().invoke(cli, [*arguments, "--json"])
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.stdout)
    assert (found["n_points"], found["n_samples"]) == (9, 9)
    assert found["terms"][0]["coefficient"] == pytest.approx(8, rel=1e-3)
    shown = CliRunner().invoke(cli, [*arguments, "--predict", "n=100000,m=100"]).stdout
    assert "bytes per unit" in shown
    assert "80.8 [80.8, 80.8]\u202fMB" in shown
    times = CliRunner().invoke(cli, ["fit", str(folder), "--subject", "outer", "--law", "n*m"]).stdout
    assert "18 samples" in times
    assert "seconds per unit" in times


def test_a_memory_law_in_an_unknown_factor_is_refused() -> None:
    with pytest.raises(ValueError, match="'k'"):
        experiment("n*k")


def test_bytes_of_a_result_need_a_memory_law() -> None:
    outer, _ = toy_memory.EXPERIMENT.subjects
    with pytest.raises(ExperimentError, match="'outer': memory_overhead and output_bytes go with a memory_law"):
        dataclasses.replace(toy_memory.EXPERIMENT, subjects=(dataclasses.replace(outer, memory_law=None),))
