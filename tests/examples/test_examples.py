"""The worked examples are measured for real, with few samples, and must come to the verdicts that they promise.

What is asserted holds on a busy machine, too: that results are equal, that a law which is off by a factor of n is
refuted, and that no right law is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.measure.worker.counting.perf_event import INSTRUCTIONS, counts_here

ROOT = Path(__file__).resolve().parents[2]
SHORT = """\
import dataclasses
from examples.{name} import EXPERIMENT
SHORT = dataclasses.replace(EXPERIMENT.profiles["quick"], blocks=3, seconds_per_sample=0.002, processes=1)
EXPERIMENT = dataclasses.replace(EXPERIMENT, profiles={{"quick": SHORT}}, placebo=None)
"""


def measured(name: str, folder: Path) -> dict[str, dict[str, Any]]:
    """The verdicts of an example by claim, from a short run of its own."""
    (folder / f"short_{name}.py").write_text(SHORT.format(name=name), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "bptt_bench", "run", f"short_{name}", "--out", "out", "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stderr
    verdicts = json.loads(ran.stdout)["verdicts"]
    refuted = [verdict for verdict in verdicts if verdict["verdict"] == "refuted"]
    assert ran.returncode == (1 if refuted else 0)
    return {verdict["claim"]: verdict for verdict in verdicts}


def test_no_way_of_sorting_is_said_to_break_its_law(tmp_path: Path) -> None:
    found = measured("sorting", tmp_path)
    assert {found[f"results of {way} = builtin"]["verdict"] for way in ("numpy", "merge")} == {"supported"}
    laws = [found[f"{way} follows n*log(n)"] for way in ("builtin", "numpy", "merge")]
    assert "refuted" not in [verdict["verdict"] for verdict in laws]
    assert all(verdict["predicted"] == pytest.approx(1.087, abs=0.05) for verdict in laws)


def test_a_matrix_product_follows_its_law_for_each_data_type(tmp_path: Path) -> None:
    found = measured("matrix_product", tmp_path)
    laws = {f"follows n*k*m [dtype={kind}]" for kind in ("float32", "float64")}
    assert set(found) == laws
    assert [found[law]["predicted"] for law in laws] == [pytest.approx(3, abs=0.2)] * 2
    assert "refuted" not in [verdict["verdict"] for verdict in found.values()]


def test_nested_loops_that_are_said_to_be_linear_are_caught(tmp_path: Path) -> None:
    found = measured("join", tmp_path)
    results = [verdict for claim, verdict in found.items() if claim.startswith("results of ")]
    assert [verdict["verdict"] for verdict in results] == ["supported"] * 2
    caught = found["loops as n + m follows n + m"]
    assert caught["verdict"] == "refuted"
    assert caught["low"] > 1.4
    right = [found[claim]["verdict"] for claim in ("hashing follows n + m", "loops follows n*m")]
    assert "refuted" not in right


def test_taking_items_from_the_front_of_a_list_names_what_moves_the_rest(tmp_path: Path) -> None:
    (verdict,) = measured("drained_list", tmp_path).values()
    assert verdict["verdict"] == "refuted"
    assert verdict["low"] > 1.8
    if not counts_here(INSTRUCTIONS):  # the counters of a processor know no functions
        assert "n² fits far better; memcpy (libc) grows more than the law, 9" in verdict["reason"]


@pytest.mark.parametrize("name", ["sorting", "matrix_product", "join", "drained_list"])
def test_an_example_is_short_and_says_how_to_run_it(name: str) -> None:
    text = (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    assert f"bptt-bench run examples/{name}.py" in text
