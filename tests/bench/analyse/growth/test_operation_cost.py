"""The time of an operation over sizes: how much it rises, and whether a cache explains it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.findings.growth import LearntInput, OperationCost, OutgrownCache
from bptt_bench.analyse.growth.operation_cost import Circumstances, circumstances_of, find_operation_cost
from bptt_bench.analyse.growth.slopes import Response, Slopes
from bptt_bench.plan import CostLaw, Point
from bptt_bench.report.words.reasons import words

SIZES = np.array([1e3, 1e4, 1e5, 1e6, 1e7])
CACHES = {"L1d": 48_000, "L2": 2_000_000, "L3": 30_000_000}
BYTES = {Point({"n": float(n)}): 8 * n for n in SIZES}


def cost(
    seconds: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    *,
    input_bytes: Mapping[Point, float] = BYTES,
    has_one_input: bool = False,
) -> OperationCost:
    work = _slopes(Response(points={"n": SIZES}, values=10 * SIZES, is_exact=True))
    known = Circumstances(input_bytes=input_bytes, caches_bytes=CACHES, has_one_input=has_one_input)
    given = Response(points={"n": SIZES}, values=seconds, is_exact=False)
    found = find_operation_cost(given, work, "instructions_count", known)
    assert found is not None
    return found


def _slopes(counts: Response) -> Slopes:
    found = counts.beside_with(CostLaw("n"))
    assert found is not None
    return found


@pytest.mark.parametrize(("cache", "first"), [("L1d", 1e4), ("L2", 1e6), ("L3", 1e7)])
def test_a_step_at_the_size_of_a_cache_is_explained_by_it(cache: str, first: float) -> None:
    found = cost(1e-9 * SIZES * np.where(CACHES[cache] < 8 * SIZES, 3.0, 1.0))
    assert found.rise == pytest.approx(3)
    assert isinstance(found.cause, OutgrownCache)
    assert (found.cause.cache, found.cause.first_beyond) == (cache, {"n": first})
    assert found.cause.rise == pytest.approx(3)


def test_a_rise_that_no_cache_explains_has_no_cause() -> None:
    within_the_l1 = dict.fromkeys(BYTES, 8.0)
    assert cost(1e-9 * SIZES**1.2, input_bytes=within_the_l1).cause is None
    assert cost(1e-9 * SIZES**1.2, input_bytes={}).cause is None
    at_first = cost(1e-9 * SIZES * np.array([1, 3, 3, 3, 3]), input_bytes=BYTES)  # L1d explains it, the L2 does not
    assert isinstance(at_first.cause, OutgrownCache)
    assert at_first.cause.cache == "L1d"


def test_a_steady_or_falling_cost_needs_no_explanation() -> None:
    assert cost(1e-9 * SIZES).cause is None
    assert cost(1e-9 * SIZES**0.9, has_one_input=True).cause is None


def test_a_single_input_may_be_learnt_where_it_is_small() -> None:
    rising = 1e-9 * SIZES**1.1
    assert isinstance(cost(rising, input_bytes={}, has_one_input=True).cause, LearntInput)
    assert cost(1e-3 * rising / rising[0] * 10, input_bytes={}, has_one_input=True).cause is None  # long at all sizes


def test_circumstances_are_those_that_the_run_stored() -> None:
    frame = pd.DataFrame({"subject": ["sort"]})
    frame.attrs.update(
        inspections=[
            {"subject": "sort", "point": {"n": 100}, "input_bytes": 3200},
            {"subject": "sort", "point": {"n": 200}},
            {"subject": "other", "point": {"n": 100}, "input_bytes": 1},
        ],
        run={"environment": {"caches_bytes": {"L1d": 1, "L1i": 2, "L2": 3, "L3": None}}},
        inputs={"sort": (1, 1, False)},
    )
    known = circumstances_of(frame, "sort")
    assert known.input_bytes == {Point({"n": 100}): 3200.0}
    assert known.caches_bytes == {"L1d": 1, "L2": 3}
    assert known.has_one_input
    assert not circumstances_of(pd.DataFrame({"subject": []}), "sort").has_one_input


def test_the_cause_is_told_in_words() -> None:
    text = words(cost(1e-9 * SIZES * np.where(CACHES["L2"] < 8 * SIZES, 3.0, 1.0)))
    assert text == (
        "time per instruction rises 3.00-fold from n=1000 to n=1e+07; most of it from n=1e+06 on, where the inputs, "
        "those that take turns together, are larger than the L2 cache (2 MB)"
    )
    learnt = words(cost(1e-9 * SIZES**1.1, input_bytes={}, has_one_input=True))
    assert learnt.endswith("the processor may have learnt the branches of the single input where it is small")
