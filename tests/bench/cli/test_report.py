"""``report``: as a page, as Markdown, as one document and as a summary of a job."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from bptt_bench.cli.main import cli
from click.testing import CliRunner, Result

RACE = Path(__file__).resolve().parents[3] / "results" / "race"


def invoke(*arguments: str | Path, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(cli, ["report", *map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("race")
    shutil.copy(RACE / "samples.jsonl", made)
    return made


def test_a_page_alone_needs_no_other_file(folder: Path) -> None:
    result = invoke(folder, "--format", "html", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {"files": [str(folder / "report.html")]}
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "samples.jsonl"]


def test_the_summary_of_a_job_is_short_and_says_what_is_wrong_first() -> None:
    result = invoke(RACE, "--format", "github")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "### race: 7 of 10 claims supported, 2 refuted, 1 inconclusive"
    assert len(lines) < 30
    assert lines.index("| Refuted | predicted | measured | reason |") < lines.index(
        "| Open (inconclusive) | predicted | measured | reason |"
    )
    assert "![" not in result.stdout


def test_the_document_holds_answers_verdicts_and_points() -> None:
    result = invoke(RACE.parent / "reference", "--format", "json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert {"experiment", "tally", "answers", "verdicts", "regimes", "fits", "run"} <= set(found)
    assert {"law", "terms", "points", "subject", "full_law"} <= set(found["fits"][0])
    assert {"at", "measured", "low", "high", "fitted"} == set(found["fits"][0]["points"][0])
    assert [row["term"] for row in found["regimes"] if row["subject"] == "aggregated"][:1] == ["T·H·V"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--format", "pdf"), "'pdf' is not one of 'html', 'markdown', 'json', 'github'"),
        (("--format", "github", "--open"), "--open: opens a page, and --format github makes none"),
        (("--format", "json", "--json"), "--json: lists files, and --format json writes none"),
    ],
)
def test_what_does_not_go_together_is_one_line(arguments: tuple[str, ...], expected: str) -> None:
    result = invoke(RACE, *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert expected in result.stderr


def test_open_hands_the_page_to_the_browser_of_the_user(folder: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    command = [sys.executable, "-m", "bptt_bench", "report", str(folder), "--format", "html", "--open"]
    environment = {"PATH": "/usr/bin:/bin", "BROWSER": str(browser)}
    ran = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "opened").read_text() == f"{(folder / 'report.html').resolve().as_uri()}\n"
