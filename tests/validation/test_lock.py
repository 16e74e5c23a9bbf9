"""The environment of the other tools: pinned with hashes, no options, nothing that opens a window."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "pinned"),
    [
        ("requirements-extrap.lock", {"extrap==4.2.5", "numpy==1.26.4"}),
        ("requirements-big-o.lock", {"big-o==0.11.0"}),
        ("requirements-corpus.lock", {"bigo==0.0.7", "perfplot==0.10.2", "numpy==2.4.6"}),
    ],
)
def test_what_is_compared_with_is_pinned_with_hashes(name: str, pinned: set[str]) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    requirements = [line for line in lines if re.match(r"[\w.-]+==", line)]
    assert pinned <= {line.removesuffix(" \\") for line in requirements}
    assert all(line.endswith("\\") for line in requirements), "each requirement continues with its hashes"
    assert [line for line in lines if line.startswith("-")] == [], "an option, such as an index"
    assert not any("pyside" in line.lower() for line in requirements)
