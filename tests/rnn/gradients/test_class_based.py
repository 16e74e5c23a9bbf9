"""The model with classes against its formulas, one step at a time, and its probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_rnn.class_model import Classes
from bptt_rnn.gradients import Workspace
from bptt_rnn.gradients.class_based import batched_class
from bptt_rnn.model import Array

from tests.rnn.gradients.class_problems import draw, summed
from tests.rnn.problems import TOLERANCE, Problem, relative_error


def gradients(problem: Problem, workspace: Workspace | None = None) -> tuple[float, dict[str, Array]]:
    """Loss and gradients, with U, b2 and L dense."""
    params: object = problem.params
    loss, g = batched_class(params, problem.tokens, problem.h0, workspace)  # type: ignore[arg-type]
    V, dL = len(problem.params.U), np.zeros_like(problem.params.L)
    np.add.at(dL, problem.tokens[:-1], g.L_rows)
    dU, db2 = g.dense(V)
    return loss, {
        "L": dL, "W_e": g.W_e, "W_h": g.W_h, "b1": g.b1, "U": dU, "b2": db2, "Q": g.Q, "q": g.q, "h0": g.h0
    }  # fmt: skip


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("V", [1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 40])
def test_loss_and_gradients_are_the_formulas_as_written(V: int, dtype: np.dtype[np.floating]) -> None:
    for T in (1, 2, 9, 30):
        problem = draw(V, 3, 4, T, seed=T, dtype=dtype)
        exact = draw(V, 3, 4, T, seed=T, dtype=dtype)
        wide = Problem(
            params=type(exact.params)(*(a.astype(np.float64) for a in exact.params)),
            tokens=exact.tokens,
            h0=exact.h0.astype(np.float64),
        )
        expected_loss, expected = summed(wide.params, wide.tokens, wide.h0)  # type: ignore[arg-type]
        loss, found = gradients(problem)
        floor = 0.03 * sum(float(np.sum(array**2)) for array in expected.values()) ** 0.5
        assert loss == pytest.approx(expected_loss, rel=TOLERANCE[dtype], abs=1e-12)
        for name, array in expected.items():
            assert relative_error(found[name], array, floor) <= TOLERANCE[dtype], name
            assert found[name].dtype == dtype


@pytest.mark.parametrize("V", [1, 2, 7, 11, 16])
def test_probabilities_of_all_words_add_up_to_one(V: int) -> None:
    """A loss is -log p of a word; over all words p sums to 1, so that no word is in two classes, or in none."""
    total = 0.0
    for word in range(V):
        problem = draw(V, 3, 4, 1, tokens=[0, word])
        total += float(np.exp(-gradients(problem)[0]))
    assert total == pytest.approx(1, rel=1e-13)


@pytest.mark.parametrize("V", [1, 2, 3, 10, 99, 100, 101, 10_000])
def test_classes_cover_every_word_once_with_the_same_number_of_rows(V: int) -> None:
    classes = Classes.of(V)
    assert (classes.words - 1) ** 2 < V <= classes.words**2
    assert 0 <= classes.missing < classes.words
    assert (classes.number - 1) * classes.words < V <= classes.number * classes.words
    for c in (0, classes.number - 1):
        assert 0 <= classes.first_row(c) <= c * classes.words
        assert classes.first_row(c) + classes.words <= V


def test_workspace_is_used_again() -> None:
    workspace = Workspace()
    for seed, V, T in ((1, 11, 6), (2, 11, 6), (3, 5, 6), (4, 5, 9)):
        problem = draw(V, 3, 4, T, seed=seed)
        loss, found = gradients(problem, workspace)
        expected_loss, expected = gradients(problem)
        assert loss == expected_loss
        assert all((found[name] == expected[name]).all() for name in expected)


def test_the_loss_is_right_where_the_probability_underflows() -> None:
    problem = draw(2, 1, 1, 1, tokens=[0, 0])
    zeros = {name: getattr(problem.params, name) * 0 for name in problem.params._fields}
    zeros["Q"] = np.array([[0.0]]) if len(zeros["Q"]) == 1 else zeros["Q"]
    zeros["U"] = np.array([[0.0], [4_000.0]])  # h = ½ gives the logits 0 and 2000
    params = problem.params._replace(**zeros)
    loss, _ = gradients(Problem(params=params, tokens=problem.tokens, h0=np.zeros(1)))
    assert loss == 2_000.0 + np.log(len(zeros["Q"]))
