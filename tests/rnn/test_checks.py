"""The checks that a run makes pass on the real algorithms, and each notices the fault that it is there for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bptt_bench.measure.counters.meter import Meter
from bptt_bench.plan import CheckClaim
from bptt_rnn import checks
from bptt_rnn.experiment import CLAIMS
from bptt_rnn.gradients import ALGORITHMS, Gradients

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


def test_one_operation_too_many_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def wasteful(gradients: Gradients) -> Gradients:
        np.add(gradients.b1, gradients.b1)
        return gradients

    monkeypatch.setitem(ALGORITHMS, "aggregated", broken(wasteful))
    assert checks.counts_match("aggregated", lambda: Meter(strict=True), 1).worst > 0


def test_the_map_of_passes_is_a_triangle_for_naive_and_one_row_for_a_sweep() -> None:
    T = 7
    assert checks.visits("naive", T) == [[int(step <= loss) for step in range(T)] for loss in range(T)]
    assert checks.visits("aggregated", T) == [[int(loss == T - 1)] * T for loss in range(T)]
