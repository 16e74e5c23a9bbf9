"""Steps of Python that no counter sees: each line that runs, and the largest container that it may work through."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bptt_bench.measure.counters.held import inspect
from bptt_bench.measure.counters.unseen import PythonSteps

SIZE = 200


def steps(evaluate: Callable[[], Any]) -> PythonSteps:
    held = inspect(evaluate)
    found = PythonSteps(held.functions, held.longest)
    with found.counted():
        evaluate()
    return found


def loop() -> Callable[[], Any]:
    array = np.ones(SIZE)

    def evaluate() -> float:
        total = 0.0
        for value in array:
            total += float(value)
        return total

    return evaluate


def scan() -> Callable[[], Any]:
    values = list(range(SIZE))
    return lambda: [value in values for value in values]


def made_on_the_way() -> Callable[[], Any]:
    array = np.arange(SIZE)

    def evaluate() -> int:
        values = array.tolist()
        values.sort()
        return len(values)

    return evaluate


def test_a_loop_takes_a_step_for_each_line_that_runs() -> None:
    found = steps(loop())
    assert 2 * SIZE <= found.lines <= 2 * SIZE + 5
    assert found.most_steps == found.lines


@pytest.mark.parametrize(
    ("make", "least"),
    [
        (scan, SIZE**2),
        (made_on_the_way, SIZE),
        (lambda: lambda: sum(range(SIZE)), SIZE),
        (lambda: lambda: max(value for value in range(SIZE)), SIZE),
        (lambda: lambda: statistics.fmean(range(SIZE)), SIZE),
        (lambda: lambda: "x" * SIZE * 2 < "y" * SIZE * 2, 1),
    ],
)
def test_what_works_through_a_container_is_bounded_by_its_size(make: Callable[[], Any], least: int) -> None:
    assert steps(make()).most_steps >= least


def test_numpy_itself_takes_no_steps() -> None:
    array = np.ones((50, 50))
    assert steps(lambda: np.linalg.norm(np.median(array @ array, axis=0))).most_steps <= 3


def test_the_functions_that_are_watched_are_what_they_were_afterwards() -> None:
    before = sum, max, sorted
    with pytest.raises(ZeroDivisionError):
        steps(lambda: 1 // 0)
    assert (sum, max, sorted) == before
