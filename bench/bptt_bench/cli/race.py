"""``race``: times implementations whose results agree, beside the limit of the machine."""

from __future__ import annotations

from pathlib import Path

import click

from bptt_bench.cli.options import (
    check_force,
    exit_status,
    find_experiments_here,
    force_option,
    json_option,
    note_resume_command,
    out_option,
    print_analysis,
    print_json,
    resume_option,
    run_settings,
    seed_option,
)

EXPERIMENT = "bptt_rnn.experiment.race"
PROFILE, THREADS = "standard", 2


@click.command(short_help="Time implementations whose results agree.")
@click.argument("experiment", required=False)
@click.option("--profile", metavar="NAME", help=f"How much to measure.  [default: {PROFILE}]")
@out_option("race")
@seed_option
@click.option(
    "--threads", type=click.IntRange(min=1), metavar="N", help=f"Threads of every library.  [default: {THREADS}]"
)
@resume_option
@force_option
@json_option
def race(
    experiment: str | None,
    profile: str | None,
    out: Path | None,
    seed: int | None,
    threads: int | None,
    resume: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Race implementations of one algorithm: equal results, times, and the share of the machine's limit.

    EXPERIMENT is a module whose claims are about speedups; in a checkout of this project by default
    bptt_rnn.experiment.race, the tuned gradients against PyTorch and JAX (extra "peers"). What is not installed is
    named as missing. `report` and `verdict` work on its folder. Exit status 1 when a claim is refuted.

    \b
    Example: bptt-bench race --out results/race
             bptt-bench race bptt_rnn.experiment.race_stock --json
    """
    from bptt_bench.errors import ExperimentError
    from bptt_bench.report.terminal.race import show_race
    from bptt_bench.workflows import run as session
    from bptt_bench.workflows.settings import default_experiment, experiment_of, new_folder

    find_experiments_here()
    if resume is None:
        experiment = experiment or default_experiment(EXPERIMENT)
    given = {"experiment": experiment, "profile": profile, "seed": seed, "threads": threads}
    settings = run_settings(resume, out, given, profile=PROFILE, threads=THREADS)
    if not any(claim.kind == "speedup" for claim in experiment_of(settings).claims):
        raise ExperimentError(f"experiment {settings.experiment!r}: claims no speedup; a race is judged by such claims")
    folder = resume or out or new_folder("race")
    with note_resume_command(folder):
        outcome = session.run(
            settings,
            folder,
            resume=resume is not None,
            force=check_force(force, resume),
            say=lambda line: click.echo(line, err=as_json),
        )
    analysis = outcome.analysis
    if as_json:
        from bptt_bench.report.words.documents import verdict_documents

        found = {} if analysis.race is None else analysis.race.to_json()
        print_json({"folder": str(outcome.folder), **found, "verdicts": verdict_documents(analysis.verdicts)})
    else:
        if analysis.race is not None:
            show_race(analysis.race)
        print_analysis(analysis, outcome.folder)
    return exit_status(analysis.verdicts)
