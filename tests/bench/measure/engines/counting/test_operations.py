"""Operations counted in a process of its own: exact, errors of one line, and an end that always comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bptt_bench.measure.engines.counting.counting_process import CountError
from bptt_bench.measure.engines.counting.operations import OperationCounter
from bptt_bench.measure.protocol.messages import OpenRequest

MODULE = """
import os
import time

import numpy as np
import bptt_bench as bench


def product(point):
    a = np.ones((point["n"], point["n"]))
    return lambda: a @ a


def python(point):
    return lambda: sorted(range(point["n"]))


def slow(point):
    return lambda: time.sleep(60)


def deadly(point):
    return lambda: os._exit(3)


EXPERIMENT = bench.experiment(
    {"product": product, "python": python, "slow": slow, "deadly": deadly}, law="n", n=[100, 1000]
)
"""


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory) -> OpenRequest:
    path = tmp_path_factory.mktemp("counted") / "counted.py"
    path.write_text(MODULE, encoding="utf-8")
    return OpenRequest(module=str(path), corpus=None, threads=1)


@pytest.fixture(scope="module")
def counter(opening: OpenRequest) -> Iterator[OperationCounter]:
    with OperationCounter.of_experiment(opening) as started:
        yield started


def test_a_product_has_the_operations_that_its_size_says(counter: OperationCounter) -> None:
    assert counter.count("product", {"n": 30}, inputs=3, seconds=60) == [30**3] * 3
    assert counter.unseen <= 2
    assert counter.is_ready
    assert counter.processor_seconds() > 0


def test_code_without_arrays_is_named_and_the_next_is_counted(counter: OperationCounter) -> None:
    with pytest.raises(CountError, match=r"^operations: the code does no NumPy operation on arrays$"):
        counter.count("python", {"n": 30}, inputs=1, seconds=60)
    assert counter.count("product", {"n": 3}, inputs=1, seconds=60) == [27]


@pytest.mark.parametrize(
    ("subject", "seconds", "message"),
    [
        ("slow", 0.0, "operations: not counted within 0 s"),
        ("deadly", 60, "operations: the process that counts has ended"),
    ],
)
def test_what_never_answers_is_given_up(opening: OpenRequest, subject: str, seconds: float, message: str) -> None:
    with OperationCounter.of_experiment(opening) as started:
        with pytest.raises(CountError, match=message):
            started.count(subject, {"n": 3}, inputs=1, seconds=seconds)
        assert not started.is_ready
