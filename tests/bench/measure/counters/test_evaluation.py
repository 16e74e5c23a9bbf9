"""Evaluations are counted with all arrays that they hold metered; what the meter cannot see stops the counting."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
from bptt_bench.measure.counters.evaluation import (
    DEFERRED,
    LIBRARY,
    UNCOUNTED,
    EvaluationCounts,
    SubjectCounter,
    salted,
)
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import Evaluation, Point, Subject
from bptt_bench.plan.experiment.seeded import SeededPrepare, SeededTally
from numpy import zeros as imported_zeros
from numpy.typing import NDArray

AT = Point(n=5)
PRODUCT = ("", "multiply_adds")
KERNEL = np.ones(4)  # a global of the code under test

Array = NDArray[np.float64]


def counter(prepare: Callable[[Point], Evaluation], *, seeded: bool = True, **how: Any) -> SubjectCounter:
    made = SeededPrepare(prepare, None, how.pop("consumes", False)) if seeded else prepare
    return SubjectCounter(Subject(name="s", prepare=made, **how), FakeClock(seconds_per_reading=0.001))


def counted(prepare: Callable[[Point], Evaluation], **how: Any) -> EvaluationCounts:
    return counter(prepare, **how).count(AT, 0)


class Pair(NamedTuple):
    a: Array
    b: Array


@dataclass
class Layer:
    weights: Array

    def apply(self, x: Array) -> Array:
        return self.weights @ x


class Slotted:
    __slots__ = ("weights",)

    def __init__(self, weights: Array) -> None:
        self.weights = weights

    def __call__(self) -> Array:
        return self.weights @ self.weights


def square(n: int) -> Array:
    return np.ones((n, n))


def of_default(n: int) -> Evaluation:
    made = square(n)

    def evaluate(a: Array = made) -> Array:
        return a @ a

    return evaluate


def of_closure(n: int) -> Evaluation:
    a = square(n)
    return lambda: a @ a


def of_nested(n: int) -> Evaluation:
    a = square(n)

    def inner() -> Array:
        return a @ a

    def evaluate() -> Array:
        return inner()

    return evaluate


HOLDERS: dict[str, tuple[Callable[[int], Evaluation], int]] = {
    "a closure": (of_closure, 125),
    "a nested closure": (of_nested, 125),
    "a default": (of_default, 125),
    "a named tuple": (lambda n: functools.partial(lambda pair: pair.a @ pair.b, Pair(square(n), square(n))), 125),
    "a list": (lambda n: functools.partial(lambda arrays: arrays[0] @ arrays[1], [square(n), square(n)]), 125),
    "a mapping": (lambda n: functools.partial(lambda arrays: arrays["a"] @ arrays["a"], {"a": square(n)}), 125),
    "an instance": (lambda n: functools.partial(Layer(square(n)).apply, np.ones(n)), 25),
    "an instance with slots": (lambda n: Slotted(square(n)), 125),
    "a method of an array": (lambda n: functools.partial(square(n).dot, square(n)), 125),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_arrays_are_metered_wherever_an_evaluation_holds_them(holder: str) -> None:
    make, expected = HOLDERS[holder]
    found = counted(lambda point: make(point["n"]))
    assert found.failure == ""
    assert found.later is not None
    assert found.later[PRODUCT] == expected


def test_arrays_among_globals_are_metered_and_put_back() -> None:
    def prepare(point: Point) -> Evaluation:
        x = np.ones((point["n"], 4))
        return lambda: x @ KERNEL

    found = counted(prepare)
    assert found.later == {PRODUCT: 20, ("", "bytes_allocated"): 40}
    assert type(KERNEL) is np.ndarray


def test_functions_that_were_imported_by_name_are_counted() -> None:
    def prepare(point: Point) -> Evaluation:
        def evaluate() -> Array:
            a = imported_zeros((point["n"], point["n"]))
            return a @ a

        return evaluate

    found = counted(prepare)
    assert found.later is not None
    assert (found.later[PRODUCT], found.later["", "elements_moved"]) == (125, 25)


def test_code_that_refers_to_a_compiled_library_is_stopped_and_the_library_named() -> None:
    from scipy import linalg

    def prepare(point: Point) -> Evaluation:
        a = square(point["n"]) + np.eye(point["n"])
        return lambda: linalg.cho_factor(a @ a)

    stopped = counter(prepare)
    stopped.count(AT, 0)
    assert stopped.stop is not None
    assert stopped.stop.kind == LIBRARY
    assert "scipy.linalg" in stopped.stop.detail


def test_a_library_that_is_imported_when_the_code_runs_is_named_too() -> None:
    def prepare(point: Point) -> Evaluation:
        a = square(point["n"])

        def evaluate() -> Any:
            import pandas as pd

            return pd.DataFrame(a).sum()

        return evaluate

    stopped = counter(prepare)
    stopped.count(AT, 0)
    assert stopped.stop is not None
    assert (stopped.stop.kind, stopped.stop.detail) == (LIBRARY, "pandas")


def test_objects_of_a_library_and_random_generators_are_named() -> None:
    from scipy import sparse

    matrix = sparse.eye_array(5, format="csr")
    rng = np.random.default_rng(0)
    evaluations: dict[str, Evaluation] = {
        "scipy.sparse": lambda: matrix @ np.ones(5),
        "numpy.random": lambda: rng.random(5),
    }
    for name, evaluate in evaluations.items():
        stopped = counter(functools.partial(lambda evaluate, point: evaluate, evaluate))
        stopped.count(AT, 0)
        assert stopped.stop is not None
        assert name in stopped.stop.detail


def test_an_operation_without_a_rule_is_named() -> None:
    def prepare(point: Point) -> Evaluation:
        a = np.eye(point["n"])
        return lambda: np.linalg.solve(a, a)

    stopped = counter(prepare)
    assert stopped.count(AT, 0).later is None
    assert stopped.stop is not None
    assert stopped.stop.kind == UNCOUNTED
    assert stopped.stop.detail.startswith("numpy.linalg.solve")


def test_a_promise_is_no_work() -> None:
    def prepare(point: Point) -> Evaluation:
        a = np.ones(point["n"])
        return lambda: (row * 2 for row in a)

    stopped = counter(prepare)
    stopped.count(AT, 0)
    assert stopped.stop is not None
    assert (stopped.stop.kind, stopped.stop.detail) == (DEFERRED, "generator")


def test_sizes_that_the_code_refuses_are_a_failure_and_stop_nothing() -> None:
    def prepare(point: Point) -> Evaluation:
        raise ValueError("n must be\neven")

    refused = counter(prepare)
    found = refused.count(AT, 0)
    assert (found.later, found.failure, refused.stop) == (None, "ValueError: n must be even", None)


def test_the_first_evaluation_and_the_one_after_it_are_counted_apart() -> None:
    def prepare(point: Point) -> Evaluation:
        kept: list[Array] = []

        def evaluate() -> None:
            if not kept:
                kept.append(np.zeros(point["n"]))
            kept[0].fill(1)

        return evaluate

    found = counted(prepare)
    assert found.first is not None
    assert found.later is not None
    assert (found.first["", "elements_moved"], found.later["", "elements_moved"]) == (10, 5)
    assert found.again


def test_an_input_that_is_changed_is_seen_unless_the_call_consumes_it() -> None:
    def prepare(point: Point) -> Evaluation:
        a = np.random.random(point["n"])  # noqa: NPY002  # seeded by the point

        def evaluate() -> None:
            while (a[1:] < a[:-1]).any():
                a.sort()

        return evaluate

    assert not counted(prepare).again
    assert counted(prepare, consumes=True).again


def test_a_buffer_for_the_result_is_no_changed_input() -> None:
    def prepare(point: Point) -> Evaluation:
        a, out = np.random.random(point["n"]), np.empty(point["n"])  # noqa: NPY002  # seeded by the point
        return lambda: np.add(a, a, out=out)

    assert counted(prepare).again


def test_other_inputs_of_a_size_have_other_numbers() -> None:
    def prepare(point: Point) -> Evaluation:
        a = np.random.default_rng(0).random(point["n"])
        return lambda: a + a

    several = counter(prepare, seeded=False)
    for number in (0, 1001, 1002):
        several.count(AT, number)
    assert len(several.inputs[AT]) == 3


def test_salt_leaves_number_0_and_generators_as_they_are() -> None:
    plain = np.random.default_rng(4).random()
    with salted(0):
        assert np.random.default_rng(4).random() == plain
    with salted(1):
        other = np.random.default_rng(4).random()
        generator = np.random.default_rng(np.random.Generator(np.random.PCG64(1)))
    assert other != plain
    assert generator.random() == np.random.Generator(np.random.PCG64(1)).random()
    assert np.random.default_rng(4).random() == plain


def test_a_tally_counts_in_place_of_the_meter() -> None:
    from scipy import linalg

    def prepare(point: Point) -> Evaluation:
        a = square(point["n"])
        return lambda: linalg.norm(a)

    tallying = counter(prepare, tally=SeededTally(lambda point: {"steps": 3 * point["n"]}))
    found = tallying.count(AT, 0)
    assert tallying.stop is None
    assert found.later == {("tally", "steps"): 15}


def test_a_tally_of_fractions_is_refused() -> None:
    found = counted(lambda point: lambda: None, tally=SeededTally(lambda point: {"steps": 0.5}))
    assert found.failure == "ValueError: tally: steps must be a whole number, got 0.5"
