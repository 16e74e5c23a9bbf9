"""Skips marked tests where the library that measures and judges them cannot be imported."""

from __future__ import annotations

import functools
import importlib.util
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

# Every pytest session of every project that has this package loads this module: nothing heavy may be imported here.
COMPLEXITY_MARK = "complexity"
INI = "complexity_inconclusive"
NEEDED = (
    "bptt_bench.integrations.pytest.stated_law",
    "bptt_bench.integrations.pytest.suite",
    "bptt_bench.analyse.verdicts.law",
    "pandas",
)


@dataclass(eq=False)  # pluggy keeps plugins in sets
class UnavailablePlugin:
    """A plugin that skips the tests of laws, fails those that must not stay open, and says why once."""

    error: Exception

    @property
    def reason(self) -> str:
        """What is broken, in one line."""
        return f"bptt-bench cannot be loaded: {type(self.error).__name__}: {' '.join(str(self.error).split())}"

    @pytest.hookimpl(tryfirst=True)  # before fixtures are looked up: the test has no levels
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip a test of a law, or fail it where an open law fails."""
        mark = item.get_closest_marker(COMPLEXITY_MARK)
        if mark is None or not is_own_marker(mark, getattr(item, "fixturenames", ())):
            return
        if (mark.kwargs.get("inconclusive") or item.config.getini(INI)) == "fail":
            pytest.fail(self.reason, pytrace=False)
        pytest.skip(self.reason)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say it, with -q too."""
        terminalreporter.write_line(self.reason, yellow=True)


def is_own_marker(mark: pytest.Mark, fixtures: Iterable[str]) -> bool:
    """Return whether a marker of this name is ours: levels or a benchmark say so; a project may have one of its own."""
    return "benchmark" in fixtures or any(
        isinstance(value, Iterable) and not isinstance(value, str) for value in mark.kwargs.values()
    )


@functools.cache
def unavailable_plugin() -> UnavailablePlugin | None:
    """Return a plugin that reports why the library cannot be imported; None if it can."""
    try:
        with warnings.catch_warnings():  # a project that turns warnings into errors means its own
            warnings.simplefilter("ignore")
            for name in NEEDED:
                importlib.import_module(name)
    except Exception as error:  # noqa: BLE001  # a broken library may raise anything: it is reported
        return UnavailablePlugin(error)
    return None


def is_importable(module: str) -> bool:
    """Return whether a module can be imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except ValueError:  # sys.modules holds None for it
        return False
