"""``compare``: two runs, or a commit and the working tree, term by term and claim by claim."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bptt_bench.cli.options import find_experiments_here, json_option, print_json, seed_option, threads_option

EXIT_REGRESSION = 1


@click.command(short_help="Which term became slower, and by how much: two runs, or a commit and now.")
@click.argument("what", nargs=-1, metavar="A B | [EXPERIMENT]")
@click.option(
    "--baseline",
    metavar="REF",
    help="Measure this commit and the working tree in turns, and compare. The experiment and all that it imports come "
    "from the commit; the harness is the current one on both sides.",
)
@click.option("--tolerance", default="2%", show_default=True, metavar="SHARE", help="Ignore changes smaller than this.")
@click.option("--confidence", default="95%", show_default=True, metavar="SHARE", help="Family-wise confidence level.")
@click.option(
    "--profile", metavar="quick|standard|full", help="With --baseline: how much to measure.  [default: quick]"
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="With --baseline: folder for both runs, DIR/baseline and DIR/current; an interrupted comparison goes on there."
    "  [default: results/compare-<time>]",
)
@seed_option
@threads_option
@json_option
def compare(
    what: tuple[str, ...],
    baseline: str | None,
    tolerance: str,
    confidence: str,
    as_json: bool,
    **measuring: Any,
) -> int:
    """Report which term became slower, and by how much: run B against run A.

    Each cost per operation is a ratio, B over A, with an interval; the verdicts control the family-wise error rate
    (Holm). A claim that A supports and B refutes is a regression too. Between two runs the machine may have changed its
    speed: then each ratio is compared with what all ratios have in common. --baseline interleaves the two and needs no
    such correction.

    Exit status 1 on a regression.

    \b
    Example: bptt-bench compare results/before results/after
             bptt-bench compare --baseline main
             bptt-bench compare --baseline HEAD~1 my_module --profile standard --out results/pr
    """
    from bptt_bench.text.quantities import parse_share
    from bptt_bench.workflows.compare.compare import compare as compared

    margin, sure = (
        parse_share(option, text, below=True)
        for option, text in (("--tolerance", tolerance), ("--confidence", confidence))
    )
    if baseline is None:
        folders, experiment = _two_runs(what, measuring), None
    else:
        from bptt_bench.workflows.compare import baseline as turns
        from bptt_bench.workflows.settings import Settings, experiment_of

        find_experiments_here()
        if len(what) > 1:
            raise click.UsageError(f"--baseline: takes one EXPERIMENT, not {len(what)}")
        given = {name: value for name, value in measuring.items() if value is not None and name != "out"}
        settings = {**given, **({"experiment": what[0]} if what else {})}
        folders = turns.measure_baseline(
            baseline, settings, measuring["out"], say=lambda line: click.echo(line, err=as_json)
        )
        experiment = experiment_of(Settings(**settings))  # with what the commit lacks, too
    found = compared(*folders, experiment=experiment, tolerance=margin, confidence=sure)
    if as_json:
        from bptt_bench.report.words.documents import comparison_document

        print_json(comparison_document(found))
    else:
        from bptt_bench.report.terminal.comparison import show_comparison

        show_comparison(found)
    return EXIT_REGRESSION if found.regressions else 0


def _two_runs(what: tuple[str, ...], measuring: dict[str, Any]) -> tuple[Path, Path]:
    for name, value in measuring.items():
        if value is not None:
            raise click.UsageError(f"--{name}: is for --baseline; two runs are compared as they are")
    if len(what) != 2:
        raise click.UsageError(f"compare needs two runs, or --baseline REF; it was given {len(what)}")
    return Path(what[0]), Path(what[1])
