"""Fits of several categories: a table for each, and their coefficients one below the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bptt_bench.analyse.data.response import unit_in_words
from bptt_bench.report import format as show
from bptt_bench.report.terminal.console import on_screen
from bptt_bench.report.terminal.tables import FitAnswer, plain_table, print_answer
from bptt_bench.report.words.content import term_label

if TYPE_CHECKING:
    from bptt_bench.analyse.fitting.fitted import Fit
    from bptt_bench.plan import Point


def show_fits(
    answers: Mapping[Point, FitAnswer], left_out: Mapping[Point, str], console: Console | None = None
) -> None:
    """Print the fit of each category under its name, then the coefficients of all, then what is left out and why."""
    console = on_screen() if console is None else console
    for category, answer in answers.items():
        console.print(Text(str(category), "bold"))
        print_answer(console, answer)
        console.print()
    console.print(coefficients({str(category): answer.fit for category, answer in answers.items()}))
    for category, reason in left_out.items():
        console.print(Text(f"left out: {category}: {reason}", "yellow"))


def coefficients(fits: Mapping[str, Fit]) -> Table:
    """Return a table of the coefficients of each term, a row for each category, which fits 80 columns."""
    labelled = {name: {term_label(fit, term): term for term in fit.terms} for name, fit in fits.items()}
    response, unit = (one := next(iter(fits.values()))).response, one.unit
    table = plain_table()
    table.add_column("term", overflow="fold")
    table.add_column("category", overflow="fold")
    table.add_column(f"{unit_in_words(response, unit)} per unit", justify="right", no_wrap=True)
    table.add_column("identifiable")
    for label in dict.fromkeys(label for terms in labelled.values() for label in terms):
        for place, (name, terms) in enumerate(labelled.items()):
            term = terms.get(label)
            shown = label if place == 0 else ""
            if term is None:
                table.add_row(Text(shown), Text(name), show.UNDEFINED, "")
                continue
            known = Text("yes") if term.identifiable else Text("no", "yellow")
            value = show.amount_interval(term.coefficient, term.low, term.high, unit)
            table.add_row(Text(shown), Text(name), Text(value), known)
    return table
