"""Measuring processes that measure nothing: replies come at once and are made up, on a clock that nobody waits for.

What a run of them costs is what the harness costs. ``measured`` is one such run, on this machine or on workers.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bptt_bench.measure.engines.dask_cluster import DaskCluster
from bptt_bench.measure.engines.dask_worker import run_task
from bptt_bench.measure.engines.settings import EngineSettings
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.protocol.messages import (
    OpenReply,
    OpenRequest,
    Reply,
    Request,
    SampleReply,
    SampleRequest,
    decode,
    encode,
)
from bptt_bench.plan import CostLaw, Design, Evaluation, Experiment, Factor, Point, Profile, Subject
from bptt_bench.store.runs.samples import SampleStore
from bptt_bench.workflows.progress import ProgressLines

SECONDS_PER_SAMPLE = 0.01
COLUMNS = 100  # levels of the second factor


class CannedWorker:
    """Answers at once, through the messages of a real process: each is made into bytes and back."""

    def send(self, request: Request) -> Reply:
        request = decode(encode(request))
        if isinstance(request, OpenRequest):
            reply: Reply = OpenReply(pid=os.getpid(), threads=[], floor_seconds=1e-8)
        else:
            assert isinstance(request, SampleRequest)
            reply = SampleReply(
                evaluations=10,
                seconds_per_eval=SECONDS_PER_SAMPLE / 10 * (1 + 1e-3 * (hash(request.point["n"]) % 7)),
                seconds_in_evaluations=SECONDS_PER_SAMPLE,
                below_floor=False,
                started_at=1.7e9,
                load_average=1.0,
            )
        answer: Reply = decode(encode(reply))
        return answer

    def close(self) -> None:
        pass


class CannedEngine:
    """Starts such processes, as many as are asked for."""

    def start(self, *, threads: int) -> CannedWorker:
        return CannedWorker()


def canned(data: bytes, topic: str, task_id: int) -> None:
    """What workers of dask run instead of the real thing: all of it but the measuring process."""
    run_task(data, topic, task_id, start_engine=_engine)


def _engine(_variables: Mapping[str, str], _held: list[int]) -> CannedEngine:
    return CannedEngine()


def _never(point: Point) -> Evaluation:
    raise NotImplementedError(f"{point}: nothing is measured here")


def experiment(cells: int, samples: int) -> Experiment:
    """So many cells, each to be visited so many times."""
    points = [Point(n=1 + i // COLUMNS, m=1 + i % COLUMNS) for i in range(cells)]
    return Experiment(
        name="canned",
        factors=(Factor(name="n"), Factor(name="m")),
        subjects=(Subject(name="canned", prepare=_never, law=CostLaw("n*m")),),
        profiles={"quick": Profile(design=Design.of(points), blocks=samples, seconds_per_sample=SECONDS_PER_SAMPLE)},
    )


def measured(folder: Path, cells: int, samples: int, scheduler: str | None = None) -> float:
    """Seconds that a run takes, from its experiment to its end, with its store and what it shows."""
    cluster = None if scheduler is None else DaskCluster(EngineSettings(name="dask", scheduler=scheduler), canned)
    start = time.perf_counter()
    with SampleStore.create(folder) as store, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        settings: dict[str, Any] = {"module": __name__, "profile": "quick", "seed": 0, "threads": 1}
        run(
            experiment(cells, samples),
            sink=store,
            done=store.done,
            engine=cluster or CannedEngine(),
            on_event=ProgressLines(nowhere, time.monotonic),
            describe_environment=dict,
            **settings,
        )
    return time.perf_counter() - start


EXPERIMENT = experiment(1, 1)
