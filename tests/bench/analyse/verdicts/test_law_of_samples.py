"""A law is judged on samples alone, and a verdict that a disturbance decides is left open."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.findings.estimates import ProcessorWait, UnstableVerdict
from bptt_bench.analyse.verdicts.law_of_samples import Growth, judge_growth, require_both
from bptt_bench.plan import CostLaw
from bptt_bench.report.words.reasons import text_of

LEVELS = 1000, 4000, 16_000, 64_000, 256_000
WAIT = ProcessorWait(share=0.4, at={"n": 256_000.0})


def judged(
    seconds: Callable[[float], float], law: str, *, levels: tuple[int, ...] = LEVELS, margin: float | None = None
) -> Growth:
    random = np.random.default_rng(0)
    rows = [{"subject": "it", "n": n, "seconds_per_eval": seconds(n) * random.lognormal(0, 0.01)} for n in levels * 9]
    table = pd.DataFrame(rows)
    table.attrs["factors"] = ["n"]
    return judge_growth(table, CostLaw(law), name="it", margin=margin)


def test_data_that_cannot_be_fitted_are_no_verdict() -> None:
    growth = judged(lambda n: 1e-9 * n, "n", levels=LEVELS[:1])
    assert (growth.word, growth.fit) == ("inconclusive", None)
    assert text_of(growth.verdict.reason).startswith("no data: ")


def test_a_law_is_judged_with_its_fit_and_the_margin_that_is_stated() -> None:
    growth = judged(lambda n: 1e-9 * n**1.15, "n")
    assert growth.word == "supported"
    assert growth.fit is not None
    assert growth.law.text == growth.fit.law.text == "n"
    assert judged(lambda n: 1e-9 * n**1.15, "n", margin=0.05).word == "refuted"


@pytest.mark.parametrize("law", ["n", "n**2"])
def test_a_verdict_that_a_disturbance_does_not_change_is_kept(law: str) -> None:
    growth = judged(lambda n: 1e-9 * n, law)
    assert require_both(growth, growth, WAIT) is growth


def test_a_verdict_that_a_disturbance_decides_is_left_open_and_says_why() -> None:
    growth, without = judged(lambda n: 1e-9 * n, "n**2"), judged(lambda n: 1e-9 * n**2, "n**2")
    found = require_both(growth, without, WAIT)
    assert (growth.word, without.word, found.word) == ("refuted", "supported", "inconclusive")
    finding = found.verdict.reason.finding
    assert isinstance(finding, UnstableVerdict)
    assert (finding.disturbance, finding.without) == (WAIT, "supported")
