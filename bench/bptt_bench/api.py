"""Functions for Python users: run, judge, derive and draw."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from bptt_bench.errors import ExperimentError
from bptt_bench.measure.engines.settings import EngineSettings
from bptt_bench.plan import Experiment
from bptt_bench.plan.experiment.instructions import parse_measures
from bptt_bench.report.page.displays import Figures, Verdicts
from bptt_bench.workflows.judge import analyse_run
from bptt_bench.workflows.notebook_modules import is_notebook
from bptt_bench.workflows.run import measure_run
from bptt_bench.workflows.settings import Settings, default_experiment, new_folder

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.measure.loop.events import Listener
    from bptt_bench.text.points import PointText
    from bptt_bench.workflows.derive.document import DerivedLaws

WRITE_IT = '; begin the cell that defines it with %%writefile my_module.py, and bench.run("my_module") measures it'


def run(
    experiment: Experiment | ModuleType | str | None = None,
    *,
    profile: str = "quick",
    out: Path | str | None = None,
    seed: int = 0,
    threads: int = 1,
    corpus: Path | str | None = None,
    probe: bool | None = None,
    measure: str | Sequence[str] | None = None,
    engine: str = "local",
    scheduler: str | None = None,
    on_event: Listener | None = None,
    progress: bool | None = None,
    **cluster: Any,
) -> pd.DataFrame:
    """Measure an experiment and return its samples as a tidy frame.

    Parameters
    ----------
    experiment : the name of a module that defines EXPERIMENT, the module, or the EXPERIMENT of an imported module:
        measuring processes import it by name. None: in a checkout of this project its own experiment.
    out : folder for the run; ``results/<profile>-<time>`` by default.
    probe : whether to probe the machine first; None: if a subject declares works to predict its time from.
    measure : what to measure, some of ``time``, ``memory``, ``instructions`` and ``operations``; None: what the
        experiment states.
    engine : ``local``, or ``dask`` for the hosts of a cluster; ``scheduler`` is its address, without one a local
        cluster is started. Further names (``workers``, ``tls_ca_file``, …) are those of ``EngineSettings``.
    on_event : called with each event, after it is stored.
    progress : whether to show it; None: in a notebook, where it updates in place. Elsewhere it goes to standard error.

    Raises
    ------
    ExperimentError, StoreError, MeasureError : what cannot be used; one line each.
    """
    from bptt_bench.integrations.notebook import run_progress
    from bptt_bench.store.frame import load

    settings = Settings(
        experiment=_module_of(experiment),
        profile=profile,
        seed=seed,
        threads=threads,
        corpus=None if corpus is None else Path(corpus),
        probe=probe,
        measures=None if measure is None else parse_measures(measure),
        engine=EngineSettings(name=engine, scheduler=scheduler, **cluster),
    )
    folder = new_folder(profile) if out is None else Path(out)
    with run_progress(progress, on_event) as listener:
        measure_run(settings, folder, on_event=listener)
    return load(folder)


def _module_of(experiment: Experiment | ModuleType | str | None) -> str:
    if experiment is None:
        return default_experiment()
    if isinstance(experiment, str):
        return experiment
    if isinstance(experiment, ModuleType):
        return experiment.__name__
    if not isinstance(experiment, Experiment):
        what = type(experiment).__name__  # type: ignore[unreachable]  # whatever a notebook may hand over
        raise ExperimentError(f"experiment must be the name of a module, a module, or its EXPERIMENT, got a {what}")
    holders = [name for name, module in sys.modules.items() if getattr(module, "EXPERIMENT", None) is experiment]
    importable = [name for name in holders if name != "__main__"]
    if not importable:
        raise ExperimentError(
            f"experiment {experiment.name!r}: is not the EXPERIMENT of an imported module, from which measuring "
            "processes could import it" + (WRITE_IT if is_notebook() else "")
        )
    return importable[0]


def derive(
    experiment: Experiment | ModuleType | str | None = None,
    *,
    subject: str | Sequence[str] = (),
    phase: str | None = None,
    category: str | None = None,
    first: bool = False,
    at: PointText | Sequence[PointText] = (),
    within: str | float | None = None,
) -> DerivedLaws:
    """Derive the exact laws of what the subjects of an experiment count, from evaluations at small sizes.

    Parameters
    ----------
    experiment : an experiment, a module with EXPERIMENT, or the module's name; None: in a checkout of this project its
        own experiment.
    subject : one name or several; all by default.
    phase, category : of the counts that are wanted; all by default.
    first : count the first evaluation, with fresh buffers, instead of the one after it.
    at : points at which the largest term of each law is named.
    within : time for the evaluations of one subject, in seconds or as text such as ``"1min"``; 8 s by default.

    Returns
    -------
    DerivedLaws : with ``law(subject, category, phase)`` and ``to_json()``.

    Raises
    ------
    ExperimentError, TextError : what cannot be used; one line each.
    """
    from bptt_bench.measure.worker.loading import package_of
    from bptt_bench.workflows.derive.command import derive_laws
    from bptt_bench.workflows.settings import load_named

    how: dict[str, Any] = {
        "subjects": (subject,) if isinstance(subject, str) else tuple(subject),
        "phase": phase,
        "category": category,
        "first": first,
        "at": (at,) if isinstance(at, str | Mapping) else tuple(at),
        "within": within,
    }
    if isinstance(experiment, Experiment):
        return derive_laws(experiment, **how)
    module = _module_of(experiment)
    return derive_laws(load_named(module), own=package_of(module), **how)


def judge(data: Path | str | pd.DataFrame, experiment: Experiment | None = None) -> Verdicts:
    """Judge the claims of a run: supported, refuted or inconclusive, each with its reason.

    The claims are those that are stored with the run, unless another experiment is given. No code of a run is imported.
    What is returned is a list, and a table by ``to_frame()``.
    """
    return Verdicts(analyse_run(data, experiment))


def figures(data: Path | str | pd.DataFrame | Verdicts, experiment: Experiment | None = None) -> Figures:
    """Return the figures of a run's report, by name, as matplotlib figures; nothing is written.

    Each is drawn when it is first asked for.

    Parameters
    ----------
    data : folder of a run, the frame that ``load`` or ``run`` made of it, or the verdicts that ``judge`` returned.
    experiment : whose laws and claims are meant; those that are stored with the run by default. Verdicts have theirs.

    Raises
    ------
    StoreError, ExperimentError, FitError : what cannot be used; one line each.
    """
    from bptt_bench.report.figures.gallery import gallery

    if isinstance(data, Verdicts) and experiment is not None:
        raise ExperimentError("`experiment` must be None where `data` are verdicts, which were judged by one already")
    return Figures(gallery(data.analysis if isinstance(data, Verdicts) else analyse_run(data, experiment)))
