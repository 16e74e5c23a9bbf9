"""``fit``: a law fitted to samples of a run, a table or another tool's file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bptt_bench.cli.options import (
    fitting_options,
    json_option,
    print_json,
    print_tables,
    read_fitting,
    strict_option,
    strict_status,
)

PREDICTION = "V=10000,d=100,H=100,T=35"


@click.command(short_help="Fit a law to the samples of a run, of a table or of another tool.")
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--law",
    help="Terms in the factors, such as 'T*H*V + T*H**2' or 'n log n'.  [default: find the laws that fit]",
)
@click.option(
    "--counts",
    metavar="LAW",
    help="Without --law: the law of the counted operations, whose terms alone time is fitted with.",
)
@click.option(
    "--response",
    metavar="NAME",
    help="Column of the response.  [default: seconds_per_eval, or the only column that is called a time]",
)
@click.option("--subject", metavar="NAME", help="Subject, if the data have several.")
@click.option(
    "--predict", multiple=True, metavar="POINT", help=f"Predict at a point, such as {PREDICTION}. Repeatable."
)
@click.option("--versus", multiple=True, metavar="LAW", help="Compare with another law. Repeatable.")
@fitting_options
@strict_option
@json_option
def fit(
    data: Path,
    law: str | None,
    counts: str | None,
    response: str | None,
    subject: str | None,
    predict: tuple[str, ...],
    versus: tuple[str, ...],
    strict: bool,
    as_json: bool,
    **fitting: Any,
) -> int:
    """Fit a law to samples: the folder of a run, a CSV, or another tool's file.

    Without --law every law that the data do not exclude is found, with the weight of each and the measurement that
    would decide between them. Exponents and predictions are then of all these laws together.

    A table (CSV, Parquet, records of JSON) has one column per factor, the response, and optionally block; several rows
    of a point are repetitions. Columns are separated by commas, semicolons, tabs or blanks. Read as well: JSON of
    pytest-benchmark, Google Benchmark, pyperf, hyperfine and asv (a file or the folder of a machine), Extra-P's text
    and JSON Lines. A file is recognised by its content, and may be compressed by gzip.

    Where text says what was measured (a data type, a backend), each combination of it has a fit of its own.

    \b
    Example: bptt-bench fit times.csv
             bptt-bench fit times.csv --law "n*log(n)" --versus "n**2" --predict n=1000000
             bptt-bench fit results/today --subject aggregated --law "T*H*V + T*H*d + T*H**2"
             bptt-bench fit times.csv --law n --where dtype=float32 --where d=100
             bptt-bench fit google.json --subject BM_Sort --names n --law "n*log(n)"
    """
    from bptt_bench.workflows.fit import FitReports, fit_data

    if law is not None and counts is not None:
        raise click.UsageError("--law and --counts: give one of them; with --law nothing is left to be found")
    if law is None and fitting["overhead"] is not None:
        raise click.UsageError("--overhead: goes with --law; without one the terms beside it are found too")
    result = fit_data(
        data,
        law,
        counts=counts,
        response=response,
        subject=subject,
        predict=predict,
        versus=versus,
        **read_fitting(fitting),
    )
    for note in result.notes:
        click.echo(f"note: {note}", err=True)
    if as_json:
        print_json(result.to_json())
    elif isinstance(result, FitReports):
        from bptt_bench.report.terminal.by_category import show_fits

        show_fits(result.found, result.left_out)
    else:
        print_tables(result)
    reports = result.found.values() if isinstance(result, FitReports) else [result]
    return strict_status([one for report in reports for one in report.predictions], strict=strict)
