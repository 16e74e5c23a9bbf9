"""Results as plain data, ready for ``json.dumps``: the same fields in all outputs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from bptt_bench.analyse.compare.compared import Change, Comparison
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.report.words.comparison import claim_change_text, not_compared_text, regression_text
from bptt_bench.report.words.reasons import text_of, words


def verdict_documents(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Return verdicts as ``verdict --json`` lists them; what is undefined or infinite is ``None``."""
    return [_verdict(one) for one in verdicts]


def _verdict(verdict: Verdict) -> dict[str, Any]:
    figures = ("predicted", "estimate", "low", "high")
    return {
        "claim": verdict.claim,
        "subject": verdict.subject,
        "kind": verdict.kind,
        **{name: _finite(getattr(verdict, name)) for name in figures},
        "verdict": verdict.verdict,
        "reason": text_of(verdict.reason),
        "kind_of_reason": str(verdict.reason.kind),
        "evidence": verdict.reason.evidence(),
    }


def comparison_document(found: Comparison) -> dict[str, Any]:
    """Return a comparison as ``compare --json`` prints it."""
    return {
        "first": found.names[0],
        "second": found.names[1],
        "paired": found.paired,
        "tolerance": found.tolerance,
        "confidence": found.confidence,
        "correction": "Holm over all coefficients of all subjects",
        "processes": found.n_processes,
        "everything": None if found.common is None else _ratio(found.common),
        "terms": [_change(one) for one in found.changes],
        "untold": [
            {
                "subject": one.subject,
                "response": one.response,
                "terms": list(one.terms),
                "verdict": "not identifiable",
                "reason": not_compared_text(one),
            }
            for one in found.not_compared
        ],
        "claims": [
            {
                "claim": one.claim,
                "subject": one.subject,
                "before": one.before,
                "after": one.after,
                "regression": one.is_regression,
                "reason": claim_change_text(one),
            }
            for one in found.claims
        ],
        "claims_judged_in_both": found.n_claims,
        "regressions": [regression_text(one) for one in found.regressions],
        "notes": list(found.notes),
    }


def _change(one: Change) -> dict[str, Any]:
    return {
        "subject": one.subject,
        "response": one.response,
        "terms": list(one.terms),
        **_ratio(one.ratio),
        "p_value": one.p_value,
        "share": one.share,
        "verdict": one.verdict,
        "reason": "" if one.reason is None else words(one.reason),
    }


def _ratio(interval: Interval) -> dict[str, float | None]:
    return {"ratio": _finite(interval.estimate), "low": _finite(interval.low), "high": _finite(interval.high)}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
