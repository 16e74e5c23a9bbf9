"""``report``: a page, its text and its figures."""

from __future__ import annotations

from pathlib import Path

import click

from bptt_bench.cli.options import claims_option, folder_argument, json_option, load_claims, print_json
from bptt_bench.errors import EXIT_FINE

FORMATS = ("html", "markdown", "json", "github")
PRINTED = ("json", "github")  # to standard output; the others are files


@click.command(short_help="Write the report of a run: a page, its text, all figures.")
@folder_argument
@claims_option
@click.option(
    "--format",
    "wanted",
    type=click.Choice(FORMATS),
    help="One format instead of page and Markdown: html is report.html alone, markdown is report.md with its figures; "
    "json (all that was found) and github (a short summary of a job in CI, as Markdown) go to standard output.",
)
@click.option("--open", "is_opened", is_flag=True, help="Open the page in a browser.")
@json_option
def report(folder: Path, claims: str | None, wanted: str | None, is_opened: bool, as_json: bool) -> int:
    """Write the report of a run into its folder: report.html, report.md, figures/*.png and *.svg.

    \b
    Example: bptt-bench report results/today
             bptt-bench report results/today --open
             bptt-bench report results/today --format github >> "$GITHUB_STEP_SUMMARY"
    """
    from bptt_bench.workflows.judge import describe_run, summarise_run, write_report

    if is_opened and wanted not in (None, "html"):
        raise click.UsageError(f"--open: opens a page, and --format {wanted} makes none")
    if as_json and wanted in PRINTED:
        raise click.UsageError(f"--json: lists files, and --format {wanted} writes none")
    experiment = load_claims(claims)
    if wanted == "json":
        print_json(describe_run(folder, experiment))
        return EXIT_FINE
    if wanted == "github":
        click.echo(summarise_run(folder, experiment), nl=False)
        return EXIT_FINE
    files = write_report(folder, experiment, kinds=("html", "markdown") if wanted is None else (wanted,))
    if as_json:
        print_json({"files": [str(path) for path in files]})
    else:
        for path in files:
            click.echo(str(path))
    if is_opened:
        _open(next(path for path in files if path.suffix == ".html"))
    return EXIT_FINE


def _open(page: Path) -> None:
    """Open a page in the browser of the user, or say that there is none."""
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        click.echo(f"note: no browser was found to open {page}", err=True)
