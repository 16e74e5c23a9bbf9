"""The share that a factor has in an evaluation without any fit: by the times of its phases, and by counted operations.

A phase also holds what is done in it whatever the factor is, such as the calls of a step. Its share is thus the most
that the terms with the factor can take.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.evidence.evidence import Evidence
from bptt_bench.analyse.stats.estimate import Interval, t_quantile
from bptt_bench.plan import Point, Subject
from bptt_bench.plan.description.lookup import NotStoredError
from bptt_bench.plan.design.columns import phase_column

FEWEST_VISITS = 2  # of which the phases were timed, for an interval


class MeasuredShare(NamedTuple):
    """Phases whose law depends on a factor, and their share of the time and of the multiply-adds, if declared."""

    phases: tuple[str, ...]
    time: Interval
    multiply_adds: float | None


def measured_share(evidence: Evidence, subject: str, factor: str, at: Point) -> MeasuredShare | None:
    """Return the share at a point; None where the phases do not distinguish the factor or were not timed there.

    The phases of one evaluation are slow together, so that each visit gives one log ratio of the two parts.
    """
    described = evidence.experiment.subject(subject)
    phases = tuple(phase for phase, law in described.phase_laws.items() if factor in law.factors)
    others = tuple(phase for phase in described.phase_laws if phase not in phases)
    logs = _log_ratios(evidence, subject, phases, others, at) if phases and others else []
    if len(logs) < FEWEST_VISITS:
        return None
    middle = float(np.mean(logs))
    error = float(np.std(logs, ddof=1)) / math.sqrt(len(logs))
    half = t_quantile(evidence.confidence, len(logs) - 1) * error
    time = Interval(_share_of(middle), _share_of(middle - half), _share_of(middle + half))
    return MeasuredShare(phases, time, counted_share(described, phases, at))


def counted_share(subject: Subject, phases: tuple[str, ...], at: Point) -> float | None:
    """Return the share of some phases in the multiply-adds that a subject declares at a point, if it declares any."""
    try:
        works = [] if subject.works is None else subject.works(at)
    except NotStoredError:
        return None
    products = [(work.phase in phases, work.operations) for work in works if work.kind == "product"]
    total = sum(operations for _, operations in products)
    return sum(operations for inside, operations in products if inside) / total if total else None


def _log_ratios(
    evidence: Evidence, subject: str, phases: tuple[str, ...], others: tuple[str, ...], at: Point
) -> list[float]:
    """Return the log ratio of the time of some phases to that of the others at each visit whose phases were timed."""
    frame = evidence.samples
    columns = [phase_column(phase) for phase in (*phases, *others)]
    if any(column not in frame.columns for column in columns):
        return []
    here = (frame["subject"] == subject).to_numpy(dtype=bool)
    for name, level in at.items():
        if name in frame.columns:
            here = here & (frame[name] == level).to_numpy(dtype=bool)
    seconds = frame.loc[here, columns].to_numpy(dtype=np.float64)
    seconds = seconds[np.isfinite(seconds).all(axis=1)]
    inside, outside = seconds[:, : len(phases)].sum(axis=1), seconds[:, len(phases) :].sum(axis=1)
    both = (inside > 0) & (outside > 0)
    return [float(value) for value in np.log(inside[both]) - np.log(outside[both])]


def _share_of(log_ratio: float) -> float:
    """Return the share a/(a + b) of log(a/b)."""
    return float(1 / (1 + np.exp(-log_ratio)))
