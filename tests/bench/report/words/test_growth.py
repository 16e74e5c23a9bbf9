"""A judged law in words: a line for lists, and for a failure what was measured beside what was fitted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from bptt_bench.analyse.verdicts.law_of_samples import Growth, judge_growth
from bptt_bench.plan import CostLaw
from bptt_bench.plan.claims.claim import Bound
from bptt_bench.report.words.growth import explained, headline


def growth(law: str, bound: Bound = "tight", power: float = 2.0) -> Growth:
    random = np.random.default_rng(1)
    rows = [
        {"subject": "it", "n": n, "seconds_per_eval": 1e-9 * n**power * np.exp(random.normal(0, 0.01))}
        for n in (1000, 2000, 4000, 8000, 16_000)
        for _ in range(5)
    ]
    frame = pd.DataFrame(rows)
    frame.attrs["factors"] = ["n"]
    return judge_growth(frame, CostLaw(law), name="it", bound=bound)


def test_the_headline_has_law_bound_verdict_and_exponent() -> None:
    assert headline(growth("n**2")).startswith("law n² supported: the time grows with n by an exponent of 2.0")
    assert headline(growth("n**2")).endswith("), the law by 2; n²·log(n) also fits; judged by time alone")
    assert headline(growth("n", "upper")).startswith(
        "law at most n refuted: the time grows with n by an exponent of 2.0"
    )
    assert headline(growth("n", "upper")).endswith(
        ", outside the allowed at most 1.25; n² fits far better; n²·log(n) also fits; judged by time alone"
    )
    assert headline(growth("n**2", "lower")).startswith("law at least n² supported: ")


def test_an_explanation_shows_every_point() -> None:
    lines = explained(growth("n")).splitlines()
    assert lines[0] == "law n is refuted"
    assert lines[1].startswith("  the time grows with n by an exponent of 2.0")
    assert lines[3].split() == ["n", "measured", "fitted", "measured/fitted"]
    rows = [line.split() for line in lines[4:9]]
    assert [row[0] for row in rows] == ["1000", "2000", "4000", "8000", "16000"]
    ratios = [float(row[-1]) for row in rows]
    assert ratios == sorted(ratios)  # a square against a line
    assert lines[9] == "  fitted: the law as stated, n + 1, each term with a coefficient"


def test_measured_times_have_their_units() -> None:
    assert "1\u202fms" in explained(growth("n**2")).replace("999\u202fµs", "1\u202fms").replace(
        "1.01\u202fms", "1\u202fms"
    )
