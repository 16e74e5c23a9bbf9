"""Experiments whose law is derived from their code: ``bench.experiment(prepare, law="derive", …)``."""

from __future__ import annotations

from bptt_bench.analyse.derive.time_law import law_of_time
from bptt_bench.errors import ExperimentError
from bptt_bench.measure.counters.evaluation import TALLY
from bptt_bench.measure.worker.output import redirect_standard_output
from bptt_bench.plan import CostLaw, Experiment
from bptt_bench.workflows.derive.derive import DerivedSubject, derive_experiment

NOT_OF_TIME = ("bytes_allocated",)  # categories whose amounts are not operations

_completed: dict[int, tuple[Experiment, Experiment]] = {}  # by identity: an experiment is loaded more than once


def with_derived_laws(experiment: Experiment, own: str = "") -> Experiment:
    """Return an experiment with the laws that it leaves to be derived; any other as it is.

    Raises
    ------
    ExperimentError : a law was not found; the message says what was.
    """
    if experiment.complete is None:
        return experiment
    if id(experiment) not in _completed:
        with redirect_standard_output():
            derivation = derive_experiment(experiment, own=own)
        laws: dict[str, CostLaw] = {}
        for found in derivation.subjects:
            law = _law(found)
            known = laws.setdefault(found.name, law)
            if known != law:
                raise ExperimentError(
                    f"law='derive': {found.name} has law {known.text!r} and, at {dict(found.levels)}, {law.text!r}; "
                    "state a law for each by name"
                )
        _completed[id(experiment)] = (experiment, experiment.complete(laws))
    return _completed[id(experiment)][1]


def _law(found: DerivedSubject) -> CostLaw:
    """Return the law of the time of a subject: the terms of all its counts that no other exceeds."""
    counts = [one for one in found.counts if one.category not in NOT_OF_TIME]
    tallied = [one for one in counts if one.phase == TALLY]
    counts = tallied or counts  # what the user counts is what the user means
    if not counts:
        reason = found.stop.detail if found.stop is not None else found.failure or "nothing was counted"
        raise ExperimentError(f"law='derive': {found.name}: {reason}; state a law, or a tally that counts")
    lacking = [one for one in counts if one.found.law is None]
    if lacking:
        why = "" if lacking[0].found.obstacle is None else f" ({lacking[0].found.obstacle.value})"
        raise ExperimentError(
            f"law='derive': {found.name}: no exact law of its {lacking[0].category}{why}; `bptt-bench derive` says "
            "more: state a law, or leave it out"
        )
    return law_of_time([one.found.law for one in counts if one.found.law is not None])
