"""The pages of the derivation: the tests, figures and verdicts that they name are there, and say what the pages say."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "derivation"
PAGES = sorted(FOLDER.glob("[a-f]-*.md"))
REFERENCE = ROOT / "results" / "reference"
TEST = re.compile(r"^- Test: `(\w+)` in `([\w/.]+)`$", re.MULTILINE)
VERDICT = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| (supported|refuted|inconclusive) \|$", re.MULTILINE)

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def stored() -> dict[str, dict[str, object]]:
    return {one["claim"]: one for one in json.loads((REFERENCE / "verdicts.json").read_text(encoding="utf-8"))}


def test_every_claim_has_a_page() -> None:
    assert [page.name[0] for page in PAGES] == list("abcdef")
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    assert all(f"]({page.name})" in index and f"\n{page.stem}\n" in index for page in PAGES)


@by_page
def test_tests_that_a_page_names_exist(page: Path) -> None:
    named = TEST.findall(page.read_text(encoding="utf-8"))
    assert named
    for name, path in named:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{path}: {name}"


@by_page
def test_every_page_says_how_it_is_counted_timed_and_drawn(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^- (Count|Timing|Figure): .", text, re.MULTILINE) == ["Count", "Timing", "Figure"]


@by_page
def test_verdicts_on_a_page_are_those_of_the_reference_run(page: Path) -> None:
    known = stored()
    rows = VERDICT.findall(page.read_text(encoding="utf-8"))
    assert rows
    for claim, _, measured, word in rows:
        assert known[claim]["verdict"] == word, claim
        value, percent = float(measured.split()[0]), measured.endswith("%")
        estimate = known[claim]["estimate"]
        assert isinstance(estimate, float)
        assert value == pytest.approx(100 * estimate if percent else estimate, rel=0.05), claim


def test_no_verdict_of_the_reference_run_is_left_out() -> None:
    shown = {row[0] for page in PAGES for row in VERDICT.findall(page.read_text(encoding="utf-8"))}
    assert shown == set(stored())


def test_docstrings_name_claims_of_the_derivation_that_have_a_page() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "rnn").rglob("*.py"))
    assert "subject.md" not in sources
    pages = set(re.findall(r"docs/derivation/([\w.-]+\.md)", sources))
    assert pages
    assert pages <= {page.name for page in FOLDER.glob("*.md")}
