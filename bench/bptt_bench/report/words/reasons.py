"""Findings in words: the one place where what the analysis found becomes sentences, for all outputs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import singledispatch

from bptt_bench.analyse.data.response import SCRATCH, is_count, meaning, no_noise, substance
from bptt_bench.analyse.findings import estimates, fits, growth, obstacles, remarks
from bptt_bench.analyse.findings.limits import Limits
from bptt_bench.analyse.findings.reason import Finding, Kind, Reason, Width
from bptt_bench.analyse.fitting.diagnose import describe
from bptt_bench.analyse.fitting.hosts import Disagreement, Host
from bptt_bench.analyse.growth.margins import verdict_on
from bptt_bench.analyse.stats.estimate import RESOLUTION, Interval
from bptt_bench.plan.experiment.deferred import REMEDIES
from bptt_bench.plan.experiment.subject import INSTRUCTIONS
from bptt_bench.plan.law.wording import join_names
from bptt_bench.report.format import WHOLE, law, response, term
from bptt_bench.report.format import terms as terms_in_print
from bptt_bench.store.importers.reading.text import printable
from bptt_bench.text.numbers import amount_in_sentence, span_in_sentence
from bptt_bench.text.units import BYTE

MOST_DIGITS_BEFORE_EXPONENT = 1e5
MOST_POINTS = 3  # that are named, of one subject
STEADY = 0.25  # relative: a change of the time of an operation that is not worth a number
SIGNS = {"tight": "±", "upper": "+", "lower": "-"}  # of what a bound allows
RECORDS: Mapping[obstacles.Record, str] = {
    "blocks": "the samples have no blocks to pair them by",
    "check": "the check was not run",
    "cases": "the check tried no case",
    "compared results": "no result was compared",
    "peak memory": "the system of this run does not report the peak of a process",
    "machine peaks": "the run read no peaks of the machine",
}
PEAKS = {"operations": "GFLOP/s of matrix products", "bytes": "GB/s of memory"}


def text_of(reason: Reason) -> str:
    """Return a reason as one sentence; that of an inconclusive verdict begins with its kind."""
    return sentence(clause_of(reason))


def text_beside_regimes(reason: Reason) -> str:
    """Return the same for a page that has a table of cache regimes: these are not said again."""
    kept = tuple(one for one in reason.remarks if not isinstance(one, remarks.CacheRegime))
    return text_of(dataclasses.replace(reason, remarks=kept))


def clause_of(reason: Reason) -> str:
    """Return the same without a full stop."""
    return "; ".join(clauses_of(reason))


def clauses_of(reason: Reason) -> list[str]:
    """Return its clauses: the finding, why the interval is wide, and each remark."""
    decided = reason.kind in (Kind.WITHIN, Kind.OUTSIDE)
    first = ("" if decided else f"{reason.kind}: ") + words(reason.finding)
    return [first, *filter(None, map(words, ((reason.width,) if reason.width else ()) + reason.remarks))]


def sentence(text: str) -> str:
    """Return the text with a full stop."""
    return text if text.endswith(".") else text + "."


@singledispatch
def words(finding: Finding) -> str:
    """Return a finding as a clause, without a full stop.

    Raises
    ------
    NotImplementedError : a kind of finding that has no words.
    """
    raise NotImplementedError(f"{type(finding).__name__} has no words")


def number(value: float) -> str:
    """Return a number short enough for a sentence: three significant digits, no exponent for plain sizes.

    >>> number(1.0234), number(25600.0), number(3e-7), number(math.inf)
    ('1.02', '25600', '3.00e-07', 'inf')
    """
    if value == 0 or 1e-3 <= abs(value) < MOST_DIGITS_BEFORE_EXPONENT:
        digits = max(2 - math.floor(math.log10(abs(value))), 0) if value else 0
        return f"{value:.{min(digits, 3)}f}"
    return f"{value:.2e}"


def span(interval: Interval) -> str:
    """Return an estimate with its interval in a sentence.

    >>> span(Interval(1.03, 1.0, 1.06))
    '1.03 (1.00 to 1.06)'
    """
    return f"{number(interval.estimate)} ({number(interval.low)} to {number(interval.high)})"


def span_percent(interval: Interval) -> str:
    """Return a share with its interval in a sentence."""
    return f"{interval.estimate:.1%} ({interval.low:.1%} to {interval.high:.1%})"


def limits_text(limits: Limits) -> str:
    """Return limits as a sentence states them.

    >>> limits_text(Limits(low=0.5, high=1.5)), limits_text(Limits(low=0.0, high=2.0))
    ('0.500 to 1.50', 'at most 2.00')
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


# estimates


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
    level = f"{one.factor}={number(one.level)}, where {number(one.predicted)} was predicted"
    return f"{sum_of(one.rising)} {state} {sum_of(one.falling)} at {level}"


@words.register
def _(one: estimates.RatioEstimate) -> str:
    return (
        f"at {describe(one.at)}, the worst of {one.n_points} points, the ratio is {span(one.estimate)} against "
        f"{number(one.predicted)} predicted ({one.deviation:+.1%}, allowed {SIGNS[one.bound]}{one.margin:.0%}); "
        f"median deviation {one.median_deviation:.1%}"
    )


@words.register
def _(one: estimates.AmountEstimate) -> str:
    return (
        f"at {describe(one.at)}, the worst of {one.n_points} points, the {meaning(one.response)} is "
        f"{span_in_sentence(*one.estimate, one.unit)} against {amount_in_sentence(one.stated, one.unit)} stated "
        f"({one.deviation:+.1%}, allowed {SIGNS[one.bound]}{one.margin:.0%})"
    )


@words.register
def _(one: estimates.ShareEstimate) -> str:
    beyond = f" (beyond the measured levels of {', '.join(one.beyond)})" if one.beyond else ""
    claimed = f"{'at least' if one.bound == 'lower' else 'at most'} {one.claimed:.0%}"
    where = f"{describe(one.at)}{beyond}"
    fitted = f"terms with {one.factor} take {span_percent(one.estimate)} of the time at {where}, claimed {claimed}"
    if one.phase_share is None:
        return fitted
    phases = f"phase{'s' if len(one.phases) > 1 else ''} {join_names(one.phases)}"
    counted = "" if one.multiply_adds is None else f", with {one.multiply_adds:.2%} of the multiply-adds"
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
        f"claimed at least {one.at_least:.0%}"
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
    return f"no processor was free for {one.share:.0%} of the time at {describe(one.at)}"


@words.register
def _(one: estimates.PlaceboDeviation) -> str:
    if one.at_half_of_points:
        return f"the placebo differs by {one.deviation:.0%} or more at half its points"
    return f"the placebo differs from its subject by {one.deviation:+.0%}"


# a law as a whole


@words.register
def _(one: growth.LawGrowth) -> str:
    what = f"the {substance(one.response)}" if one.response == WHOLE else substance(one.response)
    parts = [_whole_growth(what, one.whole, one.overhead, needs_steps=one.closer is None)]
    if len(one.growths) > 1:
        parts.append(", ".join(map(_in_factor, one.growths)))
    if one.hidden:
        parts.append(f"{sum_of(one.hidden)} is too small to be judged")
    if one.late and one.whole.limits.judge(one.whole.estimate) != "refuted":
        parts.append(f"at the largest level it has begun to grow with {join_names(one.late)}")
    if one.hiding:
        parts.append(f"{sum_of(one.hiding)} may hide the law at these levels, larger ones would decide")
    if one.closer:
        parts.append(f"{law(one.closer)} fits far better")
    if one.rival:
        parts.append(f"{law(one.rival)} may be the law as well")
    others = [law(other) for other in one.also_fit if other not in (one.closer, one.rival)]
    if others:
        parts.append(f"{join_names(others)} also fit{'s' if len(others) == 1 else ''}")
    return "; ".join(parts)


def _whole_growth(
    what: str, whole: growth.FactorGrowth, overhead: tuple[str, ...] = (), *, needs_steps: bool = True
) -> str:
    plural, outside = what.endswith("s"), _outside(whole, needs_steps=needs_steps)
    names = join_names(whole.factors) + (" together" if len(whole.factors) > 1 else "")
    estimate, predicted = span(whole.estimate), number(whole.predicted)
    if whole.per_step:
        return f"each step of {names} multiplies {what} by {estimate}, by the law by {predicted}{outside}"
    stated = f"the law with {sum_of(overhead)} beside it" if overhead else "the law"
    said = f"{what} grow{'' if plural else 's'} with {names} by an exponent of {estimate}, {stated} by {predicted}"
    return said + outside


def _in_factor(one: growth.FactorGrowth) -> str:
    (name,) = one.factors
    return f"with {name} by {number(one.estimate.estimate)} (the law by {number(one.predicted)}){_outside(one)}"


def _outside(one: growth.FactorGrowth, *, needs_steps: bool = True) -> str:
    if one.limits.judge(one.estimate) != "refuted":
        return ""
    is_open = needs_steps and not one.per_step and verdict_on(one) == "inconclusive"
    steps = f"{one.n_steps} step{'s' * (one.n_steps != 1)} between levels"
    few = f", but {steps} are too few to refute it" if is_open else ""
    return f", outside the allowed {limits_text(one.limits)}{few}"


@words.register
def _(one: growth.WorkAndTime) -> str:
    parts = [words(one.work), *([words(one.cost)] if one.cost else []), *([words(one.time)] if one.time else [])]
    return "; ".join(parts)


@words.register
def _(one: growth.TimeAlone) -> str:
    return "judged by time alone" + (": counting instructions may decide" if one.is_open else "")


@words.register
def _(_one: growth.OperationsAlone) -> str:
    return "judged by counted operations alone, which do not hold the work of compiled code beside NumPy"


@words.register
def _(one: growth.TimeOtherwise) -> str:
    grows = _whole_growth("the time", one.time)
    return f"but {grows}: caches, or compiled code whose operations are not counted, may take it"


@words.register
def _(one: growth.OpenWork) -> str:
    return f"judged by time, because {substance(one.work.response)} leave it open: {words(one.work)}"


@words.register
def _(one: growth.OperationCost) -> str:
    unit = one.counted.removesuffix("s")
    span_of = f"from {describe(one.smallest)} to {describe(one.largest)}"
    others = "".join(f"; {words(each)}" for each in one.special if each != one.cause)
    if abs(math.log(one.rise)) < math.log1p(STEADY):
        return f"time per {unit} stays within {STEADY:.0%} {span_of}{others}"
    verb, fold = ("rises", one.rise) if one.rise > 1 else ("falls", 1 / one.rise)
    why = f"; {words(one.cause)}" if one.cause else ""
    if isinstance(one.cause, growth.SpecialLevels):
        why += f", and {describe(one.largest)} is one more"
    return f"time per {unit} {verb} {number(fold)}-fold {span_of}{why}{others}"


@words.register
def _(one: growth.SpecialLevels) -> str:
    kind = ", powers of two," if one.is_power_of_two else ""
    levels = join_names([f"{level:g}" for level in one.levels])
    most = "up to " if len(one.levels) > 1 else ""
    return f"at {one.factor} = {levels}{kind} it is {most}{number(one.times)} times that of the levels beside"


@words.register
def _(one: growth.OutgrownCache) -> str:
    cache = f"the {one.cache} cache ({amount_in_sentence(one.cache_bytes, BYTE)})"
    inputs = "the inputs, those that take turns together,"
    return f"most of it from {describe(one.first_beyond)} on, where {inputs} are larger than {cache}"


@words.register
def _(_: growth.LearntInput) -> str:
    return "the processor may have learnt the branches of the single input where it is small"


# what prevents a judgement


@words.register
def _(one: obstacles.NoNeighbours) -> str:
    return f"{one.subject} was measured at {_count(one.n_points, 'point')}, no two of which differ in one factor alone"


@words.register
def _(one: obstacles.NotRecorded) -> str:
    return RECORDS[one.record]


@words.register
def _(one: obstacles.NoLaw) -> str:
    return one.subject + (": no memory_law was given" if one.response == SCRATCH else f" has no law for {one.response}")


@words.register
def _(one: obstacles.NoRoofline) -> str:
    return f"{one.subject} declares no roofline"


@words.register
def _(one: obstacles.NoRows) -> str:
    if one.why:
        return f"{one.subject}: {one.why}"
    return f"{one.subject} has no rows with {one.response}"


@words.register
def _(one: obstacles.NotMeasured) -> str:
    return f"{one.subject} was not measured" + ("" if one.at is None else f" at {describe(one.at)}")


@words.register
def _(one: obstacles.NotComparable) -> str:
    return f"{one.subject} and none of {', '.join(one.over)} were measured together"


@words.register
def _(one: obstacles.UnusableData) -> str:
    return f"{one.subject}, {one.error}"


@words.register
def _(one: obstacles.FewPoints) -> str:
    points = f"{_count(one.n_points, 'point')} for {_count(one.n_terms, 'term')}"
    if one.below_floor:
        return (
            f"{one.subject} has {points}, {one.needed} are needed; {one.below_floor} samples were too short to be "
            f"told from an empty call: do more in one call, such as {MORE_IN_ONE_CALL}"
        )
    of = "" if one.response == WHOLE else f" of {response(one.response)}"
    return f"{one.subject} was measured at {points}{of}; {one.needed} are needed"


@words.register
def _(one: obstacles.FewClaimedPoints) -> str:
    measured = f"{one.measured} of the {one.claimed} claimed points were measured"
    return f"{measured}{' for all subjects' if one.for_all_subjects else ''}; {one.needed} are needed"


@words.register
def _(one: obstacles.FewBlocks) -> str:
    return f"{_count(one.n_blocks, 'block')}; at least {one.needed} are needed to know the noise"


@words.register
def _(one: obstacles.Confounded) -> str:
    terms = sum_of(one.terms) if one.factor is None else f"terms with {one.factor}"
    others = join_names(list(map(term, one.others))) if one.others else "the other terms"
    advice = f"; points that change {one.separated_by} alone would decide" if one.separated_by else ""
    return f"{terms} cannot be distinguished from {others} in this design{advice}"


@words.register
def _(one: obstacles.AbsentFactor) -> str:
    return f"terms with {one.factor} do not occur in the law"


@words.register
def _(one: obstacles.DecidingPoint) -> str:
    if one.at is None:
        return "no point near the design would decide"
    share = "" if one.share is None else f", where it is {one.share:.1%},"
    return f"{describe(one.at)}{share} would decide"


@words.register
def _(one: obstacles.FlatResponse) -> str:
    levels = f"over {one.factor} from {one.lowest:g} to {one.highest:g}"
    return f"{levels} the {substance(one.response)} does not grow with it: its exponent is {span(one.exponent)}"


@words.register
def _(one: obstacles.SmallShare) -> str:
    advice = "" if one.advice is None else f"; {words(one.advice)}"
    return f"{sum_of(one.terms)} is {one.share:.1%} of the {one.of} at {describe(one.at)}{advice}"


@words.register
def _(one: obstacles.MinorTerms) -> str:
    return f"less than {one.least:.0%} at every point, all of them together"


@words.register
def _(one: obstacles.NoSharedVisits) -> str:
    if one.subject is None:
        return "the runs have no point in common"
    return f"no visit of {one.subject} was made in both runs in the same turn"


@words.register
def _(one: obstacles.UnexplainedDifference) -> str:
    return f"no costs of the terms explain how the times of {one.subject} differ at {one.n_points} points"


@words.register
def _(one: obstacles.ZeroCoefficient) -> str:
    return f"{sum_of(one.terms)} is fitted with a coefficient of 0"


@words.register
def _(one: obstacles.NotZeroAtZero) -> str:
    return f"{sum_of(one.terms)} is not 0 at {one.factor}=0, and no power of {one.factor} explains that"


@words.register
def _(one: obstacles.FewLevels) -> str:
    take = "takes" if len(one.factors) == 1 else "take together"
    levels = _count(one.n_levels, "level")
    return f"{join_names(one.factors)} {take} {levels}; at least {one.needed} would decide"


@words.register
def _(one: obstacles.FewPointsForParameters) -> str:
    return f"{one.n_points} points for {one.n_parameters} parameters; {one.n_parameters + 1} would decide"


@words.register
def _(one: obstacles.ExponentOutOfRange) -> str:
    return f"no exponent within {one.range:g} of the law's fits best"


@words.register
def _(one: obstacles.LateGrowth) -> str:
    over_all = f"over all levels the exponent of {one.factor} is {number(one.exponent)}"
    there = f"at {describe(one.at)} a part linear in {one.factor} makes it {span(one.there)}"
    return f"{over_all}, but {there}; larger levels would decide"


@words.register
def _(one: obstacles.NothingLeft) -> str:
    return f"{one.less} takes as long as {' or '.join(one.subjects)} at {describe(one.at)}"


@words.register
def _(one: obstacles.UndefinedRatio) -> str:
    return f"the claimed ratio is {one.value:g} at {describe(one.at)}"


@words.register
def _(one: obstacles.DistantCrossing) -> str:
    largest = f"{one.factor}={one.largest:g}, the largest measured"
    return f"the crossing at {one.factor}={number(one.level)} is far beyond {largest}"


@words.register
def _(one: obstacles.NoCrossing) -> str:
    overtakes = f"{sum_of(one.rising)} overtakes {sum_of(one.falling)}"
    return f"no level is found at which {overtakes}, up to {one.factor}={one.largest:g} measured"


@words.register
def _(one: obstacles.SingleMeasurement) -> str:
    once = "are counted" if is_count(one.response) else "is measured"
    return f"{substance(one.response)} {once} once at each point: {no_noise(one.response)}"


@words.register
def _(one: obstacles.InfiniteInterval) -> str:
    return "no finite interval" if one.claim_kind is None else f"claims of kind {one.claim_kind!r} have no interval"


@words.register
def _(one: obstacles.PrecisionLimit) -> str:
    known = f"{one.figure} is known to ±{one.half_width:.3g}"
    return f"{known}, and no time would narrow that below ±{one.attainable:.3g}: the rest is how points scatter"


@words.register
def _(one: obstacles.PromiseReturned) -> str:
    article = "an" if one.returned[0] in "aeio" else "a"
    return f"the call returns {article} {one.returned}, and {REMEDIES.get(one.returned, 'its result is not used')}"


@words.register
def _(one: obstacles.ChangedInput) -> str:
    names = join_names([f"`{name}` ({kind})" for name, kind in one.changed.items()])
    at = describe(one.at)
    if one.factor < 1:
        slower = f"it takes {number(1 / one.factor)} times as long at {at}"
        return (
            f"the call changes its input {names}; as many evaluations leave it, {slower}; work on a copy, {OR_CONSUME}"
        )
    slower = f"it takes {number(one.factor)} times as long at {at}"
    if set(one.changed.values()) <= {"cache"}:
        return f"the call remembers its result in {names}; without that {slower}"
    return f"the call changes its input {names}; with that restored {slower}; work on a copy, {OR_CONSUME}"


@words.register
def _(one: obstacles.UnseenWork) -> str:
    return (
        f"beside {number(one.count)} {one.counted} that were counted at {describe(one.at)}, Python code may take up to "
        f"{number(one.steps)} steps that no counter sees: what was counted may be the lesser part of the work; count "
        "instructions, or state a tally"
    )


@words.register
def _(one: obstacles.RememberedWork) -> str:
    return (
        f"the first evaluation took {number(one.factor)} times as long as later ones at {describe(one.at)}; "
        "these find its work done: let each call do it, or do it in prepare"
    )


# fits

MORE_IN_ONE_CALL = "`return lambda: [key in members for key in keys]`"
OR_CONSUME = "or state consumes=True"
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
    if one.samples == "exact" and one.exceeded is None:
        return f"{one.between:.1%} between points, each counted once, because {no_noise(one.response)}"
    against = "" if one.within is None else f"{one.between:.1%} between points against {one.within:.1%} within"
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
        unseen = f"a misfit below {one.unseen:.1%} would not be seen"
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
    return f"{against}, where a misfit of {one.unseen:.0%} would not be seen; more samples a point would decide"


@words.register
def _(one: fits.ZeroPossible) -> str:
    unit = f" {one.unit.symbol}" if one.unit is not None and one.unit.base else ""
    interval = f"{one.coefficient:.3g}{unit}, with an interval from 0 to {one.high:.3g}{unit}"
    return f"{term(one.term)} may be 0: its coefficient is {interval}"


@words.register
def _(one: fits.MostlyOverhead) -> str:
    overhead = f"the overhead {sum_of(one.overhead)} {1 - one.share:.0%}"
    return f"the law's own terms explain {one.share:.0%} of the {one.of} at the largest point, {overhead}"


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
    return f"{one.share:.0%} of the samples lie far above the rest: the figures describe the faster ones alone"


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


def _off_text(one: fits.NoLawFits | fits.PointsOff) -> str:
    return f"by more than their noise explains, most at {describe(one.at)} ({off_in_words(one.off)})"


def off_in_words(off: float) -> str:
    """Return how far a point lies off, relative to the law.

    >>> off_in_words(0.234), off_in_words(-0.05), off_in_words(4.0)
    ('23% above', '5.0% below', '5.00 times as much')
    """
    if off >= 1:
        return f"{number(off + 1)} times as much"
    size = f"{abs(off):.0%}" if abs(off) >= 0.1 else f"{abs(off):.1%}"
    return f"{size} {'above' if off >= 0 else 'below'}"


@words.register
def _(one: fits.SlowerOperations) -> str:
    what = "an operation" if one.counted != INSTRUCTIONS else "an instruction"
    return f"{what} takes {number(one.times)} times as long at {describe(one.at)} as at {describe(one.than)}"


@words.register
def _(one: fits.Falls) -> str:
    low, high = (describe({one.factor: level}) for level in one.between)
    part = f"{one.ratio:.0%}" if one.ratio >= 0.1 else f"1/{1 / one.ratio:.3g}"
    power = f"{one.factor} to the power {one.exponent:.2f} ({one.low:.2f} to {one.high:.2f})"
    return f"it falls as {one.factor} grows, to {part} from {low} to {high}: about as {power}"


@words.register
def _(one: fits.OverheadOnly) -> str:
    return f"both laws fit by their overhead alone, {join_names([sum_of(terms) for terms in one.overheads])}"


def hosts_text(hosts: Sequence[Host]) -> str:
    """Return the speeds of several hosts and whether they disagree about the shape; empty for one.

    >>> hosts_text([Host(name="a", n_samples=9, slowness=Interval(1, 1, 1)),
    ...             Host(name="b", n_samples=6, slowness=Interval(1.308, 1.28, 1.341))])
    'host b is 1.31 times as slow [1.28, 1.34] as host a; they agree about the shape'
    """
    if len(hosts) < 2:
        return ""
    speeds = [_speed(one, hosts[0].name) for one in hosts[1:]]
    about = [f"{_disagreement(found)} on {one.name}" for one in hosts for found in one.disagreements]
    agree = f"hosts disagree about the shape: {', '.join(about)}" if about else "they agree about the shape"
    return "; ".join([*speeds, agree])


def _speed(host: Host, reference: str) -> str:
    if host.slowness is None:
        return f"host {host.name} shares no point with the others, so its speed is not known"
    times, low, high = host.slowness
    return f"host {host.name} is {times:.2f} times as slow [{low:.2f}, {high:.2f}] as host {reference}"


def _disagreement(one: Disagreement) -> str:
    times, low, high = one.ratio
    interval = f"{times:.2f} times as much [{low:.2f}, {high:.2f}]"
    if one.growth is not None:
        return f"time grows {interval} with {one.growth}"
    terms = sum_of(one.terms) + (" together" if len(one.terms) > 1 else "")
    return f"{terms} costs {interval} relative to the other terms"


# remarks


@words.register
def _(one: Width) -> str:
    figures = ""
    if one.scatter is not None and one.location_error is not None:
        figures = f"points lie {one.scatter:.1%} off the law, their own error is {one.location_error:.1%}"
    if one.response is not None:
        no_samples = f"because {no_noise(one.response)}: more samples would not help"
        return f"it is the law's misfit that makes it wide, {no_samples}"
    if one.cause == "misfit":
        return f"it is the law's misfit that makes it wide, not noise ({figures}): more samples would not help"
    if one.cause == "noise":
        return f"it is noise that makes it wide ({figures}): more samples would help" if figures else ""
    if one.machine is not None:
        busy = f"the machine was busy during the run ({words(one.machine)})"
        return f"{busy}, which makes it wide: a run on a quiet machine would decide"
    return "without repetitions noise and misfit cannot be distinguished" if one.remedy == "repetitions" else ""


@words.register
def _(one: remarks.PointsOutside) -> str:
    return f"{'below that' if one.is_below else 'outside'} at {one.outside} of {one.n_points} points"


@words.register
def _(one: remarks.MissingPoints) -> str:
    return f"{one.missing} of the claimed points {'was' if one.missing == 1 else 'were'} not measured"


@words.register
def _(one: remarks.AbsentSubjects) -> str:
    named = ", ".join(f"{name} ({reason})" if reason else name for name, reason in one.subjects.items())
    return f"{len(one.subjects)} of {one.n_claimed} did not run: {named}"


@words.register
def _(_one: remarks.SlowPeaks) -> str:
    return "more than all of it: the peaks were read in a slower moment"


@words.register
def _(one: remarks.SelectedPoints) -> str:
    return f"judged on the {one.n_points} of {one.of} points in the same cache regime"


@words.register
def _(one: remarks.CacheRegime) -> str:
    where = span_in_sentence(*one.threshold, BYTE, digits=2)
    return (
        f"once its working set {term(one.working_set)} has left a cache at about {where}, "
        f"each operation of {term(one.term)} costs up to {one.slowdown:.1f}x as much"
    )


@words.register
def _(one: remarks.UnequalParts) -> str:
    times = max(one.falling_over_rising, 1 / one.falling_over_rising)
    slower, other = (one.falling, one.rising) if one.falling_over_rising > 1 else (one.rising, one.falling)
    return f"at {one.factor}={number(one.level)} {sum_of(slower)} costs {times:.2g} times {sum_of(other)}"


@words.register
def _(_one: remarks.SingleProcess) -> str:
    return "one process alone does not show by how much processes differ"


@words.register
def _(_one: remarks.UnknownMachineSpeed) -> str:
    return "the machine may have run at another speed; measured in turns (--baseline) that is known"


@words.register
def _(one: remarks.RatioRange) -> str:
    return f"between {one.low:.3g} and {one.high:.3g} times the cost"


@words.register
def _(one: remarks.CodeChange) -> str:
    files = "the run does not say with which it began" if one.files is None else ", ".join(one.files)
    return f"measured with two versions of the code: {printable(files)}"


@words.register
def _(one: remarks.LawChange) -> str:
    measured = law(printable(one.measured)) if one.measured else "none"
    judged = law(one.judged) if one.judged else "none"
    return f"{one.subject}: judged by the law {judged}; when it was measured it was {measured}"


@words.register
def _(one: remarks.GrowingInput) -> str:
    grows = f"{one.first} items after the first one, {one.last} after the last, at {describe(one.at)}"
    return f"{one.subject}: the input `{one.name}` is changed by each call ({grows}); work on a copy, {OR_CONSUME}"


@words.register
def _(one: remarks.UnmeasuredPoints) -> str:
    return f"not measured at {points_text(one.points)}"


@words.register
def _(one: remarks.OddLevel) -> str:
    whose = ", which was put in," if one.is_added else ""
    at = describe({one.factor: one.level})
    times = f"{number(one.times)} times as long"
    return f"{one.subject} at {at}{whose} takes {times} as the levels beside it say, in all repetitions"


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
