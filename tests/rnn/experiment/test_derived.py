"""The laws that are derived from the code of the algorithms are the closed forms that were derived by hand."""

from __future__ import annotations

import pytest
from bptt_bench.analyse.derive.proof import Comparison
from bptt_bench.measure.counters.evaluation import LIBRARY
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.workflows.derive.derive import DerivedSubject, derive_experiment
from bptt_bench.workflows.derive.document import to_document
from bptt_rnn import experiment as first
from bptt_rnn.cost import counts
from bptt_rnn.experiment import family

ALGORITHMS = ("aggregated", "batched", "truncated", "checkpointed", "rtrl", "batched-chunked", "batched-class")
# sizes that show what an algorithm does at most: chunks of 1024 words, passes of 32 steps, segments of √T
USUALLY = {"V": 34, "d": 34, "H": 34, "T": 20}
LARGEST = {
    "batched-chunked": {**USUALLY, "V": 6200},
    "truncated": {**USUALLY, "T": 100},
    "checkpointed": {**USUALLY, "T": 60},
    "batched-class": {**USUALLY, "V": 200},
    "rtrl": USUALLY,
}


def derived(name: str) -> DerivedSubject:
    clock = FakeClock(seconds_per_reading=1e-4)
    largest = LARGEST.get(name, USUALLY)
    return derive_experiment(family.EXPERIMENT, subjects=[name], largest=largest, clock=clock).subjects[0]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_phase_and_category_equals_its_closed_form_as_a_formula(name: str) -> None:
    found = derived(name)
    assert [(one.phase, one.category) for one in found.counts if one.comparison is not Comparison.EQUAL] == []
    stated = counts(name, 3, 5, 7, 11)
    assert {(one.phase, one.category) for one in found.counts} == {
        (phase, category) for phase, by_category in stated.items() for category in by_category
    }
    assert not found.same_inputs


def test_ratio_crossover_and_passes_are_found_in_the_code() -> None:
    derivation = derive_experiment(
        first.EXPERIMENT,
        subjects=["forward", "naive", "aggregated"],
        category="multiply_adds",
        largest=USUALLY,
        clock=FakeClock(seconds_per_reading=1e-4),
    )
    document = to_document(derivation, [{"V": 10_000, "d": 100, "H": 100, "T": 35}])
    equal = [one.comparison for subject in derivation.subjects for one in subject.counts]
    assert equal == [Comparison.EQUAL] * 9
    found = {(one["kind"], one["subject"]): one for one in document["relations"]}
    assert found["passes", "naive"]["found"] == "T*(T + 1)/2"
    assert found["passes", "aggregated"]["found"] == "T"
    assert found["crossover", "naive"]["found"] == "(-H + 2*V - d)/(H + d)"
    assert found["ratio", "naive"]["comparison"] == found["crossover", "naive"]["comparison"] == "equal"
    (total,) = next(one["totals"] for one in document["subjects"] if one["subject"] == "naive")
    assert total["dominant"][0]["term"] == "3*H*T*V"


def test_compiled_code_is_named_and_has_no_law() -> None:
    found = derive_experiment(
        family.EXPERIMENT, subjects=["fused"], largest=24, clock=FakeClock(seconds_per_reading=1e-4)
    ).subjects[0]
    assert found.counts == ()
    assert found.stop is not None
    assert found.stop.kind == LIBRARY
