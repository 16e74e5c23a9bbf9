"""Exit statuses: 1 comes from a verdict and from nothing else, whatever breaks and wherever it does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click
import numpy as np
import pandas as pd
import pytest
from bptt_bench.cli.main import cli
from click.testing import CliRunner

COMMANDS = list(cli.commands)
FAULTS: dict[str, Callable[[], BaseException]] = {
    "linear algebra": lambda: np.linalg.LinAlgError("SVD did not converge"),
    "memory": MemoryError,
    "recursion": lambda: RecursionError("maximum recursion depth exceeded"),
    "pandas": lambda: pd.errors.ParserError("line 3\nfield 2"),
    "key": lambda: KeyError("n"),
    "assertion": AssertionError,
    "exit": lambda: SystemExit(1),
    "generator": GeneratorExit,
}


def plant(monkeypatch: pytest.MonkeyPatch, command: str, error: BaseException) -> None:
    """Let a command raise whatever it is given, once its options have been read."""

    def raises() -> NoReturn:
        raise error

    broken = cli.commands[command]
    kept = [option for option in broken.params if option.name == "traceback"]
    monkeypatch.setattr(broken, "params", kept)
    monkeypatch.setattr(broken, "callback", raises)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("command", COMMANDS)
def test_an_unforeseen_error_is_a_fault_of_ours_in_one_line(
    monkeypatch: pytest.MonkeyPatch, command: str, fault: str
) -> None:
    error = FAULTS[fault]()
    plant(monkeypatch, command, error)
    result = CliRunner().invoke(cli, [command])
    assert result.exit_code == 70
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: {type(error).__name__}")
    assert line.endswith("this is a bug in bptt-bench, please report it with what --traceback shows")
    assert result.stdout == ""


@pytest.mark.parametrize("arguments", [["fit", "--traceback"], ["--traceback", "fit"]])
def test_the_whole_traceback_is_shown_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    plant(monkeypatch, "fit", np.linalg.LinAlgError("SVD did not converge"))
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 70
    assert "in raises" in result.stderr
    assert result.stderr.splitlines()[-1].endswith("this is a bug in bptt-bench, please report it")


@pytest.mark.parametrize("command", COMMANDS)
def test_interrupting_and_refused_input_keep_their_own_status(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    errors: dict[BaseException, tuple[int, str]] = {
        KeyboardInterrupt(): (130, "interrupted"),
        click.UsageError("--n: is not a number"): (2, "error: --n: is not a number"),
        FileNotFoundError(2, "No such file or directory", "x.csv"): (2, "error: x.csv: No such file or directory"),
    }
    for error, (status, line) in errors.items():
        with monkeypatch.context() as patch:
            plant(patch, command, error)
            result = CliRunner().invoke(cli, [command])
        assert (result.exit_code, result.stderr) == (status, f"{line}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_arguments_that_are_none_are_unusable(command: str) -> None:
    result = CliRunner().invoke(cli, [command, "--no-such-option"])
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_the_module_answers_as_the_command_does(tmp_path: Path) -> None:
    """A fault deep inside, seen from outside the interpreter: no traceback, no document, no status 1."""
    (tmp_path / "times.csv").write_text("n,seconds_per_eval\n1,1\n2,2\n3,3\n4,4\n", encoding="utf-8")
    planted = (
        "import runpy, sys, numpy as np\n"
        "import bptt_bench.analyse.stats.nonnegative as broken\n"
        "def raises(*_, **__): raise np.linalg.LinAlgError('planted')\n"
        "broken._least_squares = broken.active_set_step = broken._search = raises\n"
        "sys.argv = ['bptt-bench', 'fit', 'times.csv', '--law', 'n', '--json']\n"
        "runpy.run_module('bptt_bench', run_name='__main__')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", planted], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 70, ran.stderr
    assert ran.stdout == ""
    assert ran.stderr.startswith("error: LinAlgError: planted; this is a bug in bptt-bench")
    assert len(ran.stderr.splitlines()) == 1


def test_a_terminal_without_our_letters_gets_others_and_no_fault(tmp_path: Path) -> None:
    (tmp_path / "times.csv").write_text("n,seconds_per_eval\n1,1\n2,4\n3,9\n4,16\n", encoding="utf-8")
    command = [sys.executable, "-m", "bptt_bench", "fit", "times.csv", "--law", "n**2"]
    ran = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("all points lie on n?, to within rounding\n\nn?\n")


EXPERIMENT = """
import os, sys
import numpy as np
from bptt_bench.plan import CostLaw, Design, Experiment, Factor, Profile, Subject

def prepare(point):
    def evaluate():
        {body}
    return evaluate

points = Design.of({{"n": n}} for n in (1, 2, 3))
EXPERIMENT = Experiment(
    name="broken", factors=(Factor(name="n"),),
    subjects=(Subject(name="it", prepare=prepare, law=CostLaw("n")),),
    profiles={{"quick": Profile(design=points, blocks=1, seconds_per_sample=1e-4)}},
)
"""


@pytest.mark.parametrize(
    "body",
    [
        "os._exit(1)",
        "sys.exit(1)",
        "raise KeyboardInterrupt",
        "raise GeneratorExit",
        "evaluate()",
        "np.linalg.inv([[0]])",
    ],
)
def test_what_a_measured_call_does_to_its_process_is_no_verdict(tmp_path: Path, body: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(EXPERIMENT.format(body=body), encoding="utf-8")
    result = CliRunner().invoke(cli, ["run", str(path), "--out", str(tmp_path / "run"), "--json"])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert "subject 'it' at n=" in result.stderr.splitlines()[-1]


def test_documents_of_fits_are_json(tmp_path: Path) -> None:
    """A law that is 0 at a point printed lines of LAPACK before its traceback: on standard output nothing else is."""
    rows = "".join(f"{n},{1e-6 + 1e-7 * n * np.log(n)}\n" for n in (1, 2, 4, 8, 16, 32))
    (tmp_path / "times.csv").write_text("n,seconds_per_eval\n" + rows, encoding="utf-8")
    for law in ("n*log(n)", "log(n)", "n*(n-1)"):
        command = [sys.executable, "-m", "bptt_bench", "fit", "times.csv", "--law", law, "--json", "--predict", "n=1"]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
        assert (ran.returncode, ran.stderr) == (0, ""), law
        (prediction,) = json.loads(ran.stdout)["predictions"]
        assert prediction["low"] <= prediction["value"] <= prediction["high"]
