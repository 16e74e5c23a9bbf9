"""Derived laws in tables: one for each subject, a row for each count, then what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bptt_bench.report.terminal.console import on_screen
from bptt_bench.report.words.derive import CountRow, SubjectSection, derived_section


def show_derived(document: Mapping[str, Any], console: Console | None = None) -> None:
    """Print a derivation."""
    console = on_screen() if console is None else console
    section = derived_section(document)
    console.print(Text(section.intro))
    for subject in section.subjects:
        console.print()
        _print_subject(console, subject)
    if section.relations:
        console.print()
        console.print(Text("What follows", style="bold"))
        for line in section.relations:
            console.print(Text(f"  {line}"))


def _print_subject(console: Console, subject: SubjectSection) -> None:
    console.print(Text.assemble((subject.name, "bold"), f": {subject.summary}" if subject.summary else ""))
    if subject.rows:
        console.print(_table(subject.rows))
    for row in subject.rows:
        if row.note:
            console.print(Text(f"{_named(row)}: {row.note}"))
    for line in (*subject.totals, *subject.lines):
        console.print(Text(line))


def _named(row: CountRow) -> str:
    return f"{row.phase}, {row.category}"


def _table(rows: list[CountRow]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", show_edge=False)
    has_stated = any(row.mark for row in rows)
    table.add_column("phase", no_wrap=True)
    table.add_column("count", no_wrap=True)
    table.add_column("law", overflow="fold")
    if has_stated:
        table.add_column("closed form", no_wrap=True)
    table.add_column("further sizes", overflow="fold")
    for row in rows:
        stated = [Text(row.mark)] if has_stated else []
        table.add_row(Text(row.phase), Text(row.category), Text(row.law), *stated, Text(row.confirmed))
    return table
