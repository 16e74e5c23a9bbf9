"""``report``: a page, its text and its figures."""

from __future__ import annotations

from pathlib import Path

import click

from bptt_bench.cli.options import claims_option, folder_argument, json_option, load_claims, print_json
from bptt_bench.errors import EXIT_FINE


@click.command(short_help="Write the report of a run: a page, its text, all figures.")
@folder_argument
@claims_option
@json_option
def report(folder: Path, claims: str | None, as_json: bool) -> int:
    """Write the report of a run into its folder: report.html, report.md, figures/*.png and *.svg.

    \b
    Example: bptt-bench report results/today
    """
    from bptt_bench.workflows.judge import write_report

    files = write_report(folder, load_claims(claims))
    if as_json:
        print_json({"files": [str(path) for path in files]})
    else:
        for path in files:
            click.echo(str(path))
    return EXIT_FINE
