"""Banned words do not come back, neither in prose nor in names; tests have short names and stand where they belong."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.prose import ROOT, banned_names, banned_phrases, offences, prose_of_page, prose_of_python, sources

UNMENDED = (  # folders that still hold such words
    "bench/bptt_bench/analyse",
    "bench/bptt_bench/cli",
    "bench/bptt_bench/integrations",
    "bench/bptt_bench/measure",
    "bench/bptt_bench/plan",
    "bench/bptt_bench/report",
    "bench/bptt_bench/store",
    "bench/bptt_bench/text",
    "bench/bptt_bench/validation",
    "bench/bptt_bench/workflows",
    "notebooks",
    "rnn",
)
TESTS = ROOT / "tests"
LONGEST_NAME = 80  # characters of the name of a test
SAME_NAMED = ("stats", "fitting", "verdicts")  # folders of analyse/ whose modules have a test file of the same name
WITHOUT_TESTS = 14  # so many modules do not have one yet


def checked(*, python: bool) -> list[Path]:
    return [path for path in sources(python=python) if not str(path.relative_to(ROOT)).startswith(UNMENDED)]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*checked(python=True), *checked(python=False)], ids=named)
def test_no_source_and_no_page_uses_a_banned_word(path: Path) -> None:
    assert offences(path) == []


def test_sources_and_pages_are_found() -> None:
    assert len(sources(python=True)) > 150
    assert len(sources(python=False)) > 50


@pytest.mark.parametrize(
    "text",
    [
        "The second is dearer.",
        "a long spell",
        "the price of a term",
        "cannot be told apart",
        "tells the two of them apart",
        "must be a number, and is no text",
        "A file is none.",
        "kept such as it is",
    ],
)
def test_a_planted_phrase_is_found(text: str) -> None:
    first, _, rest = text.partition(" ")
    assert len(banned_phrases(prose_of_python(f"x = 1  # {text}\n"))) == 1
    assert len(banned_phrases(prose_of_python(f'def f():\n    """Do.\n\n    {first}\n    {rest}\n    """\n'))) == 1
    assert len(banned_phrases(prose_of_python(f'raise E(\n    f"{first} "\n    "{rest}"\n)\n'))) == 1
    assert len(banned_phrases(prose_of_page(f"# Title\n\n{first}\n{rest}\n", notebook=False))) == 1


@pytest.mark.parametrize(
    "text", ["there is no worker", "it is no longer there", "is None where nothing was measured", "the spelling"]
)
def test_plain_english_is_let_pass(text: str) -> None:
    assert banned_phrases(prose_of_python(f'"""{text}"""\n')) == []


def test_banned_names_are_found_whatever_their_case() -> None:
    assert banned_names("class WorkerCrew: ...\ndef _told(taken_out): file.tell()\nSPELL_ERRORS = told_by = 1\n") == [
        "SPELL_ERRORS",
        "WorkerCrew",
        "_told",
        "taken_out",
        "told_by",
    ]
    assert banned_names("def spelling(price_list_of_stationery, retold): ...") == ["price_list_of_stationery"]


def functions_of(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [function.name for function in functions if function.name.startswith("test_")]


def test_names_of_tests_are_short() -> None:
    found = {named(path): functions_of(path) for path in sorted(TESTS.rglob("test_*.py"))}
    assert sum(map(len, found.values())) > 1000
    assert [(path, name) for path, names in found.items() for name in names if len(name) > LONGEST_NAME] == []


def test_modules_of_the_statistics_have_a_test_file_of_their_name() -> None:
    analyse = ROOT / "bench" / "bptt_bench" / "analyse"
    modules = [path for folder in SAME_NAMED for path in (analyse / folder).glob("*.py") if path.stem != "__init__"]
    assert len(modules) > 20
    missing = [
        f"{path.parent.name}/{path.stem}"
        for path in sorted(modules)
        if not (TESTS / "bench" / "analyse" / path.parent.name / f"test_{path.name}").is_file()
    ]
    assert len(missing) <= WITHOUT_TESTS, missing
