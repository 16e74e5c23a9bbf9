"""The checks of the family pass on the real algorithms, and those of this module notice what they are there for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bptt_bench.measure.counters.meter import Meter
from bptt_rnn import family_checks
from bptt_rnn.checks import Check
from bptt_rnn.class_model import ClassGradients
from bptt_rnn.gradients.class_based import batched_class
from bptt_rnn.gradients.truncated import truncation_bias

CHECKS = family_checks.family_checks(lambda: Meter(strict=True))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_passes(check: Check) -> None:
    found = check.measure(20_261)
    assert found.worst <= check.allowed, found
    assert found.cases >= 20


def test_names_are_unique() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_a_bias_that_stays_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def shorter(params: Any, tokens: Any, k1: int = 16, k2: int = 32, h0: Any = None) -> Any:
        return truncation_bias(params, tokens, min(k1, 8), min(k2, 8), h0)

    monkeypatch.setattr(family_checks, "truncation_bias", shorter)
    assert family_checks.truncation(1).worst > 0.1


@pytest.mark.parametrize("name", [name for name in ClassGradients._fields if name != "first_rows"])
def test_a_sign_error_in_a_gradient_of_the_classes_is_noticed(name: str) -> None:
    def wrong(*args: Any) -> tuple[float, ClassGradients]:
        loss, gradients = batched_class(*args)
        return loss, gradients._replace(**{name: np.negative(getattr(gradients, name))})

    assert family_checks.class_gradients_match_differences(1, algorithm=wrong).worst > 1e-4


def test_a_plan_that_is_not_the_best_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family_checks, "forward_steps", lambda T, states: max(T, 2 * T - states))
    assert family_checks.plans(1).worst > 0
