"""Atoms of derived laws are written as laws of cost are, and mean the same."""

from __future__ import annotations

import pytest
from bptt_bench.analyse.derive.atoms import FUNCTIONS, Argument, Atom, value
from bptt_bench.plan import CostLaw

UNSTATED = {"fibonacci", "factorial", "minus"}  # functions that laws of cost do not know, and a term that is subtracted
UNARY = {"floor_root", "ceil_root", "floor_log2", "ceil_log2", "log2"}


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - UNSTATED))
@pytest.mark.parametrize("sizes", [{"n": 64, "k": 8}, {"n": 8, "k": 64}, {"n": 128, "k": 128}], ids=str)
def test_what_derive_prints_can_be_stated_as_a_law(name: str, sizes: dict[str, int]) -> None:
    arguments: tuple[Argument, ...] = ("n",) if name in UNARY else (2, "k") if name == "power" else ("n", "k")
    atom = Atom(name, arguments)
    law = CostLaw(f"n*k*{atom}")
    assert float(law.evaluate(sizes)) == pytest.approx(sizes["n"] * sizes["k"] * value(atom, sizes))
