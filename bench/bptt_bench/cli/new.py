"""``new``: a module to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from bptt_bench.cli.options import json_option, print_json


@click.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Overwrite a file that is there already.")
@json_option
def new(name: str, force: bool, as_json: bool) -> int:
    """Write NAME.py, an experiment on a function of your own.

    It sorts a list, and can be run unchanged; replace that with your function and its formula.

    \b
    Example: bptt-bench new my_join
             bptt-bench run my_join
    """
    from bptt_bench.workflows.new_module import write_module

    path = write_module(name, Path(), force=force)
    run = f"bptt-bench run {path.stem}"
    if as_json:
        print_json({"file": str(path), "run": run})
    else:
        click.echo(f"written: {path}")
        click.echo("  put your function where prepare() returns one, its formula into law=, its sizes into n=[...]")
        click.echo(f"  {run}")
    return 0
