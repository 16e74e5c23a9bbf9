"""Whatever is broken where this package is installed, pytest runs the tests that do not need it, and says so."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bptt_bench.integrations.pytest import entry as pytest_entry
from bptt_bench.integrations.pytest import plugin as pytest_plugin

ROOT = Path(__file__).resolve().parents[4]
TESTS = """
import pytest

def test_ordinary(): assert True

@pytest.mark.complexity(3)
def test_with_a_marker_of_that_name_that_is_the_projects_own(): assert True

@pytest.mark.complexity("n", n=[10, 20, 40, 80, 160])
def test_law(benchmark, n): benchmark(list, range(n))

@pytest.mark.bptt_bench
def test_scaling(scaling): raise AssertionError("nobody has asked for it")
"""
INI = "[pytest]\naddopts = --strict-markers --strict-config\ncomplexity_inconclusive = {open}\nfilterwarnings = error\n"
BROKEN = {
    "the plugin": ("sitecustomize.py", "import sys\nsys.modules['bptt_bench.integrations.pytest.law_item'] = None\n"),
    "numpy": ("numpy.py", "raise ImportError('numpy.core\\nfailed to import')\n"),
    "pandas": ("pandas.py", "raise ValueError('numpy.dtype size changed')\n"),
    "scipy, missing": ("sitecustomize.py", "import sys\nsys.modules['scipy'] = None\n"),
}
Session = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(params=list(BROKEN))
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Session:
    """Runs pytest in a project whose environment has this package installed, and something that is broken."""
    entry = tmp_path / "site" / "installed-1.dist-info"
    entry.mkdir(parents=True)
    (entry / "METADATA").write_text("Metadata-Version: 2.1\nName: installed\nVersion: 1\n", encoding="utf-8")
    points = "[pytest11]\nbptt_bench = bptt_bench.integrations.pytest.entry:plugin\n"
    (entry / "entry_points.txt").write_text(points, encoding="utf-8")
    name, text = BROKEN[request.param]
    (tmp_path / "site" / name).write_text(text, encoding="utf-8")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "test_it.py").write_text(TESTS, encoding="utf-8")

    def run(*arguments: str, open_laws: str = "report") -> subprocess.CompletedProcess[str]:
        (tmp_path / "project" / "pytest.ini").write_text(INI.format(open=open_laws), encoding="utf-8")
        path = os.pathsep.join(str(folder) for folder in (entry.parent, ROOT / "bench"))
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path / "project",
            env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
            | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_other_tests_run_and_one_line_says_what_is_broken(session: Session) -> None:
    ran = session("-q")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed, 1 skipped, 1 deselected" in ran.stdout
    said = [line for line in ran.stdout.splitlines() if line.startswith("bptt-bench cannot be loaded: ")]
    assert len(said) == 1
    assert "Error: " in said[0]
    assert "Traceback" not in ran.stdout + ran.stderr


def test_a_law_that_must_not_stay_open_fails(session: Session) -> None:
    ran = session(open_laws="fail")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED, ran.stdout + ran.stderr
    assert "2 passed, 1 deselected, 1 error" in ran.stdout


def test_who_asks_for_scaling_benchmarks_gets_one_line(session: Session) -> None:
    ran = session("--benchmark")
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR, ran.stdout
    assert ran.stderr.startswith("ERROR: --benchmark: bptt-bench cannot be loaded: ")
    assert len(ran.stderr.strip().splitlines()) == 1


def test_where_nothing_is_broken_the_plugin_is_loaded() -> None:
    assert pytest_entry.plugin is pytest_plugin
    assert isinstance(pytest_entry.load_plugin("bptt_bench.no_such_module"), pytest_entry.FallbackPlugin)
