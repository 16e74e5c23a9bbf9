"""Print how far predictions miss, how much their intervals hold, and what their grades say, beside other tools.

``python -m tests.tables --trials 50`` simulates so many tables of each kind: the stated law holds, or has a wrong
power, lacks a term, saturates, or jumps before or after the held-out part begins. ``--tables DIR`` adds measured tables
(see ``tests.tables.measured``). Held out is the largest quarter of each. Tools that are not installed are named.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import numpy as np

from tests.tables.cases import Case, Scores
from tests.tables.measured import tables
from tests.tables.simulated import KINDS, simulate
from tests.tables.tools import OURS, WITHOUT_LAW, answer, usable

NAMES = ("median", "p95", "coverage", "told", "worse", "silent")
MEANING = (
    "median, p95: absolute relative errors at the held-out points, in %. coverage: of the 95 % intervals, in %.\n"
    "told: tables with a coverage of 85 % or more, or whose law is called rejected, in %.\n"
    "worse: predictions graded worse than sound, in %. silent: tables with coverage below 80 % that are graded sound.\n"
    "without a law: the laws that bptt-bench finds in the points; of simulated tables only with --tool."
)


@click.command()
@click.option("--trials", type=click.IntRange(min=0), default=50, show_default=True, help="Simulated tables of a kind.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(list(KINDS)), help="Of simulated tables.  [all]")
@click.option("--tool", "only", multiple=True, help="Repeatable.  [default: all that are installed]")
@click.option("--tables", "folder", type=click.Path(path_type=Path, exists=True), help="Folder of measured tables.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def main(
    trials: int, kinds: tuple[str, ...], only: tuple[str, ...], folder: Path | None, seed: int, as_json: bool
) -> None:
    """Predict the held-out points of all tables with all tools."""
    sets: dict[str, list[Case]] = {}
    for kind in kinds or tuple(KINDS) if trials else ():
        sets[kind] = list(simulate(kind, trials, seed))
    for case in () if folder is None else tables(folder):
        sets.setdefault(case.kind, []).append(case)
    tools = dict(usable(only))
    found: dict[str, dict[str, dict[str, float] | str]] = {}
    for kind, cases in sets.items():
        found[kind] = {}
        for name, tool in tools.items():
            if name == WITHOUT_LAW and kind in KINDS and not only:
                continue  # seconds for each of many tables
            if isinstance(tool, str):
                found[kind][name] = tool
                continue
            with np.errstate(over="ignore"):
                found[kind][name] = dict(Scores(cases, [answer(tool, case) for case in cases]))
        if not as_json:
            _print(kind, cases, found[kind])
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo(MEANING)


def _print(kind: str, cases: list[Case], found: dict[str, dict[str, float] | str]) -> None:
    points = sum(len(case.held) for case in cases)
    click.echo(f"{kind}: {len(cases)} tables, {points} points predicted")
    click.echo(f"  {'':<18}" + "".join(f"{name:>10}" for name in NAMES))
    for name, scores in found.items():
        if isinstance(scores, str):
            click.echo(f"  {name:<18}{scores}")
            continue
        shown = [
            f"{scores[one]:.3g}" if one in scores and (name in (OURS, WITHOUT_LAW) or one in NAMES[:3]) else ""
            for one in NAMES
        ]
        without = f"   {scores['unanswered']:.0f} tables without an answer" if "unanswered" in scores else ""
        click.echo(f"  {name:<18}" + "".join(f"{one:>10}" for one in shown) + without)


if __name__ == "__main__":
    sys.exit(main())
