"""The examples in the docstrings."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
from bptt_bench.report import format as show
from bptt_bench.report.page import page


@pytest.mark.parametrize("module", [show, page], ids=lambda module: module.__name__)
def test_examples_hold(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
