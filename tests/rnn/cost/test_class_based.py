"""Classes of words: counted equals closed form however the text falls into classes, and V is gone from the law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bptt_bench.plan.law.law import CostLaw
from bptt_rnn import cost
from bptt_rnn.gradients.class_based import batched_class

from tests.rnn.cost.counted import allocated, assert_counts_equal, random_problems
from tests.rnn.gradients.class_problems import draw

COST = cost.cost_of("batched-class")


def test_counted_equals_closed_form() -> None:
    for problem in random_problems(150, draw=draw):
        assert_counts_equal(batched_class, COST, problem)


@pytest.mark.parametrize("tokens", [[0] * 7, [10] * 7, [0, 4, 8, 10, 9, 1, 5]])
def test_the_text_does_not_change_what_is_counted(tokens: list[int]) -> None:
    """11 words are classes of 4, 4 and 3: all steps in one class, in the smaller one, and in all three."""
    assert_counts_equal(batched_class, COST, draw(11, 3, 4, 6, tokens=tokens))


@pytest.mark.parametrize("V", [100, 10_000, 1_000_000])
def test_the_output_layer_costs_the_root_of_the_vocabulary(V: int) -> None:
    d, H, T = 13, 7, 9
    law = CostLaw(COST.phase_laws["output"]).evaluate({"V": V, "d": d, "H": H, "T": T})
    root = round(V**0.5)
    assert cost.counts("batched-class", V, d, H, T)["output"]["multiply_adds"] == 6 * law + T * root
    for category in ("adds_multiplies", "elements_moved", "transcendentals"):
        assert cost.counts("batched-class", V, d, H, T)["output"][category] < 10 * T * (root + H)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scratch_is_what_is_really_allocated(dtype: Any) -> None:
    itemsize = np.dtype(dtype).itemsize
    for V, d, H, T in ((5_000, 20, 100, 60), (100, 20, 100, 300)):
        left, _ = allocated(batched_class, draw(V, d, H, T, dtype=dtype))
        outputs = cost.output_bytes("batched-class", V, d, H, T, itemsize)
        assert left - outputs == pytest.approx(cost.scratch_bytes("batched-class", V, d, H, T, itemsize), rel=0.05)
