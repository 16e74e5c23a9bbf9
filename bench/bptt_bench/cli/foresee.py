"""``foresee``: predicts points far beyond a sweep, then measures them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from bptt_bench.cli.options import (
    check_force,
    engine_options,
    find_experiments_here,
    force_option,
    json_option,
    make_engine,
    note_resume_command,
    out_option,
    print_json,
    run_settings,
    seed_option,
    threads_option,
)


@click.command(short_help="Predict points far beyond a sweep, then measure them.")
@click.argument("experiment", required=False)
@out_option("foresee")
@seed_option
@threads_option
@click.option(
    "--resume", type=click.Path(path_type=Path), metavar="DIR", help="Go on with a run, or predict from a finished one."
)
@force_option
@engine_options
@json_option
def foresee(
    experiment: str | None,
    out: Path | None,
    seed: int | None,
    threads: int | None,
    resume: Path | None,
    force: bool,
    as_json: bool,
    **engine: Any,
) -> int:
    """Sweep, predict points far beyond the sweep, then measure them to test the predictions.

    EXPERIMENT is a module whose experiment names points beyond its sweep (a `Foresight`); in a checkout of this project
    by default bptt_rnn.experiment.

    The predictions are stored with their intervals before the first of these points is measured.

    \b
    Example: bptt-bench foresee --out results/foreseen
             bptt-bench foresee --resume results/foreseen
    """
    from bptt_bench.report.terminal import tables as terminal
    from bptt_bench.workflows.foresee import foresee as predicted_and_measured
    from bptt_bench.workflows.foresee import foresight_of
    from bptt_bench.workflows.settings import experiment_of, new_folder

    find_experiments_here()
    given = {"experiment": experiment, "seed": seed, "threads": threads, "engine": make_engine(engine)}
    settings = run_settings(resume, out, given)
    if resume is None:
        settings = dataclasses.replace(settings, profile=foresight_of(experiment_of(settings)).profile)
    folder = resume or out or new_folder("foresee")
    with note_resume_command(folder):
        outcome = predicted_and_measured(
            settings,
            folder,
            resume=resume is not None,
            force=check_force(force, resume),
            say=lambda line: click.echo(line, err=as_json),
        )
    if as_json:
        print_json(outcome.to_json())
    else:
        terminal.show_foreseen(outcome.foreseen, outcome.unmeasured)
    return 0
