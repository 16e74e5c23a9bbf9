"""What a run says beforehand."""

from __future__ import annotations

from pathlib import Path

import bptt_bench as bench
from bptt_bench.measure.protocol.records import run_header
from bptt_bench.plan import Evaluation, Point
from bptt_bench.workflows.run import announcement_lines
from bptt_bench.workflows.settings import Settings


def prepare(_point: Point) -> Evaluation:
    return lambda: None


def test_levels_that_were_put_in_are_announced_and_stored(tmp_path: Path) -> None:
    experiment = bench.experiment(prepare, law="n", name="mine", n=[10, 100_000], m=[1, 2, 3, 4, 5])
    lines = list(announcement_lines(experiment, Settings(experiment="mine", profile="quick"), tmp_path, {}))
    assert "put in between the levels given: n = 100, 1\u202f000 and 10\u202f000" in lines
    header = run_header(experiment, module="mine", profile="quick", seed=0, threads=1)
    assert header["added_levels"] == {"n": [100, 1000, 10_000]}


def test_levels_that_were_all_given_are_not_announced(tmp_path: Path) -> None:
    experiment = bench.experiment(prepare, law="n", name="mine", n=[1, 2, 3, 4, 5])
    lines = list(announcement_lines(experiment, Settings(experiment="mine", profile="quick"), tmp_path, {}))
    assert not [line for line in lines if "put in" in line]
    assert "added_levels" not in run_header(experiment, module="mine", profile="quick", seed=0, threads=1)
