"""Are the gradients right? Against the formulas as written, against differences of the loss, and against each other.

"Relative" is the norm of the difference over the norm of the expected array, for each of the seven gradient arrays.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from bptt_rnn.gradients import ALGORITHMS, FAMILY, Gradients, Workspace, forward
from bptt_rnn.model import Array, Params
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.rnn import reference
from tests.rnn.problems import TOLERANCE, Problem, norm, problems, relative_error, worst_error

# All but fused, which has tests of its own; no text here has more than the 32 steps from which truncated truncates.
EXACT = {name: algorithm for name, algorithm in {**ALGORITHMS, **FAMILY}.items() if name != "fused"}
EVERY = pytest.mark.parametrize("algorithm", EXACT)
EXTREME = 1e4  # logits of this size overflow exp in either type


def gradient(algorithm: str, problem: Problem) -> tuple[float, Gradients]:
    return EXACT[algorithm](problem.params, problem.tokens, problem.h0)


@EVERY
@settings(max_examples=60)
@given(problem=problems())
@example(problem=Problem.draw(1, 1, 1, 1))
@example(problem=Problem.draw(2, 1, 1, 1))
@example(problem=Problem.draw(2, 3, 4, 30))
def test_every_algorithm_gives_the_formulas_as_written(algorithm: str, problem: Problem) -> None:
    loss, gradients = gradient(algorithm, problem)
    expected_loss, expected = reference.summed(problem.params, problem.tokens, problem.h0)
    assert loss == pytest.approx(expected_loss, rel=1e-12, abs=1e-14)
    assert worst_error(gradients, expected) <= 1e-12


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_all_algorithms_agree(dtype: np.dtype[np.floating]) -> None:
    @settings(max_examples=150)
    @given(problem=problems(dtype, largest=40, most_steps=20))
    @example(problem=Problem.draw(1, 1, 1, 1, dtype=dtype))
    @example(problem=Problem.draw(3000, 20, 30, 7, dtype=dtype))
    def agree(problem: Problem) -> None:
        expected_loss, expected = gradient("naive", problem)
        for algorithm in EXACT:
            loss, gradients = gradient(algorithm, problem)
            assert loss == pytest.approx(expected_loss, rel=TOLERANCE[dtype])
            assert worst_error(gradients, expected) <= TOLERANCE[dtype]
            assert {array.dtype for array in gradients} == {dtype}
        assert forward(problem.params, problem.tokens, problem.h0) == expected_loss

    agree()


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_logits_that_overflow_a_careless_softmax_stay_finite(dtype: np.dtype[np.floating]) -> None:
    """An absolute error in a logit is a relative error in ŷ, so that the tolerance grows with the logits; where ŷ is
    nearly one-hot, δ is what is left of terms of size 1, and Uᵀδ of terms of the size of U: those are the floors."""

    @settings(max_examples=100)
    @given(problem=problems(dtype))
    def stays_finite(problem: Problem) -> None:
        problem = problem.scaled(U=EXTREME)
        tolerance = TOLERANCE[dtype] * EXTREME * len(problem.h0) ** 0.5
        results = {name: gradient(name, problem) for name in EXACT}
        expected_loss, expected = results["naive"]
        for loss, gradients in results.values():
            assert np.isfinite(loss)
            assert all(np.isfinite(array).all() for array in gradients)
            assert loss == pytest.approx(expected_loss, rel=TOLERANCE[dtype], abs=tolerance)
            for name, array in gradients._asdict().items():
                floor = 1.0 if name in ("U", "b2") else norm(problem.params.U)
                assert relative_error(array, getattr(expected, name), floor) <= tolerance

    stays_finite()


@EVERY
def test_the_loss_is_right_where_the_probability_underflows(algorithm: str) -> None:
    h_0 = np.zeros(1)
    params = Params(np.zeros((2, 1)), np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1), np.zeros((2, 1)), np.zeros(2))
    params.U[1] = 4_000.0  # h = ½ gives the logits 0 and 2000, whose exp is infinite
    with np.errstate(over="ignore"):
        assert np.isinf(np.exp(params.U @ np.array([0.5]))).any()
    loss, gradients = EXACT[algorithm](params, np.array([0, 0]), h_0)
    assert loss == 2_000.0
    assert gradients.b2.tolist() == [-1.0, 1.0]
    assert gradients.h0.tolist() == [0.0]


@EVERY
def test_saturated_hidden_units_give_no_warning_and_no_gradient(algorithm: str) -> None:
    problem = Problem.draw(5, 2, 3, 4, dtype=np.float32).scaled(b1=1e30)
    _, gradients = gradient(algorithm, problem)
    assert norm(gradients.W_h) == norm(gradients.h0) == 0
    assert norm(gradients.U) > 0


def central_difference(problem: Problem, direction: Params, h0_direction: Array, step: float) -> float:
    def loss(sign: int) -> float:
        params = Params(*(p + sign * step * v for p, v in zip(problem.params, direction, strict=True)))
        return forward(params, problem.tokens, problem.h0 + sign * step * h0_direction)

    return (loss(1) - loss(-1)) / (2 * step)


@EVERY
@settings(max_examples=60)
@given(problem=problems(), seed=st.integers(0, 1_000))
def test_gradient_matches_a_central_difference_in_a_random_direction(
    algorithm: str, problem: Problem, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    direction = Params(*(rng.standard_normal(p.shape) for p in problem.params))
    h0_direction = rng.standard_normal(problem.h0.shape)
    _, g = gradient(algorithm, problem)
    dense = (g.dense_L(problem.tokens, len(problem.params.U)), *g[1:])
    directions = (*direction, h0_direction)
    slope = sum(float(np.vdot(a, v)) for a, v in zip(dense, directions, strict=True))
    # Richardson: the error of the central difference is of order step², and cancels between two steps
    step = 1e-3 / sum(norm(v) ** 2 for v in directions) ** 0.5
    wide, narrow = (central_difference(problem, direction, h0_direction, factor * step) for factor in (2, 1))
    difference = (4 * narrow - wide) / 3
    # a direction nearly at right angles to the gradient is judged by the slope of a usual one, ‖g‖
    usual = sum(norm(a) ** 2 for a in dense) ** 0.5
    assert abs(slope - difference) <= 1e-7 * max(abs(slope), usual)


@EVERY
@settings(max_examples=30)
@given(problem=problems(), step=st.integers(1, 12))
def test_gradients_of_one_loss_are_what_one_more_step_adds(algorithm: str, problem: Problem, step: int) -> None:
    """Claim c: ∂J(t)/∂L_x(t-1) and the others, for the last loss alone."""
    t = min(step, len(problem.tokens) - 1)
    params, tokens, h0 = problem.params, problem.tokens, problem.h0
    _, expected = reference.loss_of_step(params, tokens[: t + 1], h0, t)
    _, until_t = EXACT[algorithm](params, tokens[: t + 1], h0)
    if t == 1:
        assert worst_error(until_t, expected) <= 1e-12
        return
    _, before = EXACT[algorithm](params, tokens[:t], h0)
    earlier_rows = np.concatenate([before.L_rows, np.zeros_like(before.L_rows[:1])])
    padded = before._replace(L_rows=earlier_rows)
    for now, then, of_loss in zip(until_t, padded, expected, strict=True):
        assert relative_error(now - then, of_loss, floor=norm(now)) <= 1e-12


@EVERY
def test_gradients_at_one_step_are_those_of_claim_b(algorithm: str) -> None:
    problem = Problem.draw(6, 3, 4, 1, seed=5)
    p, (x, k), h0 = problem.params, problem.tokens, problem.h0
    h = 1 / (1 + np.exp(-(p.W_h @ h0 + p.W_e @ p.L[x] + p.b1)))
    y_hat = np.exp(p.U @ h + p.b2)
    y_hat /= y_hat.sum()
    delta = y_hat - np.eye(6)[k]
    r = (p.U.T @ delta) * h * (1 - h)
    expected = Gradients(
        (p.W_e.T @ r)[None], np.outer(r, p.L[x]), np.outer(r, h0), r, np.outer(delta, h), delta, p.W_h.T @ r
    )
    loss, gradients = gradient(algorithm, problem)
    assert loss == pytest.approx(-np.log(y_hat[k]), rel=1e-13)
    assert worst_error(gradients, expected) <= 1e-13


@EVERY
def test_gradients_match_autograd_of_torch(algorithm: str) -> None:
    torch = pytest.importorskip("torch")
    problem = Problem.draw(11, 4, 5, 9, seed=3)
    leaves = [torch.tensor(array, requires_grad=True) for array in (*problem.params, problem.h0)]
    L, W_e, W_h, b1, U, b2, h = leaves
    loss = torch.zeros((), dtype=torch.float64)
    for x, k in zip(problem.tokens[:-1], problem.tokens[1:], strict=True):
        h = torch.sigmoid(W_h @ h + W_e @ L[int(x)] + b1)
        loss = loss - torch.log_softmax(U @ h + b2, dim=0)[int(k)]
    loss.backward()
    actual_loss, g = gradient(algorithm, problem)
    assert actual_loss == pytest.approx(loss.item(), rel=1e-12)
    for leaf, array in zip(leaves, (g.dense_L(problem.tokens, 11), *g[1:]), strict=True):
        assert relative_error(array, leaf.grad.numpy()) <= 1e-12


def test_rows_of_a_repeated_token_add_up() -> None:
    problem = Problem.draw(3, 2, 4, 6, seed=1)
    tokens = np.array([2, 0, 2, 2, 0, 2, 1])
    _, g = EXACT["batched"](problem.params, tokens, problem.h0)
    dense = g.dense_L(tokens, 3)
    assert dense[2] == pytest.approx(g.L_rows[[0, 2, 3, 5]].sum(axis=0))
    assert dense[0] == pytest.approx(g.L_rows[[1, 4]].sum(axis=0))
    assert not dense[1].any()


@EVERY
def test_initial_state_is_zero_by_default(algorithm: str) -> None:
    problem = Problem.draw(5, 3, 4, 3)
    without = EXACT[algorithm](problem.params, problem.tokens)
    zeros = EXACT[algorithm](problem.params, problem.tokens, np.zeros(4))
    assert without[0] == zeros[0]
    assert worst_error(without[1], zeros[1]) == 0
    assert without[0] != gradient(algorithm, problem)[0]


@EVERY
@pytest.mark.parametrize("tile_bytes", [1, 200])
def test_size_of_the_tiles_changes_nothing(algorithm: str, tile_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem.draw(23, 4, 7, 6)
    loss, expected = gradient(algorithm, problem)
    monkeypatch.setattr("bptt_rnn.layers.steps.TILE_BYTES", tile_bytes)
    tiled_loss, tiled = gradient(algorithm, problem)
    assert tiled_loss == loss
    assert worst_error(tiled, expected) == 0


@EVERY
def test_workspace_is_used_again_and_results_are_overwritten(algorithm: str) -> None:
    first, second = Problem.draw(9, 3, 4, 5, seed=1), Problem.draw(9, 3, 4, 5, seed=2)
    run, workspace = EXACT[algorithm], Workspace()
    _, held = run(first.params, first.tokens, first.h0, workspace)
    loss, again = run(second.params, second.tokens, second.h0, workspace)
    expected_loss, expected = gradient(algorithm, second)
    assert loss == expected_loss
    assert worst_error(again, expected) == 0
    assert all(a is b for a, b in zip(held, again, strict=True))


def test_workspace_serves_other_sizes_types_and_algorithms() -> None:
    workspace = Workspace()
    for V, T, dtype in ((9, 5, np.float64), (9, 6, np.float64), (4, 6, np.float64), (4, 6, np.float32)):
        problem = Problem.draw(V, 3, 4, T, dtype=dtype)
        for name, run in EXACT.items():
            loss, gradients = run(problem.params, problem.tokens, problem.h0, workspace)
            expected_loss, expected = gradient(name, problem)
            assert loss == expected_loss
            assert worst_error(gradients, expected) == 0


@pytest.mark.parametrize("run", [*EXACT.values(), forward])
@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([0, 5], "`tokens` must be ids from 0 to 4, got 5"),
        ([-1, 0], "`tokens` must be ids from 0 to 4, got -1"),
        ([3], "`tokens` must have at least 2 elements, an input and its target, got 1"),
    ],
)
def test_tokens_that_cannot_be_used_are_named(run: Callable[..., object], tokens: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(Problem.draw(5, 2, 2, 1).params, np.array(tokens))
