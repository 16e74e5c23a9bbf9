"""Laws of what an evaluation counts, by their leading terms, and the laws of time that have no other terms."""

from __future__ import annotations

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.discover.discover import discover_leading
from bptt_bench.analyse.discover.family import ABSENT, lattice
from bptt_bench.analyse.discover.finalists import Finalist
from bptt_bench.analyse.discover.work import exact_laws, leading_terms
from bptt_bench.analyse.findings.fits import SlowerOperations
from bptt_bench.plan import CostLaw
from bptt_bench.report.words.laws import answer_text, in_one_line
from numpy.typing import NDArray

Array = NDArray[np.float64]
COUNTED = np.array([250.0, 500, 1000, 2000, 4000, 8000, 16_000, 32_000])
TIMED = np.array([1000.0, 4000, 16_000, 64_000, 256_000])


def comparisons(n: Array) -> Array:
    return np.asarray(14 * n * np.log2(n) + 40 * n + 5000)


def run_of(counts: Array, seconds: Array, rng: np.random.Generator, noise: float = 0.05) -> pd.DataFrame:
    """Counts at small sizes and times at large ones, as a run stores them."""
    n = np.repeat(TIMED, 2)
    times = np.repeat(seconds, 2) * np.exp(noise * rng.standard_normal(len(n)))
    counted = pd.DataFrame({"n": COUNTED, "comparisons_count": np.round(counts), "timing": "counts"})
    timed = pd.DataFrame({"n": n, "seconds_per_eval": times, "timing": "whole"})
    frame = pd.concat([timed, counted], ignore_index=True)
    frame.attrs["factors"] = ["n"]
    return frame


def test_terms_that_another_outgrows_do_not_lead() -> None:
    n, m = (lattice(4, 0), ABSENT), (ABSENT, lattice(4, 0))
    n_m, n_squared, n_log = (lattice(4, 0), lattice(4, 0)), (lattice(8, 0), ABSENT), (lattice(4, 1), ABSENT)
    assert leading_terms((n, m, n_m)) == (n_m,)
    assert leading_terms((n_squared, n_m)) == (n_squared, n_m)
    assert leading_terms((n, n_log)) == (n_log,)


def test_counts_without_noise_have_one_law_by_its_leading_term() -> None:
    frame = pd.DataFrame({"n": COUNTED, "steps_count": np.round(comparisons(COUNTED))})
    frame.attrs["factors"] = ["n"]
    (only,) = discover_leading(frame, response="steps_count").candidates
    assert only.law.text == "n*log(n)"
    assert {term.term for term in only.fit.terms if term.role == "overhead"} >= {"n"}


@pytest.mark.parametrize("seed", range(3))
def test_time_has_the_law_of_its_work(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spread = np.exp(0.001 * rng.standard_normal(len(COUNTED)))
    found = bench.discover(run_of(comparisons(COUNTED) * spread, 1e-9 * comparisons(TIMED), rng))
    (work,) = found.work
    assert work.law.text == "n*log(n)"
    assert [one.law.text for one in found.candidates] == ["n*log(n)"]
    assert in_one_line(found).startswith("the number of comparisons grows as n·log(n); the time grows as n·log(n), as ")


def test_instructions_that_grow_in_steps_have_the_law_of_the_whole() -> None:
    n = np.array([16.0, 62, 160, 625, 1600, 2500, 10_000, 25_000, 46_416])  # a sort of the standard library
    counts = [3284.0, 11_688, 34_680, 169_403, 491_960, 829_493, 3_979_315, 10_978_098, 21_819_316]
    frame = pd.DataFrame({"n": n, "instructions_count": counts})
    frame.attrs["factors"] = ["n"]
    found = discover_leading(frame, response="instructions_count")
    assert found.candidates[0].law.text == "n*log(n)"


def test_operations_that_take_longer_are_no_other_law(rng: np.random.Generator) -> None:
    slower = 1e-9 * comparisons(TIMED) * np.where(TIMED > 20_000, 2.0, 1.0)
    found = bench.discover(run_of(comparisons(COUNTED), slower, rng, noise=0.01))
    assert found.law.text == "n*log(n)"
    (cost,) = (one for one in found.doubts if isinstance(one, SlowerOperations))
    assert cost.counted == "comparisons"
    assert cost.times == pytest.approx(2, rel=0.1)
    assert cost.at == {"n": 256_000}
    assert answer_text(found) == "the time grows as n·log(n), as its work does"


def test_work_of_constant_size_takes_constant_time(rng: np.random.Generator) -> None:
    found = bench.discover(run_of(np.full(len(COUNTED), 700.0), np.full(len(TIMED), 1e-6), rng, noise=0.02))
    assert found.law.text == "1"
    assert answer_text(found) == "the time does not grow with n, nor does its work"


def test_several_tallies_give_time_the_terms_of_all(rng: np.random.Generator) -> None:
    frame = run_of(COUNTED**2 / 2, 1e-9 * TIMED**2 + 1e-6 * TIMED, rng, noise=0.01)
    frame["swaps_count"] = np.where(frame["timing"] == "counts", 3 * frame["n"], np.nan)
    frame.attrs["factors"] = ["n"]
    found = bench.discover(frame)
    assert [one.fit.response for one in found.work] == ["comparisons_count", "swaps_count"]
    assert set(map(str, found.law.terms)) == {"n**2", "n"}


def test_few_counts_leave_the_search_to_the_times(rng: np.random.Generator) -> None:
    frame = run_of(comparisons(COUNTED), 1e-9 * TIMED, rng, noise=0.01)
    few = frame[(frame["timing"] == "whole") | (frame["n"] < 1500)]
    few.attrs["factors"] = ["n"]
    found = bench.discover(few)
    assert found.work == ()
    assert found.law.text == "n"


@pytest.mark.parametrize("law", ["n**0.5", "n + n*log(n)", "n**0.75 + n**1.5", "n**2*log(n)"])
def test_counts_that_a_law_gives_to_within_one_have_no_law_with_more_terms(law: str) -> None:
    counts = np.round(CostLaw(law).columns({"n": COUNTED}) @ np.full(len(CostLaw(law).terms), 31.7))
    frame = pd.DataFrame({"n": COUNTED, "steps_count": counts})
    frame.attrs["factors"] = ["n"]
    (only,) = bench.discover(frame, response="steps_count").candidates
    assert {str(term) for term in only.fit.full_law.terms} - {"1"} == {str(term) for term in CostLaw(law).terms}


def test_counts_that_no_law_gives_exactly_keep_several(rng: np.random.Generator) -> None:
    counts = np.round(comparisons(COUNTED) * np.exp(0.02 * rng.standard_normal(len(COUNTED))))
    assert exact_laws([Finalist(("n", "n*log(n)"), 0.0, constant=True)], {"n": COUNTED}, counts) == []
    frame = pd.DataFrame({"n": COUNTED, "steps_count": counts})
    frame.attrs["factors"] = ["n"]
    assert len(bench.discover(frame, response="steps_count").candidates) > 1


def test_counts_that_differ_by_few_operations_are_not_a_constant_to_within_one() -> None:
    n = 1000.0 * 2 ** (np.arange(8) / 3)
    counts = np.ceil(np.log2(n))  # 10 to 13
    assert exact_laws([Finalist(("1",), 0.0, constant=False)], {"n": n}, np.clip(counts, 11, 12)) == []
    frame = pd.DataFrame({"n": n, "steps_count": np.clip(counts, 11, 12)})
    frame.attrs["factors"] = ["n"]
    assert [one.law.text for one in bench.discover(frame, response="steps_count").candidates] != ["1"]


def test_a_term_that_gives_less_than_one_operation_is_left_out() -> None:
    both = ("n", "n*log(n)")
    found = exact_laws(
        [Finalist(both, 0.0, constant=False)], {"n": COUNTED}, 31 * COUNTED + 1e-6 * COUNTED * np.log(COUNTED)
    )
    assert [one.terms for one in found] == [("n",)]
