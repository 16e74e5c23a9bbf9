"""``verdict``: the claims of a run, judged."""

from __future__ import annotations

from pathlib import Path

import click

from bptt_bench.cli.options import (
    claims_option,
    exit_status,
    folder_argument,
    json_option,
    load_claims,
    print_analysis,
    print_json,
    print_reasons,
)


@click.command()
@folder_argument
@claims_option
@click.option("--details", is_flag=True, help="Judge also what each law says of its terms, for information alone.")
@click.option(
    "--why",
    metavar="CLAIM",
    is_flag=False,
    flag_value=" ",
    help="Print the whole reason of one verdict, and nothing of the others.",
)
@json_option
def verdict(folder: Path, claims: str | None, details: bool, why: str | None, as_json: bool) -> int:
    """Judge claims on the samples of a run: those stored with it, or those of a module.

    Without --claims nothing is imported that the run names.

    \b
    Example: bptt-bench verdict results/reference --json
             bptt-bench verdict results/reference --claims bptt_rnn.experiment
             bptt-bench verdict results/reference --why "batched: exponent of T"
    """
    from bptt_bench.analyse.discover.of_run import find_laws
    from bptt_bench.report.terminal.tables import show_found
    from bptt_bench.report.words.documents import verdict_documents
    from bptt_bench.store.runs.experiments import missing_parts
    from bptt_bench.workflows.judge import analyse_run, select_claim

    analysis = analyse_run(folder, load_claims(claims), details=details)
    if why is not None:
        analysis = select_claim(analysis, why)
    if as_json:
        if claims is None and (words := missing_parts(analysis.frame)):
            click.echo(f"note: {words}", err=True)
        print_json(verdict_documents(analysis.verdicts))
    elif why is not None:
        print_reasons(analysis)
    else:
        found = find_laws(analysis.evidence)
        has_tables = bool(analysis.verdicts) or not found
        if has_tables:
            given = [*([] if claims is None else ["--claims", claims]), *(["--details"] if details else [])]
            print_analysis(analysis, folder, *given)
        show_found(found, gaps_of=None if has_tables else analysis)
    return exit_status(analysis.verdicts)
