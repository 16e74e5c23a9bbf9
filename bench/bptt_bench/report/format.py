"""Laws, levels and the names of responses as a report prints them; numbers as ``bptt_bench.text.numbers`` does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from bptt_bench.analyse.data.response import is_exact, meaning, substance
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL, phase_of
from bptt_bench.plan.experiment.stratum import split_stratum
from bptt_bench.plan.law.wording import drop_absent_factors, format_term
from bptt_bench.text.numbers import (
    NARROW,
    PREFIXES,
    UNDEFINED,
    amount,
    amount_interval,
    duration,
    fixed,
    interval,
    interval_in_sentence,
    number,
    percent,
    prefix_of,
    si,
    si_interval,
    size,
)

if TYPE_CHECKING:
    from bptt_bench.analyse.verdicts.verdict import Verdict

__all__ = [
    "NARROW",
    "PREFIXES",
    "UNDEFINED",
    "against",
    "amount",
    "amount_interval",
    "claim_name",
    "duration",
    "fixed",
    "formulas",
    "interval",
    "interval_in_sentence",
    "law",
    "level",
    "name_of_claim_on",
    "number",
    "percent",
    "point",
    "prefix_of",
    "response",
    "short_level",
    "si",
    "si_interval",
    "size",
    "term",
    "terms",
    "unnamed_subject",
    "verdict_words",
]
_PRODUCT = re.compile(r"[\w)]\*{1,2}[\w(](?:[\w()/^-]|\*{1,2}(?=[\w(-]))*")
MOST_WRITTEN_OUT = 1e15  # a larger level is written with an exponent


def term(text: str) -> str:
    """Return a term of a law in print, as it is read again."""
    return format_term(text)


def law(text: str) -> str:
    """Return a whole law in print.

    >>> law("T*H*V + T*H**2")
    'T·H·V + T·H²'
    """
    return " + ".join(term(part) for part in text.split(" + "))


def formulas(text: str) -> str:
    """Return a text with all products in it in print.

    >>> formulas("leading: 3*H**2*T; at H = 100 the term 7*T*V/2 is 98 %; `tally`, *args")
    'leading: 3·H²·T; at H = 100 the term 7·T·V/2 is 98 %; `tally`, *args'
    """
    return _PRODUCT.sub(lambda found: term(found[0]), text)


def terms(texts: Iterable[str]) -> str:
    """Return terms of a law, or phases, as a sum.

    >>> terms(["T*H*V", "H**2*d**0"])
    'T·H·V + H²'
    """
    return " + ".join(map(term, texts))


def claim_name(name: str, stated: str | None) -> str:
    """Return the name of a claim; where it holds the law as it is typed, with the law in print.

    >>> claim_name("follows n*log(n)", "n*log(n)"), claim_name("a*b", None)
    ('follows n·log(n)', 'a*b')
    """
    if stated is None:
        return name
    typed = " + ".join(map(drop_absent_factors, stated.split(" + ")))
    return name.replace(typed, law(stated))


def level(value: float) -> str:
    """Return a level of a factor with all digits of a whole number, and nine of others.

    >>> level(35), level(2**30), level(0.5), level(1e20)
    ('35', '1\\u202f073\\u202f741\\u202f824', '0.5', '1e+20')
    """
    is_whole = float(value).is_integer() and abs(value) < MOST_WRITTEN_OUT
    return fixed(value, 0) if is_whole else number(value, 9)


def short_level(value: float) -> str:
    """Return a level where room is scarce, such as beside a tick.

    >>> short_level(512), short_level(16384), short_level(1000000), short_level(0.5)
    ('512', '16\\u202f384', '1M', '0.5')
    """
    if abs(value) < 100_000:
        return number(value, 5)
    power = min(9, prefix_of(value))
    return number(value / 10.0**power) + PREFIXES[power]


def point(levels: Mapping[str, float]) -> str:
    """Return the levels of a point.

    >>> point({"V": 16384, "d": 100})
    'V = 16\\u202f384, d = 100'
    """
    return ", ".join(f"{name} = {level(value)}" for name, value in levels.items())


def response(name: str) -> str:
    """Return the name of a response in words.

    >>> response("seconds_per_eval"), response("recur_seconds_per_eval"), response("latency")
    ('whole evaluation', 'phase recur', 'latency')
    >>> response("scratch_bytes"), response("comparisons_count")
    ('memory beyond the result', 'number of comparisons')
    """
    if name == SECONDS_PER_EVAL:
        return "whole evaluation"
    if is_exact(name):
        return meaning(name)
    phase = phase_of(name)
    return name if phase is None else f"phase {phase}"


def unnamed_subject(claim: str, subject: str) -> str:
    """Return what the name of a claim does not say of its subject; it often names the categories.

    >>> unnamed_subject("naive: exponent of T", "naive"), unnamed_subject("exponent of n", "sort")
    ('', 'sort')
    >>> unnamed_subject("a: exponent [x=1]", "a [x=1]")
    ''
    >>> unnamed_subject("exponent of n [dtype=float32]", "sort [dtype=float32]")
    'sort'
    """
    base, levels = split_stratum(subject)
    about = base if f"[{levels}]" in claim else subject
    return "" if about in claim else about


def name_of_claim_on(subject: str, claim: str) -> str:
    """Return the name of a claim where its subject stands above it: without the subject that it begins with.

    >>> name_of_claim_on("naive", "naive: exponent of T"), name_of_claim_on("sort", "exponent of n")
    ('exponent of T', 'exponent of n')
    """
    return claim.removeprefix(f"{subject}: ")


def against(name: str, factor: str) -> str:
    """Return the title of a figure of a response along a factor.

    >>> against("seconds_per_eval", "T"), against("scratch_bytes", "T")
    ('Time against T, whole evaluation', 'Memory beyond the result against T')
    """
    words = response(name)
    is_time = substance(name) == "time"
    return f"Time against {factor}, {words}" if is_time else f"{words[:1].upper()}{words[1:]} against {factor}"


def verdict_words(verdict: Verdict) -> str:
    """Return a verdict in words; an inconclusive one with the kind of its reason, as ``inconclusive: imprecise``."""
    return f"{verdict.verdict}: {verdict.reason.kind}" if verdict.verdict == "inconclusive" else verdict.verdict
