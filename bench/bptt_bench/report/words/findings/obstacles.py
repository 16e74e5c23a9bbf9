"""What prevents a judgement, in words."""

from __future__ import annotations

from collections.abc import Mapping

from bptt_bench.analyse.data.response import is_count, no_noise, substance
from bptt_bench.analyse.findings import obstacles
from bptt_bench.analyse.fitting.diagnose import describe
from bptt_bench.plan.design.columns import SCRATCH, SECONDS_PER_EVAL
from bptt_bench.plan.experiment.deferred import REMEDIES
from bptt_bench.report.format import response, term
from bptt_bench.report.words.findings.clauses import MORE_IN_ONE_CALL, OR_CONSUME, about, counted, span, sum_of, words
from bptt_bench.text.numbers import exact, in_percent, number
from bptt_bench.text.wording import join_names

RECORDS: Mapping[obstacles.Record, str] = {
    "blocks": "the samples have no blocks to pair them by",
    "check": "the check was not run",
    "cases": "the check tried no case",
    "compared results": "no result was compared",
    "peak memory": "the system of this run does not report the peak of a process",
    "machine peaks": "the run read no peaks of the machine",
}


@words.register
def _(one: obstacles.NoNeighbours) -> str:
    return f"{one.subject} was measured at {counted(one.n_points, 'point')}, no two of which differ in one factor alone"


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
    points = f"{counted(one.n_points, 'point')} for {counted(one.n_terms, 'term')}"
    if one.below_floor:
        return (
            f"{one.subject} has {points}, {one.needed} are needed; {one.below_floor} samples were too short to be "
            f"told from an empty call: do more in one call, such as {MORE_IN_ONE_CALL}"
        )
    of = "" if one.response == SECONDS_PER_EVAL else f" of {response(one.response)}"
    return f"{one.subject} was measured at {points}{of}; {one.needed} are needed"


@words.register
def _(one: obstacles.FewClaimedPoints) -> str:
    measured = f"{one.measured} of the {one.claimed} claimed points were measured"
    return f"{measured}{' for all subjects' if one.for_all_subjects else ''}; {one.needed} are needed"


@words.register
def _(one: obstacles.FewBlocks) -> str:
    return f"{counted(one.n_blocks, 'block')}; at least {one.needed} are needed to know the noise"


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
    share = "" if one.share is None else f", where it is {in_percent(one.share)},"
    return f"{describe(one.at)}{share} would decide"


@words.register
def _(one: obstacles.FlatResponse) -> str:
    levels = f"over {one.factor} from {exact(one.lowest)} to {exact(one.highest)}"
    return f"{levels} the {substance(one.response)} does not grow with it: its exponent is {span(one.exponent)}"


@words.register
def _(one: obstacles.SmallShare) -> str:
    advice = "" if one.advice is None else f"; {words(one.advice)}"
    return f"{sum_of(one.terms)} is {in_percent(one.share)} of the {one.of} at {describe(one.at)}{advice}"


@words.register
def _(one: obstacles.MinorTerms) -> str:
    return f"less than {in_percent(one.least, 0)} at every point, all of them together"


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
    levels = counted(one.n_levels, "level")
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
    largest = f"{one.factor}={exact(one.largest)}, the largest measured"
    return f"the crossing at {about(one.factor, one.level)} is far beyond {largest}"


@words.register
def _(one: obstacles.NoCrossing) -> str:
    overtakes = f"{sum_of(one.rising)} overtakes {sum_of(one.falling)}"
    return f"no level is found at which {overtakes}, up to {one.factor}={exact(one.largest)} measured"


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
