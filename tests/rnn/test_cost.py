"""Counted equals closed form, as integers, for every algorithm, phase and category; and what follows from that."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from bptt_bench.measure.counters.meter import Meter
from bptt_bench.plan.law.law import CostLaw
from bptt_rnn import cost
from bptt_rnn.gradients import ALGORITHMS, PHASES, Workspace, forward
from bptt_rnn.model import Params

from tests.rnn.problems import Problem

POINTS = 220
TYPES = (np.float32, np.float64)


def evaluate(subject: str, problem: Problem, workspace: Workspace, meter: Meter) -> None:
    """One evaluation with everything metered."""
    params = Params(*(meter.metered(array) for array in problem.params))
    tokens, h0 = meter.metered(problem.tokens), meter.metered(problem.h0)
    if subject == "forward":
        forward(params, tokens, h0, workspace, meter.phase)
        return
    ALGORITHMS[subject](params, tokens, h0, workspace, meter.phase, lambda loss, step: meter.tick("backward pass"))


def count(subject: str, problem: Problem) -> tuple[cost.Counts, cost.Counts, Counter[str]]:
    """Counts of a first evaluation, with an empty workspace, and of a second one; ticks of both."""
    meter = Meter(strict=True)
    workspace = Workspace()
    with meter:
        evaluate(subject, problem, workspace, meter)
        first, meter.counts = meter.counts, {}
        evaluate(subject, problem, workspace, meter)
    return first, meter.counts, meter.calls


@pytest.fixture(scope="module")
def points() -> list[tuple[int, int, int, int]]:
    """(V, d, H, T): random, and every combination of 1 and 3."""
    rng = np.random.default_rng(11)
    corners = [tuple(int(size) for size in corner) for corner in np.ndindex(2, 2, 2, 2)]
    drawn = [(int(V), int(d), int(H), int(T)) for V, d, H, T in rng.integers(1, (90, 12, 12, 12), (POINTS, 4))]
    return [(1 + 2 * V, 1 + 2 * d, 1 + 2 * H, 1 + 2 * T) for V, d, H, T in corners] + drawn


@pytest.mark.parametrize("subject", cost.SUBJECTS)
def test_counted_equals_closed_form(subject: str, points: list[tuple[int, int, int, int]]) -> None:
    for i, (V, d, H, T) in enumerate(points):
        dtype = np.dtype(TYPES[i % 2])
        first, second, ticks = count(subject, Problem.draw(V, d, H, T, seed=i, dtype=dtype))
        place = f"V={V} d={d} H={H} T={T} {dtype.name}"
        assert cost.counts(subject, V, d, H, T, itemsize=dtype.itemsize, workspace_ready=False) == first, place
        assert cost.counts(subject, V, d, H, T, itemsize=dtype.itemsize, workspace_ready=True) == second, place
        assert 2 * cost.passes(subject, T) == ticks["backward pass"], place
        assert cost.multiply_adds(subject, V, d, H, T) == sum(second[phase]["multiply_adds"] for phase in PHASES), place


@pytest.mark.parametrize("subject", cost.SUBJECTS)
def test_counted_equals_closed_form_where_the_work_is_cut_into_tiles(subject: str) -> None:
    V, d, H, T = 30_000, 3, 50, 2
    first, second, _ = count(subject, Problem.draw(V, d, H, T, dtype=np.float64))
    assert cost.counts(subject, V, d, H, T, itemsize=8, workspace_ready=False) == first
    assert cost.counts(subject, V, d, H, T, itemsize=8, workspace_ready=True) == second


def test_exact_laws_of_the_subject() -> None:
    V, d, H, T = 1009, 31, 17, 23
    step = H * V + H * d + H**2
    assert cost.multiply_adds("forward", V, d, H, T) == T * step
    assert cost.multiply_adds("aggregated", V, d, H, T) == cost.multiply_adds("batched", V, d, H, T) == 3 * T * step
    naive_back = 2 * T * H * V + T * (T + 1) * (H * d + H**2)
    assert cost.multiply_adds("naive", V, d, H, T) == T * step + naive_back
    assert cost.multiply_adds("naive-textbook", V, d, H, T) == T * step + T * (T + 1) * step


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [("forward", 0), ("naive", 630), ("aggregated", 35), ("batched", 35), ("naive-textbook", 630)],
)
def test_passes_over_35_steps(algorithm: str, expected: int) -> None:
    assert cost.passes(algorithm, 35) == expected


@pytest.mark.parametrize("algorithm", ["naive", "naive-textbook"])
def test_naive_visits_each_step_once_for_every_later_loss(algorithm: str) -> None:
    problem = Problem.draw(4, 2, 3, 5)
    visited: list[tuple[list[int], int]] = []
    ALGORITHMS[algorithm](
        problem.params, problem.tokens, on_pass=lambda losses, step: visited.append((list(losses), step))
    )
    assert visited == [([loss], step) for loss in range(1, 6) for step in range(loss, 0, -1)]


@pytest.mark.parametrize("algorithm", ["aggregated", "batched"])
def test_one_sweep_visits_each_step_once(algorithm: str) -> None:
    problem = Problem.draw(4, 2, 3, 5)
    visited: list[tuple[list[int], int]] = []
    ALGORITHMS[algorithm](
        problem.params, problem.tokens, on_pass=lambda losses, step: visited.append((list(losses), step))
    )
    assert visited == [([5], 5), ([4, 5], 4), ([3, 4, 5], 3), ([2, 3, 4, 5], 2), ([1, 2, 3, 4, 5], 1)]


@pytest.mark.parametrize(("V", "T", "expected"), [(10_000, 100, 1.97), (1_000_000, 100, 1.01)])
def test_backward_ratio_at_the_sizes_of_the_subject(V: int, T: int, expected: float) -> None:
    d = H = 100
    forward_part = cost.multiply_adds("forward", V, d, H, T)
    back = [cost.multiply_adds(name, V, d, H, T) - forward_part for name in ("naive", "aggregated")]
    stated = float(CostLaw(cost.BACKWARD_RATIO).evaluate({"V": V, "d": d, "H": H, "T": T}))
    assert stated == pytest.approx(float(Fraction(*back)), rel=1e-14)
    assert round(stated, 2) == expected


@pytest.mark.parametrize(("V", "d", "H", "T"), [(10_000, 100, 100, 100), (7, 3, 2, 1), (32, 240, 240, 9)])
def test_only_naive_textbook_costs_t_squared_times_v(V: int, d: int, H: int, T: int) -> None:
    """The ratio (T + 1)/2 is exact for what pays V at every pass; naive visits the output layer once for each loss."""
    back = {
        name: cost.multiply_adds(name, V, d, H, T) - cost.multiply_adds("forward", V, d, H, T)
        for name in ("naive", "naive-textbook", "aggregated")
    }
    stated = CostLaw(cost.TEXTBOOK_RATIO).evaluate({"V": V, "d": d, "H": H, "T": T})
    assert Fraction(back["naive-textbook"], back["aggregated"]) == Fraction(T + 1, 2) == Fraction(float(stated))
    of_output = {name: cost.counts(name, V, d, H, T)["output"]["multiply_adds"] for name in ("naive", "naive-textbook")}
    assert of_output["naive"] == 3 * T * H * V
    assert of_output["naive-textbook"] == T * H * V + T * (T + 1) * H * V


def test_recurrent_part_overtakes_the_output_part_at_the_crossover() -> None:
    V, d, H = 10_000, 100, 100
    T = round(float(CostLaw(cost.CROSSOVER).evaluate({"V": V, "d": d, "H": H})))
    recurrent = 2 * cost.passes("naive", T) * (H * d + H**2)
    assert (T, recurrent) == (99, 2 * T * H * V)


@pytest.mark.parametrize("subject", cost.SUBJECTS)
def test_laws_are_the_counted_multiply_adds_up_to_coefficients(subject: str) -> None:
    """The forward pass beside T (T + 1)/2 backward passes is T of its products, in the overhead terms."""
    V, d, H, T = 101, 13, 7, 9
    point = {"V": V, "d": d, "H": H, "T": T}
    parts = cost.PHASE_LAWS[subject]
    visits = {"forward": 1, "naive": 2, "aggregated": 3, "batched": 3, "naive-textbook": 2}[subject]
    recurrent_forward = T * H if subject in ("naive", "naive-textbook") else 0
    counted = cost.counts(subject, V, d, H, T)
    for phase, coefficient, beside in (
        ("output", {"forward": 1, "naive-textbook": 2}.get(subject, 3), V if subject == "naive-textbook" else 0),
        ("embed", visits, d),
        ("recur", visits, H),
    ):
        assert (
            coefficient * CostLaw(parts[phase]).evaluate(point) + recurrent_forward * beside
            == counted[phase]["multiply_adds"]
        )
    assert " + ".join(parts[phase] for phase in ("output", "embed", "recur")) == cost.LAWS[subject]


@pytest.mark.parametrize("subject", cost.SUBJECTS)
def test_overheads_are_terms_of_a_law_and_not_terms_of_the_law_itself(subject: str) -> None:
    factors = ("V", "d", "H", "T")
    pairs = [(cost.LAWS[subject], cost.OVERHEADS[subject])]
    pairs += [(cost.PHASE_LAWS[subject][phase], cost.PHASE_OVERHEADS[subject][phase]) for phase in PHASES]
    for law, overheads in pairs:
        whole = CostLaw(law).plus(*overheads)
        whole.require(factors)
        assert len(whole.terms) == len(CostLaw(law).terms) + len(overheads)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("subject", cost.SUBJECTS)
@pytest.mark.parametrize(("V", "d", "H", "T"), [(20_000, 16, 24, 8), (300, 40, 200, 60), (2_000, 300, 8, 700)])
def test_working_set_is_what_is_really_allocated(subject: str, dtype: type, V: int, d: int, H: int, T: int) -> None:
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, V, T + 1)
    run = forward if subject == "forward" else ALGORITHMS[subject]
    tracemalloc.start()
    params = Params.init(V, d, H, rng, dtype)
    workspace = Workspace()
    run(params, tokens, None, workspace)
    allocated, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    predicted = cost.working_set(subject, V, d, H, T, np.dtype(dtype).itemsize)
    assert allocated == pytest.approx(predicted, rel=0.05)
    assert peak == pytest.approx(predicted, rel=0.05)


@pytest.mark.parametrize("closed_form", [cost.counts, cost.multiply_adds, cost.working_set])
def test_unknown_algorithm_is_named(closed_form: Callable[[str, int, int, int, int], object]) -> None:
    with pytest.raises(
        ValueError, match=r"`algorithm` must be one of forward, naive, aggregated, batched, .* got 'guess'"
    ):
        closed_form("guess", 2, 2, 2, 2)
