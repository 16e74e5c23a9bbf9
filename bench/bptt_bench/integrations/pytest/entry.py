"""The module that pytest loads in every project of the environment: our plugin, or a fallback.

An exception in the module of a plugin would end pytest before it has collected a test.
"""

from __future__ import annotations

import contextlib
import importlib

import pytest

from bptt_bench.integrations.pytest.unavailable import COMPLEXITY_MARK, INI, UnavailablePlugin

SCALING_MARK = "bptt_bench"
OPTION = "--benchmark"


class FallbackPlugin(UnavailablePlugin):
    """A plugin that defines our options and markers, so that the other tests of a project run."""

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        """Take the option and the setting of the plugin."""
        with contextlib.suppress(ValueError):  # the project has an option of that name
            parser.addoption(OPTION, action="store_true", default=False, help=self.reason)
        with contextlib.suppress(ValueError):
            parser.addini(INI, self.reason, default="report")

    def pytest_configure(self, config: pytest.Config) -> None:
        """Make the markers known to --strict-markers."""
        for name in (COMPLEXITY_MARK, SCALING_MARK):
            config.addinivalue_line("markers", f"{name}: {self.reason}")

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselect the scaling benchmarks, as the plugin does unless they are asked for."""
        scaling = [item for item in items if item.get_closest_marker(SCALING_MARK)]
        if scaling and config.getoption("benchmark", False):
            raise pytest.UsageError(f"{OPTION}: {self.reason}")
        if scaling:
            items[:] = [item for item in items if not item.get_closest_marker(SCALING_MARK)]
            config.hook.pytest_deselected(items=scaling)


def load_plugin(name: str = "bptt_bench.integrations.pytest.plugin") -> object:
    """Import the plugin, or return a fallback if its module cannot be imported."""
    try:
        return importlib.import_module(name)
    except Exception as error:  # noqa: BLE001  # anything may be broken: it is reported, and other tests run
        return FallbackPlugin(error)


plugin = load_plugin()
