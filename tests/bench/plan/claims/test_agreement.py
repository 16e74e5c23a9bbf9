"""Results are compared as their users would: exactly, but for what rounding does to numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.plan.claims.agreement import DIFFERENT, difference

ONES, NAN = np.ones(1000), float("nan")
EQUAL: list[tuple[Any, Any]] = [
    ([1, 2], [1, 2]),
    ("a", "a"),
    (None, None),
    ({1, 2}, {2, 1}),
    (0.1 + 0.2, 0.3),
    ([0.1 + 0.2, 1e9], [0.3, 1e9]),
    ([("a", 0.1 + 0.2)], [("a", 0.3)]),
    ({"a": 0.1 + 0.2}, {"a": 0.3}),
    ([1.0, 2.0], np.array([1.0, 2.0])),
    (ONES.astype("float32") * 1.0001, ONES),
    (np.array([1.0, NAN, np.inf]), np.array([1.0, NAN, np.inf])),
    (np.array(["a", "b"]), np.array(["a", "b"])),
    (np.zeros(3), -np.zeros(3)),
    (np.array([]), np.array([])),
    (np.array([1 + 1j]), np.array([1 + 1j + 1e-12])),
    (NAN, NAN),
    (pd.DataFrame({"a": [1], "b": ["x"]}), pd.DataFrame({"a": [1], "b": ["x"]})),
]
UNEQUAL: list[tuple[Any, Any]] = [
    ([1, 2], [1, 3]),
    ([1, 2], [1, 2, 3]),
    ([1, 2], None),
    ("a", "b"),
    ("1", 1),
    ({1}, {2}),
    ({"a": 1}, {"b": 1}),
    ({"a": 1}, 3),
    (10**400, 1.0),
    (2**60, 2**60 + 1),
    (np.array([2**60]), np.array([2**60 + 1])),
    (np.ones(3), np.ones(4)),
    (np.array([1.0, NAN]), np.array([NAN, 1.0])),
    (np.array([np.inf]), np.array([-np.inf])),
    (NAN, 1.0),
    ([1, [2]], [1, [3]]),
    (object(), object()),
]


@pytest.mark.parametrize(("found", "expected"), EQUAL)
def test_equal_but_for_rounding(found: Any, expected: Any) -> None:
    assert difference(found, expected) == 0.0


@pytest.mark.parametrize(("found", "expected"), UNEQUAL)
def test_different(found: Any, expected: Any) -> None:
    assert difference(found, expected) == DIFFERENT
    assert difference(expected, found) == DIFFERENT


def test_how_far_off_the_worst_number_is() -> None:
    assert difference([1.0, 2.0], [1.0, 4.0]) == pytest.approx(0.5)
    assert difference(ONES * 1.001, ONES) == pytest.approx(1e-3, rel=1e-2)


def test_a_small_number_beside_a_large_key_is_not_overlooked() -> None:
    assert difference([(10**9, 0.1)], [(10**9, 0.2)]) == pytest.approx(0.5)


@pytest.mark.parametrize(("kind", "off"), [("float64", 1e-7), ("float32", 1e-3), ("float16", 0.1)])
def test_half_of_the_digits_must_agree(kind: str, off: float) -> None:
    assert difference((ONES * (1 + off)).astype(kind), ONES.astype(kind)) > 0
    assert difference((ONES * (1 + off / 100)).astype(kind), ONES.astype(kind)) == 0


def test_what_cannot_be_compared_is_different() -> None:
    class Awkward:
        def __eq__(self, other: object) -> bool:
            raise TypeError("no")

        __hash__ = object.__hash__

    assert difference(Awkward(), Awkward()) == DIFFERENT


@pytest.mark.parametrize(("found", "expected"), [(map(str, [1]), ["1"]), ([1], (x for x in [1])), (zip([1]), zip([1]))])
def test_what_has_made_nothing_yet_is_refused(found: object, expected: object) -> None:
    with pytest.raises(TypeError, match=r"returned a (map|generator|zip), which has made nothing yet that could be ti"):
        difference(found, expected)
