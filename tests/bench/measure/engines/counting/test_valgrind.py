"""Valgrind is found or named with its remedy, and a count that it did not write is an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from bptt_bench.errors import BenchError
from bptt_bench.measure.engines.counting.counting_process import CountError
from bptt_bench.measure.engines.counting.valgrind import Callgrind, require_valgrind, valgrind_version


def test_a_valgrind_that_does_not_run_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert valgrind_version() is None
    program = tmp_path / "valgrind"
    program.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    program.chmod(0o755)
    assert valgrind_version() is None
    program.write_text("#!/bin/sh\necho valgrind-9.9\n", encoding="utf-8")
    assert valgrind_version() == "valgrind-9.9"


def test_no_counter_is_one_line_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(BenchError, match=r"^instructions: cannot be counted here: .*valgrind is not installed \("):
        require_valgrind()


def test_what_is_written_at_the_last_mark_of_an_evaluation_is_its_count() -> None:
    callgrind = Callgrind("valgrind")
    folder = Path(callgrind.variables["BPTT_BENCH_COUNTS"])
    for number, total in enumerate((7, 100, 8, 200), start=1):
        profile = b"events: Ir\nob=(1) a.so\nfn=(1) f\n1 %d\ntotals: %d\n" % (total, total)
        (folder / f"counts.{number}").write_bytes(profile)
    assert callgrind.counts({"places": [(0, 2), (2, 4)]}) == [100, 200]
    assert callgrind.by_function() == [{"f (a)": 100}, {"f (a)": 200}]
    for number in (5, 6):
        (folder / f"counts.{number}").write_bytes(b"version: 9\n")
    with pytest.raises(CountError, match="wrote no total"):
        callgrind.counts({"places": [(0, 2)]})
    callgrind.close()
    assert not folder.exists()
