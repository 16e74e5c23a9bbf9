"""Predictions and largest levels in tables: one for each subject, readable at 80 columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bptt_bench.analyse.data.response import is_count, substance
from bptt_bench.analyse.findings.predictions import Grade
from bptt_bench.analyse.predict.predictor import WORKING_SET
from bptt_bench.plan.design.columns import ALLOCATED, SECONDS_PER_EVAL
from bptt_bench.report import format as show
from bptt_bench.report.terminal.console import on_screen
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.report.words.findings.predictions import grade_words
from bptt_bench.text.units import unit_of_name

if TYPE_CHECKING:
    from bptt_bench.analyse.findings.reason import Finding
    from bptt_bench.analyse.predict.inverse import LargestLevel
    from bptt_bench.analyse.predict.predictor import PointPrediction
    from bptt_bench.plan import Point
    from bptt_bench.text.units import Unit

HONEST = "Intervals are 95 % for one sample, on the machine of the measurements, and hold near the measured points."
FASTER = (
    "Intervals are those of the faster samples alone, on the machine of the measurements: many samples lie far above."
)
BEYOND = "beyond: how many times farther than the nearest measured point, and in which factor."
PREDICTED = "predicted"  # heads the amounts of a response whose name stands above the table
MOST_NOTES = 4  # in words below a table; the JSON document has all
NAMES = {
    SECONDS_PER_EVAL: "time",
    ALLOCATED: "memory",
    WORKING_SET: "working set (declared)",
}


def show_predicted(predicted: Sequence[PointPrediction], console: Console | None = None) -> None:
    """Print predictions: a row for each point, a column for each response, notes below."""
    console = on_screen() if console is None else console
    for subject in dict.fromkeys(one.subject for one in predicted):
        mine = [one for one in predicted if one.subject == subject]
        moving = _moving(mine)
        responses = {one.response: one.unit for one in mine}
        above = _named_above(responses)
        named = f"{subject}, response {above!r}" if above is not None else subject
        console.print(_heading(named, mine[0].at, moving))
        by_point: dict[Point, dict[str, PointPrediction]] = {}
        for one in mine:
            by_point.setdefault(one.at, {})[one.response] = one
        table = _table()
        graded = ["grade"] if any(one.grade not in (None, Grade.SOUND) for one in mine) else []
        columns = [PREDICTED] if above is not None else [_headed(*each) for each in responses.items()]
        for heading in (*moving, *columns, "beyond", *graded):
            table.add_column(heading, no_wrap=heading in (*moving, "grade"), overflow="fold")
        for at, found in by_point.items():
            values = [prediction_amount(found[name]) if name in found else show.UNDEFINED for name in responses]
            levels = (show.level(at[name]) for name in moving)
            grades = [_worst_grade(found.values())] if graded else []
            table.add_row(*levels, *values, next(filter(None, map(_beyond, found.values())), ""), *grades)
        console.print(table)
        if not graded and any(one.assessment is not None for one in mine):
            whose = f" of {subject}" if len({one.subject for one in predicted}) > 1 else ""
            console.print(Text(f"All predictions{whose} are graded sound."))
        for response in responses:
            about = f"{name_of(response)}: " if len(responses) > 1 else ""
            for line in known_lines([one for one in mine if one.response == response]):
                console.print(Text(f"{about}{line}"))
        notes = [(one.at, one.caution if moving else _further(one)) for one in mine]
        if len({note for _, note in notes if note}) > 1 and not moving:  # of which response, where they differ
            of = [name_of(one.response) for one in mine]
            notes = [(at, note and f"{name}: {note}") for name, (at, note) in zip(of, notes, strict=True)]
        _print_notes(console, notes, moving)
        console.print()
    if any(map(_beyond, predicted)):
        console.print(Text(BEYOND))
    console.print(Text(FASTER if any(one.faster_only for one in predicted) else HONEST))


def show_largest(found: Sequence[LargestLevel], console: Console | None = None) -> None:
    """Print largest levels: a row for each point, the safe and the optimistic answer beside the estimate."""
    console = on_screen() if console is None else console
    for subject in dict.fromkeys(one.subject for one in found):
        mine = [one for one in found if one.subject == subject]
        moving, responses = _moving(mine), {one.response for one in mine}
        several = len(responses) > 1 or WORKING_SET in responses  # which is not a prediction, and must not pass for one
        console.print(_heading(subject, mine[0].at, moving))
        table = _table()
        for heading in (*(["of"] if several else []), *moving, f"largest {mine[0].factor}", "safe", "optimistic"):
            table.add_column(heading, no_wrap=heading != "of")
        for one in mine:
            of = [name_of(one.response)] if several else []
            answers = (_answer(one, name) for name in ("largest", "low", "high"))
            table.add_row(*of, *(show.level(one.at[name]) for name in moving), *answers)
        console.print(table)
        _print_notes(console, [(one.at, _with_name(one, several=several)) for one in mine], moving)
        console.print()
    console.print(Text("safe, optimistic: the largest levels at which the upper and the lower end stay within."))


def name_of(response: str) -> str:
    """Return a response as the heading of a column.

    >>> name_of("seconds_per_eval"), name_of("recur_seconds_per_eval"), name_of("comparisons_count")
    ('time', 'phase recur', 'comparisons')
    """
    if is_count(response):
        return substance(response)
    return NAMES.get(response) or show.response(response)


def _headed(response: str, unit: Unit | None) -> str:
    """Return a heading, with the unit where amounts are printed without one."""
    is_bare = unit is not None and not unit.base and unit.symbol not in response
    return f"{name_of(response)} ({unit.symbol})" if unit is not None and is_bare else name_of(response)


def _named_above(responses: Collection[str]) -> str | None:
    """Return the only response if its name has a unit, which above amounts in other units would be read as theirs."""
    (response, *others) = responses
    has_unit = unit_of_name(response) is not None and name_of(response) == show.response(response)
    return response if has_unit and not others else None


def _with_name(one: LargestLevel, *, several: bool) -> str:
    return f"{name_of(one.response)}: {one.note}" if several and one.note else one.note


def _moving(found: Sequence[PointPrediction] | Sequence[LargestLevel]) -> list[str]:
    """Return the factors that differ among the points: the others stand in the heading."""
    names = dict.fromkeys(name for one in found for name in one.at)
    return [name for name in names if len({one.at.get(name) for one in found}) > 1]


def _heading(subject: str, at: Mapping[str, float], moving: Sequence[str]) -> Text:
    fixed = {name: level for name, level in at.items() if name not in moving}
    return Text.assemble((subject, "bold"), f" at {show.point(fixed)}" if fixed else "")


def prediction_amount(one: PointPrediction) -> str:
    """Return a prediction with its interval, as it is printed."""
    if one.value is None:
        return show.UNDEFINED
    ends = (float("-inf") if one.low is None else one.low, float("inf") if one.high is None else one.high)
    return show.amount_interval(one.value, *ends, one.unit)


def _answer(one: LargestLevel, name: str) -> str:
    """Return one of the three answers; marked if the search ended with all levels within the budget."""
    if name in one.unbounded and one.farthest is not None:
        return f"> {show.level(one.farthest)}"
    level: float | None = getattr(one, name)
    return show.UNDEFINED if level is None else show.level(level)


def known_lines(predictions: Sequence[PointPrediction], said: Sequence[Finding] = ()) -> Iterator[str]:
    """Yield why some predictions of a response are not sound, as of the farthest of each grade, and the backtest.

    ``said`` : findings that stand above and are not printed again.
    """
    known = [one for one in predictions if one.assessment is not None]
    for grade in (Grade.REJECTED, Grade.DOUBTFUL):
        graded = [one for one in known if one.grade is grade]
        farthest = max(graded, key=lambda one: one.farther or 0.0, default=None)
        if farthest is not None and farthest.assessment is not None:
            yield grade_words(farthest.assessment, said=said)
    beyond = next((one.assessment for one in known if one.assessment is not None and one.beyond), None)
    if beyond is not None:
        yield from map(words, (*beyond.remarks, *([] if beyond.backtest is None else [beyond.backtest])))


def _worst_grade(found: Iterable[PointPrediction]) -> str:
    grades = [one.grade for one in found if one.grade is not None]
    return str(max(grades, key=list(Grade).index)) if grades else ""


def _further(one: PointPrediction) -> str:
    return "; ".join(filter(None, (one.beyond, one.caution)))


def _beyond(one: PointPrediction) -> str:
    return f"{show.number(one.farther, 2)}× in {one.factor}" if one.farther is not None and one.farther > 1 else ""


def _print_notes(console: Console, notes: Sequence[tuple[Point, str]], moving: Sequence[str]) -> None:
    """Print the notes of the points, each once."""
    known = list(dict.fromkeys((at, note) for at, note in notes if note))
    for at, note in known[:MOST_NOTES]:
        here = {name: level for name, level in at.items() if name in moving}
        console.print(Text(f"{show.point(here)}: {note}" if here else note))
    if len(known) > MOST_NOTES:
        console.print(Text(f"and {len(known) - MOST_NOTES} more such notes (--json has all)"))


def _table() -> Table:
    return Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", show_edge=False)
