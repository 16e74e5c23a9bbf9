"""The cluster that a run starts for itself: from a plain script, from the command line, and when it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed")

ROOT = Path(__file__).resolve().parents[4]
MODULE = "tests.bench.measure.engines.toy_spin"
PATIENCE_SECONDS = 30.0  # for what must come; only a failure waits so long
SCRIPT = """
import bptt_bench as bench, sys
frame = bench.run(sys.argv[1], out=sys.argv[2], engine="dask", workers=2)
print(len(frame), *set(frame["host"]))
"""
DYING = """
import os, signal
from bptt_bench.measure.engines.local_cluster import local_cluster
with local_cluster(1) as address:
    os.write(1, address.encode())
    os.kill(os.getpid(), signal.SIGKILL)
"""
# What was measured tells what its process was started with.
TELLTALE = """
import os
from pathlib import Path
from bptt_bench.plan import Design, Experiment, Factor, Profile, Subject

def prepare(point):
    Path({out!r}).write_text(repr([name for name in {names!r} if name in os.environ]))
    return lambda: sum(range(1000))

EXPERIMENT = Experiment(
    name="telltale",
    factors=(Factor(name="n"),),
    subjects=(Subject(name="telltale", prepare=prepare),),
    profiles={{"quick": Profile(design=Design.grid({{"n": [1, 2, 3]}}), blocks=1, seconds_per_sample=0.001)}},
    environment={{"WANTED": "1"}},
)
"""


def started(*arguments: str) -> subprocess.Popen[str]:
    """A run on the command line, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "bptt_bench", "run", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def records_of(folder: Path) -> list[dict[str, Any]]:
    path = folder / "samples.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def commands_with(text: str) -> list[str]:
    """Command lines of processes that have a text in their command or their environment."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                about = (process / "cmdline").read_bytes() + b"\0" + (process / "environ").read_bytes()
            except OSError:
                continue
            if text.encode() in about:
                found.append(about.partition(b"\0\0")[0].replace(b"\0", b" ").decode())
    return found


def test_a_script_without_a_guard_measures_without_what_dask_has_set(tmp_path: Path) -> None:
    names = ["WANTED", "MALLOC_TRIM_THRESHOLD_", "PYTHONHASHSEED"]
    script, module, out = (tmp_path / name for name in ("script.py", "telltale.py", "told"))
    script.write_text(SCRIPT)
    module.write_text(TELLTALE.format(out=str(out), names=names))
    command = [sys.executable, str(script), str(module), str(tmp_path / "run")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BENCH_HOST": "mine"}
    environment.pop("PYTHONHASHSEED", None)
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("3 mine\n", "")
    assert out.read_text() == "['WANTED']"


def test_an_interrupted_run_ends_its_cluster_with_status_130(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = started(MODULE, "--profile", "endless", "--engine", "dask", "--out", str(folder))
    end = time.monotonic() + PATIENCE_SECONDS
    while sum(record["record"] == "sample" for record in records_of(folder)) < 5 and time.monotonic() < end:
        time.sleep(0.05)
    measuring = [record["pid"] for record in records_of(folder) if record["record"] == "worker"]
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    goes_on = f"go on with: bptt-bench run --resume {folder} --engine dask"
    assert errors.splitlines()[-1].startswith(f"interrupted by SIGINT; {goes_on}")
    assert "Traceback" not in errors
    assert "distributed" not in errors
    samples = [record for record in records_of(folder) if record["record"] == "sample"]
    assert len(samples) >= 5
    assert set(Counter((s["subject"], s["point"]["n"], s["block"]) for s in samples).values()) == {1}
    end = time.monotonic() + PATIENCE_SECONDS
    while any(Path(f"/proc/{pid}").exists() for pid in measuring) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [pid for pid in measuring if Path(f"/proc/{pid}").exists()]


def test_a_killed_run_takes_its_cluster_along() -> None:
    mark = f"mark-{os.getpid()}-{time.monotonic_ns()}"
    environment = {**os.environ, "BENCH_HOST": mark}
    ran = subprocess.run([sys.executable, "-c", DYING], cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=False)
    assert ran.returncode == -signal.SIGKILL
    assert ran.stdout.startswith(b"tcp://127.0.0.1:")
    end = time.monotonic() + PATIENCE_SECONDS
    while commands_with(mark) and time.monotonic() < end:
        time.sleep(0.1)
    assert commands_with(mark) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--engine", "ray"], "error: engine must be one of local, dask, got 'ray'"),
        (["--workers", "2"], "error: workers='2': goes with engine='dask'"),
        (
            ["--engine", "dask", "--scheduler", "nonsense://1"],
            "error: scheduler nonsense://1: ValueError: unknown addr",
        ),
    ],
)
def test_what_cannot_be_is_one_line_and_status_2(tmp_path: Path, arguments: list[str], expected: str) -> None:
    process = started(MODULE, "--out", str(tmp_path / "run"), *arguments)
    _, errors = process.communicate()
    assert process.returncode == 2
    assert errors.splitlines()[-1].startswith(expected)
    assert "Traceback" not in errors
