"""The declared works add up to the exact closed forms: nothing is counted twice, and nothing is left out."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import pytest
from bptt_bench.measure.counters.call import Call, Rule
from bptt_bench.measure.counters.meter import Meter
from bptt_bench.plan.machine.work import Work
from bptt_rnn import cost
from bptt_rnn.declared_works import works
from bptt_rnn.gradients import ALGORITHMS, Workspace, forward
from bptt_rnn.layers.steps import rows_per_tile
from bptt_rnn.model import Params

from tests.rnn.problems import Problem

POINTS = [(1, 1, 1, 1), (101, 13, 7, 9), (1000, 100, 100, 35), (30_000, 3, 50, 2), (32, 720, 720, 4)]
CATEGORIES = {  # of the meter, by kind of work
    "product": ("multiply_adds",),
    "elementwise": ("adds_multiplies", "divisions", "comparisons"),
    "transcendental": ("transcendentals",),
    "copy": ("elements_moved",),
    "allocation": ("bytes_allocated",),
}
SAME = {"reduction": "elementwise", "clear": "copy"}


def declared(algorithm: str, point: tuple[int, int, int, int], **options: bool) -> dict[tuple[str, str], int]:
    """Operations by phase and kind; the additions of rank-1 updates counted as the meter counts them."""
    total: Counter[tuple[str, str]] = Counter()
    for work in works(algorithm, *point, **options):
        if work.kind == "call":
            continue
        total[work.phase, SAME.get(work.kind, work.kind)] += work.operations
        if work.product == "ger":
            total[work.phase, "elementwise"] += work.operations
    return {key: number for key, number in total.items() if number}


@pytest.mark.parametrize("workspace_ready", [True, False])
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("algorithm", cost.SUBJECTS)
def test_totals_are_the_closed_forms(algorithm: str, point: tuple[int, int, int, int], workspace_ready: bool) -> None:
    counted = cost.counts(algorithm, *point, workspace_ready=workspace_ready)
    expected = {
        (phase, kind): number
        for phase, by_category in counted.items()
        for kind, categories in CATEGORIES.items()
        if (number := sum(by_category.get(category, 0) for category in categories))
    }
    assert declared(algorithm, point, workspace_ready=workspace_ready) == expected


@pytest.mark.parametrize("algorithm", cost.SUBJECTS)
def test_harness_accepts_every_work(algorithm: str) -> None:
    for point in POINTS:
        assert all(Work(**work._asdict()).phase in ("embed", "recur", "output") for work in works(algorithm, *point))


class CallMeter(Meter):
    """Counts the calls of NumPy by phase, and single elements that are read or written."""

    def __init__(self) -> None:
        super().__init__()
        self.made: Counter[str] = Counter()
        self.elements: Counter[str] = Counter()

    def run(self, call: Call, function: Callable[..., Any], rule: Rule, *, may_be_plain: bool = False) -> Any:
        if call.name in ("numpy.ndarray.__getitem__", "numpy.ndarray.__setitem__"):
            array, place = call.args[:2]
            if isinstance(place, int) and array.ndim == 1:
                self.elements[self._phase] += 1
            elif call.name.endswith("__setitem__"):
                self.made[self._phase] += 1  # of a row, or of several places; to read them is a view
        else:
            self.made[self._phase] += 1
        return super().run(call, function, rule, may_be_plain=may_be_plain)


def evaluated(algorithm: str, problem: Problem, meter: CallMeter) -> CallMeter:
    """The meter after a second evaluation, whose buffers were there already."""
    run = forward if algorithm == "forward" else ALGORITHMS[algorithm]
    workspace = Workspace()
    with meter:
        params = Params(*map(meter.metered, problem.params))
        tokens, h0 = meter.metered(problem.tokens), meter.metered(problem.h0)
        for counter in (meter.made, meter.elements):
            run(params, tokens, h0, workspace, meter.phase)
            counter.clear()
        meter.made.clear()
        run(params, tokens, h0, workspace, meter.phase)
    return meter


def functions_entered(algorithm: str, problem: Problem) -> int:
    """Python functions of the subject that a second evaluation enters."""
    run = forward if algorithm == "forward" else ALGORITHMS[algorithm]
    workspace = Workspace()
    run(problem.params, problem.tokens, problem.h0, workspace)
    entered = 0

    def note(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal entered
        entered += event == "call" and frame.f_globals["__name__"].startswith("bptt_rnn")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        run(problem.params, problem.tokens, problem.h0, workspace)
    finally:
        sys.setprofile(before)
    return entered


@pytest.mark.parametrize(("d", "H"), [(5, 6), (600, 500)])
@pytest.mark.parametrize("algorithm", cost.SUBJECTS)
def test_calls_are_those_that_are_really_made(algorithm: str, d: int, H: int) -> None:
    """A rank-1 update is one call here, though it makes two for each of its tiles."""
    V, T, itemsize = 40, 7, 8
    problem = Problem.draw(V, d, H, T, dtype=np.float64)
    meter = evaluated(algorithm, problem, CallMeter())
    found = works(algorithm, V, d, H, T, itemsize=itemsize)
    declared: Counter[str] = Counter()
    for work in found:
        if work.kind == "product" and work.product == "ger":
            assert work.shape is not None
            rows, width, _ = work.shape
            declared[work.phase] += 2 * work.calls * -(-rows // rows_per_tile(rows, width, itemsize))
        else:
            declared[work.phase] += work.calls
    assert declared == meter.made
    python = sum(work.operations for work in found if work.kind == "call")
    assert python == functions_entered(algorithm, problem) + meter.elements.total()


def test_working_set_of_the_output_layer_is_what_a_step_goes_through() -> None:
    V, H = 100_000, 100
    whole = {
        name: max(work.working_set for work in works(name, V, 100, H, 35) if work.product == "gemv")
        for name in ("forward", "aggregated")
    }
    assert whole["forward"] == 4 * V * H
    assert 2 * 4 * V * H < whole["aggregated"] < 2 * 4 * V * H + 2**21  # U, its gradient, and a tile of scratch


def test_softmax_of_batched_goes_through_one_tile_at_a_time() -> None:
    functions = [work for work in works("batched", 50_000, 16, 16, 35) if work.phase == "output"]
    exponentials = next(work for work in functions if work.kind == "transcendental" and work.operations == 35 * 50_000)
    assert exponentials.working_set <= 2**20
    assert exponentials.calls == 7  # five rows of 50 000 floats are a tile of 1 MiB


def test_a_larger_number_moves_twice_the_bytes() -> None:
    for algorithm in cost.SUBJECTS:
        single, double = (works(algorithm, 300, 20, 30, 8, itemsize=size) for size in (4, 8))
        for one, two in zip(single, double, strict=True):
            assert (one.operations, 2 * one.bytes_moved) == (two.operations, two.bytes_moved)


def test_unknown_algorithm_is_named() -> None:
    known = "forward, naive, aggregated, batched, naive-textbook"
    with pytest.raises(ValueError, match=f"`algorithm` must be one of {known}, got 'rtrl'"):
        works("rtrl", 1, 1, 1, 1)
