"""``run``: measure an experiment, then judge its claims."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bptt_bench.cli.options import (
    check_force,
    engine_options,
    exit_status,
    find_experiments_here,
    force_option,
    json_option,
    make_engine,
    note_resume_command,
    out_option,
    print_analysis,
    print_json,
    resume_option,
    run_settings,
    seed_option,
    threads_option,
)


@click.command()
@click.argument("experiment", required=False)
@click.option("--profile", metavar="quick|standard|full", help="How much to measure.  [default: quick]")
@out_option("<profile>")
@seed_option
@threads_option
@resume_option
@click.option(
    "--corpus", type=click.Path(path_type=Path), metavar="FILE", help="UTF-8 text instead of the default one."
)
@click.option("--probe/--no-probe", default=None, help="Probe the machine first.  [default: if subjects declare works]")
@click.option(
    "--budget",
    metavar="TIME",
    help="Measure two blocks of the profile, then the visits that narrow the intervals of undecided claims most per "
    "second, then spend the rest on all claims. TIME, such as 60s, 5min or 1h30min, counts from the start, probe and "
    "checks included.",
)
@click.option(
    "--until",
    metavar="WIDTH",
    help="The same, until each interval has a half-width of at most WIDTH, such as 2% or 0.02, or its claim is decided "
    "with room to spare: relative for ratios, crossovers and shares, absolute for exponents (2%: ±0.02).",
)
@click.option(
    "--decide",
    metavar="TIME",
    help="Where no law is stated: measure the profile, then the points that decide between the laws that fit, while "
    "TIME lasts. With --resume only the latter.",
)
@click.option(
    "--measure",
    metavar="time,memory,instructions,operations",
    help="What to measure. Instructions are counted at small levels, by the processor or with Valgrind, operations as "
    "NumPy is asked for them. With --resume, beside what the run measured before.  [default: what the experiment "
    "states]",
)
@force_option
@engine_options
@json_option
def run(
    experiment: str | None,
    profile: str | None,
    out: Path | None,
    seed: int | None,
    threads: int | None,
    resume: Path | None,
    corpus: Path | None,
    probe: bool | None,
    budget: str | None,
    until: str | None,
    decide: str | None,
    measure: str | None,
    force: bool,
    as_json: bool,
    **engine: Any,
) -> int:
    """Measure an experiment, then judge its claims. Where no law is stated, find how the time grows.

    EXPERIMENT is a module that defines EXPERIMENT, or the path of its file; in a checkout of this project by default
    bptt_rnn.experiment.

    \b
    Example: bptt-bench run --profile quick --out results/today
             bptt-bench run --resume results/today
             bptt-bench run --budget 60s --until 2%
             bptt-bench run my_sort --decide 60s
             bptt-bench run --engine dask --scheduler tcp://192.0.2.7:8786
    """
    from bptt_bench.plan.experiment.instructions import parse_measures
    from bptt_bench.report.terminal.tables import show_found
    from bptt_bench.workflows import adaptive
    from bptt_bench.workflows import run as session
    from bptt_bench.workflows.settings import new_folder

    find_experiments_here()
    given: dict[str, Any] = {
        "experiment": experiment,
        "profile": profile,
        "seed": seed,
        "threads": threads,
        "corpus": corpus,
        "probe": probe,
        "engine": make_engine(engine),
        "measures": None if measure is None else parse_measures(measure),
    }
    settings = run_settings(resume, out, given)
    folder = resume or out or new_folder(settings.profile)
    with note_resume_command(folder):
        outcome = session.run(
            settings,
            folder,
            resume=resume is not None,
            force=check_force(force, resume),
            say=lambda line: click.echo(line, err=as_json),
            rule=adaptive.read_stopping_rule(budget, until, resume, decide),
        )
    if as_json:
        print_json(outcome.to_json())
    else:
        has_tables = bool(outcome.analysis.verdicts) or not outcome.laws
        if has_tables:
            print_analysis(outcome.analysis, folder)
        show_found(outcome.laws, gaps_of=None if has_tables else outcome.analysis)
    return exit_status(outcome.analysis.verdicts)
