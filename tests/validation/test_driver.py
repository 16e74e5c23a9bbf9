"""The driver: exact seeds, nothing lost when stopped, nothing computed twice, no outcomes of other source mixed in."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bptt_bench.validation.score import trial
from bptt_bench.validation.simulate import Setting, simulate

from tests.validation import __main__ as command
from tests.validation.cells import PUBLISHED_SEED, Cell, cells, tasks
from tests.validation.driver import computed, run
from tests.validation.made import MADE, bench, outcome
from tests.validation.records import Records, RecordsError, fingerprint, read
from tests.validation.work import PLAIN, Bench, rounded, table_of, work

SEED = 17
HEADER = {"seed": SEED, "source": "0123", "versions": {"python": "3"}, "peers": None}
SMALL = Cell(index=2, setting=Setting(law="aggregated", design="23", noise=0.05), orders=True, step=False, others=True)


def steady(record: dict[str, Any]) -> str:
    """A record without its clock readings."""
    tools = {tool: {k: v for k, v in came.items() if k != "seconds_per_fit"} for tool, came in record["tools"].items()}
    return json.dumps({**record, "tools": tools}, sort_keys=True)


def go(records: Records, trials: int = 2, with_: Bench = MADE) -> str:
    progress = io.StringIO()
    run(records, trials=trials, seed=SEED, python=None, progress=progress, now=lambda: 0.0, bench=with_)
    return progress.getvalue()


def test_published_seeds_are_none_that_development_uses() -> None:
    assert PUBLISHED_SEED == 20261123 > 10_000


def test_no_two_trials_have_the_same_seeds() -> None:
    states = {tuple(cell.seeds(SEED, number).generate_state(4)) for cell, number in tasks(30)}
    assert len(states) == 30 * len(cells())


def test_all_cells_come_once_before_any_comes_again() -> None:
    order = [(number, cell.index) for cell, number in tasks(3)]
    assert order == [(number, index) for number in range(3) for index in range(len(cells()))]


def test_what_is_judged_where() -> None:
    asked = {(cell.setting.noise, cell.setting.point_effects) for cell in cells() if cell.orders}
    assert asked == {(0.05, 0.0)}
    assert {cell.setting.design for cell in cells() if cell.step} == {"625"}
    assert sum(cell.others for cell in cells()) == 8


def test_peers_are_given_the_very_table_that_ours_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def seeing(*given: Any, **more: Any) -> Any:
        seen.append(simulate(*given, **more))
        return seen[-1]

    monkeypatch.setattr("bptt_bench.validation.score.simulate", seeing)
    trial(SMALL.setting, SMALL.seeds(SEED, 3), orders=False, step=False)
    frame, truth = table_of(SMALL, 3, SEED)
    assert frame.equals(seen[0][0])
    assert truth.coefficients.tolist() == seen[0][1].coefficients.tolist()


def test_the_same_seeds_give_the_same_outcome_and_others_another() -> None:
    one, two, other = (work(SMALL, number, SEED, Bench(peers=PLAIN)) for number in (0, 0, 1))
    assert steady(one) == steady(two)
    assert steady(replace_trial(one, 1)) != steady(other)
    assert set(one["tools"]) == {"ours", "ours_auto", *PLAIN}


def replace_trial(record: dict[str, Any], number: int) -> dict[str, Any]:
    return {**record, "trial": number}


def test_two_processes_give_what_one_gives() -> None:
    cell = replace(SMALL, orders=False, others=False)
    here = {steady(work(cell, number, SEED, Bench(peers=PLAIN))) for number in range(2)}
    assert {steady(record) for record in computed([(cell, 0), (cell, 1)], SEED, None)} == here


def test_a_trial_that_was_computed_is_not_computed_again(tmp_path: Path) -> None:
    assert go(Records(tmp_path, HEADER), 1).startswith("32 trials to do\n")
    assert go(Records(tmp_path, HEADER), 3).startswith("64 trials to do, 32 were there\n")
    assert go(Records(tmp_path, HEADER), 3) == "0 trials to do, 96 were there\n"


def test_a_stop_loses_nothing_and_the_rest_follows(tmp_path: Path) -> None:
    calls = []

    def stopped(setting: Setting, seeds: np.random.SeedSequence, **asked: Any) -> Any:
        calls.append(setting)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return outcome(setting, seeds, **asked)

    cut, whole = tmp_path / "cut", tmp_path / "whole"
    with pytest.raises(KeyboardInterrupt):
        go(Records(cut, HEADER), 1, bench(stopped))
    kept = len(Records(cut, HEADER).outcomes)
    assert 0 < kept < 6
    go(Records(cut, HEADER), 1)
    go(Records(whole, HEADER), 1)
    assert Records(cut, HEADER).pack().read_bytes() == Records(whole, HEADER).pack().read_bytes()


def test_a_torn_last_line_is_computed_anew(tmp_path: Path) -> None:
    go(Records(tmp_path, HEADER), 1)
    path = tmp_path / "outcomes.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert len(Records(tmp_path, HEADER).outcomes) == 31
    go(Records(tmp_path, HEADER), 1)
    assert path.read_bytes() == whole


def test_an_unfinished_table_of_other_source_is_refused_by_name(tmp_path: Path) -> None:
    go(Records(tmp_path, HEADER), 1)
    with pytest.raises(
        RecordsError, match=r"outcomes\.jsonl: an unfinished table with another seed and source; remove"
    ):
        Records(tmp_path, {**HEADER, "source": "4567", "seed": 3})


def test_a_finished_table_of_other_source_stays_until_the_new_one_is_finished(tmp_path: Path) -> None:
    records = Records(tmp_path, HEADER)
    go(records, 1)
    packed = records.pack()
    old = packed.read_bytes()
    anew = Records(tmp_path, {**HEADER, "source": "4567"})
    assert anew.outcomes == {}
    go(anew, 1)
    assert packed.read_bytes() == old
    anew.pack()
    assert json.loads(gzip.decompress(packed.read_bytes()).splitlines()[0])["source"] == "4567"
    assert not (tmp_path / "outcomes.jsonl").exists()


def test_packed_outcomes_are_those_that_were_computed(tmp_path: Path) -> None:
    records = Records(tmp_path, HEADER)
    go(records, 1)
    records.pack()
    header, outcomes = read(tmp_path)
    assert header == {"schema": 1, **HEADER}
    assert {(each["cell"], each["trial"]): each for each in outcomes} == records.outcomes
    assert Records(tmp_path, HEADER).outcomes == records.outcomes


def test_the_fingerprint_changes_with_the_source_and_with_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.py").write_text("x = 1")
    before = fingerprint(tmp_path, ["a"])
    (tmp_path / "a" / "notes.md").write_text("nothing")
    (tmp_path / "a" / "test_x.py").write_text("nothing")
    assert fingerprint(tmp_path, ["a"]) == before
    (tmp_path / "a" / "x.py").write_text("x = 2")
    assert fingerprint(tmp_path, ["a"]) != before


def test_floats_are_kept_to_six_digits_and_truth_as_a_number() -> None:
    assert rounded({"a": 0.123456789, "b": True, "c": None, "d": {"e": 12}}) == {
        "a": 0.123457,
        "b": 1,
        "c": None,
        "d": {"e": 12},
    }


def test_a_folder_without_outcomes_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--read", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"error: {tmp_path}: holds no outcomes (neither outcomes.jsonl nor outcomes.jsonl.gz)\n"
    )


@pytest.mark.parametrize("text", ["0", "-3", "x", "1.5"])
def test_a_number_of_trials_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--trials", text])
    assert f"{text!r}: allowed are whole numbers from 1" in capsys.readouterr().err


def test_the_tables_can_be_made_again_from_the_outcomes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = Records(tmp_path, HEADER)
    go(records, 3)
    records.pack()
    assert command.main(["--read", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "validation.md").read_text()
    assert "| Extra-P" in printed
    assert "not installed" in printed
    assert (tmp_path / "validation.html").is_file()
    first = (tmp_path / "validation.json").read_bytes()
    assert command.main(["--read", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "validation.json").read_bytes() == first
