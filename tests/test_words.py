"""Analysis holds no sentence: findings are values, and what is shown of them is written in ``report/words`` alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ANALYSE = Path(__file__).resolve().parent.parent / "bench" / "bptt_bench" / "analyse"
FEWEST_WORDS = 4  # that make a sentence
NOT_FINDINGS = {  # texts that are not findings of a judgement, by folder or module, each with the reason
    "data": "names of responses, and notes on how the columns of a file were read",
    "predict": "how far a prediction reaches, as a note beside its numbers",
    "adaptive/interval_targets.py": "names of figures",
    "fitting/fit.py": "the message of an error, written before it is raised",
}


def sentences(source: str) -> Iterator[str]:
    """Texts of several words that are neither docstrings nor messages of errors and asserts."""
    tree = ast.parse(source)
    skipped: set[int] = set()
    for node in ast.walk(tree):
        is_message = isinstance(node, ast.Raise | ast.Assert) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        )
        if id(node) in skipped or is_message:
            skipped |= {id(child) for child in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        text = written(node)
        skipped |= {id(child) for child in ast.walk(node)}
        if len([word for word in text.split() if word.strip(".,:;()'").isalpha()]) >= FEWEST_WORDS:
            yield text


def written(node: ast.Constant | ast.JoinedStr) -> str:
    """The constant text of a string, an ellipsis for each value that is put in."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    return "".join(map(str, parts))


@pytest.mark.parametrize("path", sorted(ANALYSE.rglob("*.py")), ids=lambda path: str(path.relative_to(ANALYSE)))
def test_no_module_of_analysis_holds_a_sentence(path: Path) -> None:
    name = path.relative_to(ANALYSE).as_posix()
    if name in NOT_FINDINGS or name.partition("/")[0] in NOT_FINDINGS:
        return
    assert list(sentences(path.read_text(encoding="utf-8"))) == []


def test_no_exception_is_idle() -> None:
    for name in NOT_FINDINGS:
        paths = [ANALYSE / name] if name.endswith(".py") else sorted((ANALYSE / name).glob("*.py"))
        assert any(list(sentences(path.read_text(encoding="utf-8"))) for path in paths), name


@pytest.mark.parametrize(
    "source",
    [
        'reason = "too few points to judge it"',
        'reason = f"at {point} the ratio is {ratio} against {predicted} predicted"',
        'def f():\n    """Return why."""\n    return "the law does not fit the data"',
    ],
)
def test_a_planted_sentence_is_found(source: str) -> None:
    assert len(list(sentences(source))) == 1


def test_messages_of_errors_and_docstrings_are_no_findings() -> None:
    source = '"""One sentence of a module."""\nraise ValueError(f"x must be a number, got {x} instead of that")'
    assert list(sentences(source)) == []
