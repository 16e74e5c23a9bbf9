"""Measuring a run and judging it: announce, measure, summarise, judge."""

from __future__ import annotations

import contextlib
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.measure.loop.events import Listener, RunFinished
from bptt_bench.measure.probe.environment import load_average, usable_cores
from bptt_bench.plan import Experiment
from bptt_bench.plan.experiment.stopping_rule import StoppingRule
from bptt_bench.store import SampleStore
from bptt_bench.text.numbers import number
from bptt_bench.text.wording import join_names
from bptt_bench.workflows import adaptive
from bptt_bench.workflows.doctor import check_current_kernel, check_load
from bptt_bench.workflows.judge import analyse_run
from bptt_bench.workflows.progress import show_progress
from bptt_bench.workflows.settings import Settings, experiment_of, run_arguments

if TYPE_CHECKING:
    from bptt_bench.analyse.discover.law_set import LawSet
    from bptt_bench.analyse.verdicts.analysis import Analysis

POOR_CONDITION = 100.0  # condition number from which a term may hide behind others unless samples are very quiet


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """A run that has come to its end."""

    folder: Path
    settings: Settings
    condition_numbers: Mapping[str, float]
    finished: RunFinished
    analysis: Analysis
    is_adaptive: bool = False
    laws: Mapping[str, LawSet | str] = field(default_factory=dict)  # of subjects that state none, or why there is none

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as plain data."""
        from bptt_bench.report.words.documents import found_laws_document, verdict_documents

        return {
            "folder": str(self.folder),
            "experiment": self.settings.experiment,
            "profile": self.settings.profile,
            "samples": self.finished.samples,
            "skipped": self.finished.skipped,
            "busy_share": self.finished.busy_share,
            "condition_numbers": {
                name: number if math.isfinite(number) else None for name, number in self.condition_numbers.items()
            },
            "verdicts": verdict_documents(self.analysis.verdicts),
            **({"laws": {name: found_laws_document(one) for name, one in self.laws.items()}} if self.laws else {}),
            **({"allocation": self.analysis.frame.attrs["allocations"]} if self.is_adaptive else {}),
        }


def run(
    settings: Settings,
    folder: Path,
    *,
    resume: bool,
    say: Callable[[str], None],
    rule: StoppingRule | None = None,
    force: bool = False,
) -> RunOutcome:
    """Measure and judge; ``say`` receives what is worth a line on the way.

    With ``force`` a run is resumed that was measured with other code.
    With a ``rule`` the run is adaptive: the profile gives the first blocks only.

    Raises
    ------
    ExperimentError, StoreError, MeasureError, FitError : what cannot be used; one line each.
    KeyboardInterrupt, Interrupted : by a signal; what was measured before is stored.
    """
    with sigterm_as_interrupt():
        experiment = experiment_of(settings)
        numbers = condition_numbers(experiment, settings.profile)
        if not resume:
            SampleStore.create(folder).close()  # a folder that cannot be used is refused before anything is announced
        begun_with = experiment if rule is None else adaptive.first_blocks(experiment, settings.profile, rule)
        for line in announcement_lines(begun_with, settings, folder, numbers):
            say(line)
        if rule is not None:
            say(f"then {rule}")
        with show_progress(sys.stderr, time.monotonic) as listener:
            if rule is None:
                finished = measure_run(settings, folder, resume=resume, force=force, on_event=listener)
            else:
                finished = adaptive.measure_adaptively(
                    settings, rule, folder, resume=resume, force=force, on_event=listener, say=say
                )
        say(format_summary(finished))
        from bptt_bench.analyse.discover.of_run import find_laws

        analysis = analyse_run(folder, experiment)
    return RunOutcome(
        folder=folder,
        settings=settings,
        condition_numbers=numbers,
        finished=finished,
        analysis=analysis,
        is_adaptive=rule is not None,
        laws=find_laws(analysis.evidence),
    )


def measure_run(
    settings: Settings,
    folder: Path,
    *,
    resume: bool = False,
    force: bool = False,
    on_event: Listener | None = None,
) -> RunFinished:
    """Measure into a folder: all of a new run, or what an interrupted one still lacks.

    With ``force`` a run goes on that was measured with other code.

    Raises
    ------
    ExperimentError, StoreError, MeasureError : what cannot be used; one line each.
    Interrupted : by a signal; what was measured before is stored.
    """
    from bptt_bench.measure.loop import run as loop

    experiment = experiment_of(settings)
    with SampleStore.resume(folder) if resume else SampleStore.create(folder) as store:
        return loop.run(
            experiment,
            **run_arguments(settings),
            sink=store,
            done=store.done,
            force=force,
            on_event=on_event,
        )


def condition_numbers(experiment: Experiment, profile: str) -> Mapping[str, float]:
    """Return how well the points of a profile distinguish the terms of each subject's law and overhead.

    The condition number of the design as a fit sees it: rows relative to the time (coefficients taken as 1), columns
    scaled to unit length. Near 1 is ideal; above about 1e3, noise shifts cost between terms.
    """
    from bptt_bench.analyse.evidence.strata import Strata
    from bptt_bench.analyse.fitting.diagnose import condition_number, shares_of

    experiment.profile(profile)  # which must be known
    experiment = Strata.of(experiment, profile=profile).stratify()
    chosen = experiment.profile(profile)
    numbers: dict[str, float] = {}
    for subject in experiment.subjects:
        if subject.law is None:
            continue
        law = subject.law.plus(*(subject.overhead or ()))
        points = [cell.point for cell in chosen.cells([subject.name])]
        columns = law.columns(
            {name: np.array([point[name] for point in points], dtype=np.float64) for name in law.factors}
        )
        numbers[subject.name] = condition_number(shares_of(columns)) if len(points) >= len(law.terms) else math.inf
    return numbers


def announcement_lines(
    experiment: Experiment, settings: Settings, folder: Path, numbers: Mapping[str, float]
) -> Iterator[str]:
    """Yield what a run will do, how well its design distinguishes the terms of each law, and what may disturb it."""
    profile = experiment.profile(settings.profile)
    cells = len(profile.cells(experiment.subject_names))
    yield (
        f"{settings.experiment}, profile {settings.profile}: {cells} cells in {profile.blocks} blocks, "
        f"seed {settings.seed}, {settings.threads} BLAS thread{'s' if settings.threads > 1 else ''}, into {folder}"
    )
    for name, levels in experiment.added_levels.items():
        shown = join_names([number(level, 9) for level in levels])
        yield f"put in between the levels given: {name} = {shown}"
    for subject, condition in numbers.items():
        remark = "" if condition < POOR_CONDITION else " (high: some terms may not be identifiable)"
        yield f"condition number of the scaled design, {subject}: {condition:.3g}{remark}"
    load = check_load(load_average(), usable_cores() or 1)
    if load.judgement == "poor":
        yield f"load average {load.shown}: {load.remark}"
    kernel = check_current_kernel()
    if kernel.judgement == "poor":
        yield f"BLAS: {kernel.remark}"


def format_summary(finished: RunFinished) -> str:
    """Return what was measured, and the share of the time that went into measuring."""
    weighed = f", memory of {finished.memory_cells} cells" if finished.memory_cells else ""
    weighed += f", counts of {finished.counted_cells} cells" if finished.counted_cells else ""
    skipped = f", {finished.skipped} cells left out" if finished.skipped else ""
    if finished.busy_share is None:
        return f"{weighed}{skipped}".removeprefix(", ") or "nothing was left to measure"
    seconds = f"{finished.seconds_after_workers_started:.0f} s"
    return (
        f"{finished.samples} samples{weighed}{skipped}; {finished.busy_share:.1%} of the {seconds} with a measuring "
        "process ready went into timed or warm-up evaluations"
    )


@contextlib.contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Make SIGTERM do what Ctrl-C does, also before and after the measuring itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
