"""Runs on real clusters: workers and schedulers that are killed, encrypted connections, two workers on one host."""

from __future__ import annotations

import itertools
import os
import queue
import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed")

from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines import Cluster, TaskReported, WorkerJoined
from bptt_bench.measure.engines.cluster_factory import cluster_for
from bptt_bench.measure.engines.dask_cluster import DaskCluster
from bptt_bench.measure.engines.settings import EngineSettings
from bptt_bench.measure.engines.task import HostTask
from bptt_bench.measure.loop.events import Event, Notice, SampleTaken, WorkerStarted
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.protocol.messages import OpenRequest, decode
from bptt_bench.measure.protocol.schedule import Visit
from bptt_bench.measure.worker.loading import load_experiment
from bptt_bench.plan import Point
from bptt_bench.store.runs.samples import SampleStore, read_records

from tests.bench.measure.engines.cluster_processes import ClusterProcesses

MODULE = "tests.bench.measure.engines.toy_spin"
KILLS, SEED = 20, 20261124
PATIENCE_SECONDS = 20.0  # for what must come; only a failure waits so long
pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # what dask's own threads leave behind is not under test
    pytest.mark.measures,
]


@pytest.fixture(scope="module")
def processes() -> Iterator[ClusterProcesses]:
    with ClusterProcesses() as made:
        yield made


def measured(folder: Path, choice: EngineSettings, profile: str = "quick", module: str = MODULE, **given: Any) -> None:
    """Measure into a folder, all or what is missing; as ``api.measure`` does, with a listener."""
    exists = (folder / "samples.jsonl").exists()
    with SampleStore.resume(folder) if exists else SampleStore.create(folder) as store:
        run(
            load_experiment(module),
            module=module,
            profile=profile,
            seed=1,
            threads=1,
            sink=store,
            done=store.done,
            engine=cluster_for(choice),
            describe_environment=dict,
            **given,
        )


def samples_of(folder: Path) -> list[dict[str, Any]]:
    return [record for record in read_records(folder / "samples.jsonl") if record["record"] == "sample"]


def require_each_once(folder: Path, profile: str = "quick") -> None:
    chosen = load_experiment(MODULE).profile(profile)
    times = Counter((s["subject"], s["point"]["n"], s["block"]) for s in samples_of(folder))
    assert len(times) == 2 * len(chosen.design) * chosen.blocks
    assert set(times.values()) == {1}


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def require_gone(folder: Path) -> None:
    """No measuring process of a run outlives it for long, whatever became of the worker that had started it."""
    records = read_records(folder / "samples.jsonl")
    left = [record["pid"] for record in records if record["record"] == "worker"]
    end = time.monotonic() + PATIENCE_SECONDS
    while any(is_alive(pid) for pid in left) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [pid for pid in left if is_alive(pid)]


class Killer:
    """Kills one of three workers at a time, at moments that a seed chooses, and replaces it.

    A blow is struck after so many samples more, and a random moment later: into a visit, or the start of a process.
    """

    def __init__(self, processes: ClusterProcesses, scheduler: str, hosts: str) -> None:
        self._processes, self._scheduler, self._rng = processes, scheduler, random.Random(SEED)
        self._pids = {host: processes.worker(scheduler, host)[0] for host in hosts}
        self._blows: queue.SimpleQueue[float | None] = queue.SimpleQueue()
        self._samples_left, self.kills = 2, 0
        self._thread = threading.Thread(target=self._strike)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        if isinstance(event, SampleTaken):
            self._samples_left -= 1
            if not self._samples_left:
                self._samples_left = self._rng.randint(1, 16)
                self._blows.put(self._rng.uniform(0, 0.3))

    def end(self) -> None:
        self._blows.put(None)
        self._thread.join()
        for pid in self._pids.values():
            self._processes.kill(pid)

    def _strike(self) -> None:
        while (delay := self._blows.get()) is not None:
            if self.kills < KILLS:
                time.sleep(delay)
                host = self._rng.choice(sorted(self._pids))
                self._processes.kill(self._pids[host])
                self.kills += 1
                self._pids[host], _ = self._processes.worker(self._scheduler, host)


def test_no_sample_is_lost_or_counted_twice_when_workers_are_killed(
    tmp_path: Path, processes: ClusterProcesses
) -> None:
    pid, scheduler = processes.scheduler()
    killer, reported = Killer(processes, scheduler, "abc"), list[Event]()

    def listen(event: Event) -> None:
        reported.append(event)
        killer(event)

    try:
        measured(tmp_path, EngineSettings(name="dask", scheduler=scheduler), "many", on_event=listen)
    finally:
        killer.end()
        processes.kill(pid)
    assert killer.kills == KILLS
    require_each_once(tmp_path, "many")
    assert len(samples_of(tmp_path)) == sum(isinstance(event, SampleTaken) for event in reported)
    assert {sample["host"] for sample in samples_of(tmp_path)} == {"a", "b", "c"}
    assert any(isinstance(event, Notice) and "is measured again" in event.text for event in reported)
    require_gone(tmp_path)


def test_a_lost_scheduler_leaves_a_run_that_goes_on_with_another_or_without(
    tmp_path: Path, processes: ClusterProcesses
) -> None:
    pid, scheduler = processes.scheduler()
    processes.worker(scheduler, "a")

    def kill(event: Event) -> None:
        if isinstance(event, SampleTaken) and event.cells_done == 7:
            processes.kill(pid)

    with pytest.raises(MeasureError) as caught:
        measured(tmp_path, EngineSettings(name="dask", scheduler=scheduler), on_event=kill)
    lost = f"scheduler {scheduler}: the connection is lost; what was measured is stored, and --resume goes on"
    assert str(caught.value) == lost
    stored = len(samples_of(tmp_path))
    assert 7 <= stored < 48
    require_gone(tmp_path)
    pid, other = processes.scheduler()
    processes.worker(other, "b")

    def stop(event: Event) -> None:
        if isinstance(event, SampleTaken) and event.cells_done == stored + 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measured(tmp_path, EngineSettings(name="dask", scheduler=other), on_event=stop)
    require_gone(tmp_path)
    measured(tmp_path, EngineSettings())
    require_each_once(tmp_path)
    assert {sample.get("host") for sample in samples_of(tmp_path)} == {"a", "b", None}
    processes.kill(pid)


def test_two_workers_and_two_runs_on_one_host_never_measure_at_once(
    tmp_path: Path, processes: ClusterProcesses
) -> None:
    pid, scheduler = processes.scheduler()
    for _ in range(2):
        processes.worker(scheduler, "one")
    reported: list[Event] = []
    runs = [
        threading.Thread(
            target=measured,
            args=(tmp_path / name, EngineSettings(name="dask", scheduler=scheduler)),
            kwargs={"on_event": reported.append},
        )
        for name in "xy"
    ]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join()
    processes.kill(pid)
    spans = []
    for name in "xy":
        require_each_once(tmp_path / name)
        records = read_records(tmp_path / name / "samples.jsonl")
        pids = {record["process"]: record["pid"] for record in records if record["record"] == "worker"}
        spans += [
            (s["started_at"], s["started_at"] + s["seconds_per_eval"] * s["evaluations"], pids[s["process"]])
            for s in samples_of(tmp_path / name)
        ]
    spans.sort()
    overlaps = [(one, two) for one, two in itertools.pairwise(spans) if two[0] < one[1] and one[2] != two[2]]
    assert overlaps == []
    assert len({span[2] for span in spans}) == 6  # for two blocks, one and one, of each run


STUBBORN = """
import os, time
from pathlib import Path
from bptt_bench.plan import Design, Experiment, Factor, Profile, Subject

def prepare(point):
    first = Path({flag!r})
    if not first.exists():
        first.touch()
        os._exit = lambda status: None  # the end of its input ends it no more
        time.sleep(0.5)
    return lambda: time.sleep(0.001)

EXPERIMENT = Experiment(
    name="stubborn",
    factors=(Factor(name="n"),),
    subjects=(Subject(name="stubborn", prepare=prepare),),
    profiles={{"quick": Profile(design=Design.grid({{"n": [1, 2]}}), blocks=2, seconds_per_sample=0.002)}},
)
"""


def test_a_killed_worker_keeps_the_host_until_its_measuring_process_is_gone_too(
    tmp_path: Path, processes: ClusterProcesses
) -> None:
    module = tmp_path / "stubborn.py"
    module.write_text(STUBBORN.format(flag=str(tmp_path / "flag")))
    pid, scheduler = processes.scheduler()
    first, _ = processes.worker(scheduler, "held")
    reported, alive = list[Event](), list[bool]()
    busy = "something else is being measured there; waiting"

    def kill(event: Event) -> None:
        reported.append(event)
        started = [one.pid for one in reported if isinstance(one, WorkerStarted)]
        if isinstance(event, WorkerStarted):
            if len(started) == 1:
                processes.kill(first)
                processes.worker(scheduler, "held")
            alive.append(is_alive(started[0]))
        if isinstance(event, Notice) and event.text.endswith(busy) and len(alive) == 1:
            os.kill(started[0], signal.SIGKILL)

    measured(tmp_path / "run", EngineSettings(name="dask", scheduler=scheduler), module=str(module), on_event=kill)
    assert len(samples_of(tmp_path / "run")) == 4
    assert any(isinstance(event, Notice) and event.text.endswith(busy) for event in reported)
    assert alive == [True, False, False]  # the next process was started when the first was gone
    processes.kill(pid)


SLEEPY = """
import time
from bptt_bench.plan import Design, Experiment, Factor, Profile, Subject

EXPERIMENT = Experiment(
    name="sleepy",
    factors=(Factor(name="n"),),
    subjects=(Subject(name="sleepy", prepare=lambda point: lambda: time.sleep(600)),),
    profiles={"quick": Profile(design=Design.grid({"n": [1]}))},
)
"""


def news_of(cluster: Cluster, kind: type[Any]) -> Any:
    """The next news of a kind."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if isinstance(news := cluster.next(0.1), kind):
            return news
    raise AssertionError(f"no {kind.__name__}")


def test_messages_come_at_once_and_a_cancelled_task_stops_within_an_evaluation(
    tmp_path: Path, processes: ClusterProcesses
) -> None:
    module = tmp_path / "sleepy.py"
    module.write_text(SLEEPY)
    pid, scheduler = processes.scheduler()
    _, address = processes.worker(scheduler, "sleepy")
    cluster = cluster_for(EngineSettings(name="dask", scheduler=scheduler))
    assert cluster is not None
    cluster.open()
    try:
        assert news_of(cluster, WorkerJoined).worker == address
        opening = OpenRequest(module=str(module), corpus=None, threads=1)
        task = HostTask(kind="visits", opening=opening, visits=[Visit("sleepy", Point(n=1), 0, "whole")])
        task_id = cluster.submit(address, task.to_bytes())
        reported = news_of(cluster, TaskReported)
        assert reported.task_id == task_id
        (opened,) = map(decode, reported.lines)
        measuring = opened.reply.pid
        assert is_alive(measuring)
        cluster.cancel(task_id)
        end = time.monotonic() + PATIENCE_SECONDS
        while is_alive(measuring) and time.monotonic() < end:
            time.sleep(0.05)
        assert not is_alive(measuring)
    finally:
        cluster.close()
        cluster.close()  # a second time it does nothing
        processes.kill(pid)


def test_a_connection_that_was_lost_is_lost_though_dask_makes_another(processes: ClusterProcesses) -> None:
    pid, scheduler = processes.scheduler()
    cluster = DaskCluster(EngineSettings(name="dask", scheduler=scheduler))
    cluster.open()
    try:
        client = cluster._client
        first = client.scheduler_comm
        client.loop.add_callback(first.comm.abort)
        end = time.monotonic() + PATIENCE_SECONDS
        while (client.status != "running" or client.scheduler_comm is first) and time.monotonic() < end:
            time.sleep(0.01)
        assert client.status == "running"
        cluster._events.put(TaskReported(0, ["what came before"]))  # is taken first
        assert cluster.next(0.1) == TaskReported(0, ["what came before"])
        expected = f"^scheduler {scheduler}: the connection is lost"
        with pytest.raises(MeasureError, match=expected):
            cluster.next(0.1)
        with pytest.raises(MeasureError, match=expected):
            cluster.submit("tcp://127.0.0.1:1", b"")
    finally:
        cluster.close()
        processes.kill(pid)


def test_what_listens_and_says_nothing_is_no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bptt_bench.measure.engines.dask_cluster.CONNECT_SECONDS", 0.5)
    monkeypatch.setattr("bptt_bench.measure.engines.dask_cluster.ANSWER_SECONDS", 0.1)
    errors: list[MeasureError] = []
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"

        def connect() -> None:
            try:
                DaskCluster(EngineSettings(name="dask", scheduler=address)).open()
            except MeasureError as error:
                errors.append(error)

        thread = threading.Thread(target=connect, daemon=True)
        thread.start()
        thread.join(PATIENCE_SECONDS)
    assert list(map(str, errors)) == [f"scheduler {address}: what listens there does not answer as a scheduler"]


def certificates(folder: Path, name: str) -> dict[str, str]:
    """Files of an authority and of a certificate that it has signed, as dask names them."""
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    signed = authority.issue_cert("127.0.0.1", "localhost")
    files = {key: folder / f"{name}-{key}.pem" for key in ("ca", "cert", "key")}
    authority.cert_pem.write_to_path(files["ca"])
    files["cert"].write_bytes(b"".join(blob.bytes() for blob in signed.cert_chain_pems))
    signed.private_key_pem.write_to_path(files["key"])
    return {key: str(path) for key, path in files.items()}


def of_dask(files: dict[str, str]) -> dict[str, str]:
    """The settings of a scheduler and its workers."""
    roles = ("scheduler", "worker", "client")
    named = {f"tls_{role}_{key}": files[key] for role in roles for key in ("cert", "key")}
    return {"tls_ca_file": files["ca"], **named}


def test_an_encrypted_cluster_is_not_asked_without_certificates(tmp_path: Path) -> None:
    with pytest.raises(MeasureError, match=r"^scheduler tls://127\.0\.0\.1:1: takes tls_ca_file, tls_cert and tls_key"):
        measured(tmp_path / "run", EngineSettings(name="dask", scheduler="tls://127.0.0.1:1"))


def test_an_encrypted_cluster_accepts_our_certificate_and_refuses_another(
    tmp_path: Path, processes: ClusterProcesses
) -> None:
    ours, others = certificates(tmp_path, "ours"), certificates(tmp_path, "others")
    pid, scheduler = processes.scheduler(**of_dask(ours))
    processes.worker(scheduler, "tls", **of_dask(ours))
    assert scheduler.startswith("tls://")

    def choice(files: dict[str, str], **changed: str) -> EngineSettings:
        ca, cert, key = (Path({**files, **changed}[name]) for name in ("ca", "cert", "key"))
        return EngineSettings(name="dask", scheduler=scheduler, tls_ca_file=ca, tls_cert=cert, tls_key=key)

    measured(tmp_path / "run", choice(ours))
    require_each_once(tmp_path / "run")
    for number, wrong in enumerate((choice(others), choice(ours, ca=others["ca"]))):
        with pytest.raises(MeasureError) as caught:
            measured(tmp_path / f"refused{number}", wrong)
        line = str(caught.value)
        assert line.startswith(f"scheduler {scheduler}: no secure connection: SSL")
        assert "\n" not in line
        assert not samples_of(tmp_path / f"refused{number}")
    processes.kill(pid)
