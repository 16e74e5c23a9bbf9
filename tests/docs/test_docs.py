"""What the documentation shows is run as it is written there; what it names exists.

The commands in it are on the list that ``tests/test_commands.py`` checks; `make docs` builds the pages.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
CONSOLE = re.compile(r"```console\n\$ bptt-bench ([^\n]*)\n((?!```|\$).+?)```", re.DOTALL)
NUMBER = re.compile(r"[-−+]?\d(?: ?\d)*(?:\.\d+)?")  # thousands are set apart
LINK = re.compile(r"\]\(((?!https?:|#)[^)#]+)")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT / "docs"))


def shown() -> list[tuple[str, str, str]]:
    """Page, arguments and output of each command on stored data whose output is shown."""
    found = [(named(page), *match) for page in PAGES for match in CONSOLE.findall(page.read_text(encoding="utf-8"))]
    return [one for one in found if "results/" in one[1].partition("--out")[0] or "tests/" in one[1]]


def rows(text: str) -> list[list[str]]:
    """The numbers of each row of a table; words may be said otherwise."""
    plain = text.replace("\N{NARROW NO-BREAK SPACE}", " ")
    return [NUMBER.findall(line) for line in plain.splitlines() if "  " in line.strip() and NUMBER.search(line)]


def blocks(page: Path) -> list[str]:
    return PYTHON.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=named)
def test_the_blocks_of_python_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All blocks of a page, one after the other in one namespace; an assertion in a block is an assertion here."""
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"__name__": "page"}
    for number, block in enumerate(blocks(page), 1):
        exec(compile(block, f"{named(page)}, block {number}", "exec"), names)  # our own pages


@pytest.mark.parametrize(
    ("page", "arguments", "output"), shown(), ids=[f"{page} {args}"[:70] for page, args, _ in shown()]
)
def test_the_figures_that_a_command_is_shown_to_print_are_those(page: str, arguments: str, output: str) -> None:
    """Each row that a page shows of the output has the numbers of a row that is printed."""
    printed = subprocess.run(
        [sys.executable, "-m", "bptt_bench", *shlex.split(arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "120"},
        timeout=120,
        check=False,
    ).stdout
    assert rows(output), page
    assert [row for row in rows(output) if row not in rows(printed)] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_that_a_page_links_to_exist(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_pages_name_the_group_of_commands() -> None:
    from bptt_bench.cli.main import cli

    assert isinstance(cli, click.Group)
    assert ":: bptt_bench.cli.main:cli" in (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")


def test_every_public_name_has_a_page() -> None:
    import bptt_bench

    listed = re.findall(
        r"^   (\w+)$", (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(listed) == sorted(bptt_bench.__all__)


def test_every_kind_of_record_is_described() -> None:
    described = re.findall(
        r"^\| ((?:`\w+`(?:, )?)+) \|", (ROOT / "docs/reference/run-format.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    kinds = set()
    for run in sorted((ROOT / "results").glob("**/samples.jsonl")):
        with run.open(encoding="utf-8") as lines:
            kinds |= {json.loads(line)["record"] for line in lines}
    assert "sample" in kinds
    assert kinds <= set(re.findall(r"`(\w+)`", " ".join(described)))


def stored_runs() -> list[Path]:
    return sorted(path.parent for path in (ROOT / "results").glob("**/samples.jsonl"))


def test_every_column_and_attribute_of_a_loaded_run_is_described() -> None:
    import bptt_bench

    page = (ROOT / "docs/reference/run-format.md").read_text(encoding="utf-8")
    described = {re.sub(r"<\w+>", "*", name) for name in re.findall(r"`([\w<>]+)`", page)}
    assert len(stored_runs()) > 3
    for run in stored_runs():
        frame = bptt_bench.load(run)
        phases = {f"{phase}_seconds_per_eval" for phase in ("embed", "recur", "output", "instrumented")}
        columns = set(frame.columns) - set(frame.attrs["factors"]) - phases
        patterned = {name for name in columns if re.fullmatch(r"\w+_(?:count|seconds_per_eval)", name)}
        assert columns - patterned <= described, run
        assert {re.sub(r"^\w+_(?=count|seconds_per_eval)", "*_", name) for name in patterned} <= described, run
        assert set(frame.attrs) <= described, run


def test_every_word_of_the_glossary_is_used() -> None:
    glossary = (ROOT / "docs/design.md").read_text(encoding="utf-8").partition("## Glossary")[2]
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", glossary, re.MULTILINE)[1:]
    words = [word.strip() for row in rows for word in row.split(",")]
    prose = " ".join(path.read_text(encoding="utf-8").lower() for path in (ROOT / "bench").rglob("*.py"))
    assert len(words) > 40
    assert [word for word in words if word.lower() not in " ".join(prose.split())] == []


def test_readme_and_design_are_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120
    assert len((ROOT / "DESIGN.md").read_text(encoding="utf-8").splitlines()) <= 80
