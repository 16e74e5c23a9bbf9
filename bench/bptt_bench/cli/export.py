"""``export``: measurements for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bptt_bench.cli.options import ignore_option, json_option, print_json, rename_option, unit_option


@click.command(short_help="Write CSV, Parquet, or files of Extra-P and pyperf.")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--to", required=True, type=click.Choice(["csv", "parquet", "extra-p", "pyperf"]), help="The format.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Output file.  [default: standard output]")
@click.option("--subject", multiple=True, metavar="NAME", help="Subject to export.  [default: all]  Repeatable.")
@click.option(
    "--response", metavar="NAME", help="Which response.  [default: all of them in tables, else seconds_per_eval]"
)
@rename_option
@ignore_option
@unit_option
@click.option(
    "--factors",
    metavar="NAMES",
    help="Columns of a plain table that are factors, such as n,dtype.  [default: all that can be; a note names them]",
)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@json_option
def export(
    data: Path,
    to: Any,
    out: Path | None,
    subject: tuple[str, ...],
    response: str | None,
    rename: tuple[str, ...],
    ignore: tuple[str, ...],
    unit: str | None,
    factors: str | None,
    force: bool,
    as_json: bool,
) -> int:
    """Write measurements for other programs: the folder of a run, a CSV, or another tool's file.

    csv and parquet hold the whole tidy table, a row for each sample; `fit` reads them back with the same result. In a
    CSV, text that looks like a formula or a number gets an apostrophe in front, which `fit` removes. extra-p (JSON
    Lines) and pyperf (JSON, a benchmark for each subject and point) hold one response, and the samples that a fit
    uses: none below the signal floor, none that tests predictions. pyperf takes seconds, bytes and counts, so the
    unit of the response must be known.

    \b
    Example: bptt-bench export results/today --to csv --out today.csv
             bptt-bench export results/today --to extra-p --subject naive > naive.jsonl
             bptt-bench export results/today --to pyperf --out today.json && python -m pyperf stats today.json
    """
    from bptt_bench.workflows.export import export as prepared

    if as_json and out is None:
        raise click.UsageError("--json: needs --out, for standard output cannot hold both")
    if to == "parquet" and out is None:
        raise click.UsageError("--to parquet: needs --out, because it is a binary format")
    found = prepared(
        data,
        to,
        subjects=subject,
        response=response,
        unit=unit,
        factors=None if factors is None else [name.strip() for name in factors.split(",")],
        rename=rename,
        ignore=ignore,
    )
    if out is None:
        for piece in found.text():
            click.echo(piece, nl=False)
    else:
        found.write(out, force=force)
    for note in found.notes:
        click.echo(f"note: {note}", err=True)
    if found.left_out:
        click.echo(f"{found.left_out} samples left out that no fit would see", err=True)
    if as_json and out is not None:
        print_json(found.to_json(out))
    return 0
