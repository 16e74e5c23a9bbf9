"""Everything a report needs to know about a run: fits, verdicts, noise, placebo and what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.analyse.evidence.evidence import WHOLE, Evidence, fit_all
from bptt_bench.analyse.evidence.paired import overall
from bptt_bench.analyse.evidence.strata import stratified
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.fitting.hosts import in_words
from bptt_bench.analyse.machine.prediction import MachinePrediction, predict_all
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.gaps import gaps_in_words
from bptt_bench.analyse.verdicts.judges import judge_all
from bptt_bench.analyse.verdicts.placebo import alarms_of, placebo_ratio
from bptt_bench.analyse.verdicts.race import Race, race_of
from bptt_bench.analyse.verdicts.speedup import judge_agreement
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.plan import Claim, Experiment
from bptt_bench.store.importers.reading.text import printable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Analysis:
    """A run analysed.

    Attributes
    ----------
    evidence : the samples and the fits that the verdicts rest on; a fit is made when it is first asked for.
    placebo : ratio of the placebo to its subject over all points (1: no false alarm); ``None`` if not measured.
    placebo_alarms : points whose own 95 % interval of that ratio excludes 1, and how many points there are.
    noise : relative standard deviation within points, the median over fits of the whole; ``None`` without repetitions.
    contaminated_share : share of disturbed samples, likewise.
    noise_line : both in one line of words, with what else a reader must know of the samples.
    below_floor : samples left out of all fits because their signal was below the floor.
    skips : records of cells that were left out: for want of memory, or because something raised there.
    pricings : by subject, what its declared works would take at the rates of the run's probe, made when it is first
        asked for; none without a probe.
    race : who is how fast where; ``None`` where no claim is about a speedup.
    """

    evidence: Evidence
    verdicts: tuple[Verdict, ...]
    placebo: Interval | None
    placebo_alarms: tuple[int, int]
    noise: float | None
    contaminated_share: float | None
    noise_line: str
    below_floor: int
    skips: tuple[Mapping[str, Any], ...]
    machine_predictions: Mapping[str, MachinePrediction] = field(default_factory=dict)
    race: Race | None = None

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
    def failures(self) -> Mapping[tuple[str, str], str]:
        """Return by (subject, response) why a fit is missing."""
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
    asked = experiment.claims if claims is None else tuple(claims)
    other_code = tuple(_other_code(frame.attrs.get("resumes", ())))
    other_laws = tuple(_other_laws((frame.attrs.get("run") or {}).get("laws"), experiment))
    frame, experiment, asked = stratified(frame, experiment, asked)
    evidence = fit_all(frame, experiment, confidence=confidence)
    judged = judge_all(evidence, asked)
    verdicts = (*judge_agreement(evidence), *judged)
    ratio = placebo_ratio(evidence)
    placebo = None if ratio is None else overall(ratio, confidence)
    alarms = alarms_of(ratio, confidence)
    keys = [(subject.name, WHOLE) for subject in experiment.subjects]
    whole = [evidence.fits[key] for key in keys if key in evidence.fits]
    noises = [fit.noise.relative for fit in whole if fit.noise.relative is not None]
    noise = float(np.median(noises)) if noises else None
    contaminated = float(np.median([fit.noise.contaminated_share for fit in whole])) if noises else None
    below = evidence.below_floor()
    return Analysis(
        evidence=evidence,
        verdicts=verdicts,
        placebo=placebo,
        placebo_alarms=alarms,
        noise=noise,
        contaminated_share=contaminated,
        noise_line="; ".join(
            (
                _noise_line(noise, contaminated, placebo, alarms, below, fitted=bool(whole)),
                *_hosts(evidence.fits, keys),
                *other_code,
                *gaps_in_words(frame.attrs.get("skips", ())),
                *other_laws,
            )
        ),
        below_floor=below,
        skips=tuple(frame.attrs.get("skips", ())),
        machine_predictions=predict_all(frame, experiment, evidence.fits),
        race=race_of(evidence),
    )


def _hosts(fits: Mapping[tuple[str, str], Fit], keys: Iterable[tuple[str, str]]) -> Iterator[str]:
    """What is to be said of several hosts: of each subject, for one may be slower at one thing alone."""
    for key in keys:
        if key in fits and fits[key].hosts:
            yield f"{key[0]}: {in_words(fits[key].hosts)}"


def _other_code(resumes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What is to be said of a run that went on with other code than it began with."""
    for record in resumes:
        if "changed" in record:
            files = record["changed"]
            told = (
                printable(", ".join(map(str, files)))
                if isinstance(files, list)
                else "it did not say with which it began"
            )
            yield f"measured with two versions of the code, for it went on with another one: {told}"


def _other_laws(stored: Any, experiment: Experiment) -> Iterator[str]:
    """What is to be said of laws that were others when the run was measured: it is judged by those of today."""
    if not isinstance(stored, Mapping):  # a run that did not record them
        return
    for subject in experiment.subjects:
        law = None if subject.law is None else subject.law.text
        if stored.get(subject.name, law) != law:
            was = printable(str(stored[subject.name] or "none"))
            yield f"{subject.name}: judged by the law {law or 'none'}; when it was measured it was {was}"


def _noise_line(
    noise: float | None,
    contaminated: float | None,
    placebo: Interval | None,
    alarms: tuple[int, int],
    below: int,
    *,
    fitted: bool,
) -> str:
    parts = [f"noise unknown: {'no repetitions' if fitted else 'no law was fitted'}"]
    if noise is not None:
        parts = [f"noise within points {noise:.1%}, {contaminated:.1%} of samples disturbed"]
    if placebo is None:
        parts.append("no placebo")
    else:
        change, low, high = (value - 1 for value in placebo)
        found = f"placebo {change:+.2%} ({low:+.2%} to {high:+.2%})"
        parts.append(f"{found}, false alarms at {alarms[0]} of {alarms[1]} points")
    if below:
        parts.append(f"{below} samples below the signal floor left out")
    return "; ".join(parts)
