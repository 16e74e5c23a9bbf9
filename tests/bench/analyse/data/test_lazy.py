"""Values computed on first use: each once, none unused, and a reason where there is none."""

from __future__ import annotations

from functools import partial

import pytest
from bptt_bench.analyse.data.lazy import Absent, LazyMapping


def made(log: list[str]) -> LazyMapping[str, int]:
    def maker(name: str, value: int | Absent) -> int | Absent:
        log.append(name)
        return value

    outcomes: dict[str, int | Absent] = {"one": 1, "none": Absent("no data"), "two": 2}
    return LazyMapping({name: partial(maker, name, value) for name, value in outcomes.items()})


def test_a_value_is_computed_on_first_use_and_kept() -> None:
    log: list[str] = []
    values = made(log)
    assert log == []
    assert (values["two"], values["two"], "two" in values) == (2, 2, True)
    assert log == ["two"]


def test_a_value_that_cannot_be_computed_is_absent_with_a_reason() -> None:
    log: list[str] = []
    values = made(log)
    assert "none" not in values
    assert values.get("none") is None
    with pytest.raises(KeyError):
        values["none"]
    assert dict(values.reasons) == {"none": "no data"}
    assert log == ["none", "one", "two"]  # reasons are made of the very same outcomes


def test_listing_computes_all_in_order() -> None:
    log: list[str] = []
    values = made(log)
    assert list(values.items()) == [("one", 1), ("two", 2)]
    assert len(values) == 2
    assert values == {"one": 1, "two": 2}
    assert log == ["one", "none", "two"]


def test_a_key_without_a_function_is_absent() -> None:
    values = made([])
    assert "three" not in values
    with pytest.raises(KeyError):
        values["three"]


def test_a_fault_of_a_function_is_not_an_absent_key() -> None:
    nothing: dict[str, int] = {}
    values = LazyMapping[str, int]({"one": lambda: nothing["missing"]})
    with pytest.raises(RuntimeError, match="'one': its function failed: KeyError 'missing'"):
        values.get("one")
