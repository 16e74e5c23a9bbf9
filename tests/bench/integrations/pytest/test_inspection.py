"""Marked tests whose calls do not do the work again stay open, and say why; what only warms up is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from bptt_bench.integrations.pytest.inspection import CallInspection, inspect_calls

from tests.bench.integrations.pytest.test_marker import N, outcomes, project, run

__all__ = ["project"]
pytest_plugins = ["pytester"]

HEAD = f"""
import functools
import numpy as np
import pytest, toy

complexity = functools.partial(pytest.mark.complexity, {N})
"""

SORTING = """
@complexity("n**2")
def test_sort(benchmark, n):
    data = list(range(n, 0, -1))

    def sort(values):
        toy.spend(1e-8 * (n**2 if values[0] == n else n))
        values.sort()

    benchmark.pedantic(sort, (data,), rounds=5, warmup_rounds=WARM)
"""

GENERATING = """
@complexity("n**0")
def test_squares(benchmark, n):
    def squares():
        toy.spend(1e-6)
        return (i * i for i in range(n))

    benchmark.pedantic(squares, rounds=5)
"""

REMEMBERING = """
@functools.lru_cache
def slow(n):
    toy.spend(1e-6 * n)

@complexity("n**0")
def test_slow(benchmark, n):
    def call():
        toy.spend(1e-6)
        return slow(n)

    benchmark.pedantic(call, rounds=5)
"""

FILLING = """
@complexity("n")
def test_fill(benchmark, n):
    buffer, calls, out = [0] * n, [], np.empty(n)

    def fill():
        toy.spend(1e-6 * n)
        calls.append(1)
        buffer[:] = [1] * n
        out[:] = n

    benchmark.pedantic(fill, rounds=5, warmup_rounds=1)
"""

FRESH = """
@complexity("n**2")
def test_sort(benchmark, n):
    def sort(values):
        toy.spend(1e-8 * (n**2 if values[0] == n else n))
        values.sort()

    benchmark.pedantic(sort, setup=lambda: ((list(range(n, 0, -1)),), {}), rounds=5)
"""


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (SORTING.replace("WARM", "0"), "the call changes its input `argument 1` (list); with that restored it takes "),
        (SORTING.replace("WARM", "1"), "the call changes its input `argument 1` (list); with that restored it takes "),
        (GENERATING, "the call returns a generator, and it was not run; write `lambda: list(f(x))`"),
        (REMEMBERING, "the call remembers its result in `slow` (cache); without that it takes "),
    ],
    ids=["in place", "in place, warmed up", "generator", "cache"],
)
def test_work_that_is_not_done_again_leaves_the_law_open(project: pytest.Pytester, source: str, reason: str) -> None:
    result = run(project, HEAD + source)
    outcomes(result, passed=5, inconclusive=1)
    assert f"inconclusive: work not done: {reason}" in result.stdout.str()
    assert result.ret == 0


def test_where_open_laws_fail_work_that_was_not_done_does(project: pytest.Pytester) -> None:
    result = run(project, HEAD + SORTING.replace("WARM", "0").replace('"n**2"', '"n**2", inconclusive="fail"'))
    outcomes(result, passed=5, failed=1)


@pytest.mark.parametrize("source", [FILLING, FRESH], ids=["a buffer", "fresh inputs"])
def test_a_buffer_and_fresh_inputs_are_judged(project: pytest.Pytester, source: str) -> None:
    outcomes(run(project, HEAD + source), passed=6)


class Clock:
    """Without attributes of its own that a call could be seen to change."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds = 0.0


@dataclass
class FakeFixture:
    """As much of the fixture `benchmark` as is looked at: each call to it makes five."""

    enabled: bool = True
    clock: Clock = field(default_factory=Clock)
    stats: Any = None

    def _timer(self) -> float:
        return self.clock.seconds

    def _raw(self, function: Callable[..., object], *args: object, **kwargs: object) -> object:
        times = []
        for _ in range(5):
            start = self.clock.seconds
            result = function(*args, **kwargs)
            times.append(self.clock.seconds - start)
        self.stats = SimpleNamespace(stats=SimpleNamespace(data=times))
        return result

    def _raw_pedantic(self, target: Callable[..., object], **_: object) -> object:
        return target()


def test_the_first_call_of_a_benchmark_is_timed_and_its_inputs_are_put_back() -> None:
    fixture, seen = FakeFixture(), list[CallInspection]()
    clock = fixture.clock

    def empty(queue: list[int]) -> int:
        clock.seconds += 1 + len(queue)
        queue.clear()
        return 7

    with inspect_calls(fixture, seen.append):
        assert fixture._raw(empty, [1, 2, 3]) == 7
    (one,) = seen
    assert one.first_seconds == 4
    assert dict(one.inspection.changed) == {"argument 1": "list"}
    assert (list(one.inspection.restored_seconds), list(one.inspection.repeated_seconds)) == ([4], [1])
    assert fixture._raw(empty, []) == 7
    assert len(seen) == 1


def test_a_benchmark_that_raises_does_so_as_ever() -> None:
    fixture, seen = FakeFixture(), list[CallInspection]()

    def broken() -> None:
        raise KeyError("no")

    with pytest.raises(KeyError), inspect_calls(fixture, seen.append):
        fixture._raw(broken)
    assert seen == []


@pytest.mark.parametrize("fixture", [FakeFixture(enabled=False), object(), None])
def test_what_is_switched_off_or_of_others_is_left_alone(fixture: Any) -> None:
    seen = list[CallInspection]()
    with inspect_calls(fixture, seen.append):
        if isinstance(fixture, FakeFixture):
            fixture._raw(lambda: None)
    assert seen == []
