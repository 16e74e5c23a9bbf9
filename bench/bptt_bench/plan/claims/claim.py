"""Claims: statements about cost or correctness that a run can support, refute or leave open.

Every margin is part of the claim. A claim computes nothing; the analysis judges it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.plan.design.design import Design, Point
from bptt_bench.text.wording import join_names

Bound = Literal["tight", "upper", "lower"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Outcome of a deterministic check: how far off the worst case was, what was allowed, how many cases were tried.

    ``passes`` holds what the check saw to be done in each of some cases, such as each algorithm: the passes in order,
    each a place and the origins whose part it carries, all counted from 1. A pass goes from its place to the one
    before. The report draws them; ``pass_symbols`` names an origin and a place.
    """

    estimate: float
    allowed: float
    cases: int
    detail: str = ""
    passes: Mapping[str, Sequence[tuple[int, Sequence[int]]]] = field(default_factory=dict)
    pass_symbols: tuple[str, str] | None = None

    @property
    def passed(self) -> bool:
        return self.estimate <= self.allowed  # False for NaN


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Base of all claims: a short name, the subject, and the statement in words.

    ``profiles`` names the profiles that measure what the claim needs; empty means all of them.
    """

    name: str
    subject: str
    statement: str = ""
    profiles: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return type(self).__name__.removesuffix("Claim").lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckClaim(Claim):
    """A deterministic statement, which is checked once in a measuring process."""

    check: Callable[[int], CheckResult]  # called with the seed of the run


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentClaim(Claim):
    """A term of the law grows with a factor as stated: its free exponent equals the law's own.

    The term is multiplied by (factor / its level at ``at``)^ε, and ε is fitted with all coefficients. The estimate is
    the law's local exponent of the term at ``at``, plus ε; it must lie within ``margin`` of the law's.
    ``terms`` are freed together and name terms of the law of the response.

    With ``together_with`` all these factors grow alike: what is multiplied is the geometric mean of factor / level, and
    the law's exponent is the sum of those in each. ``n + m`` and ``n*m`` differ by a whole power then, where along one
    factor at a time both are linear.
    """

    factor: str
    terms: tuple[str, ...]
    at: Point
    together_with: tuple[str, ...] = ()
    response: str = SECONDS_PER_EVAL
    margin: float = 0.1
    bound: Bound = "tight"

    @property
    def factors(self) -> tuple[str, ...]:
        """The factor, and those that grow with it."""
        return (self.factor, *self.together_with)

    @property
    def named_factors(self) -> str:
        """Return the factors for a sentence."""
        return join_names(self.factors)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailClaim(ExponentClaim):
    """What a law says of one of its terms, in detail: judged on request, and never against the law as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawClaim(Claim):
    """A response of a subject follows its law: as a whole it grows with each factor as the law does.

    Growth is compared between neighbouring levels of each factor: the exponent of the response there, less that of the
    fitted law, must lie within ``margin`` at most neighbours. For laws that grow faster than the first power the margin
    is that many times as wide.

    ``work`` names responses that count the work of an evaluation, such as its instructions, and follow the same law:
    time is work times the cost of an operation, which caches change. Where they were counted the verdict rests on them,
    within ``work_margin``, as it does where the response is a count itself. Counts that are too wide to be judged
    within that may still support the law within ``margin``.
    """

    response: str = SECONDS_PER_EVAL
    work: tuple[str, ...] = ()
    margin: float = 0.25
    work_margin: float = 0.05
    bound: Bound = "tight"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioClaim(Claim):
    """The time of one subject over that of another, each less a common part, follows a predicted ratio.

    ``ratio`` is an expression in the factors; ``less`` names the subject whose time is taken off both. The claim is
    judged on the largest relative deviation over ``points``, which must lie within ``margin`` (0.2: from 1/1.2 to 1.2
    times).
    """

    over: str
    ratio: str
    points: Design
    less: str | None = None
    margin: float = 0.2
    bound: Bound = "tight"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareClaim(Claim):
    """The terms with a factor make up at least (``lower``) or at most (``upper``) a share of the time at a point."""

    factor: str
    at: Point
    share: float = 0.5
    bound: Bound = "lower"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossoverClaim(Claim):
    """Along ``factor`` from ``at``, phase ``rising`` overtakes phase ``falling`` where the law says, within ``margin``.

    ``level`` is the predicted level of the factor, an expression in the other factors. ``less`` names the subject whose
    phases are taken off those of the subject first, as in ``RatioClaim``.
    """

    factor: str
    at: Point
    rising: tuple[str, ...]
    falling: tuple[str, ...]
    level: str
    less: str | None = None
    margin: float = 0.2
    bound: Bound = "tight"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedupClaim(Claim):
    """A subject is ``at_least`` so many times as fast as the fastest of some others, at every point.

    With ``mean`` the geometric mean over the points is meant. Subjects of ``over`` that are missing here are left out,
    and the verdict says so.
    """

    over: tuple[str, ...]
    points: Design
    at_least: float
    mean: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RooflineClaim(Claim):
    """A subject reaches ``at_least`` a share of the speed that the peaks of the machine allow at a point.

    The share is the time at the roofline, max(operations / peak, bytes / bandwidth), over the measured time. Operations
    and bytes are what the subject declares as its ``roofline``.
    """

    at: Point
    at_least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountClaim(Claim):
    """A response equals an amount at every point, within ``margin``.

    ``amount`` is an expression in the factors, or a function of a point where no expression can say it, in the unit of
    the response (bytes, or seconds per evaluation). A margin
    of 0.1: from 1/1.1 to 1.1 times. The peak of a process is known to some 0.3 MB: claim it where that is little.
    """

    response: str
    amount: str | Callable[[Point], float]
    points: Design
    margin: float = 0.1
    bound: Bound = "tight"
