"""Calls of marked tests have several inputs where that is cheap or asked for, and one each where they use it up.

Time is that of a fake clock, which the test functions and their calls move on; the fixture is as much of `benchmark` as
is looked at.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from bptt_bench.errors import MeasureError
from bptt_bench.integrations.pytest.inputs import CallInputs
from bptt_bench.integrations.pytest.inspection import CallInspection, inspect_calls
from bptt_bench.integrations.pytest.stated_law import Complexity
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import Point

from tests.bench.integrations.pytest.test_marker import outcomes, project, run

__all__ = ["project"]
pytest_plugins = ["pytester"]

ROUNDS = 60


class FakeBenchmark:
    """The fixture: in its simple form it makes so many calls, one more than those for the result."""

    enabled = True
    _max_time, _min_time, _min_rounds = 0.25, 1e-4, 5

    def __init__(self, clock: FakeClock) -> None:
        self._timer = clock.now
        self._mode: str | None = None
        self.extra_info: dict[str, Any] = {}
        self.stats = SimpleNamespace(stats=SimpleNamespace(data=[0.0]))

    def __call__(self, function: Callable[..., object], *args: object) -> object:
        assert self._mode is None, "used twice"
        self._mode = "benchmark(...)"
        return self._raw(function, *args)

    def pedantic(self, target: Callable[..., object], **how: Any) -> object:
        return self._raw_pedantic(target, **how)

    def _raw(self, function: Callable[..., object], *args: object) -> object:
        for _ in range(ROUNDS):
            function(*args)
        return function(*args)

    def _raw_pedantic(
        self, target: Callable[..., object], *, rounds: int = 1, iterations: int = 1, **rest: Any
    ) -> object:
        for _ in range(rounds * iterations):
            target()
        return target()


class Marked:
    """A marked test whose call takes ``evaluating`` seconds, and everything before it ``preparing``."""

    def __init__(self, *, preparing: float = 1e-4, evaluating: float = 1e-4, **stated: Any) -> None:
        self.clock = FakeClock()
        self.preparing, self.evaluating = preparing, evaluating
        self.benchmark = FakeBenchmark(self.clock)
        self.stated = Complexity.of(("n",), {"n": [1, 2, 4, 8], **stated})
        self.evaluated: list[float] = []
        self.fixtures: dict[str, object] = {}
        self.cls: type | None = None
        self.seen: list[CallInspection] = []

    def function(self, benchmark: Any, n: int, **_: object) -> float:
        self.clock.advance(self.preparing)
        drawn = random.random() + float(np.random.random())  # noqa: NPY002  # the generator that tests share

        def call() -> float:
            self.clock.advance(self.evaluating)
            self.evaluated.append(drawn)
            return drawn

        result = benchmark(call)
        assert result == drawn
        return drawn

    def run(self, function: Callable[..., Any] | None = None) -> Any:
        """Run the test as pytest does, at n = 8, and return what the function returned."""
        function = function or self.function
        known: dict[str, Any] = {"benchmark": self.benchmark, "n": 8, **self.fixtures}
        item = SimpleNamespace(
            obj=function,
            cls=self.cls,
            funcargs=known,
            callspec=SimpleNamespace(params={"n": 8}),
            _fixtureinfo=SimpleNamespace(argnames=tuple(known)),
        )
        inputs = CallInputs(item=item, benchmark=self.benchmark, point=Point(n=8), stated=self.stated)  # type: ignore[arg-type]
        with inputs.seeded(), inspect_calls(self.benchmark, self.seen.append, inputs):
            return function(**known)

    @property
    def inputs(self) -> int:
        return len(set(self.evaluated))


@pytest.mark.parametrize(
    ("evaluating", "expected"), [(1e-6, 256), (1e-4, 20), (1e-3, 2), (2e-3, 1), (0.015, 1), (0.5, 1)]
)
def test_a_turn_of_all_inputs_lasts_a_while(evaluating: float, expected: int) -> None:
    marked = Marked(preparing=10 * evaluating, evaluating=evaluating)
    first = marked.run()
    assert marked.inputs == expected
    assert marked.evaluated[0] == first
    assert marked.benchmark.extra_info.get("inputs", 1) == expected


def test_inputs_take_turns() -> None:
    marked = Marked(evaluating=2.5e-4)
    marked.run()
    timed = marked.evaluated[-ROUNDS - 2 : -1]
    assert max(Counter(timed).values()) - min(Counter(timed).values()) <= 1
    assert len(set(timed)) == 8


@pytest.mark.parametrize(("preparing", "expected"), [(4.9e-3, 20), (5.1e-3, 1)])
def test_an_input_that_costs_much_more_than_a_call_is_the_only_one(preparing: float, expected: int) -> None:
    marked = Marked(preparing=preparing)
    marked.run()
    assert marked.benchmark.extra_info["inputs"] == expected
    assert len(set(marked.evaluated[-ROUNDS:])) == expected


def test_preparing_inputs_takes_no_longer_than_the_point() -> None:
    marked = Marked(preparing=0.04, evaluating=1e-3)
    marked.run()
    assert marked.inputs == 2
    slow = Marked(preparing=4.9e-3, evaluating=1e-4)
    slow.benchmark._max_time = 0.02
    slow.run()
    assert slow.inputs == 6


@pytest.mark.parametrize("how", ["a fixture", "a method"])
def test_what_may_have_set_something_up_is_not_run_again_unless_asked(how: str) -> None:
    for asked, expected in ((None, 1), (3, 3)):
        marked = Marked(inputs=asked)
        if how == "a method":
            marked.cls = Marked
        else:
            marked.fixtures["database"] = object()
        marked.run()
        assert marked.inputs == expected


@pytest.mark.parametrize(("asked", "evaluating", "expected"), [(1, 1e-6, 1), (7, 1e-6, 7), (7, 0.03, 7), (40, 0.03, 9)])
def test_so_many_inputs_as_are_asked_for_are_had(asked: int, evaluating: float, expected: int) -> None:
    marked = Marked(inputs=asked, evaluating=evaluating)
    marked.run()
    assert marked.inputs == expected


@pytest.mark.parametrize("where", ["before the call", "in the call", "without a call"])
def test_a_function_that_cannot_be_run_again_has_one_input_unless_asked(where: str) -> None:
    def run(asked: int | None) -> Marked:
        marked, runs = Marked(inputs=asked), 0

        def function(benchmark: Any, n: int) -> None:
            nonlocal runs
            runs += 1
            again = runs > 1
            if again and where == "before the call":
                raise OSError("in use")
            if again and where == "without a call":
                return

            def call() -> int:
                marked.clock.advance(1e-4)
                marked.evaluated.append(n)
                if again:
                    raise OSError("closed")
                return n

            assert benchmark(call) == n

        marked.run(function)
        return marked

    assert run(None).inputs == 1
    assert "inputs" not in run(None).benchmark.extra_info or run(None).benchmark.extra_info["inputs"] == 1
    with pytest.raises((OSError, MeasureError)):
        run(3)


def test_a_call_that_changes_its_input_keeps_it_to_be_examined() -> None:
    marked = Marked()

    def function(benchmark: Any, n: int) -> None:
        values = [random.random() for _ in range(50)]

        def sort() -> None:
            marked.clock.advance(1e-4 if values == sorted(values) else 8e-4)
            values.sort()

        benchmark(sort)

    marked.run(function)
    (seen,) = marked.seen
    assert seen.inspection.changed["values"] == "list"
    assert "inputs" not in marked.benchmark.extra_info


@pytest.mark.parametrize(
    ("preparing", "evaluating", "most"), [(0.0, 1e-3, 252), (1e-6, 1e-5, 10_002), (0.05, 1e-3, 30), (1.0, 1e-6, 8)]
)
def test_a_call_that_uses_its_input_up_never_meets_one_twice(preparing: float, evaluating: float, most: int) -> None:
    marked = Marked(preparing=preparing, evaluating=evaluating, consumes=True)
    first = marked.run()
    assert len(marked.evaluated) == marked.inputs
    assert marked.evaluated[0] == first
    assert marked.benchmark._min_rounds <= marked.benchmark.extra_info["inputs"] <= most


def test_random_numbers_are_those_of_the_point_and_go_on_afterwards() -> None:
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    expected = random.random(), float(np.random.random())  # noqa: NPY002
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    some, other = Marked(), Marked()
    assert some.run() == other.run()
    assert some.evaluated == other.evaluated
    assert (random.random(), float(np.random.random())) == expected  # noqa: NPY002


@pytest.mark.parametrize(
    ("stated", "setup"), [({"inputs": 3}, None), ({"consumes": True}, None), ({"inputs": 2}, list)]
)
def test_rounds_that_a_test_makes_itself_have_its_own_inputs(stated: dict[str, Any], setup: Any) -> None:
    marked = Marked(**stated)
    with pytest.raises(pytest.fail.Exception, match=r"= is for benchmark\(f, x\); benchmark.pedantic makes fresh"):
        marked.run(lambda benchmark, n: benchmark.pedantic(len, setup=setup))


@pytest.mark.parametrize("how", [{"args": ([3, 1],)}, {"setup": lambda: (([3, 1],), {})}, {"kwargs": {"some": [3, 1]}}])
def test_calls_of_rounds_that_a_test_makes_itself_are_known_too(how: dict[str, Any]) -> None:
    marked = Marked()

    def total(some: list[int]) -> int:
        return sum(some)

    item = SimpleNamespace(
        obj=lambda benchmark: FakeBenchmark.pedantic(benchmark, total, rounds=3, **how),
        cls=None,
        funcargs={"benchmark": marked.benchmark},
        _fixtureinfo=SimpleNamespace(argnames=("benchmark",)),
    )
    inputs = CallInputs(item=item, benchmark=marked.benchmark, point=Point(n=8), stated=marked.stated)  # type: ignore[arg-type]
    assert inputs.prepare(1)() == 4


def test_a_setup_makes_fresh_inputs_for_calls_that_use_them_up() -> None:
    made = []
    marked = Marked(consumes=True)
    marked.run(lambda benchmark, n: benchmark.pedantic(lambda: made.append(n), setup=list))
    assert made


def test_a_sort_in_place_is_measured_at_its_first_time(project: pytest.Pytester) -> None:
    source = """
import random
import pytest

@pytest.mark.benchmark(max_time=0.01, min_time=1e-6)
@pytest.mark.complexity("n*log(n)", n=[100, 200, 400, 800], consumes=True)
def test_sort(benchmark, n):
    values = random.sample(range(10**9), n)
    assert values != sorted(values)
    benchmark(values.sort)
    assert values == sorted(values)

@pytest.mark.benchmark(max_time=0.01, min_time=1e-6)
@pytest.mark.complexity("n*log(n)", n=[100, 200, 400, 800])
def test_sorted(benchmark, n):
    values = random.sample(range(10**9), n)
    assert benchmark(sorted, values) == sorted(values)
"""
    (project.path / "test_it.py").write_text(source, encoding="utf-8")
    result = project.runpytest_inprocess("-p", "no:cacheprovider", "--benchmark-json=out.json")
    assert "work not done" not in result.stdout.str()
    assert sum(result.parseoutcomes().get(word, 0) for word in ("passed", "failed", "inconclusive")) == 10
    found = json.loads((project.path / "out.json").read_bytes())["benchmarks"]
    inputs = {one["name"]: one["extra_info"].get("inputs", 1) for one in found}
    assert min(inputs[f"test_sort[{n}]"] for n in (100, 200, 400, 800)) >= 5


def test_an_input_that_each_call_leaves_longer_is_named(project: pytest.Pytester) -> None:
    source = """
import pytest, toy

@pytest.mark.complexity("n", n=[1000, 2000, 4000, 8000, 16000])
def test_log(benchmark, n):
    log = []

    def append():
        toy.spend(1e-6 * n)
        log.append(n)

    benchmark.pedantic(append, rounds=5)
"""
    result = run(project, source)
    outcomes(result, passed=6)
    expected = "*law n supported*; * the input `log` is changed by each call (1 items after the first one, 5 after *"
    result.stdout.fnmatch_lines([expected])
