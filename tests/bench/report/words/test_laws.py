"""The laws that measurements do not exclude, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import bptt_bench as bench
import numpy as np
import pandas as pd
from bptt_bench.analyse.discover.law_set import Candidate, LawSet
from bptt_bench.plan import CostLaw
from bptt_bench.report.words.laws import answer_text, growth_lines


def found(seconds: Callable[[float], float], noise: float) -> LawSet:
    rng = np.random.default_rng(0)
    rows = [
        {"n": n, "seconds_per_eval": seconds(n) * float(np.exp(rng.normal(0, noise)))}
        for n in (100, 200, 400, 800, 1600, 3200, 6400, 12_800)
        for _ in range(5)
    ]
    return bench.discover(pd.DataFrame(rows), factors=["n"])


def test_a_set_that_fits_nothing_claims_no_other_fits() -> None:
    falling = found(lambda n: 1 / n, 0.02)
    assert falling.doubts
    assert answer_text(falling).startswith("no law fits all points; nearest: ")
    assert "too" not in answer_text(falling)


def test_an_answer_that_is_not_the_likeliest_says_why() -> None:
    (simple,) = found(lambda n: 1e-8 * n, 0.02).candidates
    likelier = Candidate(law=CostLaw("n + n**2"), weight=0.6, fit=simple.fit)
    said = "n is the answer because it is the simplest"
    assert said in list(growth_lines(LawSet(candidates=(likelier, replace(simple, weight=0.4)))))
    assert said not in list(growth_lines(LawSet(candidates=(simple,))))


def test_a_constant_time_does_not_grow() -> None:
    assert answer_text(found(lambda _n: 1e-3, 0.02)) == "the time does not grow with n"
