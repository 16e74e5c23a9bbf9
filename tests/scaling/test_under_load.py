"""The series of runs beside busy neighbours: what it counts, that it goes on, and that it stops its neighbours."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.scaling import under_load
from tests.scaling.under_load import busy, main


def run_of(*words: str) -> dict[str, Any]:
    verdicts = [{"claim": f"claim {i}", "verdict": word, "reason": "because."} for i, word in enumerate(words)]
    return {"status": 0, "seconds": 12.0, "verdicts": verdicts}


def test_wrong_and_open_verdicts_are_counted_and_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = iter([run_of("supported", "inconclusive"), run_of("supported", "refuted")])
    monkeypatch.setattr(under_load, "measured", lambda _select: next(runs))
    assert main(["--runs", "2", "--busy", "0"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "run 1: 1 of 2 supported, 1 open, 0 wrong, 12 s",
        "run 2: 1 of 2 supported, 0 open, 1 wrong, 12 s",
        "  WRONG claim 1: because.",
        "2 runs, 4 verdicts: 2 supported (at least 1 in each run), 1 open, 1 wrong; longest run 12 s",
        "  claim 1: 1 open, 1 wrong of 2",
    ]


def test_a_series_goes_on_where_it_was_cut_off(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[str] = []

    def measured(select: str) -> dict[str, Any]:
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(select)
        return run_of("supported")

    monkeypatch.setattr(under_load, "measured", measured)
    arguments = ["--runs", "3", "--busy", "0", "--out", str(tmp_path / "runs.jsonl"), "-k", "naive"]
    with pytest.raises(KeyboardInterrupt):
        main(arguments)
    with (tmp_path / "runs.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"busy": 0, "verd')  # as if killed while writing
    made.clear()
    assert main(arguments) == 0
    assert made == ["naive"]
    assert "run 3: 1 of 1 supported" in capsys.readouterr().out
    assert main(arguments) == 0
    assert made == ["naive"]  # all three are there


def test_neighbours_are_stopped_also_when_a_run_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def noted(command: list[str]) -> subprocess.Popen[bytes]:
        started.append(popen(command))
        return started[-1]

    def fail() -> None:
        with busy(2):
            assert [process.poll() for process in started] == [None, None]
            raise RuntimeError("no")

    monkeypatch.setattr(subprocess, "Popen", noted)
    with pytest.raises(RuntimeError, match="no"):
        fail()
    assert all(process.poll() is not None for process in started)


def test_a_suite_that_cannot_run_is_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_load, "SUITE", "no_such_file.py")
    with pytest.raises(RuntimeError, match=r"the suite ended with 4:[\s\S]*no_such_file"):
        under_load.measured()


@pytest.mark.parametrize("arguments", [["--runs", "0"], ["--busy", "-1"]])
def test_a_series_of_nothing_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "--runs must be at least 1 and --busy at least 0, got" in capsys.readouterr().err


def test_runs_are_kept_with_their_verdicts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(under_load, "measured", lambda _select: run_of("supported"))
    out = tmp_path / "runs.jsonl"
    assert main(["--runs", "1", "--busy", "0", "--out", str(out)]) == 0
    assert json.loads(out.read_text(encoding="utf-8")) == {"busy": 0, **run_of("supported")}
