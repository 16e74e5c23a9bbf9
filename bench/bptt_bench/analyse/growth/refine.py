"""The answer of counts once more, by whether they have a logarithm and by what functions of compiled code take."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from bptt_bench.analyse.findings.growth import FactorGrowth, LawGrowth
from bptt_bench.analyse.growth.functions import Carriers, find_faster
from bptt_bench.analyse.growth.logarithm import LEAST_SEEN, closer_by_logarithm, find_carriers
from bptt_bench.analyse.growth.margins import Margin, verdict_on
from bptt_bench.analyse.growth.plain import LEAST_STEEPER, outgrowing_law, steeper_functions
from bptt_bench.analyse.growth.question import Answer, LawQuestion
from bptt_bench.analyse.growth.slopes import Response
from bptt_bench.plan import CostLaw
from bptt_bench.plan.experiment.instructions import lower_order_terms


def refined_answer(whole: Response, question: LawQuestion, answer: Answer, *, may_be_refuted: bool) -> Answer:
    """Return the answer of counts, less laws with a logarithm more or fewer than they have.

    Parameters
    ----------
    whole : the counts at all levels, those of functions too, where these are known.
    answer : by the growth of the total.
    may_be_refuted : whether the counts reach the levels that are claimed.
    """
    allowed = Margin(question.margin, question.bound)
    closer = closer_by_logarithm(whole, question.law, allowed)
    if closer is not None and may_be_refuted and _is_followed(question, CostLaw(closer.text)):
        bare = replace(question, overheads=((),)).answer() or answer  # with nothing beside the law, as it shows best
        finding = replace(bare.finding, closer=closer.text, hiding=(), rival=None)
        return Answer("refuted", _carried(finding, closer.carriers, "logarithm"), bare.slopes)
    others = [law for law in answer.finding.also_fit if closer_by_logarithm(whole, CostLaw(law), allowed) is None]
    answer = answer._replace(finding=replace(answer.finding, also_fit=tuple(others)))
    outgrowing = outgrowing_law(question.law, whole) if question.bound != "lower" else None
    if outgrowing is not None:
        finding = replace(answer.finding, closer=outgrowing.text, hiding=(), rival=None, also_fit=())
        answer = answer._replace(word="refuted", finding=finding)
    carriers = find_carriers(whole, question.law) if outgrowing is None else None
    answer = answer if carriers is None else _with_logarithm(question, answer, carriers)
    steeper = steeper_functions(question.law, whole) if question.bound != "lower" else Carriers()
    if answer.word == "supported" and steeper.share > LEAST_STEEPER:
        finding = _carried(answer.finding, steeper, "excess")
        return answer._replace(word="inconclusive", finding=replace(finding, also_fit=()))
    if answer.word == "supported":
        return answer
    excess = {
        name: max(question.margin, (one.estimate.estimate - one.predicted) / 2)
        for one in answer.finding.growths
        if _grows_more(one) or outgrowing is not None
        for name in one.factors
    }
    return answer._replace(finding=_carried(answer.finding, find_faster(whole, question.law, excess), "excess"))


def _is_followed(question: LawQuestion, law: CostLaw) -> bool:
    """Return whether counts grow as a law does, with lower terms beside it or without."""
    found = (replace(question, law=law, overheads=(lower,)).answer() for lower in ((), lower_order_terms(law)))
    growths = [one.finding.growths for one in found if one is not None]
    return any(all(verdict_on(each) != "refuted" for each in some) for some in growths)


def _with_logarithm(question: LawQuestion, answer: Answer, carriers: Carriers) -> Answer:
    """Return the answer to a law whose logarithm is seen in functions: lower terms beside it leave it what it is."""
    if answer.word == "supported" or any(_grows_more(one) for one in answer.finding.growths):
        return answer._replace(finding=_carried(answer.finding, carriers, "logarithm"))
    beside = replace(question, overheads=(lower_order_terms(question.law),), least_share=LEAST_SEEN).answer()
    if beside is None or any(verdict_on(one) != "supported" for one in beside.finding.growths):
        return answer
    finding = replace(beside.finding, closer=None, rival=None, hiding=(), also_fit=answer.finding.also_fit)
    return Answer("supported", _carried(finding, carriers, "logarithm"), beside.slopes)


def _grows_more(one: FactorGrowth) -> bool:
    return one.limits.judge(one.estimate) == "refuted" and one.estimate.estimate > one.predicted


def _carried(finding: LawGrowth, by: Carriers, what: Literal["logarithm", "excess"]) -> LawGrowth:
    return replace(finding, carriers=by.functions, carried=by.share, carry=what) if by.functions else finding
