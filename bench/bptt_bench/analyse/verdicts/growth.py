"""How time or instructions grow with each factor, held against one law: what a marked test is judged on.

The terms of the law that have a factor are freed in it together, beside the overhead. A factor that the law lacks is
claimed not to matter. With several factors all are freed together as well, growing alike. Instructions have next to no
noise: their margin is a tenth of that of time, and lower powers of the factors are fitted beside the law.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bptt_bench.analyse.evidence.evidence import WHOLE, Evidence, fit_all
from bptt_bench.analyse.findings.estimates import UnstableVerdict
from bptt_bench.analyse.findings.limits import Word
from bptt_bench.analyse.findings.obstacles import LateGrowth, SmallShare
from bptt_bench.analyse.findings.reason import Finding, Kind, Reason, Width
from bptt_bench.analyse.fitting.diagnose import SMALLEST_SHARE
from bptt_bench.analyse.fitting.exponent import free_exponent
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.fitting.fitted import Fit, columns_at
from bptt_bench.analyse.fitting.select import prefer_fits
from bptt_bench.analyse.verdicts.exponent import weigh_exponent
from bptt_bench.analyse.verdicts.judges import judge_all
from bptt_bench.analyse.verdicts.undone import find_undone_work
from bptt_bench.analyse.verdicts.verdict import Verdict, inconclusive, not_identifiable
from bptt_bench.errors import FitError, LawError
from bptt_bench.plan import CostLaw, Design, Evaluation, Experiment, ExponentClaim, Factor, Point, Profile, Subject
from bptt_bench.plan.claims.claim import Bound
from bptt_bench.plan.experiment.claims_from_law import MARGIN, MARGIN_OF_NO_GROWTH
from bptt_bench.plan.experiment.instructions import MARGIN as MARGIN_OF_COUNTS
from bptt_bench.plan.experiment.instructions import RESPONSE, lower_order_terms
from bptt_bench.plan.experiment.subject import INSTRUCTIONS
from bptt_bench.plan.law.wording import join_names

if TYPE_CHECKING:
    import pandas as pd

NEIGHBOURS = ("1", "log(n)", "n**0.5", "n", "n*log(n)", "n**1.5", "n**2", "n**2*log(n)", "n**3")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Growth:
    """A law judged: one verdict a factor, and what they come to.

    Attributes
    ----------
    verdicts : by factor.
    fit : of the law; ``None`` where there is none, and the verdicts say why.
    better : a law of one factor that the data prefer, decidedly; ``None`` where they prefer none.
    """

    law: CostLaw
    bound: Bound
    verdicts: Mapping[str, Verdict]
    fit: Fit | None
    better: str | None

    @property
    def word(self) -> Word:
        """Refuted if it is in one factor, supported only if it is in all."""
        words = {verdict.verdict for verdict in self.verdicts.values()}
        if "refuted" in words:
            return "refuted"
        return "supported" if words == {"supported"} else "inconclusive"


def judge_growth(
    frame: pd.DataFrame,
    law: CostLaw,
    *,
    name: str,
    overhead: Sequence[str] = ("1",),
    bound: Bound = "tight",
    margin: float | None = None,
    response: str = WHOLE,
    confidence: float = 0.95,
) -> Growth:
    """Judge how a response grows with each factor of a frame of one subject.

    Parameters
    ----------
    name : of the subject.
    margin : how far an exponent may be off; None: half a power, and half of that for a factor that the law lacks; of
        instructions 0.05, of an exponent above 1 relative.
    response : ``seconds_per_eval`` or ``instructions_count``.

    Raises
    ------
    FitError : the frame lacks what a fit needs.
    """
    factors = tuple(frame.attrs["factors"])
    points = Design.of({f: float(row[f]) for f in factors} for row in frame[list(factors)].to_dict("records"))
    experiment = Experiment(
        name=name,
        factors=tuple(Factor(name=factor, kind="real") for factor in factors),
        subjects=(_subject(name, law, tuple(overhead), response),),
        profiles={"pytest": Profile(design=points)},
    )
    evidence = fit_all(frame, experiment, confidence=confidence)
    found = evidence.fit_or_reason(name, response)
    fitted = None if isinstance(found, Reason) else found
    question = _LawJudgement(
        evidence=evidence,
        frame=frame,
        fit=fitted,
        law=law,
        name=name,
        bound=bound,
        margin=margin,
        response=response,
    )
    verdicts = {factor: question.judge(factor, points) for factor in factors}
    if fitted is not None and len(factors) > 1:
        verdicts[join_names(factors)] = question.judge_together(fitted)
    better = None if fitted is None or len(factors) > 1 else _better(frame, fitted, factors[0], tuple(overhead))
    finding = find_undone_work(frame)[0].get(name)
    if finding is not None:  # nor is another law known to be better
        reason = Reason(kind=Kind.NOT_DONE, finding=finding)
        verdicts, better = {factor: verdict.left_open(reason) for factor, verdict in verdicts.items()}, None
    return Growth(law=law, bound=bound, verdicts=verdicts, fit=fitted, better=better)


def agreement(growth: Growth, other: Growth, disturbance: Finding) -> Growth:
    """Return the verdicts that hold on other data too; the rest is left open because of a disturbance of the data."""
    verdicts = dict(growth.verdicts)
    for name, verdict in growth.verdicts.items():
        there = other.verdicts[name]
        if verdict.verdict not in ("inconclusive", there.verdict):
            unstable = UnstableVerdict(disturbance=disturbance, without=there.verdict, verdict=verdict.reason.finding)
            width = Width(cause=None, remedy="a quiet machine")
            reason = Reason(kind=Kind.IMPRECISE, finding=unstable, width=width, remarks=verdict.reason.remarks)
            verdicts[name] = verdict.left_open(reason)
    return replace(growth, verdicts=verdicts)


def _subject(name: str, law: CostLaw, overhead: tuple[str, ...], response: str) -> Subject:
    if response != RESPONSE:
        return Subject(name=name, prepare=_never, law=law, overhead=overhead)
    beside = {INSTRUCTIONS: _with_lower_terms(law, overhead)}
    return Subject(name=name, prepare=_never, count_laws={INSTRUCTIONS: law}, count_overheads=beside)


def _with_lower_terms(law: CostLaw, overhead: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*overhead, *lower_order_terms(law)]))


def _never(point: Point) -> Evaluation:
    raise AssertionError(f"{point}: measured already")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _LawJudgement:
    """A law to be judged in each factor in turn."""

    evidence: Evidence
    frame: pd.DataFrame
    fit: Fit | None
    law: CostLaw
    name: str
    bound: Bound
    margin: float | None
    response: str

    def judge(self, factor: str, points: Design) -> Verdict:
        mine = tuple(str(term) for term in self.law.terms if factor in term.factors)
        flat = not mine
        claim = ExponentClaim(
            name=f"{self.law.text}: growth with {factor}",
            subject=self.name,
            factor=factor,
            terms=mine or tuple(str(term) for term in self.law.terms),
            at=points.points[-1],
            response=self.response,
            bound="upper" if flat else self.bound,  # to be faster with more does not refute a cost that should stay
        )
        if self.fit is not None:
            claim = replace(claim, at=_largest_share(self.fit, claim.terms, factor))
        claim = replace(claim, margin=self._margin(claim, flat=flat))
        (verdict,) = judge_all(self.evidence, [claim])
        if self.fit is None:
            return verdict
        if flat and verdict.verdict == "supported":
            return self._still_flat(self.fit, claim, verdict)
        return verdict

    def _margin(self, claim: ExponentClaim, *, flat: bool) -> float:
        if self.margin is not None:
            return self.margin
        if self.response == RESPONSE:
            terms = CostLaw(" + ".join(claim.terms))
            return MARGIN_OF_COUNTS * max(sum(terms.local_exponent(name, claim.at) for name in claim.factors), 1.0)
        return MARGIN_OF_NO_GROWTH if flat else MARGIN

    def judge_together(self, fit: Fit) -> Verdict:
        """Judge how fast time grows when all factors grow alike, against the law's own degree.

        ``n + m`` cannot be refuted in either factor alone by times of n·m, because along each line both are linear.
        """
        terms = tuple(str(term) for term in self.law.terms)
        at = _largest_share(fit, terms, fit.factors[0])
        claim = ExponentClaim(
            name=f"{self.law.text}: growth with all factors",
            subject=self.name,
            factor=fit.factors[0],
            together_with=tuple(fit.factors[1:]),
            terms=terms,
            at=at,
            response=self.response,
            bound=self.bound if self.law.factors else "upper",
        )
        claim = replace(claim, margin=self._margin(claim, flat=not self.law.factors))
        if self.response == RESPONSE:
            return judge_all(self.evidence, [claim])[0]
        free = free_exponent(fit, terms, claim.factors, at)
        if free.share < SMALLEST_SHARE or free.obstacle is not None:
            obstacle = free.obstacle or SmallShare(terms=terms, share=free.share, of="time", at=at)
            return inconclusive(claim, not_identifiable(obstacle), free.law, free.interval)
        return weigh_exponent(self.evidence, fit, claim, free)

    def _still_flat(self, fit: Fit, claim: ExponentClaim, verdict: Verdict) -> Verdict:
        """Return a verdict of no growth, or withdraw it where time has begun to grow at the largest level.

        Over a wide range 1 µs + 1 ns·n hardly grows as a power of n; at its end it may have doubled.
        """
        terms = [str(term) for term in fit.law.terms]
        linear = CostLaw(" + ".join([*(f"({term})*{claim.factor}" for term in terms), *terms]))
        largest = int(fit.points[claim.factor].to_numpy().argmax())
        at = {name: float(fit.points[name].to_numpy()[largest]) for name in fit.factors}
        try:
            growth = self._fit(linear, ()).exponent(claim.factor, at)
        except (FitError, LawError):
            return verdict
        if not growth.low > claim.margin:
            return verdict
        late = LateGrowth(factor=claim.factor, exponent=verdict.estimate or 0.0, at=at, there=growth)
        return inconclusive(claim, not_identifiable(late), verdict.predicted, growth)

    def _fit(self, law: CostLaw, overhead: Sequence[str]) -> Fit:
        return fit(
            self.frame, law, response=self.response, overhead=tuple(overhead), confidence=self.evidence.confidence
        )


def _largest_share(fit: Fit, terms: Sequence[str], factor: str) -> Point:
    """Return the measured point where terms take most of the time; of equals the one where a factor is largest."""
    levels = fit.levels
    times = columns_at(fit.full_law, levels) * fit.coefficients
    if not times[:, fit.indices(terms)].any():
        times = columns_at(fit.full_law, levels)
    shares = np.round(times[:, fit.indices(terms)].sum(axis=1) / times.sum(axis=1), 6)
    best = int(np.lexsort((levels[factor], shares))[-1])
    return Point({name: float(values[best]) for name, values in levels.items()})


def _better(frame: pd.DataFrame, this: Fit, factor: str, overhead: tuple[str, ...]) -> str | None:
    """Return the neighbouring law that fits decidedly better than the stated one; the best of several."""
    gaps: dict[str, float] = {}
    for text in NEIGHBOURS:
        law = CostLaw(text.replace("n", factor) if text != "1" else text)
        if law.text == this.law.text:
            continue
        beside = _with_lower_terms(law, overhead) if this.response == RESPONSE else overhead
        try:
            other = fit(frame, law, response=this.response, overhead=beside, confidence=this.confidence)
            found = prefer_fits(this, other)
        except FitError:
            continue
        if found.decision == "other":
            gaps[law.text] = found.aicc_gap
    return min(gaps, key=lambda text: gaps[text], default=None)
