"""Runs that measure where it counts: first blocks of the profile, then round after round of what narrows most.

A round fits what has been measured so far, chooses the visits that narrow the intervals of the claims under judgement
most per second (``bptt_bench.analyse.adaptive.allocate``), stores the choice with its reasons, and measures it in a
fresh process.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

from bptt_bench.errors import StoreError
from bptt_bench.measure.loop import run as loop
from bptt_bench.measure.loop.events import Listener, RunFinished
from bptt_bench.measure.loop.interleave import AnnotatingSink
from bptt_bench.plan import Experiment
from bptt_bench.plan.experiment.stopping_rule import NARROWEST, SHORTEST_BUDGET_SECONDS, WIDEST, StoppingRule
from bptt_bench.store import SampleStore
from bptt_bench.text.quantities import parse_duration, parse_share
from bptt_bench.workflows.adaptive_blocks import AdaptiveSampler
from bptt_bench.workflows.settings import Settings, experiment_of, run_arguments

FIRST_BLOCKS, FIRST_PHASE_BLOCKS = 2, 1  # enough to know the noise, and what every cell costs; two processes


def read_stopping_rule(budget: str | None, until: str | None, resumed: Path | None) -> StoppingRule | None:
    """Return the stopping rule of the options, else that of the run to be resumed; None for a fixed length.

    Raises
    ------
    TextError : a budget or a width that cannot be.
    StoreError : the folder to be continued holds no run.
    """
    if budget is not None or until is not None:
        return StoppingRule(
            budget_seconds=None
            if budget is None
            else parse_duration("--budget", budget, least=SHORTEST_BUDGET_SECONDS),
            until=None if until is None else parse_share("--until", until, least=NARROWEST, most=WIDEST),
        )
    return None if resumed is None else stored_stopping_rule(resumed)


def stored_stopping_rule(folder: Path) -> StoppingRule | None:
    """Return the stopping rule of a stored run; None for a run of a fixed number of blocks.

    Raises
    ------
    StoreError : the folder holds no run.
    """
    from bptt_bench.store.runs.samples import SAMPLES, read_records

    records = read_records(folder / SAMPLES)
    stored = records[0].get("adaptive") if records else None
    return None if stored is None else StoppingRule(**stored)


def first_blocks(experiment: Experiment, profile: str) -> Experiment:
    """Return the experiment with only the first blocks in a profile, with which an adaptive run begins."""
    whole = experiment.profile(profile)
    first = dataclasses.replace(
        whole,
        blocks=min(FIRST_BLOCKS, whole.blocks),
        processes=min(FIRST_BLOCKS, whole.blocks),
        phase_blocks=min(FIRST_PHASE_BLOCKS, whole.phase_blocks),
    )
    return dataclasses.replace(experiment, profiles={**experiment.profiles, profile: first})


def measure_adaptively(
    settings: Settings,
    rule: StoppingRule,
    folder: Path,
    *,
    resume: bool = False,
    force: bool = False,
    on_event: Listener | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> RunFinished:
    """Measure into a folder until the rule is met.

    Raises
    ------
    ExperimentError, StoreError, MeasureError : what cannot be used; one line each.
    Interrupted : by a signal; what was measured before is stored.
    """
    from bptt_bench.store.frame import load

    begun, stored_seconds = time.monotonic(), _seconds_stored(folder) if resume else 0.0
    experiment = experiment_of(settings)
    with SampleStore.resume(folder) if resume else SampleStore.create(folder) as store:
        if store.done.header is not None and "adaptive" not in store.done.header:
            raise StoreError(f"{folder}: holds a run of a fixed number of blocks; --budget and --until need a new one")
        sampler = AdaptiveSampler(
            experiment,
            settings.profile,
            rule,
            seed=settings.seed,
            read=lambda: load(folder),
            append=store.append,
            seconds_used=lambda: stored_seconds + time.monotonic() - begun,
            say=say,
        )
        return loop.run(
            first_blocks(experiment, settings.profile),
            **run_arguments(settings),
            sink=AnnotatingSink(store, {"adaptive": rule.to_json()}),
            done=store.done,
            force=force,
            on_event=on_event,
            next_blocks=sampler,
        )


def _seconds_stored(folder: Path) -> float:
    """Return the seconds that the stored samples of an interrupted run took; 0 if it holds none."""
    from bptt_bench.store.frame import load

    try:
        return float(load(folder)["visit_seconds"].sum())
    except StoreError:
        return 0.0
