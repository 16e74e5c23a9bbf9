"""Claims judged: supported, refuted or inconclusive, each with a reason in one sentence.

A verdict compares an interval with limits that the claim states in the open: wholly within is supported, wholly outside
is refuted, and everything else is inconclusive. Too little data is never a pass.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.plan import Claim
from bptt_bench.plan.claims.claim import Bound

Word = Literal["supported", "refuted", "inconclusive"]
INCONCLUSIVE_KINDS = ("not identifiable", "below floor", "too noisy", "no data", "work not done")
MOST_DIGITS_BEFORE_EXPONENT = 1e5


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a claim: what it predicted, what was estimated with its interval, and why it was judged so.

    For a check ``predicted`` is the largest deviation allowed and ``estimate`` the largest found. What is undefined is
    ``None``.
    """

    claim: str
    subject: str
    kind: str
    predicted: float | None
    estimate: float | None
    low: float | None
    high: float | None
    verdict: Word
    reason: str

    def to_json(self) -> dict[str, Any]:
        """The verdict as plain data, as ``verdict --json`` lists it."""
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where an estimate must lie: from ``low`` to ``high``, either of which may be infinite."""

    low: float
    high: float

    @classmethod
    def around(cls, predicted: float, margin: float, bound: Bound) -> Limits:
        """Predicted ± margin; an upper bound has no lower limit and the other way round."""
        return cls(
            low=-math.inf if bound == "upper" else predicted - margin,
            high=math.inf if bound == "lower" else predicted + margin,
        )

    @classmethod
    def times(cls, predicted: float, margin: float, bound: Bound) -> Limits:
        """From predicted / (1 + margin) to predicted · (1 + margin)."""
        return cls(
            low=0.0 if bound == "upper" else predicted / (1 + margin),
            high=math.inf if bound == "lower" else predicted * (1 + margin),
        )

    def decide(self, low: float, high: float) -> Word:
        """Supported when the interval lies within, refuted when it lies wholly outside."""
        if self.low <= low and high <= self.high:
            return "supported"
        if high < self.low or low > self.high:
            return "refuted"
        return "inconclusive"

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"at least {number(self.low)}"
        if math.isinf(self.low) or self.low == 0:
            return f"at most {number(self.high)}"
        return f"{number(self.low)} to {number(self.high)}"


def number(value: float) -> str:
    """A figure in words short enough for a sentence: three significant digits, no exponent for plain sizes."""
    if value == 0 or 1e-3 <= abs(value) < MOST_DIGITS_BEFORE_EXPONENT:
        digits = max(2 - math.floor(math.log10(abs(value))), 0) if value else 0
        return f"{value:.{min(digits, 3)}f}"
    return f"{value:.2e}"


def span(interval: Interval) -> str:
    """``1.03 (1.00 to 1.06)``."""
    return f"{number(interval.estimate)} ({number(interval.low)} to {number(interval.high)})"


def inconclusive(
    claim: Claim, reason: str, predicted: float | None = None, estimate: Interval | None = None
) -> Verdict:
    """An inconclusive verdict; the reason starts with its kind."""
    assert reason.startswith(INCONCLUSIVE_KINDS), reason
    return settle(claim, "inconclusive", reason, predicted, estimate)


def settle(claim: Claim, word: Word, reason: str, predicted: float | None, estimate: Interval | None) -> Verdict:
    """The verdict with the figures it rests on."""
    figures = (None, None, None) if estimate is None else tuple(estimate)
    return Verdict(
        claim=claim.name,
        subject=claim.subject,
        kind=claim.kind,
        predicted=predicted,
        estimate=figures[0],
        low=figures[1],
        high=figures[2],
        verdict=word,
        reason=sentence(reason),
    )


def sentence(text: str) -> str:
    """The text with a full stop."""
    return text if text.endswith(".") else text + "."


def weigh(claim: Claim, what: str, limits: Limits, predicted: float, estimate: Interval, remark: str = "") -> Verdict:
    """The verdict of an interval against limits; ``what`` names the estimate and where it was taken."""
    word = limits.decide(estimate.low, estimate.high)
    stated = f"{what} is {span(estimate)} against {number(predicted)} predicted"
    reasons = {
        "supported": f"{stated}, within the allowed {limits}",
        "refuted": f"{stated}, outside the allowed {limits}",
        "inconclusive": f"too noisy: {stated}; the interval crosses the edge of the allowed {limits}",
    }
    return settle(claim, word, reasons[word] + (f"; {remark}" if remark else ""), predicted, estimate)
