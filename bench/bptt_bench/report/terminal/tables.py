"""The tables on screen: verdicts, noise and fits, readable at 80 columns, with and without colour."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from shlex import quote
from typing import TYPE_CHECKING, Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bptt_bench.analyse.data.response import unit_in_words
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.report import format as show_as
from bptt_bench.report.terminal.console import on_screen
from bptt_bench.report.terminal.predictions import known_lines, prediction_amount
from bptt_bench.report.terminal.readings import readings_table
from bptt_bench.report.words import content, foresight, laws
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.text.numbers import UNDEFINED

if TYPE_CHECKING:
    from bptt_bench.analyse.discover.law_set import LawSet
    from bptt_bench.analyse.fitting.fitted import Fit
    from bptt_bench.analyse.fitting.select import Preference
    from bptt_bench.analyse.predict.foresight import CheckedPrediction, Prediction
    from bptt_bench.analyse.predict.predictor import PointPrediction
    from bptt_bench.analyse.verdicts.analysis import Analysis
    from bptt_bench.plan.machine.readings import Readings

STYLES = {"supported": "green", "refuted": "bold red", "inconclusive": "yellow"}
WIDE_TABLE = 100  # columns from which a table has room for every verdict as a word
VERDICT_COMMAND = "bptt-bench verdict DIR"
DECISIONS = {"this": "this law", "other": "the other law", "undetermined": "undetermined"}


class FitAnswer(Protocol):
    """A fit with its predictions and comparisons."""

    @property
    def fit(self) -> Fit: ...
    @property
    def predictions(self) -> Sequence[PointPrediction]: ...
    @property
    def versus(self) -> Sequence[Preference]: ...
    @property
    def laws(self) -> LawSet | None: ...


def show(
    shown: Analysis | FitAnswer, console: Console | None = None, *, verdict_command: str = VERDICT_COMMAND
) -> None:
    """Print an analysis (verdicts and noise) or a fit with its predictions and comparisons.

    ``verdict_command`` : what judges the same run again.
    """
    from bptt_bench.analyse.verdicts.analysis import Analysis

    console = on_screen() if console is None else console
    if isinstance(shown, Analysis):
        print_verdicts(console, shown, verdict_command)
        print_noise(console, shown)
    else:
        print_answer(console, shown)


def print_answer(console: Console, shown: FitAnswer) -> None:
    """Print what the data say of the stated law, or the laws that were found, then a fit with its predictions."""
    if shown.laws is None:
        console.print(Text(laws.stated_text(shown.fit), "bold"))
    else:
        print_laws(console, shown.laws)
    console.print()
    print_fit(console, shown.fit, predictions=shown.predictions, versus=shown.versus)


def show_found(
    found: Mapping[str, LawSet | str], console: Console | None = None, *, gaps_of: Analysis | None = None
) -> None:
    """Print how each subject without a law scales, or why that is not known.

    Parameters
    ----------
    gaps_of : an analysis, where what could not be measured has not been printed yet.
    """
    console = on_screen() if console is None else console
    if gaps_of is not None:
        print_gaps(console, gaps_of)
    for subject, one in found.items():
        if isinstance(one, str):
            console.print(Text(f"{subject}: no law can be found: {one}", "yellow"))
        else:
            print_laws(console, one, title=subject)


def print_laws(console: Console, found: LawSet, title: str = "") -> None:
    """Print the laws that the data do not exclude, how the response grows, and what would decide between them."""
    heading = f"{title}: " if title else ""
    for work in found.work:
        console.print(Text.assemble((heading, "bold"), laws.work_text(work)))
    console.print(Text.assemble((heading, "bold"), laws.answer_text(found)))
    if len(found.candidates) > 1:
        table = plain_table()
        table.add_column("law that the data do not exclude", overflow="fold", ratio=1)
        table.add_column("weight", justify="right", no_wrap=True)
        for row in laws.weight_rows(found):
            table.add_row(*map(Text, row))
        console.print(table)
    for line in laws.growth_lines(found):
        console.print(Text(line))


def as_text(analysis: Analysis, *, width: int = 80, colour: bool = False) -> str:
    """Return fits and verdicts as they would be printed."""
    buffer = io.StringIO()
    console = Console(file=buffer, width=width, force_terminal=colour, no_color=not colour, highlight=False)
    for (subject, response), fit in analysis.fits.items():
        if response == SECONDS_PER_EVAL:
            print_fit(console, fit, title=subject)
            console.print()
    print_verdicts(console, analysis)
    print_noise(console, analysis)
    return buffer.getvalue()


def print_verdicts(console: Console, analysis: Analysis, verdict_command: str = VERDICT_COMMAND) -> None:
    """Print one row for each claim, refuted and open ones first, the counts, and a line on why some are not supported.

    Checks that passed are one row together. What could not be measured comes before all others. ``verdict_command``
    is what judges the same run again.
    """
    print_gaps(console, analysis)
    rows = content.verdict_rows(analysis)
    console.print(_verdict_table(content.verdict_groups(rows), narrow=console.width < WIDE_TABLE))
    console.print(Text(f"{content.tally(analysis)}.", "bold"))
    unsupported = [row for word in ("refuted", "inconclusive") for row in rows if row.verdict == word]
    explained = [row for row in rows if row.verdict == "supported" and (row.kind == "law" or row.cause)]
    for row in [*unsupported, *explained]:
        console.print(_why(row, console.width), soft_wrap=False)
    if unsupported:
        claim = quote(unsupported[0].stated or unsupported[0].claim)
        console.print(Text(f"A reason in full: {verdict_command} --why {claim}", "dim"))


def print_gaps(console: Console, analysis: Analysis) -> None:
    """Print where subjects could not be measured, and why."""
    for line in content.gap_lines(analysis):
        console.print(Text(line, "yellow"))


def _verdict_table(groups: Sequence[content.VerdictGroup], *, narrow: bool) -> Table:
    """Return the claims as rows that are a line each; a narrow table has only a mark for each verdict."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=0, header_style="bold", show_edge=False)
    table = table if narrow else plain_table()
    table.add_column("claim", ratio=1, overflow="fold")
    if not narrow:
        table.add_column("subject", overflow="fold", min_width=6)
    table.add_column("predicted", overflow="fold", min_width=8)
    table.add_column("measured", no_wrap=True)
    table.add_column("" if narrow else "verdict", no_wrap=True)
    for row in [row for group in groups if not group.is_folded for row in group.rows]:
        verdict = Text(row.mark if narrow else f"{row.mark} {row.verdict}", STYLES[row.verdict])
        claim = [f"{row.claim}{_about(row)}"] if narrow else [row.claim, row.subject]
        table.add_row(*map(Text, (*claim, row.predicted, row.measured)), verdict)
    for group in groups:
        if group.is_folded:
            mark = content.MARKS["supported"]
            verdict = Text(mark if narrow else f"{mark} supported", STYLES["supported"])
            table.add_row(Text(group.heading), *[Text("")] * (2 if narrow else 3), verdict)
    return table


def _about(row: content.VerdictRow) -> str:
    """Return the subject of a claim in brackets, where the name of the claim does not say it."""
    unsaid = show_as.unnamed_subject(row.claim, row.subject)
    return f" ({unsaid})" if unsaid else ""


def _why(row: content.VerdictRow, width: int) -> Text:
    """Return why a verdict is what it is, in one line: in short where the line would be too long.

    That of a law says what grew, and does not repeat the row of the table.
    """
    name, about = f"{row.mark} {row.claim}", _about(row)
    room = width - len(name) - len(about) - 2
    found = "" if UNDEFINED in row.measured or row.kind == "law" else f"{row.measured} for {row.predicted}"
    forms = (row.headline, row.cause, found)
    fitting = next((form for form in forms if form and len(form) <= room), row.headline)
    return Text.assemble((name, STYLES[row.verdict]), f"{about}: {fitting}")


def print_reason(console: Console, row: content.VerdictRow) -> None:
    """Print a claim with its verdict and the whole reason, a clause of it in each line."""
    console.print(Text.assemble((f"{row.mark} {row.claim}", STYLES[row.verdict]), f", {row.subject}: {row.words}"))
    if row.statement:
        console.print(Text(row.statement))
    console.print(Text(f"predicted: {row.predicted}; measured: {row.measured}"))
    for clause in row.clauses:
        console.print(Text(f"  {clause}"))


def show_foreseen(
    foreseen: Sequence[CheckedPrediction], unmeasured: Sequence[Prediction] = (), console: Console | None = None
) -> None:
    """Print predictions beside what was measured since, and how good they were."""
    console = on_screen() if console is None else console
    rows = foresight.foresight_rows(foreseen)
    if rows:
        for subject in dict.fromkeys(row.subject for row in rows):
            console.print(Text(subject, "bold"))
            console.print(_predictions([row for row in rows if row.subject == subject]))
            console.print()
        console.print(Text(f"{foresight.OUTSIDE}: what was measured lies outside the predicted interval\n"))
        summary = plain_table()
        summary.add_column("subject", overflow="fold")
        for heading in ("points", "median error", "95th percentile", "worst", "inside interval"):
            summary.add_column(heading, justify="right", no_wrap=True)
        for found in foresight.accuracy_rows(foreseen):
            summary.add_row(*map(Text, found))
        console.print(summary)
    for line in foresight.outcome_lines(foreseen, unmeasured):
        console.print(Text(line))


def _predictions(rows: Sequence[foresight.ForesightRow]) -> Table:
    """Return the predictions of one subject: 80 columns hold four factors when no column is spent on its name."""
    table = plain_table()
    for heading in (*rows[0].levels, "predicted", "measured", "error", ""):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for row in rows:
        missed = "" if row.covered else foresight.OUTSIDE
        table.add_row(
            *map(Text, (*row.levels.values(), row.predicted, row.measured, row.error)), Text(missed, "yellow")
        )
    return table


def print_noise(console: Console, analysis: Analysis) -> None:
    """Print noise and placebo in a sentence, and what was wrong with the machine."""
    console.print(Text(content.noise_line(analysis)))
    for note in content.machine_notes(analysis):
        console.print(Text(note, "yellow"))


def print_readings(console: Console, readings: Readings) -> None:
    """Print what the machine can do: rates by working set, and what calls cost."""
    shown = readings_table(readings)
    table = plain_table()
    table.add_column("what", overflow="fold", ratio=1)
    for column in shown.columns:
        table.add_column(column, justify="right", no_wrap=True)
    for label, cells in shown.rows:
        table.add_row(Text(label), *map(Text, cells))
    console.print(table)
    for label, cell in shown.bare:
        console.print(Text(f"{label}: {cell}"))
    console.print(Text(shown.note))


def print_fit(
    console: Console,
    fit: Fit,
    *,
    title: str = "",
    predictions: Sequence[PointPrediction] = (),
    versus: Sequence[Preference] = (),
) -> None:
    """Print the terms of a fit with their coefficients, how well it fits, its predictions and comparisons."""
    shown = content.fit_table(fit, title, fit.response)
    heading = f"{shown.subject}, {shown.response}: " if title else ""
    console.print(Text.assemble((heading, "bold"), show_as.law(fit.law.text)))
    table = plain_table()
    table.add_column("term", overflow="fold", ratio=1)
    table.add_column("role")
    table.add_column(f"{unit_in_words(fit.response, fit.unit)} per unit", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("identifiable")
    for row in shown.rows:
        table.add_row(*(Text(cell) for cell in (row.term, row.role, row.coefficient, row.share)), _yes_no(row))
    console.print(table)
    for line in shown.summary.split("; "):
        console.print(Text(line))
    for term in fit.terms:
        if term.reason:
            console.print(Text(f"not identifiable: {words(term.reason)}"))
    counted = f" {fit.unit.symbol}" if fit.unit is not None and not fit.unit.base else ""
    for one in predictions:
        known = one.value is not None
        amount = prediction_amount(one) + counted if known else show_as.UNDEFINED
        why = f", {one.grade}" if known else ", where the law is undefined or too large for a number"
        console.print(Text(f"predicted at {show_as.point(one.at)}: {amount}{why}"))
    for line in known_lines(predictions, (fit.lack_of_fit,)):
        console.print(Text(line))
    for preference in versus:
        console.print(Text(_compared(preference)))


def _compared(preference: Preference) -> str:
    note = "" if preference.note is None else words(preference.note)
    decided = ": ".join(filter(None, (DECISIONS[preference.decision], note)))
    return f"against {show_as.law(preference.law)}: {decided} ({content.preference_evidence(preference)})"


def _yes_no(row: content.TermRow) -> Text:
    return Text(row.identifiable, "" if row.identifiable == "yes" else "yellow")


def plain_table() -> Table:
    """Return a table as all commands print it."""
    return Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", show_edge=False)
