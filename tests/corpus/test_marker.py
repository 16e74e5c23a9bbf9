"""What is counted of the verdicts on marked tests: those that changed, and those that were wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.functions import ENTRIES
from tests.corpus.marker import chosen, main, names_of, read_runs, source, summary, verdicts_of

PRINTED = """
test_marked.py::test_scan[law]: law n supported: exponent of n 1.00 [1.00, 1.00], the law has 1 (instructions, n=16)
test_marked.py::test_pairs_claimed_linear[law]: law at most n refuted: exponent of n 2.00
test_marked.py::test_join[law]: law n*log(n) inconclusive: imprecise: wide
test_marked.py::test_gone[law]: law n not judged: KeyError: 16
=========== 1 failed, 34 passed
"""


def test_verdicts_are_read_from_what_a_session_prints() -> None:
    found = {test: verdict for test, (verdict, _) in verdicts_of(PRINTED).items()}
    assert found == {
        "scan": "supported",
        "pairs_claimed_linear": "refuted",
        "join": "inconclusive",
        "gone": "not judged",
    }


def test_a_module_has_a_test_for_each_law() -> None:
    entries = [ENTRIES["list_sorted"], ENTRIES["duplicates_by_list"], ENTRIES["matrix_vector"]]
    text = source(entries)
    compile(text, "test_marked.py", "exec")
    assert names_of(entries) == [
        "list_sorted",
        "duplicates_by_list",
        "duplicates_by_list_claimed_linear",
        "matrix_vector",
    ]
    assert text.count("def test_") == 4
    assert text.count("complexity('n', ") == 1
    assert "def test_matrix_vector(benchmark, n, m):" in text


def test_changed_and_wrong_verdicts_are_counted_apart() -> None:
    steady = {"scan": ("supported", ""), "pairs_claimed_linear": ("refuted", "")}
    assert summary([steady, steady])[1] == 0
    opened = {**steady, "scan": ("inconclusive", "")}
    lines, bad = summary([steady, opened])
    assert (lines[0], bad) == ("scan: 1 times supported, 1 times inconclusive", 1)
    assert lines[-1] == "verdicts that changed: 1 of 2; wrong: 0"
    missed = {**steady, "pairs_claimed_linear": ("inconclusive", "")}
    assert summary([missed, missed]) == (
        [
            "pairs_claimed_linear: 2 times inconclusive",
            "2 tests, 2 runs: 2 supported, 2 inconclusive",
            "verdicts that changed: 0 of 2; wrong: 1",
        ],
        1,
    )


def test_functions_are_spread_over_the_corpus() -> None:
    names = [entry.name for entry in chosen([], 10)]
    places = [list(ENTRIES).index(name) for name in names]
    assert len(set(names)) == 10
    assert places == sorted(places)
    assert places[-1] > 0.8 * len(ENTRIES)


def test_a_series_that_was_stopped_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "runs.jsonl"
    out.write_text('{"array_sum": ["supported", "1.00"]}\n', encoding="utf-8")
    assert read_runs(out) == [{"array_sum": ("supported", "1.00")}]
    assert main(["array_sum", "--runs", "1", "--busy", "0", "--out", str(out)]) == 0
    assert "verdicts that changed: 0 of 1; wrong: 0" in capsys.readouterr().out


def test_verdicts_on_other_functions_are_not_added_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "runs.jsonl"
    out.write_text('{"array_sum": ["supported", "1.00"]}\n', encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["array_sort", "--runs", "1", "--out", str(out)])
    assert "holds verdicts on other tests" in capsys.readouterr().err
