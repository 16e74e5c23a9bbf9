"""Self-test: measures how far verdicts can be trusted on this machine.

Healthy runs with different seeds, runs with a fault planted in the experiment, and simulated measurements with the
noise that was found. Runs are kept in a folder; a self-test that was interrupted goes on where it was.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.measure.loop.events import Event, Listener, MemoryTaken, RunStarted, SampleTaken
from bptt_bench.plan import Experiment
from bptt_bench.workflows.progress import show_progress
from bptt_bench.workflows.repeated_runs import judge_repeats, measure_all, plan_runs
from bptt_bench.workflows.run import sigterm_as_interrupt
from bptt_bench.workflows.settings import Settings, experiment_of

if TYPE_CHECKING:
    from bptt_bench.analyse.verdicts.trust import Coverage, Trust

PROFILE = "selftest"  # of an experiment that has one; else its first
RUNS = 5  # healthy ones; with four faults and 12 to 18 s a run, two to three minutes
COVERAGE_TRIALS = 60  # of each law, some 5 s; their intervals are 8 to 10 a trial, which gives the share to about 1 %
LEAST_NOISE = 0.001  # relative; a simulation without noise says nothing about intervals


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SelftestOutcome:
    """A self-test that has come to its end."""

    folder: Path
    settings: Settings
    trust: Trust

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as plain data."""
        from bptt_bench.report.words.documents import trust_document
        from bptt_bench.report.words.trust import upshot

        return {
            "folder": str(self.folder),
            "experiment": self.settings.experiment,
            "profile": self.settings.profile,
            "seed": self.settings.seed,
            **trust_document(self.trust),
            "words": upshot(self.trust),
        }


def profile_of(experiment: Experiment) -> str:
    """Return the profile of a self-test: the one that is made for it, or the experiment's first."""
    return PROFILE if PROFILE in experiment.profiles else next(iter(experiment.profiles))


def selftest(
    settings: Settings,
    folder: Path,
    *,
    runs: int = RUNS,
    trials: int = COVERAGE_TRIALS,
    say: Callable[[str], None],
) -> SelftestOutcome:
    """Measure and judge; ``say`` receives what is worth a line on the way.

    Parameters
    ----------
    runs : without a fault; with each fault there is one.
    trials : simulated measurements of each law.

    Raises
    ------
    ExperimentError, StoreError, MeasureError, FitError : what cannot be used; one line each.
    KeyboardInterrupt, Interrupted : by a signal; what was measured before is stored.
    """
    from bptt_bench.analyse.verdicts.trust import trust

    experiment = experiment_of(settings)
    settings = dataclasses.replace(settings, probe=False)  # no verdict needs it, and it takes as long as a run
    plans = plan_runs(settings, healthy=runs, faults=[fault.name for fault in experiment.faults])
    with sigterm_as_interrupt():
        say(f"{settings.experiment}, profile {settings.profile}: {len(plans)} runs into {folder}")
        if not experiment.faults:
            say("the experiment plants no fault: only healthy runs are made")
        measure_all(plans, folder, say=say, now=time.monotonic, listening=listening)
        say("judging the runs")
        made = {plan.name for plan in plans}
        found = [repeat for repeat in judge_repeats(folder, experiment) if repeat.name in made]
        judged = trust(found, experiment.faults)
        say("simulating measurements with this noise")
        covered = coverage(judged.noise, settings.seed, trials)
        return SelftestOutcome(folder=folder, settings=settings, trust=trust(found, experiment.faults, covered))


@contextlib.contextmanager
def listening() -> Iterator[Listener]:
    """Yield a listener that shows the beginning and the samples of one of many runs on standard error."""
    with show_progress(sys.stderr, time.monotonic) as listener:

        def on_event(event: Event) -> None:
            if isinstance(event, SampleTaken | MemoryTaken | RunStarted):
                listener(event)

        yield on_event


def coverage(noise: float | None, seed: int, trials: int) -> Coverage | None:
    """Return how often intervals hold the truth of simulated measurements with this noise; ``None`` without it."""
    from bptt_bench.analyse.verdicts.trust import Coverage
    from bptt_bench.validation.score import summary, trial
    from bptt_bench.validation.simulate import LAWS, Setting

    if noise is None:
        return None
    settings = [Setting(law=law, design="23", noise=max(noise, LEAST_NOISE)) for law in LAWS]
    seeds = np.random.SeedSequence(seed).spawn(len(settings) * trials)
    shares: dict[str, list[float]] = {}
    for i, setting in enumerate(settings):
        outcomes = [trial(setting, each, orders=False, step=False) for each in seeds[i * trials : (i + 1) * trials]]
        for name, share in summary(outcomes)["coverage"].items():
            shares.setdefault(name, []).append(share)
    means = {name: float(np.mean(values)) for name, values in shares.items()}
    lowest = min(means, key=lambda name: means[name])
    total = float(np.mean([share for values in shares.values() for share in values]))
    return Coverage(noise=noise, trials=len(settings) * trials, share=total, lowest=(lowest, means[lowest]))
