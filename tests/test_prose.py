"""Banned words do not come back, neither in prose nor in names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.prose import ROOT, banned_names, banned_phrases, offences, prose_of_page, prose_of_python, sources


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*sources(python=True), *sources(python=False)], ids=named)
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
