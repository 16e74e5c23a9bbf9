"""What measured code prints is counted, shown once, and kept apart from answers and progress."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bptt_bench.measure.engines.local import LocalEngine
from bptt_bench.measure.protocol.messages import OpenReply, OpenRequest, SampleRequest
from bptt_bench.measure.worker.output import (
    MOST_CHARACTERS,
    MOST_LINES,
    CapturedOutput,
    OutputFile,
    redirect_standard_output,
)

MODULE = """
import ctypes, os, signal, sys, warnings
import numpy as np
import bptt_bench as bench

print("loading")
os.write(1, b"loaded\\n")

def prepare(point):
    n = int(point["n"])

    def call():
        print("converged")
        print("a warning of sorts", file=sys.stderr)
        np.float64(2.0) ** np.array([2e3])
        return sum(range(n))

    return call

def deadly(point):
    def call():
        os.write(2, b"last words\\n")
        os.kill(os.getpid(), signal.SIGKILL)
    return call

EXPERIMENT = bench.experiment(prepare, "n", n=[1000, 2000, 4000, 8000], blocks=2, seconds_per_sample=0.001)
DEADLY = bench.experiment(deadly, "n", n=[1000, 2000, 4000, 8000])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "chatty.py").write_text(MODULE)
    return tmp_path


def test_lines_are_counted_and_the_many_are_not_kept() -> None:
    printed = CapturedOutput()
    assert not printed
    for line in ("a", "b\r\n", "a", "", "  ", "x" * 1000, *(str(i) for i in range(MOST_LINES))):
        printed.add(line)
    assert list(printed.lines.items())[:3] == [("a", 2), ("b", 1), (f"{'x' * MOST_CHARACTERS}…", 1)]
    assert (len(printed.lines), printed.others) == (MOST_LINES, 3)
    both = CapturedOutput()
    both.add_all([("a", 5)], 1)
    both.add_all(printed.lines.items(), printed.others)
    assert (both.lines["a"], both.others) == (7, 4)


def test_a_file_is_counted_and_emptied_however_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bptt_bench.measure.worker.output.CHUNK_BYTES", 7)
    overheard, printed = OutputFile(), CapturedOutput()
    other = os.dup(overheard.file.fileno())
    os.write(other, b"one line\n" * 100 + "grüße\n".encode() + b"\xff\nunfinished")
    overheard.count(printed)
    assert printed.lines == {"one line": 100, "grüße": 1, "\ufffd": 1, "unfinished": 1}
    os.write(other, b"forgotten\n")
    overheard.count(None)
    os.write(other, b"later\n")
    overheard.close(printed)
    assert list(printed.lines)[-1] == "later"
    overheard.close(printed)
    overheard.count(printed)
    os.close(other)


def test_the_words_of_a_process_are_counted_up_to_its_last(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(folder)
    engine = LocalEngine()
    worker = engine.start(threads=1)
    try:
        assert isinstance(worker.send(OpenRequest(module="chatty", corpus=None, threads=1)), OpenReply)
        assert engine.output.lines == {}  # the run has shown it when it loaded the experiment itself
        for _ in range(2):
            worker.send(
                SampleRequest(subject="chatty", point={"n": 5}, timing="whole", seconds_per_sample=0.0, evaluations=3)
            )
        assert engine.output.lines["converged"] == engine.output.lines["a warning of sorts"] >= 6
        (warning,) = [times for line, times in engine.output.lines.items() if "overflow" in line]
        assert warning == 1
    finally:
        worker.close()


def test_a_run_answers_in_json_and_shows_what_was_printed_once(folder: Path) -> None:
    command = [sys.executable, "-m", "bptt_bench", "run", "chatty.py", "--out", "run", "--json"]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert answer.returncode in (0, 1), answer.stderr
    assert json.loads(answer.stdout)["profile"] == "quick"
    lines = answer.stderr.splitlines()
    assert lines.count("loading") == lines.count("loaded") == 1
    (shown,) = [line for line in lines if line.startswith("  converged (")]
    assert int(shown.split("(")[1].split()[0]) > 8
    assert not [line for line in lines if line == "converged"]
    records = [json.loads(line) for line in (folder / "run" / "samples.jsonl").read_text().splitlines()]
    (printed,) = [record for record in records if record["record"] == "printed"]
    assert f"  converged ({printed['lines']['converged']} times)" == shown


def test_what_is_printed_meanwhile_goes_to_standard_error_and_once(capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        with redirect_standard_output():
            print("to python's stream")
            os.write(1, b"to the file\n")
            subprocess.run(["echo", "of a child"], check=True)
            subprocess.run(["echo", "of a child"], check=True)
    print("afterwards")
    output, errors = capfd.readouterr()
    assert output == "afterwards\n"
    assert sorted(errors.splitlines()) == ["of a child (2 times)", "to python's stream", "to the file"]
