"""What was derived, in words: a document of a run's folder becomes a section, and one that is not readable none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.report.words.derive import SCALARS, section_of_run
from bptt_bench.store.frame import load
from bptt_bench.store.runs.derived import DERIVED, MOST_BYTES, stored_derivation

REFERENCE = Path(__file__).resolve().parents[4] / "results" / "reference"


def count(**changed: Any) -> dict[str, Any]:
    whole = {
        "phase": "",
        "category": "multiply_adds",
        "law": "n**2",
        "leading": "n**2",
        "determined_by": 1,
        "confirmed_at": 60,
        "largest": {"n": 4096},
        "powers_of_two": [],
        "stated": None,
        "comparison": None,
        "obstacle": None,
        "differs_at": None,
        "nearest": None,
        "spread": [],
        "growth": [],
    }
    return {**whole, **changed}


def document(*counts: dict[str, Any], **changed: Any) -> dict[str, Any]:
    subject = {
        "subject": "s",
        "levels": {},
        "factors": ["n"],
        "evaluations": 80,
        "seconds": 1.5,
        "stopped_by": None,
        "failure": "",
        "same_inputs": False,
        "counts": list(counts),
        "totals": [],
    }
    return {"evaluation": "later", "subjects": [{**subject, **changed}], "relations": []}


def test_the_reference_run_has_what_was_derived_of_its_algorithms() -> None:
    section = section_of_run(load(REFERENCE).attrs)
    assert section is not None
    assert [one.name for one in section.subjects] == ["forward", "naive", "aggregated", "batched", "naive-textbook"]
    assert {row.mark for one in section.subjects for row in one.rows} == {"✓ equal"}
    assert section.relations[0] == "naive less forward costs T*(T + 1)/2 times what it costs at T=1: its passes."


@pytest.mark.parametrize("text", ["", "[]", "{", '{"evaluation": "later", "subjects": [{}], "relations": []}', "null"])
def test_a_document_that_cannot_be_read_is_no_section(text: str) -> None:
    assert section_of_run({"derived": text}) is None


def test_a_run_without_a_document_has_no_section(tmp_path: Path) -> None:
    assert stored_derivation(tmp_path) is None
    (tmp_path / DERIVED).write_text(" " * (MOST_BYTES + 1), encoding="utf-8")
    assert stored_derivation(tmp_path) is None
    assert section_of_run({}) is None


def test_what_was_not_found_says_why_and_what_is_nearest() -> None:
    nearest = {
        "law": "n",
        "holds_at": 49,
        "of": 80,
        "first_failure": {"n": 50},
        "deviation": 0.5,
        "deviates_at": {"n": 64},
    }
    lost = count(law=None, leading=None, confirmed_at=0, largest={}, obstacle="no expression", nearest=nearest)
    section = section_of_run({"derived": json.dumps(document(lost, count(category="divisions")))})
    assert section is not None
    (subject,) = section.subjects
    assert subject.rows[0].law == "not found"
    assert subject.rows[0].note.replace("\u202f", " ") == (
        "No exact law was found. Nearest: n, which holds at 49 of 80 sizes, first fails at n = 50, and is off by 50 % "
        "at most, at n = 64."
    )
    assert subject.summary.startswith("1 of 2 counts have an exact law")
    assert subject.lines == ["Confirmed up to n = 4\u202f096; beyond that the laws are extrapolations.", SCALARS]
