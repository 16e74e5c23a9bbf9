"""Operations of a subject at a point, for several inputs, as the process that counts them answers."""

from __future__ import annotations

import random
from typing import Any

import bptt_bench as bench
import numpy as np
import pytest
from bptt_bench.measure.worker.counting.operations import answer, count_subject
from bptt_bench.plan import Experiment, Point

N: Any = {"n": [100, 1000]}


def halves(point: Point) -> Any:
    """A search that ends where the random numbers of its input say."""
    array = np.arange(random.randrange(point["n"] // 2, point["n"]))
    return lambda: np.sum(array)


def grows(point: Point) -> Any:
    array = np.ones(point["n"])
    return lambda: array.__iadd__(1.0)


def fails(point: Point) -> Any:
    return lambda: np.ones(point["n"]) / (1 // (point["n"] - 100))


def tally(point: Point) -> dict[str, float]:
    return {"comparisons": point["n"], "moves": 5}


def experiment(**options: Any) -> Experiment:
    return bench.experiment({"halves": halves, "fails": fails}, law="n", **N, **options)


def test_each_input_has_a_count_and_the_same_one_each_time() -> None:
    subject = experiment().subject("halves")
    counts = [one.operations for one in count_subject(subject, Point(n=1000), 3)]
    assert len(set(counts)) == 3
    assert min(counts) > 400
    assert counts == [one.operations for one in count_subject(subject, Point(n=1000), 3)]


def test_a_tally_is_counted_instead_of_numpy_all_that_it_names_together() -> None:
    (subject,) = bench.experiment(halves, law="n", tally=tally, **N).subjects
    assert count_subject(subject, Point(n=100), 2) == [(105, 0), (105, 0)]


def test_an_input_that_is_used_up_is_evaluated_once() -> None:
    (subject,) = bench.experiment(grows, law="n", consumes=True, **N).subjects
    assert [one.operations for one in count_subject(subject, Point(n=100), 2)] == [100, 100]


def test_replies_hold_counts_or_one_line() -> None:
    found = answer(experiment(), {"subject": "halves", "point": {"n": 1000}, "inputs": 2}, "")
    assert set(found) == {"counts", "unseen"}
    assert 0 < found["unseen"] < 10
    failed = answer(experiment(), {"subject": "fails", "point": {"n": 100}, "inputs": 2}, "")
    assert failed["error"].startswith("ZeroDivisionError: integer division or modulo by zero (test_operations.py, line")
    (python,) = bench.experiment(lambda point: lambda: sorted(range(9)), law="n", name="python", **N).subjects
    with pytest.raises(Exception, match="no NumPy operation"):
        count_subject(python, Point(n=100), 1)
