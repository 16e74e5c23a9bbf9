"""What holds of the tests themselves: their names, where they stand, and that one that hangs fails."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
LONGEST_NAME = 80  # characters of the name of a test
SAME_NAMED = ("stats", "fitting", "verdicts")  # folders of analyse/ whose modules have a test file of the same name
TYPES = ("stats/arrays",)  # modules that define types alone


def functions_of(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [function.name for function in functions if function.name.startswith("test_")]


def test_names_of_tests_are_short() -> None:
    found = {path.relative_to(ROOT): functions_of(path) for path in sorted(TESTS.rglob("test_*.py"))}
    assert sum(map(len, found.values())) > 1000
    assert [(path, name) for path, names in found.items() for name in names if len(name) > LONGEST_NAME] == []


def test_modules_of_the_statistics_have_a_test_file_of_their_name() -> None:
    analyse = ROOT / "bench" / "bptt_bench" / "analyse"
    modules = [path for folder in SAME_NAMED for path in (analyse / folder).glob("*.py") if path.stem != "__init__"]
    assert len(modules) > 20
    missing = [
        f"{path.parent.name}/{path.stem}"
        for path in sorted(modules)
        if not (TESTS / "bench" / "analyse" / path.parent.name / f"test_{path.name}").is_file()
    ]
    assert [name for name in missing if name not in TYPES] == []


def test_a_test_that_hangs_fails(tmp_path: Path) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert 0 < settings["timeout"] <= 300
    (tmp_path / "pytest.ini").write_text("[pytest]\ntimeout = 0.5\n", encoding="utf-8")
    (tmp_path / "test_it.py").write_text("import time\ndef test_it(): time.sleep(60)\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Failed: Timeout (>0.5s) from pytest-timeout." in done.stdout
