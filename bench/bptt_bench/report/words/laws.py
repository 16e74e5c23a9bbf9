"""What measurements say of a law that was stated, and the laws that they do not exclude, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from bptt_bench.analyse.data.response import is_count, is_exact, meaning, substance
from bptt_bench.analyse.discover.law_set import DecidingMeasurement, LawSet
from bptt_bench.analyse.findings.fits import FAR_OFF, FarPoint, NoLawFits
from bptt_bench.analyse.fitting.cautions import overhead_caution
from bptt_bench.analyse.predict.assess import is_rejected_beyond
from bptt_bench.analyse.stats.estimate import RESOLUTION
from bptt_bench.report import format as show
from bptt_bench.report.words.findings.clauses import span, words
from bptt_bench.report.words.findings.fits import off_in_words
from bptt_bench.text.wording import join_names

if TYPE_CHECKING:
    from bptt_bench.analyse.evidence.evidence import Evidence
    from bptt_bench.analyse.findings.fits import LackOfFit
    from bptt_bench.analyse.fitting.fitted import Fit

MOST_NAMED = 3  # laws in a sentence
RARE = 0.01  # probability of noise alone, up to which a test rejects a law in a word
MOST_ROWS = 10  # laws in a table


def answer_text(found: LawSet) -> str:
    """Return the answer in a line, such as ``the time grows as n·log(n); 2 other laws fit too``."""
    others = 0 if _fits_none(found) else len(found.candidates) - 1
    more = f"; {others} other law{'s fit' if others > 1 else ' fits'} too" if others else ""
    return best_text(found) + more


def _fits_none(found: LawSet) -> bool:
    return isinstance(_worst(found), NoLawFits)


def _worst(found: LawSet) -> NoLawFits | FarPoint | None:
    return next((one for one in found.doubts if isinstance(one, NoLawFits | FarPoint)), None)


def best_text(found: LawSet) -> str:
    """Return the best law in a line, such as ``the time grows as n·log(n)``, without a word on others."""
    fit = found.fit
    what = f"the {meaning(fit.response) if is_count(fit.response) else substance(fit.response, fit.unit)}"
    law = show.law(found.law.text)
    grows = f"{what} {_verb(found)} as {law}"
    if law == "1":
        grows = f"{what} does not grow with {join_names(list(fit.levels))}"
    turn = next(iter(found.turns), None)
    if turn is not None:
        turns = f"{what} falls up to {show.point({turn.factor: turn.at})}, then rises"
        grows = f"{turns}, as {law}" if found.follows(turn) else turns
    if any(work.law.text == found.law.text for work in found.work):
        grows += ", as its work does" if law != "1" else ", nor does its work"
    worst = _worst(found)
    off = "" if worst is None else f"{show.point(worst.at)} lies off, {off_in_words(worst.off)}"
    if isinstance(worst, NoLawFits):
        if turn is not None:
            return f"{turns}; no law fits all points, nearest {law} ({off})"
        return f"no law fits all points; nearest: {grows} ({off})"
    return f"{grows}, but {off}" if off else grows


def stated_text(fit: Fit) -> str:
    """Return what the data say of a law that was stated, in a line, such as ``the data reject n: it is off by …``."""
    law, lack = show.law(fit.law.text), fit.lack_of_fit
    off = f"off by {show.percent(fit.error.in_sample_mape)} on average and by {show.percent(fit.error.max)} at most"
    caution = overhead_caution(fit)
    if lack.exceeded is not None or (lack.kind == "rejected" and lack.between > FAR_OFF) or is_rejected_beyond(fit):
        return f"the data reject {law}: " + (f"it is {off}" if lack.exceeded is None else words(lack.exceeded))
    if lack.kind == "rejected":
        return _off_text(law, lack, off)
    if caution is not None:
        return f"the data say little of {law}: {words(caution)}"
    if lack.kind == "not_rejected":
        return f"the data agree with {law}: it is {off}"
    if fit.error.max <= RESOLUTION:
        return f"all points lie on {law}, to within rounding"
    return f"{law} is {off}" + ("" if is_exact(fit.response) else "; whether it holds cannot be tested")


def _off_text(law: str, lack: LackOfFit, off: str) -> str:
    """Return what a test says against a law that will do for predictions near the data, as loudly as it is sure."""
    p_value = lack.p_value if lack.trend is None else lack.trend.p_value
    if p_value is not None and p_value > RARE:
        return (
            f"the data speak little against {law} (p = {p_value:.2g}, one good table in {1 / p_value:.0f}): it is {off}"
        )
    little = "too little to matter at twice the largest size"
    return f"points lie off {law} by more than their noise explains, {little}: it is {off}"


def _verb(found: LawSet) -> str:
    """Return what the response does as the factors of the answer grow, at the largest levels."""
    law, fit = found.law, found.fit
    exponents = [fit.law_exponent(name, found.largest) for name in law.factors]
    if any(one > 0 for one in exponents) or not exponents:
        return "grows"
    return "falls" if any(one < 0 for one in exponents) else "changes"


class FoundLaws(NamedTuple):
    """How a subject scales, as a report shows it: the answer, laws with their weights, and what follows.

    ``work`` says the same of what was counted of its evaluations. ``n_laws`` is their number.
    """

    subject: str
    answer: str
    rows: list[tuple[str, str]]
    lines: list[str]
    work: list[str]
    n_laws: int


def found_laws(evidence: Evidence) -> list[FoundLaws]:
    """Return how each subject without a law scales."""
    from bptt_bench.analyse.discover.of_run import find_laws

    return [
        FoundLaws(subject, f"no law can be found: {found}", [], [], [], 0)
        if isinstance(found, str)
        else FoundLaws(
            subject=subject,
            answer=answer_text(found),
            rows=weight_rows(found),
            lines=list(growth_lines(found)),
            work=list(map(work_text, found.work)),
            n_laws=len(found.candidates),
        )
        for subject, found in find_laws(evidence).items()
    ]


def work_text(work: LawSet) -> str:
    """Return the laws of what was counted of each evaluation in a line, such as ``the number of … grows as n²``."""
    others = [show.law(one.law.text) for one in work.candidates if one is not work.answer]
    if not others or _fits_none(work):
        return best_text(work)
    more = len(others) - MOST_NAMED
    named = join_names([*others[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])])
    return f"{best_text(work)}, or as {named}"


def weight_rows(found: LawSet) -> list[tuple[str, str]]:
    """Return the laws with their weights, the likeliest first, and how many more there are."""
    shown = found.candidates[:MOST_ROWS] if len(found.candidates) > MOST_ROWS + 1 else found.candidates
    rows = [(show.law(one.law.text), show.percent(one.weight)) for one in shown]
    rest = found.candidates[len(shown) :]
    return [*rows, *([(f"{len(rest)} more", show.percent(sum(one.weight for one in rest)))] if rest else [])]


def in_one_line(found: LawSet) -> str:
    """Return the answer, and what would decide between the laws, for a list."""
    deciding = "" if found.decides is None else f"; {deciding_text(found.decides)}"
    return "; ".join([*map(work_text, found.work), answer_text(found)]) + deciding


def growth_lines(found: LawSet) -> Iterator[str]:
    """Yield the local exponent in each factor, what would decide between the laws, and what is doubtful."""
    at = found.largest
    for name in found.factors:
        exponent = found.exponent(name, at)
        known = span(exponent) if not math.isclose(exponent.low, exponent.high) else f"{exponent.estimate:.3g}"
        yield f"exponent of {name} at {show.point(at)}, whichever law holds: {known}"
    if found.answer is not found.candidates[0]:
        yield f"{show.law(found.law.text)} is the answer because it is the simplest"
    if found.decides is not None:
        yield deciding_text(found.decides)
    elif len(found.candidates) > 1:
        yield "no single measurement within reach would decide between these laws"
    yield from map(words, found.doubts)


def deciding_text(decides: DecidingMeasurement) -> str:
    """Return what would decide, such as ``n = 200 000 would tell n·log(n) from n¹·¹ (12 s)``."""
    cost = "" if decides.seconds is None else f" ({show.duration(decides.seconds)})"
    return f"{show.point(decides.at)} would tell {distinguished(decides)}{cost}"


def distinguished(decides: DecidingMeasurement) -> str:
    """Return the laws that a measurement would distinguish, such as ``n·log(n) from n¹·¹``."""
    named = [show.law(law) for law in decides.others]
    more = len(named) - MOST_NAMED
    return f"{show.law(decides.this)} from {join_names([*named[:MOST_NAMED], *([f'{more} more'] if more > 0 else [])])}"
