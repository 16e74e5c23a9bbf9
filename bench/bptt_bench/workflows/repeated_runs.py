"""Repeated runs of one experiment, a folder each; finished runs are not measured again."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bptt_bench.errors import StoreError
from bptt_bench.measure.loop.events import Listener
from bptt_bench.plan import Experiment
from bptt_bench.store.runs.samples import SAMPLES, read_records
from bptt_bench.workflows.judge import analyse_run
from bptt_bench.workflows.progress import format_time_left
from bptt_bench.workflows.run import measure_run
from bptt_bench.workflows.settings import Settings, settings_of

if TYPE_CHECKING:
    from bptt_bench.analyse.verdicts.trust import Repeat


class PlannedRun(NamedTuple):
    """A run to be made: the name of its folder, and its settings."""

    name: str
    settings: Settings


def plan_runs(settings: Settings, *, healthy: int, faults: Sequence[str] = (), each: int = 1) -> list[PlannedRun]:
    """Plan healthy runs with consecutive seeds, and ``each`` runs with every fault, in turn.

    >>> [plan.name for plan in plan_runs(Settings(), healthy=3, faults=["sign"])]
    ['healthy-0', 'sign-0', 'healthy-1', 'healthy-2']
    """
    plans: list[PlannedRun] = []
    for i in range(max(healthy, each if faults else 0)):
        seeded = dataclasses.replace(settings, seed=settings.seed + i)
        if i < healthy:
            plans.append(PlannedRun(f"healthy-{i}", seeded))
        if i < each:
            plans += [PlannedRun(f"{slug(fault)}-{i}", dataclasses.replace(seeded, fault=fault)) for fault in faults]
    return plans


def slug(name: str) -> str:
    """Return a name as part of a folder's name: letters, digits, points and hyphens.

    >>> slug("copies U"), slug("T^1.1")
    ('copies-U', 'T-1.1')
    """
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")


def measure_all(
    plans: Sequence[PlannedRun],
    folder: Path,
    *,
    say: Callable[[str], None],
    now: Callable[[], float],
    listening: Callable[[], AbstractContextManager[Listener | None]] = nullcontext,
    beside: Callable[[], AbstractContextManager[object]] = nullcontext,
    measure: Callable[..., object] = measure_run,
) -> None:
    """Measure what is missing, run by run.

    Parameters
    ----------
    folder : in which each run has a folder of its own.
    say : receives a line before each run, with the time that is left.
    now : seconds of a steady clock.
    listening : makes the listener of a run, for as long as it is measured.
    beside : entered for as long as a run is measured, such as something that keeps a core busy.
    measure : measures a run into a folder, as ``measure`` does.

    Raises
    ------
    StoreError, MeasureError, ExperimentError : what cannot be used, a run of other settings among it; one line each.
    Interrupted : by a signal; every sample that was taken is stored, and the next call goes on from there.
    """
    missing = [plan for plan in plans if not is_finished(plan, folder)]
    lasted: list[float] = []
    for i, plan in enumerate(missing):
        left = format_time_left(sum(lasted) / len(lasted) * (len(missing) - i) if lasted else None)
        say(f"run {len(plans) - len(missing) + i + 1} of {len(plans)}, {plan.name}: {left}")
        target, start = folder / plan.name, now()
        with listening() as on_event, beside():
            measure(plan.settings, target, resume=(target / SAMPLES).is_file(), on_event=on_event)
        lasted.append(now() - start)


def is_finished(plan: PlannedRun, folder: Path) -> bool:
    """Return whether a run is there from its first record to its last.

    Raises
    ------
    StoreError : it is, but with other settings.
    """
    path = folder / plan.name / SAMPLES
    if not path.is_file():
        return False
    records = read_records(path)
    if not records:
        return False
    stored = dataclasses.replace(settings_of(folder / plan.name), probe=plan.settings.probe)  # not stored
    if stored != plan.settings:
        name = next(
            field.name
            for field in dataclasses.fields(stored)
            if getattr(stored, field.name) != getattr(plan.settings, field.name)
        )
        raise StoreError(
            f"{folder / plan.name}: holds a run with {name}={getattr(stored, name)!r}; "
            f"asked for is {getattr(plan.settings, name)!r}"
        )
    return any(record["record"] == "finish" for record in records)


def judge_repeats(folder: Path, experiment: Experiment) -> Iterator[Repeat]:
    """Judge every finished run below a folder, in the order of the names."""
    from bptt_bench.analyse.verdicts.trust import Repeat

    for path in sorted(folder.glob(f"*/{SAMPLES}"), key=lambda path: _in_order(path.parent.name)):
        if any(record["record"] == "finish" for record in read_records(path)):
            yield Repeat.of(path.parent.name, analyse_run(path.parent, experiment))


def _in_order(name: str) -> tuple[str, int]:
    """Return a key that sorts ``healthy-10`` after ``healthy-9``."""
    stem, _, number = name.rpartition("-")
    return (stem, int(number)) if number.isdigit() else (name, 0)
