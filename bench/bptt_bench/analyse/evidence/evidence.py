"""What claims are judged on: the fits of a run, made once and shared, and why a fit is missing where it is."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.analyse.data.columns import CENSORED, STANDARD_ERROR, has_foreign_levels
from bptt_bench.analyse.data.lazy import Absent, LazyMapping
from bptt_bench.analyse.data.response import UNITS, is_exact, substance
from bptt_bench.analyse.data.samples import BelowFloorError
from bptt_bench.analyse.findings.obstacles import FewPoints, NoLaw, NoRows, UnusableData
from bptt_bench.analyse.findings.reason import Kind, Reason
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.fitting.regime import Regime
from bptt_bench.errors import FitError
from bptt_bench.plan import CostLaw, Experiment, Point, Subject
from bptt_bench.plan.description.lookup import NotStoredError
from bptt_bench.plan.design.columns import INSTRUMENTED, SCRATCH, SECONDS_PER_EVAL, count_column, phase_column

if TYPE_CHECKING:
    import pandas as pd

BLOCK = "block"
STAGE = "stage"
FEWEST_SPARE_POINTS = 2  # a fit is judged with at least this many points more than terms
SMALLEST_PHASE_SHARE = 0.05  # of the time at a point
# rows of any other stage test the predictions of a fit: none for it
FITTED_STAGES = ("sweep", "adaptive", "memory", "counts")


class UnjudgedError(FitError):
    """Data from which something cannot be judged; ``reason`` is why, which the message leaves to others to say."""

    def __init__(self, what: str, reason: Reason) -> None:
        super().__init__(what)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """A run's frame with its fits, by (subject, response); ``failures`` holds the reason why one is missing.

    A fit is computed on first use. ``samples`` is the frame without the rows of stages that no fit may see
    and without the other records of the run, which pandas would copy with every selection of rows; ``memo`` keeps what
    several claims need.
    """

    frame: pd.DataFrame
    samples: pd.DataFrame
    experiment: Experiment
    fits: Mapping[tuple[str, str], Fit]
    failures: Mapping[tuple[str, str], Reason]
    confidence: float = 0.95
    memo: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def fit_or_reason(self, subject: str, response: str) -> Fit | Reason:
        """Return the fit, or the reason of an inconclusive verdict."""
        key = (subject, response)
        if key in self.fits:
            return self.fits[key]
        lacking = NoLaw(subject=subject, response=response)
        return self.failures.get(key, Reason(kind=Kind.NO_DATA, finding=lacking))

    def usable_fit(self, subject: str, response: str) -> Fit | Reason:
        """Return the fit if it has points enough to be judged, else the reason of an inconclusive verdict."""
        found = self.fit_or_reason(subject, response)
        if isinstance(found, Reason):
            return found
        n_terms = len(found.full_law.terms)
        if found.n_points >= n_terms + FEWEST_SPARE_POINTS:
            return found
        few = FewPoints(
            subject=subject,
            response=response,
            n_points=found.n_points,
            n_terms=n_terms,
            needed=n_terms + FEWEST_SPARE_POINTS,
            below_floor=found.below_floor,
        )
        return Reason(kind=Kind.BELOW_FLOOR if found.below_floor else Kind.NO_DATA, finding=few)

    def fit_at(self, whole: Fit, subject: str, at: Mapping[str, float]) -> Fit:
        """Return the fit of a subject on the points in the same cache regimes as a point.

        Beyond a threshold an operation has another cost, and a ramp only resembles how it gets there. Thresholds that
        the point is beyond stay in the law. Without regimes it is the whole fit.
        """
        if not whole.regimes:
            return whole
        response = whole.response
        below = [regime for regime in whole.regimes if regime.bytes_at(at) <= regime.threshold]
        key = ("fit_at", subject, response, *(regime.companion for regime in below))
        if key not in self.memo:
            self.memo[key] = self._fit_below(subject, response, whole, below) if below else whole
        found: Fit = self.memo[key]
        return found

    def _fit_below(self, subject: str, response: str, whole: Fit, below: list[Regime]) -> Fit:
        rows = self.rows(subject, response)
        keep = np.ones(len(rows), dtype=bool)
        for regime in below:
            keep &= regime.bytes_at({str(name): rows[name] for name in rows.columns}) <= regime.threshold
        left_out = {regime.companion for regime in below}
        terms = [term.term for term in whole.terms if term.role != "law" and term.term not in left_out]
        try:
            return fit(
                rows[keep],
                whole.law,
                response=response,
                overhead=terms,
                block=BLOCK if BLOCK in rows.columns else None,
                confidence=self.confidence,
                places=self.memo,
            )
        except FitError:  # too few points are left: the whole fit has to do
            return whole

    def rows(self, subject: str, response: str) -> pd.DataFrame:
        """Return the rows of one subject that hold a response."""
        return rows_of(self.samples, subject, response)

    def below_floor(self) -> int:
        """Return the number of samples of all stages whose signal was below the floor."""
        if "below_floor" not in self.frame.columns:
            return 0
        bare = without_records(self.frame)
        return int(bare["below_floor"].fillna(value=False).to_numpy(dtype=bool).sum())


def rows_of(frame: pd.DataFrame, subject: str, response: str) -> pd.DataFrame:
    """Return the rows of one subject that hold a response; none where the frame has no such column.

    A phase has only the points where it takes at least 5 % of the time. Elsewhere it includes refilling the caches that
    the other phases have emptied, up to five times its own cost, which its own law does not describe.
    """
    mine = (frame["subject"] == subject).to_numpy(dtype=bool)
    if response not in frame.columns:
        return frame.iloc[:0]
    rows = frame[mine & frame[response].notna().to_numpy(dtype=bool)]
    factors = frame.attrs.get("factors", [])
    is_phase = response != SECONDS_PER_EVAL and not is_exact(response)
    if not is_phase or INSTRUMENTED not in rows.columns or not len(rows) or not factors:
        return rows
    share = (rows[response] / rows[INSTRUMENTED]).groupby([rows[name] for name in factors]).transform("median")
    return rows[(share >= SMALLEST_PHASE_SHARE).to_numpy(dtype=bool)]


def without_records(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows without the other records of the run, which pandas would copy with every column."""
    import pandas as pd

    bare = pd.DataFrame(frame)
    bare.attrs = {
        name: frame.attrs[name] for name in ("factors", UNITS, CENSORED, STANDARD_ERROR) if name in frame.attrs
    }
    return bare


def fitted_samples(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that fits may see: all but those of stages that test predictions."""
    if STAGE not in frame.columns or has_foreign_levels(frame, STAGE):
        return frame
    return frame[frame[STAGE].isin(FITTED_STAGES).to_numpy(dtype=bool)]


def why_not_counted(frame: pd.DataFrame, subject: str, response: str) -> str:
    """Return why a run could not count a response of a subject; empty where it does not say."""
    counted = substance(response)
    records = frame.attrs.get("uncounted", ())
    return next((one["reason"] for one in records if (one["subject"], one["counted"]) == (subject, counted)), "")


def fit_all(
    frame: pd.DataFrame,
    experiment: Experiment,
    *,
    confidence: float = 0.95,
    only: Collection[tuple[str, str]] | None = None,
) -> Evidence:
    """Fit every law of every subject, of time (whole and by phase), memory and counts; or ``only`` some responses.

    Raises
    ------
    FitError : the frame has no column ``subject``.
    """
    if "subject" not in frame.columns:
        raise FitError(f"column 'subject': missing; the columns are {', '.join(map(str, frame.columns))}")
    samples = fitted_samples(without_records(frame))
    memo: dict[tuple[Any, ...], Any] = {}

    def made(subject: Subject, response: str, law: CostLaw, overhead: tuple[str, ...] | None) -> Fit | Absent:
        rows = rows_of(samples, subject.name, response)
        if not len(rows):
            why = why_not_counted(frame, subject.name, response)
            return Absent(Reason(kind=Kind.NO_DATA, finding=NoRows(subject=subject.name, response=response, why=why)))
        try:
            options = fit_options(subject, response, frame, overhead)
            return fit(rows, law, response=response, confidence=confidence, places=memo, **options)
        except FitError as error:
            return Absent(unusable_reason(subject.name, error))

    fits = LazyMapping[tuple[str, str], Fit](
        {
            (subject.name, response): functools.partial(made, subject, response, law, overhead)
            for subject in experiment.subjects
            for response, law, overhead in laws_of(subject)
            if only is None or (subject.name, response) in only
        }
    )
    return Evidence(
        frame=frame,
        samples=samples,
        experiment=experiment,
        fits=fits,
        failures=fits.reasons,
        confidence=confidence,
        memo=memo,
    )


def unusable_reason(subject: str, error: FitError) -> Reason:
    """Return the reason why samples of a subject cannot be used."""
    kind = Kind.BELOW_FLOOR if isinstance(error, BelowFloorError) else Kind.NO_DATA
    return Reason(kind=kind, finding=UnusableData(subject=subject, error=str(error)))


def laws_of(subject: Subject) -> list[tuple[str, CostLaw, tuple[str, ...] | None]]:
    whole = [(SECONDS_PER_EVAL, subject.law, subject.overhead)] if subject.law is not None else []
    phases = [
        (phase_column(phase), law, subject.phase_overheads.get(phase)) for phase, law in subject.phase_laws.items()
    ]
    memory = [(SCRATCH, subject.memory_law, subject.memory_overhead)] if subject.memory_law is not None else []
    counts = [(count_column(name), law, subject.count_overheads.get(name)) for name, law in subject.count_laws.items()]
    return [*whole, *phases, *memory, *counts]


def fit_options(
    subject: Subject, response: str, frame: pd.DataFrame, overhead: tuple[str, ...] | None
) -> dict[str, Any]:
    """Return how a response is fitted; only times have drift, and unit costs that change beyond a cache."""
    found: dict[str, Any] = {"overhead": "auto" if overhead is None else overhead}
    if not is_exact(response):
        found["block"] = BLOCK if BLOCK in frame.columns else None
        found |= {"working_set": _sizes(subject), "term_bytes": subject.term_bytes}
    return found


def _sizes(subject: Subject) -> Callable[[Mapping[str, float]], float | None] | None:
    working_set = subject.working_set
    if working_set is None:
        return None

    def size(levels: Mapping[str, float]) -> float | None:
        try:
            return working_set(Point({n: int(x) if x.is_integer() else x for n, x in levels.items()}))
        except NotStoredError:
            return None

    return size
