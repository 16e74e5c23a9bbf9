"""What the documentation shows is run as it is written there; what it names exists.

The commands in it are on the list that ``tests/test_commands.py`` checks; `make docs` builds the pages.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(((?!https?:|#)[^)#]+)")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT / "docs"))


def blocks(page: Path) -> list[str]:
    return PYTHON.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=named)
def test_the_blocks_of_python_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All blocks of a page, one after the other in one namespace; an assertion in a block is an assertion here."""
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"__name__": "page"}
    for number, block in enumerate(blocks(page), 1):
        exec(compile(block, f"{named(page)}, block {number}", "exec"), names)  # our own pages


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_that_a_page_links_to_exist(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_pages_name_the_group_of_commands() -> None:
    from bptt_bench.cli import cli

    assert isinstance(cli, click.Group)
    assert ":: bptt_bench.cli:cli" in (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")


def test_every_public_name_has_a_page() -> None:
    import bptt_bench

    listed = re.findall(
        r"^   (\w+)$", (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(listed) == sorted(bptt_bench.__all__)
