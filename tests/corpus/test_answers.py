"""What answers of other tools say of laws, on answers as these tools give them; the tools themselves are not needed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.__main__ import ask_peers, line_of, main, table
from tests.corpus.answers import PeerError, ask, growth_of, verdict_of
from tests.corpus.functions import ENTRIES

LINEAR = {"best": "Linear", "coefficients": [1e-6, 2e-8]}


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        ("1", (0, 0, 0)),
        ("log(n)", (0, 0, 1)),
        ("n", (0, 1, 0)),
        ("n*log(n)", (0, 1, 1)),
        ("n**1.585", (0, 1.585, 0)),
        ("n*log(log(n))", None),
        ("factorial(n)", None),
        ("", None),
    ],
)
def test_laws_have_the_classes_that_other_tools_know(law: str, expected: tuple[float, ...] | None) -> None:
    assert growth_of(law) == expected


def test_an_exponential_law_is_a_class_by_its_base() -> None:
    two, golden = growth_of("2**n"), growth_of("1.618**n")
    assert two is not None
    assert golden is not None
    assert not two.is_near(golden)


@pytest.mark.parametrize(
    ("answer", "supported"),
    [
        (LINEAR, {"n"}),
        ({"best": "Linearithmic", "coefficients": [0.0, 1e-9]}, {"n*log(n)"}),
        ({"best": "Polynomial", "coefficients": [1e-9, 1.05]}, {"n"}),
        ({"best": "Polynomial", "coefficients": [1e-9, 1.4]}, {"n**1.5"}),
        ({"best": "Quadratic", "coefficients": [0.0, 1e-9]}, {"n**2"}),
        ({"best": "Exponential", "coefficients": [1e-9, 1.0001]}, set()),
    ],
)
def test_a_law_of_the_class_that_big_o_names_is_supported_and_others_are_not(
    answer: dict[str, Any], supported: set[str]
) -> None:
    entry = ENTRIES["list_copy"]
    verdicts = {law: verdict_of("big_O", answer, law, entry) for law in ("n", "n*log(n)", "n**1.5", "n**2")}
    assert verdicts == {law: "supported" if law in supported else "refuted" for law in verdicts}


def test_an_upper_bound_above_the_class_that_big_o_names_is_met() -> None:
    entry = ENTRIES["assignment"]
    answer = {"best": "Quadratic", "coefficients": [0.0, 1e-9]}
    found = {law: verdict_of("big_O", answer, law, entry) for law in (entry.law, *entry.wrong)}
    assert found == {"n**3": "supported", "n**1.5": "refuted", "n": "refuted"}


def test_bigo_is_not_blamed_for_an_upper_bound_above_the_true_law() -> None:
    answer = {"best": "O(n)", "exceeded": {"n*log(n)": False, "n**2": False, "n**0.5": True}}
    entry = ENTRIES["list_sorted"]
    found = {law: verdict_of("bigO", answer, law, entry) for law in ("n*log(n)", "n**2", "n**0.5", "n")}
    assert found == {"n*log(n)": "supported", "n**2": None, "n**0.5": "refuted", "n": None}


def test_factors_have_the_name_that_other_tools_give_them() -> None:
    entry = ENTRIES["graph_all_pairs"]
    cubic = {"best": "Cubic", "coefficients": [0.0, 1e-9]}
    assert verdict_of("big_O", cubic, entry.law, entry) == "supported"
    assert verdict_of("bigO", {"best": "O(n**3)", "exceeded": {"n**3": False}}, entry.law, entry) == "supported"


@pytest.mark.parametrize(("tool", "answer"), [("big_O", {"error": "LinAlgError: no"}), ("perfplot", {"times": [1.0]})])
def test_a_tool_that_names_nothing_has_no_verdict(tool: str, answer: dict[str, Any]) -> None:
    assert verdict_of(tool, answer, "n", ENTRIES["list_copy"]) is None


def test_the_table_has_a_column_for_each_tool_and_counts_only_what_was_answered(tmp_path: Path) -> None:
    canned = {
        "big_O": {**LINEAR, "seconds": 2.0},
        "bigO": {"best": "O(n)", "exceeded": {"n": False}, "seconds": 3.0},
        "perfplot": {"times": [1e-6], "seconds": 1.0},
    }
    (tmp_path / "list_copy-peers.json").write_text(json.dumps(canned), encoding="utf-8")
    entry = ENTRIES["list_copy"]
    found = ask_peers(entry, Path("never-started"), tmp_path)
    assert line_of(found[1], entry) == "list_copy, bigO: n supported; n**2 –, n**1.5 –; 3.0 s"
    lines = {line[:30].strip(): line[30:].split() for line in table(found, "developed")}
    assert lines["developed"] == ["big_O", "bigO", "perfplot"]
    assert lines["true law supported"] == ["1", "of", "1", "(100%)", "1", "of", "1", "(100%)", "–"]
    assert lines["wrong law refuted"] == ["2", "of", "2", "(100%)", "–", "–"]
    assert lines["n against n·log(n), rightly"] == ["1", "of", "1", "(100%)", "–", "–"]
    assert lines["seconds a function, median"] == ["2.0", "3.0", "1.0"]


def test_a_process_of_the_other_tools_that_fails_is_one_line(tmp_path: Path) -> None:
    entry = ENTRIES["list_copy"]
    with pytest.raises(PeerError, match="does not start"):
        ask(tmp_path / "missing", entry, ["n"])
    fails = tmp_path / "python"
    fails.write_text(f"#!{sys.executable}\nraise SystemExit('no such tool')\n", encoding="utf-8")
    fails.chmod(0o755)
    with pytest.raises(PeerError, match=r"^list_copy: the other tools failed: no such tool$"):
        ask(fails, entry, ["n"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["merge_sort"], "merge_sort: not in the corpus; it has list_sorted"),
        (["--held-out", "list_copy"], "list_copy: not in the corpus; it has digest_sha256"),
        (["--peers", "--peers-python", "nowhere/bin/python"], "`make nowhere/.stamp` makes it"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert message in capsys.readouterr().err
