"""The clause of a finding, and what such clauses are made of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import singledispatch

from bptt_bench.analyse.findings.limits import Limits
from bptt_bench.analyse.findings.reason import Finding
from bptt_bench.analyse.fitting.diagnose import describe
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.report.format import terms as terms_in_print
from bptt_bench.text.numbers import aligned, in_percent, number
from bptt_bench.text.wording import join_names

MOST_POINTS = 3  # that are named, of one subject

MORE_IN_ONE_CALL = "`return lambda: [key in members for key in keys]`"
OR_CONSUME = "or state consumes=True"


@singledispatch
def words(finding: Finding) -> str:
    """Return a finding as a clause, without a full stop.

    Raises
    ------
    NotImplementedError : a kind of finding that has no words.
    """
    raise NotImplementedError(f"{type(finding).__name__} has no words")


def span(interval: Interval) -> str:
    """Return an estimate with its interval in a sentence.

    >>> span(Interval(1.03, 1.0, 1.06))
    '1.03 (1.00 to 1.06)'
    """
    estimate, low, high = aligned(*interval)
    return f"{estimate} ({low} to {high})"


def span_percent(interval: Interval) -> str:
    """Return a share with its interval in a sentence."""
    estimate, low, high = map(in_percent, interval)
    return f"{estimate} ({low} to {high})"


def limits_text(limits: Limits) -> str:
    """Return limits as a sentence states them.

    >>> limits_text(Limits(low=0.5, high=1.5)), limits_text(Limits(low=0.0, high=2.0))
    ('0.5 to 1.5', 'at most 2')
    """
    if math.isinf(limits.high):
        return f"at least {number(limits.low)}"
    if math.isinf(limits.low) or limits.low == 0:
        return f"at most {number(limits.high)}"
    return f"{number(limits.low)} to {number(limits.high)}"


def sum_of(terms: Iterable[str]) -> str:
    """Return terms of a law, or phases, as a sum."""
    return terms_in_print(terms)


def points_text(points: Iterable[Mapping[str, float]]) -> str:
    """Return the first of some points, and how many more there are."""
    named = list(dict.fromkeys(map(describe, points)))
    n_more = len(named) - MOST_POINTS
    more = [f"{n_more} more point{'' if n_more == 1 else 's'}"] if n_more > 0 else []
    return join_names([*named[:MOST_POINTS], *more])


def about(factor: str, level: float) -> str:
    """Return a level that was estimated, to three digits.

    >>> about("n", 16384.2)
    'n=16400'
    """
    return describe({factor: float(f"{level:.3g}")})


def counted(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
