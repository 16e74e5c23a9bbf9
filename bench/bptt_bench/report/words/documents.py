"""Results as plain data, ready for ``json.dumps``: the same fields in all outputs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bptt_bench.analyse.compare.compared import Change, Comparison
from bptt_bench.analyse.discover.law_set import LawSet
from bptt_bench.analyse.findings.reason import plain
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.fitting.select import Preference
from bptt_bench.analyse.predict.predictor import PointPrediction
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.trust import Trust
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.report.words import trust
from bptt_bench.report.words.comparison import claim_change_text, not_compared_text, regression_text
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.report.words.reasons import text_of

if TYPE_CHECKING:
    from bptt_bench.analyse.verdicts.analysis import Analysis

# what programs read as the verdict on a term, since the first version
COMPARISON_WORDS = {"higher": "dearer", "lower": "cheaper", "same": "same", "undetermined": "cannot be told"}


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


def report_document(analysis: Analysis) -> dict[str, Any]:
    """Return all that a report shows, as ``report --format json`` prints it.

    Each fit has the fields of ``fit_document`` and ``subject``, ``full_law`` and ``points``: what was measured at each
    point with its interval, and what the law gives there, in the unit of the fit.
    """
    from bptt_bench.report.words.answers import answers, regime_rows
    from bptt_bench.report.words.content import environment_rows, noise_line, tally

    run = analysis.frame.attrs.get("run", {})
    return {
        "experiment": analysis.experiment.name,
        "tally": tally(analysis),
        "noise": noise_line(analysis),
        "answers": [{"subject": one.subject, "verdict": one.verdict, "text": one.text} for one in answers(analysis)],
        "verdicts": verdict_documents(analysis.verdicts),
        "regimes": [row._asdict() for row in regime_rows(analysis)],
        "fits": [
            {
                "subject": subject,
                **fit_document(fit),
                "full_law": fit.full_law.text,
                "points": [
                    {"at": {name: float(row[name]) for name in fit.factors}, **_measured(row)}
                    for row in fit.points.to_dict("records")
                ],
            }
            for (subject, _), fit in analysis.fits.items()
        ],
        "run": {name: plain(run[name]) for name in ("profile", "seed", "threads", "started_at") if name in run},
        "environment": dict(environment_rows(analysis)),
    }


def _measured(row: Mapping[Any, Any]) -> dict[str, float | None]:
    return {name: _finite(float(row[name])) for name in ("measured", "low", "high", "fitted")}


def fit_document(
    fit: Fit,
    predictions: Sequence[PointPrediction] = (),
    versus: Sequence[Preference] = (),
    laws: LawSet | None = None,
) -> dict[str, Any]:
    """Return a fit as ``fit --json`` prints it, with predictions at points and comparisons with other laws.

    ``laws`` are those that the data do not exclude, if none was stated: exponents are then of all.
    """
    source = fit if laws is None else laws
    largest = source.largest
    shown = ("term", "role", "coefficient", "low", "high", "share_at_largest", "identifiable")
    document = {
        "law": fit.law.text,
        "response": fit.response,
        "unit": None if fit.unit is None else fit.unit.symbol,
        "n_points": fit.n_points,
        "n_samples": fit.n_samples,
        **({"n_censored": fit.n_censored} if fit.n_censored else {}),
        "terms": [{name: getattr(term, name) for name in shown} for term in fit.terms],
        "exponents": {
            factor: {
                "at": largest,
                **source.exponent(factor, largest)._asdict(),
                "law": fit.law_exponent(factor, largest),
            }
            for factor in (fit.full_law.factors if laws is None else laws.factors)
        },
        "noise": fit.noise._asdict(),
        "error": fit.error._asdict(),
        "lack_of_fit": {
            "p_value": fit.lack_of_fit.p_value,
            "finding": words(fit.lack_of_fit),
            "kind": fit.lack_of_fit.kind,
        },
        "predictions": [prediction_document(one) for one in predictions],
        "versus": [preference_document(one) for one in versus],
        **({"hosts": [host.to_json() for host in fit.hosts]} if fit.hosts else {}),
        **({} if laws is None else laws_document(laws)),
    }
    found: dict[str, Any] = plain(document)
    return found


def laws_document(laws: LawSet) -> dict[str, Any]:
    """Return the laws that data do not exclude as ``fit --json`` lists them."""
    decides = laws.decides
    return {
        "candidates": [{"law": one.law.text, "weight": one.weight} for one in laws.candidates],
        "answer": laws.law.text,
        "decides": None
        if decides is None
        else {"at": dict(decides.at), "seconds": decides.seconds, "between": [decides.this, *decides.others]},
        **({"work": [_work_document(one) for one in laws.work]} if laws.work else {}),
    }


def _work_document(work: LawSet) -> dict[str, Any]:
    """Return the laws of what was counted, of which the laws of time have their terms."""
    return {
        "response": work.fit.response,
        "answer": work.law.text,
        "candidates": [{"law": one.law.text, "weight": one.weight} for one in work.candidates],
    }


def found_laws_document(found: LawSet | str) -> dict[str, Any]:
    """Return how a subject without a law scales, as ``run --json`` prints it; or why that is not known."""
    if isinstance(found, str):
        return {"reason": found}
    exponents = {name: {"at": found.largest, **found.exponent(name, found.largest)._asdict()} for name in found.factors}
    document: dict[str, Any] = plain({**laws_document(found), "exponents": exponents})
    return document


def prediction_document(one: PointPrediction) -> dict[str, Any]:
    """Return a prediction as ``fit --json`` lists it, without what it is a prediction of."""
    return {name: value for name, value in one.to_json().items() if name not in ("subject", "response", "unit")}


def preference_document(found: Preference) -> dict[str, Any]:
    """Return a comparison of two laws as ``fit --json`` lists it; ``law`` is the other law."""
    return {
        "law": found.law,
        "decision": found.decision,
        "aicc_gap": found.aicc_gap,
        "held_out_gap": found.held_out_gap,
        "note": "" if found.note is None else words(found.note),
    }


def trust_document(found: Trust) -> dict[str, Any]:
    """Return what a self-test found as ``selftest --json`` prints it."""
    return {
        **dataclasses.asdict(found),
        "trusted": found.trusted,
        "reasons": trust.reasons(found),
        "caveats": trust.caveats(found),
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
        "verdict": COMPARISON_WORDS[one.verdict],
        "reason": "" if one.reason is None else words(one.reason),
    }


def _ratio(interval: Interval) -> dict[str, float | None]:
    return {"ratio": _finite(interval.estimate), "low": _finite(interval.low), "high": _finite(interval.high)}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
