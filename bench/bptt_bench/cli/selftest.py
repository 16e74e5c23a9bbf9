"""``selftest``: measures how far verdicts can be trusted on this machine."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from bptt_bench.cli.options import find_experiments_here, json_option, out_option, print_json


@click.command(short_help="Test whether planted faults are caught and sound claims pass.")
@click.argument("experiment", required=False)
@click.option("--profile", metavar="NAME", help="How much to measure in a run.  [default: selftest, if there is one]")
@out_option("selftest", "Folder for the runs; one that was interrupted goes on.")
@click.option("--seed", type=click.IntRange(min=0), default=0, metavar="N", help="Seed of the first run.  [default: 0]")
@click.option(
    "--runs", type=click.IntRange(min=2), default=5, show_default=True, metavar="N", help="Runs without a fault."
)
@click.option(
    "--trials", type=click.IntRange(min=1), default=60, show_default=True, metavar="N", help="Simulations of each law."
)
@json_option
def selftest(
    experiment: str | None,
    profile: str | None,
    out: Path | None,
    seed: int,
    runs: int,
    trials: int,
    as_json: bool,
) -> int:
    """Test whether planted faults are caught and sound claims pass, in about three minutes.

    Runs with different seeds, runs in which the experiment is wrong on purpose, a subject measured under two names, and
    simulated measurements with this machine's noise. EXPERIMENT is a module; in a checkout of this project by default
    bptt_rnn.experiment. Exit status 1 when a fault was missed or a healthy run refuted a claim.

    \b
    Example: bptt-bench selftest
             bptt-bench selftest bptt_rnn.experiment --runs 3 --out results/selftest --json
    """
    from bptt_bench.measure.worker.loading import load_experiment
    from bptt_bench.report.words.trust import lines
    from bptt_bench.workflows.selftest import profile_of
    from bptt_bench.workflows.selftest import selftest as tested
    from bptt_bench.workflows.settings import Settings, new_folder

    find_experiments_here()
    given: dict[str, Any] = {} if experiment is None else {"experiment": experiment}
    settings = Settings(**given, seed=seed)
    chosen = profile or profile_of(load_experiment(settings.experiment))
    outcome = tested(
        dataclasses.replace(settings, profile=chosen),
        out or new_folder("selftest"),
        runs=runs,
        trials=trials,
        say=lambda line: click.echo(line, err=True),
    )
    if as_json:
        print_json(outcome.to_json())
    else:
        for line in lines(outcome.trust):
            click.echo(line)
    return 0 if outcome.trust.trusted else 1
