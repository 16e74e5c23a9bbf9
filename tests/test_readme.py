"""What the README shows is run as it is written there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def bench(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bptt_bench", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def modules() -> list[tuple[str, str]]:
    """Name and text of each module with an experiment; the name is the last file named before it."""
    blocks = re.finditer(r"```python\n(.*?)```", README, flags=re.DOTALL)
    return [
        (re.findall(r"`(\w+)\.py`", README[: block.start()])[-1], block[1])
        for block in blocks
        if "EXPERIMENT = " in block[1]
    ]


@pytest.mark.parametrize(("name", "text"), modules(), ids=[name for name, _ in modules()])
def test_an_experiment_on_ones_own_code_runs_and_is_judged(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    ran = bench("run", f"{name}.py", "--out", "out", "--json", cwd=tmp_path)
    assert ran.returncode in (0, 1), ran.stderr  # 1: refuted on a busy machine, which is an answer too
    verdicts = json.loads(ran.stdout)["verdicts"]
    assert verdicts
    assert all(verdict["estimate"] is not None for verdict in verdicts), verdicts
    assert f"bptt-bench run {name}" in README


def test_about_ten_lines_are_enough() -> None:
    assert modules()
    for _, text in modules():
        lines = [line for line in text.splitlines() if line.strip()]
        assert len(lines) <= (10 if "bench.experiment(" in text else 24)


@pytest.mark.measures
def test_the_test_of_a_law_runs_and_is_judged(tmp_path: Path) -> None:
    (block,) = (block for block in BLOCKS if "mark.complexity(" in block)
    (tmp_path / "test_it.py").write_text(block, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert re.search(r"5 passed, 1 |6 passed", ran.stdout), ran.stdout  # five levels; on a busy machine no more
    assert "test_sort[law]" in ran.stdout


def test_the_table_of_verdicts_is_that_of_the_reference_run() -> None:
    """Each row of the README's table, blanks apart, is a row of what `verdict results/reference` prints."""
    about_reference = README.partition("## On your own code")[0].splitlines()
    shown = [line.split() for line in about_reference if re.match(r"    \S.*(supported|refuted|inconclusive)$", line)]
    printed = subprocess.run(
        [sys.executable, "-m", "bptt_bench", "verdict", "results/reference"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "112"},
        timeout=120,
        check=False,
    ).stdout
    assert len(shown) > 5
    rows = [line.split() for line in printed.splitlines()]
    assert all(row in rows for row in shown)


def test_every_command_and_file_named_exists() -> None:
    for path in re.findall(r"\]\(((?!http)[^)]+)\)", README):
        assert (ROOT / path).exists(), path
    for command in set(re.findall(r"(?:^    |`)bptt-bench (\w+)", README, re.MULTILINE)):
        assert bench(command, "--help", cwd=ROOT).returncode == 0, command
