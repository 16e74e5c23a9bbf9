"""A tally is read by one rule: numbers from 0 by name, whole ones exact, with random numbers of the input it is for."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from bptt_bench.errors import ExperimentError
from bptt_bench.measure.counters.tally import read_tally
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.measure.worker.counting.operations import count_subject
from bptt_bench.measure.worker.counts import count_operations
from bptt_bench.plan import Evaluation, Point, Subject
from bptt_bench.plan.experiment.seeded import SeededTally

from tests.bench.measure.counters.test_evaluation import counted

AT = Point(n=5)
REFUSED = [
    ({"steps": -1}, "tally: steps must be a finite number from 0, got -1"),
    ({"steps": math.nan}, "tally: steps must be a finite number from 0, got nan"),
    ({"steps": 10**400}, "tally: steps must be a finite number from 0, got 1000"),
    ({"steps": "3"}, "tally: steps must be a finite number from 0, got '3'"),
    ({"two words": 2}, "tally: each key must be a name such as 'comparisons', got 'two words'"),
    ({3: 2}, "tally: each key must be a name such as 'comparisons', got 3"),
    (5, "tally: returned 5 at n=5; it must return counts by name"),
]


def prepare(_point: Point) -> Evaluation:
    return lambda: None


def test_whole_numbers_are_exact_and_fractions_stay() -> None:
    found = read_tally(lambda _: {"a": np.int64(2**53 + 1), "b": 2.0, "c": 0.5, "d": True, "e": 0}, AT)  # type: ignore[dict-item]
    assert found == {"a": 2**53 + 1, "b": 2, "c": 0.5, "d": 1, "e": 0}
    assert [type(value) for value in found.values()] == [int, int, float, int, int]


def test_each_input_has_random_numbers_of_its_own() -> None:
    seeded = SeededTally(lambda _: {"steps": random.random()})
    first, second, again = (read_tally(seeded, AT, number) for number in (0, 1, 0))
    assert first == again == read_tally(seeded, AT) == seeded(AT)
    assert first != second


@pytest.mark.parametrize(("given", "message"), REFUSED, ids=repr)
def test_whoever_counts_refuses_the_same(given: Any, message: str) -> None:
    subject = Subject(name="it", prepare=prepare, tally=lambda _: given)
    for count in (lambda: count_operations(subject, AT, FakeClock()), lambda: count_subject(subject, AT, 1)):
        with pytest.raises((ValueError, ExperimentError)) as error:
            count()
        assert str(error.value).startswith(message)
    failure = counted(prepare, tally=lambda _: given).failure
    assert failure.partition(": ")[2].startswith(message)
