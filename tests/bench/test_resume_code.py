"""A run goes on with the code that it began with, or not at all: no run mixes two versions without a word."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bptt_bench as bench
import pytest
from bptt_bench.store.runs.samples import SAMPLES

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENT = """
import dataclasses
from tests.toy_experiment import CLAIMS
from tests.toy_experiment import EXPERIMENT as TOY

def prepare(point):
    import helper  # no sooner than an evaluation is prepared
    return helper.evaluation(point)

first = dataclasses.replace(TOY.subjects[0], prepare=prepare)
EXPERIMENT = dataclasses.replace(TOY, subjects=(first, *TOY.subjects[1:]))
"""
HELPER = "import numpy as np\ndef evaluation(point):\n    return np.ones(int(point['n'])).sum\n"


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    return subprocess.run(
        [sys.executable, "-m", "bptt_bench", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )


@pytest.fixture
def interrupted(tmp_path: Path) -> Path:
    """A project whose run was stopped half way."""
    (tmp_path / "mine.py").write_text(EXPERIMENT)
    (tmp_path / "helper.py").write_text(HELPER)
    (tmp_path / "unrelated.py").write_text("")
    assert command(tmp_path, "run", "mine.py", "--out", "run").returncode in (0, 1)
    samples = tmp_path / "run" / SAMPLES
    lines = samples.read_text().splitlines(keepends=True)
    places = [i for i, line in enumerate(lines) if '"record":"sample"' in line]
    samples.write_text("".join(lines[: places[len(places) // 2]]))
    return tmp_path


def stored(folder: Path, kind: str) -> list[dict[str, Any]]:
    records = map(json.loads, (folder / "run" / SAMPLES).read_text().splitlines())
    return [record for record in records if record["record"] == kind]


def changed(folder: Path) -> list[str]:
    """Append a comment to what is imported late."""
    path = folder / "helper.py"
    path.write_text(path.read_text() + "# another version\n")
    return ["helper.py (changed)"]


def rewritten(folder: Path) -> list[str]:
    (folder / "mine.py").write_text(EXPERIMENT.replace("import helper", "import other as helper"))
    (folder / "other.py").write_text(HELPER)
    return ["helper.py (gone), mine.py (changed), other.py (new)"]


def test_a_run_goes_on_with_the_code_that_it_began_with(interrupted: Path) -> None:
    (interrupted / "unrelated.py").write_text("x = 1\n")
    ran = command(interrupted, "run", "--resume", "run")
    assert ran.returncode in (0, 1), ran.stderr
    assert [record.get("changed") for record in stored(interrupted, "resume")] == [None]
    assert len(stored(interrupted, "finish")) == 1
    assert len(stored(interrupted, "experiment")) == 1
    assert "two versions" not in ran.stdout


@pytest.mark.parametrize("change", [changed, rewritten])
def test_other_code_stops_it_with_one_line(interrupted: Path, change: Callable[[Path], Sequence[str]]) -> None:
    (files,) = change(interrupted)
    before = (interrupted / "run" / SAMPLES).read_bytes()
    ran = command(interrupted, "run", "--resume", "run")
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1] == (
        f"error: the run to be continued was measured with other code: {files}; --force goes on with the code of "
        "today, and the report says so"
    )
    assert (interrupted / "run" / SAMPLES).read_bytes() == before


def test_force_goes_on_and_the_report_says_so(interrupted: Path) -> None:
    changed(interrupted)
    ran = command(interrupted, "run", "--resume", "run", "--force")
    assert ran.returncode in (0, 1), ran.stderr
    words = "measured with two versions of the code: helper.py (changed)"
    assert words in " ".join(ran.stdout.split())
    assert words in " ".join(command(interrupted, "verdict", "run").stdout.split())
    command(interrupted, "report", "run")
    assert words in " ".join((interrupted / "run" / "report.md").read_text().split())
    assert [record["changed"] for record in stored(interrupted, "resume")] == [["helper.py (changed)"]]
    again = command(interrupted, "run", "--resume", "run")
    assert again.returncode in (0, 1), "from then on it is the code of the run"


def test_force_without_a_run_to_go_on_with_is_refused(tmp_path: Path) -> None:
    ran = command(tmp_path, "run", "tests.toy_experiment", "--force")
    assert ran.returncode == 2
    assert ran.stderr == "error: --force: goes with --resume\n"


def test_a_run_that_does_not_say_with_which_code_needs_force(interrupted: Path) -> None:
    samples = interrupted / "run" / SAMPLES
    header, described, *others = samples.read_text().splitlines()
    old = {name: value for name, value in json.loads(header).items() if name != "sources"} | {"schema": 1}
    samples.write_text("\n".join([json.dumps(old), *others]) + "\n")
    ran = command(interrupted, "run", "--resume", "run")
    assert ran.returncode == 2
    assert "does not say with which code it was measured; --force goes on" in ran.stderr
    ran = command(interrupted, "run", "--resume", "run", "--force")
    assert ran.returncode in (0, 1), ran.stderr
    assert "the run does not say with which it began" in " ".join(ran.stdout.split())
    (record,) = stored(interrupted, "experiment")
    assert record == json.loads(described)
    assert bench.load(interrupted / "run").attrs["experiment"] == record


def test_no_measuring_process_finds_other_code_than_the_run_began_with(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        EXPERIMENT.replace("import helper", "from pathlib import Path; Path('helper.py').open('a').write('# edited')\n"
        "    import helper").replace("subjects=(first", "profiles={'quick': dataclasses.replace(TOY.profiles['quick'], "
        "processes=2)}, subjects=(first")
    )  # fmt: skip
    (tmp_path / "helper.py").write_text(HELPER)
    ran = command(tmp_path, "run", "mine.py", "--out", "run")
    assert ran.returncode == 2
    assert "the code has changed since the run began: helper.py (changed)" in ran.stderr.splitlines()[-1]


def test_the_commit_is_that_of_the_repository_of_the_experiment(interrupted: Path) -> None:
    assert "commit" not in stored(interrupted, "run")[0]["environment"]
    git = ["git", "-c", "user.name=x", "-c", "user.email=x", "-C", str(interrupted)]
    for arguments in (["init", "--quiet"], ["add", "mine.py"], ["commit", "--quiet", "-m", "mine"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    command(interrupted, "run", "--resume", "run")
    environment = stored(interrupted, "resume")[0]["environment"]
    assert (environment["commit"], environment["commit_dirty"]) == (commit, True)
    assert environment["packages"]["bptt-bench"] == bench.__version__
