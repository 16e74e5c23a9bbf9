"""What a report answers first: does each subject follow its law, how does it grow, what else would fit.

A sentence or two for each subject. Everything behind them (claims, figures, fits) comes after in a report.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from bptt_bench.analyse.data.response import is_exact, meaning
from bptt_bench.analyse.findings.estimates import RatioEstimate
from bptt_bench.analyse.findings.limits import Word
from bptt_bench.plan import LawClaim, Point, RatioClaim
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.report import format as show
from bptt_bench.report.words.content import CHECK, MARKS, claim_of, stated_law
from bptt_bench.report.words.findings.predictions import grade_words
from bptt_bench.report.words.headlines import brief, headline_of
from bptt_bench.report.words.reasons import sentence
from bptt_bench.text.wording import join_names

if TYPE_CHECKING:
    from bptt_bench.analyse.fitting.fitted import Fit
    from bptt_bench.analyse.predict.predictor import Predictor
    from bptt_bench.analyse.verdicts.analysis import Analysis
    from bptt_bench.analyse.verdicts.verdict import Verdict

TIMES_LARGER = 10.0  # than the largest size measured: what a prediction is given for, of a law in one factor
TIMES_LARGER_EACH = 2.0  # in each of several factors
LONGEST_SECONDS = 3e9  # a century: nobody asks what takes longer
DETAIL = "detail"
DOES: Mapping[Word, str] = {
    "supported": "follows",
    "refuted": "does not follow",
    "inconclusive": "may or may not follow",
}
BOUNDS = {"tight": "", "upper": "at most ", "lower": "at least "}
MOST_NAMED = 3  # claims of a subject that are not supported


class SubjectAnswer(NamedTuple):
    """What was found of one subject, or of two beside each other; ``text`` goes on from its name, as one sentence does.

    ``verdict`` is the worst that any of its claims has.
    """

    subject: str
    verdict: Word
    mark: str
    text: str


class RegimeRow(NamedTuple):
    """A threshold of a working set of a subject as text, and what lies beyond it."""

    subject: str
    term: str
    working_set: str
    threshold: str
    slowdown: str


def answers(analysis: Analysis) -> list[SubjectAnswer]:
    """Return what was found, a sentence or two for each subject that was judged, checks last."""
    found = [*_race(analysis), *_ratios(analysis)]
    for subject, verdicts in _by_subject(analysis).items():
        laws = [one for one in verdicts if isinstance(claim_of(analysis, one), LawClaim)]
        text = " ".join(_law(analysis, laws)) if laws else _claims(analysis, subject, verdicts)
        found.append(_answer(subject, verdicts, text))
    return [*found, *_checks(analysis)]


def _answer(subject: str, verdicts: Sequence[Verdict], text: str) -> SubjectAnswer:
    worst = _worst(verdicts)
    return SubjectAnswer(subject, worst, MARKS[worst], text)


def _worst(verdicts: Sequence[Verdict]) -> Word:
    words_of = {one.verdict for one in verdicts}
    if "refuted" in words_of:
        return "refuted"
    return "inconclusive" if "inconclusive" in words_of else "supported"


def _by_subject(analysis: Analysis) -> dict[str, list[Verdict]]:
    """Return the verdicts on cost by subject, without checks, ratios and races, which have answers of their own."""
    raced = set() if analysis.race is None else {analysis.race.subject}
    found: dict[str, list[Verdict]] = {}
    for verdict in analysis.verdicts:
        if verdict.kind in (CHECK, DETAIL, "ratio") or verdict.subject in raced:
            continue
        found.setdefault(verdict.subject, []).append(verdict)
    return found


# --- a law as a whole -------------------------------------------------------------------------------------------------


def _law(analysis: Analysis, laws: Sequence[Verdict]) -> Iterator[str]:
    """Yield whether a subject follows its laws, what else would fit, and what a larger size would take."""
    for place, verdict in enumerate(laws):
        claim = claim_of(analysis, verdict)
        assert isinstance(claim, LawClaim), "the verdicts are on laws"
        stated = stated_law(analysis, claim)
        law = BOUNDS[claim.bound] + ("its law" if stated is None else show.law(stated.text))
        what = "" if claim.response == SECONDS_PER_EVAL else f"its {meaning(claim.response)} "
        who = what if place else what and f"in {what}"
        yield f"{_capital(who) if place else who}{DOES[verdict.verdict]} {law}: {sentence(headline_of(verdict.reason))}"
        if claim.response == SECONDS_PER_EVAL and verdict.subject in analysis.predictors:
            fit = analysis.fits[verdict.subject, claim.response]
            yield from _larger(fit, analysis.predictors[verdict.subject], verdict.verdict)


def _larger(fit: Fit, predictor: Predictor, verdict: Word) -> Iterator[str]:
    """Yield what a larger size would take, as ``predict`` says, and what is wrong with that where something is."""
    if verdict == "refuted":
        yield "What a larger size takes is not predicted, because the law does not hold."
        return
    times = TIMES_LARGER if len(fit.full_law.factors) == 1 else TIMES_LARGER_EACH
    at = Point({name: times * level for name, level in fit.largest.items()})
    (found,) = predictor.predict([at])
    if not fit.full_law.factors or found.value is None or found.value > LONGEST_SECONDS:
        return
    assert found.low is not None
    assert found.high is not None
    doubt = ", if the law holds" if verdict == "inconclusive" else ""
    caution = "" if found.assessment is None else grade_words(found.assessment, "times")
    amount = show.amount_interval(found.value, found.low, found.high, fit.unit)
    yield f"At {show.point(at)} it would take {amount}{doubt}{f' ({caution})' if caution else ''}."


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


# --- claims one by one ------------------------------------------------------------------------------------------------


def _claims(analysis: Analysis, subject: str, verdicts: Sequence[Verdict]) -> str:
    """Return how many claims of a subject hold, which do not, and how well its law fits."""
    fit = analysis.fits.get((subject, SECONDS_PER_EVAL))
    law = "" if fit is None else f" about the law {show.law(fit.law.text)}"
    error = "" if fit is None else f" (mean error of the fit {show.percent(fit.error.in_sample_mape)})"
    n = len(verdicts)
    supported = sum(one.verdict == "supported" for one in verdicts)
    how_many = ("its claim" if n == 1 else f"all {n} claims") if supported == n else f"{supported} of {n} claims"
    parts = [f"meets {how_many}{law}{error}"]
    for word, said in (("refuted", "refuted"), ("inconclusive", "open")):
        named = [show.name_of_claim_on(one.subject, one.claim) for one in verdicts if one.verdict == word]
        if named:
            more = [f"{len(named) - MOST_NAMED} more"] if len(named) > MOST_NAMED else []
            parts.append(f"{said}: {join_names([*named[:MOST_NAMED], *more])}")
    return f"{'; '.join(parts)}."


# --- ratios, races and checks -----------------------------------------------------------------------------------------


def _ratios(analysis: Analysis) -> Iterator[SubjectAnswer]:
    """Yield how far the ratio of each two subjects is from the predicted one, over all claimed points."""
    groups: dict[tuple[str, str, str | None, str], list[Verdict]] = {}
    for verdict in analysis.verdicts:
        claim = claim_of(analysis, verdict)
        if isinstance(claim, RatioClaim):
            groups.setdefault((claim.subject, claim.over, claim.less, claim.ratio), []).append(verdict)
    for (subject, over, less, ratio), verdicts in groups.items():
        name = f"{subject} / {over}"
        found = [one.reason.finding for one in verdicts if isinstance(one.reason.finding, RatioEstimate)]
        if not found:
            yield _answer(name, verdicts, f"was not compared: {sentence(brief(verdicts[0].reason.finding))}")
            continue
        n = sum(one.n_points for one in found)
        worst = max(abs(one.deviation) for one in found)
        each = f" (times, each less {less})" if less else " (times)"
        within = f"is within {show.percent(worst)} of {show.law(ratio)} at all {n} points"
        yield _answer(name, verdicts, f"{each.strip()} {within}, with no constant fitted.")


def _race(analysis: Analysis) -> Iterator[SubjectAnswer]:
    race = analysis.race
    if race is None:
        return
    verdicts = [one for one in analysis.verdicts if one.subject == race.subject and one.kind != CHECK]
    if race.mean is None:
        yield _answer(race.subject, verdicts, "had no one to race against.")
        return
    points = [standing for standing in race.standings if standing.speedup is not None]
    speed = f"is {show.interval(*race.mean)} times as fast as the fastest other"
    yield _answer(race.subject, verdicts, f"{speed}, in the geometric mean over {len(points)} points.")


def _checks(analysis: Analysis) -> Iterator[SubjectAnswer]:
    """Yield how many checks passed."""
    checks = [one for one in analysis.verdicts if one.kind == CHECK]
    if checks:
        passed = sum(one.verdict == "supported" for one in checks)
        n = len(checks)
        whole = f"of results and counts: all {n} passed." if n > 1 else "of results: passed."
        yield _answer("checks" if n > 1 else "check", checks, whole if passed == n else f"passed: {passed} of {n}.")


# --- cache regimes ----------------------------------------------------------------------------------------------------


def regime_rows(analysis: Analysis) -> list[RegimeRow]:
    """Return the cache regimes of each subject, each once: those of the whole evaluation, else of a phase."""
    rows: dict[tuple[str, str], list[RegimeRow]] = {}
    keys = sorted((key for key in analysis.fits if not is_exact(key[1])), key=lambda key: key[1] != SECONDS_PER_EVAL)
    for subject, response in keys:
        of_terms: dict[str, list[RegimeRow]] = {}
        for one in sorted(analysis.fits[subject, response].cache_regimes(), key=lambda one: one.threshold.estimate):
            threshold, low, high = one.threshold
            of_terms.setdefault(one.term, []).append(
                RegimeRow(
                    subject=subject,
                    term=show.term(one.term),
                    working_set=f"{show.term(one.working_set)} B",
                    threshold=show.si_interval(threshold, low, high, unit="B"),
                    slowdown=f"{show.number(one.slowdown, 2)} times",
                )
            )
        for term, its_rows in of_terms.items():
            rows.setdefault((subject, term), its_rows)
    order = list(dict.fromkeys(subject for subject, _ in keys))
    return sorted(itertools.chain.from_iterable(rows.values()), key=lambda row: order.index(row.subject))
