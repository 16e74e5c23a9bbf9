"""Truncated gradients against the losses of which they consist, each sent back a known number of steps."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_rnn.checks import long_case
from bptt_rnn.gradients.aggregated import aggregated
from bptt_rnn.gradients.truncated import truncated, truncated_passes, truncation_bias
from bptt_rnn.model import Array

from tests.rnn.problems import Problem, worst_error
from tests.rnn.reference import hidden_states


def plainly(problem: Problem, k1: int, k2: int) -> dict[str, Array]:
    """The definition: the loss at t is carried by the pass from s, the next multiple of k1 or T, down to s - k2 + 1."""
    params, tokens = problem.params, problem.tokens
    T, h = len(tokens) - 1, hidden_states(problem.params, problem.tokens, problem.h0)
    found = {name: np.zeros_like(getattr(params, name)) for name in ("W_e", "W_h", "b1")}
    found |= {"L_rows": np.zeros((T, params.L.shape[1])), "h0": np.zeros_like(problem.h0)}
    for t in range(1, T + 1):
        start = min(-(-t // k1) * k1, T)
        y_hat = np.exp(params.U @ h[t] + params.b2)
        gamma = params.U.T @ (y_hat / y_hat.sum() - np.eye(len(y_hat))[tokens[t]])
        for s in range(t, max(start - k2, 0), -1):
            r = gamma * h[s] * (1 - h[s])
            found["W_e"] += np.outer(r, params.L[tokens[s - 1]])
            found["W_h"] += np.outer(r, h[s - 1])
            found["b1"] += r
            found["L_rows"][s - 1] += params.W_e.T @ r
            gamma = params.W_h.T @ r
        if start <= k2:
            found["h0"] += gamma
    return found


@pytest.mark.parametrize(("k1", "k2"), [(1, 1), (1, 3), (2, 2), (3, 4), (4, 9), (5, 20), (1, 20)])
def test_gradients_are_those_of_the_definition(k1: int, k2: int) -> None:
    for T in (1, 3, 4, 12, 13):
        problem = Problem.draw(7, 3, 4, T, seed=T)
        problem = problem.scaled(W_h=4.0)  # remembers
        loss, found = truncated(problem.params, problem.tokens, problem.h0, k1=k1, k2=k2)
        exact_loss, exact = aggregated(problem.params, problem.tokens, problem.h0)
        expected = exact._replace(**plainly(problem, k1, k2))
        assert loss == pytest.approx(exact_loss, rel=1e-13)
        assert worst_error(found, expected) <= 1e-12


@pytest.mark.parametrize("k1", [1, 2, 7, 48])
def test_nothing_is_truncated_where_k2_covers_the_text(k1: int) -> None:
    params, tokens, h0 = long_case(np.random.default_rng(3))
    _, found = truncated(params, tokens, h0, k1=k1, k2=48)
    assert worst_error(found, aggregated(params, tokens, h0)[1]) <= 1e-12


def test_passes_start_every_k1_steps_and_go_back_k2() -> None:
    problem = Problem.draw(4, 2, 3, 7)
    visited: list[tuple[int, list[int]]] = []
    truncated(problem.params, problem.tokens, on_pass=lambda j, t: visited.append((t, list(j))), k1=3, k2=4)
    first = [(3, [3]), (2, [2, 3]), (1, [1, 2, 3])]
    second = [(6, [6]), (5, [5, 6]), (4, [4, 5, 6]), (3, [4, 5, 6])]
    assert visited == [*first, *second, (7, [7]), (6, [7]), (5, [7]), (4, [7])]
    assert len(visited) == truncated_passes(7, 3, 4)


def test_bias_is_there_where_losses_reach_less_far_and_gone_where_they_reach_all() -> None:
    params, tokens, h0 = long_case(np.random.default_rng(1))
    cut, full = (truncation_bias(params, tokens, 4, k2, h0) for k2 in (8, 48))
    assert cut.relative > 0.1
    assert cut.cosine < 0.999
    assert full.relative < 1e-12
    assert full.cosine == pytest.approx(1)


def test_steps_that_leave_a_loss_out_are_refused() -> None:
    problem = Problem.draw(4, 2, 3, 7)
    with pytest.raises(ValueError, match="`k1` must be a whole number from 1, got 0"):
        truncated(problem.params, problem.tokens, k1=0)
    with pytest.raises(ValueError, match=r"`k2` must be a whole number from k1=3, .* got 2"):
        truncated(problem.params, problem.tokens, k1=3, k2=2)


def test_a_gradient_of_zero_has_no_bias_to_speak_of() -> None:
    problem = Problem.draw(1, 2, 3, 7)  # one word: the loss is 0
    with pytest.raises(ValueError, match="the gradient must not be zero"):
        truncation_bias(problem.params, problem.tokens)
