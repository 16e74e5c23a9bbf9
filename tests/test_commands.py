"""Every command that a page, an example or the Makefile names is run by CI, or the list says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT, WAYS, Line, chains, in_text, listed, promised, ran, targets

PLANTED = "# Title\n\n    bptt-bench frobnicate --now    # a comment\n\nand `make coffee`, and `run` alone.\n"


def test_every_command_is_listed() -> None:
    assert [command for command in promised() if command not in listed()] == []


def test_the_list_holds_no_command_that_is_not_named_any_more() -> None:
    assert [command for command in listed() if command not in promised()] == []


def test_a_planted_command_is_found_and_not_listed() -> None:
    found = in_text(PLANTED)
    assert found == ["bptt-bench frobnicate --now", "make coffee"]
    assert not set(found) & set(listed())
    assert targets(".PHONY: coffee\ncoffee: ## of beans\n") == ["make coffee"]


def test_commands_are_found_in_every_kind_of_block() -> None:
    text = (
        "```\nmake a\n$ pytest -q\n```\n    $ pip install x\n    . bin/activate   # why\n`python -m y`\n\n    z = 1\n"
    )
    assert in_text(text) == ["make a", "pytest -q", "pip install x", ". bin/activate", "python -m y"]
    assert len(promised()) > 40


@pytest.mark.parametrize("command", listed())
def test_an_entry_says_how_it_is_checked_or_why_not(command: str) -> None:
    entry = listed()[command]
    (way,) = (way for way in WAYS if way in entry)
    assert set(entry) <= {way, "chain", "status", "never"}
    if way == "tests":
        assert (ROOT / entry["tests"]).is_file()
    if way == "why":
        assert len(entry["why"]) > 10


def test_commands_of_a_chain_stay_in_order_and_others_stand_alone() -> None:
    entries: dict[str, dict[str, Any]] = {
        "make": {"run": ["make a", "make b"], "chain": "x"},
        "look": {"run": "look", "status": [0, 1]},
        "talk": {"why": "takes an hour"},
        "use": {"run": "use", "chain": "x", "never": "error"},
    }
    assert [[line.text for line in chain] for chain in chains(entries, [])] == [["make a", "make b", "use"], ["look"]]
    assert chains(entries, ["use", "talk"]) == [[Line("use", [0], "error")]]


def test_what_a_command_makes_is_used_in_its_chain_alone() -> None:
    makers = {
        "results/mine": "mine",
        "my_sort": "my_sort",
        "grows": "how_it_grows",
        "results/sorting": "sorting",
        "results/drained": "drained",
    }
    for command, entry in listed().items():
        for made in (name for name in makers if name in str(entry.get("run", ""))):
            assert entry.get("chain") == makers[made], command


def test_a_command_that_fails_is_seen(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert ran(Line("exit 1", [0, 1], None), tmp_path, {})
    assert not ran(Line("echo oh; exit 5", [0, 1], None), tmp_path, {})
    assert "oh\nFAILED: echo oh; exit 5: exit status 5, allowed are [0, 1]" in capfd.readouterr().out


def test_a_test_that_failed_is_told_from_a_claim_that_is_refuted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (entry,) = (each for command, each in listed().items() if command == "pytest --benchmark")
    assert ran(Line("echo 99 passed, 1 refuted; exit 1", entry["status"], entry["never"]), tmp_path, {})
    assert not ran(Line("echo 98 passed, 1 failed; exit 1", entry["status"], entry["never"]), tmp_path, {})
    assert "exit status 1 and '1 failed' printed" in capfd.readouterr().out
    under_make = listed()["make benchmark"]
    for status, fine in ((1, True), (2, False), (13, False)):
        text = f"echo '[Makefile:74: benchmark] Error {status}'; exit 2"
        assert ran(Line(text, under_make["status"], under_make["never"]), tmp_path, {}) == fine
