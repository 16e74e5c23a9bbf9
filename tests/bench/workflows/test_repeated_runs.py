"""Many runs: which there are, which are still to be made, and what is refused. Nothing is measured here."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.errors import StoreError
from bptt_bench.workflows.repeated_runs import PlannedRun, is_finished, measure_all, plan_runs
from bptt_bench.workflows.settings import Settings

SETTINGS = Settings(experiment="tests.toy_faulty", profile="selftest", seed=7, probe=False)
PLANS = plan_runs(SETTINGS, healthy=3, faults=["off by one"])


def write(settings: Settings, folder: Path, *, whole: bool = True) -> None:
    """A stored run of no samples, finished or not."""
    fields = {name: getattr(settings, name) for name in ("experiment", "profile", "seed", "threads", "corpus", "fault")}
    records: list[dict[str, Any]] = [{"record": "run", "schema": 1, **fields}]
    records += [{"record": "finish"}] if whole else []
    folder.mkdir(parents=True)
    (folder / "samples.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


class Measured:
    """Stands for measuring: notes what it is asked for, stores it, and may be interrupted."""

    def __init__(self, interrupted_at: int | None = None) -> None:
        self.asked: list[tuple[str, bool]] = []
        self._interrupted_at = interrupted_at

    def __call__(self, settings: Settings, folder: Path, *, resume: bool, on_event: object) -> None:
        self.asked.append((folder.name, resume))
        stopped = len(self.asked) == self._interrupted_at
        if resume:
            (folder / "samples.jsonl").unlink()
            folder.rmdir()
        write(settings, folder, whole=not stopped)
        if stopped:
            raise KeyboardInterrupt


def test_runs_differ_in_seed_and_fault_and_the_kinds_take_turns() -> None:
    assert [(plan.name, plan.settings.seed, plan.settings.fault) for plan in PLANS] == [
        ("healthy-0", 7, None),
        ("off-by-one-0", 7, "off by one"),
        ("healthy-1", 8, None),
        ("healthy-2", 9, None),
    ]
    assert [plan.name for plan in plan_runs(SETTINGS, healthy=1, faults=["a", "b"], each=2)] == [
        "healthy-0", "a-0", "b-0", "a-1", "b-1"
    ]  # fmt: skip
    assert [plan.name for plan in plan_runs(SETTINGS, healthy=2)] == ["healthy-0", "healthy-1"]


def test_an_interrupted_series_goes_on_where_it_was_and_measures_nothing_twice(tmp_path: Path) -> None:
    first, second, third = Measured(interrupted_at=2), Measured(), Measured()
    with pytest.raises(KeyboardInterrupt):
        measure_all(PLANS, tmp_path, say=print, now=lambda: 0.0, measure=first)
    for measure in (second, third):
        measure_all(PLANS, tmp_path, say=print, now=lambda: 0.0, measure=measure)
    assert first.asked == [("healthy-0", False), ("off-by-one-0", False)]
    assert second.asked == [("off-by-one-0", True), ("healthy-1", False), ("healthy-2", False)]
    assert third.asked == []


def test_each_run_is_announced_with_the_time_left_by_the_runs_before(tmp_path: Path) -> None:
    lines: list[str] = []
    seconds = iter([0.0, 10.0, 10.0, 30.0, 30.0, 60.0, 60.0, 60.0])
    write(SETTINGS, tmp_path / "healthy-0")
    measure_all(PLANS, tmp_path, say=lines.append, now=lambda: next(seconds), measure=Measured())
    assert lines == [
        "run 2 of 4, off-by-one-0: time left unknown",
        "run 3 of 4, healthy-1: about 20 s left",
        "run 4 of 4, healthy-2: about 15 s left",
    ]


def test_something_beside_a_run_lasts_as_long_as_the_run(tmp_path: Path) -> None:
    seen: list[str] = []

    @contextlib.contextmanager
    def beside() -> Iterator[None]:
        seen.append("begins")
        try:
            yield
        finally:
            seen.append("ends")

    def measure(settings: Settings, folder: Path, **more: Any) -> None:
        seen.append("run")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_all(PLANS, tmp_path, say=print, now=lambda: 0.0, beside=beside, measure=measure)
    assert seen == ["begins", "run", "ends"]


def test_a_folder_of_another_series_is_refused(tmp_path: Path) -> None:
    plan = PLANS[0]
    assert not is_finished(plan, tmp_path)
    write(dataclasses.replace(plan.settings, probe=None), tmp_path / plan.name)  # whether it was probed is not stored
    assert is_finished(plan, tmp_path)
    other = PlannedRun(plan.name, dataclasses.replace(plan.settings, seed=8))
    with pytest.raises(StoreError, match=r"healthy-0: holds a run with seed=7; asked for is 8$"):
        is_finished(other, tmp_path)


def test_a_run_that_was_stopped_is_not_finished(tmp_path: Path) -> None:
    write(PLANS[0].settings, tmp_path / "healthy-0", whole=False)
    assert not is_finished(PLANS[0], tmp_path)
    (tmp_path / "healthy-0" / "samples.jsonl").write_text("")
    assert not is_finished(PLANS[0], tmp_path)
