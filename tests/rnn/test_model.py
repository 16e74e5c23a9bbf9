"""Cross-entropy and perplexity, claim a of docs/derivation, and the drawing of parameters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from bptt_rnn.gradients import ALGORITHMS
from bptt_rnn.model import Params, cross_entropy, perplexity, softmax


def test_uniform_predictor_has_perplexity_v() -> None:
    V = 10_000
    losses = cross_entropy(np.zeros((3, V)), np.array([0, 17, V - 1]))
    assert losses == pytest.approx(math.log(V), rel=1e-14)
    assert round(float(losses[0]), 4) == 9.2103
    assert perplexity(losses) == pytest.approx(V, rel=1e-12)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_loss_of_a_uniform_model_is_log_v_at_each_step(algorithm: str, rng: np.random.Generator) -> None:
    V, T = 10_000, 3
    params = Params.init(V, 2, 2, rng, np.float64)
    params = params._replace(U=np.zeros_like(params.U), b2=np.zeros_like(params.b2))
    loss, _ = ALGORITHMS[algorithm](params, np.arange(T + 1))
    assert loss / T == pytest.approx(math.log(V), rel=1e-14)


def test_cross_entropy_is_minus_the_logarithm_of_the_probability(rng: np.random.Generator) -> None:
    logits, targets = rng.standard_normal((6, 9)), rng.integers(0, 9, 6)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert softmax(logits) == pytest.approx(probabilities, rel=1e-14)
    assert cross_entropy(logits, targets) == pytest.approx(-np.log(probabilities[range(6), targets]), rel=1e-13)


def test_perplexity_is_the_geometric_mean_of_the_inverse_probabilities(rng: np.random.Generator) -> None:
    logits, targets = rng.standard_normal((5, 7)), rng.integers(0, 7, 5)
    inverse_probabilities = 1 / softmax(logits)[range(5), targets]
    geometric_mean = math.prod(inverse_probabilities.tolist()) ** (1 / 5)
    assert perplexity(cross_entropy(logits, targets)) == pytest.approx(geometric_mean, rel=1e-13)


def test_cross_entropy_stays_finite_where_the_probability_underflows() -> None:
    logits = np.array([1e4, 0.0, -1e4])
    assert softmax(logits).tolist() == [1, 0, 0]
    assert [float(cross_entropy(logits, np.array(k))) for k in range(3)] == [0, 1e4, 2e4]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_have_the_stated_shapes_types_and_ranges(dtype: type, rng: np.random.Generator) -> None:
    V, d, H = 400, 25, 16
    params = Params.init(V, d, H, rng, dtype)
    assert [array.shape for array in params] == [(V, d), (H, d), (H, H), (H,), (V, H), (V,)]
    assert {array.dtype for array in params} == {np.dtype(dtype)}
    assert all(array.flags.c_contiguous for array in params)
    for array, bound in zip(params, (1, 1 / 5, 1 / 4, 1 / 4, 1 / 4, 1 / 4), strict=True):
        assert np.abs(array).max() <= bound
        assert array.min() < -bound / 2 < bound / 2 < array.max()


def test_parameters_repeat_with_the_seed() -> None:
    first, again, other = (Params.init(5, 3, 2, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert not any((a == b).all() for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize(
    ("V", "d", "H", "message"),
    [(0, 1, 1, "`V` must be a whole number from 1, got 0"), (1, 1, -2, "`H` must be a whole number from 1, got -2")],
)
def test_sizes_below_one_are_named(V: int, d: int, H: int, message: str, rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match=message):
        Params.init(V, d, H, rng)


def test_other_types_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="`dtype` must be float32 or float64, got 'float16'"):
        Params.init(2, 2, 2, rng, np.float16)
