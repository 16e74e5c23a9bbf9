"""What a comparison of two runs says: which term got dearer, by how much, and which claims changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bptt_bench.analyse.data.response import meaning
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.verdict import Verdict

Word = Literal["dearer", "cheaper", "same", "cannot be told"]
WORDS: tuple[Word, ...] = ("dearer", "cheaper", "same", "cannot be told")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The price of some terms, second run over first; several terms where their prices cannot be told apart.

    ``p_value`` and ``ratio``'s interval are adjusted for all coefficients of the comparison (Holm); ``None`` where
    nothing was tested. ``share``: of the response that the terms take at the point where that is largest.
    """

    subject: str
    response: str
    terms: tuple[str, ...]
    ratio: Interval
    p_value: float | None
    share: float
    verdict: Word
    reason: str = ""

    @property
    def what(self) -> str:
        """The terms in words."""
        return " + ".join(self.terms) + (" together" if len(self.terms) > 1 else "")

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        low, high = (value if math.isfinite(value) else None for value in self.ratio[1:])
        return {
            "subject": self.subject,
            "response": self.response,
            "terms": list(self.terms),
            "ratio": self.ratio.estimate,
            "low": low,
            "high": high,
            "p_value": self.p_value,
            "share": self.share,
            "verdict": self.verdict,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """Terms, or a whole subject, of which nothing can be said, and why."""

    subject: str
    response: str
    terms: tuple[str, ...]
    reason: str

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "subject": self.subject,
            "response": self.response,
            "terms": list(self.terms),
            "verdict": "not identifiable",
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimChange:
    """A claim that was judged otherwise in the second run; ``None``: not judged there."""

    claim: str
    subject: str
    before: str | None
    after: str | None
    reason: str

    @property
    def is_regression(self) -> bool:
        """Whether what was supported is refuted now."""
        return self.before == "supported" and self.after == "refuted"

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "claim": self.claim,
            "subject": self.subject,
            "before": self.before,
            "after": self.after,
            "regression": self.is_regression,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs of one experiment, coefficient by coefficient and claim by claim.

    Attributes
    ----------
    names : of the first run and the second.
    paired : whether they were measured in lockstep. If not, ``everything``, which all terms have in common, may be the
        machine's, and each ``Change`` is what a term changed beside it.
    everything : ratio of all times, second over first; ``None`` where no time was compared.
    claims : those judged otherwise; n_claims : how many were judged in both runs.
    n_processes : measuring processes of the run that has fewer (pairs of them where paired).
    notes : what else makes the two unlike.
    """

    names: tuple[str, str]
    paired: bool
    tolerance: float
    confidence: float
    changes: tuple[Change, ...]
    untold: tuple[Untold, ...]
    everything: Interval | None
    n_processes: int
    claims: tuple[ClaimChange, ...] = ()
    n_claims: int = 0
    notes: tuple[str, ...] = ()

    @property
    def regressions(self) -> tuple[str, ...]:
        """What got worse, in words, one line each; empty if nothing was found to."""
        dearer = (
            f"{one.subject}: {one.what}{_of(one.response)} is {one.ratio.estimate:.3g} times as dear "
            f"[{one.ratio.low:.3g}, {one.ratio.high:.3g}]"
            for one in self.changes
            if one.verdict == "dearer"
        )
        broken = (f"{one.claim}: was supported, is refuted" for one in self.claims if one.is_regression)
        return (*dearer, *broken)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "first": self.names[0],
            "second": self.names[1],
            "paired": self.paired,
            "tolerance": self.tolerance,
            "confidence": self.confidence,
            "correction": "Holm over all coefficients of all subjects",
            "processes": self.n_processes,
            "everything": None if self.everything is None else _ratio(self.everything),
            "terms": [one.to_json() for one in self.changes],
            "untold": [one.to_json() for one in self.untold],
            "claims": [one.to_json() for one in self.claims],
            "claims_judged_in_both": self.n_claims,
            "regressions": list(self.regressions),
            "notes": list(self.notes),
        }


def _of(response: str) -> str:
    return "" if response == "seconds_per_eval" else f", {meaning(response)},"


def _ratio(interval: Interval) -> dict[str, float | None]:
    estimate, low, high = (value if math.isfinite(value) else None for value in interval)
    return {"ratio": estimate, "low": low, "high": high}


def changed_claims(before: Sequence[Verdict], after: Sequence[Verdict]) -> tuple[tuple[ClaimChange, ...], int]:
    """The claims that were judged otherwise, and how many were judged in both runs."""
    first, second = _by_claim(before), _by_claim(after)
    changes = []
    for claim, subject in dict.fromkeys((*first, *second)):
        old, new = first.get((claim, subject)), second.get((claim, subject))
        words = None if old is None else old.verdict, None if new is None else new.verdict
        if words[0] != words[1]:
            reason = new.reason if new is not None else "not judged in the second run"
            changes.append(ClaimChange(claim=claim, subject=subject, before=words[0], after=words[1], reason=reason))
    return tuple(changes), len(first.keys() & second.keys())


def _by_claim(verdicts: Sequence[Verdict]) -> Mapping[tuple[str, str], Verdict]:
    return {(one.claim, one.subject): one for one in verdicts}
