"""The result of comparing two runs: which term got slower, by how much, and which claims changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bptt_bench.analyse.findings.reason import Finding, Reason
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.verdict import Verdict

Word = Literal["higher", "lower", "same", "undetermined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The unit cost of some terms, second run over first; several terms where theirs cannot be distinguished.

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
    reason: Finding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCompared:
    """Terms, or a whole subject, that cannot be compared, and why."""

    subject: str
    response: str
    terms: tuple[str, ...]
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimChange:
    """A claim with another verdict in the second run; ``None``: not judged there."""

    claim: str
    subject: str
    before: str | None
    after: str | None
    reason: Reason | None

    @property
    def is_regression(self) -> bool:
        """Whether what was supported is refuted now."""
        return self.before == "supported" and self.after == "refuted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs of one experiment, coefficient by coefficient and claim by claim.

    Attributes
    ----------
    names : of the first run and the second.
    paired : whether they were measured in turns. If not, ``common``, which all terms share, may be due to the machine,
        and each ``Change`` is relative to it.
    not_compared : terms and subjects that cannot be compared.
    common : ratio of all times, second over first; ``None`` where no time was compared.
    claims : those with another verdict.
    n_claims : how many were judged in both runs.
    n_processes : measuring processes of the run that has fewer (pairs of them where paired).
    notes : other differences between the runs.
    """

    names: tuple[str, str]
    paired: bool
    tolerance: float
    confidence: float
    changes: tuple[Change, ...]
    not_compared: tuple[NotCompared, ...]
    common: Interval | None
    n_processes: int
    claims: tuple[ClaimChange, ...] = ()
    n_claims: int = 0
    notes: tuple[str, ...] = ()

    @property
    def regressions(self) -> tuple[Change | ClaimChange, ...]:
        """What got worse; empty if nothing was found to."""
        higher = (one for one in self.changes if one.verdict == "higher")
        return (*higher, *(one for one in self.claims if one.is_regression))


def changed_claims(before: Sequence[Verdict], after: Sequence[Verdict]) -> tuple[tuple[ClaimChange, ...], int]:
    """Return the claims with another verdict, and how many were judged in both runs."""
    first, second = _by_claim(before), _by_claim(after)
    changes = []
    for claim, subject in dict.fromkeys((*first, *second)):
        old, new = first.get((claim, subject)), second.get((claim, subject))
        verdicts = None if old is None else old.verdict, None if new is None else new.verdict
        if verdicts[0] != verdicts[1]:
            reason = None if new is None else new.reason
            changes.append(
                ClaimChange(claim=claim, subject=subject, before=verdicts[0], after=verdicts[1], reason=reason)
            )
    return tuple(changes), len(first.keys() & second.keys())


def _by_claim(verdicts: Sequence[Verdict]) -> Mapping[tuple[str, str], Verdict]:
    return {(one.claim, one.subject): one for one in verdicts}
