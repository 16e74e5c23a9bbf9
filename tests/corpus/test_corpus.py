"""The corpus itself: its functions do what they are in it for, and what is counted of their verdicts is right.

How often verdicts are right is printed by ``python -m tests.corpus``; some functions are run here with instructions, of
which no noise can change a verdict.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from bptt_bench.plan import CostLaw, Point

from tests.corpus.__main__ import Outcome, measure, table
from tests.corpus.entry import Entry
from tests.corpus.functions import ENTRIES
from tests.corpus.held_out import ENTRIES as HELD_OUT

FEWEST, HELD = 60, 40
ALL = [*ENTRIES.values(), *HELD_OUT.values()]
PRESENT = [entry for entry in ALL if all(importlib.util.find_spec(name) for name in entry.needs)]


def smallest(entry: Entry) -> Point:
    """The point of an entry with the smallest level of each factor."""
    return Point({name: min(levels) for name, levels in entry.levels.items()})


@pytest.mark.parametrize(("entries", "fewest"), [(ENTRIES, FEWEST), (HELD_OUT, HELD)], ids=["developed", "held out"])
def test_there_are_enough_functions_of_one_to_three_factors(entries: dict[str, Entry], fewest: int) -> None:
    assert len(entries) >= fewest
    assert {len(entry.levels) for entry in entries.values()} == {1, 2, 3}
    assert {entry.bound for entry in entries.values()} == {"tight", "upper"}


def test_no_function_is_in_both_sets() -> None:
    assert not set(ENTRIES) & set(HELD_OUT)


@pytest.mark.parametrize("entry", PRESENT, ids=lambda entry: entry.name)
def test_a_function_runs_at_its_smallest_levels(entry: Entry) -> None:
    evaluate = entry.experiment().subject(entry.name).prepare(smallest(entry))
    evaluate()
    evaluate()  # and leaves its inputs as they are


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry.name)
def test_wrong_laws_are_off_by_half_a_power_or_more(entry: Entry) -> None:
    true = growths(entry.law, entry)
    for text in entry.wrong:
        assert max(abs(wrong - right) for wrong, right in zip(growths(text, entry), true, strict=True)) >= 0.4, text


def growths(text: str, entry: Entry) -> list[float]:
    """The exponent of a law in each factor, and in all together, at the largest levels."""
    law = CostLaw(text)
    at = {name: float(max(levels)) for name, levels in entry.levels.items()}
    each = [law.local_exponent(name, at) if name in law.factors else 0.0 for name in at]
    return [*each, sum(each)]


def test_the_table_counts_laws_and_decisions() -> None:
    outcomes = [
        Outcome(
            name="a", witness="time", law="supported", wrong={"n": "refuted", "1": "open"}, rival="refuted", seconds=2
        ),
        Outcome(name="b", witness="time", law="refuted", wrong={"n": "supported"}, rival="supported", seconds=4),
    ]
    lines = {line[:30].strip(): line[30:].strip() for line in table(outcomes)}
    assert lines["true law supported"] == "1 of 2 (50%)"
    assert lines["wrong law refuted"] == lines["wrong law supported"] == "1 of 3 (33%)"
    assert lines["n against n·log(n), rightly"] == lines["n against n·log(n), wrongly"] == "1 of 2 (50%)"
    assert lines["seconds a function, median"] == "3.0"


@pytest.mark.parametrize("name", ["list_sorted", "combinations_of_two"])
def test_instructions_decide_for_the_true_law_and_against_wrong_ones(name: str, tmp_path: Path) -> None:
    (outcome,) = measure(ENTRIES[name], ["instructions"], "quick", tmp_path)
    assert outcome.law == "supported"
    assert set(outcome.wrong.values()) == {"refuted"}
    assert outcome.rival in ("refuted", None)
