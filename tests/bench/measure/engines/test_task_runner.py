"""What a host does with a task: it says what the processes answer, files arrive whole, and it can be stopped."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines import Engine
from bptt_bench.measure.engines.fingerprint import EXPERIMENT, HARNESS, fingerprints
from bptt_bench.measure.engines.local import LocalEngine
from bptt_bench.measure.engines.payload import Payload
from bptt_bench.measure.engines.task import (
    FailureReport,
    HostTask,
    OpenReport,
    ProcessDiedReport,
    ShippedFile,
    TaskReport,
    VisitReport,
)
from bptt_bench.measure.engines.task_runner import TaskRunner
from bptt_bench.measure.protocol.messages import CheckRequest, OpenRequest, SampleRequest, SkipReply, decode, encode
from bptt_bench.measure.protocol.schedule import Visit
from bptt_bench.measure.timing.clock import FakeClock, WallClock
from bptt_bench.plan import Experiment, Point

from tests.bench.measure.fakes import FakeEngine, linear, toy

OPEN = OpenRequest(module="toy", corpus=None, threads=1)


class Hosted:
    """A host with fake processes, and its reports."""

    def __init__(self, experiment: Experiment, clock: FakeClock, folder: Path) -> None:
        self.engine, self.variables = FakeEngine(experiment, clock), list[Mapping[str, str]]()
        self.host = TaskRunner(
            start=self._start, clock=clock, folder=folder, name="h", environment=lambda: {"host": "h", "cpu": "fast"}
        )

    def _start(self, variables: Mapping[str, str]) -> Engine:
        self.variables.append(variables)
        return self.engine

    def reports(self, task: HostTask) -> list[Any]:
        lines: list[bytes] = []
        self.host.run(HostTask.from_bytes(task.to_bytes()), lambda report: lines.append(encode(report)))
        return [decode(line) for line in lines]


def test_a_task_is_the_same_once_decoded() -> None:
    task = HostTask(
        kind="visits",
        opening=dataclasses.replace(OPEN, corpus="text", fault="sign"),
        threads=2,
        variables={"A": "1"},
        files={"text": ["00", "/there"]},
        shipped=[ShippedFile(name="text", path="/there", sha256="00", content=b"\0\xff")],
        requests=[CheckRequest(claim="c", seed=1)],
        visits=[
            Visit("s", Point(n=1, x=0.5, kind="float32"), 3, "whole"),
            Visit("s", Point(n=1, x=0.5, kind="float32"), 3, "phases"),
            Visit("t", Point(n=2, x=1.0, kind="float64"), -1, "memory"),
        ],
        evaluations=[None, 7, None],
        compared=[0],
        seconds_per_sample=0.25,
        peaks=True,
    )
    again = HostTask.from_bytes(task.to_bytes())
    assert again == task
    assert [type(level) for level in again.visits[2].point.values()] == [int, float, str]


def test_the_task_of_a_block_takes_few_bytes_a_visit() -> None:
    visits = [Visit("subject", Point(n=i, m=2 * i), 0, "whole") for i in range(1000)]
    assert len(HostTask(kind="visits", opening=OPEN, visits=visits).to_bytes()) < 20 * len(visits)


def test_visits_are_reported_in_order_with_their_replies(tmp_path: Path) -> None:
    clock = FakeClock()
    hosted = Hosted(toy(linear(clock)), clock, tmp_path)
    visits = [Visit("linear", Point(n=n), 0, "whole") for n in (4, 1)]
    task = HostTask(kind="visits", opening=OPEN, visits=visits, evaluations=[None, 30], seconds_per_sample=0.02)
    _, first, second = reports = hosted.reports(dataclasses.replace(task, variables={"SOME": "thing"}))
    assert [type(report) for report in reports] == [OpenReport, VisitReport, VisitReport]
    assert [(report.index, report.reply.evaluations) for report in (first, second)] == [(0, 5), (1, 30)]
    assert first.seconds == pytest.approx(first.seconds_ready)
    assert second.seconds_ready == pytest.approx(first.seconds + second.seconds)
    assert hosted.variables == [{"SOME": "thing"}]
    assert all(worker.closed for worker in hosted.engine.workers)


def test_failures_and_deaths_are_reports(tmp_path: Path) -> None:
    clock = FakeClock()
    hosted = Hosted(toy(linear(clock)), clock, tmp_path)
    unknown = [Visit("other", Point(n=1), 0, "whole")]
    (_, found) = hosted.reports(HostTask(kind="visits", opening=OPEN, visits=unknown))
    assert isinstance(found, VisitReport)
    assert isinstance(found.reply, SkipReply)
    assert found.reply.reason.startswith("subject 'other': unknown")
    hosted.engine.dies_at_sample = 2
    visits = [Visit("linear", Point(n=n), 0, "whole") for n in (1, 4)]
    reports = hosted.reports(HostTask(kind="visits", opening=OPEN, visits=visits))
    died = ProcessDiedReport(index=0, message="it was killed by SIGSEGV")
    assert reports[-1] == died  # the request before was another task's
    assert all(worker.closed for worker in hosted.engine.workers)


def test_shipped_files_are_written_whole_and_opened_where_they_lie(tmp_path: Path) -> None:
    clock, source = FakeClock(), tmp_path / "exp.py"
    source.write_text("EXPERIMENT = 1\n")
    (tmp_path / "text").write_text("words")
    opening = dataclasses.replace(OPEN, module=str(source), corpus=str(tmp_path / "text"))
    payload = Payload.of(opening)
    assert (payload.opening.module, payload.opening.corpus) == ("exp.py", "text")
    assert set(payload.code) == {HARNESS}
    hosted = Hosted(toy(linear(clock)), clock, tmp_path / "kept")
    files = {one.name: (one.sha256, one.path) for one in payload.shipped}
    survey = HostTask(kind="survey", opening=payload.opening, files=files, shipped=payload.shipped)
    (found,) = hosted.reports(survey)
    assert (found.host, found.code) == ("h", payload.code)
    kept = sorted((tmp_path / "kept").rglob("*.*"))
    assert [path.read_text() for path in kept] == ["EXPERIMENT = 1\n"]

    requests = HostTask(kind="requests", opening=payload.opening, files=files)
    hosted.reports(requests)
    source.write_text("another\n")  # the host shares the path, but not what is in it
    (tmp_path / "text").unlink()
    hosted.reports(requests)
    first, second = (one for one in hosted.engine.requests if isinstance(one, OpenRequest))
    assert (first.module, first.corpus) == (str(source), str(tmp_path / "text"))
    assert second.module == str(kept[0])
    assert second.corpus is not None
    assert Path(second.corpus).read_text() == "words"

    broken = dataclasses.replace(payload.shipped[0], content=b"torn")
    (failed,) = hosted.reports(dataclasses.replace(survey, shipped=[broken]))
    assert failed == FailureReport(message="exp.py: did not arrive whole")


def test_a_module_without_a_package_is_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lone_exp.py").write_text("EXPERIMENT = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    payload = Payload.of(dataclasses.replace(OPEN, module="lone_exp"))
    assert payload.opening.module == "lone_exp.py"
    assert [one.content for one in payload.shipped] == [b"EXPERIMENT = 1\n"]
    assert set(payload.code) == {"the harness"}
    packed = Payload.of(dataclasses.replace(OPEN, module="tests.bench.measure.engines.toy_spin"))
    assert (packed.shipped, set(packed.code)) == ([], {"the harness", "the experiment"})


def test_a_file_may_be_shipped_by_several_runs_at_once(tmp_path: Path) -> None:
    source = tmp_path / "exp.py"
    source.write_text("EXPERIMENT = 1\n")
    opening = dataclasses.replace(OPEN, module=str(source))
    shipped, reports, runs, rounds = [ShippedFile.read(source)], list[TaskReport](), 8, 40
    task = HostTask(kind="survey", opening=dataclasses.replace(opening, module="exp.py"), shipped=shipped)
    host = TaskRunner(start=LocalEngine, clock=WallClock(), folder=tmp_path / "kept", name="h", environment=dict)
    barrier = threading.Barrier(runs)
    broken: list[OSError] = []

    def survey() -> None:
        for _ in range(rounds):
            barrier.wait()
            try:
                host.run(task, reports.append)
            except OSError as error:
                broken.append(error)

    threads = [threading.Thread(target=survey) for _ in range(runs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    assert [path.name for path in (tmp_path / "kept").rglob("*.*")] == ["exp.py"]


def test_a_file_that_cannot_be_shipped_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "no.py")
    with pytest.raises(MeasureError, match=r"no\.py: cannot be read: No such file"):
        Payload.of(dataclasses.replace(OPEN, module=missing))


def test_stopping_kills_the_process_within_an_evaluation_and_starts_no_other(tmp_path: Path) -> None:
    source = tmp_path / "endless.py"
    source.write_text(
        "import time\nfrom bptt_bench.plan import *\n"
        "EXPERIMENT = Experiment(name='e', factors=(Factor(name='n'),),\n"
        "    subjects=(Subject(name='e', prepare=lambda point: lambda: time.sleep(600)),),\n"
        "    profiles={'quick': Profile(design=Design.grid({'n': [1]}))})\n"
    )
    begun, reports = threading.Event(), list[TaskReport]()

    def report(one: TaskReport) -> None:
        reports.append(one)
        begun.set()

    host = TaskRunner(start=LocalEngine, clock=WallClock(), folder=tmp_path, name="h", environment=dict)
    opening = dataclasses.replace(OPEN, module=str(source))
    task = HostTask(kind="visits", opening=opening, visits=[Visit("e", Point(n=1), 0, "whole")], seconds_per_sample=1.0)
    thread = threading.Thread(target=host.run, args=(task, report))
    thread.start()
    begun.wait()
    host.stop()
    thread.join()
    host.run(task, report)
    assert [type(one) for one in reports] == [OpenReport]  # what was stopped has not died of what it measured


def test_a_fingerprint_covers_the_package_of_the_experiment_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "pack" / "inner"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (package / "exp.py").write_text("EXPERIMENT = 1\n")
    (tmp_path / "alone.py").write_text("EXPERIMENT = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = fingerprints("pack.inner.exp")[EXPERIMENT]
    alone = fingerprints("alone")[EXPERIMENT]
    (tmp_path / "beside.py").write_text("x = 1\n")
    assert fingerprints("pack.inner.exp")[EXPERIMENT] == before
    (package.parent / "algorithm.py").write_text("x = 1\n")
    changed = fingerprints("pack.inner.exp")[EXPERIMENT]
    assert changed != before
    (package.parent / "algorithm.py").rename(package.parent / "other.py")
    assert fingerprints("pack.inner.exp")[EXPERIMENT] not in (before, changed)
    assert fingerprints("alone")[EXPERIMENT] == alone
    assert fingerprints("no.such.module")[EXPERIMENT].startswith("cannot be imported: ModuleNotFoundError")
    assert fingerprints("nosuchmodule")[EXPERIMENT] == "cannot be imported: no module 'nosuchmodule'"
    assert fingerprints(None) == {HARNESS: fingerprints("alone")[HARNESS]}


def test_what_is_measured_is_asked_as_it_is_on_one_machine(tmp_path: Path) -> None:
    clock = FakeClock()
    hosted = Hosted(toy(linear(clock, phased=True)), clock, tmp_path)
    visits = [Visit("linear", Point(n=4), 0, timing) for timing in ("whole", "phases")]
    hosted.reports(HostTask(kind="visits", opening=OPEN, visits=visits, seconds_per_sample=0.02))
    asked = [one.evaluations for one in hosted.engine.requests if isinstance(one, SampleRequest)]
    assert asked == [None, 5]  # the phases are timed over as many evaluations as the whole
