"""Judging a stored run: what must be known of it stands beside the verdicts."""

from __future__ import annotations

import json
from pathlib import Path

from bptt_bench.report.words.content import noise_line
from bptt_bench.store.frame import load
from bptt_bench.workflows.judge import analyse_run

SORTING = Path(__file__).resolve().parents[3] / "results" / "examples" / "sorting"


def test_a_run_that_was_interrupted_says_so(tmp_path: Path) -> None:
    lines = (SORTING / "samples.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["record"] != "finish"]
    assert len(kept) < len(lines)
    (tmp_path / "samples.jsonl").write_text("".join(kept), encoding="utf-8")
    assert analyse_run(SORTING).notes == ()
    interrupted = analyse_run(tmp_path)
    assert interrupted.notes == ("the run is not finished (run --resume continues it)",)
    assert noise_line(interrupted).endswith("; the run is not finished (run --resume continues it).")
    assert analyse_run(tmp_path, interrupted.experiment).notes == interrupted.notes


def test_counts_that_other_claims_do_not_use_are_named() -> None:
    frame = load(SORTING)
    experiment = analyse_run(frame).experiment
    assert analyse_run(frame, experiment).notes == ()
    counted = frame.assign(instructions_count=1e6 * frame["n"])
    counted.attrs = frame.attrs
    (note,) = analyse_run(counted, experiment).notes
    assert note.startswith("the run holds instructions, of which nothing is claimed here; state measure=('time', ")
