"""Estimates of claims in words."""

from __future__ import annotations

from bptt_bench.analyse.data.response import meaning, substance
from bptt_bench.analyse.findings import estimates
from bptt_bench.analyse.findings.limits import Limits
from bptt_bench.analyse.fitting.diagnose import describe
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.report.words.findings.clauses import about, limits_text, span, span_percent, sum_of, words
from bptt_bench.text.numbers import amount_in_sentence, in_percent, number, span_in_sentence
from bptt_bench.text.wording import join_names

SIGNS = {"tight": "±", "upper": "+", "lower": "-"}  # of what a bound allows
PEAKS = {"operations": "GFLOP/s of matrix products", "bytes": "GB/s of memory"}


def _exponent(one: estimates.Exponent) -> str:
    return f"the exponent of {join_names(one.factors)} in {sum_of(one.terms)} at {describe(one.at)}"


def _against_limits(what: str, estimate: Interval, predicted: float, limits: Limits) -> str:
    ending = {
        "supported": "within the allowed",
        "refuted": "outside the allowed",
        "inconclusive": "the interval crosses the edge of the allowed",
    }[limits.judge(estimate)]
    separator = "; " if ending.startswith("the interval") else ", "
    stated = f"{what} is {span(estimate)} against {number(predicted)} predicted"
    return f"{stated}{separator}{ending} {limits_text(limits)}"


@words.register
def _(one: estimates.ExponentEstimate) -> str:
    return _against_limits(_exponent(one), one.estimate, one.predicted, one.limits)


@words.register
def _(one: estimates.AmbiguousExponent) -> str:
    ends = f"from {number(one.profile_low)} to {number(one.profile_high)}"
    return (
        f"{_exponent(one)} is {span(one.estimate)} against {number(one.predicted)} predicted, "
        f"but exponents {ends} fit as well"
    )


@words.register
def _(one: estimates.ExtremeExponent) -> str:
    end = f"at most {number(one.at_most)}" if one.at_most is not None else f"at least {number(one.at_least or 0.0)}"
    against = f"against {number(one.predicted)} predicted, outside the allowed {limits_text(one.limits)}"
    return f"{_exponent(one)} is {end} {against}"


@words.register
def _(one: estimates.BoundOnWhole) -> str:
    growth = f"grows with {join_names(one.factors)} by an exponent of {span(one.estimate)} at {describe(one.at)}"
    allowed = f"within the allowed {limits_text(one.limits)}"
    return f"all of the {substance(one.response)} {growth}, {allowed}; {words(one.because)}"


@words.register
def _(one: estimates.CrossingEstimate) -> str:
    at = f" at {describe(one.at)}" if one.at else ""
    what = f"the {one.factor} at which {sum_of(one.rising)} overtakes {sum_of(one.falling)}{at}"
    return _against_limits(what, one.estimate, one.predicted, one.limits)


@words.register
def _(one: estimates.NoCrossingWithin) -> str:
    state = "is already ahead of" if one.is_ahead else "has not overtaken"
    level = f"{about(one.factor, one.level)}, where {number(one.predicted)} was predicted"
    return f"{sum_of(one.rising)} {state} {sum_of(one.falling)} at {level}"


@words.register
def _(one: estimates.RatioEstimate) -> str:
    return (
        f"at {describe(one.at)}, the worst of {one.n_points} points, the ratio is {span(one.estimate)} against "
        f"{number(one.predicted)} predicted ({in_percent(one.deviation, signed=True)}, "
        f"allowed {SIGNS[one.bound]}{in_percent(one.margin, 0)}); "
        f"median deviation {in_percent(one.median_deviation)}"
    )


@words.register
def _(one: estimates.AmountEstimate) -> str:
    return (
        f"at {describe(one.at)}, the worst of {one.n_points} points, the {meaning(one.response)} is "
        f"{span_in_sentence(*one.estimate, one.unit)} against {amount_in_sentence(one.stated, one.unit)} stated "
        f"({in_percent(one.deviation, signed=True)}, allowed {SIGNS[one.bound]}{in_percent(one.margin, 0)})"
    )


@words.register
def _(one: estimates.ShareEstimate) -> str:
    beyond = f" (beyond the measured levels of {', '.join(one.beyond)})" if one.beyond else ""
    claimed = f"{'at least' if one.bound == 'lower' else 'at most'} {in_percent(one.claimed, 0)}"
    where = f"{describe(one.at)}{beyond}"
    fitted = f"terms with {one.factor} take {span_percent(one.estimate)} of the time at {where}, claimed {claimed}"
    if one.phase_share is None:
        return fitted
    phases = f"phase{'s' if len(one.phases) > 1 else ''} {join_names(one.phases)}"
    counted = "" if one.multiply_adds is None else f", with {in_percent(one.multiply_adds, 2)} of the multiply-adds"
    return f"{fitted}; measured there, {span_percent(one.phase_share)} in {phases}{counted}"


@words.register
def _(one: estimates.SpeedupEstimate) -> str:
    claimed = f"claimed at least {number(one.at_least)}"
    fast = f"{one.subject} is {span(one.estimate)} times as fast as"
    if one.at is None:
        return f"in the geometric mean of {one.n_points} points {fast} the fastest other, {claimed}"
    rank = f", the worst of {one.n_points} points" if one.n_points > 1 else ""
    return f"at {describe(one.at)}{rank}, {fast} {one.over}, {claimed}"


@words.register
def _(one: estimates.RooflineEstimate) -> str:
    return (
        f"at {describe(one.at)} {one.subject} reaches {span_percent(one.estimate)} of the roofline, which is set there "
        f"by the {number(one.rate / 1e9)} {PEAKS[one.limit]} that {one.threads} threads reached; "
        f"claimed at least {in_percent(one.at_least, 0)}"
    )


@words.register
def _(one: estimates.Deviation) -> str:
    detail = f"; {one.detail}" if one.detail else ""
    return f"largest deviation {one.largest:.3g} in {one.cases} cases, allowed {one.allowed:.3g}{detail}"


@words.register
def _(one: estimates.ResultDifference) -> str:
    if one.largest == 0:
        return f"no difference at any of {one.n_points} points, allowed {one.allowed:.3g}"
    where = f"at {one.n_points} points, found at {describe(one.at)}"
    return f"largest difference {one.largest:.3g} {where}, allowed {one.allowed:.3g}"


@words.register
def _(one: estimates.UnstableVerdict) -> str:
    without = f"without that the verdict would be {one.without}"
    return f"{words(one.disturbance)}, and {without}; {words(one.verdict)}"


@words.register
def _(one: estimates.ProcessorWait) -> str:
    return f"no processor was free for {in_percent(one.share, 0)} of the time at {describe(one.at)}"


@words.register
def _(one: estimates.PlaceboDeviation) -> str:
    if one.at_half_of_points:
        return f"the placebo differs by {in_percent(one.deviation, 0)} or more at half its points"
    return f"the placebo differs from its subject by {in_percent(one.deviation, 0, signed=True)}"
