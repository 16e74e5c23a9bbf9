"""What is known of fits in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bptt_bench.analyse.data.response import no_noise
from bptt_bench.analyse.findings import fits
from bptt_bench.analyse.fitting.diagnose import describe
from bptt_bench.analyse.fitting.hosts import Disagreement, Host
from bptt_bench.analyse.stats.estimate import RESOLUTION, Interval
from bptt_bench.plan.experiment.subject import INSTRUCTIONS
from bptt_bench.report.format import law, term
from bptt_bench.report.words.findings.clauses import sum_of, words
from bptt_bench.text.numbers import amount_in_sentence, in_percent, number
from bptt_bench.text.wording import join_names

MOST_HOSTS = 3  # that are named because their speeds are not known
SHAPES: Mapping[fits.Shape, str] = {
    "rise": "rise with",
    "fall": "fall with",
    "bend upwards": "bend upwards along",
    "bend downwards": "bend downwards along",
    "lowest mid-range": "are lowest at middle levels of",
    "highest mid-range": "are highest at middle levels of",
}


@words.register
def _(one: fits.Trend) -> str:
    p_value = "" if one.p_value is None else f" (p = {one.p_value:.2g})"
    return f"residuals {SHAPES[one.shape]} {one.along}{p_value}"


@words.register
def _(one: fits.LackOfFit) -> str:
    if one.with_overhead is not None:
        return f"the law's own terms cannot be tested; with the overhead {words(one.with_overhead)}"
    between = f"{in_percent(one.between)} between points"
    if one.samples == "exact" and one.exceeded is None:
        return f"{between}, each with one count, because {no_noise(one.response)}"
    against = "" if one.within is None else f"{between} against {in_percent(one.within)} within"
    if one.exceeded is not None:
        return f"lack of fit (p = {one.exceeded.p_value:.2g}): {words(one.exceeded)}"
    if one.kind == "rejected":
        trend = "residuals follow no single factor" if one.trend is None else words(one.trend)
        return (
            f"lack of fit: {trend}"
            if one.p_value is None
            else f"lack of fit (p = {one.p_value:.2g}): {against}; {trend}"
        )
    if one.kind == "not_rejected":
        unseen = f"a misfit below {in_percent(one.unseen)} would not be seen"
        return f"no lack of fit detected (p = {one.p_value:.2g}): {against}; {unseen}"
    return f"lack of fit cannot be tested: {_untestable(one, against)}"


@words.register
def _(one: fits.ExceededBound) -> str:
    at_least, expected = (amount_in_sentence(value, one.unit) for value in (one.bound, one.expected))
    return f"at least {at_least} at {describe(one.at)}, where the law of the other points gives {expected}"


def _untestable(one: fits.LackOfFit, against: str) -> str:
    exact = ", all on the law to within rounding: intervals rest on that alone" if one.between <= RESOLUTION else ""
    if one.samples == "single":
        return f"one sample a point{exact}; several samples of each would decide"
    if one.samples == "identical":
        return f"repetitions are identical, which says nothing about noise{exact}"
    unseen = f"a misfit of {in_percent(one.unseen, 0)} would not be seen"
    return f"{against}, where {unseen}; more samples a point would decide"


@words.register
def _(one: fits.ZeroPossible) -> str:
    unit = f" {one.unit.symbol}" if one.unit is not None and one.unit.base else ""
    interval = f"{one.coefficient:.3g}{unit}, with an interval from 0 to {one.high:.3g}{unit}"
    return f"{term(one.term)} may be 0: its coefficient is {interval}"


@words.register
def _(one: fits.MostlyOverhead) -> str:
    overhead = f"{in_percent(1 - one.share, 0)} are the overhead {sum_of(one.overhead)}"
    where = "predicted here" if one.is_beyond else "at the largest point"
    return f"the law's own terms explain {in_percent(one.share, 0)} of the {one.of} {where}, {overhead}"


@words.register
def _(one: fits.CensoredPoints) -> str:
    if one.n_censored == 1:
        return f"1 of {one.n_points} points is a lower bound: the law must exceed it, and need not meet it"
    return (
        f"{one.n_censored} of {one.n_points} points are lower bounds: the law must exceed them, and need not meet them"
    )


@words.register
def _(_one: fits.IdenticalRepetitions) -> str:
    return "repetitions are identical: noise cannot be estimated from them, and intervals rest on how points scatter"


@words.register
def _(one: fits.DistantSamples) -> str:
    share = in_percent(one.share, 0)
    return f"{share} of the samples lie far above the rest: the figures describe the faster ones alone"


@words.register
def _(one: fits.CollinearFactors) -> str:
    return (
        f"{join_names(one.factors)} never vary apart in these data: their effects cannot be distinguished, predictions "
        f"hold where they go together as measured, and points that change {one.factors[0]} alone would decide"
    )


@words.register
def _(one: fits.ReferenceHost) -> str:
    return f"coefficients and predictions are those of host {one.host}"


@words.register
def _(one: fits.NoLawFits) -> str:
    tried = f"{one.tried} laws that were tried" if one.tried else "laws that were tried"
    return f"no law fits: points lie off {law(one.law)}, the best of the {tried}, {_off_text(one)}"


@words.register
def _(one: fits.PointsOff) -> str:
    p_value = "" if one.p_value is None else f" (p = {one.p_value:.2g})"
    return f"points lie off {law(one.law)} {_off_text(one)}{p_value}"


@words.register
def _(one: fits.FarPoint) -> str:
    return (
        f"{describe(one.at)} lies farthest off {law(one.law)} of {one.of} points ({off_in_words(one.off)}): its sample "
        "was disturbed, or the law is another; more samples of it would tell"
    )


def _off_text(one: fits.NoLawFits | fits.PointsOff) -> str:
    return f"by more than their noise explains, most at {describe(one.at)} ({off_in_words(one.off)})"


def off_in_words(off: float) -> str:
    """Return how far a point lies off, relative to the law.

    >>> off_in_words(0.234), off_in_words(-0.05), off_in_words(4.0)
    ('23 % above', '5.0 % below', '5 times as much')
    """
    if off >= 1:
        return f"{number(off + 1)} times as much"
    size = in_percent(abs(off), 0 if abs(off) >= 0.1 else 1)
    return f"{size} {'above' if off >= 0 else 'below'}"


@words.register
def _(one: fits.SlowerOperations) -> str:
    what = "an operation" if one.counted != INSTRUCTIONS else "an instruction"
    return f"{what} takes {number(one.times)} times as long at {describe(one.at)} as at {describe(one.than)}"


@words.register
def _(one: fits.Falls) -> str:
    low, high = (describe({one.factor: level}) for level in one.between)
    part = in_percent(one.ratio, 0) if one.ratio >= 0.1 else f"1/{1 / one.ratio:.3g}"
    power = f"{one.factor} to the power {one.exponent:.2f} ({one.low:.2f} to {one.high:.2f})"
    return f"it falls as {one.factor} grows, to {part} from {low} to {high}: about as {power}"


@words.register
def _(one: fits.Turns) -> str:
    low, high, at = (describe({one.factor: level}) for level in (*one.between, one.at))
    return (
        f"it falls as {one.factor} grows up to {at} and rises from there: {number(one.before)} times as much at {low}, "
        f"{number(one.after)} times at {high}"
    )


@words.register
def _(one: fits.FitsByOverhead) -> str:
    return f"{law(one.law)} fits as well, but by its overhead alone, {sum_of(one.overhead)}"


@words.register
def _(one: fits.OverheadOnly) -> str:
    return f"both laws fit by their overhead alone, {join_names([sum_of(terms) for terms in one.overheads])}"


def hosts_text(hosts: Sequence[Host]) -> str:
    """Return the speeds of several hosts and whether they disagree about the shape; empty for one.

    >>> from bptt_bench.analyse.stats.estimate import Interval
    >>> hosts_text([Host(name="a", n_samples=9, slowness=Interval(1, 1, 1)),
    ...             Host(name="b", n_samples=6, slowness=Interval(1.308, 1.28, 1.341))])
    'host b is 1.31 times as slow [1.28, 1.34] as host a; they agree about the shape'
    """
    if len(hosts) < 2:
        return ""
    reference = hosts[0].name
    speeds = [_speed(one.name, one.slowness, reference) for one in hosts[1:] if one.slowness is not None]
    apart = [one.name for one in hosts[1:] if one.slowness is None]
    unknown = [_unknown_speeds(apart, reference)] if apart else []
    if not speeds:
        return unknown[0]
    about = [f"{_disagreement(found)} on {one.name}" for one in hosts for found in one.disagreements]
    agree = f"hosts disagree about the shape: {', '.join(about)}" if about else "they agree about the shape"
    return "; ".join([*speeds, *unknown, agree])


def _unknown_speeds(names: Sequence[str], reference: str) -> str:
    """Return that hosts were measured at points of their own, and how their samples are taken."""
    if len(names) == 1:
        return f"host {names[0]} shares no point with the others: its speed is taken to be that of host {reference}"
    shown = [*names[:MOST_HOSTS], *([f"{len(names) - MOST_HOSTS} more"] if len(names) > MOST_HOSTS else [])]
    return (
        f"hosts {join_names(shown)} share no point with the others: their speeds are taken to be that of host "
        f"{reference}"
    )


def _speed(name: str, slowness: Interval, reference: str) -> str:
    times, low, high = slowness
    return f"host {name} is {times:.2f} times as slow [{low:.2f}, {high:.2f}] as host {reference}"


def _disagreement(one: Disagreement) -> str:
    times, low, high = one.ratio
    interval = f"{times:.2f} times as much [{low:.2f}, {high:.2f}]"
    if one.growth is not None:
        return f"time grows {interval} with {one.growth}"
    terms = sum_of(one.terms) + (" together" if len(one.terms) > 1 else "")
    return f"{terms} costs {interval} relative to the other terms"
