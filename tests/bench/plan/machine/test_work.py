"""A declared work that contradicts itself is refused where it is made."""

from __future__ import annotations

import re
from typing import Any

import pytest
from bptt_bench.errors import ExperimentError
from bptt_bench.plan.machine.work import Work

GEMV: dict[str, Any] = {
    "phase": "output", "kind": "product", "product": "gemv", "shape": (30, 1, 20), "operations": 6000, "calls": 10,
}  # fmt: skip


def test_products_of_all_kinds_are_accepted() -> None:
    assert Work(**GEMV).operations == 6000
    for product, shape in (("gemm", (2, 3, 4)), ("gevm", (1, 6, 4)), ("ger", (6, 4, 1))):
        assert Work(**GEMV | {"product": product, "shape": shape, "operations": 24, "calls": 1}).shape == shape


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "division"}, "kind must be one of product, elementwise, reduction, transcendental, copy, "),
        ({"operations": 6001}, "operations=6001 of gemv: 10 calls of shape (30, 1, 20) take 6000"),
        ({"calls": -1}, "calls of product must be a whole number from 0, got -1"),
        ({"bytes_moved": -4}, "bytes_moved of product must be a whole number from 0, got -4"),
        ({"shape": None}, "product='gemv', shape=None: a product has a shape and is one of gemm, gemv, gevm, ger"),
        ({"product": "syrk"}, "product='syrk', shape=(30, 1, 20): a product has a shape and is one of gemm, "),
        ({"shape": (30, 20, 1)}, "shape of gemv must be numbers from 1, with n=1 for gemv, m=1 for"),
        ({"kind": "copy"}, "product='gemv', shape=(30, 1, 20) of copy: only products have them"),
        ({"function": "sin"}, "function must be one of exp, tanh, got 'sin'"),
    ],
)
def test_contradictions_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ExperimentError, match=re.escape(message)):
        Work(**GEMV | changes)
