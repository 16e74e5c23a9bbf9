"""The examples in the docstrings of the harness give what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import bptt_bench
import pytest

FOREIGN = ("bptt_bench.measure.counters.array",)  # its methods have NumPy's own docstrings
# Modules that are run.
STARTS = (".__main__", ".worker.worker", ".counting.instructions", ".counting.operations")


def modules() -> list[str]:
    """Return the modules of the harness that can be imported for their docstrings."""
    found = (one.name for one in pkgutil.walk_packages(bptt_bench.__path__, "bptt_bench."))
    return [name for name in found if name not in FOREIGN and not name.endswith(STARTS)]


@pytest.mark.parametrize("name", modules())
def test_examples_give_what_they_say(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name), verbose=False)
    assert found.failed == 0
