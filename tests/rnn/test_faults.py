"""Each planted fault does the wrong that it is said to do, nothing else, and a deterministic check notices it."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.measure.counters.meter import Meter
from bptt_bench.plan import CheckClaim, Fault
from bptt_rnn import checks, cost
from bptt_rnn.experiment import EXPERIMENT
from bptt_rnn.faults import FAULTS, STEPS_BACK, copying, superlinear, truncated, wrong_sign
from bptt_rnn.gradients import ALGORITHMS, Algorithm, Gradients, Workspace
from bptt_rnn.model import Params

from tests.rnn.problems import Problem


def results(algorithm: Algorithm, problem: Problem) -> tuple[float, Gradients]:
    """Of the second call with one workspace: what a fault left behind would be seen."""
    workspace = Workspace()
    algorithm(problem.params, problem.tokens, problem.h0, workspace)
    return algorithm(problem.params, problem.tokens, problem.h0, workspace)


def counted(algorithm: Algorithm, V: int, d: int, H: int, T: int) -> dict[str, dict[str, int]]:
    rng = np.random.default_rng(0)
    params, tokens = Params.init(V, d, H, rng), rng.integers(0, V, T + 1)
    with Meter(strict=True) as meter:
        algorithm(Params(*map(meter.metered, params)), meter.metered(tokens), phase=meter.phase)
    return meter.counts


def test_no_fault_is_an_algorithm() -> None:
    assert not {wrong.algorithm for wrong in FAULTS.values()} & set(ALGORITHMS.values())
    assert {wrong.subject for wrong in FAULTS.values()} <= set(ALGORITHMS)


@pytest.mark.parametrize("algorithm", [superlinear, copying])
@pytest.mark.parametrize("T", [1, 5, 40])
def test_secret_work_leaves_loss_and_gradients_as_they_are(algorithm: Algorithm, T: int) -> None:
    problem = Problem.draw(V=7, d=3, H=5, T=T)
    (loss, found), (expected_loss, expected) = (results(one, problem) for one in (algorithm, ALGORITHMS["aggregated"]))
    assert loss == expected_loss
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("T", [1, 4, 11, 40])
def test_the_recurrent_part_is_that_of_more_steps(T: int) -> None:
    V, d, H = 7, 3, 5
    right, found = cost.counts("aggregated", V, d, H, T), counted(superlinear, V, d, H, T)
    assert found["recur"]["multiply_adds"] == 3 * H * H * round(T**1.1)
    assert right["recur"]["multiply_adds"] == 3 * H * H * T
    for phase in ("embed", "output"):
        assert found[phase]["multiply_adds"] == right[phase]["multiply_adds"]


def test_u_is_copied_once_per_step() -> None:
    V, d, H, T = 7, 3, 5, 11
    right = cost.counts("aggregated", V, d, H, T, workspace_ready=False)
    found = counted(copying, V, d, H, T)
    assert found["output"]["elements_moved"] - right["output"]["elements_moved"] == T * V * H
    assert found["output"]["bytes_allocated"] - right["output"]["bytes_allocated"] == T * V * H * 4
    assert {phase: found[phase] for phase in ("embed", "recur")} == {
        phase: right[phase] for phase in ("embed", "recur")
    }


def test_truncation_changes_nothing_up_to_its_length_and_something_beyond() -> None:
    for T, same in ((STEPS_BACK, True), (STEPS_BACK + 1, False)):
        problem = Problem.draw(V=7, d=3, H=5, T=T).scaled(W_h=8.0)  # so that γ does not die out before it is cut off
        found, expected = (results(one, problem)[1] for one in (truncated, ALGORITHMS["naive"]))
        assert all(np.array_equal(ours, theirs) for ours, theirs in zip(found, expected, strict=True)) is same


def test_one_gradient_has_the_wrong_sign() -> None:
    problem = Problem.draw(V=7, d=3, H=5, T=6)
    found, expected = (results(one, problem)[1] for one in (wrong_sign, ALGORITHMS["aggregated"]))
    np.testing.assert_array_equal(found.W_h, -expected.W_h)
    for name in set(Gradients._fields) - {"W_h"}:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


CAUGHT = {
    "T^1.1": {"operations of aggregated = closed form"},
    "copies U": {"operations of aggregated = closed form"},
    "truncated": {"backward passes of naive = T(T+1)/2", "gradients of naive = central difference"},
    "wrong sign": {"gradients of one step", "gradients of aggregated = naive, float64"},
}


@pytest.mark.parametrize("name", FAULTS)
def test_checks_of_the_experiment_notice_the_fault(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "COUNT_CASES", 20)  # a tenth of what a run counts
    found = EXPERIMENT.with_fault(name)
    made = {claim.name: claim for claim in found.claims if isinstance(claim, CheckClaim)}
    refuted = {claim for claim in CAUGHT[name] if not made[claim].check(11).passed}
    assert refuted == CAUGHT[name]


@pytest.mark.parametrize("fault", EXPERIMENT.faults, ids=lambda fault: fault.name)
def test_a_fault_is_expected_by_claims_that_the_selftest_judges(fault: Fault) -> None:
    claims = {claim.name: claim for claim in EXPERIMENT.claims}
    expected = [claims[name] for name in fault.caught_by]
    assert expected
    assert all(not claim.profiles or "selftest" in claim.profiles for claim in expected)
