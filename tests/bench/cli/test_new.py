"""``new`` writes a module that runs as it is, and never writes over anything by accident."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def bench(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bptt_bench", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_what_is_written_runs_as_it_is(tmp_path: Path) -> None:
    written = bench("new", "my_sort", cwd=tmp_path)
    assert written.returncode == 0, written.stderr
    assert "bptt-bench run my_sort" in written.stdout
    ran = bench("run", "my_sort", "--out", "named", "--json", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["verdicts"] == []
    (laws,) = found["laws"].values()
    assert laws["answer"] in {one["law"] for one in laws["candidates"]}
    shown = bench("verdict", "named", cwd=tmp_path)
    assert shown.stdout.startswith("my_sort: "), shown.stdout
    assert "the time grows as " in shown.stdout, "which law it is depends on how busy the machine is"
    module = tmp_path / "my_sort.py"
    module.write_text(module.read_text().replace('# law="n log n"', 'law="n log n"'))
    judged = bench("verdict", "named", "--claims", "my_sort", "--json", cwd=tmp_path)
    (verdict,) = json.loads(judged.stdout)
    assert (verdict["claim"], verdict["subject"]) == ("follows n*log(n)", "my_sort")


def test_a_file_that_is_there_stays_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("x = 1\n")
    refused = bench("new", "mine", cwd=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.strip() == (
        "error: mine.py: is there already; choose another name, or --force to overwrite it"
    )
    assert (tmp_path / "mine.py").read_text() == "x = 1\n"
    forced = bench("new", "mine.py", "--force", "--json", cwd=tmp_path)
    assert json.loads(forced.stdout) == {"file": "mine.py", "run": "bptt-bench run mine"}
    assert "EXPERIMENT" in (tmp_path / "mine.py").read_text()


def test_a_keyword_is_no_name_of_a_module(tmp_path: Path) -> None:
    refused = bench("new", "class", cwd=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr == "error: name 'class': is a keyword of Python; choose another, such as my_class\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["3x", "a.b", "../x", "", "a b", "für", "-"])
def test_a_name_that_no_module_can_have_is_refused(name: str, tmp_path: Path) -> None:
    refused = bench("new", "--", name, cwd=tmp_path)
    assert refused.returncode == 2
    assert "must be that of a module (ASCII letters, digits and _, the first not a digit)" in refused.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["random", "bptt_bench", "numpy"])
def test_a_name_that_would_import_another_module_is_refused(name: str, tmp_path: Path) -> None:
    refused = bench("new", name, cwd=tmp_path)
    assert refused.returncode == 2
    assert f"error: name '{name}': an installed module has it" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine.py").mkdir()
    refused = bench("new", "mine", "--force", cwd=tmp_path)
    assert (refused.returncode, refused.stderr) == (2, "error: mine.py: is a folder\n")
