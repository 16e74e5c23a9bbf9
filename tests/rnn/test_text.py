"""Text to token ids: ranks by frequency, the cut to V, and every way in which a text cannot be used."""

from __future__ import annotations

import doctest
from pathlib import Path

import bptt_rnn.text
import numpy as np
import pytest
from bptt_rnn.text import UNKNOWN, Corpus, TextError, load

PROVERB = "a rose is a rose is a rose, is a stone."  # a 4, is 3, rose 3, "," 1, "." 1, stone 1


def test_examples_in_the_documentation_hold() -> None:
    results = doctest.testmod(bptt_rnn.text)
    assert (results.failed, results.attempted) == (0, 3)


def test_types_are_ranked_by_frequency_then_alphabet() -> None:
    assert Corpus.of(PROVERB).types == (UNKNOWN, "a", "is", "rose", ",", ".", "stone")


@pytest.mark.parametrize(
    ("V", "expected"),
    [
        (1, [0] * 13),
        (3, [1, 0, 2, 1, 0, 2, 1, 0, 0, 2, 1, 0, 0]),
        (7, [1, 3, 2, 1, 3, 2, 1, 3, 4, 2, 1, 6, 5]),
        (1_000_000, [1, 3, 2, 1, 3, 2, 1, 3, 4, 2, 1, 6, 5]),
    ],
)
def test_rarer_types_become_unknown(V: int, expected: list[int]) -> None:
    assert Corpus.of(PROVERB).tokens(V, T=12).tolist() == expected


def test_a_window_starts_at_its_start() -> None:
    corpus = Corpus.of(PROVERB)
    assert corpus.tokens(7, T=2, start=4).tolist() == [3, 2, 1]
    assert corpus.decode(corpus.tokens(3, T=2, start=4)) == f"{UNKNOWN} is a"


def test_words_and_marks_are_distinguished_and_case_is_kept() -> None:
    assert set(Corpus.of("Don't stop — naïve Café_1!").types[1:]) == {
        "Don",
        "'",
        "t",
        "stop",
        "—",
        "naïve",
        "Café_1",
        "!",
    }


def test_default_text_is_the_language_reference() -> None:
    corpus = load()
    tokens = corpus.tokens(V=1_000, T=50_000)
    assert (tokens.min(), tokens.max()) == (0, 999)
    assert len(corpus.ranks) > 100_000
    assert len(corpus.types) > 4_000
    counts = np.bincount(corpus.ranks)
    assert counts[0] == 0
    assert (np.diff(counts[1:]) <= 0).all()


def test_file_is_read_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    plain, marked = tmp_path / "plain.txt", tmp_path / "marked.txt"
    plain.write_bytes("naïve text".encode())
    marked.write_bytes("naïve text".encode("utf-8-sig"))
    assert load(plain).types == load(marked).types == (UNKNOWN, "naïve", "text")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"\x89PNG\r\n\x1a\n\0\0",
            r"corpus '.*text\.txt': is binary \(a zero byte at offset 8\); needed is a UTF-8 text",
        ),
        ("café".encode("latin-1"), r"corpus '.*text\.txt': is not UTF-8 \(at byte 3\); needed is a UTF-8 text file"),
        (b" \n\t", r"corpus '.*text\.txt': has no tokens; needed is a UTF-8 text file"),
    ],
)
def test_files_that_are_no_text_are_named(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(TextError, match=message):
        load(path)


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(TextError, match=r"corpus '.*missing': cannot be read \(No such file or directory\)"):
        load(tmp_path / "missing")
    with pytest.raises(TextError, match=r"cannot be read \(Is a directory\)"):
        load(tmp_path)


def test_text_shorter_than_t_plus_one_tokens_is_named() -> None:
    corpus = Corpus.of("one two three", "corpus 'short.txt'")
    assert corpus.tokens(4, T=2).size == 3
    with pytest.raises(TextError, match=r"corpus 'short\.txt': T=3 needs 4 tokens, the text has 3$"):
        corpus.tokens(4, T=3)
    with pytest.raises(TextError, match="T=2 needs 3 tokens, the text has 2 from token 1 on"):
        corpus.tokens(4, T=2, start=1)


@pytest.mark.parametrize(("sizes", "message"), [((0, 1, 0), "V 0"), ((1, 0, 0), "T 0"), ((1, 1, -1), "start -1")])
def test_sizes_out_of_range_are_named(sizes: tuple[int, int, int], message: str) -> None:
    name, value = message.split()
    with pytest.raises(ValueError, match=f"`{name}` must be a whole number from ., got {value}"):
        Corpus.of(PROVERB).tokens(*sizes)
