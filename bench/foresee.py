"""Foresee: sweep, predict points beyond the sweep, then measure them, all in one run.

The predictions are stored with the run before the first sample that tests them is taken; a run that was interrupted
goes on with those it has stored.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import api
from bench.measure import run as loop
from bench.measure.events import RunFinished
from bench.measure.schedule import Block, Visit
from bench.plan import Cell, Experiment, ExperimentError, Foresight, Point, block_order
from bench.progress import shown
from bench.session import announcement, summary, terminated_as_interrupted
from bench.store import SampleStore

if TYPE_CHECKING:
    from bench.analyse.foresight import Accuracy, Foreseen, Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was foreseen in a run, and how it turned out."""

    folder: Path
    foreseen: Sequence[Foreseen]

    @property
    def accuracy(self) -> dict[str, Accuracy]:
        """How good the predictions were: all of them, and those of each subject."""
        from bench.analyse.foresight import accuracy

        subjects = dict.fromkeys(one.prediction.subject for one in self.foreseen)
        by_subject = {name: [one for one in self.foreseen if one.prediction.subject == name] for name in subjects}
        return {"all": accuracy(self.foreseen), **{name: accuracy(some) for name, some in by_subject.items()}}

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain data."""
        return {
            "folder": str(self.folder),
            "accuracy": {name: {**one._asdict(), "met": one.met} for name, one in self.accuracy.items()},
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
                    "dearer": one.prediction.dearer,
                }
                for one in self.foreseen
            ],
        }


def foresee(settings: api.Settings, folder: Path, *, resume: bool, say: Callable[[str], None]) -> Outcome:
    """Sweep (or what of it is missing), predict, measure; ``say`` receives what is worth a line on the way.

    Raises
    ------
    ExperimentError, StoreError, MeasureError, FitError : what cannot be used; one line each.
    KeyboardInterrupt, Interrupted : by a signal; what was measured before is stored.
    """
    with terminated_as_interrupted():
        experiment = api.experiment_of(settings)
        foresight = foresight_of(experiment)
        for line in announcement(experiment, settings, folder, api.condition_numbers(experiment, settings.profile)):
            say(line)
        say(f"then {len(foresight.beyond)} points beyond, for {', '.join(foresight.subjects)}")
        with shown(sys.stderr, time.monotonic) as listener:
            finished = _measure(experiment, foresight, settings, folder, resume=resume, listener=listener, say=say)
        say(summary(finished))
        return outcome_of(folder)


def foresight_of(experiment: Experiment) -> Foresight:
    """What an experiment is to foresee.

    Raises
    ------
    ExperimentError : it names no points beyond its sweep.
    """
    if experiment.foresight is None:
        raise ExperimentError(f"experiment {experiment.name!r}: has no foresight, so there is nothing to predict")
    return experiment.foresight


def outcome_of(folder: Path) -> Outcome:
    """What was foreseen in a stored run, and how it turned out.

    Raises
    ------
    StoreError : the folder holds no run.
    """
    from bench.analyse.foresight import foreseen
    from bench.store.frame import load

    return Outcome(folder=folder, foreseen=foreseen(load(folder)))


def _measure(
    experiment: Experiment,
    foresight: Foresight,
    settings: api.Settings,
    folder: Path,
    *,
    resume: bool,
    listener: Callable[[Any], None],
    say: Callable[[str], None],
) -> RunFinished:
    with SampleStore.resume(folder) if resume else SampleStore.create(folder) as store:
        asked = False

        def further() -> Sequence[Block]:
            nonlocal asked
            if asked:
                return ()
            asked = True
            predictions = stored_predictions(experiment, foresight, folder, store)
            say(f"{len(predictions)} predictions stored; now these points are measured")
            return blocks_beyond(experiment, foresight, settings)

        return loop.run(
            experiment,
            **api.run_arguments(settings),
            sink=store,
            done=store.done,
            on_event=listener,
            further=further,
        )


def stored_predictions(
    experiment: Experiment, foresight: Foresight, folder: Path, store: loop.Sink
) -> Sequence[Prediction]:
    """The predictions of a run whose sweep is done: those that it holds, or new ones, put into its store at once."""
    from bench.analyse.evidence import fit_all
    from bench.analyse.foresight import Prediction, predict_beyond
    from bench.store.frame import load

    frame = load(folder)
    if frame.attrs["predictions"]:
        return [Prediction.of_record(record) for record in frame.attrs["predictions"]]
    predictions = predict_beyond(fit_all(frame, experiment), foresight.beyond, foresight.subjects)
    for prediction in predictions:
        store.append(prediction.to_record())
    store.sync()
    return predictions


def blocks_beyond(experiment: Experiment, foresight: Foresight, settings: api.Settings) -> list[Block]:
    """The visits to the points beyond, in blocks that follow those of the sweep."""
    from bench.analyse.foresight import BEYOND

    points = [Point({f.name: f.validate(point[f.name]) for f in experiment.factors}) for point in foresight.beyond]
    cells = [Cell(subject, point) for point in points for subject in foresight.subjects]
    first = experiment.profile(settings.profile).blocks
    return [
        Block(
            number,
            tuple(Visit(*cell, number, "whole") for cell in block_order(cells, block=number, seed=settings.seed)),
            stage=BEYOND,
        )
        for number in range(first, first + foresight.visits)
    ]
