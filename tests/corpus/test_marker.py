"""What is counted of the verdicts on marked tests: those that changed, and those that were wrong."""

from __future__ import annotations

from tests.corpus.functions import ENTRIES
from tests.corpus.marker import module_tests, source, summary, verdicts_of

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
    assert text.count("def test_") == module_tests(entries) == 4
    assert "def test_matrix_vector(benchmark, n, m):" in text


def test_changed_and_wrong_verdicts_are_counted_apart() -> None:
    steady = {"scan": ("supported", ""), "pairs_claimed_linear": ("refuted", "")}
    assert summary([steady, steady])[1] == 0
    opened = {**steady, "scan": ("inconclusive", "")}
    lines, bad = summary([steady, opened])
    assert (lines[0], bad) == ("scan: 1 times supported, 1 times inconclusive", 1)
    missed = {**steady, "pairs_claimed_linear": ("inconclusive", "")}
    assert summary([missed, missed]) == (
        [
            "pairs_claimed_linear: 2 times inconclusive",
            "2 tests, 2 runs: 2 supported, 2 inconclusive; 0 tests changed, 1 were wrong",
        ],
        1,
    )
