"""Reasons of verdicts in words: the one place where what the analysis found becomes sentences, for all outputs."""

from __future__ import annotations

import dataclasses

from bptt_bench.analyse.findings import remarks
from bptt_bench.analyse.findings.reason import Kind, Reason
from bptt_bench.report.words.findings.clauses import words


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
