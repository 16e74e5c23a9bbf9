"""``derive``: the law of a function from its code, exactly."""

from __future__ import annotations

from pathlib import Path

import click

from bptt_bench.cli.options import find_experiments_here, json_option, print_json


@click.command(short_help="Derive the exact law of a function from its code.")
@click.argument("experiment", required=False)
@click.option("--subject", multiple=True, metavar="NAME", help="Subject to derive.  [default: all]  Repeatable.")
@click.option("--phase", metavar="NAME", help="Counts of this phase alone.")
@click.option("--category", metavar="NAME", help="Counts of this category alone, such as multiply_adds.")
@click.option("--first", is_flag=True, help="Count the first evaluation, with fresh buffers, not the one after it.")
@click.option(
    "--at", multiple=True, metavar="POINT", help="Name the largest term at a point, such as V=10000,d=100. Repeatable."
)
@click.option("--within", metavar="TIME", help="Time for the evaluations of one subject, such as 1min.  [default: 8s]")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the JSON document to a file, too.")
@json_option
def derive(
    experiment: str | None,
    subject: tuple[str, ...],
    phase: str | None,
    category: str | None,
    first: bool,
    at: tuple[str, ...],
    within: str | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Derive the law of each count from the code: count at small sizes, then find the exact expression.

    EXPERIMENT is a module or file with an experiment; in a checkout of this project by default bptt_rnn.experiment.

    NumPy operations are counted from the calls that the code makes; other code counts by the `tally` of the experiment.
    A law is accepted only if it gives the count of at least 50 further sizes, some of them much larger, as integers.
    What depends on the data has a mean and a spread instead of a law.

    \b
    Example: bptt-bench derive bptt_rnn.experiment
             bptt-bench derive bptt_rnn.experiment --subject naive --at V=10000,d=100,H=100,T=35
             bptt-bench derive my_sort --json
    """
    import json

    from bptt_bench.measure.worker.loading import package_of
    from bptt_bench.report.terminal.derive import show_derived
    from bptt_bench.workflows.derive.command import derive_laws
    from bptt_bench.workflows.settings import default_experiment, load_named

    find_experiments_here()
    module = default_experiment() if experiment is None else experiment
    document = derive_laws(
        load_named(module),
        own=package_of(module),
        subjects=subject,
        phase=phase,
        category=category,
        first=first,
        at=at,
        within=within,
        say=lambda line: click.echo(line, err=True),
    ).to_json()
    if out is not None:
        out.write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    if as_json:
        print_json(document)
    else:
        show_derived(document)
    return 0
