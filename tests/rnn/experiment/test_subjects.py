"""The problem that is timed at a point."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.plan import Point
from bptt_rnn.experiment.subjects import problem


@pytest.mark.parametrize("H", [16, 48, 112, 240])
@pytest.mark.parametrize("T", [64, 192])
def test_nothing_that_is_sent_back_becomes_subnormal(H: int, T: int) -> None:
    """Arithmetic on subnormal float32 costs several times as much on some processors, and laws would bend."""
    params, tokens = problem(None, Point(V=32, d=H, H=H, T=T))
    h = np.full(H, 0.0)
    slopes = []
    for token in tokens[:T]:
        h = 1 / (1 + np.exp(-(params.W_h @ h + params.W_e @ params.L[token] + params.b1)))
        slopes.append(h * (1 - h))
    gamma = np.ones(H)  # of the last loss, sent back to the first step
    largest = []
    for slope in reversed(slopes):
        gamma = params.W_h.astype(np.float64).T @ (gamma * slope)
        largest.append(np.abs(gamma).max())
    assert min(largest) > 1e3 * np.finfo(np.float32).tiny / np.finfo(np.float32).eps
    assert max(largest) < 1e6
