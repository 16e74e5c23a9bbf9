"""Installing this package breaks nobody, whatever they call their own; and the source archive holds what it should.

The archive is built from the committed files, the wheel from the archive, and a fresh environment gets the wheel. Its
dependencies are those of the environment that runs this test, as links: nothing comes from a network.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
MADE_BY_SETUPTOOLS = {"PKG-INFO", "setup.cfg"}
MOST_BYTES = 15e6  # of the archive
OURS = re.compile(r"(__editable__.*|bptt[_-](bench|rnn).*|.*\.pth|__pycache__)")
LAW = """
import pytest

SECONDS = [0.0]

def timer():  # a clock that the test moves itself
    return SECONDS[0]

@pytest.mark.complexity("{law}", n=[1000, 2000, 4000, 8000, 16000])
def test_law(benchmark, n):
    def evaluate():
        SECONDS[0] += 1e-6 * n + 1e-5
    benchmark.pedantic(evaluate, rounds=5)
"""
PACKAGES = {
    "bench/__init__.py": "",
    "bench/__main__.py": "print('their own bench')",
    "bench/load.py": "OURS = 'their own load'\n",
    "rnn/__init__.py": "",
    "rnn/experiment.py": "EXPERIMENT = 'their own rnn'\n",
    "test_theirs.py": """
from bench.load import OURS
from rnn.experiment import EXPERIMENT

def test_theirs(): assert (OURS, EXPERIMENT) == ("their own load", "their own rnn")
""",
}
MODULES = {
    "bench.py": "def load(): return 'their own load'\nif __name__ == '__main__': print('their own bench')\n",
    "rnn.py": "EXPERIMENT = 'their own rnn'\n",
    "test_theirs.py": """
import bench, rnn

def test_theirs(): assert (bench.load(), rnn.EXPERIMENT) == ("their own load", "their own rnn")
""",
}
Run = Callable[..., subprocess.CompletedProcess[str]]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command that knows nothing of this checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**environment, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def committed() -> list[str]:
    """Names of the files that are committed, or would be."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive of what is committed, built beside things that are not."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("archive")
    litter = ("results/quick-1/samples.jsonl", "results/reference/lock", "examples/__pycache__/join.pyc", "mine.csv")
    for name in committed():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    for name in litter:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("not committed", encoding="utf-8")
    build = f"from setuptools import build_meta; build_meta.build_sdist({str(out)!r})"
    built = run(sys.executable, "-c", build, cwd=source)
    assert built.returncode == 0, built.stderr
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the archive."""
    out = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation")
    built = run(*pip, "--wheel-dir", out, archive, cwd=out)
    assert built.returncode == 0, built.stderr
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment that has the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    assert run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent).returncode == 0
    (packages,) = folder.glob("lib/python*/site-packages")
    for installed in (Path(entry) for entry in sys.path if Path(entry).name == "site-packages"):
        for entry in installed.iterdir():
            if not OURS.fullmatch(entry.name) and not (packages / entry.name).exists():
                (packages / entry.name).symlink_to(entry)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps")
    installed_wheel = run(*pip, wheel, cwd=folder)
    assert installed_wheel.returncode == 0, installed_wheel.stderr
    return python


@pytest.fixture(params=[PACKAGES, MODULES], ids=["packages", "modules"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A project that has a bench and an rnn of its own, and tests of it."""
    for name, text in request.param.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_archive_holds_what_is_committed_and_nothing_else(archive: Path) -> None:
    with tarfile.open(archive) as opened:
        names = {member.name.partition("/")[2] for member in opened.getmembers() if member.isfile()}
    made = {name for name in names if name in MADE_BY_SETUPTOOLS or ".egg-info/" in name}
    assert names - made == set(committed())
    assert archive.stat().st_size < MOST_BYTES


def test_the_wheel_holds_two_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    assert {re.sub(r"-.*\.dist-info", ".dist-info", name.partition("/")[0]) for name in names} == {
        "bptt_bench",
        "bptt_rnn",
        "bptt_bench.dist-info",
    }
    assert "bptt_bench/py.typed" in names
    assert "bptt_bench/report/templates/report.html.j2" in names


def test_a_project_with_names_like_ours_keeps_them(python: Path, project: Path) -> None:
    ran = run(python, "-m", "pytest", "-p", "no:cacheprovider", cwd=project)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout
    assert "bptt-bench-" in ran.stdout, "the plugin was there"
    assert run(python, "-m", "bench", cwd=project).stdout == "their own bench\n"


@pytest.mark.parametrize(("law", "word"), [("n", "supported"), ("n**2", "refuted")])
def test_a_law_is_judged_beside_them(python: Path, project: Path, law: str, word: str) -> None:
    (project / "test_law.py").write_text(LAW.format(law=law), encoding="utf-8")
    ran = run(python, "-m", "pytest", "-p", "no:cacheprovider", "--benchmark-timer=test_law.timer", cwd=project)
    assert ran.returncode == (1 if word == "refuted" else 0), ran.stdout + ran.stderr
    printed = {"n**2": "n²"}.get(law, law)
    assert f"test_law.py::test_law[law]: law {printed} {word}" in ran.stdout
    assert ("1 failed, 6 passed" if word == "refuted" else "7 passed") in ran.stdout


def test_an_experiment_is_written_and_measured_beside_them(python: Path, project: Path) -> None:
    command = python.with_name("bptt-bench")
    written = run(command, "new", "my_sort", cwd=project)
    assert written.returncode == 0, written.stderr
    ran = run(command, "run", "my_sort", "--out", "out", "--json", cwd=project)
    assert ran.returncode in (0, 1), ran.stderr  # 1: refuted on a busy machine, which is an answer too
    document = json.loads(ran.stdout)
    assert all(verdict["estimate"] is not None for verdict in document["verdicts"])
    again = run(python, "-m", "bptt_bench", "verdict", "out", "--json", cwd=project)
    assert json.loads(again.stdout) == document["verdicts"]


def test_a_bare_run_says_what_to_name(python: Path, project: Path) -> None:
    ran = run(python.with_name("bptt-bench"), "run", cwd=project)
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: EXPERIMENT must be the name of a module, ")
    assert len(ran.stderr.splitlines()) == 1
