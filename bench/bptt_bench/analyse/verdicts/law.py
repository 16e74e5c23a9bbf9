"""Judging whether a subject follows its law: by its work where that was counted, else by its time alone.

Time is work times the cost of an operation, and a law is about the work. Caches change the cost of an operation by
factors of two to ten within the range that a user measures, and refute true laws of time; they do not change counts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.data.response import is_count, is_exact
from bptt_bench.analyse.evidence.evidence import Evidence, why_not_counted
from bptt_bench.analyse.findings.growth import (
    LawGrowth,
    OpenWork,
    OperationCost,
    OperationsAlone,
    TimeAlone,
    TimeOtherwise,
    TooFewCounts,
    WithinMarginOfTime,
    WorkAndTime,
)
from bptt_bench.analyse.findings.limits import Word
from bptt_bench.analyse.findings.obstacles import NoNeighbours, UnseenWork, UnusableData
from bptt_bench.analyse.findings.reason import Kind, Reason
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.growth.count_records import counts_by_function, find_unseen_work, spread_of_inputs
from bptt_bench.analyse.growth.margins import Margin, verdict_on
from bptt_bench.analyse.growth.operation_cost import MOST_RISE, circumstances_of, find_operation_cost
from bptt_bench.analyse.growth.other_laws import AS_CLOSE, LEAST_OWN_BESIDE_TERMS
from bptt_bench.analyse.growth.question import LEAST_SEEN, Answer, LawQuestion, least_hidden_of_several
from bptt_bench.analyse.growth.refine import refined_answer
from bptt_bench.analyse.growth.slopes import FEWEST_LARGE, LARGE_SHARES, Response
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.verdicts.verdict import KINDS, Verdict, conclude, inconclusive
from bptt_bench.analyse.verdicts.width import width_of
from bptt_bench.plan import CostLaw, LawClaim
from bptt_bench.plan.design.columns import count_column
from bptt_bench.plan.experiment.instructions import lower_order_terms
from bptt_bench.plan.experiment.subject import OPERATIONS

SMALLEST_SHARE = 0.2  # of the response, of a law's own terms at the largest point
SMALLEST_SHARE_OF_COUNTS = 0.3  # of counts, which have many terms of lower order beside them
SMALLEST_HIDDEN = 0.25  # … beside such terms, for a time that grows less not to refute the law
OPERATIONS_COUNT = count_column(OPERATIONS)  # which does not hold what compiled code beside NumPy does
STEEP_LAW = 6.0  # exponent, from which counts refute a law only if they miss it by more than the margin of a time
LARGEST_REACHED = 0.99  # of a level, which is rounded


class Judged(NamedTuple):
    """An answer with the fit whose points it was found at."""

    answer: Answer
    fit: Fit


def judge_law(evidence: Evidence, claim: LawClaim) -> Verdict:
    """Judge a law on the work that was counted, and on the time where none was, or where that does not decide."""
    if is_count(claim.response):
        alone = _judge(evidence, claim, claim.response, claim.work_margin)
        return inconclusive(claim, alone) if isinstance(alone, Reason) else _by_counts(evidence, claim, alone)
    works = [_judge(evidence, claim, response, claim.work_margin) for response in claim.work]
    work = next((one for one in works if isinstance(one, Judged)), None)
    admitted = work.answer.finding.overhead if work is not None and work.answer.word == "supported" else ()
    time = _judge(evidence, claim, claim.response, claim.margin, admitted)
    if work is not None:
        return _by_counts(evidence, claim, work, time if isinstance(time, Judged) else None)
    findings = [one.finding for one in works if isinstance(one, Reason)]
    unseen = [one for one in findings if isinstance(one, UnseenWork)]
    few = [TooFewCounts()] if any(isinstance(one, NoNeighbours | UnusableData) for one in findings) else []
    verdict = inconclusive(claim, time) if isinstance(time, Reason) else _settle(evidence, claim, time)
    return replace(verdict, reason=verdict.reason.remarked(*unseen, *few))


def _by_counts(evidence: Evidence, claim: LawClaim, work: Judged, time: Judged | None = None) -> Verdict:
    """Return the verdict on what was counted, and on the time, if there is one, where the counts leave the law open."""
    near = None if work.answer.word == "supported" else _within_margin_of_time(evidence, claim, work)
    if work.answer.word == "refuted" and near is not None and _is_steep(work):
        work = work._replace(answer=work.answer._replace(word="inconclusive"))
    if work.answer.word != "inconclusive":
        return _settle(evidence, claim, work) if time is None else _by_work(evidence, claim, work, time)
    is_time_wide = time is None or (time.answer.word == "inconclusive" and not _has_obstacle(time))
    if near is not None and is_time_wide and not _has_obstacle(work):
        return _by_near_work(evidence, claim, near)
    return _settle(evidence, claim, work) if time is None else _by_time(evidence, claim, work, time, near)


def _judge(
    evidence: Evidence, claim: LawClaim, response: str, margin: float, admitted: tuple[str, ...] = ()
) -> Judged | Reason:
    """Return the answer of one response, or why it has none.

    Parameters
    ----------
    admitted : terms of lower order that the counts have, with which the time is fitted too.
    """
    fit = evidence.fit_or_reason(claim.subject, response)
    if isinstance(fit, Reason):
        return fit
    unseen = find_unseen_work(evidence.frame, claim.subject, response)
    if unseen is not None:
        return Reason(kind=Kind.NOT_IDENTIFIABLE, finding=unseen)
    exact = is_exact(response)
    whole = _counted(evidence, claim.subject, fit) if exact else _response(fit)
    given = _within_claimed(evidence, claim.subject, whole) if exact else whole
    question = LawQuestion(
        given=given,
        law=fit.law.expanded(),
        name=response,
        bound=claim.bound,
        margin=margin,
        overheads=_overheads(fit, admitted),
        is_made_smaller=exact and _is_made_smaller(evidence, claim.subject, fit),
        is_below=exact and _is_below_claimed(evidence, claim.subject, given),
        least_share=SMALLEST_SHARE_OF_COUNTS if exact else SMALLEST_SHARE,
    )
    answer = _answer_counts(question) if exact else question.answer()
    if answer is not None and exact:
        may_be_refuted = _reaches_claimed(evidence, claim.subject, fit)
        answer = refined_answer(whole, question, answer, may_be_refuted=may_be_refuted)
    if answer is None or all(one.n_steps == 0 for one in answer.finding.growths):
        return Reason(kind=Kind.NO_DATA, finding=NoNeighbours(subject=claim.subject, n_points=fit.n_points))
    return Judged(answer, fit)


def _claimed_levels(evidence: Evidence, subject: str, factors: Iterable[str]) -> dict[str, Array]:
    """Return the levels of each factor at which a subject is measured in some profile; none where that is not known."""
    experiment = evidence.experiment
    if subject not in experiment.subject_names:
        return {}
    cells = [cell for profile in experiment.profiles.values() for cell in profile.cells([subject])]
    return {name: np.array([float(cell.point[name]) for cell in cells]) for name in factors}


def _is_made_smaller(evidence: Evidence, subject: str, fit: Fit) -> bool:
    """Return whether a response was taken at smaller levels than a subject is measured at in some profile."""
    claimed = _claimed_levels(evidence, subject, fit.factors)
    reached = [fit.levels[name] >= levels.max() * LARGEST_REACHED for name, levels in claimed.items()]
    return bool(reached) and not np.logical_and.reduce(reached).any()


def _is_below_claimed(evidence: Evidence, subject: str, given: Response) -> bool:
    """Return whether some points of a response have a level below the least that is claimed of its factor."""
    claimed = _claimed_levels(evidence, subject, given.points)
    return any((given.points[name] < levels.min() * LARGEST_REACHED).any() for name, levels in claimed.items())


def _reaches_claimed(evidence: Evidence, subject: str, fit: Fit) -> bool:
    """Return whether a response was taken at some of the levels that a subject is measured at in some profile."""
    claimed = _claimed_levels(evidence, subject, fit.factors)
    return all(fit.levels[name].max() >= levels.min() * LARGEST_REACHED for name, levels in claimed.items())


def _within_claimed(evidence: Evidence, subject: str, given: Response) -> Response:
    """Return a response within the claimed levels, if there are enough points: smaller ones may be degenerate."""
    kept = np.ones(len(given.values), dtype=bool)
    for name, levels in _claimed_levels(evidence, subject, given.points).items():
        kept &= given.points[name] >= levels.min() * LARGEST_REACHED
    claimed = given.where(kept)
    is_enough = kept.sum() >= FEWEST_LARGE and all(len(np.unique(levels)) > 2 for levels in claimed.points.values())
    return claimed if is_enough else given


def _counted(evidence: Evidence, subject: str, fit: Fit) -> Response:
    """Return counts with their spread over inputs, and with those of functions, where these are stored."""
    given = _response(fit)
    stored = evidence.frame, subject, fit.response, given.points
    return replace(given, spread=spread_of_inputs(*stored), by_function=counts_by_function(*stored))


def _response(fit: Fit) -> Response:
    values = fit.points["measured"].to_numpy().astype(np.float64)
    return Response(points=dict(fit.levels), values=values, is_exact=is_exact(fit.response))


def _answer_counts(question: LawQuestion) -> Answer | None:
    """Return the answer of counts at their largest points, by several ranges of them.

    A step of the counts, such as a table that doubles or numbers that take more digits, bends the growth over one range
    and not over the other. A law is refuted only by all of them.
    """
    ranges = [one for share in LARGE_SHARES if (one := question.given.largest(share)) is not None]
    found = [replace(question, given=one).answer() for one in ranges or [question.given]]
    answers = [one for one in found if one is not None]
    if not ranges and len(question.given.points) > 1:
        answers = [_without_large_counts(one) for one in answers]
    supported = next((one for one in answers if one.word == "supported"), None)
    if supported is not None or not answers:
        return supported
    own = {str(term) for term in question.law.terms}

    def is_against(answer: Answer) -> bool:
        """Return whether a small range leaves a law open that it speaks against: it misses it, or follows another."""
        rival, growths = answer.finding.rival, answer.finding.growths
        is_met = all(one.limits.low <= one.estimate.estimate <= one.limits.high for one in growths)
        speaks_for = is_met if rival is None else own <= set(map(str, CostLaw(rival).terms))  # a law that contains it
        return answer.word == "inconclusive" and not speaks_for

    decided = list(itertools.dropwhile(is_against, answers))
    return next((one for one in decided if one.word == "inconclusive"), (decided or answers)[0])


def _without_large_counts(answer: Answer) -> Answer:
    """Return an answer of counts of which too few are large: a constant may be why they grow less than the law."""
    finding = answer.finding
    refuted = [one for one in (finding.whole, *finding.growths) if one.limits.judge(one.estimate) == "refuted"]
    if answer.word != "refuted" or any(one.estimate.estimate > one.predicted for one in refuted):
        return answer
    return answer._replace(word="inconclusive", finding=replace(finding, hiding=("1",)))


def _overheads(fit: Fit, admitted: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return what may stand beside a law: nothing, a constant, what the subject states, and lower terms of counts."""
    own = {str(term) for term in fit.law.terms}
    stated = tuple(term.term for term in fit.terms if term.role == "overhead")
    lower = ("1", *lower_order_terms(fit.law)) if is_count(fit.response) else ()
    constant = ("1",) if "1" in stated or is_exact(fit.response) else ()
    options = ((), constant, tuple(dict.fromkeys(admitted)), stated, tuple(dict.fromkeys(lower)))
    return tuple(dict.fromkeys(tuple(term for term in option if term not in own) for option in options))


def _settle(evidence: Evidence, claim: LawClaim, judged: Judged) -> Verdict:
    """Return the verdict that rests on one response alone."""
    (word, finding, _), fit = judged
    return _conclude(evidence, claim, word, finding, finding, fit)


def _conclude(
    evidence: Evidence,
    claim: LawClaim,
    word: Word,
    shown: LawGrowth,
    finding: LawGrowth | WorkAndTime,
    fit: Fit,
    *,
    is_alone: bool = True,
) -> Verdict:
    kind = KINDS[word]
    if word == "inconclusive" and (shown.hidden or shown.hiding or shown.rival or shown.late):
        kind = Kind.NOT_IDENTIFIABLE
    width = width_of(fit, evidence) if kind is Kind.IMPRECISE else None
    reason = Reason(kind=kind, finding=finding, width=width)
    if is_alone and isinstance(finding, LawGrowth) and not is_exact(finding.response):
        tried = (why_not_counted(evidence.frame, claim.subject, work) for work in claim.work)
        reason = reason.remarked(TimeAlone(is_open=word == "inconclusive", why=next(filter(None, tried), "")))
    if is_alone and word == "supported" and shown.response == OPERATIONS_COUNT and isinstance(finding, LawGrowth):
        reason = reason.remarked(OperationsAlone())
    return conclude(claim, word, reason, shown.whole.predicted, shown.whole.estimate)


def _by_near_work(evidence: Evidence, claim: LawClaim, near: Judged) -> Verdict:
    """Return the verdict on work that is too wide for its own margin, and supports a law within that of a time."""
    shown = near.answer.finding
    verdict = _conclude(evidence, claim, "supported", shown, shown, near.fit)
    remark = WithinMarginOfTime(margin=claim.margin, work_margin=claim.work_margin)
    return replace(verdict, reason=verdict.reason.remarked(remark))


def _by_time(evidence: Evidence, claim: LawClaim, work: Judged, time: Judged, near: Judged | None) -> Verdict:
    """Return the verdict on the time, where the work does not decide.

    It supports only what the work may follow too, and refutes no law that the work follows within the margin of a time,
    or for growing less where lower terms may hide it.
    """
    word, finding, _ = time.answer
    is_missed = any(verdict_on(one) == "refuted" for one in work.answer.finding.growths)
    left_open = OpenWork(work=work.answer.finding, is_steep=is_missed and _is_steep(work))
    verdict = _conclude(evidence, claim, word, finding, finding, time.fit, is_alone=False)
    verdict = replace(verdict, reason=verdict.reason.remarked(left_open))
    if word == "refuted":
        grows_less = all(
            one.estimate.estimate < one.predicted
            for one in (finding.whole, *finding.growths)
            if one.limits.judge(one.estimate) == "refuted"
        )
        is_held = grows_less and _may_be_hidden(work) and not _may_be_closer(work, finding.closer)
        is_near = near is not None and _is_explained(_operation_cost(evidence, claim, work, time))
        is_decided = not (is_held or is_near)
    else:
        may_be = work.answer.finding.rival is None and (near is not None or _may_follow(work))
        is_decided = word == "inconclusive" or may_be
    if is_decided:
        return verdict
    return verdict.left_open(replace(verdict.reason, kind=Kind.NOT_IDENTIFIABLE))


def _may_follow(work: Judged) -> bool:
    """Return whether the work may follow a law, as it is or beside terms of lower order that hide it."""
    may_be_hidden = bool(work.answer.finding.hiding) and work.answer.finding.closer is None
    return may_be_hidden or all(
        one.limits.low <= one.estimate.estimate <= one.limits.high
        or one.estimate.low <= one.predicted <= one.estimate.high
        for one in work.answer.finding.growths
    )


def _has_obstacle(judged: Judged) -> bool:
    """Return whether something else than the width of its intervals leaves a law open."""
    finding = judged.answer.finding
    return bool(finding.hidden or finding.hiding or finding.late or finding.rival or finding.closer)


def _within_margin_of_time(evidence: Evidence, claim: LawClaim, work: Judged) -> Judged | None:
    """Return the answer of counts that support a law within the margin of a time, as they follow it; None if not."""
    allowed, slopes = Margin(claim.margin, claim.bound), work.answer.slopes
    is_near = all(verdict_on(allowed.growth(*one)) == "supported" for one in slopes.factors.items())
    if not is_near or slopes.share < LEAST_OWN_BESIDE_TERMS:
        return None
    found = _judge(evidence, claim, work.fit.response, claim.margin)
    return found if isinstance(found, Judged) and found.answer.word == "supported" else None


def _is_steep(work: Judged) -> bool:
    """Return whether a law grows so steeply that a factor of lower order is a large part of an exponent.

    2ⁿ grows by an exponent of 8 up to n = 12, and n·2ⁿ by 9.
    """
    return any(abs(one.law) >= STEEP_LAW for one in work.answer.slopes.factors.values())


def _operation_cost(evidence: Evidence, claim: LawClaim, work: Judged, time: Judged) -> OperationCost | None:
    known = circumstances_of(evidence.frame, claim.subject)
    error = time.fit.points["location_error"].to_numpy().astype(np.float64)
    return find_operation_cost(
        _response(time.fit), work.answer.slopes, work.fit.response, known, counts=_response(work.fit), error=error
    )


def _is_explained(cost: OperationCost | None) -> bool:
    """Return whether the time of an operation changes by no more than caches explain."""
    return cost is not None and 1 / MOST_RISE <= cost.rise <= MOST_RISE


def _beside(work: Judged) -> tuple[str, ...]:
    """Return the terms of lower order that hide a law in counts, or that these need beside it."""
    return work.answer.finding.hiding or work.answer.slopes.overhead


def _may_be_hidden(work: Judged) -> bool:
    """Return whether terms of lower order may hide a law that is a good part of the largest count, if it is there."""
    hiding, given = _beside(work), _response(work.fit)
    largest = next(filter(None, map(given.largest, LARGE_SHARES)), given)
    beside = largest.beside_with(work.fit.law.expanded(), hiding) if hiding else None
    if beside is None:
        return False
    least = SMALLEST_HIDDEN
    if len(given.points) > 1:
        least = min(least, max(LEAST_SEEN, least_hidden_of_several(largest, beside)))
    return beside.share >= least


def _may_be_closer(work: Judged, closer: str | None) -> bool:
    """Return whether counts that may hide a law are as close to the law that a time follows far more closely."""
    hiding, given = _beside(work), _response(work.fit)
    if closer is None:
        return False
    law = CostLaw(closer)
    lower = tuple(term for term in hiding if term not in set(map(str, law.terms)))
    for one in filter(None, (given.largest(LARGE_SHARES[0]), given)):
        own = one.beside_with(work.fit.law.expanded(), hiding)
        others = (one.beside_with(law, terms) for terms in {(), lower})
        closest = min((other.deviation for other in others if other is not None), default=math.inf)
        if own is not None and closest <= AS_CLOSE * own.deviation:
            return True
    return False


def _by_work(evidence: Evidence, claim: LawClaim, work: Judged, time: Judged) -> Verdict:
    """Return the verdict on the work, with the cost of an operation; a rise that caches cannot explain refutes it."""
    word = work.answer.word
    cost = _operation_cost(evidence, claim, work, time) if word == "supported" else None
    if word == "supported" and time.answer.word == "refuted" and not _is_explained(cost):
        finding = WorkAndTime(work=work.answer.finding, work_verdict=word, cost=cost, time=time.answer.finding)
        return _conclude(evidence, claim, "refuted", time.answer.finding, finding, time.fit)
    is_shown = claim.bound == "tight"  # the work may be far below a bound, which then says nothing of an operation
    finding = WorkAndTime(work=work.answer.finding, work_verdict=word, cost=cost if is_shown else None)
    verdict = _conclude(evidence, claim, word, work.answer.finding, finding, work.fit)
    if word == "supported" and time.answer.word == "refuted" and work.fit.response == OPERATIONS_COUNT:
        return replace(verdict, reason=verdict.reason.remarked(TimeOtherwise(time=time.answer.finding.whole)))
    return verdict
