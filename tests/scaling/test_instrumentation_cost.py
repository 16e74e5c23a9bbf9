"""The cost of the switch is measured against the very same code: what is stripped, and that nothing else is."""

from __future__ import annotations

import ast
import inspect
import math
from collections.abc import Iterator

import numpy as np
import pytest
from bptt_rnn.gradients import ALGORITHMS, Workspace, forward

from tests.scaling import instrumentation_cost
from tests.scaling.instrumentation_cost import Copy, algorithms, main, ratio, stripped

POINT = (7, 3, 4, 5)


@pytest.fixture
def without_switches() -> Iterator[Copy]:
    copy = Copy(strip=True)
    yield copy
    copy.close()


def test_tests_parameters_and_arguments_of_a_switch_are_removed() -> None:
    source = """
def outer(a, b=1, phase=None, c=2, *, on_pass=None, d=3):
    if phase is not None:
        phase("embed")
    for _ in range(3):
        if on_pass is not None:
            on_pass(1, 2)
    return inner(a, phase, d, phase=phase)
"""
    expected = """
def outer(a, b=1, c=2, *, d=3):
    for _ in range(3):
        pass
    return inner(a, d)
"""
    tree, removed = stripped(source)
    assert ast.unparse(tree) == ast.unparse(ast.parse(expected))
    assert removed == 2


@pytest.mark.parametrize("use", ["phase('embed')", "x = phase", "if phase is None: pass", "if phase: phase('embed')"])
def test_a_switch_that_is_used_in_another_way_cannot_be_removed(use: str) -> None:
    with pytest.raises(ValueError, match=r"^line 1: phase is used other than by"):
        stripped(use)


def test_the_stripped_copy_has_lost_the_switches_and_nothing_else(without_switches: Copy) -> None:
    assert without_switches.removed >= 10
    for name in algorithms():
        kept = inspect.signature(getattr(without_switches.package, name.replace("-", "_"))).parameters
        assert list(kept) == ["params", "tokens", "h0", "workspace"]
        assert "phase" in inspect.signature(forward if name == "forward" else ALGORITHMS[name]).parameters


@pytest.mark.parametrize("name", algorithms())
def test_the_stripped_copy_computes_the_same_to_the_last_bit(name: str, without_switches: Copy) -> None:
    as_it_is = Copy(strip=False)
    with_switch, without = (copy.evaluation(name, POINT)() for copy in (as_it_is, without_switches))
    as_it_is.close()
    if name == "forward":
        assert with_switch == without
    else:
        assert with_switch[0] == without[0]
        for one, other in zip(with_switch[1], without[1], strict=True):
            np.testing.assert_array_equal(one, other)
    assert without_switches.package.Workspace is not Workspace  # it is a copy that ran


def test_a_ratio_is_the_geometric_mean_of_the_rounds() -> None:
    found = ratio([math.log(0.99), math.log(1.0), math.log(1.01)])
    assert found.estimate == pytest.approx((0.99 * 1.0 * 1.01) ** (1 / 3), rel=1e-12)
    reach = 4.302653 * 0.01000017 / math.sqrt(3)  # t quantile for 2 degrees of freedom, from a table
    assert found.low == pytest.approx(found.estimate * math.exp(-reach), rel=1e-6)
    assert found.high == pytest.approx(found.estimate * math.exp(reach), rel=1e-6)


@pytest.mark.parametrize(("cost", "status"), [(1.0, 0), (1.009, 0), (1.02, 1)])
def test_the_status_says_whether_the_switch_is_certainly_too_dear(
    cost: float, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = iter(range(1000))
    monkeypatch.setattr(
        instrumentation_cost, "measure_round", lambda *_: (math.log(cost) + 1e-4 * (next(noise) % 3 - 1), 0.0)
    )
    assert main(["--rounds", "6"]) == status
    printed = capsys.readouterr().out
    assert f"{cost:.4f} [" in printed
    assert all(name in printed for name in algorithms())
