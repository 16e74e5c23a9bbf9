"""Everything a report needs to know about a run: fits, verdicts, noise, placebo and what was left out."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.analyse.data.lazy import LazyMapping
from bptt_bench.analyse.evidence.evidence import Evidence, fit_all
from bptt_bench.analyse.evidence.paired import overall
from bptt_bench.analyse.evidence.strata import stratify
from bptt_bench.analyse.findings.reason import Reason
from bptt_bench.analyse.findings.remarks import CodeChange, GrowingInput, LawChange, OddLevel
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.fitting.hosts import Host
from bptt_bench.analyse.fitting.odd_levels import find_odd_levels
from bptt_bench.analyse.machine.prediction import MachinePrediction, predict_all
from bptt_bench.analyse.predict.predictor import Predictor, make_predictor
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.checks import judge_agreement
from bptt_bench.analyse.verdicts.judges import judge_all
from bptt_bench.analyse.verdicts.race import Race, race_of
from bptt_bench.analyse.verdicts.undone import find_growing_inputs
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.analyse.verdicts.width import alarms_of, placebo_ratio
from bptt_bench.plan import Claim, Experiment
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Analysis:
    """A run analysed.

    Attributes
    ----------
    evidence : the samples and the fits that the verdicts rest on; a fit is computed on first use.
    placebo : ratio of the placebo to its subject over all points (1: no false alarm); ``None`` if not measured.
    placebo_alarms : points whose own 95 % interval of that ratio excludes 1, and how many points there are.
    noise : relative standard deviation within points, the median over fits of the whole; ``None`` without repetitions.
    contaminated_share : share of disturbed samples, likewise.
    below_floor : samples left out of all fits because their signal was below the floor.
    skips : records of cells that were left out: for want of memory, or because something raised there.
    machine_predictions : by subject, what its works would take at the rates of the probe, made when first needed;
        none without a probe.
    is_fitted : whether any law of a whole evaluation was fitted.
    race : who is how fast where; ``None`` where no claim is about a speedup.
    hosts : of the samples of each subject that was measured on several.
    code_changes, law_changes : what was changed between measuring and judging, or during the measuring.
    odd_levels : single levels that lie off their neighbours.
    growing_inputs : inputs that each call leaves longer.
    notes : what whoever read the run has to add.
    """

    evidence: Evidence
    verdicts: tuple[Verdict, ...]
    placebo: Interval | None
    placebo_alarms: tuple[int, int]
    noise: float | None
    contaminated_share: float | None
    is_fitted: bool
    below_floor: int
    skips: tuple[Mapping[str, Any], ...]
    machine_predictions: Mapping[str, MachinePrediction] = field(default_factory=dict)
    race: Race | None = None
    hosts: Mapping[str, tuple[Host, ...]] = field(default_factory=dict)
    code_changes: tuple[CodeChange, ...] = ()
    law_changes: tuple[LawChange, ...] = ()
    odd_levels: tuple[OddLevel, ...] = ()
    growing_inputs: tuple[GrowingInput, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """Return the samples, with the other records of the run."""
        return self.evidence.frame

    @property
    def experiment(self) -> Experiment:
        """Return what was measured."""
        return self.evidence.experiment

    @property
    def fits(self) -> Mapping[tuple[str, str], Fit]:
        """Return the fits by (subject, response)."""
        return self.evidence.fits

    @property
    def predictors(self) -> Mapping[str, Predictor]:
        """Return by subject what predicts the time of a whole evaluation, made when first needed."""
        fits = {subject.name: self.fits.get((subject.name, SECONDS_PER_EVAL)) for subject in self.experiment.subjects}
        known = {name: fit for name, fit in fits.items() if fit is not None}
        return LazyMapping({name: functools.partial(self._predictor, name, fit) for name, fit in known.items()})

    def _predictor(self, subject: str, fit: Fit) -> Predictor:
        memo, key = self.evidence.memo, ("predictor", subject)
        if key not in memo:
            memo[key] = make_predictor(subject, fit)
        predictor: Predictor = memo[key]
        return predictor

    @property
    def failures(self) -> Mapping[tuple[str, str], Reason]:
        """Return the reasons why fits are missing, by (subject, response)."""
        return self.evidence.failures


def analyse(
    frame: pd.DataFrame, experiment: Experiment, claims: Iterable[Claim] | None = None, *, confidence: float = 0.95
) -> Analysis:
    """Fit every law of the experiment to a run and judge the claims (by default those of the experiment).

    Where there are categories, the analysis is of the strata (``bptt_bench.analyse.evidence.strata``), whose names are
    subjects.

    Raises
    ------
    FitError : the frame has no subjects, or a claim names a term or factor that its law does not have.
    """
    claimed = experiment.claims if claims is None else tuple(claims)
    code_changes = tuple(_code_changes(frame.attrs.get("resumes", ())))
    law_changes = tuple(_law_changes((frame.attrs.get("run") or {}).get("laws"), experiment))
    frame, experiment, claimed = stratify(frame, experiment, claimed)
    evidence = fit_all(frame, experiment, confidence=confidence)
    judged = judge_all(evidence, claimed)
    verdicts = (*judge_agreement(evidence), *judged)
    ratio = placebo_ratio(evidence)
    placebo = None if ratio is None else overall(ratio, confidence)
    alarms = alarms_of(ratio, confidence)
    keys = [(subject.name, SECONDS_PER_EVAL) for subject in experiment.subjects]
    whole = [evidence.fits[key] for key in keys if key in evidence.fits]
    noises = [fit.noise.relative for fit in whole if fit.noise.relative is not None]
    noise = float(np.median(noises)) if noises else None
    contaminated = float(np.median([fit.noise.contaminated_share for fit in whole])) if noises else None
    return Analysis(
        evidence=evidence,
        verdicts=verdicts,
        placebo=placebo,
        placebo_alarms=alarms,
        noise=noise,
        contaminated_share=contaminated,
        is_fitted=bool(whole),
        below_floor=evidence.below_floor(),
        skips=tuple(frame.attrs.get("skips", ())),
        machine_predictions=predict_all(frame, experiment, evidence.fits),
        race=race_of(evidence),
        hosts={key[0]: evidence.fits[key].hosts for key in keys if key in evidence.fits and evidence.fits[key].hosts},
        code_changes=code_changes,
        law_changes=law_changes,
        odd_levels=tuple(_odd_levels(evidence, keys)),
        growing_inputs=find_growing_inputs(frame),
    )


def _odd_levels(evidence: Evidence, keys: Iterable[tuple[str, str]]) -> Iterator[OddLevel]:
    """Yield the levels at which a whole evaluation takes longer or shorter than the levels beside them say."""
    added = (evidence.frame.attrs.get("run") or {}).get("added_levels", {})
    for key in keys:
        if key in evidence.fits:
            yield from find_odd_levels(key[0], evidence.fits[key], added)


def _code_changes(resumes: Iterable[Mapping[str, Any]]) -> Iterator[CodeChange]:
    """Yield each resumption of a run that went on with other code than it began with."""
    for record in resumes:
        if "changed" in record:
            files = record["changed"]
            yield CodeChange(files=tuple(map(str, files)) if isinstance(files, list) else None)


def _law_changes(stored: Any, experiment: Experiment) -> Iterator[LawChange]:
    """Yield each subject whose law was another when the run was measured; it is judged by that of today."""
    if not isinstance(stored, Mapping):  # a run that did not record them
        return
    for subject in experiment.subjects:
        law = None if subject.law is None else subject.law.text
        measured = stored.get(subject.name, law)
        if measured != law:
            yield LawChange(subject=subject.name, judged=law, measured=None if measured is None else str(measured))
