"""A first evaluation tells whether the work is done again: inputs are put back, and the time is seen to depend on them.

Time is that of a fake clock, which each call moves on by the work that it finds.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from bptt_bench.measure.worker.inputs import find_inputs
from bptt_bench.measure.worker.inspection import Inspection, Inspector
from bptt_bench.plan import Evaluation

SIZE = 90


class FakeClock:
    """A clock without attributes of its own that a call could be seen to change."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def wall(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


Prepare = Callable[[], Evaluation]


def sorting(clock: FakeClock) -> Prepare:
    """In-place insertion sort: as many steps as there are pairs out of order."""

    def prepare() -> Evaluation:
        data = list(range(SIZE, 0, -1))

        def call() -> None:
            clock.advance(1e-6 * (SIZE if data == sorted(data) else SIZE**2))
            data.sort()

        return call

    return prepare


def emptying(clock: FakeClock) -> Prepare:
    def prepare() -> Evaluation:
        queue = deque(range(SIZE))

        def call() -> None:
            clock.advance(1e-6 * (1 + len(queue)))
            queue.clear()

        return call

    return prepare


def iterating(clock: FakeClock) -> Prepare:
    def prepare() -> Evaluation:
        items = iter(range(SIZE))
        return lambda: clock.advance(1e-6 * (1 + sum(1 for _ in items)))

    return prepare


def remembering(clock: FakeClock) -> Prepare:
    @functools.lru_cache
    def slow(n: int) -> None:
        clock.advance(1e-6 * n)

    def call() -> None:
        clock.advance(1e-7)
        slow(SIZE)

    return lambda: call


def growing(clock: FakeClock) -> Prepare:
    def prepare() -> Evaluation:
        data = [0] * SIZE

        def call() -> None:
            clock.advance(1e-6 * len(data))
            data.append(0)

        return call

    return prepare


def filling(clock: FakeClock) -> Prepare:
    """A buffer, and a counter on which the time depends."""

    def prepare() -> Evaluation:
        buffer, calls = np.zeros(SIZE), 0

        def call() -> None:
            nonlocal calls
            clock.advance(1e-6 * SIZE * (5 if calls == 0 else 1))
            calls = calls + 1
            buffer[:] = np.arange(SIZE)

        return call

    return prepare


def loading(clock: FakeClock) -> Prepare:
    """What a process does once, whatever is prepared: an import, a compilation."""
    loaded: set[int] = set()

    def prepare() -> Evaluation:
        drawn = np.random.default_rng(0)

        def call() -> None:
            clock.advance(1e-6 * SIZE + (0 if loaded else 1.0))
            drawn.random()
            loaded.add(1)

        return call

    return prepare


def inspected(clock: FakeClock, prepare: Prepare, evaluations: int = 50) -> Inspection:
    evaluate = prepare()
    inspector = Inspector(evaluate, clock)
    inspector.evaluate_first()
    start = clock.now()
    for _ in range(evaluations):
        evaluate()
    return inspector.compare_fresh((clock.now() - start) / evaluations, prepare)


@pytest.mark.parametrize(
    ("subject", "changed", "restored", "repeated"),
    [
        (sorting, ("data", "list"), 1e-6 * SIZE**2, 1e-6 * SIZE),
        (emptying, ("queue", "deque"), 1e-6 * (SIZE + 1), 1e-6),
        (iterating, ("items", "range_iterator"), 1e-6 * (SIZE + 1), 1e-6),
        (remembering, ("slow", "cache"), 1e-6 * SIZE + 1e-7, 1e-7),
    ],
)
def test_work_that_is_not_done_again_is_seen_and_its_input_named(
    subject: Callable[[FakeClock], Prepare], changed: tuple[str, str], restored: float, repeated: float
) -> None:
    clock = FakeClock()
    found = inspected(clock, subject(clock))
    assert dict(found.changed) == dict([changed])
    assert list(found.restored_seconds) == pytest.approx([restored] * len(found.restored_seconds))
    assert list(found.repeated_seconds) == pytest.approx([repeated] * len(found.repeated_seconds))
    assert len(found.restored_seconds) >= 3


def test_an_input_that_grows_makes_repeated_evaluations_slower() -> None:
    clock = FakeClock()
    found = inspected(clock, growing(clock), evaluations=200)
    assert list(found.restored_seconds) == pytest.approx([1e-6 * SIZE] * 5)
    assert min(found.repeated_seconds) > 2e-6 * SIZE


def test_all_that_changed_is_put_back() -> None:
    clock = FakeClock()
    found = inspected(clock, filling(clock))
    assert dict(found.changed) == {"buffer": "ndarray", "calls": "cell"}
    assert list(found.restored_seconds) == pytest.approx([5e-6 * SIZE] * 5)  # the counter is put back as well


def test_what_is_loaded_once_is_paid_for_before_the_comparison() -> None:
    clock = FakeClock()
    found = inspected(clock, loading(clock))
    assert list(found.restored_seconds) == pytest.approx(list(found.repeated_seconds), abs=1.1)


def test_nothing_is_compared_where_nothing_changed_or_the_time_did_not() -> None:
    clock = FakeClock()
    steady = inspected(clock, lambda: lambda: clock.advance(1e-3))
    assert (steady.restored_seconds, steady.repeated_seconds) == ([], [])

    def counting() -> Evaluation:
        calls: list[int] = []

        def call() -> None:
            clock.advance(1e-3)
            calls.append(1)

        return call

    counted = inspected(clock, counting)
    assert (dict(counted.changed), list(counted.restored_seconds)) == ({"calls": "list"}, [])


def test_slow_evaluations_are_compared_less_often() -> None:
    clock = FakeClock()

    def slow() -> Evaluation:
        items = [1.0]

        def call() -> None:
            clock.advance(sum(items) + 0.001)
            items.clear()

        return call

    found = inspected(clock, slow)
    assert list(found.restored_seconds) == pytest.approx([1.001])


def test_all_evaluations_of_an_inspection_are_accounted_for() -> None:
    clock = FakeClock()
    prepare = sorting(clock)
    evaluate = prepare()
    start = clock.now()
    inspector = Inspector(evaluate, clock)
    inspector.evaluate_first()
    inspector.compare_fresh(1e-6 * SIZE, prepare)
    assert inspector.seconds_in_evaluations == pytest.approx(clock.now() - start)


def test_a_promise_is_noted() -> None:
    clock = FakeClock()

    def generated() -> Iterator[int]:
        yield 1

    assert inspected(clock, lambda: generated).returned == "generator"
    assert inspected(clock, lambda: lambda: [1]).returned is None


@pytest.mark.parametrize("subject", [sorting, emptying, remembering])
def test_in_place_the_same_is_seen_as_anew(subject: Callable[[FakeClock], Prepare]) -> None:
    clock = FakeClock()
    evaluate = subject(clock)()
    inputs = find_inputs(evaluate)
    kept = [each.restorer(1 << 20) for each in inputs]
    inspector = Inspector(evaluate, clock, inputs)
    inspector.evaluate_first()
    evaluate()
    found = inspector.compare_in_place(1e-7, kept)
    expected: Any = inspected(clock, subject(clock))
    assert list(found.restored_seconds) == pytest.approx(list(expected.restored_seconds))
    assert list(found.repeated_seconds) == pytest.approx(list(expected.repeated_seconds))


def test_a_comparison_that_raises_is_given_up_and_noted() -> None:
    clock, prepared = FakeClock(), 0

    def once() -> Evaluation:
        nonlocal prepared
        prepared += 1
        if prepared > 1:
            raise OSError("address already in use")
        return sorting(clock)()

    found = inspected(clock, once)
    assert (list(found.restored_seconds), found.trouble) == ([], "OSError: address already in use")
    assert found.to_json()["trouble"] == found.trouble


def test_a_sequence_that_each_call_leaves_longer_is_noted_with_its_lengths() -> None:
    clock = FakeClock()
    inspector = Inspector(growing(clock)(), clock)
    inspector.evaluate_first()
    for _ in range(4):
        inspector._evaluate()
    found = inspector.compare_fresh(1e-6 * SIZE, growing(clock))
    assert dict(found.grown) == {"data": (SIZE + 1, SIZE + 5)}
    assert found.to_json()["grown"] == {"data": [SIZE + 1, SIZE + 5]}


@pytest.mark.parametrize("prepare", [sorting, emptying, filling, remembering])
def test_what_does_not_grow_with_every_call_is_not_noted(prepare: Callable[[FakeClock], Prepare]) -> None:
    clock = FakeClock()
    inspector = Inspector(prepare(clock)(), clock)
    inspector.evaluate_first()
    inspector._evaluate()
    found = inspector.compare_fresh(1.0, prepare(clock))
    assert not found.grown
    assert "grown" not in found.to_json()
