"""Many samples that are exactly the largest may have been stopped at a limit: a note says how to state that."""

from __future__ import annotations

from pathlib import Path

import bptt_bench as bench
import pandas as pd
import pytest
from bptt_bench.analyse.data.columns import with_noise_columns
from bptt_bench.analyse.data.limits import limit_note
from bptt_bench.cli.main import cli
from bptt_bench.text.units import SECOND
from click.testing import CliRunner

LEVELS = [n for n in (100, 200, 400, 800, 1600, 3200, 6400) for _ in range(3)]
STOPPED = [min(1e-6 * n**2 * (1 + 0.01 * i), 5.0) for i, n in enumerate(LEVELS)]


def table(seconds: list[float] = STOPPED, **more: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"n": LEVELS, "seconds": seconds, **more})


def test_samples_that_are_exactly_the_largest_are_counted() -> None:
    (note,) = limit_note(table(), "seconds", ["n"], SECOND)
    assert note == (
        "6 samples are exactly 5 s, the largest: if that is a limit, a column of 1 there and 0 elsewhere, which "
        "--censored names, makes them lower bounds"
    )


def test_a_column_that_is_called_a_timeout_is_named() -> None:
    timed_out = [int(one == 5.0) for one in STOPPED]
    (note,) = limit_note(table(timed_out=timed_out), "seconds", ["n"], SECOND)
    assert note.endswith("if that is a limit, --censored timed_out makes them lower bounds")
    assert limit_note(with_noise_columns(table(timed_out=timed_out), "timed_out"), "seconds", ["n"], SECOND) == ()


@pytest.mark.parametrize(
    "seconds",
    [
        [float(n) for n in LEVELS],  # three at one point
        [2.0] * len(LEVELS),
        [1.0 if n < 1600 else 2.0 for n in LEVELS],  # a coarse clock
        [1e-6 * n**2 * (1 + 0.01 * i) for i, n in enumerate(LEVELS)],
    ],
)
def test_what_need_not_be_a_limit_has_no_note(seconds: list[float]) -> None:
    assert limit_note(table(seconds), "seconds", ["n"], SECOND) == ()
    assert limit_note(table(), "minutes", ["n"], SECOND) == ()


def test_command_and_python_have_the_note(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    table().to_csv(path, index=False)
    assert "6 samples are exactly 5 s" in CliRunner().invoke(cli, ["fit", str(path), "--law", "n**2"]).stderr
    assert any(note.startswith("6 samples are exactly 5 s") for note in bench.discover(path).notes)
    assert any(note.startswith("6 samples are exactly 5 s") for note in bench.predict(path, "n=9000").notes)
