"""A law as a whole in words: how a response grows, and the cost of an operation."""

from __future__ import annotations

import math
import re

from bptt_bench.analyse.data.response import is_count, substance
from bptt_bench.analyse.findings import growth
from bptt_bench.analyse.fitting.diagnose import describe
from bptt_bench.analyse.growth.margins import verdict_on
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.report.format import law
from bptt_bench.report.words.findings.clauses import limits_text, span, sum_of, words
from bptt_bench.text.numbers import amount_in_sentence, exact, in_percent, number
from bptt_bench.text.units import BYTE
from bptt_bench.text.wording import join_names

MOST_CARRIERS = 2  # functions that are named
EVALUATES, INTERPRETER = "_PyEval_EvalFrameDefault", "the interpreter of Python"
OF_A_PROCESSOR = re.compile(r"^__(\w+?)_(?:avx|sse|evex|erms)\w*(?= \(libc\))")  # one of several functions of a name
FURTHER_LEVEL = re.compile(r"'\d+(?= \()")  # of a function that calls itself
STEADY = 0.25  # relative: a change of the time of an operation that is not worth a number


@words.register
def _(one: growth.LawGrowth) -> str:
    what = f"the {substance(one.response)}" if one.response == SECONDS_PER_EVAL else substance(one.response)
    parts = [_whole_growth(what, one.whole, one.overhead, needs_steps=one.closer is None and not one.outgrown)]
    if len(one.growths) > 1:
        parts.append(", ".join(map(_in_factor, one.growths)))
    if one.outgrown:
        parts.append(f"more at every step, in all {number(one.outgrown)} times as much as the law")
    if one.hidden:
        parts.append(f"{sum_of(one.hidden)} is too small to be judged")
    if one.late and one.whole.limits.judge(one.whole.estimate) != "refuted":
        parts.append(f"at the largest level it has begun to grow with {join_names(one.late)}")
    if one.hiding:
        parts.append(f"{sum_of(one.hiding)} may hide the law at these levels, larger ones would decide")
    if one.closer:
        parts.append(f"{law(one.closer)} fits far better")
    parts += _carried(one)
    if one.rival:
        parts.append(f"{law(one.rival)} may be the law as well")
    if is_count(one.response) and any(each.limits.judge(each.estimate) == "refuted" for each in one.growths):
        parts.append(f"counted up to {describe(one.at)}")  # often less than what is timed
    others = [law(other) for other in one.also_fit if other not in (one.closer, one.rival)]
    if others:
        parts.append(f"{join_names(others)} also fit{'s' if len(others) == 1 else ''}")
    return "; ".join(parts)


def _carried(one: growth.LawGrowth) -> list[str]:
    """Return which functions grow with a logarithm, or more than the law, if that is known."""
    if not one.carriers:
        return []
    names = list(dict.fromkeys(map(function, one.carriers)))
    others = len(names) - MOST_CARRIERS
    named = join_names([*names[:MOST_CARRIERS], *([f"{others} more"] if others > 0 else [])])
    verb = "grows" if len(names) == 1 else "grow"
    how = "more than the law" if one.carry == "excess" else "with a logarithm"
    return [f"{named} {verb} {how}, {in_percent(one.carried, 0)} of the instructions"]


def function(name: str) -> str:
    """Return how a function of compiled code is named in a sentence.

    >>> function("merge_at'2 (libpython3.11)"), function("__memcpy_avx_unaligned_erms (libc)")
    ('merge_at (libpython3.11)', 'memcpy (libc)')
    >>> function("_PyEval_EvalFrameDefault (libpython3.11)")
    'the interpreter of Python'
    """
    plain = OF_A_PROCESSOR.sub(r"\1", FURTHER_LEVEL.sub("", name))
    return INTERPRETER if plain.startswith(f"{EVALUATES} (") else plain


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
    is_clear = verdict_on(one) == "supported"
    estimate = number(one.estimate.estimate) if is_clear else span(one.estimate)
    return f"with {name} by {estimate} (the law by {number(one.predicted)}){_outside(one)}"


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
    if one.why:
        return f"judged by time alone: the work could not be counted: {one.why}"
    return "judged by time alone" + (": counting instructions may decide" if one.is_open else "")


@words.register
def _(_one: growth.TooFewCounts) -> str:
    return "the work could be counted at too few points for a law"


@words.register
def _(_one: growth.OperationsAlone) -> str:
    return "judged by counted operations alone, which do not hold the work of compiled code beside NumPy"


@words.register
def _(one: growth.TimeOtherwise) -> str:
    grows = _whole_growth("the time", one.time)
    return f"but {grows}: caches, or compiled code whose operations are not counted, may take it"


@words.register
def _(one: growth.OpenWork) -> str:
    counted = substance(one.work.response)
    why = f"{counted} at small levels do not refute so steep a law" if one.is_steep else f"{counted} leave it open"
    return f"judged by time, because {why}: {words(one.work)}"


@words.register
def _(one: growth.WithinMarginOfTime) -> str:
    return f"within {one.margin:g} of an exponent, the margin of a time; they do not decide within {one.work_margin:g}"


@words.register
def _(one: growth.OperationCost) -> str:
    unit = one.counted.removesuffix("s")
    span_of = f"from {describe(one.smallest)} to {describe(one.largest)}"
    others = "".join(f"; {words(each)}" for each in one.special if each != one.cause)
    if abs(math.log(one.rise)) < math.log1p(STEADY):
        return f"time per {unit} stays within {in_percent(STEADY, 0)} {span_of}{others}"
    verb, fold = ("rises", one.rise) if one.rise > 1 else ("falls", 1 / one.rise)
    why = f"; {words(one.cause)}" if one.cause else ""
    if isinstance(one.cause, growth.SpecialLevels):
        why += f", and {describe(one.largest)} is one more"
    return f"time per {unit} {verb} {number(fold)}-fold {span_of}{why}{others}"


@words.register
def _(one: growth.SpecialLevels) -> str:
    kind = ", powers of two," if one.is_power_of_two else ""
    levels = join_names(list(map(exact, one.levels)))
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
