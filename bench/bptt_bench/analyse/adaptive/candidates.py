"""What may be visited next, and what a visit costs: cells measured already, and points of other profiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from bptt_bench.analyse.adaptive.precision import IntervalTarget, PairedSamples, TimedCell
from bptt_bench.analyse.evidence.evidence import Evidence, fitted_samples
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.plan import Experiment, Point
from bptt_bench.plan.design.columns import INSTRUMENTED, SECONDS_PER_EVAL

if TYPE_CHECKING:
    import pandas as pd

# of a visit over the time of its evaluations, where it was not stored: preparing, calibrating and warming up
USUAL_OVERHEAD = 1.5


def visit_seconds(frame: pd.DataFrame) -> dict[TimedCell, float]:
    """Return the mean seconds of a visit to each cell of a run, preparation included."""
    samples = fitted_samples(frame)
    timed = samples["timing"].isin(("whole", "phases"))  # all else is measured once, never to be visited again
    samples = samples[timed.to_numpy(dtype=bool)]
    factors = list(frame.attrs["factors"])
    phased = (samples["timing"] == "phases").to_numpy(dtype=bool)
    seconds = samples[SECONDS_PER_EVAL].to_numpy(dtype=np.float64)
    if phased.any():
        seconds = np.where(phased, samples[INSTRUMENTED].to_numpy(dtype=np.float64), seconds)
    timed = seconds * samples["evaluations"].to_numpy(dtype=np.float64)
    stored = samples["visit_seconds"].to_numpy(dtype=np.float64)
    spent = np.where(np.isfinite(stored), stored, USUAL_OVERHEAD * timed)
    sums: dict[TimedCell, list[float]] = {}
    rows = zip(samples["subject"], samples["timing"], samples[factors].to_numpy().tolist(), spent, strict=True)
    for subject, timing, levels, each in rows:
        cell = TimedCell(str(subject), Point(dict(zip(factors, levels, strict=True))), str(timing))
        sums.setdefault(cell, []).append(float(each))
    return {cell: float(np.mean(each)) for cell, each in sums.items()}


def unmeasured_cells(
    evidence: Evidence,
    targets: Iterable[IntervalTarget],
    visited: Mapping[TimedCell, float],
    *,
    seconds_per_sample: float,
) -> dict[TimedCell, float]:
    """Return the unmeasured points of any profile that the fits of some targets could use, with the seconds of a visit.

    None that would take longer than the longest measured: what narrows an interval most per second is not there, and
    whether it fits into memory is not known.
    """
    wanted = {
        (part.cells[0].subject, part.cells[0].timing)
        for target in targets
        if not isinstance(target.basis, PairedSamples)
        for part in target.basis
    }
    found: dict[TimedCell, float] = {}
    for subject, timing in sorted(wanted):
        fits = _fits(evidence, subject)
        mine = {cell: seconds for cell, seconds in visited.items() if (cell.subject, cell.timing) == (subject, timing)}
        taken = {*(cell.point for cell in mine), *_skipped(evidence, subject)}
        points = [point for point in _points(evidence.experiment, subject) if point not in taken]
        if not points or not mine:
            continue
        known = _seconds(fits, [cell.point for cell in mine])
        overhead = float(np.median(np.array(list(mine.values())) / np.maximum(known, seconds_per_sample)))
        for point, seconds in zip(points, _seconds(fits, points), strict=True):
            if seconds <= known.max():
                found[TimedCell(subject, point, timing)] = overhead * max(float(seconds), seconds_per_sample)
    return found


def _fits(evidence: Evidence, subject: str) -> list[Fit]:
    """Return the fit of the whole, or those of the phases that were made."""
    if (subject, SECONDS_PER_EVAL) in evidence.fits:
        return [evidence.fits[subject, SECONDS_PER_EVAL]]
    return [fit for (name, _), fit in evidence.fits.items() if name == subject]


def _seconds(fits: Iterable[Fit], points: list[Point]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(sum(np.array([each.estimate for each in fit.curve(points)]) for fit in fits))


def _skipped(evidence: Evidence, subject: str) -> set[Point]:
    """Return the points at which a subject could not be timed."""
    skips = evidence.frame.attrs.get("skips", ())
    return {
        Point(skip["point"])
        for skip in skips
        if skip["subject"] == subject and skip.get("timing", "whole") in ("whole", "phases")
    }


def _points(experiment: Experiment, subject: str) -> list[Point]:
    """Return the points at which any profile measures a subject."""
    cells = (cell for profile in experiment.profiles.values() for cell in profile.cells([subject]))
    return list(dict.fromkeys(cell.point for cell in cells))
