"""``fit``: a law fitted to samples of a run, a table or another tool's file."""

from __future__ import annotations

from pathlib import Path

import click

from bptt_bench.cli.options import ignore_option, json_option, print_json, print_tables, rename_option, unit_option

PREDICTION = "V=10000,d=100,H=100,T=35"


@click.command(short_help="Fit a law to the samples of a run, of a table or of another tool.")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--law", required=True, help="Terms in the factors, such as 'T*H*V + T*H**2' or 'n log n'.")
@click.option(
    "--overhead", default="auto", metavar="TERMS", help="Terms beside the law, such as '1 + T'.  [default: auto]"
)
@click.option(
    "--response",
    metavar="NAME",
    help="Column to be explained.  [default: seconds_per_eval, or the only column that is called a time]",
)
@unit_option
@click.option("--block", metavar="NAME", help="Column of the blocks, whose common drift is taken out.")
@click.option("--subject", metavar="NAME", help="Which subject, when the data hold several.")
@click.option("--names", metavar="NAMES", help="Names of arguments that another tool's file only numbers, such as n,m.")
@click.option(
    "--predict", multiple=True, metavar="POINT", help=f"Predict at a point, such as {PREDICTION}. Repeatable."
)
@click.option(
    "--where",
    multiple=True,
    metavar="NAME=LEVEL",
    help="Rows of one level only, such as dtype=float32; of a name given twice either. Repeatable.",
)
@rename_option
@ignore_option
@click.option("--versus", multiple=True, metavar="LAW", help="Compare with another law. Repeatable.")
@json_option
def fit(
    data: Path,
    law: str,
    overhead: str,
    response: str | None,
    unit: str | None,
    block: str | None,
    subject: str | None,
    names: str | None,
    predict: tuple[str, ...],
    where: tuple[str, ...],
    rename: tuple[str, ...],
    ignore: tuple[str, ...],
    versus: tuple[str, ...],
    as_json: bool,
) -> int:
    """Fit a law to samples: the folder of a run, a CSV, or another tool's file.

    A table (CSV, Parquet, records of JSON) has one column per factor, the response, and optionally block; several rows
    of a point are repetitions. Columns of a CSV are separated by commas, semicolons or tabs. Read as well: JSON of
    pytest-benchmark, Google Benchmark, pyperf, hyperfine and asv (a file or the folder of a machine), Extra-P's text
    and JSON Lines. A file is known by its content, and may be packed by gzip.

    Where text says what was measured (a data type, a backend), each combination of it has a fit of its own.

    \b
    Example: bptt-bench fit times.csv --law "n*log(n)" --versus "n**2" --predict n=1000000
             bptt-bench fit results/today --subject aggregated --law "T*H*V + T*H*d + T*H**2"
             bptt-bench fit times.csv --law n --where dtype=float32 --where d=100
             bptt-bench fit google.json --subject BM_Sort --names n --law "n*log(n)"
    """
    from bptt_bench.workflows.fit import FitReports, fit_data

    result = fit_data(
        data,
        law,
        overhead=overhead,
        response=response,
        unit=unit,
        block=block,
        subject=subject,
        names=[] if names is None else [name.strip() for name in names.split(",")],
        predict=predict,
        versus=versus,
        where=where,
        rename=rename,
        ignore=ignore,
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
    return 0
