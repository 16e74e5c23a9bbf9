"""Judging a law on a frame of samples alone, without a run: what a test marked with a complexity is judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bptt_bench.analyse.evidence.evidence import fit_all
from bptt_bench.analyse.findings.estimates import UnstableVerdict
from bptt_bench.analyse.findings.limits import Word
from bptt_bench.analyse.findings.reason import Finding, Kind, Reason, Width
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.verdicts.law import judge_law
from bptt_bench.analyse.verdicts.undone import find_undone_work, withhold
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.plan import CostLaw, Design, Evaluation, Experiment, Factor, Point, Profile, Subject
from bptt_bench.plan.claims.claim import Bound
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL, counted_of
from bptt_bench.plan.experiment.claims_from_law import claim_laws, name_all_factors

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Growth:
    """A law judged.

    Attributes
    ----------
    fit : of the law; ``None`` where there is none, and the verdict says why.
    """

    law: CostLaw
    bound: Bound
    verdict: Verdict
    fit: Fit | None

    @property
    def word(self) -> Word:
        """The verdict in one word."""
        return self.verdict.verdict


def judge_growth(
    frame: pd.DataFrame,
    law: CostLaw,
    *,
    name: str,
    overhead: Sequence[str] = ("1",),
    bound: Bound = "tight",
    margin: float | None = None,
    response: str = SECONDS_PER_EVAL,
    confidence: float = 0.95,
) -> Growth:
    """Judge whether a response of a frame of one subject follows a law.

    Parameters
    ----------
    name : of the subject.
    margin : how far exponents may be off those of the law; None: 0.25, and 0.05 for counts.
    response : ``seconds_per_eval`` or a count, such as ``instructions_count``.

    Raises
    ------
    FitError : the frame lacks what a fit needs.
    """
    factors = tuple(frame.attrs["factors"])
    points = Design.of({f: float(row[f]) for f in factors} for row in frame[list(factors)].to_dict("records"))
    subject = _subject(name, name_all_factors(law, factors), tuple(overhead), response)
    (claim,) = claim_laws(subject, "", bound, margin)
    experiment = Experiment(
        name=name,
        factors=tuple(Factor(name=factor, kind="real") for factor in factors),
        subjects=(subject,),
        profiles={"pytest": Profile(design=points)},
        claims=(claim,),
    )
    evidence = fit_all(frame, experiment, confidence=confidence)
    found = evidence.fit_or_reason(name, response)
    reasons, promised = find_undone_work(frame)
    verdict = withhold(judge_law(evidence, claim), claim, reasons, promised)
    return Growth(law=law, bound=bound, verdict=verdict, fit=None if isinstance(found, Reason) else found)


def require_both(growth: Growth, other: Growth, disturbance: Finding) -> Growth:
    """Return the verdict if it holds on other data too; else it is left open because of a disturbance of the data."""
    verdict = growth.verdict
    if verdict.verdict in ("inconclusive", other.verdict.verdict):
        return growth
    unstable = UnstableVerdict(disturbance=disturbance, without=other.word, verdict=verdict.reason.finding)
    width = Width(cause=None, remedy="a quiet machine")
    reason = Reason(kind=Kind.IMPRECISE, finding=unstable, width=width, remarks=verdict.reason.remarks)
    return replace(growth, verdict=verdict.left_open(reason))


def _subject(name: str, law: CostLaw, overhead: tuple[str, ...], response: str) -> Subject:
    own = {str(term) for term in law.terms}
    beside = tuple(term for term in overhead if term not in own)
    counted = counted_of(response)
    if counted is None:
        return Subject(name=name, prepare=_never, law=law, overhead=beside)
    return Subject(name=name, prepare=_never, count_laws={counted: law}, count_overheads={counted: beside})


def _never(point: Point) -> Evaluation:
    raise AssertionError(f"{point}: measured already")
