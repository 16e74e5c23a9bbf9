"""Findings in short: the one-line reason of a verdict, for lists where the whole reason stands behind a fold.

Each kind of finding that is long in full has a short form of its own here. Nothing is cut off: what the short form
leaves out (where an estimate was made, which points count) is in the whole reason.
"""

from __future__ import annotations

import math
from functools import singledispatch

from bptt_bench.analyse.data.response import substance
from bptt_bench.analyse.findings import estimates, growth, obstacles, remarks
from bptt_bench.analyse.findings.limits import Limits
from bptt_bench.analyse.findings.reason import Finding, Kind, Reason, Width
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.report import format as show
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.report.words.findings.estimates import SIGNS
from bptt_bench.report.words.findings.growth import STEADY, function
from bptt_bench.text.numbers import in_percent
from bptt_bench.text.wording import join_names


def headline_of(reason: Reason) -> str:
    """Return a reason in one line: what was found, and of what is not supported the cause if it is known."""
    prefix = "" if reason.kind in (Kind.WITHIN, Kind.OUTSIDE, Kind.IMPRECISE) else f"{reason.kind}: "
    return prefix + "; ".join(filter(None, (brief(reason.finding), _cause(reason))))


def cause_of(reason: Reason) -> str:
    """Return what explains or limits a verdict in a few words; empty where that is not needed, or not known."""
    cost = reason.finding.cost if isinstance(reason.finding, growth.WorkAndTime) else None
    changed = brief(cost) if cost is not None and abs(math.log(cost.rise)) >= math.log1p(STEADY) else ""
    return "; ".join(filter(None, (changed, _cause(reason))))


def _cause(reason: Reason) -> str:
    """Return the cause that the finding in short does not say; it says what became of the cost of an operation."""
    if isinstance(reason.finding, growth.LawGrowth | growth.WorkAndTime):
        counts = _by_operations(reason) or _not_counted(reason)
        return counts or _other_laws(growth_in(reason.finding)) or _open_work(reason)
    if reason.kind is Kind.WITHIN:
        return _lacking(reason)
    if reason.width is not None:
        return _cause_of_width(reason.width)
    slowdowns = [one.slowdown for one in reason.remarks if isinstance(one, remarks.CacheRegime)]
    if slowdowns and reason.kind is Kind.OUTSIDE:
        return f"operations cost up to {show.number(max(slowdowns), 2)}x beyond a cache"
    named = (remarks.PointsOutside, remarks.UnequalParts)
    return next((words(one) for one in reason.remarks if isinstance(one, named)), "")


def _by_operations(reason: Reason) -> str:
    """Return that a verdict rests on counted operations, and how the time grows where that is otherwise."""
    for one in reason.remarks:
        if isinstance(one, growth.TimeOtherwise):
            step = " a step" if one.time.per_step else ""
            return f"by counted operations alone: time grows by {show.number(one.time.estimate.estimate)}{step}"
        if isinstance(one, growth.OperationsAlone):
            return "by counted operations alone"
    return ""


def _open_work(reason: Reason) -> str:
    """Return that the work was counted and did not decide, with what may hide the law in it."""
    for one in reason.remarks:
        if isinstance(one, growth.OpenWork):
            hiding = f", as {show.terms(one.work.hiding)} may hide it" if one.work.hiding else ""
            by_time = "by time, because " if reason.kind is Kind.WITHIN else ""
            left = "do not refute so steep a law" if one.is_steep else "leave it open"
            return f"{by_time}{substance(one.work.response)} {left}{hiding}"
    return ""


def _not_counted(reason: Reason) -> str:
    """Return that the work was to be counted and could not be."""
    for one in reason.remarks:
        if isinstance(one, growth.TooFewCounts) or (isinstance(one, growth.TimeAlone) and one.why):
            return "by time alone: the work could not be counted"
    return ""


def _lacking(reason: Reason) -> str:
    """Return what a claim was not judged on, though it names it; empty if nothing."""
    for one in reason.remarks:
        if isinstance(one, remarks.AbsentSubjects):
            return f"{len(one.subjects)} of {one.n_claimed} others did not run"
        if isinstance(one, remarks.MissingPoints):
            return words(one)
    return ""


def growth_in(finding: growth.LawGrowth | growth.WorkAndTime) -> growth.LawGrowth:
    """Return the growth that a verdict on a law rests on: that of the work where this decides."""
    if isinstance(finding, growth.LawGrowth):
        return finding
    return finding.time if finding.time is not None and finding.work_verdict != "refuted" else finding.work


def _cause_of_width(width: Width) -> str:
    if width.cause == "misfit" or width.response is not None:
        return "points off the law make it wide"
    if width.cause == "noise":
        return "noise makes it wide"
    if width.machine is not None:
        return "the machine was busy during the run"
    return "without repetitions noise is unknown" if width.remedy == "repetitions" else ""


@singledispatch
def brief(finding: Finding) -> str:
    """Return a finding in at most some ten words; in full where that is no longer."""
    return words(finding)


def _range(interval: Interval) -> str:
    return show.interval_in_sentence(*interval)


def _allowed(limits: Limits) -> str:
    """Return limits in short.

    >>> _allowed(Limits(low=0.9, high=1.1)), _allowed(Limits.around(2.0, 0.2, "upper"))
    ('allowed 0.9 to 1.1', 'allowed at most 2.2')
    """
    low, high = show.number(limits.low), show.number(limits.high)
    if limits.high == float("inf"):
        return f"allowed at least {low}"
    return f"allowed at most {high}" if limits.low in (0.0, -float("inf")) else f"allowed {low} to {high}"


def _claimed(bound: str, value: float) -> str:
    return f"claimed at {'least' if bound == 'lower' else 'most'} {show.percent(value)}"


@brief.register
def _(one: estimates.ExponentEstimate) -> str:
    return f"{_range(one.estimate)}, {_allowed(one.limits)}"


@brief.register
def _(one: estimates.AmbiguousExponent) -> str:
    ends = f"{show.number(one.profile_low)} to {show.number(one.profile_high)}"
    return f"{_range(one.estimate)}, but {ends} fit as well"


@brief.register
def _(one: estimates.ExtremeExponent) -> str:
    end = f"at most {show.number(one.at_most)}" if one.at_most is not None else f"at least {show.number(one.at_least)}"
    return f"{end}, {_allowed(one.limits)}"


@brief.register
def _(one: estimates.BoundOnWhole) -> str:
    grows = f"all of the {substance(one.response)} grows with {join_names(one.factors)}"
    return f"{grows} by an exponent of {_range(one.estimate)}, {_allowed(one.limits)}"


@brief.register
def _(one: estimates.CrossingEstimate) -> str:
    return f"{one.factor} = {_range(one.estimate)}, {_allowed(one.limits)}"


@brief.register
def _(one: estimates.RatioEstimate) -> str:
    allowed = f"allowed {SIGNS[one.bound]}{show.percent(one.margin)}"
    return f"ratio off by {_signed(one.deviation)} at the worst of {one.n_points} points, {allowed}"


@brief.register
def _(one: estimates.AmountEstimate) -> str:
    allowed = f"allowed {SIGNS[one.bound]}{show.percent(one.margin)}"
    return f"off by {_signed(one.deviation)} at the worst of {one.n_points} points, {allowed}"


def _signed(share: float) -> str:
    return f"{'+' if share > 0 else ''}{show.percent(share)}"


@brief.register
def _(one: estimates.ShareEstimate) -> str:
    return f"{show.percent(one.estimate.estimate)} of the time, {_claimed(one.bound, one.claimed)}"


@brief.register
def _(one: estimates.SpeedupEstimate) -> str:
    claimed = f"claimed at least {show.number(one.at_least)}"
    fast = f"{show.number(one.estimate.estimate)} times as fast as"
    if one.at is None:
        return f"{fast} the fastest other in the mean, {claimed}"
    return f"{fast} {one.over}{' at worst' if one.n_points > 1 else ''}, {claimed}"


@brief.register
def _(one: estimates.RooflineEstimate) -> str:
    return f"{show.percent(one.estimate.estimate)} of the roofline, claimed at least {show.percent(one.at_least)}"


@brief.register
def _(one: estimates.Deviation) -> str:
    largest, allowed = show.number(one.largest), show.number(one.allowed)
    return f"largest deviation {largest} in {show.number(one.cases)} cases, allowed {allowed}"


@brief.register
def _(one: estimates.ResultDifference) -> str:
    largest = "no difference" if one.largest == 0 else f"largest difference {show.number(one.largest)}"
    return f"{largest} at {show.number(one.n_points)} points, allowed {show.number(one.allowed)}"


@brief.register
def _(one: estimates.UnstableVerdict) -> str:
    return f"{brief(one.disturbance)}; without that it would be {one.without}"


@brief.register
def _(one: estimates.ProcessorWait) -> str:
    return f"no processor was free for {show.percent(one.share)} of the time"


# a law as a whole


@brief.register
def _(one: growth.LawGrowth) -> str:
    what, refuted = substance(one.response), _refuted(one)
    shown = one.whole if not refuted or one.whole in refuted else refuted[0]
    estimate, predicted = _range(shown.estimate), show.number(shown.predicted)
    if shown.per_step:
        return f"each step multiplies {what} by {estimate}, by the law by {predicted}"
    verb, of = "grow" if what.endswith("s") else "grows", "" if shown is one.whole else f" with {shown.factors[0]}"
    return f"{what} {verb}{of} by an exponent of {estimate}, the law by {predicted}"


def _refuted(one: growth.LawGrowth) -> list[growth.FactorGrowth]:
    """Return what grows otherwise than a law: the whole, or what grows with one of several factors."""
    return [each for each in (one.whole, *one.growths) if each.limits.judge(each.estimate) == "refuted"]


def _other_laws(one: growth.LawGrowth) -> str:
    if one.hiding and not one.rival:
        return f"{show.terms(one.hiding)} may hide it, larger levels would decide"
    if one.closer:
        first = f": {function(one.carriers[0])}" if one.carriers else ""
        others = " and others" if len(one.carriers) > 1 else ""
        share = f"{first}{others}, {in_percent(one.carried, 0)} of the instructions" if first else ""
        return f"{show.law(one.closer)} fits far better{share}"
    if one.rival:
        return f"{show.law(one.rival)} may be the law as well"
    also, verb = list(map(show.law, one.also_fit)), "fit" if _refuted(one) else "also fit"
    return f"{join_names(also)} {verb}{'s' if len(also) == 1 else ''}" if also else ""


@brief.register
def _(one: growth.WorkAndTime) -> str:
    return "; ".join([brief(growth_in(one)), *([brief(one.cost)] if one.cost else [])])


@brief.register
def _(one: growth.OperationCost) -> str:
    unit = one.counted.removesuffix("s")
    if abs(math.log(one.rise)) < math.log1p(STEADY):
        return f"time per {unit} stays within {show.percent(STEADY)}"
    verb, fold = ("rises", one.rise) if one.rise > 1 else ("falls", 1 / one.rise)
    return f"time per {unit} {verb} {show.number(fold)}-fold"


# what prevents a judgement


@brief.register
def _(one: obstacles.NoRows) -> str:
    return one.why or words(one)


@brief.register
def _(one: obstacles.FewPoints) -> str:
    if one.below_floor:
        return "the calls were too short to be timed: do more in one call"
    return f"measured at {show.number(one.n_points)} points; {one.needed} are needed"


@brief.register
def _(one: obstacles.FewClaimedPoints) -> str:
    return f"{one.measured} of {one.claimed} claimed points were measured; {one.needed} are needed"


@brief.register
def _(one: obstacles.UnusableData) -> str:
    return f"the samples of {one.subject} cannot be used"


@brief.register
def _(one: obstacles.Confounded) -> str:
    terms = show.terms(one.terms) if one.factor is None else f"terms with {one.factor}"
    return f"{terms} cannot be distinguished from the others in this design"


@brief.register
def _(one: obstacles.SmallShare) -> str:
    return f"{show.terms(one.terms)} is only {show.percent(one.share)} of the {one.of} there"


@brief.register
def _(one: obstacles.FlatResponse) -> str:
    return f"{substance(one.response)} does not grow with {one.factor} at the levels measured"


@brief.register
def _(one: obstacles.NotZeroAtZero) -> str:
    return f"{show.terms(one.terms)} is not 0 at {one.factor} = 0"


@brief.register
def _(one: obstacles.FewLevels) -> str:
    take = "takes" if len(one.factors) == 1 else "take together"
    return f"{join_names(one.factors)} {take} {one.n_levels} levels; at least {one.needed} would decide"


@brief.register
def _(one: obstacles.LateGrowth) -> str:
    return f"growth with {one.factor} begins at the largest levels only; larger ones would decide"


@brief.register
def _(one: obstacles.NothingLeft) -> str:
    return f"{one.less} takes as long as {' or '.join(one.subjects)}: nothing is left to compare"


@brief.register
def _(one: obstacles.DistantCrossing) -> str:
    level, largest = show.number(one.level), show.number(one.largest)
    return f"the crossing at {one.factor} = {level} is far beyond {largest}, the largest measured"


@brief.register
def _(one: obstacles.NoCrossing) -> str:
    return f"no crossing is found up to {one.factor} = {show.number(one.largest)}"


@brief.register
def _(one: obstacles.PromiseReturned) -> str:
    article = "an" if one.returned[0] in "aeio" else "a"
    return f"the call returns {article} {one.returned}, whose work was not done"


@brief.register
def _(one: obstacles.ChangedInput) -> str:
    kept = set(one.changed.values()) <= {"cache"}
    return "the call remembers its result" if kept else "the call changes its input, so later calls do other work"


@brief.register
def _(one: obstacles.UnseenWork) -> str:
    return f"Python code may do more work than the {one.counted} that were counted"


@brief.register
def _(_one: obstacles.RememberedWork) -> str:
    return "later evaluations find the work of the first one done"
