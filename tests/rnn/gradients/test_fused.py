"""``fused`` gives the gradients of the others, however its work is cut up, on any number of threads, with and without
compiled loops."""

from __future__ import annotations

import builtins
import importlib
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from bptt_rnn import checks
from bptt_rnn.gradients import FAMILY, Algorithm, Gradients, Workspace
from bptt_rnn.gradients.fused import FusedBuffers, fused, words_per_part, words_per_tile
from bptt_rnn.gradients.naive import naive
from bptt_rnn.kernels import plain, thread_pool
from bptt_rnn.kernels.choice import kernels
from bptt_rnn.kernels.plain import PLAIN, Part
from bptt_rnn.model import Params, Sizes
from hypothesis import example, given, settings
from threadpoolctl import threadpool_limits

from tests.rnn.problems import TOLERANCE, Problem, norm, problems, relative_error, worst_error

try:
    import numba  # noqa: F401
except ImportError:
    WAYS = [False]
else:
    WAYS = [True, False]

# The package has the function under the name of the module.
MODULE = importlib.import_module("bptt_rnn.gradients.fused")
BOTH = pytest.mark.parametrize("compiled", WAYS)
NEEDS_NUMBA = pytest.mark.skipif(WAYS == [False], reason="numba is not installed")


def gradient(problem: Problem, **options: Any) -> tuple[float, Gradients]:
    return fused(problem.params, problem.tokens, problem.h0, **options)


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Sets the words of a tile and the most words of a part."""

    def cut(tile: int, part: int) -> None:
        monkeypatch.setattr(MODULE, "words_per_tile", lambda H, T, itemsize, fewest=1: tile)
        monkeypatch.setattr(MODULE, "words_per_part", lambda V, H, T, tile: part)

    return cut


def test_fused_is_one_of_the_family() -> None:
    assert FAMILY["fused"] is fused


@BOTH
@pytest.mark.parametrize(("dtype", "allowed"), [(np.float64, 1e-12), (np.float32, 2e-5)])
def test_agrees_with_naive_on_random_and_long_cases(compiled: bool, dtype: type, allowed: float) -> None:
    family: dict[str, Algorithm] = {"naive": naive, "fused": partial(fused, compiled=compiled)}
    assert checks.gradients_agree("fused", dtype, 5, algorithms=family).worst <= allowed


@BOTH
def test_is_the_slope_of_the_loss(compiled: bool) -> None:
    family = {"fused": partial(fused, compiled=compiled)}
    assert checks.gradients_match_differences("fused", 6, algorithms=family).worst <= 1e-7


@BOTH
def test_one_step_follows_the_formulas(compiled: bool) -> None:
    assert checks.one_step_formulas(7, algorithms={"fused": partial(fused, compiled=compiled)}).worst <= 1e-12


@BOTH
def test_makes_one_sweep_of_passes_each_announced_before_it_is_made(compiled: bool) -> None:
    assert checks.passes_match("fused", 0, algorithms={"fused": partial(fused, compiled=compiled)}).worst == 0
    problem, workspace, seen = Problem.draw(4, 2, 3, 5), Workspace(), []
    _, expected = gradient(problem, workspace=workspace, compiled=compiled)
    held = expected.h0
    final = held.copy()

    def on_pass(losses: Sequence[int], step: int) -> None:
        seen.append((list(losses), step, held.copy()))

    gradient(problem, workspace=workspace, compiled=compiled, on_pass=on_pass)
    assert [entry[:2] for entry in seen] == [(list(range(t, 6)), t) for t in (5, 4, 3, 2, 1)]
    assert not seen[0][2].any()  # γ(T) = 0 before the first pass
    assert all(not np.array_equal(entry[2], final) for entry in seen)
    assert np.array_equal(held, final)


@BOTH
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("tile", "part"), [(1, 1), (1, 3), (3, 6), (4, 8), (7, 1000), (1000, 1000)])
def test_cutting_the_vocabulary_changes_nothing(
    compiled: bool, dtype: np.dtype[Any], tile: int, part: int, small_tiles: Callable[[int, int], None]
) -> None:
    for V, T, seed in ((1, 3, 0), (2, 5, 1), (7, 4, 2), (24, 9, 3), (25, 16, 4)):
        problem = Problem.draw(V, 4, 6, T, seed=seed, dtype=dtype)
        expected_loss, expected = naive(problem.params, problem.tokens, problem.h0)
        small_tiles(tile, part)
        loss, found = gradient(problem, compiled=compiled)
        assert loss == pytest.approx(expected_loss, rel=TOLERANCE[dtype], abs=1e-14)
        assert worst_error(found, expected) <= TOLERANCE[dtype]
        assert {array.dtype for array in found} == {dtype}


@BOTH
def test_agrees_with_naive_where_the_usual_cut_makes_several_parts(compiled: bool) -> None:
    problem = Problem.draw(20_003, 5, 64, 30, dtype=np.float32)
    expected_loss, expected = FAMILY["batched"](problem.params, problem.tokens, problem.h0)
    loss, found = gradient(problem, threads=2, compiled=compiled)
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    assert worst_error(found, expected) <= 2e-5


@BOTH
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("tile", "part"), [(1000, 1000), (2, 4), (1, 5)])
def test_extreme_logits_stay_finite_and_right(
    compiled: bool, dtype: np.dtype[Any], tile: int, part: int, small_tiles: Callable[[int, int], None]
) -> None:
    """Tolerances as in the test of the other algorithms: an error of a logit is a relative error of ŷ."""
    small_tiles(tile, part)

    @settings(max_examples=60)
    @given(problem=problems(dtype))
    @example(problem=Problem.draw(40, 3, 8, 12, seed=4, dtype=dtype))
    def stays_finite(problem: Problem) -> None:
        problem = problem.scaled(U=1e4)
        tolerance = TOLERANCE[dtype] * 1e4 * len(problem.h0) ** 0.5
        expected_loss, expected = naive(problem.params, problem.tokens, problem.h0)
        loss, found = gradient(problem, compiled=compiled)
        assert np.isfinite(loss)
        assert all(np.isfinite(array).all() for array in found)
        assert loss == pytest.approx(expected_loss, rel=TOLERANCE[dtype], abs=tolerance)
        for name, array in found._asdict().items():
            floor = 1.0 if name in ("U", "b2") else norm(problem.params.U)
            assert relative_error(array, getattr(expected, name), floor) <= tolerance

    stays_finite()


@BOTH
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("part", [2, 3, 12, 60])
@pytest.mark.parametrize("order", ["rising", "falling", "one large"])
def test_the_shift_moves_whenever_later_words_are_far_larger(
    compiled: bool, dtype: np.dtype[Any], part: int, order: str, small_tiles: Callable[[int, int], None]
) -> None:
    """Biases that rise by 40 a tile: each tile's exponentials are e⁴⁰ times those of the tile before."""
    small_tiles(2, part)
    problem = Problem.draw(60, 3, 5, 8, seed=9, dtype=dtype)
    steps = np.arange(60) // 2 * 40.0
    b2 = {"rising": steps, "falling": steps[::-1], "one large": np.where(np.arange(60) == 41, 900.0, 0.0)}[order]
    problem = Problem(params=problem.params._replace(b2=b2.astype(dtype)), tokens=problem.tokens, h0=problem.h0)
    expected_loss, expected = naive(problem.params, problem.tokens, problem.h0)
    loss, found = gradient(problem, compiled=compiled)
    tolerance = TOLERANCE[dtype] * 100  # logits of 1200 have lost three digits
    assert loss == pytest.approx(expected_loss, rel=TOLERANCE[dtype])
    for name, array in found._asdict().items():
        assert relative_error(array, getattr(expected, name), 1.0) <= tolerance


@BOTH
def test_the_loss_is_right_where_the_probability_underflows(
    compiled: bool, small_tiles: Callable[[int, int], None]
) -> None:
    params = Params(np.zeros((2, 1)), np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1), np.zeros((2, 1)), np.zeros(2))
    params.U[1] = 4_000.0
    for tile, part in ((2, 2), (1, 2), (1, 1)):
        small_tiles(tile, part)
        loss, g = fused(params, np.array([0, 0]), np.zeros(1), compiled=compiled)
        assert loss == 2_000.0
        assert g.b2.tolist() == [-1.0, 1.0]
        assert g.U.tolist() == [[-0.5], [0.5]]
        assert g.h0.tolist() == [0.0]


@BOTH
def test_saturated_hidden_units_give_no_warning_and_no_gradient(compiled: bool) -> None:
    for bias in (1e30, -1e30):
        _, g = gradient(Problem.draw(5, 2, 3, 4, dtype=np.float32).scaled(b1=bias), compiled=compiled)
        assert norm(g.W_h) == norm(g.h0) == 0
        assert np.isfinite(g.U).all()


@BOTH
@pytest.mark.parametrize("wrong", ["W_h", "U", "b2"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_parameter_that_is_no_number_is_seen_in_the_result(compiled: bool, wrong: str) -> None:
    problem = Problem.draw(9, 2, 3, 4, dtype=np.float32)
    getattr(problem.params, wrong)[2] = np.nan
    loss, g = gradient(problem, compiled=compiled)
    assert np.isnan(loss)
    assert np.isnan(g.U).any()
    assert np.isnan(g.h0).any()


@BOTH
def test_repeated_tokens_add_up(compiled: bool) -> None:
    problem = Problem.draw(3, 2, 4, 6, seed=1)
    tokens = np.array([2, 0, 2, 2, 0, 2, 2])
    _, expected = naive(problem.params, tokens, problem.h0)
    _, found = fused(problem.params, tokens, problem.h0, compiled=compiled)
    assert worst_error(found, expected) <= 1e-12


@BOTH
@pytest.mark.parametrize("kind", [np.int32, np.uint16, np.int64])
def test_tokens_may_be_of_any_type_of_integer(compiled: bool, kind: type) -> None:
    problem = Problem.draw(30, 2, 4, 6, seed=1)
    expected_loss, expected = gradient(problem, compiled=compiled)
    loss, found = fused(problem.params, problem.tokens.astype(kind), problem.h0, compiled=compiled)
    assert loss == expected_loss
    assert worst_error(found, expected) == 0


@BOTH
def test_initial_state_is_zero_by_default(compiled: bool) -> None:
    problem = Problem.draw(5, 3, 4, 3)
    without = fused(problem.params, problem.tokens, compiled=compiled)
    zeros = fused(problem.params, problem.tokens, np.zeros(4), compiled=compiled)
    assert without[0] == zeros[0] != gradient(problem, compiled=compiled)[0]
    assert worst_error(without[1], zeros[1]) == 0


@BOTH
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_any_number_of_threads_gives_the_same_bits(compiled: bool, dtype: np.dtype[Any]) -> None:
    problem = Problem.draw(30_000, 8, 64, 30, dtype=dtype)
    tile = words_per_tile(64, 30, dtype.itemsize)
    assert words_per_part(30_000, 64, 30, tile) < 30_000  # more than one part
    loss, expected = gradient(problem, threads=1, compiled=compiled)
    for threads in (2, 3, None):
        again, found = gradient(problem, threads=threads, compiled=compiled)
        assert again == loss
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@NEEDS_NUMBA
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_compiled_loops_give_what_numpy_gives(dtype: np.dtype[Any]) -> None:
    @settings(max_examples=100)
    @given(problem=problems(dtype, largest=40, most_steps=20))
    @example(problem=Problem.draw(3000, 20, 30, 7, dtype=dtype))
    def agree(problem: Problem) -> None:
        loss, found = gradient(problem, compiled=True)
        expected_loss, expected = gradient(problem, compiled=False)
        assert loss == pytest.approx(expected_loss, rel=TOLERANCE[dtype])
        assert worst_error(found, expected) <= TOLERANCE[dtype]

    agree()


@NEEDS_NUMBA
def test_numba_is_used_where_it_is_installed() -> None:
    assert kernels() is kernels(True) is not PLAIN


def test_numpy_does_it_where_numba_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def no_numba(name: str, *args: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "numba":
            raise ImportError("No module named 'numba'")
        return real_import(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", no_numba)
    monkeypatch.delitem(sys.modules, "bptt_rnn.kernels.compiled", raising=False)
    kernels.cache_clear()
    try:
        assert kernels() is PLAIN
        with pytest.raises(ImportError, match="compiled: needs numba, which the extra `fast` installs"):
            kernels(True)
    finally:
        kernels.cache_clear()


def test_importing_the_gradients_loads_neither_numba_nor_scipy() -> None:
    code = "import sys, bptt_rnn.gradients; sys.exit(bool({'numba', 'scipy', 'threadpoolctl'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_workspace_is_used_again_and_results_are_overwritten() -> None:
    first, second = Problem.draw(9, 3, 4, 5, seed=1), Problem.draw(9, 3, 4, 5, seed=2)
    workspace = Workspace()
    _, held = gradient(first, workspace=workspace)
    loss, again = gradient(second, workspace=workspace)
    expected_loss, expected = gradient(second)
    assert loss == expected_loss
    assert worst_error(again, expected) == 0
    assert all(a is b for a, b in zip(held, again, strict=True))


def test_workspace_serves_other_sizes_types_and_algorithms() -> None:
    workspace = Workspace()
    for V, T, dtype in ((9, 5, np.float64), (9, 6, np.float64), (4, 6, np.float64), (4, 6, np.float32)):
        problem = Problem.draw(V, 3, 4, T, dtype=dtype)
        naive(problem.params, problem.tokens, problem.h0, workspace)
        loss, found = gradient(problem, workspace=workspace)
        expected_loss, expected = gradient(problem)
        assert loss == expected_loss
        assert worst_error(found, expected) == 0


def test_phases_are_announced_in_the_order_of_the_work() -> None:
    problem, workspace = Problem.draw(9, 3, 4, 5), Workspace()
    entered: list[str] = []
    gradient(problem, workspace=workspace)
    gradient(problem, workspace=workspace, phase=entered.append)
    assert entered == ["embed", "recur", "output", "recur", "embed"]


@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_done_in_a_phase_is_done_before_the_next(threads: int, small_tiles: Callable[[int, int], None]) -> None:
    """Without a switch the second pass and the sweep run side by side; with one, each has its own time."""
    small_tiles(2, 4)
    problem, workspace = Problem.draw(20, 3, 4, 5), Workspace()
    _, g = gradient(problem, workspace=workspace, threads=threads)
    final_U, final_h0 = g.U.copy(), g.h0.copy()
    g.U.fill(0)
    g.h0.fill(0)
    seen: list[tuple[str, bool, bool]] = []

    def phase(name: str) -> None:
        seen.append((name, np.array_equal(g.U, final_U), np.array_equal(g.h0, final_h0)))

    gradient(problem, workspace=workspace, threads=threads, phase=phase)
    assert seen == [
        ("embed", False, False),
        ("recur", False, False),
        ("output", False, False),
        ("recur", True, False),
        ("embed", True, True),
    ]


def test_blas_is_left_as_it_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem.draw(9, 3, 4, 5)
    inside: list[int] = []

    def output_forward(*arguments: Any, **named: Any) -> None:
        inside.append(thread_pool.blas_threads())
        PLAIN.output_forward(*arguments, **named)

    monkeypatch.setattr(MODULE, "kernels", lambda _: PLAIN._replace(output_forward=output_forward))
    with threadpool_limits(2, user_api="blas"):
        before = thread_pool.blas_threads()
        gradient(problem)
        assert thread_pool.blas_threads() == before
    assert inside == [1]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_failure_in_a_part_reaches_the_caller_and_leaves_blas_as_it_was(
    threads: int, monkeypatch: pytest.MonkeyPatch, small_tiles: Callable[[int, int], None]
) -> None:
    small_tiles(2, 4)
    caller, elsewhere = threading.get_ident(), threading.Event()

    def output_forward(*arguments: Any, **named: Any) -> None:
        if threads == 1 or threading.get_ident() != caller:
            elsewhere.set()
            raise ArithmeticError("in a part")
        assert elsewhere.wait(30)

    monkeypatch.setattr(MODULE, "kernels", lambda _: PLAIN._replace(output_forward=output_forward))
    with threadpool_limits(2, user_api="blas"):
        before = thread_pool.blas_threads()
        with pytest.raises(ArithmeticError, match="in a part"):
            gradient(Problem.draw(20, 3, 4, 5), threads=threads)
        assert thread_pool.blas_threads() == before


def test_threads_that_cannot_be_are_named() -> None:
    with pytest.raises(ValueError, match="`threads` must be a whole number from 1, got 0"):
        gradient(Problem.draw(5, 2, 2, 1), threads=0)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([0, 5], "`tokens` must be ids from 0 to 4, got 5"),
        ([3], "`tokens` must have at least 2 elements, an input and its target, got 1"),
    ],
)
def test_tokens_that_cannot_be_used_are_named(tokens: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fused(Problem.draw(5, 2, 2, 1).params, np.array(tokens))


@pytest.mark.parametrize(
    ("V", "H", "T"), [(1, 1, 1), (1000, 100, 35), (10_000, 512, 64), (10**6, 100, 35), (7, 999, 9)]
)
def test_parts_cover_the_vocabulary_once(V: int, H: int, T: int) -> None:
    parts: list[Part] = FusedBuffers(Sizes(V, 2, H, T, np.dtype(np.float32)), None).parts
    tile = words_per_tile(H, T, 4)
    words = words_per_part(V, H, T, tile)
    assert words % tile == 0
    assert 1 <= -(-V // words) <= 8
    assert [(part.start, part.stop) for part in parts] == [(i, min(i + words, V)) for i in range(0, V, words)]
    assert all(len(part.E) == len(part.dU) == part.stop - part.start for part in parts)


def test_sums_that_move_the_shift_are_far_within_the_range_of_float32() -> None:
    assert float(np.finfo(np.float32).max) > plain.LARGEST_SUM * 10**6 * 1e4
    assert float(np.finfo(np.float32).tiny) < plain.SMALLEST_WEIGHT
