"""The operations of a call as one number, and calls that cannot be counted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.measure.counters.call import UncountedOperation
from bptt_bench.measure.counters.call_counter import count_call


def test_the_categories_are_added_and_what_is_allocated_is_not() -> None:
    a = np.ones((3, 4))
    count, result = count_call(lambda: a @ a.T)
    assert count.operations == 3 * 4 * 3
    assert count.unseen <= 2
    np.testing.assert_array_equal(result, np.full((3, 3), 4.0))


def test_products_and_sums_count_together() -> None:
    a = np.ones(100)
    assert count_call(lambda: np.sum(a * a))[0].operations == 100 + 99


def test_work_in_another_thread_is_named_though_its_error_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    a, lost = np.ones(9), list[object]()
    monkeypatch.setattr(threading, "excepthook", lost.append)

    def evaluate() -> float:
        thread = threading.Thread(target=lambda: np.sort(a))
        thread.start()
        thread.join()
        return float(a.sum())

    with pytest.raises(UncountedOperation, match=r"numpy.sort: called from another thread than the one that counts"):
        count_call(evaluate)
    assert len(lost) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sorted([3, 1, 2]), "the code does no NumPy operation on arrays"),
        (pd.Series([1.0, 2.0]).sum, r"the code uses pandas\..+, whose operations no counter sees"),
        (lambda: (np.ones(value) for value in range(3)), "a call returned a generator before its work was done"),
        (lambda: np.linalg.svd(np.ones((3, 3))), "numpy.linalg.svd: its operations cannot be counted"),
    ],
)
def test_what_cannot_be_counted_is_named(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(UncountedOperation, match=message):
        count_call(call)
