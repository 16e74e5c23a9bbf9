"""Studies of many runs: their tables on verdicts that are made up, what a folder remembers, and a core kept busy."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.analyse.verdicts.trust import stability
from bptt_bench.errors import StoreError
from bptt_bench.plan import Experiment

from tests.bench.analyse.verdicts.test_trust import FAULT, KINDS, repeat
from tests.toy_faulty import EXPERIMENT
from tests.validation_runs import (
    Study,
    as_text,
    busy_core,
    contradictions,
    faults_document,
    load_document,
    main,
    read_study,
    stability_document,
    write_study,
)

STUDY = Study(study="stability", experiment="tests.toy_faulty", profile="selftest", seed=5, runs=3)


def well_formed(found: dict[str, Any]) -> dict[str, Any]:
    """What the page of known error rates can show: every row as long as the columns, all of it text."""
    assert list(found) == ["title", "statement", "columns", "rows", "findings"]
    assert all(
        len(row) == len(found["columns"]) and all(isinstance(cell, str) for cell in row) for row in found["rows"]
    )
    assert json.loads(json.dumps(found)) == found
    return found


def test_wrong_under_load_is_the_opposite_of_the_quiet_verdict_and_not_doubt() -> None:
    quiet = stability([repeat("SRX")])
    assert contradictions(quiet, [repeat("XXX"), repeat("SRS"), repeat("RSR")]) == [
        ("healthy-RSR", "counts"),
        ("healthy-RSR", "growth"),
    ]


def test_stability_names_the_claims_that_change_their_verdict_too_often() -> None:
    runs = [*[repeat("SSS")] * 18, repeat("SXS"), repeat("SXR")]
    found = well_formed(stability_document(STUDY, runs))
    assert found["rows"] == [
        ["counts", "20", "0", "0", "20 of 20"],
        ["growth", "18", "0", "2", "18 of 20"],
        ["ratio", "19", "1", "0", "19 of 20"],
    ]
    assert found["findings"] == [
        "2 of 3 claims had the same verdict in at least 19 of 20 runs (goal: all); not so growth (18)",
        "the placebo was told from its subject in 0 of 20 runs, and at 20 of 400 points (5.0%; goal: at most 5 %)",
        "noise within points 2.0%, in single runs from 2.0% to 2.0%",
    ]


def test_faults_are_counted_by_what_caught_them() -> None:
    experiment = dataclasses.replace(
        EXPERIMENT, faults=(dataclasses.replace(FAULT, subject="sum", caught_by=("counts",)),)
    )
    runs = [*[repeat("SSS")] * 20, *[repeat("RSS", fault="f")] * 18, repeat("SRS", fault="f"), repeat("SSS", fault="f")]
    found = well_formed(faults_document(STUDY, runs, experiment))
    assert found["rows"] == [["is wrong", "19 of 20", "18 of 20", "1 of 20", "counts (18); growth (1)"]]
    assert found["findings"][:2] == [
        "every fault caught in at least 95 % of its runs: yes",
        "claims refuted in a healthy run: none",
    ]
    fewer = well_formed(faults_document(STUDY, [*runs, repeat("SSS", fault="f"), repeat("SSR")], experiment))
    assert fewer["findings"][:2] == [
        "every fault caught in at least 95 % of its runs: no",
        "claims refuted in a healthy run: ratio",
    ]


def test_wrong_under_load_is_counted_claim_by_claim() -> None:
    found = well_formed(load_document(STUDY, [repeat("XSR"), repeat("RSX")], [repeat("SSS"), repeat("SXS")]))
    assert [[row[0], row[1], row[-1]] for row in found["rows"]] == [
        ["counts", "supported", "1"],
        ["growth", "inconclusive", "0"],
        ["ratio", "supported", "1"],
    ]
    assert found["findings"][0] == (
        "verdicts that became wrong: 2 of 6 (goal: 0); ratio in healthy-XSR; counts in healthy-RSX"
    )


def test_a_document_reads_as_markdown() -> None:
    lines = as_text(stability_document(STUDY, [repeat("SSS")] * 2)).splitlines()
    assert lines[0] == "# Same verdict again"
    assert "counts | 2 | 0 | 0 | 2 of 2" in lines
    assert len([line for line in lines if line.startswith("- ")]) == len(KINDS)


def test_a_folder_remembers_its_study_and_takes_more_runs_of_it_alone(tmp_path: Path) -> None:
    write_study(STUDY, tmp_path)
    more = dataclasses.replace(STUDY, runs=20)
    write_study(more, tmp_path)
    assert read_study(tmp_path) == more
    with pytest.raises(StoreError, match=r"study\.json: holds Study\(study='stability', .* asked for is Study\("):
        write_study(dataclasses.replace(STUDY, seed=6), tmp_path)


def test_only_a_study_of_faults_plants_them(tmp_path: Path) -> None:
    experiment: Experiment = EXPERIMENT
    assert [plan.settings.fault for plan in STUDY.plans(experiment)] == [None] * 3
    faults = dataclasses.replace(STUDY, study="faults", runs=2)
    assert [plan.name for plan in faults.plans(experiment)] == [
        "healthy-0",
        "off-by-one-0",
        "healthy-1",
        "off-by-one-1",
    ]
    assert {plan.settings.seed for plan in faults.plans(experiment)} == {5, 6}


def test_a_study_is_measured_and_judged_again_from_what_is_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--experiment", "tests.toy_faulty", "--profile", "selftest", "--out", str(tmp_path)]
    assert main(["stability", "--runs", "1", *arguments]) == 0
    first = json.loads((tmp_path / "stability.json").read_text(encoding="utf-8"))
    assert first["rows"] == [["sum-exact", "1", "0", "0", "1 of 1"]]
    into = tmp_path / "again.json"
    assert main(["judge", str(tmp_path), "--into", str(into)]) == 0
    assert json.loads(into.read_text(encoding="utf-8")) == first
    assert capsys.readouterr().out.count("# Same verdict again") == 2


def test_a_folder_without_a_study_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", str(tmp_path)]) == 2
    assert capsys.readouterr().err.endswith("study.json: cannot be read: No such file or directory\n")
    (tmp_path / "study.json").write_text('{"study": "stability"}')
    assert main(["judge", str(tmp_path)]) == 2
    assert "is not the record of a study" in capsys.readouterr().err


def test_a_busy_core_is_a_process_that_ends_with_the_run() -> None:
    with busy_core() as process:
        assert process.poll() is None
    assert process.poll() is not None


def test_a_busy_core_ends_when_nobody_holds_it_any_more() -> None:
    with busy_core() as process:
        assert process.stdin is not None
        process.stdin.close()  # as the end of this process would
        assert process.wait(timeout=120) == 0
