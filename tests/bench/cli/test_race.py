"""``race`` from its options to its exit status, with real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bptt_bench", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("race") / "run"
    options = ("--profile", "quick", "--threads", "1", "--out", str(folder), "--json")
    return folder, bench("race", "tests/toy_race.py", *options)


def test_a_race_answers_with_one_document(raced: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, answer = raced
    assert answer.returncode == 1, answer.stderr  # the miracle is refuted
    found = json.loads(answer.stdout)
    assert found["folder"] == str(folder)
    assert found["missing"] == {"absent": "it is not installed"}
    assert [point["at"] for point in found["points"]] == [{"n": 2000}, {"n": 8000}]
    assert all(set(point["seconds"]) == {"built in", "loop"} for point in found["points"])
    assert found["peaks"]["threads"] == 1
    words = {verdict["claim"]: verdict["verdict"] for verdict in found["verdicts"]}
    assert words == {"results of built in = loop": "supported", "faster": "supported", "a miracle": "refuted"}
    assert "missing: absent (it is not installed)" in answer.stderr


def test_other_commands_work_on_the_folder_of_a_race(raced: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = raced
    judged = bench("verdict", str(folder), "--json")
    assert judged.returncode == 1
    assert len(json.loads(judged.stdout)) == 3
    assert bench("report", str(folder)).returncode == 0
    assert (folder / "figures" / "roofline.png").is_file()
    again = bench("race", "--resume", str(folder))
    assert again.returncode == 1
    assert "nothing was left to measure" in again.stdout
    assert "times as fast as loop, the fastest" in " ".join(again.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tests.toy_experiment", "--profile", "quick"), "claims no speedup"),
        (("no.such.module",), "no such module"),
        (("--out", "a", "--resume", "b"), "--out and --resume"),
        (("tests/toy_race.py",), "profile 'standard': unknown"),
    ],
)
def test_what_cannot_be_raced_is_one_line(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    answer = bench("race", *arguments, *(() if "--out" in arguments else ("--out", str(tmp_path / "run"))))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert message in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
