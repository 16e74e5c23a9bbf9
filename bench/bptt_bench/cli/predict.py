"""``predict``: time and memory at points that were never measured, and the largest size within a budget."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bptt_bench.cli.options import (
    claims_option,
    fitting_options,
    json_option,
    load_claims,
    print_json,
    read_fitting,
    strict_option,
    strict_status,
)


@click.command(
    short_help="Time and memory at points, and the largest size within a budget.",
    context_settings={"allow_extra_args": True},
)
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--at",
    multiple=True,
    metavar="POINT",
    help="Levels, such as V=10000,T=35; a range T=100..10000 has 10 of them, T=100..10000:20 has 20. Repeatable.",
)
@click.option("--largest", metavar="FACTOR", help="Answer with the largest level of a factor, the others as in --at.")
@click.option("--within", metavar="BUDGET", help="Budget for --largest: 10s, 5min, 1h30min, 2GB, 512MiB.")
@click.option(
    "--subject", multiple=True, metavar="NAME", help="Subject to predict.  [default: all that have a law]  Repeatable."
)
@click.option("--law", help="A law to be fitted, as in `fit`.  [default: those of the run, else all that fit]")
@click.option("--response", metavar="NAME", help="What to predict.  [default: time, and memory where it has a law]")
@claims_option
@fitting_options
@strict_option
@json_option
@click.pass_context
def predict(
    context: click.Context,
    /,
    data: Path,
    at: tuple[str, ...],
    largest: str | None,
    within: str | None,
    subject: tuple[str, ...],
    law: str | None,
    response: str | None,
    claims: str | None,
    strict: bool,
    as_json: bool,
    **fitting: Any,
) -> int:
    """Predict time and memory at points, from the laws of a run, from --law, or from all laws that fit a table.

    The predictor is that of `foresee`: the law with its thresholds, and what measured points nearby have in common
    beyond it. Every prediction has its 95 % interval, says how far it lies beyond what was measured, and has a grade:
    sound, doubtful, or rejected, which extrapolates a law that the data reject. How the same procedure did is shown by
    a backtest, which predicts the largest measured points from the others.

    \b
    Example: bptt-bench predict results/reference --at V=10000,d=100,H=100,T=100..10000
             bptt-bench predict results/reference --largest T --within 10s --at V=10000,d=100,H=100
             bptt-bench predict times.csv --law "n*log(n)" --at n=1000000
    """
    from bptt_bench.report.terminal.predictions import show_largest, show_predicted
    from bptt_bench.workflows.predict import predict as predicted

    if context.args:
        raise click.UsageError(f"{' '.join(context.args)}: points are given by --at, such as --at {context.args[0]}")
    if law is None and fitting["overhead"] is not None:
        raise click.UsageError("--overhead: goes with --law; the laws of a run have their own")
    if claims is not None and law is not None:
        raise click.UsageError("--claims and --law: name one source of laws, not two")
    how = {
        "experiment": load_claims(claims),
        "subject": subject,
        "law": law,
        "response": response,
        **read_fitting(fitting),
    }
    if largest is None and within is None:
        found = predicted(data, at, **how)
        _print_answer(found, show_predicted, as_json=as_json)
        return strict_status(found, strict=strict)
    levels = predicted(data, at, largest=largest, within=within, **how)  # type: ignore[arg-type]
    _print_answer(levels, show_largest, as_json=as_json)
    return strict_status(levels, strict=strict)


def _print_answer(found: Any, show: Callable[[Any], None], *, as_json: bool) -> None:
    for note in found.notes:
        click.echo(f"note: {note}", err=True)
    if as_json:
        print_json(found.to_json())
    else:
        show(found)
