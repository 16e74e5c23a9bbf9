"""Predicts points beyond a sweep, then measures them, in one run.

The predictions are stored with the run before the first sample that tests them is taken; a run that was interrupted
goes on with those it has stored. Among these samples some cells of the sweep are measured again, as anchors: they show
how the speed of the machine has changed since.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bptt_bench.errors import ExperimentError
from bptt_bench.measure.loop import run as loop
from bptt_bench.measure.loop.events import Listener, PredictionsStored, RunFinished
from bptt_bench.measure.protocol.schedule import Block, Visit
from bptt_bench.plan import Cell, Experiment, Foresight, Point, block_order, require_beyond
from bptt_bench.store import SampleStore
from bptt_bench.workflows.progress import show_progress
from bptt_bench.workflows.run import announcement_lines, condition_numbers, format_summary, sigterm_as_interrupt
from bptt_bench.workflows.settings import Settings, experiment_of, run_arguments

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.analyse.evidence.strata import Strata
    from bptt_bench.analyse.predict.anchors import Shift
    from bptt_bench.analyse.predict.foresight import Accuracy, CheckedPrediction, Prediction

EVALUATIONS_OF_A_VISIT = 2.0  # samples' worth of them: one warms up and shows how long they take, one is the sample


@dataclass(frozen=True, slots=True, kw_only=True)
class ForesightOutcome:
    """The predictions of a run with what was measured; ``unmeasured`` are those that were not tested."""

    folder: Path
    settings: Settings
    foreseen: Sequence[CheckedPrediction]
    unmeasured: Sequence[Prediction]

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as plain data; ``accuracy`` is None where nothing was measured."""
        from bptt_bench.analyse.predict.foresight import (
            TARGET_COVERAGE,
            TARGET_MEDIAN,
            TARGET_P95,
            at_test_speed,
            by_subject,
            shifts,
        )

        moved = at_test_speed(self.foreseen)
        return {
            "folder": str(self.folder),
            "experiment": self.settings.experiment,
            "profile": self.settings.profile,
            "held_to": {"median": TARGET_MEDIAN, "p95": TARGET_P95, "coverage": list(TARGET_COVERAGE)},
            "accuracy": _accuracy(self.foreseen) if self.foreseen else None,
            "accuracy_by_subject": {name: _accuracy(some) for name, some in by_subject(self.foreseen).items()},
            "shifts": {name: _shift_json(shift) for name, shift in shifts(self.foreseen).items()},
            "accuracy_at_test_speed": _accuracy(moved) if moved else None,
            "unmeasured": [{"subject": one.subject, "at": dict(one.at)} for one in self.unmeasured],
            "points": [
                {
                    "subject": one.prediction.subject,
                    "at": dict(one.prediction.at),
                    "predicted": one.prediction.value,
                    "low": one.prediction.low,
                    "high": one.prediction.high,
                    "measured": one.measured.estimate,
                    "measured_low": one.measured.low,
                    "measured_high": one.measured.high,
                    "n_samples": one.n_samples,
                    "relative_error": one.error,
                    "covered": one.covered,
                    "farther": one.prediction.farther,
                    "dearer": one.prediction.time_ratio,
                    "at_test_speed": None if one.at_test_speed is None else _moved_json(one.at_test_speed),
                }
                for one in self.foreseen
            ],
        }


def _accuracy(found: Sequence[CheckedPrediction]) -> dict[str, Any]:
    from bptt_bench.analyse.predict.foresight import accuracy

    how_good: Accuracy = accuracy(found)
    return {**how_good._asdict(), "met": how_good.met}


def _shift_json(shift: Shift) -> dict[str, Any]:
    ratio = shift.ratio
    return {"anchors": shift.n, "ratio": ratio.estimate, "low": ratio.low, "high": ratio.high, "own": shift.own}


def _moved_json(one: CheckedPrediction) -> dict[str, Any]:
    made = one.prediction
    return {
        "predicted": made.value,
        "low": made.low,
        "high": made.high,
        "relative_error": one.error,
        "covered": one.covered,
    }


def foresee(
    settings: Settings, folder: Path, *, resume: bool, say: Callable[[str], None], force: bool = False
) -> ForesightOutcome:
    """Sweep (or what of it is missing), predict, measure; ``say`` receives what is worth a line on the way.

    With ``force`` a run is resumed that was measured with other code.

    Raises
    ------
    ExperimentError, StoreError, MeasureError, FitError : what cannot be used; one line each.
    KeyboardInterrupt, Interrupted : by a signal; what was measured before is stored.
    """
    with sigterm_as_interrupt():
        experiment = experiment_of(settings)
        foresight = foresight_of(experiment)
        require_beyond(foresight, experiment.profiles, settings.profile)
        for line in announcement_lines(experiment, settings, folder, condition_numbers(experiment, settings.profile)):
            say(line)
        points, visits = len(foresight.beyond), foresight.visits
        say(
            f"then {points} point{'' if points == 1 else 's'} beyond, in {visits} block{'' if visits == 1 else 's'}, "
            f"for {', '.join(foresight.subjects)}"
        )
        with show_progress(sys.stderr, time.monotonic) as listener:
            finished = _measure(experiment, foresight, settings, folder, resume=resume, force=force, listener=listener)
        say(format_summary(finished))
        return load_outcome(settings, folder)


def foresight_of(experiment: Experiment) -> Foresight:
    """Return what an experiment is to predict and then measure.

    Raises
    ------
    ExperimentError : it names no points beyond its sweep.
    """
    if experiment.foresight is None:
        raise ExperimentError(f"experiment {experiment.name!r}: has no foresight, so there is nothing to predict")
    return experiment.foresight


def load_outcome(settings: Settings, folder: Path) -> ForesightOutcome:
    """Return the predictions of a stored run with what was measured.

    Raises
    ------
    StoreError : the folder holds no run.
    """
    from bptt_bench.analyse.evidence.strata import Strata
    from bptt_bench.analyse.predict.foresight import checked_predictions, unmeasured
    from bptt_bench.store.frame import load

    samples = load(folder)
    frame = Strata.of(experiment_of(settings), samples).frame(samples)
    found = checked_predictions(frame)
    return ForesightOutcome(folder=folder, settings=settings, foreseen=found, unmeasured=unmeasured(frame, found))


def _measure(
    experiment: Experiment,
    foresight: Foresight,
    settings: Settings,
    folder: Path,
    *,
    resume: bool,
    force: bool,
    listener: Listener,
) -> RunFinished:
    from bptt_bench.store.frame import load

    with SampleStore.resume(folder) if resume else SampleStore.create(folder) as store:
        asked = False

        def further() -> Sequence[Block]:
            nonlocal asked
            if asked:
                return ()
            asked = True
            frame = load(folder)
            anchors = stored_anchors(experiment, foresight, frame, store)
            predictions, stored_before = stored_predictions(experiment, foresight, frame, store)
            listener(PredictionsStored(predictions=len(predictions), stored_before=stored_before))
            return blocks_beyond(experiment, foresight, settings, frame, predictions, anchors)

        return loop.run(
            experiment,
            **run_arguments(settings),
            sink=store,
            done=store.done,
            force=force,
            on_event=listener,
            next_blocks=further,
        )


def stored_anchors(
    experiment: Experiment, foresight: Foresight, frame: pd.DataFrame, sink: loop.Sink
) -> dict[Cell, float]:
    """Return the cells of the sweep that are measured again, with the seconds of an evaluation there.

    They are stored before the predictions. A run that has predictions and no anchors was begun without them.
    """
    from bptt_bench.analyse.predict.anchors import cell_seconds, choose_anchors

    seconds = {
        Cell(subject, Point({factor.name: factor.validate(point[factor.name]) for factor in experiment.factors})): took
        for (subject, point), took in cell_seconds(frame, foresight.subjects).items()
    }
    if "anchors" in frame.attrs:
        stored = (Cell(one["subject"], Point(one["point"])) for one in frame.attrs["anchors"])
        return {cell: seconds[cell] for cell in stored if cell in seconds}
    if frame.attrs.get("predictions"):
        return {}
    chosen = choose_anchors(seconds)
    cells = [{"subject": cell.subject, "point": dict(cell.point)} for cell in chosen]
    sink.append({"record": "anchors", "cells": cells})
    return {cell: seconds[cell] for cell in chosen}


def stored_predictions(
    experiment: Experiment, foresight: Foresight, frame: pd.DataFrame, sink: loop.Sink
) -> tuple[list[Prediction], int]:
    """Return the stored predictions of a run whose sweep is done, and how many it held before.

    Predictions that are missing from an interrupted run are made now, from the sweep alone.

    Raises
    ------
    FitError : a subject or point that cannot be predicted, or that was measured before it was predicted.
    """
    from bptt_bench.analyse.evidence.evidence import UnjudgedError, fit_all
    from bptt_bench.analyse.evidence.strata import Strata, stratify
    from bptt_bench.analyse.predict.foresight import predict_beyond, predictions_of
    from bptt_bench.errors import FitError
    from bptt_bench.report.words.reasons import clause_of

    stored = {one.cell: one for one in predictions_of(frame)}
    points = foresight.beyond.validated(experiment.factors)
    wanted = [Cell(subject, point) for subject in foresight.subjects for point in points]
    missing = [cell for cell in wanted if cell not in stored]
    if missing:
        _require_unmeasured(missing, frame)
        samples, stratum_wise, _ = stratify(frame, experiment, ())
        strata = Strata.of(experiment, frame)
        try:
            found = predict_beyond(fit_all(samples, stratum_wise), map(strata.stratum_of, missing))
        except UnjudgedError as error:
            raise FitError(f"{error}; {clause_of(error.reason)}") from None
        made = [_with_categories(prediction, strata) for prediction in found]
        for prediction in made:
            sink.append(prediction.to_record())
        sink.sync()
        stored |= {one.cell: one for one in made}
    return [stored[cell] for cell in wanted], len(wanted) - len(missing)


def _with_categories(prediction: Prediction, strata: Strata) -> Prediction:
    """Return a prediction for a stratum as one for its subject, at a point with its categories."""
    subject, at = strata.cell(prediction.cell)
    return replace(prediction, subject=subject, at=at)


def _require_unmeasured(cells: Sequence[Cell], frame: pd.DataFrame) -> None:
    from bptt_bench.analyse.predict.foresight import beyond_samples
    from bptt_bench.errors import FitError

    names = frame.attrs["factors"]
    rows = beyond_samples(frame)[["subject", *names]].itertuples(index=False, name=None)
    measured = {Cell(subject, Point(dict(zip(names, levels, strict=True)))) for subject, *levels in rows}
    for cell in cells:
        if cell in measured:
            raise FitError(f"{cell.subject} at {cell.point}: measured already but never predicted; begin a new run")


def blocks_beyond(
    experiment: Experiment,
    foresight: Foresight,
    settings: Settings,
    frame: pd.DataFrame,
    predictions: Sequence[Prediction],
    anchors: Mapping[Cell, float],
) -> list[Block]:
    """Return the blocks that test the predictions, numbered after those of the run, with their expected times.

    Anchors stand among them in a random order, so that both meet the same machine.
    """
    from bptt_bench.analyse.predict.foresight import BEYOND, beyond_samples

    profile, tested = experiment.profile(settings.profile), beyond_samples(frame)
    first = int(tested["block"].min()) if len(tested) else int(frame["block"].max()) + 1
    seconds = {**{one.cell: one.value for one in predictions}, **anchors}
    expected = {cell: EVALUATIONS_OF_A_VISIT * max(one, profile.seconds_per_sample) for cell, one in seconds.items()}
    cells = list(seconds)
    return [
        Block(
            number,
            tuple(Visit(*cell, number, "whole") for cell in block_order(cells, block=number, seed=settings.seed)),
            stage=BEYOND,
            expected_seconds=expected,
        )
        for number in range(first, first + foresight.visits)
    ]
