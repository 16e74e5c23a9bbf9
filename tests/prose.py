"""Finds banned words in the prose and the names of all sources: ``python -m tests.prose [FOLDER]…`` lists them."""

from __future__ import annotations

import io
import itertools
import json
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON_ROOTS = ("bench", "rnn", "examples")
PAGE_ROOTS = ("docs", "notebooks")
COMPARATIVES = "longer|more|less|fewer|slower|faster|larger|smaller|better|worse|earlier|later|sooner|higher|lower"

BANNED_PHRASES = {  # expression: what to write instead
    r"\bdear(?:er|est)\b": "slower, or of a higher cost per operation",
    r"\bspells?\b": "slow period",
    r"\bprice[sd]?\b": "cost per operation, unit cost",
    r"\b(?:tell|tells|told|telling)\b(?:\s+\w+){0,4}\s+apart\b": "distinguish",
    rf"(?<!there )\b(?:is|are|was|were) no\b(?! (?:{COMPARATIVES})\b)": "is not a",
    r"(?<!there )\b(?:is|are|was|were) (?-i:none)\b": "is not one, is absent",
    r"\bsuch as (?:it|they) (?:is|are|was|were|stands?)\b": "as it is, unchanged",
    r"\bwhich (?:it|they) (?:is|are) not\b": "and is not",
    r"\b(?:is|are) out for\b": "looks for",
}
BANNED_WORDS = frozenset(  # parts of identifiers
    [
        "aims",
        "arena",
        "cargo",
        "comparing",
        "crew",
        "dearer",
        "drawn_in",
        "errand",
        "errands",
        "ledger",
        "mouth",
        "obeyed",
        "preliminaries",
        "price",
        "priced",
        "prices",
        "roster",
        "spell",
        "spells",
        "spot",
        "station",
        "stint",
        "talk",
        "taken_out",
        "tell",
        "told",
    ]
)


def sources(*, python: bool) -> list[Path]:
    """Return the files that are looked at: Python, or pages and notebooks."""
    if python:
        return sorted(path for root in PYTHON_ROOTS for path in (ROOT / root).rglob("*.py"))
    pages = [path for root in PAGE_ROOTS for path in (ROOT / root).rglob("*") if path.suffix in {".md", ".ipynb"}]
    return [ROOT / "README.md", ROOT / "DESIGN.md", *sorted(path for path in pages if "_build" not in path.parts)]


def prose_of_python(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each comment, docstring and string; neighbours that are read as one are joined."""
    line, parts = 0, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in {tokenize.NL, tokenize.INDENT, tokenize.DEDENT}:
            continue
        if token.type in {tokenize.COMMENT, tokenize.STRING} or tokenize.tok_name[token.type] == "FSTRING_MIDDLE":
            line = line if parts else token.start[0]
            parts.append(_words(token.string))
        elif parts and not tokenize.tok_name[token.type].startswith("FSTRING"):
            yield line, " ".join(" ".join(parts).split())
            parts = []


def _words(token: str) -> str:
    """Return the text of a comment or string; a string of one word is a key or a value, which files may hold."""
    if token.startswith("#"):
        return token.lstrip("#:")
    text = token.strip("rbfRBF").strip("\"'")
    return "" if re.fullmatch(r"\w+", text) else text


def prose_of_page(text: str, *, notebook: bool) -> Iterator[tuple[int, str]]:
    """Yield line and text of each paragraph of a page in Markdown, or of each cell of Markdown in a notebook."""
    if notebook:
        cells = enumerate(json.loads(text)["cells"], 1)
        yield from (
            (n, " ".join("".join(cell["source"]).split())) for n, cell in cells if cell["cell_type"] == "markdown"
        )
        return
    line = 1
    for paragraph in text.split("\n\n"):
        yield line, " ".join(paragraph.split())
        line += paragraph.count("\n") + 2


def banned_phrases(paragraphs: Iterator[tuple[int, str]]) -> list[str]:
    """Return where a banned phrase stands, with its surroundings and what to write instead."""
    return [
        f"line {line}: …{text[max(0, match.start() - 30) : match.end() + 30]}…: write {instead}"
        for line, text in paragraphs
        for phrase, instead in BANNED_PHRASES.items()
        for match in re.finditer(phrase, text, re.IGNORECASE)
    ]


def banned_names(source: str) -> list[str]:
    """Return the identifiers of a Python source that hold a banned word."""
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    names = {
        token.string
        for before, token in itertools.pairwise(tokens)
        if token.type == tokenize.NAME and (before.string, token.string) != (".", "tell")  # a method of files
    }
    return sorted(name for name in names if BANNED_WORDS & set(_parts(name)))


def _parts(name: str) -> list[str]:
    """Return the words of an identifier, and their neighbouring pairs: ``taken_out`` is one."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
    return [*words, *(f"{first}_{second}" for first, second in itertools.pairwise(words))]


def offences(path: Path) -> list[str]:
    """Return the banned phrases and names of a file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        module = [f"the file is called {path.name}"] if BANNED_WORDS & set(_parts(path.stem)) else []
        names = [f"name {name!r}: see the glossary of docs/design.md" for name in banned_names(text)]
        return [*module, *banned_phrases(prose_of_python(text)), *names]
    return banned_phrases(prose_of_page(text, notebook=path.suffix == ".ipynb"))


def main(prefixes: list[str]) -> None:
    """Print all offences in the files below the given folders, by default in all."""
    for path in [*sources(python=True), *sources(python=False)]:
        name = str(path.relative_to(ROOT))
        if not prefixes or any(name.startswith(prefix) for prefix in prefixes):
            for offence in offences(path):
                print(f"{name}: {offence}")


if __name__ == "__main__":
    main(sys.argv[1:])
