"""What the tests of the plugin share: a project in which the plugin is found as if it were installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


@pytest.fixture
def installed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return an empty project whose environment has the plugin, and none of the options of this session."""
    entry = pytester.mkdir("site") / "installed-1.dist-info"
    entry.mkdir()
    (entry / "METADATA").write_text("Metadata-Version: 2.1\nName: installed\nVersion: 1\n", encoding="utf-8")
    (entry / "entry_points.txt").write_text(
        "[pytest11]\nbptt_bench = bptt_bench.integrations.pytest.entry:plugin\n", encoding="utf-8"
    )
    folders = [str(entry.parent), str(pytester.path), str(ROOT)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))
    monkeypatch.setattr(sys, "path", [*folders, *sys.path])
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    return pytester
