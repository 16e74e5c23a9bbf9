"""Measures a commit and the working tree for ``compare --baseline``, in interleaved processes, into two runs."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bptt_bench.errors import ExperimentError, MeasureError, StoreError
from bptt_bench.measure.engines import Engine
from bptt_bench.measure.engines.local import LocalEngine, worker_environment
from bptt_bench.measure.loop import run as loop
from bptt_bench.measure.loop.events import Listener
from bptt_bench.measure.loop.interleave import (
    AnnotatingSink,
    InterleavedEngine,
    MergedEvents,
    TurnQueue,
    interleaved_order,
    run_interleaved,
)
from bptt_bench.measure.probe.environment import environment
from bptt_bench.measure.protocol.records import OtherCodeError
from bptt_bench.measure.protocol.schedule import Block, StoredProgress, divide_blocks, plan_blocks, remaining_blocks
from bptt_bench.plan import Experiment
from bptt_bench.store import SampleStore
from bptt_bench.store.runs.samples import SAMPLES
from bptt_bench.workflows.compare.compare import PAIR
from bptt_bench.workflows.compare.describe_baseline import describe_experiment
from bptt_bench.workflows.compare.worktree import Checkout, checkout
from bptt_bench.workflows.progress import show_progress
from bptt_bench.workflows.run import sigterm_as_interrupt
from bptt_bench.workflows.settings import Settings, experiment_of, new_folder, run_arguments

SIDES = BASELINE, CURRENT = "baseline", "current"
# A ratio of two processes is off by what a process is: a percent or two. Six pairs leave five degrees of freedom to
# tell how much that is; with two visits of a process to a cell the disturbed one is known (see
# bptt_bench.analyse.data.visit_tables).
PAIRS, VISITS = 6, 2


def measure_baseline(
    ref: str, options: Mapping[str, Any], out: Path | None, *, say: Callable[[str], None]
) -> tuple[Path, Path]:
    """Measure a commit and the working tree, or what an interrupted comparison still lacks; the folders of both runs.

    Parameters
    ----------
    options : as those of ``Settings``.
    out : in which both runs have a folder.

    Raises
    ------
    ExperimentError, StoreError, MeasureError : what cannot be used; one line each.
    KeyboardInterrupt, Interrupted : by a signal; what was measured before is stored, and the next call goes on there.
    """
    settings = Settings(**{"probe": False, **options})  # no cost per operation needs the probe
    folder = out or new_folder("compare")
    with sigterm_as_interrupt():
        experiment = experiment_of(settings)
        with checkout(ref) as tree:
            there = _describe_at(tree, settings.experiment)
            experiment = common_experiment(experiment, there, tree.commit, say)
            profile = experiment.profile(settings.profile)
            inturn = dataclasses.replace(
                experiment, profiles={**experiment.profiles, settings.profile: _interleaved_profile(profile)}
            )
            say(
                f"{settings.experiment}, profile {settings.profile}: commit {tree.commit[:12]} and the working tree in "
                f"turns, into {folder}"
            )
            say(f"the harness is the current one on both sides; {ref} gives the experiment and what it imports")
            sides = {
                BASELINE: Side(
                    engine=LocalEngine(experiment.environment, path=tree.path),
                    module=tree.module(settings.experiment),
                    commit=tree.commit,
                    sources=there["sources"],
                ),
                CURRENT: Side(engine=LocalEngine(experiment.environment)),
            }
            with show_progress(sys.stderr, time.monotonic) as listener:
                measure_interleaved(inturn, settings, sides, folder, listener)
    return folder / BASELINE, folder / CURRENT


def _interleaved_profile(profile: Any) -> Any:
    pairs = max(PAIRS, profile.processes)
    return dataclasses.replace(profile, processes=pairs, blocks=max(profile.blocks, VISITS * pairs))


class Side(NamedTuple):
    """One side of a comparison: the engine of its processes, its module and its commit.

    ``sources`` are digests of its code; None: that of the working tree.
    """

    engine: Engine
    module: str | None = None
    commit: str | None = None
    sources: Mapping[str, str] | None = None


def measure_interleaved(
    experiment: Experiment,
    settings: Settings,
    sides: Mapping[str, Side],
    folder: Path,
    listener: Listener | None = None,
) -> None:
    """Measure the two sides in turns, each into a folder of its name.

    ``experiment`` has the profile as it is measured: as many pairs of processes as it has processes.

    Raises
    ------
    StoreError, MeasureError : what cannot be used; one line each.
    KeyboardInterrupt : what was measured before is stored.
    """
    stores: dict[str, SampleStore] = {}
    try:
        for side in sides:
            target = folder / side
            has_run = (target / SAMPLES).is_file() and (target / SAMPLES).stat().st_size > 0
            stores[side] = SampleStore.resume(target) if has_run else SampleStore.create(target)
        pair = _pair({side: store.done.header for side, store in stores.items()}, sides, folder)
        shares = _shares(experiment, settings, {side: store.done for side, store in stores.items()})
        pair["turns"] = [share[0].number for share in shares[next(iter(sides))]]
        visits = {
            side: [visit for share in shares[side] for block in share for visit in block.visits] for side in sides
        }
        turns = TurnQueue(interleaved_order(visits, settings.seed))
        together = MergedEvents(listener or (lambda _event: None), tuple(sides))

        def run(side: str) -> object:
            store, (engine, module, commit, sources) = stores[side], sides[side]
            arguments = {**run_arguments(settings), "engine": InterleavedEngine(engine, turns, side, module)}
            if commit is not None:
                arguments |= {"sources": sources, "describe_environment": lambda: _describe_environment(commit)}
            try:
                return loop.run(
                    experiment,
                    **arguments,
                    sink=AnnotatingSink(store, {PAIR: {**pair, "side": side}}),
                    done=store.done,
                    on_event=together.listener(side),
                )
            except OtherCodeError as error:
                raise MeasureError(f"{_describe_side(commit)}: {error.words}; name another folder with --out") from None
            except MeasureError as error:
                raise MeasureError(f"{_describe_side(commit)}: {error}") from None

        run_interleaved({side: (lambda side=side: run(side)) for side in sides}, turns)  # type: ignore[misc]
    finally:
        for store in stores.values():
            store.close()


def _shares(
    experiment: Experiment, settings: Settings, done: Mapping[str, StoredProgress]
) -> dict[str, tuple[tuple[Block, ...], ...]]:
    """Return the blocks that each process of each side has left."""
    present = experiment.without(experiment.missing())
    profile = present.profile(settings.profile)
    blocks = plan_blocks(present, profile, seed=settings.seed)
    return {side: divide_blocks(remaining_blocks(blocks, one.samples), profile.processes) for side, one in done.items()}


def _pair(headers: Mapping[str, Mapping[str, Any] | None], sides: Mapping[str, Side], folder: Path) -> dict[str, Any]:
    """Return the record of the comparison for both headers: the stored one, or a new one.

    Raises
    ------
    StoreError : the folder holds runs of their own, or a comparison with another commit.
    """
    commit = next((side.commit for side in sides.values() if side.commit is not None), None)
    stored = {side: header.get(PAIR) for side, header in headers.items() if header is not None}
    for side, pair in stored.items():
        if not isinstance(pair, Mapping) or pair.get("side") != side:
            raise StoreError(f"{folder / side}: holds a run that is not part of a comparison; name another folder")
        if pair.get("commit") != commit:
            raise StoreError(
                f"{folder}: holds a comparison with commit {str(pair.get('commit'))[:12]}; asked for is "
                f"{str(commit)[:12]}"
            )
    known = next(iter(stored.values()), None)
    return {"id": uuid.uuid4().hex[:12] if known is None else known["id"], "commit": commit}


def _describe_side(commit: str | None) -> str:
    return "working tree" if commit is None else f"commit {commit[:12]}"


def _describe_environment(commit: str) -> dict[str, Any]:
    return {**environment(), "commit": commit, "commit_dirty": False}


def _describe_at(tree: Checkout, experiment: str) -> dict[str, Any]:
    """Describe the experiment at the commit.

    Raises
    ------
    ExperimentError : it does not have it, or it cannot be imported with this harness.
    """
    ran = subprocess.run(
        [
            sys.executable,
            "-P",
            "-m",
            "bptt_bench.workflows.compare.describe_baseline",
            tree.module(experiment),
            str(tree.root),
        ],
        env=worker_environment(dict(os.environ), 1, tree.path),
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        answer: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        said = (ran.stderr.strip().splitlines() or ["nothing"])[-1][:300]
        raise ExperimentError(f"experiment {experiment!r} at commit {tree.commit[:12]}: {said}") from None
    if "error" in answer:
        raise ExperimentError(f"commit {tree.commit[:12]}: {answer['error']}")
    return answer


def common_experiment(
    here: Experiment, there: Mapping[str, Any], commit: str, say: Callable[[str], None]
) -> Experiment:
    """Return the experiment with the subjects that both versions have.

    Raises
    ------
    ExperimentError : other factors, another law, or no subject that both have.
    """
    ours, name, whose = describe_experiment(here), f"experiment {here.name!r}", f"commit {commit[:12]}"
    if ours["factors"] != there["factors"]:
        raise ExperimentError(
            f"{name}: its factors are {', '.join(ours['factors'])}, and {', '.join(there['factors'])} at {whose}"
        )
    new = [subject for subject in ours["laws"] if subject not in there["laws"]]
    if len(new) == len(ours["laws"]):
        raise ExperimentError(f"{name}: {whose} has none of its subjects, {', '.join(new)}")
    for subject in new:
        say(f"left out: {subject}, which {whose} does not have")
    for subject, law in ours["laws"].items():
        if subject not in new and law != there["laws"][subject]:
            first, second = (" + ".join(terms or ["none"]) for terms in (law, there["laws"][subject]))
            raise ExperimentError(
                f"subject {subject!r} of {name}: its law is {first}, and {second} at {whose}; costs are compared "
                "under one law"
            )
    return here.without(new)
