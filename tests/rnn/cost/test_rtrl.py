"""Real-time recurrent learning: counted equals closed form, and its laws are what grows fastest in it."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.plan.law.law import CostLaw
from bptt_rnn import cost
from bptt_rnn.gradients.rtrl import rtrl

from tests.rnn.cost.counted import allocated, assert_counts_equal, random_problems
from tests.rnn.problems import Problem

BUFFER = 8_192  # elements that NumPy puts aside to multiply many short rows by one row


def test_counted_equals_closed_form() -> None:
    for problem in random_problems(120, most=(60, 9, 9, 12)):
        assert_counts_equal(rtrl, cost.cost_of("rtrl"), problem)


def test_counted_equals_closed_form_where_the_work_is_cut_into_tiles() -> None:
    assert_counts_equal(rtrl, cost.cost_of("rtrl"), Problem.draw(150_000, 2, 10, 2))


def test_nothing_is_sent_back_through_time() -> None:
    assert cost.passes("rtrl", 35) == 0


def test_laws_and_their_overheads_are_what_is_counted() -> None:
    """recur: T (H² + 2 H) (H² + H) + T H², the forward pass; embed: the same of each column of W_e and each row."""
    V, d, H, T = 101, 5, 7, 9
    point = {"V": V, "d": d, "H": H, "T": T}
    counted, laws = cost.counts("rtrl", V, d, H, T), cost.PHASE_LAWS["rtrl"]
    law = {phase: CostLaw(laws[phase]).evaluate(point) for phase in laws}
    assert counted["output"]["multiply_adds"] == 3 * law["output"]
    assert counted["recur"]["multiply_adds"] == law["recur"] + T * (3 * H**3 + 3 * H**2)
    once = T * H * d + T * H**2 * d + T * (T + 1) // 2 * H * d  # forward pass; times γ
    assert counted["embed"]["multiply_adds"] == law["embed"] + once


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scratch_is_what_is_really_allocated(dtype: type) -> None:
    for V, d, H, T in ((300, 8, 24, 40), (3_000, 3, 12, 300)):
        left, peak = allocated(rtrl, Problem.draw(V, d, H, T, dtype=dtype))
        itemsize = np.dtype(dtype).itemsize
        predicted = cost.scratch_bytes("rtrl", V, d, H, T, itemsize)
        outputs = cost.output_bytes("rtrl", V, d, H, T, itemsize)
        assert left - outputs == pytest.approx(predicted, rel=0.02)
        assert left <= peak <= 1.05 * left + BUFFER * itemsize
