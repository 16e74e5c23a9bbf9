"""Tables in a pipe keep a claim on one line; who wants another width says so."""

from __future__ import annotations

import io

import pytest
from bptt_bench.report.terminal.console import WIDE, on_screen


def test_a_pipe_is_wide(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    console = on_screen()
    console.print("x" * WIDE)
    assert capsys.readouterr().out == "x" * WIDE + "\n"


def test_columns_say_how_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    assert on_screen().width == 90


def test_a_reader_that_has_gone_is_the_error_that_it_is() -> None:
    class Gone(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    console = on_screen()
    console.file = Gone()
    with pytest.raises(BrokenPipeError):
        console.print("x")
