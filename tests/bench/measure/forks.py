"""A laboratory that kills runs: real processes, pipes and files, but forked, so that fifty start within seconds.

    python -m tests.bench.measure.forks FOLDER KILL|STOP TRIALS SEED

Each trial goes on with a run in FOLDER, and ends it at a random moment: KILL by SIGKILL, STOP by SIGINT or SIGTERM.
A run that has come to its end makes way for a new one. One line of JSON for each trial tells what was found afterwards.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

from bptt_bench.measure.engines import WorkerDied
from bptt_bench.measure.loop.events import Event, SampleTaken
from bptt_bench.measure.loop.interrupts import Interrupted
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.protocol.messages import Reply, Request, decode, encode
from bptt_bench.measure.timing.clock import WallClock
from bptt_bench.measure.worker.request_handler import RequestHandler
from bptt_bench.measure.worker.worker import serve
from bptt_bench.plan import CheckClaim, CheckResult, Design, Evaluation, Experiment, Factor, Point, Profile, Subject
from bptt_bench.store.runs.samples import SampleStore, read_records

LATEST_SHARE = 0.6  # of the time that a whole run takes: the latest moment at which one is ended
STOPS = (signal.SIGINT, signal.SIGTERM)
PATIENCE_SECONDS = 20.0  # for what must come; only a failure waits so long


def spin(point: Point) -> Evaluation:
    def evaluate() -> None:
        end = time.perf_counter() + 1e-4 * point["n"]
        while time.perf_counter() < end:
            pass

    return evaluate


EXPERIMENT = Experiment(
    name="spin",
    factors=(Factor(name="n"),),
    subjects=(Subject(name="spin", prepare=spin, working_set=lambda _: 1),),
    placebo="spin",
    claims=(
        CheckClaim(name="checked", subject="spin", check=lambda seed: CheckResult(estimate=0, allowed=seed, cases=1)),
    ),
    profiles={
        "quick": Profile(design=Design.grid({"n": range(1, 9)}), blocks=5, processes=3, seconds_per_sample=0.001)
    },
)


class ForkedWorker:
    """A handler in a child of this process."""

    def __init__(self, pid: int, requests: BinaryIO, replies: BinaryIO) -> None:
        self.pid, self._requests, self._replies = pid, requests, replies

    def send(self, request: Request) -> Reply:
        self._requests.write(encode(request))
        self._requests.flush()
        line = self._replies.readline()
        if not line:
            raise WorkerDied("it is gone")
        reply: Reply = decode(line)
        return reply

    def close(self) -> None:
        self._requests.close()  # the worker must end by itself
        os.waitpid(self.pid, 0)
        self._replies.close()


class ForkEngine:
    """Forks its workers."""

    def start(self, *, threads: int) -> ForkedWorker:
        ours_out, theirs_in = os.pipe()[::-1]
        theirs_out, ours_in = os.pipe()[::-1]
        pid = os.fork()
        if pid == 0:
            for number in STOPS:
                signal.signal(number, signal.SIG_DFL)
            os.close(ours_out)
            os.close(ours_in)
            pools = [{"name": "none", "threads": threads}]
            handler = RequestHandler(WallClock(), pools=lambda: pools, load=lambda _module, _corpus: EXPERIMENT)
            serve(os.fdopen(theirs_in, "rb"), os.fdopen(theirs_out, "wb"), handler)
        os.close(theirs_in)
        os.close(theirs_out)
        return ForkedWorker(pid, os.fdopen(ours_out, "wb"), os.fdopen(ours_in, "rb"))


def measure(folder: Path) -> int:
    """The run that is killed: reports each sample by a line in a file, the moment it is told of it."""
    reports = os.open(folder.with_suffix(".reported"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def report(event: Event) -> None:
        if isinstance(event, SampleTaken):
            os.write(reports, json.dumps(key(event.subject, event.point, event.block)).encode() + b"\n")

    exists = (folder / "samples.jsonl").exists()
    try:
        with SampleStore.resume(folder) if exists else SampleStore.create(folder) as store:
            settings: dict[str, Any] = {
                "module": "spin",
                "profile": "quick",
                "seed": 1,
                "threads": 1,
                "describe_environment": dict,
            }
            run(EXPERIMENT, sink=store, done=store.done, engine=ForkEngine(), on_event=report, **settings)
    except Interrupted:
        return 130
    return 0


def key(subject: str, point: Any, block: int) -> list[Any]:
    return [subject, point["n"], block]


def stopped(number: int, _frame: FrameType | None) -> None:
    """What a command line does with a signal while no run is on."""
    raise Interrupted(number)


def trial(folder: Path, number: signal.Signals, delay_seconds: float) -> dict[str, Any]:
    """Start or continue the run, end it after a while, and see what is left."""
    alive, held = os.pipe()  # closes when the run and its workers are all gone
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    pid = os.fork()
    if pid == 0:
        os.close(alive)
        code = 1
        try:
            for stop in STOPS:
                signal.signal(stop, stopped)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
            code = measure(folder)
        except Interrupted:  # before the run took the signals over, or after it gave them back
            code = 130
        finally:
            os._exit(code)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    os.close(held)
    time.sleep(delay_seconds)
    os.kill(pid, number)
    _, status = os.waitpid(pid, 0)
    gone = bool(select.select([alive], [], [], PATIENCE_SECONDS)[0])
    os.close(alive)
    return {"signal": number.name, "exit": os.waitstatus_to_exitcode(status), "workers_gone": gone, **state(folder)}


def state(folder: Path) -> dict[str, Any]:
    """What was reported, and what is stored."""
    path, reports = folder / "samples.jsonl", folder.with_suffix(".reported")
    records = read_records(path) if path.exists() else []
    samples = [key(one["subject"], one["point"], one["block"]) for one in records if one["record"] == "sample"]
    reported = [json.loads(line) for line in reports.read_text().splitlines()] if reports.exists() else []
    return {
        "folder": folder.name,
        "reported": len(reported),
        "stored": len(samples),
        "missing": [one for one in reported if one not in samples],
        "twice": len(samples) - len({tuple(one) for one in samples}),
        "checks": sum(one["record"] == "check" for one in records),
        "finished": any(one["record"] == "finish" for one in records),
    }


def trials(folder: Path, kind: str, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Time a whole run, kill one after the other until enough were killed, and let the last one come to its end."""
    numbers = [signal.SIGKILL] if kind == "KILL" else list(STOPS)
    rng, runs = random.Random(seed), 0
    start = time.perf_counter()
    measure(folder / "whole")
    latest_seconds = LATEST_SHARE * (time.perf_counter() - start)
    for _ in range(count):
        found = trial(folder / f"run{runs}", rng.choice(numbers), rng.uniform(0, latest_seconds))
        runs += found["finished"] or found["exit"] == 0  # killed just before its finish, a run has nothing left to do
        yield found
    last = folder / "last"
    trial(last, rng.choice(numbers), latest_seconds)
    yield {"signal": None, "exit": measure(last), "workers_gone": True, **state(last)}


def main() -> None:
    folder, kind, count, seed = sys.argv[1:]
    for found in trials(Path(folder), kind, int(count), int(seed)):
        sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
