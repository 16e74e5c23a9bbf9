"""Several inputs for the call of a marked test: the test function is run again for each of them, up to that call.

A processor learns a small input that it sees again and again, and a call may use its input up. What ``benchmark`` is
given is therefore taken from further runs of the test function, with other random numbers. Where a test does not say
how many inputs it has, only a function is run again that takes nothing but ``benchmark`` and its parameters: what its
fixtures have set up is not made for that.

Imported where a marked test is timed, not by every pytest session.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

from bptt_bench.errors import MeasureError
from bptt_bench.integrations.pytest.stated_law import FIXTURE, Complexity
from bptt_bench.measure.timing.timing import seconds_of
from bptt_bench.measure.worker.fresh_inputs import MOST_TIMES_AN_EVALUATION, TRIALS, count_evaluations
from bptt_bench.plan import Evaluation, Point
from bptt_bench.plan.experiment.seeded import MOST_INPUTS, seed

TURN_SECONDS = 0.002  # that a turn of all inputs should last: a million branches
MOST_TURNED = 256  # inputs that no test has asked for
LONG_SECONDS = 0.02  # of a call whose input is too large to be learnt, by far
SPARE = 2  # calls that pytest-benchmark makes beside those that it times
CONSUMED_SHARE = 5.0  # of the time for a point that preparing inputs which are used up may take
MOST_CONSUMED = 10_000


class CallReached(BaseException):
    """Ends a test function at the call that it hands to ``benchmark``: no handler of exceptions in it does."""

    def __init__(self, call: Evaluation) -> None:
        super().__init__()
        self.call = call


class Timer(NamedTuple):
    """The timer of a benchmark as a clock."""

    now: Callable[[], float]

    def wall(self) -> float:
        return self.now()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallInputs:
    """The inputs of a marked test at a point.

    Attributes
    ----------
    stated : how many are asked for, or that each call uses one up.
    """

    item: pytest.Function
    benchmark: Any
    point: Point
    stated: Complexity

    @property
    def is_plain(self) -> bool:
        """Whether the test is a function that takes nothing but the fixture and its parameters."""
        parameters = getattr(self.item, "callspec", None)
        known = {FIXTURE, *(() if parameters is None else parameters.params)}
        return self.item.cls is None and set(self._names) <= known

    @contextlib.contextmanager
    def seeded(self) -> Iterator[None]:
        """Seed random numbers by the point within the block; afterwards they go on as if nothing had been drawn."""
        state, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  # the one that tests share
        seed(self.point)
        try:
            yield
        finally:
            random.setstate(state)
            np.random.set_state(of_numpy)  # noqa: NPY002

    def prepare(self, number: int) -> Evaluation:
        """Return the call of the test on an input, with the random numbers of that input."""
        seed(self.point, number)
        return self._stop_at_call()

    def require_simple(self, *, has_setup: bool) -> None:
        """Fail a test that asks for what ``benchmark.pedantic`` leaves to it."""
        asked = "inputs=" if (self.stated.inputs or 1) > 1 else "consumes=" if self.stated.consumes else ""
        if asked and not (asked == "consumes=" and has_setup):
            pytest.fail(
                f"{asked} is for benchmark(f, x); benchmark.pedantic makes fresh inputs by setup=", pytrace=False
            )

    def in_turn(self, call: Evaluation, first: float, is_suspicious: Callable[[float], bool]) -> list[Evaluation]:
        """Return the call and those on further inputs.

        Parameters
        ----------
        first : seconds of its first evaluation.
        is_suspicious : whether evaluations of so many seconds seem to depend on what the first one has changed. Then
            there is one input: how the time depends on it is examined afterwards.
        """
        if self.stated.inputs == 1 or (self.stated.inputs is None and (first > LONG_SECONDS or not self.is_plain)):
            return [call]
        later = [seconds_of(call, 1, self._clock) for _ in range(1, TRIALS)]
        if is_suspicious(min(later)):
            return [call]
        quickest = min(first, *later)
        calls = [call, *(self._asked(quickest) if self.stated.inputs else self._cheap(quickest))]
        self.benchmark.extra_info["inputs"] = len(calls)
        return calls

    def measure_consuming(self, pedantic: Callable[..., object], call: Evaluation) -> object:
        """Measure a call that uses its input up, each time on an input of its own; return the result of the first."""
        clock, most_seconds, fewest = self._clock, self.benchmark._max_time, self.benchmark._min_rounds
        start = clock.now()
        result = call()
        readings = [clock.now() - start]
        while len(readings) < TRIALS and sum(readings) < most_seconds:
            readings.append(seconds_of(self.prepare(len(readings)), 1, clock))
        in_round = count_evaluations(self.benchmark._min_time, min(readings), MOST_CONSUMED // fewest)
        rounds = max(count_evaluations(most_seconds, min(readings), MOST_CONSUMED) // in_round, fewest)
        calls: list[Evaluation] = []
        start = clock.now()
        for number in itertools.count(len(readings)):
            calls.append(self.prepare(number))
            is_slow = len(calls) >= fewest + SPARE and clock.now() - start > CONSUMED_SHARE * most_seconds
            if is_slow or len(calls) == rounds * in_round + SPARE:
                break
        in_round = min(in_round, (len(calls) - SPARE) // fewest)
        rounds = (len(calls) - SPARE) // in_round
        self.benchmark.extra_info["inputs"] = rounds * in_round
        pedantic(turns(calls), rounds=rounds, iterations=in_round)
        return result

    @property
    def _clock(self) -> Timer:
        return Timer(self.benchmark._timer)

    @property
    def _names(self) -> Sequence[str]:
        return self.item._fixtureinfo.argnames

    def _asked(self, quickest: float) -> list[Evaluation]:
        """Return calls on as many further inputs as are asked for, and evaluated at all."""
        assert self.stated.inputs is not None
        evaluated = max(count_evaluations(self.benchmark._max_time, quickest, MOST_INPUTS), self.benchmark._min_rounds)
        return [self.prepare(number) for number in range(1, min(self.stated.inputs, evaluated))]

    def _cheap(self, quickest: float) -> list[Evaluation]:
        """Return calls on further inputs: as many as take a while, if making one costs little more than a call."""
        calls: list[Evaluation] = []
        preparing: list[float] = []
        wanted = count_evaluations(TURN_SECONDS, quickest, MOST_TURNED)
        begun = self._clock.now()
        try:
            for number in range(1, wanted):
                seed(self.point, number)
                start = self._clock.now()
                calls.append(self._stop_at_call())
                preparing.append(self._clock.now() - start)
                is_known = number >= min(TRIALS, wanted - 1)
                if is_known and min(preparing) > MOST_TIMES_AN_EVALUATION * quickest:
                    return []
                calls[-1]()  # outside of the test function, in which it may have needed something
                if self._clock.now() - begun > self.benchmark._max_time:
                    break
        except Exception:  # noqa: BLE001  # it is not made to be run again, and no test has asked for that
            return []
        return calls

    def _stop_at_call(self) -> Evaluation:
        """Run the test function up to its call."""
        simple, pedantic = self.benchmark._raw, self.benchmark._raw_pedantic
        self.benchmark._raw, self.benchmark._raw_pedantic, self.benchmark._mode = stop, stop_pedantic, None
        try:
            self.item.obj(**{name: self.item.funcargs[name] for name in self._names})
        except CallReached as reached:
            return reached.call
        finally:
            self.benchmark._raw, self.benchmark._raw_pedantic = simple, pedantic
        raise MeasureError("the test function did not call benchmark when it was run again for another input")


def turns(calls: Sequence[Evaluation]) -> Callable[[], object]:
    """Return a function that makes one call after the other, and then begins again."""
    advance = itertools.cycle(calls).__next__

    def turn() -> object:
        return advance()()

    return turn


def stop(function: Callable[..., object], *args: Any, **kwargs: Any) -> object:
    """End a test function at the call that it hands to ``benchmark``."""
    raise CallReached(functools.partial(function, *args, **kwargs))


def stop_pedantic(
    target: Callable[..., object], args: Any = (), kwargs: Any = None, setup: Any = None, **_: object
) -> object:
    """End a test function at the call that it hands to ``benchmark.pedantic``, its setup made."""
    made = None if setup is None else setup()
    args, kwargs = made or (args, kwargs)
    return stop(target, *args, **(kwargs or {}))
