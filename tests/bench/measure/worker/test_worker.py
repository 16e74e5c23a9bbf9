"""Real measuring processes: pinned threads, a protocol that nothing disturbs, and an end that always comes."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.measure.engines import WorkerDied
from bptt_bench.measure.engines.local import LocalEngine, LocalWorker, worker_environment
from bptt_bench.measure.loop.events import Event, SampleTaken
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.probe.environment import THREAD_VARIABLES
from bptt_bench.measure.protocol.messages import (
    CheckReply,
    CheckRequest,
    ErrorReply,
    OpenReply,
    OpenRequest,
    Reply,
    SampleReply,
    SampleRequest,
    SkipReply,
    encode,
)
from bptt_bench.measure.worker.machine import ThreadsError, require_threads

from tests.bench.measure.fakes import ListSink

ROOT = Path(__file__).resolve().parents[4]
PATIENCE_SECONDS = 20  # for what must come; only a failure waits so long
MODULE = """
import os, signal, sys, time
import numpy as np
from bptt_bench.plan import CheckClaim, CheckResult, Design, Experiment, Factor, Profile, Subject

print("printed on import")
os.write(1, b"written on import\\n")

def quiet(point):
    a = np.ones(int(point["n"]))
    return lambda: a @ a

def noisy(point):
    print("printed while preparing")
    return lambda: os.write(1, b"written while evaluating\\n")

def deadly(point):
    return lambda: os.kill(os.getpid(), signal.SIGSEGV)

def endless(point):
    return lambda: time.sleep(3600)

def raising(point):
    raise KeyError("no\\nsuch weight")

def leaving(point):
    sys.exit("enough")

def check(seed):
    print("printed while checking")
    return CheckResult(estimate=float("nan"), allowed=1.0, cases=seed, passes={"m": [(np.int64(2), np.arange(1, 3))]})

EXPERIMENT = Experiment(
    name="real",
    factors=(Factor(name="n"),),
    subjects=tuple(Subject(name=f.__name__, prepare=f) for f in (quiet, noisy, deadly, endless, raising, leaving)),
    profiles={"quick": Profile(design=Design.grid({"n": [10]}), blocks=1, seconds_per_sample=0.001)},
)
CLAIMS = (CheckClaim(name="checked", subject="quiet", check=check),)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "real_experiment.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return "real_experiment"


@pytest.fixture
def worker(module: str) -> Iterator[LocalWorker]:
    started = LocalEngine().start(threads=1)
    try:
        ready = started.send(OpenRequest(module=module, corpus=None, threads=1))
        assert isinstance(ready, OpenReply)
        assert ready.pid == started.pid
        assert [pool["threads"] for pool in ready.threads if pool["api"] == "blas"] == [1]
        assert ready.floor_seconds > 0
        yield started
    finally:
        started.close()


def measured(worker: LocalWorker, subject: str, **settings: Any) -> Reply:
    return worker.send(
        SampleRequest(subject=subject, point={"n": 10}, timing="whole", seconds_per_sample=0.001, **settings)
    )


def test_what_an_experiment_prints_does_not_reach_the_protocol(worker: LocalWorker) -> None:
    checked = worker.send(CheckRequest(claim="checked", seed=7))
    assert isinstance(checked, CheckReply)
    assert checked.estimate != checked.estimate  # not a number, and still so on this side
    assert checked.cases == 7
    made: object = checked.passes
    assert made == {"m": [[2, [1, 2]]]}, "numbers of NumPy have become plain ones"
    for subject in ("noisy", "quiet"):
        sampled = measured(worker, subject, evaluations=3)
        assert isinstance(sampled, SampleReply)
        assert sampled.evaluations == 3
        assert 0 < 3 * sampled.seconds_per_eval <= sampled.seconds_in_evaluations


def test_a_subject_that_raises_is_left_out_in_one_line_and_the_process_goes_on(worker: LocalWorker) -> None:
    for subject, line in (("raising", "    raise KeyError"), ("leaving", "    sys.exit")):
        left_out = measured(worker, subject)
        assert isinstance(left_out, SkipReply)
        assert left_out.raised
        message, _, where = left_out.reason.partition(" (")
        assert message in (r"KeyError: 'no\nsuch weight'", "SystemExit: enough")
        number = int(where.removesuffix(")").rpartition(" ")[2])
        assert MODULE.splitlines()[number - 1].startswith(line)
    assert isinstance(measured(worker, "quiet"), SampleReply)


def test_a_process_that_crashes_is_known_by_its_signal(worker: LocalWorker) -> None:
    with pytest.raises(WorkerDied, match="it was killed by SIGSEGV"):
        measured(worker, "deadly")
    with pytest.raises(WorkerDied, match="it was killed by SIGSEGV"):
        measured(worker, "quiet")


def test_a_process_ends_in_the_middle_of_an_evaluation_when_its_requests_end(module: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "bptt_bench.measure.worker.worker"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=worker_environment(os.environ, 1),
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write(encode(OpenRequest(module=module, corpus=None, threads=1)))
        process.stdin.flush()
        assert b"OpenReply" in process.stdout.readline()
        request = SampleRequest(subject="endless", point={"n": 1}, timing="whole", seconds_per_sample=1.0)
        process.stdin.write(encode(request))
        process.stdin.flush()
        assert select.select([process.stdout], [], [], 0.1)[0] == []  # it is evaluating
        process.stdin.close()
        assert process.wait(PATIENCE_SECONDS) == 0


def test_closing_ends_a_process_in_the_middle_of_an_evaluation(module: str) -> None:
    worker = LocalEngine().start(threads=1)
    worker.send(OpenRequest(module=module, corpus=None, threads=1))

    def alarm(_number: int, _frame: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, alarm)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(TimeoutError):
            measured(worker, "endless")
    finally:
        signal.signal(signal.SIGALRM, before)
        worker.close()
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, 0)


def test_a_module_that_cannot_be_imported_is_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("1 / 0\n")
    worker = LocalEngine().start(threads=1)
    try:
        reply = worker.send(OpenRequest(module=str(broken), corpus=None, threads=1))
    finally:
        worker.close()
    assert isinstance(reply, ErrorReply)
    assert reply.message.endswith("raises on import: ZeroDivisionError: division by zero (broken.py, line 1)")


def test_a_run_with_real_processes_goes_on_after_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = MODULE.replace("(quiet, noisy, deadly, endless, raising, leaving)", "(quiet, deadly)")
    (tmp_path / "half_experiment.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    from bptt_bench.measure.worker.loading import load_experiment

    sink, events = ListSink(), list[Event]()
    run(
        load_experiment("half_experiment"), module="half_experiment", profile="quick", seed=0, threads=1, sink=sink,
        on_event=events.append,
    )  # fmt: skip
    assert len(sink.of("check")) == 1
    (skip,) = sink.of("skip")
    assert (skip["subject"], skip["reason"]) == ("deadly", "the measuring process died: it was killed by SIGSEGV")
    (sample,) = sink.of("sample")
    assert sample["subject"] == "quiet"
    assert sum(isinstance(event, SampleTaken) for event in events) == 1


def test_thread_variables_are_set_whatever_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["", "/one", "/two", "/one"])
    environment = worker_environment({"OMP_NUM_THREADS": "16", "HOME": "/home"}, 2)
    assert {name: environment[name] for name in THREAD_VARIABLES} == dict.fromkeys(THREAD_VARIABLES, "2")
    assert {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"} <= set(THREAD_VARIABLES)
    assert environment["HOME"] == "/home"
    assert environment["PYTHONPATH"].split(os.pathsep) == [str(Path.cwd()), "/one", "/two"]


def test_libraries_that_use_other_threads_are_named() -> None:
    require_threads([], 1)
    require_threads([{"name": "openblas", "threads": 2}], 2)
    with pytest.raises(ThreadsError, match="threads=2: mkl uses 1 instead"):
        require_threads([{"name": "openblas", "threads": 2}, {"name": "mkl", "threads": 1}], 2)
