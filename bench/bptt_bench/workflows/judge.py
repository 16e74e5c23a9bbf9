"""Judging a stored run, and writing its report."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from bptt_bench.errors import ExperimentError, StoreError
from bptt_bench.plan import Experiment
from bptt_bench.plan.experiment.claims_from_law import with_details
from bptt_bench.text.arguments import show_value

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.analyse.verdicts.analysis import Analysis


def analyse_run(
    data: Path | str | pd.DataFrame, experiment: Experiment | None = None, *, details: bool = False
) -> Analysis:
    """Return the fits and verdicts of a run.

    Parameters
    ----------
    data : folder of a run, or the frame that ``load`` made of it.
    experiment : whose laws and claims are meant; those that are stored with the run by default.
    details : whether to judge also what each law says of its terms.

    Raises
    ------
    StoreError, ExperimentError, FitError : what cannot be used; one line each.
    """
    from bptt_bench.analyse.verdicts.analysis import analyse
    from bptt_bench.store.frame import as_samples
    from bptt_bench.store.runs.experiments import experiment_of_run, missing_parts

    frame = as_samples(data)
    if experiment is not None and not isinstance(experiment, Experiment):
        raise ExperimentError(f"`experiment` must be an experiment, got {show_value(experiment)}")
    if experiment is not None:
        return analyse(frame, with_details(experiment) if details else experiment)
    try:
        experiment = experiment_of_run(frame)
    except StoreError as error:
        raise StoreError(f"{data if isinstance(data, Path | str) else 'frame'}: {error}") from None
    analysis = analyse(frame, with_details(experiment) if details else experiment)
    note = missing_parts(frame)
    return dataclasses.replace(analysis, notes=(note,)) if note else analysis


def write_report(folder: Path | str, experiment: Experiment | None = None) -> list[Path]:
    """Write the report of a run into its folder, judged as by ``judge``; return the files written."""
    from bptt_bench.report.page.page import write_report

    return write_report(analyse_run(folder, experiment), Path(folder))
