"""The chunked output layer: counted equals closed form for any number of words in a chunk."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from bptt_rnn import cost
from bptt_rnn.cost.chunked import chunked_cost
from bptt_rnn.gradients.chunked import WORDS, batched_chunked

from tests.rnn.cost.counted import allocated, assert_counts_equal, random_problems
from tests.rnn.problems import Problem

BUFFER = 8_192  # elements that NumPy puts aside where rows are short


@pytest.mark.parametrize("words", [1, 3, 20, WORDS])
def test_counted_equals_closed_form(words: int) -> None:
    run = functools.partial(batched_chunked, words=words)
    for problem in random_problems(50):
        assert_counts_equal(run, chunked_cost(words), problem)


def test_counted_equals_closed_form_for_several_chunks_of_usual_size() -> None:
    assert_counts_equal(batched_chunked, cost.cost_of("batched-chunked"), Problem.draw(3 * WORDS + 5, 3, 7, 4))


def test_it_makes_one_product_of_the_output_layer_more_than_batched() -> None:
    V, d, H, T = 101, 13, 7, 9
    more = cost.multiply_adds("batched-chunked", V, d, H, T) - cost.multiply_adds("batched", V, d, H, T)
    assert more == T * H * V


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scratch_is_what_is_really_allocated_and_does_not_grow_with_the_vocabulary(dtype: type) -> None:
    d, H, T = 20, 100, 60
    itemsize = np.dtype(dtype).itemsize
    for V in (300, 5_000, 20_000):
        left, peak = allocated(batched_chunked, Problem.draw(V, d, H, T, dtype=dtype))
        predicted = cost.scratch_bytes("batched-chunked", V, d, H, T, itemsize)
        outputs = cost.output_bytes("batched-chunked", V, d, H, T, itemsize)
        assert left - outputs == pytest.approx(predicted, rel=0.05)
        assert peak <= 1.05 * left + BUFFER * itemsize
    sizes = {cost.scratch_bytes("batched-chunked", V, d, H, T) for V in (WORDS, 5_000, 1_000_000)}
    assert len(sizes) == 1
