"""Verdicts, fits and comparisons as pieces of HTML, for the output of a notebook's cell.

A notebook has its own look, light or dark: the pieces set no background, and only colours that are read on both.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from bptt_bench.report import format as show
from bptt_bench.report.words import content, laws
from bptt_bench.report.words.reasons import text_of

if TYPE_CHECKING:
    from bptt_bench.analyse.discover.law_set import LawSet
    from bptt_bench.analyse.fitting.fitted import Fit
    from bptt_bench.analyse.fitting.select import Preference
    from bptt_bench.analyse.verdicts.analysis import Analysis
    from bptt_bench.analyse.verdicts.verdict import Verdict

COLOURS = {
    "supported": "#00875f",
    "refuted": "#d04a00",
    "inconclusive": "#808080",
}  # contrast > 3 on black and on white
MID = [(128, 128, 128), (208, 74, 0), (0, 135, 95), (154, 123, 0), (58, 117, 196), (168, 88, 168), (0, 139, 139)]
THEME = TerminalTheme(
    (255, 255, 255), (128, 128, 128), [*MID, (128, 128, 128)]
)  # the same colours, in a terminal's order
COLUMNS = 110  # about the width of a cell's output
CELL = "text-align:left;vertical-align:top;padding:.3em .7em"
NUMBER = f"{CELL};white-space:nowrap;font-variant-numeric:tabular-nums"
SOFT = "opacity:.75;font-size:.92em"
DECISIONS = {"this": "this law", "other": "the other law", "undetermined": "undetermined"}


def of_verdicts(analysis: Analysis) -> str:
    """Return the verdicts of an analysis: what was claimed, what was measured, and why the rest is not supported."""
    rows = content.verdict_rows(analysis)
    table = _table(
        ("claim", "subject", "predicted", "measured", "verdict"),
        [
            (
                _cell(row.claim + (f"\n{row.statement}" if row.statement else "")),
                _cell(row.subject),
                _cell(row.predicted, NUMBER),
                _cell(row.measured, NUMBER),
                _cell(f"{row.mark} {row.verdict}", f"{NUMBER};font-weight:600;color:{COLOURS[row.verdict]}"),
            )
            for row in rows
        ],
    )
    why = [
        f'<div style="margin:.2em 0"><span style="color:{COLOURS[row.verdict]}">{escape(row.mark)}</span> '
        f"<b>{escape(row.claim)}</b>: {escape(row.reason)}</div>"
        for row in rows
        if row.verdict != "supported"
    ]
    return f"<div><b>{escape(content.tally(analysis))}.</b>{table}{''.join(why)}</div>"


def of_analysis(analysis: Analysis) -> str:
    """Return the verdicts, the noise, and the fits to be unfolded."""
    fits = "".join(
        f"<details><summary>{escape(f'{subject}, {show.response(response)}')}</summary>{of_fit(fit)}</details>"
        for (subject, response), fit in analysis.fits.items()
    )
    return f"{of_verdicts(analysis)}{_soft(content.noise_line(analysis))}{fits}"


def of_verdict(verdict: Verdict) -> str:
    """Return one verdict in a line."""
    word = f'<span style="font-weight:600;color:{COLOURS[verdict.verdict]}">{content.MARKS[verdict.verdict]} '
    reason = escape(text_of(verdict.reason))
    return f"<div>{word}{escape(verdict.verdict)}</span> <b>{escape(verdict.claim)}</b>: {reason}</div>"


def of_fit(fit: Fit) -> str:
    """Return the terms of a fit with their coefficients, and how well it fits."""
    shown = content.fit_table(fit, "", fit.response)
    table = _table(
        ("term", "role", "coefficient", "share", "identifiable"),
        [
            (
                _cell(row.term),
                _cell(row.role),
                _cell(row.coefficient, NUMBER),
                _cell(row.share, NUMBER),
                _cell(row.identifiable + (f"\n{row.reason}" if row.reason else "")),
            )
            for row in shown.rows
        ],
    )
    return f"<div><b>{escape(show.law(fit.law.text))}</b>, {escape(shown.response)}{table}{_soft(shown.summary)}</div>"


def of_laws(found: LawSet) -> str:
    """Return the laws that the data do not exclude, and the fit of the answer."""
    table = _table(("law", "weight"), [(_cell(law), _cell(weight, NUMBER)) for law, weight in laws.weight_rows(found)])
    lines = "".join(_soft(line) for line in laws.growth_lines(found))
    return f"<div><b>{escape(laws.answer_text(found))}</b>{table}{lines}{of_fit(found.fit)}</div>"


def of_preference(preference: Preference) -> str:
    """Return which of two laws the data prefer."""
    words = f"<b>{escape(DECISIONS[preference.decision])}</b> against {escape(show.law(preference.law))}"
    return f"<div>{words} {_soft(content.preference_evidence(preference))}</div>"


def of_comparison(comparison: object) -> str:
    """Return a comparison of two runs as it is printed."""
    from bptt_bench.report.terminal.comparison import show_comparison

    return _printed(show_comparison, comparison)


def of_predictions(found: Sequence[object]) -> str:
    """Return predictions, or the largest levels within a budget, as they are printed."""
    from bptt_bench.analyse.predict.predictor import PointPrediction
    from bptt_bench.report.terminal.predictions import show_largest, show_predicted

    return _printed(show_predicted if all(isinstance(one, PointPrediction) for one in found) else show_largest, found)


def _printed(show_it: Callable[..., None], value: object) -> str:
    """Return console output as text of fixed width, in colours that are readable on light and dark."""
    console = Console(file=io.StringIO(), record=True, width=COLUMNS, highlight=False, force_jupyter=False)
    show_it(value, console)
    frame = '<pre style="line-height:1.25;background:none;color:inherit">{code}</pre>'
    return console.export_html(theme=THEME, inline_styles=True, code_format=frame)


def _cell(text: str, style: str = CELL) -> str:
    """Return a cell; what follows the first line is set small beneath it."""
    first, _, rest = text.partition("\n")
    below = f'<div style="{SOFT}">{escape(rest)}</div>' if rest else ""
    return f'<td style="{style}">{escape(first)}{below}</td>'


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th style="{CELL}">{escape(heading)}</th>' for heading in headings)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _soft(text: str) -> str:
    return f'<div style="{SOFT}">{escape(text)}</div>'
