"""Judging a stored run, and reporting it: as a page, as Markdown, as one document, or as a summary of a job."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bptt_bench.errors import ExperimentError, StoreError
from bptt_bench.plan import Experiment
from bptt_bench.plan.experiment.claims_from_law import with_details
from bptt_bench.plan.experiment.instructions import RESPONSES, stated_measures
from bptt_bench.text.arguments import show_value
from bptt_bench.text.wording import nearest_name

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
    from bptt_bench.store.runs.experiments import experiment_of_run, missing_parts, unfinished

    frame = as_samples(data)
    if experiment is not None and not isinstance(experiment, Experiment):
        raise ExperimentError(f"`experiment` must be an experiment, got {show_value(experiment)}")
    notes = [unfinished(frame), missing_parts(frame) if experiment is None else _unused_counts(frame, experiment)]
    if experiment is None:
        try:
            experiment = experiment_of_run(frame)
        except StoreError as error:
            raise StoreError(f"{data if isinstance(data, Path | str) else 'frame'}: {error}") from None
    elif experiment.complete is not None:  # it leaves its laws to be derived
        from bptt_bench.workflows.derive.stated import with_derived_laws

        experiment = with_derived_laws(experiment)
    analysis = analyse(frame, with_details(experiment) if details else experiment)
    return dataclasses.replace(analysis, notes=tuple(filter(None, notes)))


def _unused_counts(frame: pd.DataFrame, experiment: Experiment) -> str:
    """Return in words which counts of a run an experiment claims nothing of; empty where there are none."""
    stated = stated_measures(experiment)
    held = [name for response, name in RESPONSES.items() if response in frame and frame[response].notna().any()]
    unused = [name for name in held if name not in stated]
    if not unused:
        return ""
    measure = ", ".join(map(repr, ("time", *unused)))
    return f"the run holds {' and '.join(unused)}, of which nothing is claimed here; state measure=({measure})"


def select_claim(analysis: Analysis, name: str) -> Analysis:
    """Return the analysis with the verdicts on one claim alone; several subjects may have claims of that name.

    Parameters
    ----------
    name : as a table shows it or as it was stated, in large or small letters, with any spaces.

    Raises
    ------
    ExperimentError : no claim has the name, or none was given; the message lists them then.
    """
    from bptt_bench.report.words.content import claim_name

    shown = [(claim_name(analysis, verdict), verdict) for verdict in analysis.verdicts]

    def plain(text: str) -> str:
        return "".join(text.split()).casefold()

    wanted = plain(name)
    found = tuple(one for spoken, one in shown if wanted in (plain(spoken), plain(one.claim)))
    if not found and not wanted and shown:
        names = "; ".join(dict.fromkeys(repr(spoken) for spoken, _ in shown))
        raise ExperimentError(f"--why: name the claim; the claims are {names}")
    if not found:
        near = nearest_name(name, [spoken for spoken, _ in shown])
        raise ExperimentError(f"claim {name!r}: unknown; {f'the nearest is {near!r}' if near else 'the run has none'}")
    return dataclasses.replace(analysis, verdicts=found)


def write_report(
    folder: Path | str, experiment: Experiment | None = None, *, kinds: Sequence[str] = ("html", "markdown")
) -> list[Path]:
    """Write the report of a run into its folder, judged as by ``judge``; return the files written.

    Parameters
    ----------
    kinds : which reports, of ``html`` and ``markdown``.
    """
    from bptt_bench.report.page.page import write_report as write

    return write(analyse_run(folder, experiment), Path(folder), kinds)


def describe_run(folder: Path | str, experiment: Experiment | None = None) -> dict[str, Any]:
    """Return the report of a run as one document, ready for ``json.dumps``."""
    from bptt_bench.report.words.documents import report_document

    return report_document(analyse_run(folder, experiment))


def summarise_run(folder: Path | str, experiment: Experiment | None = None) -> str:
    """Return the report of a run as a summary of a job in CI: a few lines of Markdown."""
    from bptt_bench.report.page.page import render_summary

    return render_summary(analyse_run(folder, experiment))
