"""What is known of predictions in words: grades, the reasons for them, and backtests."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bptt_bench.analyse.findings.predictions import (
    FEWEST_GRADED,
    Assessment,
    Backtest,
    FarBelow,
    FarBeyond,
    FoundLaw,
    Grade,
    Misfit,
    NeverVaried,
    OddPoint,
    Ungraded,
    Unseen,
    UnseenTerm,
    Untestable,
    WideInterval,
    Widened,
    WithinStep,
)
from bptt_bench.analyse.findings.reason import Finding
from bptt_bench.analyse.fitting.diagnose import describe
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.text.numbers import number
from bptt_bench.text.wording import join_names

FEW_POINTS = 12  # of which a backtest may leave fewer than a law of several terms needs
MANY_TIMES = 1000.0  # beyond which a change is given no figure
MOST_SIGNS = 2  # of a rejected law that are named; the evidence of the JSON document has all
SMALLEST_EFFECT = 0.01
SAID = "lack of fit, as above"
GRADES = {
    Grade.SOUND: "sound",
    Grade.DOUBTFUL: "doubtful",
    Grade.REJECTED: "extrapolates a law that the {data} reject",
}


def assessment_words(one: Assessment, is_beyond: bool = True) -> str:
    """Return what is known of a prediction; of one within the data no more than what speaks against it."""
    parts = [said] if (said := grade_words(one)) else []
    if is_beyond:
        parts += [*map(words, one.remarks), *([] if one.backtest is None else [words(one.backtest)])]
    return "; ".join(parts)


def grade_words(one: Assessment, data: str = "data", said: Sequence[Finding] = ()) -> str:
    """Return the grade of a prediction with its reasons; empty for one that is sound.

    Parameters
    ----------
    data : what the law is held against; the work may follow a law that the times reject.
    said : findings that the reader has read above.
    """
    if one.grade is Grade.SOUND:
        return ""
    return f"{GRADES[one.grade].format(data=data)}: {'; '.join(reason_lines(one, said))}"


def reason_lines(one: Assessment, said: Sequence[Finding] = ()) -> Iterator[str]:
    """Yield the reasons of a grade, a clause each; a law that is rejected is not also said to be untested."""
    misfits = [reason for reason in one.reasons if isinstance(reason, Misfit)]
    if misfits:
        yield _misfits_words(misfits)
    for reason in one.reasons:
        if isinstance(reason, Backtest):
            missed = f", {_missed(reason)} of them outside their intervals" if _missed(reason) else ""
            off = f"off by {_percent(reason.median)} in the median{missed}"
            yield f"the {reason.n_held} largest measured points were {off}, in a backtest"
        elif not isinstance(reason, Misfit) and not (one.grade is Grade.REJECTED and isinstance(reason, Untestable)):
            yield SAID if reason in said else words(reason)


@words.register
def _(one: Backtest) -> str:
    plain = "" if one.power_law_median is None else f" (a power law: {_percent(one.power_law_median)})"
    ungraded = "" if one.is_graded else f", a grade needs {FEWEST_GRADED} points"
    return (
        f"backtest: the {one.n_held} largest points, up to {one.farther:.2g} times larger, predicted from the others: "
        f"median error {_percent(one.median)}{plain}, intervals held {one.n_held - _missed(one)}{ungraded}"
    )


def _missed(one: Backtest) -> int:
    return round((1 - one.coverage) * one.n_held)


def _misfits_words(misfits: Sequence[Misfit]) -> str:
    """Return the departures from a law in one clause, with the largest effect on the prediction."""
    shown = "; ".join(words(one) for one in misfits[:MOST_SIGNS])
    n_more = len(misfits) - MOST_SIGNS
    more = f"; and {n_more} more sign{'' if n_more == 1 else 's'}" if n_more > 0 else ""
    effects = [one.effect for one in misfits if one.effect is not None]
    largest = max(effects, key=abs, default=0.0)
    change = (
        f"; with what they show, the value would be {_beside_law(largest)}" if abs(largest) > SMALLEST_EFFECT else ""
    )
    return f"{shown}{more}{change}"


def _change(effect: float) -> str:
    """Return a change of a value in words.

    >>> _change(math.log(1.4)), _change(math.log(0.5)), _change(math.log(30))
    ('40 % larger', '50 % smaller', '30 times as large')
    """
    ratio = math.exp(min(effect, 700.0))
    if ratio >= MANY_TIMES:
        return f"more than {MANY_TIMES:.0f} times as large"
    if ratio >= 3:
        return f"{number(ratio)} times as large"
    return f"{abs(ratio - 1):.0%} {'larger' if ratio > 1 else 'smaller'}".replace("%", " %")


def _beside_law(effect: float) -> str:
    """Return a value that is not that of the law alone beside it.

    >>> _beside_law(math.log(1.4)), _beside_law(math.log(30))
    ('40 % larger than by the law alone', '30 times as large as by the law alone')
    """
    change = _change(effect)
    return f"{change} {'as' if change.endswith('as large') else 'than'} by the law alone"


def _percent(log_error: float) -> str:
    """Return the size of an error of a logarithm as a percentage."""
    value = 100 * math.expm1(min(log_error, 50.0))
    return f"{number(value) if value < 10 else f'{value:.0f}'} %"


@words.register
def _(one: Misfit) -> str:
    p_value = f" (p = {one.p_value:.2g})"
    along = f"along {join_names(one.along)}" if one.along else "along the fitted value"
    if one.kind == "exponent":
        change = 0.0 if one.change is None else one.change
        side = "higher" if change > 0 else "lower"
        return f"the power of {one.along[0]} is {abs(change):.2g} {side} than the law's{p_value}"
    if one.kind == "term":
        share = 0.0 if one.change is None else 100 * one.change
        return f"{_term_with(one.along[0], one.powers)} is {share:.2g} % at its largest level{p_value}"
    if one.kind == "interaction":
        return f"residuals follow the product of {join_names(one.along)}{p_value}"
    if one.kind == "runs":
        return f"neighbours in size lie on one side of the law{p_value}"
    if one.kind == "power law":
        return "a product of powers of the factors fits decisively better"
    return f"residuals {'bend' if one.kind == 'bend' else 'have a trend'} {along}{p_value}"


@words.register
def _(one: Untestable) -> str:
    if one.factor is None:
        return f"the law cannot be tested: {one.n_levels} points; {one.needed} would do"
    return f"the law cannot be tested along {one.factor}, which has {one.n_levels} levels; {one.needed} would do"


@words.register
def _(one: Unseen) -> str:
    return (
        f"the law can hardly be tested here: a power of {one.factor} off by {one.change:.2g} would not be seen, "
        f"by which the value would be {_change(one.effect)}; more levels of {one.factor} or more samples would show it"
    )


@words.register
def _(one: UnseenTerm) -> str:
    most = f"{'up' if one.share > 0 else 'down'} to {number(100 * one.share, 2)} %"
    term = f"{_term_with(one.factor, one.powers)}, {most} at its largest level"
    remedy = f"larger {one.factor} or more samples would show it"
    return f"{term}, is not excluded; with it the value would be {_change(one.effect)}, and {remedy}"


def _term_with(factor: str, powers: float) -> str:
    more = "one more power" if powers == 1 else f"{number(powers)} more powers"
    return f"a term with {more} of {factor}"


@words.register
def _(one: FoundLaw) -> str:
    tried = f"tried on {one.n_held} larger points alone" if one.n_held else "not tried on larger points"
    enough = f"about {4 * FEWEST_GRADED} sizes, of which the {FEWEST_GRADED} largest are held out"
    return f"the law was found in these measurements, and {tried}: state a law, or measure {enough}"


@words.register
def _(one: FarBeyond) -> str:
    return f"{one.factor} is {number(one.times)} times as large as anything measured, farther than any backtest reaches"


@words.register
def _(one: FarBelow) -> str:
    return f"{one.factor} is {number(one.times)} times below all that was measured: there something else may cost most"


@words.register
def _(one: WithinStep) -> str:
    low, high = (describe({one.factor: level}) for level in one.between)
    return (
        f"the law changes between {low} and {high}, nothing measured says where, and the value lies between both sides "
        f"of it, which are {number(one.times)} times apart: measure a point in between"
    )


@words.register
def _(one: OddPoint) -> str:
    off = f"{number(max(one.times, 1 / one.times))} times {'above' if one.times > 1 else 'below'}"
    return f"{describe(one.at)} was measured {off} the law, and the other points lie near it: measure it again"


@words.register
def _(one: WideInterval) -> str:
    return f"the interval spans more than a factor of {number(one.times)}, and says next to nothing"


@words.register
def _(one: NeverVaried) -> str:
    names = join_names(one.factors)
    how = "was measured at one level alone" if len(one.factors) == 1 else "never varied apart in the data"
    return f"{names} {how}, and the law's power of {'it' if len(one.factors) == 1 else 'each'} cannot be tested"


@words.register
def _(one: Ungraded) -> str:
    if one.n_points < FEW_POINTS:
        return f"no backtest: {one.n_points} points are too few to hold some out"
    return f"no backtest: the {one.n_points} points do not divide into some larger ones and enough smaller ones"


@words.register
def _(one: Widened) -> str:
    parts = [f"{number(one.factor)} times as wide as the model's"] if one.factor > 1 else []
    parts += [f"wider by {one.drift:.0%} for each factor of e beyond the data"] if one.drift > 0 else []
    return f"intervals are {' and '.join(parts)}, which backtests needed".replace("%", " %")


@words.register
def _(one: Assessment) -> str:
    return assessment_words(one)
