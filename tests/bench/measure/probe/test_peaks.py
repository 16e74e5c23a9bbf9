"""Peaks: the best of many rounds, by name, and plain data that comes back as it went."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bptt_bench.errors import MachineError
from bptt_bench.measure.probe import peaks as module
from bptt_bench.measure.probe.peaks import move_calls, product_calls, read_peaks
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan.machine.peaks import Peaks, Traffic

PEAKS = Peaks(products={"a": 2e9, "b": 4e9}, moves={"copy": 2e9, "read": 1e9}, threads=2)


def test_the_best_round_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, rounds = FakeClock(), iter([4.0, 2.0, 1.0, 5.0, 5.0, 5.0])
    monkeypatch.setattr(module, "product_calls", lambda: [("product", 8.0, lambda: clock.advance(next(rounds)))])
    monkeypatch.setattr(module, "move_calls", lambda *_: [("copy", 6.0, lambda: clock.advance(2.0))])
    found = read_peaks(clock, threads=2, available=1 << 30, seconds=11.5)
    assert found == Peaks(products={"product": 8.0}, moves={"copy": 3.0}, threads=2)


def test_moves_touch_every_element_with_any_number_of_threads() -> None:
    for threads in (1, 3):
        with ThreadPoolExecutor(threads) as pool:
            calls = {name: (work, call) for name, work, call in move_calls(pool, threads, 1 << 23)}
            length = calls["read"][0] / 8
            assert (calls["copy"][0], calls["add"][0]) == (16 * length, 24 * length)
            for _, call in calls.values():
                call()


def test_products_count_two_operations_for_a_multiply_add() -> None:
    for name, operations, _ in product_calls():
        m, n, k = map(int, name.split("x"))
        assert operations == 2 * m * n * k


@pytest.mark.parametrize(
    ("operations", "least", "seconds", "limit"), [(8e9, 2e9, 2.0, "operations"), (4e9, 4e9, 2.0, "bytes")]
)
def test_the_roofline_is_the_higher_of_two_times(operations: float, least: float, seconds: float, limit: str) -> None:
    traffic = Traffic(operations=operations, least_bytes=least)
    assert (PEAKS.roofline_seconds(traffic), PEAKS.limit(traffic)) == (seconds, limit)
    assert traffic.intensity == operations / least


def test_peaks_survive_as_plain_data() -> None:
    plain = PEAKS.to_json()
    assert (plain["operations_per_second"], plain["bytes_per_second"]) == (4e9, 2e9)
    assert Peaks.from_json(plain) == PEAKS


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"products": {}}, r"products=\{\}; at least one rate is needed"),
        ({"moves": None}, "moves=None"),
        ({"moves": {"copy": 0}}, "moves of 'copy' must be a number above 0, got 0"),
        ({"products": {"a": "fast"}}, "products of 'a' must be a number above 0, got 'fast'"),
        ({"products": {"a": float("inf")}}, "products of 'a' must be a number above 0, got inf"),
    ],
)
def test_peaks_that_cannot_be_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MachineError, match=message):
        Peaks.from_json({**PEAKS.to_json(), **changes})
