"""The checks that a run makes pass on the real algorithms, and each notices the fault that it is there for."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bptt_bench.measure.counters.meter import Meter
from bptt_bench.plan import CheckClaim
from bptt_rnn import checks, cost
from bptt_rnn.experiment import CLAIMS
from bptt_rnn.gradients import ALGORITHMS, FAMILY, Gradients, forward
from bptt_rnn.gradients.truncated import truncated
from bptt_rnn.layers import steps
from bptt_rnn.model import Params

CHECKS = [claim for claim in CLAIMS if isinstance(claim, CheckClaim)]


@pytest.mark.parametrize("claim", CHECKS, ids=lambda claim: f"{claim.subject}: {claim.name}")
def test_every_check_of_the_experiment_passes(claim: CheckClaim) -> None:
    result = claim.check(20_261)
    assert result.passed, result
    assert result.cases >= 20


def broken(change: Callable[[Gradients], Gradients]) -> Callable[..., Any]:
    real = ALGORITHMS["aggregated"]

    def algorithm(*args: Any, **kwargs: Any) -> tuple[float, Gradients]:
        loss, gradients = real(*args, **kwargs)
        return loss, change(gradients)

    return algorithm


@pytest.mark.parametrize("name", Gradients._fields)
def test_a_sign_error_in_any_gradient_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = broken(lambda gradients: gradients._replace(**{name: -getattr(gradients, name)}))
    monkeypatch.setitem(ALGORITHMS, "aggregated", wrong)
    assert checks.gradients_agree("aggregated", np.float64, 1).worst > 1e-6
    assert checks.gradients_match_differences("aggregated", 1).worst > 1e-4
    assert checks.one_step_formulas(1).worst > 1e-6


def test_a_sweep_that_stops_early_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = ALGORITHMS["aggregated"]

    def stops_early(params: Any, tokens: Any, h0: Any = None, **more: Any) -> tuple[float, Gradients]:
        return real(params, tokens[-4:], h0, **more)  # the last three steps

    monkeypatch.setitem(ALGORITHMS, "aggregated", stops_early)  # type: ignore[arg-type]  # the wrapper takes anything
    assert checks.passes_match("aggregated", 1).worst > 0


def test_operations_are_counted_from_the_calls_of_one_evaluation() -> None:
    rng = np.random.default_rng(1)
    params, tokens = Params.init(V=30, d=7, H=9, rng=rng), rng.integers(0, 30, 4)
    for name, run in ({"forward": forward} | ALGORITHMS).items():
        counts = checks.count_operations(run, lambda: Meter(strict=True), params, tokens)
        assert counts == cost.counts(name, 30, 7, 9, 3, workspace_ready=False), name


def test_one_operation_too_many_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def wasteful(gradients: Gradients) -> Gradients:
        np.add(gradients.b1, gradients.b1)
        return gradients

    monkeypatch.setitem(ALGORITHMS, "aggregated", broken(wasteful))
    assert checks.counts_match("aggregated", lambda: Meter(strict=True), 1).worst > 0


def gammas(monkeypatch: pytest.MonkeyPatch, algorithm: str, T: int) -> list[tuple[checks.Pass, np.ndarray]]:
    """The passes that an algorithm reports, each with γ(t) as it is when the pass begins."""
    module, found = importlib.import_module(f"bptt_rnn.gradients.{algorithm}"), []
    run = functools.partial(truncated, k1=2, k2=3) if algorithm == "truncated" else FAMILY[algorithm]

    def hidden_back(params: Any, b: Any, step: Any, gamma: np.ndarray, phase: Any) -> None:
        found.append(gamma.copy())
        steps.hidden_back(params, b, step, gamma, phase)

    monkeypatch.setattr(module, "hidden_back", hidden_back)
    return list(zip(checks.passes(algorithm, T, {algorithm: run}), found, strict=True))


@pytest.mark.parametrize("algorithm", ["aggregated", "truncated", "checkpointed"])
def test_a_pass_carries_the_losses_that_it_reports(monkeypatch: pytest.MonkeyPatch, algorithm: str) -> None:
    T = 7
    alone = {(*one.losses, one.step): gamma for one, gamma in gammas(monkeypatch, "naive", T)}
    assert len(alone) == T * (T + 1) // 2
    for one, gamma in gammas(monkeypatch, algorithm, T):
        expected = np.sum([alone[loss, one.step] for loss in one.losses], axis=0)
        np.testing.assert_allclose(gamma, expected, rtol=1e-5)


@pytest.mark.parametrize("algorithm", [name for name in {**ALGORITHMS, **FAMILY} if name not in ("truncated", "rtrl")])
def test_every_loss_passes_every_step_up_to_its_own_once(algorithm: str) -> None:
    T = 7
    carried = sorted(
        (loss, one.step) for one in checks.passes(algorithm, T, {**ALGORITHMS, **FAMILY}) for loss in one.losses
    )
    assert carried == [(loss, step) for loss in range(1, T + 1) for step in range(1, loss + 1)]
