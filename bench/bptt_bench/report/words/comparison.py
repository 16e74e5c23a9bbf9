"""A comparison of two runs in words."""

from __future__ import annotations

from bptt_bench.analyse.compare.compared import Change, ClaimChange, NotCompared
from bptt_bench.analyse.data.response import meaning
from bptt_bench.analyse.findings.reason import Kind
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.report.format import terms as terms_in_print
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.report.words.reasons import clause_of, text_of


def regression_text(one: Change | ClaimChange) -> str:
    """Return what got worse in one line."""
    if isinstance(one, ClaimChange):
        return f"{one.claim}: was supported, is refuted"
    terms = terms_in_print(one.terms) + (" together" if len(one.terms) > 1 else "")
    of = "" if one.response == SECONDS_PER_EVAL else f", {meaning(one.response)},"
    interval = f"[{one.ratio.low:.3g}, {one.ratio.high:.3g}]"
    return f"{one.subject}: {terms}{of} costs {one.ratio.estimate:.3g} times as much {interval}"


def not_compared_text(one: NotCompared) -> str:
    """Return why terms, or a whole subject, cannot be compared."""
    return words(one.reason.finding) if one.reason.kind is Kind.NOT_IDENTIFIABLE else clause_of(one.reason)


def claim_change_text(one: ClaimChange) -> str:
    """Return the reason of the verdict in the second run."""
    return "not judged in the second run" if one.reason is None else text_of(one.reason)
