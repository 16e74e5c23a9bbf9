"""What a report says in words and tables, the same for the page, the Markdown and the terminal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import singledispatch
from typing import TYPE_CHECKING, Any, NamedTuple

from bptt_bench.analyse.data.response import is_count, is_exact, is_memory, unit_of
from bptt_bench.analyse.evidence.gaps import all_gaps
from bptt_bench.analyse.findings.growth import FactorGrowth, LawGrowth, WorkAndTime
from bptt_bench.analyse.fitting.cautions import cautions
from bptt_bench.plan import (
    AmountClaim,
    CheckClaim,
    Claim,
    CostLaw,
    CrossoverClaim,
    ExponentClaim,
    LawClaim,
    RatioClaim,
    RooflineClaim,
    ShareClaim,
    SpeedupClaim,
)
from bptt_bench.plan.design.columns import BYTES_SUFFIX, SECONDS_PER_EVAL
from bptt_bench.plan.experiment.claims_from_law import law_of
from bptt_bench.plan.machine.kernels import describe_library, kernel_warnings_of_run, libraries_of_run
from bptt_bench.report import format as show
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.report.words.findings.fits import hosts_text
from bptt_bench.report.words.headlines import cause_of, headline_of
from bptt_bench.report.words.reasons import clauses_of, text_beside_regimes, text_of
from bptt_bench.text.numbers import in_percent

if TYPE_CHECKING:
    from bptt_bench.analyse.fitting.fitted import Fit, FittedTerm
    from bptt_bench.analyse.fitting.select import Preference
    from bptt_bench.analyse.verdicts.analysis import Analysis
    from bptt_bench.analyse.verdicts.verdict import Verdict

MARKS = {"supported": "✓", "refuted": "✗", "inconclusive": "?"}
ACRONYMS = ("cpu", "blas")
CHECK = "check"
MANY_CHECKS = 3  # that passed are folded into one line
HEADINGS = {"refuted": "Refuted", "inconclusive": "Open (inconclusive)", "supported": "Supported"}
BOUNDS = {"tight": "", "upper": "≤ ", "lower": "≥ "}
LARGEST_LOG_ERROR = 20.0  # beyond which a percentage says nothing
MOST_CHARACTERS = 120  # of the reason why something was not measured
HIDDEN = ("host",)  # a report may be published; the name of the machine says nothing about its speed


class VerdictRow(NamedTuple):
    """One verdict as text; ``verdict`` is the bare word, ``words`` adds the cause of an open one.

    ``headline`` is the reason in one line, ``cause`` only what explains it, ``clauses`` are all of it one by one, and
    ``beside_regimes`` is all but the cache regimes, which a report lists once for each subject. ``anchor`` is its place
    in a page, ``stated`` the name of the claim as it was stated, and ``distance`` how far the estimate lies from what
    was predicted, relative to that.
    """

    claim: str
    statement: str
    subject: str
    kind: str
    predicted: str
    measured: str
    verdict: str
    words: str
    mark: str
    reason: str
    headline: str = ""
    cause: str = ""
    beside_regimes: str = ""
    clauses: tuple[str, ...] = ()
    anchor: str = ""
    stated: str = ""
    distance: float = 0.0


class VerdictGroup(NamedTuple):
    """Verdicts that are listed together: a heading, and whether they are folded into one line."""

    name: str
    heading: str
    rows: list[VerdictRow]
    is_folded: bool


class TermRow(NamedTuple):
    """One term of a fitted law as text."""

    term: str
    role: str
    coefficient: str
    share: str
    identifiable: str
    reason: str


class FitTable(NamedTuple):
    """A fitted law as text; ``law`` as it is stated, without overhead and cache regimes."""

    subject: str
    response: str
    law: str
    rows: list[TermRow]
    summary: str


def claim_of(analysis: Analysis, verdict: Verdict) -> Claim | None:
    """Return the claim that a verdict is about."""
    claims = analysis.experiment.claims
    return next(
        (c for c in claims if (c.name, c.subject, c.kind) == (verdict.claim, verdict.subject, verdict.kind)), None
    )


def judged_claims(analysis: Analysis) -> list[Claim]:
    """Return the claims that have a verdict; a run of a small profile may leave some out."""
    judged = {(verdict.claim, verdict.subject, verdict.kind) for verdict in analysis.verdicts}
    return [claim for claim in analysis.experiment.claims if (claim.name, claim.subject, claim.kind) in judged]


def verdict_rows(analysis: Analysis) -> list[VerdictRow]:
    """Return the verdicts as text, in the order of the claims."""
    rows = []
    for place, verdict in enumerate(analysis.verdicts):
        claim = claim_of(analysis, verdict)
        rows.append(
            VerdictRow(
                claim=_in_print(analysis, claim, verdict.claim),
                statement="" if claim is None else _in_print(analysis, claim, claim.statement),
                subject=verdict.subject,
                kind=verdict.kind,
                predicted=predicted(verdict, claim),
                measured=measured(verdict, claim),
                verdict=verdict.verdict,
                words=show.verdict_words(verdict),
                mark=MARKS[verdict.verdict],
                reason=text_of(verdict.reason),
                headline=headline_of(verdict.reason),
                cause=cause_of(verdict.reason),
                beside_regimes=text_beside_regimes(verdict.reason),
                clauses=tuple(clauses_of(verdict.reason)),
                anchor=f"claim-{place + 1}",
                stated=verdict.claim,
                distance=_distance(verdict),
            )
        )
    return rows


def _distance(verdict: Verdict) -> float:
    if verdict.estimate is None or not verdict.predicted:
        return 0.0
    return abs(verdict.estimate / verdict.predicted - 1)


def claim_name(analysis: Analysis, verdict: Verdict) -> str:
    """Return the name of a claim as it is shown: a law in it is in print."""
    return _in_print(analysis, claim_of(analysis, verdict), verdict.claim)


def _in_print(analysis: Analysis, claim: Claim | None, text: str) -> str:
    law = stated_law(analysis, claim) if isinstance(claim, LawClaim) else None
    return show.claim_name(text, None if law is None else law.text)


def stated_law(analysis: Analysis, claim: LawClaim) -> CostLaw | None:
    """Return the law that a claim on a law as a whole is about; ``None`` if its subject no longer states it."""
    subject = analysis.experiment.subject_of(claim.subject)
    return None if subject is None else law_of(subject, claim.response)


def verdict_groups(rows: Sequence[VerdictRow]) -> list[VerdictGroup]:
    """Return verdicts as they are listed: refuted, open, supported, and the checks that passed folded into a line."""
    passed = [row for row in rows if row.kind == CHECK and row.verdict == "supported"]
    folded = passed if len(passed) >= MANY_CHECKS else []
    groups = [
        VerdictGroup(word, heading, [row for row in rows if row.verdict == word and row not in folded], False)
        for word, heading in HEADINGS.items()
    ]
    checks = VerdictGroup("checks", f"{len(folded)} checks that passed", folded, True)
    return [group for group in (*groups, checks) if group.rows]


def predicted(verdict: Verdict, claim: Claim | None) -> str:
    """Return what was claimed, with its margin."""
    value = verdict.predicted
    if value is None:
        return show.UNDEFINED
    if isinstance(claim, LawClaim):
        return _allowed_growth(verdict)
    if claim is None:  # results that were compared have no claim of their own
        return f"≤ {show.number(value)}" if verdict.kind == CHECK else show.number(value)
    return _claimed(claim, value)


@singledispatch
def _claimed(_claim: Claim, value: float) -> str:
    """Return the value of a claim with its margin."""
    return show.number(value)


@_claimed.register
def _(_claim: CheckClaim, value: float) -> str:
    return f"≤ {show.number(value)}" if value else "0, exactly"


@_claimed.register
def _(claim: ShareClaim, value: float) -> str:
    return f"{BOUNDS[claim.bound]}{show.percent(value)}"


@_claimed.register
def _(claim: ExponentClaim, value: float) -> str:
    if claim.bound == "tight":
        return f"{show.number(value)} ± {show.number(claim.margin)}"
    return f"{BOUNDS[claim.bound]}{show.number(value)} (± {show.number(claim.margin)})"


@_claimed.register
def _(claim: AmountClaim, value: float) -> str:
    exactly = ", exactly" if claim.bound == "tight" else ""
    allowed = f" (×/÷ {show.number(1 + claim.margin)})" if claim.margin else exactly
    return f"{BOUNDS[claim.bound]}{show.amount(value, unit_of(claim.response))}{allowed}"


@_claimed.register
def _(claim: RatioClaim | CrossoverClaim, value: float) -> str:
    return f"{show.number(value)} (×/÷ {show.number(1 + claim.margin)})"


@_claimed.register
def _(_claim: SpeedupClaim, value: float) -> str:
    return f"≥ {show.number(value)} times"


@_claimed.register
def _(_claim: RooflineClaim, value: float) -> str:
    return f"≥ {show.percent(value)}"


def growth_of(verdict: Verdict) -> FactorGrowth | None:
    """Return the growth that a verdict on a law rests on; ``None`` where it has none."""
    finding = verdict.reason.finding
    if isinstance(finding, WorkAndTime):
        return (finding.time or finding.work).whole
    return finding.whole if isinstance(finding, LawGrowth) else None


def _allowed_growth(verdict: Verdict) -> str:
    growth = growth_of(verdict)
    if growth is None:
        return show.UNDEFINED
    low, high = growth.limits.low, growth.limits.high
    value = show.number(growth.predicted)
    if growth.per_step:
        return f"×{value} a step"
    sign = "≤ " if not math.isfinite(low) else "≥ " if not math.isfinite(high) else ""
    margin = high - growth.predicted if math.isfinite(high) else growth.predicted - low
    return f"{sign}{value} (± {show.number(margin)})" if sign else f"{value} ± {show.number(margin)}"


def measured(verdict: Verdict, claim: Claim | None) -> str:
    """Return what was found, with its interval."""
    values = verdict.estimate, verdict.low, verdict.high
    match claim:
        case LawClaim():
            growth = growth_of(verdict)
            return ("×" if growth is not None and growth.per_step else "") + show.interval(*values)
        case CheckClaim():
            return show.number(verdict.estimate)
        case ShareClaim():
            percents = [None if value is None else 100 * value for value in values]
            text = show.interval(*percents)
            return text if text == show.UNDEFINED else f"{text}{show.NARROW}%"
        case AmountClaim(response=response) if verdict.low == verdict.high:
            return show.amount(verdict.estimate, unit_of(response))
        case AmountClaim(response=response):
            return show.amount_interval(*values, unit_of(response))
        case _:
            return show.interval(*values)


def tally(analysis: Analysis) -> str:
    """Return how many claims were decided which way.

    For example ``"12 of 14 claims supported, 1 refuted, 1 inconclusive"``.
    """
    counts = Counter(verdict.verdict for verdict in analysis.verdicts)
    rest = [f"{counts[word]} {word}" for word in ("refuted", "inconclusive") if counts[word]]
    total = len(analysis.verdicts)
    if not total:
        return "no law is stated, so that none is judged"
    return ", ".join([f"{counts['supported']} of {total} claim{'' if total == 1 else 's'} supported", *rest])


def fit_tables(analysis: Analysis) -> list[FitTable]:
    """Return every fit of a time as text, the whole evaluations first."""
    order = sorted((key for key in analysis.fits if not is_exact(key[1])), key=lambda key: key[1] != SECONDS_PER_EVAL)
    return [fit_table(analysis.fits[key], *key) for key in order]


def memory_tables(analysis: Analysis) -> list[FitTable]:
    """Return every fit of a memory law as text."""
    return [fit_table(fit, *key) for key, fit in analysis.fits.items() if is_memory(key[1])]


def count_tables(analysis: Analysis) -> list[FitTable]:
    """Return every fit of what is counted as text."""
    return [fit_table(fit, *key) for key, fit in analysis.fits.items() if is_count(key[1])]


def fit_table(fit: Fit, subject: str = "", response: str = SECONDS_PER_EVAL) -> FitTable:
    """Return one fit as text: a row for each term, and a line on how well the whole fits."""
    rows = [
        TermRow(
            term=term_label(fit, term),
            role=term.role,
            coefficient=show.amount_interval(term.coefficient, term.low, term.high, fit.unit),
            share=show.percent(term.share_at_largest),
            identifiable="yes" if term.identifiable else "no",
            reason="" if term.reason is None else words(term.reason),
        )
        for term in fit.terms
    ]
    return FitTable(subject, show.response(response), show.law(fit.law.text), rows, fit_summary(fit))


def term_label(fit: Fit, term: FittedTerm) -> str:
    """Return a term in print; one that carries on another beyond a threshold is named after that."""
    for regime in fit.regimes:
        if regime.companion == term.term:
            return f"{show.term(regime.term)} beyond {show.si(regime.threshold, 'B', 2)}"
    return show.term(term.term)


def fit_summary(fit: Fit) -> str:
    """Return how well a law fits, in one line."""
    parts = [
        f"{fit.n_points} points, {fit.n_samples} samples",
        f"mean error {show.percent(fit.error.in_sample_mape)}, largest {show.percent(fit.error.max)}",
        f"condition number {show.number(fit.condition_number)}",
        words(fit.lack_of_fit),
    ]
    return "; ".join(
        part
        for part in (*parts, *map(words, fit.cache_regimes()), hosts_text(fit.hosts), *map(words, cautions(fit)))
        if part
    )


def preference_evidence(preference: Preference) -> str:
    """Return what speaks for one of two laws: the gap of AICc, and how far each misses the largest points."""
    gap = f"AICc gap {show.number(preference.aicc_gap)}"
    if preference.held_out is None:
        return gap
    this, other = (show.percent(math.expm1(min(error, LARGEST_LOG_ERROR))) for error in preference.held_out)
    return f"{gap}; fitted without the largest points, this law misses them by {this}, the other by {other}"


def gap_lines(analysis: Analysis) -> list[str]:
    """Return where subjects could not be measured and why, a line each."""
    return [f"{gap.subject}: {words(gap)} ({shorten(gap.reason, MOST_CHARACTERS)})" for gap in all_gaps(analysis.skips)]


def noise_line(analysis: Analysis) -> str:
    """Return the noise, the false alarms of the placebo, and what else to know of the samples, in one sentence."""
    line = "; ".join((*_noise(analysis), *_about_samples(analysis), *analysis.notes))
    return f"{line[:1].upper()}{line[1:]}."


def _noise(analysis: Analysis) -> Iterator[str]:
    if analysis.noise is None:
        yield f"noise unknown: {'no repetitions' if analysis.is_fitted else 'no law was fitted'}"
    else:
        disturbed = in_percent(analysis.contaminated_share)
        yield f"noise within points {in_percent(analysis.noise)}, {disturbed} of samples disturbed"
    if analysis.placebo is None:
        yield "no placebo"
    else:
        change, low, high = (in_percent(value - 1, 2, signed=True) for value in analysis.placebo)
        alarms, points = analysis.placebo_alarms
        yield f"placebo {change} ({low} to {high}), false alarms at {alarms} of {points} points"
    if analysis.below_floor:
        yield f"{analysis.below_floor} samples below the signal floor left out"


def _about_samples(analysis: Analysis) -> Iterator[str]:
    for subject, hosts in analysis.hosts.items():
        yield f"{subject}: {hosts_text(hosts)}"
    yield from map(words, analysis.code_changes)
    yield from gap_lines(analysis)
    yield from map(words, analysis.law_changes)
    yield from map(words, analysis.odd_levels)
    yield from map(words, analysis.growing_inputs)


def shorten(text: str, most: int) -> str:
    """Return a text cut to so many characters, with an ellipsis where it was cut."""
    return text if len(text) <= most else f"{text[:most]}…"


def machine_notes(analysis: Analysis) -> list[str]:
    """Return what a reader must know of the machine that a run was measured on, a sentence each."""
    return [f"{note}." for note in kernel_warnings_of_run(analysis.frame.attrs)]


def environment_rows(analysis: Analysis) -> list[tuple[str, str]]:
    """Return the environment of the run as name and value."""
    found = analysis.frame.attrs.get("run", {}).get("environment", {})
    libraries = "; ".join(map(describe_library, libraries_of_run(analysis.frame.attrs)))
    shown = {name: libraries if name == "blas" and libraries else _text(name, value) for name, value in found.items()}
    return [(_title(name), text) for name, text in shown.items() if name not in HIDDEN]


def _title(name: str) -> str:
    words = name.removesuffix(BYTES_SUFFIX).replace("_", " ")
    return words.upper() if words in ACRONYMS else words[:1].upper() + words[1:]


def _text(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        inner = BYTES_SUFFIX if name.endswith(BYTES_SUFFIX) else ""
        return ", ".join(f"{key} {_text(key + inner, item)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(_text(name, item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return show.size(value) if name.endswith(BYTES_SUFFIX) else show.number(value, 6)
    return str(value)
