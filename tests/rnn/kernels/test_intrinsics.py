"""The exponential of compiled loops against NumPy's in longer precision, and at the ends of its range."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bptt_rnn.model import Array

numba = pytest.importorskip("numba")
from bptt_rnn.kernels import intrinsics  # noqa: E402 - only where numba is installed


@intrinsics.jit_in_order
def exponentials(x: Array) -> None:
    for i in range(len(x)):
        x[i] = intrinsics.exp(x[i])


@intrinsics.jit
def fetch(x: Array) -> None:
    for i in range(-1000, len(x) + 1000, 8):
        intrinsics.prefetch(x, i)


def exp(x: Any) -> Array:
    found = np.array(x)
    exponentials(found)
    return found


@pytest.mark.parametrize(
    ("dtype", "low", "high", "allowed"), [(np.float32, -87, 88, 3.5e-7), (np.float64, -708, 709, 5e-16)]
)
def test_exponential_is_right_to_the_last_digits(dtype: type, low: float, high: float, allowed: float) -> None:
    near_zero = np.linspace(-1, 1, 20_001)
    x: Array = np.concatenate([np.linspace(low, high, 200_001), near_zero, near_zero * 1e-4]).astype(dtype)
    expected = np.exp(x.astype(np.longdouble))
    assert float(np.max(np.abs(exp(x) - expected) / expected)) <= allowed


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exponential_at_the_ends_of_its_range(dtype: type) -> None:
    x: Array = np.array([0, -0.0, -1e4, -np.inf, 1e4, np.inf, np.nan] * 5, dtype)  # more than a vector of either type
    expected: Array = np.array([1, 1, 0, 0, np.inf, np.inf, np.nan] * 5, dtype)
    assert np.array_equal(exp(x), expected, equal_nan=True)
    assert exp(x).dtype == dtype


def test_exponential_has_no_meaning_outside_compiled_code() -> None:
    with pytest.raises(NotImplementedError, match="exp is for compiled code only"):
        intrinsics.exp(1.0)


def test_fetching_changes_nothing_and_may_go_beyond_the_array() -> None:
    x = np.arange(100.0)
    fetch(x)
    assert np.array_equal(x, np.arange(100.0))


def test_a_function_is_compiled_where_nothing_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    njit = numba.njit
    asked: list[bool] = []

    def no_place(**options: Any) -> Any:
        asked.append(options.get("cache", False))
        if asked[-1]:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(**options)

    monkeypatch.setattr(numba, "njit", no_place)

    def double(x: float) -> float:
        return 2 * x

    assert intrinsics.jit(double)(3.0) == 6.0
    assert asked == [True, False]
