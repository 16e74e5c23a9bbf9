"""Settings that identify a run, and the experiment that they name."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bptt_bench.errors import ExperimentError, StoreError
from bptt_bench.measure.engines.cluster_factory import cluster_for
from bptt_bench.measure.engines.settings import EngineSettings
from bptt_bench.measure.probe.environment import environment
from bptt_bench.measure.protocol.provenance import digest_sources, folder_of
from bptt_bench.measure.worker.loading import load_experiment, package_of
from bptt_bench.plan import Experiment
from bptt_bench.plan.experiment.instructions import Measure, measuring, parse_measures, stated_measures
from bptt_bench.workflows.notebook_modules import load_current

DEFAULT_EXPERIMENT = "bptt_rnn.experiment"
RESULTS = Path("results")
MEASURING = ("run", "resume")  # records that say what is measured from there on


def default_experiment(name: str = DEFAULT_EXPERIMENT) -> str:
    """Return the default experiment, which exists in a checkout of this project alone.

    Raises
    ------
    ExperimentError : the current folder is not in a checkout of this project.
    """
    here = Path.cwd()
    if any((folder / "rnn" / "bptt_rnn" / "experiment").is_dir() for folder in (here, *here.parents)):
        return name
    raise ExperimentError(
        f"EXPERIMENT must be the name of a module, such as {name}, or the path of a .py file; none was given: "
        "`bptt-bench new my_sort` writes one to begin with"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings that identify a run; ``experiment`` is a module's name or its file, ``fault`` one planted in it.

    ``probe`` says whether the machine is probed first: None where a subject declares works to predict its time from.
    ``measures`` are some of ``MEASURES``: None what the experiment states.
    ``engine`` says where it is measured: a run may go on elsewhere than it began.
    """

    experiment: str = dataclasses.field(default_factory=default_experiment)
    profile: str = "quick"
    seed: int = 0
    threads: int = 1
    corpus: Path | None = None
    fault: str | None = None
    probe: bool | None = None
    measures: tuple[Measure, ...] | None = None
    engine: EngineSettings = dataclasses.field(default_factory=EngineSettings)


def new_folder(what: str) -> Path:
    """Return the default folder of a run: ``results/<profile>-<time>``, with a number if that exists."""
    wanted = RESULTS / f"{what}-{dt.datetime.now().astimezone():%Y%m%d-%H%M%S}"
    free = (wanted.with_name(f"{wanted.name}-{number}") for number in itertools.count(2))
    return next(folder for folder in itertools.chain([wanted], free) if not folder.exists())


def experiment_of(settings: Settings) -> Experiment:
    """Load the experiment of some settings; check its profile and corpus.

    Raises
    ------
    ExperimentError : no such module, profile or fault, a module that raises on import, or an unusable corpus.
    FitError : a claim about categories that contradicts itself.
    """
    try:
        experiment = load_current(settings.experiment, lambda: load_experiment(settings.experiment, settings.corpus))
    except (ValueError, OSError) as error:  # what `configure` has to say of its corpus
        raise ExperimentError(str(error)) from error
    experiment.profile(settings.profile)
    if any(factor.is_category for factor in experiment.factors):
        from bptt_bench.analyse.evidence.strata import Strata, claims_in_strata

        claims_in_strata(experiment.claims, Strata.of(experiment))  # which refuses claims that contradict themselves
    experiment = with_laws(experiment, settings.experiment)
    if settings.measures is not None:
        experiment = measuring(experiment, settings.measures)
    return experiment if settings.fault is None else experiment.with_fault(settings.fault)


def with_laws(experiment: Experiment, module: str) -> Experiment:
    """Return an experiment with the laws that it leaves to be derived from its code; any other as it is.

    Raises
    ------
    ExperimentError : a law was not found.
    """
    if experiment.complete is None:
        return experiment
    from bptt_bench.workflows.derive.stated import with_derived_laws

    return with_derived_laws(experiment, package_of(module))


def load_named(module: str) -> Experiment:
    """Load the experiment of a module as it is written, a notebook's as it was written last.

    Raises
    ------
    ExperimentError : no such module, or one that raises on import.
    """
    return load_current(module, lambda: load_experiment(module))


def run_arguments(settings: Settings) -> dict[str, Any]:
    """Return the settings as the arguments of the measuring loop.

    Raises
    ------
    MeasureError : the engine takes something that is not installed.
    """
    named = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    module = named.pop("experiment")
    return {
        "module": module,
        **named,
        "engine": cluster_for(settings.engine),
        "sources": digest_sources(module),
        "describe_environment": functools.partial(environment, folder_of(module)),
    }


def settings_of(folder: Path) -> Settings:
    """Return the settings of a stored run.

    Raises
    ------
    StoreError : the folder holds no run, or one that was stopped before it began.
    """
    from bptt_bench.store.runs.samples import SAMPLES, read_records

    if not (folder / SAMPLES).is_file():
        raise StoreError(f"{folder}: holds no run to be resumed (no {SAMPLES})")
    records = read_records(folder / SAMPLES)
    if not records:
        raise StoreError(f"{folder}: the run was stopped before it began; start it anew with --out")
    header = records[0]
    for name in ("experiment", "profile", "seed", "threads", "corpus"):
        if name not in header:
            raise StoreError(f"{folder / SAMPLES} line 1: the run record has no {name!r}")
    corpus = header["corpus"]
    measured = [name for record in records for name in record.get("measures", ()) if record["record"] in MEASURING]
    return Settings(
        experiment=header["experiment"],
        profile=header["profile"],
        seed=header["seed"],
        threads=header["threads"],
        corpus=None if corpus is None else Path(corpus),
        fault=header.get("fault"),  # absent from runs of version 0.1
        measures=parse_measures(measured) if measured else None,
    )


def resumed_settings(folder: Path, given: Mapping[str, Any]) -> Settings:
    """Return the settings of a stored run with some others, by name; what it measured before it measures still.

    Raises
    ------
    StoreError, ExperimentError : there is no such run, or its experiment cannot be loaded.
    """
    stored = settings_of(folder)
    chosen = dataclasses.replace(stored, **given)
    if "measures" not in given:
        return chosen
    before = stored.measures
    if before is None:
        experiment = load_current(stored.experiment, lambda: load_experiment(stored.experiment, stored.corpus))
        before = stated_measures(experiment)
    return dataclasses.replace(chosen, measures=parse_measures([*before, *given["measures"]]))
