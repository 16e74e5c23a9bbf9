"""Docstrings state each parameter on a line of its own: the documentation shows what stands before the first colon."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(path for folder in ("bench", "rnn", "tests") for path in (ROOT / folder).rglob("*.py"))
SECTIONS = {"Parameters", "Returns", "Raises", "Attributes", "Yields"}
ENTRY = r"[A-Za-z_*][\w.*]*(?:, [A-Za-z_*][\w.*]*)* : "
SECOND = re.compile(rf"^{ENTRY}.*[.;] {ENTRY}")


def docstrings(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def entries(docstring: str) -> Iterator[str]:
    """Entries of the sections of a docstring, each with its further lines."""
    lines = inspect.cleandoc(docstring).split("\n")
    inside, entry = False, ""
    for before, line in zip(["", *lines], [*lines, ""], strict=True):
        if entry and not line.startswith(" "):
            yield entry
            entry = ""
        if line and set(line) == {"-"}:
            inside = before in SECTIONS
        elif not line:
            inside = False
        elif inside:
            entry = f"{entry} {line.strip()}" if line.startswith(" ") else line


def crowded(source: str) -> list[str]:
    """Entries that state another parameter after their own."""
    return [one for docstring in docstrings(source) for one in entries(docstring) if SECOND.match(one)]


def test_each_parameter_has_a_line_of_its_own() -> None:
    found = {path.relative_to(ROOT).as_posix(): crowded(path.read_text(encoding="utf-8")) for path in MODULES}
    assert len(found) > 800
    assert {name: every for name, every in found.items() if every} == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("levels : of each factor (n,). log_response : (n,).", True),
        ("levels : of each factor.\n    That varies; n_points, of : of all.", True),
        ("levels : of each factor (n,).\n    log_response : (n,).", True),
        ("levels : of each factor (n,).\nlog_response : (n,).", False),
        ("levels : those of a law, such as n : m.", False),
    ],
)
def test_a_parameter_that_stands_behind_another_is_noticed(text: str, expected: bool) -> None:
    rows = text.replace("\n", "\n    ")
    source = f'def f():\n    """Return it.\n\n    Parameters\n    ----------\n    {rows}\n    """\n'
    assert bool(crowded(source)) is expected
