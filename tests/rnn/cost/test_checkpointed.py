"""Checkpointed: counted equals closed form, by segments and for given numbers of states."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from bptt_bench.plan.law.law import CostLaw
from bptt_rnn import cost
from bptt_rnn.cost.checkpointed import checkpointed_cost
from bptt_rnn.gradients.checkpointed import checkpointed
from bptt_rnn.gradients.recomputation import forward_steps

from tests.rnn.cost.counted import allocated, assert_counts_equal, random_problems
from tests.rnn.problems import Problem


@pytest.mark.parametrize("states", [None, 2, 3, 5, 100])
def test_counted_equals_closed_form(states: int | None) -> None:
    run = functools.partial(checkpointed, states=states)
    for problem in random_problems(50, most=(60, 12, 12, 30)):
        assert_counts_equal(run, checkpointed_cost(states), problem)


def test_counted_equals_closed_form_where_the_work_is_cut_into_tiles() -> None:
    assert_counts_equal(checkpointed, cost.cost_of("checkpointed"), Problem.draw(30_000, 3, 50, 2))


@pytest.mark.parametrize("T", [1, 4, 25, 400])
def test_the_law_is_what_is_counted_but_for_the_states_that_segments_keep(T: int) -> None:
    V, d, H = 101, 13, 7
    point = {"V": V, "d": d, "H": H, "T": T}
    counted, laws = cost.counts("checkpointed", V, d, H, T), cost.PHASE_LAWS["checkpointed"]
    assert counted["output"]["multiply_adds"] == 3 * CostLaw(laws["output"]).evaluate(point)
    root = round(T**0.5)
    for phase, width in (("embed", d), ("recur", H)):
        law = CostLaw(laws[phase]).evaluate(point)
        assert counted[phase]["multiply_adds"] == 4 * law - (2 * root - 1) * H * width


def test_multiply_adds_follow_the_plan_for_a_given_number_of_states() -> None:
    V, d, H, T = 11, 5, 3, 60
    for states in (2, 7, 60):
        extra = (forward_steps(T, states) - T) * (H * d + H**2)
        expected = cost.multiply_adds("aggregated", V, d, H, T) + extra
        assert checkpointed_cost(states).multiply_adds(V, d, H, T) == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("states", [None, 20])
def test_scratch_is_what_is_really_allocated(dtype: type, states: int | None) -> None:
    V, d, H = 50, 20, 200
    run, form = functools.partial(checkpointed, states=states), checkpointed_cost(states)
    itemsize = np.dtype(dtype).itemsize
    for T in (30, 300, 900):
        left, peak = allocated(run, Problem.draw(V, d, H, T, dtype=dtype))
        whole = sum(form.buffer_bytes(V, d, H, T, itemsize).values())
        outputs = cost.output_bytes("checkpointed", V, d, H, T, itemsize)
        assert left - outputs == pytest.approx(whole - outputs, rel=0.02)
        assert peak - outputs == pytest.approx(whole - outputs, rel=0.05)


def test_memory_grows_as_the_root_of_the_steps() -> None:
    few, many, most = (cost.scratch_bytes("checkpointed", 50, 20, 200, T) for T in (100, 400, 1_600))
    assert most - many == 2 * (many - few)
    assert cost.scratch_bytes("aggregated", 50, 20, 200, 1_600) > 10 * most
