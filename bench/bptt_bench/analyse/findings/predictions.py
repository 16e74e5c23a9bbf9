"""What is known of a prediction: whether the data reject its law, and how the same procedure did on measured points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bptt_bench.analyse.findings.reason import Finding


class Grade(StrEnum):
    """How far a prediction can be trusted, in one word.

    ``SOUND``: nothing speaks against it. ``DOUBTFUL``: the procedure failed on its own largest points, the law
    cannot be tested along a factor in which the prediction goes beyond the data, or the interval is so wide that it
    says next to nothing. ``REJECTED``: it extrapolates a law
    that the data reject, and by as much as that matters there.
    """

    SOUND = "sound"
    DOUBTFUL = "doubtful"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit(Finding):
    """A way in which residuals depart from the law, with its p-value after correction for the number of tests.

    Attributes
    ----------
    kind : ``exponent``: a power of a factor fits better than the law's; ``trend``: residuals follow a straight line in
        the logarithm of what ``along`` names; ``bend``: a parabola; ``interaction``: the product of two logarithms;
        ``term``: the law's terms times a factor, beside it; ``runs``: neighbours in size lie on the same side of the
        law; ``power law``: a product of powers fits better.
    along : factors; none for the fitted time.
    change : of the exponent, or the share of a term in the law's value at the largest level; ``None`` if there is none.
    effect : logarithm of what the departure makes of the prediction at its point, over that of the law.
    powers : of the factor by which a term is multiplied.
    """

    kind: Literal["exponent", "trend", "bend", "interaction", "term", "runs", "power law"]
    along: tuple[str, ...]
    p_value: float
    change: float | None = None
    effect: float | None = None
    powers: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Untestable(Finding):
    """Why the law cannot be tested along a factor, or at all: what would make it testable.

    Attributes
    ----------
    factor : along which; ``None`` for the whole law.
    n_levels, needed : levels of the factor, or points where ``factor`` is ``None``.
    """

    factor: str | None
    n_levels: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenTerm(Finding):
    """A further term, the law's own terms times powers of a factor, that the data do not exclude.

    Attributes
    ----------
    factor : by which the terms are multiplied.
    share : of the term in the law's value at the largest level, at that end of its 95 % interval which matters more.
    effect : logarithm of what it makes of the prediction at its point, over that of the law.
    is_hinted : whether the data hint at it: the share that fits best lies more than a standard error off 0.
    powers : of the factor; 2 for a law that falls as 1/p, beside which a term that grows with p is looked for.
    """

    factor: str
    share: float
    effect: float
    is_hinted: bool
    powers: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen(Finding):
    """The smallest change of a factor's exponent that the data would show, in four of five cases."""

    factor: str
    change: float
    effect: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed(Finding):
    """How points of a backtest were missed.

    Attributes
    ----------
    n_held : number of points predicted.
    farther : how many times larger the largest is than those used.
    bias, median, p95 : of the logarithms of predicted over measured: median, and quantiles of their absolute values.
    coverage : share within their 95 % intervals.
    power_law_median : the median of a product of powers fitted by least squares of logarithms; ``None`` without one.
    """

    n_held: int
    farther: float
    bias: float
    median: float
    p95: float
    coverage: float
    power_law_median: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest(Missed):
    """How the procedure did when it predicted the largest quarter of the points, which it has not seen.

    Attributes
    ----------
    rungs : the same by distance, of the points that have taught it weights and widths.
    """

    rungs: tuple[Missed, ...] = ()

    @property
    def is_graded(self) -> bool:
        """Whether enough points were predicted for their coverage to say something: 19, of which one may be missed."""
        return self.n_held >= FEWEST_GRADED


FEWEST_GRADED = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLaw(Finding):
    """A law that was found in the measurements it predicts from, and tried on fewer of them than a grade needs."""

    n_held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FarBeyond(Finding):
    """A point at ``times`` the largest level of a factor, which is farther than backtests say anything of."""

    factor: str
    times: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FarBelow(Finding):
    """A point so many ``times`` below the smallest level of a factor, where a call itself may be most of the cost."""

    factor: str
    times: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinStep(Finding):
    """A point between two measured levels where a found law changes, so that its value is between those of both sides.

    Attributes
    ----------
    between : the two levels of the factor.
    times : how many times as large the value of one side is as that of the other; infinite where that is 0.
    """

    factor: str
    between: tuple[float, float]
    times: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OddPoint(Finding):
    """A measured point at so many ``times`` what the law says, where the others lie near it."""

    at: Mapping[str, float]
    times: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WideInterval(Finding):
    """An interval whose upper end is more than ``times`` its lower end, so that it says next to nothing."""

    times: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverVaried(Finding):
    """Factors of a law that were measured at one level alone, or never apart, and a point where they are otherwise."""

    factors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ungraded(Finding):
    """Too few points to hold some out, so that no backtest was made."""

    n_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Widened(Finding):
    """Intervals that were widened, because those of the model missed the largest measured points.

    ``factor``: by which the standard error was multiplied. ``drift``: standard deviation for each nat beyond the data.
    """

    factor: float
    drift: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment(Finding):
    """The grade of a prediction with its reasons, and what else is known of it.

    Attributes
    ----------
    reasons : of a grade that is not sound.
    remarks : what is known besides.
    weights : share of each way to predict in the answer, by its name.
    """

    grade: Grade
    reasons: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()
    backtest: Backtest | None = None
    weights: tuple[tuple[str, float], ...] = ()
