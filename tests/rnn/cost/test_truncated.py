"""Truncated: counted equals closed form for any k1 and k2, and the law is what is counted."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from bptt_bench.plan.law.law import CostLaw
from bptt_rnn import cost
from bptt_rnn.cost.truncated import truncated_cost
from bptt_rnn.gradients.truncated import K1, K2, truncated, truncated_passes

from tests.rnn.cost.counted import allocated, assert_counts_equal, random_problems
from tests.rnn.problems import Problem

STEPS = [(1, 1), (1, 3), (2, 2), (3, 7), (4, 20), (K1, K2)]


@pytest.mark.parametrize(("k1", "k2"), STEPS)
def test_counted_equals_closed_form(k1: int, k2: int) -> None:
    run = functools.partial(truncated, k1=k1, k2=k2)
    for problem in random_problems(40, most=(60, 12, 12, 40)):
        assert_counts_equal(run, truncated_cost(k1, k2), problem)


def test_counted_equals_closed_form_where_the_work_is_cut_into_tiles() -> None:
    assert_counts_equal(truncated, cost.cost_of("truncated"), Problem.draw(30_000, 3, 50, 2))


def test_passes_of_a_worked_out_case() -> None:
    """Passes start at 3, 6, 9 and 10, and go back 3, 4, 4 and 4 steps."""
    assert truncated_passes(10, 3, 4) == 15
    assert truncated_passes(10, 1, 10) == 55 == cost.passes("naive", 10)
    assert truncated_passes(10, 10, 10) == 10 == cost.passes("aggregated", 10)


@pytest.mark.parametrize("T", [1, 16, 32, 48, 640])
def test_the_law_is_what_is_counted(T: int) -> None:
    V, d, H = 101, 13, 7
    counted = cost.counts("truncated", V, d, H, T)
    laws = cost.PHASE_LAWS["truncated"]
    for phase, coefficient in (("embed", 1), ("recur", 1), ("output", 3)):
        law = CostLaw(laws[phase]).evaluate({"V": V, "d": d, "H": H, "T": T})
        assert coefficient * law == counted[phase]["multiply_adds"]


def test_the_law_is_too_low_by_less_than_a_last_pass_between_multiples_of_k1() -> None:
    law = CostLaw(cost.PHASE_LAWS["truncated"]["recur"])
    for T in range(1, 200):
        missing = cost.counts("truncated", 1, 1, 1, T)["recur"]["multiply_adds"] - law.evaluate(
            {"V": 1, "d": 1, "H": 1, "T": T}
        )
        assert 0 <= missing < 2 * K2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scratch_is_what_is_really_allocated_and_does_not_grow_with_the_text(dtype: type) -> None:
    V, d, H = 300, 20, 200
    for T in (20, 300, 1_000):
        left, peak = allocated(truncated, Problem.draw(V, d, H, T, dtype=dtype))
        itemsize = np.dtype(dtype).itemsize
        predicted = cost.scratch_bytes("truncated", V, d, H, T, itemsize)
        outputs = cost.output_bytes("truncated", V, d, H, T, itemsize)
        assert left - outputs == pytest.approx(predicted, rel=0.02)
        assert peak - outputs == pytest.approx(predicted, rel=0.05)
    assert cost.scratch_bytes("truncated", V, d, H, 40) == cost.scratch_bytes("truncated", V, d, H, 4_000)
