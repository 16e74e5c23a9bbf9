"""Counts of real evaluations under the meter, beside their closed forms."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from bptt_bench.measure.counters.meter import Meter
from bptt_rnn.cost import Cost, Counts
from bptt_rnn.gradients import PHASES, Workspace

from tests.rnn.problems import Problem

Run = Callable[..., tuple[float, Any]]
TYPES = (np.float32, np.float64)


def count(run: Run, problem: Problem) -> tuple[Counts, Counts, Counter[str]]:
    """Counts of a first evaluation, with an empty workspace, and of a second one; ticks of both."""
    meter, workspace = Meter(strict=True), Workspace()

    def evaluate() -> None:
        params = type(problem.params)(*(meter.metered(array) for array in problem.params))
        run(
            params,
            meter.metered(problem.tokens),
            meter.metered(problem.h0),
            workspace,
            meter.phase,
            lambda loss, step: meter.tick("backward pass"),
        )

    with meter:
        evaluate()
        first, meter.counts = meter.counts, {}
        evaluate()
    return first, meter.counts, meter.calls


def assert_counts_equal(run: Run, cost: Cost, problem: Problem) -> None:
    """Every phase and category, passes and multiply-adds, with and without a workspace."""
    V, d, H, T, dtype = problem.params.sizes(len(problem.tokens) - 1)
    place = f"V={V} d={d} H={H} T={T} {dtype.name}"
    first, second, ticks = count(run, problem)
    for found, ready in ((first, False), (second, True)):
        assert cost.counted(V, d, H, T, itemsize=dtype.itemsize, workspace_ready=ready) == found, place
    assert 2 * cost.passes(T) == ticks["backward pass"], place
    assert cost.multiply_adds(V, d, H, T) == sum(second[phase]["multiply_adds"] for phase in PHASES), place


def random_problems(
    number: int, *, most: tuple[int, int, int, int] = (90, 12, 12, 12), draw: Callable[..., Problem] = Problem.draw
) -> list[Problem]:
    """Problems of random sizes, and of every combination of 1 and 3, of both types in turn."""
    rng = np.random.default_rng(11)
    corners = [tuple(1 + 2 * size for size in corner) for corner in np.ndindex(2, 2, 2, 2)]
    sizes = [*corners, *(tuple(map(int, row)) for row in rng.integers(1, most, (number, 4)))]
    return [draw(V, d, H, T, seed=i, dtype=TYPES[i % 2]) for i, (V, d, H, T) in enumerate(sizes)]


def allocated(run: Run, problem: Problem) -> tuple[int, int]:
    """Bytes that an evaluation leaves behind in a fresh workspace, and the peak while it ran."""
    workspace = Workspace()
    run(problem.params, problem.tokens, problem.h0)  # what is kept from call to call is there
    tracemalloc.start()
    try:
        run(problem.params, problem.tokens, problem.h0, workspace)
        return tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
