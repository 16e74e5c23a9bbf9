"""Findings on how a response grows beside its law: what verdicts on a law as a whole rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bptt_bench.analyse.findings.limits import Limits, Word
from bptt_bench.analyse.findings.reason import Finding
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.plan.claims.claim import Bound

Levels = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorGrowth:
    """Growth with one factor, or with several together, at the largest point.

    Attributes
    ----------
    predicted : exponent of the law with its overhead.
    estimate : with the excess of the response over the law.
    n_steps : pairs of neighbouring levels, or levels less one, that it rests on.
    per_step : whether these are the factors by which one step multiplies the response, of a law that is exponential.
    is_rough : whether these are so few that one more may lie far outside the interval.
    """

    factors: tuple[str, ...]
    predicted: float
    estimate: Interval
    limits: Limits
    n_steps: int
    per_step: bool = False
    is_rough: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LawGrowth(Finding):
    """A response beside its law as a whole.

    Attributes
    ----------
    overhead : terms of lower order that the law needs beside it.
    whole : growth with all factors together.
    growths : with each.
    also_fit : other simple laws within the same limits.
    closer : one that the response follows far more closely.
    rival : a law of another class that the response follows as well, or better.
    late : factors with which it grows at the largest level alone, where the law does not.
    hidden : terms of the law that are nowhere large enough to be judged.
    hiding : terms of lower order that may hide a law that the response does not follow.
    outgrown : how many times as much as the law the response grows, more at every step, where that refutes it.
    carriers : functions that carry something, the largest first.
    carried : share of them in the instructions at the largest point.
    carry : what: the logarithm, of ``closer`` or of the law, or an excess over the law.
    """

    law: str
    response: str
    bound: Bound
    overhead: tuple[str, ...]
    at: Levels
    whole: FactorGrowth
    growths: tuple[FactorGrowth, ...]
    also_fit: tuple[str, ...] = ()
    closer: str | None = None
    rival: str | None = None
    late: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    hiding: tuple[str, ...] = ()
    outgrown: float | None = None
    carriers: tuple[str, ...] = ()
    carried: float = 0.0
    carry: Literal["logarithm", "excess"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeAlone(Finding):
    """A law that was judged by its time alone, because no work was counted.

    ``is_open``: and was left open. ``why``: the work could not be counted, if that was tried.
    """

    is_open: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TooFewCounts(Finding):
    """Counts that are too few to judge a law by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsAlone(Finding):
    """A law that counted operations support, where no time says whether they are most of the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOtherwise(Finding):
    """A law that counted operations support and the time does not: something else than these may take it.

    ``time``: the growth of the time with all factors together.
    """

    time: FactorGrowth


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork(Finding):
    """Counts that leave a law open, which was therefore judged by its time.

    ``is_steep``: they miss it, by less than the margin of a time, and it grows too steeply for that to refute it.
    """

    work: LawGrowth
    is_steep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinMarginOfTime(Finding):
    """Counts that support a law within the margin of a time, and do not decide within ``work_margin``, their own."""

    margin: float
    work_margin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgrownCache(Finding):
    """A cache that inputs fit into below some point, and above which an operation takes ``rise`` times as long."""

    cache: str
    cache_bytes: int
    rise: float
    first_beyond: Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntInput(Finding):
    """A single input, whose branches the processor learns at small sizes, where it is evaluated again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialLevels(Finding):
    """Levels of a factor at which an operation takes longer than at the levels beside them, ``times`` as long at most.

    ``is_power_of_two``: all of them are powers of two, and none of the levels beside them is.
    """

    factor: str
    levels: tuple[float, ...]
    times: float
    is_power_of_two: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCost(Finding):
    """The factor by which the time of an operation rises from the point of least work to that of most.

    ``counted``: what was counted, such as ``instructions``. ``cause``: what explains most of it, if that is known.
    ``special``: levels at which an operation takes longer than at their neighbours.
    """

    counted: str
    rise: float
    smallest: Levels
    largest: Levels
    cause: OutgrownCache | LearntInput | SpecialLevels | None = None
    special: tuple[SpecialLevels, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkAndTime(Finding):
    """The work of an evaluation beside its law, and its time beside the work.

    ``cost`` is ``None`` where the time was not measured; ``time`` is ``None`` where it does not matter to the verdict.
    """

    work: LawGrowth
    work_verdict: Word
    cost: OperationCost | None
    time: LawGrowth | None = None
