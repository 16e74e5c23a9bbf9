"""Claim c taken apart: what each step contributes to each loss, against differences, the gradients, and their sums."""

from __future__ import annotations

import doctest
from itertools import pairwise
from typing import Any

import bptt_rnn.contributions
import numpy as np
import pytest
from bptt_rnn.contributions import Contribution, contributions
from bptt_rnn.gradients import ALGORITHMS, Gradients
from bptt_rnn.model import Array, Params
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rnn import reference
from tests.rnn.problems import Problem, problems, worst_error

STEP = 1e-4  # of the central difference, whose error is of order step²


def loss_with_copies(copies: list[Params], problem: Problem, h0: Array, t: int) -> float:
    """J(t) of a network in which every step has a copy of the parameters of its own."""
    h = h0
    for params, x in zip(copies[:t], problem.tokens, strict=False):
        h = 1 / (1 + np.exp(-(params.W_h @ h + params.W_e @ params.L[x] + params.b1)))
    logits = copies[t - 1].U @ h + copies[t - 1].b2
    return float(np.log(np.exp(logits).sum()) - logits[problem.tokens[t]])


def taken_apart(problem: Problem, t: int) -> list[Contribution]:
    """The contributions of steps 1 … T to J(t)."""
    steps = range(1, len(problem.tokens))
    return [contributions(problem.params, problem.tokens, t, step, problem.h0) for step in steps]


def over_steps(parts: list[Contribution]) -> Gradients:
    """The sum over the steps, as the gradients of the whole."""
    totals = {name: sum(getattr(part, name) for part in parts) for name in ("W_e", "W_h", "b1", "U", "b2")}
    return Gradients(L_rows=np.array([part.L_row for part in parts]), h0=parts[0].h_before, **totals)


@settings(max_examples=60)
@given(problem=problems(most_steps=5), seed=st.integers(0, 1_000), data=st.data())
def test_a_contribution_is_the_slope_in_the_copy_of_its_step(problem: Problem, seed: int, data: st.DataObject) -> None:
    T = len(problem.tokens) - 1
    t, step = data.draw(st.integers(1, T)), data.draw(st.integers(1, T))
    rng, params = np.random.default_rng(seed), problem.params
    part = contributions(params, problem.tokens, t, step, problem.h0)
    dL = np.zeros_like(params.L)
    dL[problem.tokens[step - 1]] = part.L_row
    for name, slopes in {**part._asdict(), "L": dL}.items():
        if name in ("L_row", "h_before"):
            continue
        direction = rng.standard_normal(slopes.shape)
        losses = []
        for sign in (1, -1):
            copies = [params] * T
            copies[step - 1] = params._replace(**{name: getattr(params, name) + sign * STEP * direction})
            losses.append(loss_with_copies(copies, problem, problem.h0, t))
        difference = (losses[0] - losses[1]) / (2 * STEP)
        assert float(np.vdot(slopes, direction)) == pytest.approx(difference, rel=1e-5, abs=1e-7), (name, t, step)


def test_what_goes_on_to_the_step_before_is_the_slope_in_its_hidden_state() -> None:
    problem = Problem.draw(7, 3, 4, 5, seed=2)
    part = contributions(problem.params, problem.tokens, 4, 1, problem.h0)
    for unit in range(4):
        moved = np.eye(4)[unit] * STEP
        losses = [loss_with_copies([problem.params] * 5, problem, problem.h0 + sign * moved, 4) for sign in (1, -1)]
        assert part.h_before[unit] == pytest.approx((losses[0] - losses[1]) / (2 * STEP), rel=1e-6, abs=1e-10)


@settings(max_examples=60)
@given(problem=problems(), data=st.data())
def test_over_the_steps_they_add_up_to_the_gradient_of_one_loss(problem: Problem, data: st.DataObject) -> None:
    t = data.draw(st.integers(1, len(problem.tokens) - 1))
    _, expected = reference.loss_of_step(problem.params, problem.tokens, problem.h0, t)
    assert worst_error(over_steps(taken_apart(problem, t)), expected) <= 1e-12


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@settings(max_examples=30)
@given(problem=problems(most_steps=8))
def test_over_losses_and_steps_they_add_up_to_the_gradients(algorithm: str, problem: Problem) -> None:
    parts = [over_steps(taken_apart(problem, t)) for t in range(1, len(problem.tokens))]
    total = Gradients(*(np.sum(arrays, axis=0) for arrays in zip(*parts, strict=True)))
    _, expected = ALGORITHMS[algorithm](problem.params, problem.tokens, problem.h0)
    assert worst_error(total, expected) <= 1e-12


def test_over_the_losses_they_add_up_to_the_growing_sum_of_aggregation() -> None:
    """γ(τ) = Uᵀ δ(τ) + W_hᵀ r(τ+1) is Σ_t ∂J(t)/∂h(τ), and r(τ) is what the sweep adds to ∂J/∂b1 at step τ."""
    problem, T = Problem.draw(9, 3, 4, 6, seed=4), 6
    p, h = problem.params, reference.hidden_states(problem.params, problem.tokens, problem.h0)
    by_loss = [taken_apart(problem, t) for t in range(1, T + 1)]
    gamma = np.zeros(4)
    for step in range(T, 0, -1):
        delta = by_loss[step - 1][step - 1].b2
        r = (gamma + p.U.T @ delta) * h[step] * (1 - h[step])
        gamma = p.W_h.T @ r
        together = [sum(arrays) for arrays in zip(*(parts[step - 1] for parts in by_loss), strict=True)]
        swept = Contribution(
            L_row=p.W_e.T @ r,
            W_e=np.outer(r, p.L[problem.tokens[step - 1]]),
            W_h=np.outer(r, h[step - 1]),
            b1=r,
            U=np.outer(delta, h[step]),
            b2=delta,
            h_before=gamma,
        )
        for found, expected in zip(together, swept, strict=True):
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_step_1_ends_the_chain_with_the_given_state_and_a_later_step_goes_on() -> None:
    problem = Problem.draw(6, 3, 4, 5, seed=1)
    params, tokens = problem.params, problem.tokens
    parts = [contributions(params, tokens, 5, step) for step in range(1, 6)]  # h(0) = 0
    assert not parts[0].W_h.any()  # step k = 1: r(1) h(0)ᵀ
    assert parts[0].W_e.any()
    h = reference.hidden_states(params, tokens, np.zeros(4))
    for k, (before, part) in enumerate(pairwise(parts), start=2):  # steps k > 1: r(k) h(k-1)ᵀ, with h(k-1) computed
        assert part.W_h == pytest.approx(np.outer(part.b1, h[k - 1]), rel=1e-12)
        assert part.W_h.any()
        assert before.b1 == pytest.approx(part.h_before * h[k - 1] * (1 - h[k - 1]), rel=1e-12)  # and the chain goes on


def test_only_the_step_of_the_loss_has_a_share_of_the_output_layer() -> None:
    parts = taken_apart(Problem.draw(6, 3, 4, 5, seed=1), 3)
    assert [bool(part.U.any()) for part in parts] == [False, False, True, False, False]
    assert [bool(part.b2.any()) for part in parts] == [False, False, True, False, False]
    assert [bool(part.W_h.any()) for part in parts] == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("loss", "step", "name", "got"),
    [(0, 1, "loss", 0), (4, 1, "loss", 4), (2, 9, "step", 9), (2, 1.5, "step", 1.5), (None, 1, "loss", None)],
)
def test_a_loss_or_a_step_that_is_not_there_is_named(loss: Any, step: Any, name: str, got: object) -> None:
    problem = Problem.draw(6, 3, 4, 3)
    with pytest.raises(ValueError, match=f"`{name}` must be a whole number from 1 to T=3, got {got}"):
        contributions(problem.params, problem.tokens, loss, step)


def test_its_example_is_right() -> None:
    results = doctest.testmod(bptt_rnn.contributions)
    assert results.attempted > 0
    assert results.failed == 0
