"""Requests of Valgrind: nothing happens without it, and under it they are answered."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from bptt_bench.measure.worker.counting.instrumentation import (
    LONG,
    RUNNING_ON_VALGRIND,
    SLOWER,
    Instrumentation,
    client_request,
    switch_instrumentation,
)

ASK = "from bptt_bench.measure.worker.counting import instrumentation as one; print(one.client_request()(one.{}))"


@pytest.mark.skipif(client_request() is None, reason="requests are known for x86-64 on Linux")
def test_without_valgrind_a_request_does_nothing() -> None:
    request = client_request()
    assert request is not None
    assert request(RUNNING_ON_VALGRIND) == 0
    switch_instrumentation(on=True)
    switch_instrumentation(on=False)


@pytest.mark.skipif(client_request() is None or shutil.which("valgrind") is None, reason="needs valgrind on x86-64")
def test_under_valgrind_a_request_is_answered() -> None:
    command = [sys.executable, "-c", ASK.format("RUNNING_ON_VALGRIND")]
    done = subprocess.run(["valgrind", "--tool=none", "-q", *command], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


class Switched:
    """An instrumentation with a clock that is set, and what it switched."""

    def __init__(self) -> None:
        self.time, self.switches = 0.0, list[bool]()
        self._instrumentation = Instrumentation(lambda: self.time, self.switches.append)

    def evaluate(self, after: float) -> None:
        self.time += after
        with self._instrumentation.during():
            self.time += 100.0  # an evaluation does not count as what comes in between


def test_instrumentation_stays_where_what_comes_in_between_is_short() -> None:
    one = Switched()
    for _ in range(3):
        one.evaluate(LONG / SLOWER / 2)
    assert one.switches == [True, False, True]  # nothing is known at the first evaluation
    one.evaluate(LONG / 2)  # instrumented, so slower
    assert one.switches == [True, False, True]


def test_instrumentation_ends_where_what_comes_in_between_is_long() -> None:
    one = Switched()
    for after in (0, LONG / SLOWER / 2, 2 * LONG, LONG / 2, 2 * LONG / SLOWER):
        one.evaluate(after)
    assert one.switches == [True, False, True, False, True, False, True, False]


def test_only_preparing_counts_where_it_is_known() -> None:
    """An evaluation that warms up translates code anew, which takes long and says nothing of the preparing."""
    switches = list[bool]()
    times = iter(range(0, 10_000, 100))
    one = Instrumentation(lambda: float(next(times)), switches.append)
    for _ in range(3):
        with one.during(LONG / SLOWER / 2):
            pass
    assert switches == [True]


def test_instrumentation_ends_after_an_error_that_it_began_before() -> None:
    switches = list[bool]()
    with pytest.raises(ZeroDivisionError), Instrumentation(lambda: 0.0, switches.append).during():
        raise ZeroDivisionError
    assert switches == [True, False]
