"""A race as a table on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bptt_bench.report import format as show
from bptt_bench.report.terminal.console import on_screen
from bptt_bench.report.words.race import lines, outcome

if TYPE_CHECKING:
    from bptt_bench.analyse.verdicts.race import Race, Standing


def show_race(race: Race, console: Console | None = None) -> None:
    """Print who was how fast at each point, and how near to the roofline."""
    console = on_screen() if console is None else console
    for standing in race.standings:
        console.print(Text(show.point(standing.point), "bold"))
        console.print(_table(race, standing))
        console.print(Text(outcome(race, standing)))
        console.print()
    for line in lines(race):
        console.print(Text(line))
    console.print()


def _table(race: Race, standing: Standing) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", show_edge=False)
    table.add_column("subject", no_wrap=True)
    for heading in ("median", "time", "times as long", "of the roofline"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, seconds in standing.seconds.items():
        ratio = standing.ratios.get(name)
        share = standing.shares.get(name)
        table.add_row(
            Text(name, "bold" if name == race.subject else ""),
            Text(show.si(standing.medians[name])),
            Text(show.si_interval(*seconds)),
            Text("" if ratio is None else show.interval(*ratio)),
            Text("" if share is None else show.percent(share.estimate)),
        )
    return table
