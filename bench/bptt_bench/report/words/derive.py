"""What was derived from the code, in words: a row for each count, and a line for each thing that was not found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from bptt_bench.report import format as show

ALL_PHASES = "all"  # in place of a phase, for code that names none
MARKS = {"equal": "✓", "different": "✗", "open": "?"}
STOPS = {
    "uncounted operation": "Not counted: {detail}.",
    "library": "Not counted: the code uses {detail}, which the meter cannot see into. State a `tally` that counts it.",
    "deferred": "Not counted: a call returned a {detail} before its work was done.",
}
SCALARS = "Counted is what is done to arrays: arithmetic on single numbers, such as elements taken out of one, is not."
MOST_LAWS = 4  # of a mean that are named
NOTHING = (
    "The meter counted nothing: the code does no NumPy operation on arrays. "
    'State `tally=` in the experiment: it makes one counted call and returns counts such as {"comparisons": 127}.'
)
SAME_INPUTS = "Every input of a size was the same, so that an effect of other data would not be seen."
OBSTACLES = {
    "data": "Depends on the data: two inputs at {differs_at} count differently.",
    "state": "Depends on earlier calls: at {differs_at} a further evaluation counts differently, or changes its input.",
    "no expression": "No exact law was found.",
    "few sizes": "Too few sizes could be evaluated to confirm a law.",
    "budget": "The time was spent before a law was confirmed; allow more with --within.",
}


class CountRow(NamedTuple):
    """A derived count as text."""

    phase: str
    category: str
    law: str
    leading: str
    stated: str
    mark: str
    confirmed: str
    note: str


class SubjectSection(NamedTuple):
    """What was derived of a subject, as text."""

    name: str
    summary: str
    rows: list[CountRow]
    lines: list[str]
    totals: list[str]


class DerivedSection(NamedTuple):
    """What was derived of an experiment, as text."""

    intro: str
    subjects: list[SubjectSection]
    relations: list[str]


def section_of_run(attributes: Mapping[Any, Any]) -> DerivedSection | None:
    """Return what was derived of a run's experiment, if its folder has a document that can be read."""
    text = attributes.get("derived")
    try:
        return None if text is None else derived_section(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError):  # a document that somebody else wrote
        return None


def derived_section(document: Mapping[str, Any]) -> DerivedSection:
    """Return a derivation as text, from its JSON document."""
    evaluation = "the first evaluation, with fresh buffers" if document["evaluation"] == "first" else "an evaluation"
    intro = (
        f"Counts of {evaluation}, found from the code alone: each law is exact, was determined at a few sizes, and "
        "gives the count of every other size at which it was tried, as integers."
    )
    return DerivedSection(
        intro=intro,
        subjects=[_subject(one) for one in document["subjects"]],
        relations=[relation_line(one) for one in document["relations"]],
    )


def _subject(found: Mapping[str, Any]) -> SubjectSection:
    levels = ", ".join(f"{name}={level}" for name, level in found["levels"].items())
    rows = [_row(one) for one in found["counts"]]
    laws = sum(1 for one in found["counts"] if one["law"] is not None)
    equal = sum(1 for one in found["counts"] if one["comparison"] == "equal")
    stated = sum(1 for one in found["counts"] if one["comparison"] is not None)
    parts = [f"{laws} of {len(rows)} counts have an exact law"]
    if stated:
        parts.append(f"{equal} of {stated} equal the stated closed form, as formulas")
    parts.append(f"{found['evaluations']} sizes in {show.si(found['seconds'], 's')}")
    lines = []
    if found["stopped_by"] is not None:
        lines.append(STOPS[found["stopped_by"]["kind"]].format(detail=found["stopped_by"]["detail"]))
    elif found["failure"]:
        lines.append(f"No size could be evaluated: {found['failure']}.")
    elif not rows:
        lines.append(NOTHING)
    elif found["same_inputs"]:
        lines.append(SAME_INPUTS)
    lines += filter(None, [_reach(found)])
    if any(one["phase"] != "tally" for one in found["counts"]):
        lines.append(SCALARS)
    return SubjectSection(
        name=f"{found['subject']} [{levels}]" if levels else str(found["subject"]),
        summary="; ".join(parts) if rows else "",
        rows=rows,
        lines=lines,
        totals=[_total(one) for one in found["totals"]],
    )


def _row(one: Mapping[str, Any]) -> CountRow:
    return CountRow(
        phase=one["phase"] or ALL_PHASES,
        category=str(one["category"]).replace("_", " "),
        law="not found" if one["law"] is None else str(one["law"]),
        leading="" if one["leading"] is None else str(one["leading"]),
        stated="" if one["stated"] is None else str(one["stated"]),
        mark="" if one["comparison"] is None else f"{MARKS[one['comparison']]} {one['comparison']}",
        confirmed=_confirmed(one),
        note=_note(one),
    )


def _confirmed(one: Mapping[str, Any]) -> str:
    if one["law"] is None:
        return ""
    only = "".join(f", {name} a power of two" for name in one["powers_of_two"])
    return f"{one['confirmed_at']}{only}"


def _reach(found: Mapping[str, Any]) -> str:
    """Return up to which sizes the laws of a subject were confirmed, the smallest where they differ."""
    reached = [one["largest"] for one in found["counts"] if one["law"] is not None]
    if not reached:
        return ""
    largest = {name: min(one[name] for one in reached) for name in found["factors"]}
    return f"Confirmed up to {show.point(largest)}; beyond that the laws are extrapolations."


def _note(one: Mapping[str, Any]) -> str:
    if one["obstacle"] is None:
        return ""
    at = "" if one["differs_at"] is None else show.point(one["differs_at"])
    text = OBSTACLES[one["obstacle"]].format(differs_at=at)
    nearest = one["nearest"]
    if nearest is not None:
        text += f" Nearest: {nearest['law']}, which holds at {nearest['holds_at']} of {nearest['of']} sizes"
        if nearest["first_failure"]:
            text += (
                f", first fails at {show.point(nearest['first_failure'])}, and is off by "
                f"{show.percent(nearest['deviation'])} at most, at {show.point(nearest['deviates_at'])}"
            )
        text += "."
    for spread in one["spread"][-1:]:
        text += (
            f" At {show.point(spread['at'])}: mean {show.number(spread['mean'])}, standard deviation "
            f"{show.number(spread['deviation'])} over {spread['inputs']} inputs."
        )
    for growth in one["growth"]:
        text += (
            f" The mean grows with {growth['factor']} by an exponent of {show.fixed(growth['exponent'], 2)} "
            f"({show.fixed(growth['low'], 2)} to {show.fixed(growth['high'], 2)}): a statistic, not an exact law."
        )
    laws = [show.law(each["law"]) for each in one.get("mean_laws", ())]  # documents of before have none
    if laws:
        more = f" and {len(laws) - MOST_LAWS} more" if len(laws) > MOST_LAWS else ""
        text += f" Over its sizes the mean follows {' or '.join(laws[:MOST_LAWS])}{more}: statistical, not exact."
    return text


def _total(one: Mapping[str, Any]) -> str:
    name = str(one["category"]).replace("_", " ")
    text = f"{name} in all: {one['law']}; leading: {one['leading']}"
    for each in one["dominant"]:
        text += f"; at {show.point(each['at'])} the term {each['term']} is {show.percent(each['share'])}"
    return f"{text}."


def relation_line(one: Mapping[str, Any]) -> str:
    """Return a relation between derived laws as a sentence."""
    less, own = ("", "") if not one["less"] else (f", each less {one['less']}", f" less {one['less']}")
    found, factor = one["found"], one["factor"]
    if one["kind"] == "passes":
        return f"{one['subject']}{own} costs {found} times what it costs at {factor}=1: its passes."
    if one["kind"] == "ratio":
        text = f"{one['subject']} over {one['over']}{less}: {found}"
    else:
        text = f"{one['subject']}{own}: the rising part overtakes the other at {factor} = {found}"
    stated = f"; stated {one['stated']}: {one['comparison']}, as formulas" if one["stated"] else ""
    return f"{text}{stated}."
