"""Extra-P's JSON Lines. That Extra-P itself reads them is tested where it is installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bptt_bench.errors import StoreError
from bptt_bench.store.exporters.extra_p import extra_p_text
from bptt_bench.store.frame import load

EXTRAP = Path(os.environ.get("BENCH_EXTRAP", Path(__file__).resolve().parents[4] / ".venv-extrap" / "bin" / "extrap"))


def frame(**more: Any) -> pd.DataFrame:
    """Two subjects at six points, twice."""
    rows = [(s, n, price * n) for s, price in (("a", 1e-3), ("b", 2e-3)) for n in (1, 2, 4, 8, 16, 32) for _ in "xy"]
    made = pd.DataFrame(rows, columns=["subject", "n", "seconds_per_eval"])
    return made.assign(**more)


def lines(made: pd.DataFrame, factors: tuple[str, ...] = ("n",), response: str = "seconds_per_eval") -> list[Any]:
    return [json.loads(line) for line in "".join(extra_p_text(made, factors, response)).splitlines()]


def test_a_line_is_a_sample() -> None:
    found = lines(frame())
    assert len(found) == 24
    assert found[2] == {"params": {"n": 2}, "callpath": "a", "metric": "time", "value": 0.002}


def test_without_subjects_there_is_no_call_path() -> None:
    assert lines(frame()[:12].drop(columns="subject"))[0] == {"params": {"n": 1}, "metric": "time", "value": 0.001}


def test_categories_stand_in_the_call_path() -> None:
    found = lines(frame(dtype="float32"), ("dtype", "n"))
    assert found[0] == {"params": {"n": 1}, "callpath": "a [dtype=float32]", "metric": "time", "value": 0.001}


def test_another_response_keeps_its_name() -> None:
    found = lines(frame(scratch_bytes=8.0), response="scratch_bytes")
    assert (found[0]["metric"], found[0]["value"]) == ("scratch_bytes", 8.0)


def test_subjects_with_other_factors_are_refused() -> None:
    made = frame(m=1.0)
    made.loc[made["subject"] == "b", "m"] = float("nan")
    with pytest.raises(StoreError, match="extra-p: b has the factors n and a has n, m; choose subjects"):
        lines(made, ("n", "m"))


def test_subjects_with_other_points_are_refused() -> None:
    made = frame()[:-4]
    with pytest.raises(StoreError, match="extra-p: b has 4 of the 6 points that the subjects have together, and"):
        lines(made)
    assert len(lines(made[made["subject"] == "b"])) == 8


def test_no_factor_is_refused() -> None:
    with pytest.raises(StoreError, match="extra-p: needs a parameter"):
        lines(frame(), ())


def test_our_own_reader_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("".join(extra_p_text(frame(), ("n",), "seconds_per_eval")), encoding="utf-8")
    back = load(path)
    for name in ("subject", "n", "seconds_per_eval"):
        assert back[name].tolist() == frame()[name].tolist()
    assert back.attrs["factors"] == ["n"]


@pytest.mark.skipif(not EXTRAP.exists(), reason="Extra-P is not installed here (make peers)")
def test_extra_p_reads_them_and_finds_the_laws(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("".join(extra_p_text(frame(), ("n",), "seconds_per_eval")), encoding="utf-8")
    command = [str(EXTRAP), "--json", "--disable-progress", "--print", "{callpath}: {model}", str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.findall(r"(\w): \S+ \+ (\S+) \* n\^\(1\)", answer.stdout)
    assert [name for name, _ in found] == ["a", "b"]
    assert [float(price) for _, price in found] == pytest.approx([1e-3, 2e-3])
