"""The share of a factor without a fit: from the times of phases and from declared multiply-adds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.evidence.evidence import Evidence, fit_all
from bptt_bench.analyse.evidence.measured_shares import counted_share, measured_share
from bptt_bench.plan import Point, Work

from tests.bench.analyse.verdicts.claims import AT, EXPERIMENT, frame

SHARE = 2.56 / 3.56  # of `output` at V = 256: 1e-7·256 against 1e-5 a step


def evidence(rng: np.random.Generator, noise: float = 0.01) -> Evidence:
    return fit_all(frame(rng, noise=noise), EXPERIMENT, only=[])


def test_it_is_the_share_of_the_phases_whose_law_has_the_factor(rng: np.random.Generator) -> None:
    found = measured_share(evidence(rng), "fast", "V", AT)
    assert found is not None
    assert found.phases == ("output",)
    assert found.time.low < SHARE < found.time.high
    assert found.time.estimate == pytest.approx(SHARE, abs=0.01)
    assert found.multiply_adds is None


def test_its_interval_covers_the_true_share_as_often_as_it_says() -> None:
    covered = []
    for seed in range(200):
        found = measured_share(evidence(np.random.default_rng(seed), noise=0.05), "fast", "V", AT)
        assert found is not None
        covered.append(found.time.low <= SHARE <= found.time.high)
    assert 0.90 <= np.mean(covered) <= 0.99


def test_time_that_slows_all_phases_of_a_visit_alike_does_not_change_it(rng: np.random.Generator) -> None:
    data = frame(rng)
    times = [name for name in data.columns if name.endswith("seconds_per_eval")]
    slower = data.copy()
    slower[times] = slower[times].mul(1 + slower["block"], axis=0)
    found, again = (measured_share(fit_all(one, EXPERIMENT, only=[]), "fast", "V", AT) for one in (data, slower))
    assert found is not None
    assert again is not None
    assert found.time == pytest.approx(again.time)


@pytest.mark.parametrize(
    ("subject", "factor", "at"), [("fast", "T", AT), ("base", "V", AT), ("fast", "V", Point(T=32, V=300))]
)
def test_there_is_none_where_phases_do_not_distinguish_it_or_were_not_timed(
    rng: np.random.Generator, subject: str, factor: str, at: Point
) -> None:
    assert measured_share(evidence(rng), subject, factor, at) is None


def test_one_visit_gives_no_interval_and_thus_no_share(rng: np.random.Generator) -> None:
    data = frame(rng)
    phased = data["output_seconds_per_eval"].notna()
    few = data[~phased | (data["block"] == data.loc[phased, "block"].min())]
    few.attrs |= data.attrs
    assert measured_share(fit_all(pd.DataFrame(few), EXPERIMENT, only=[]), "fast", "V", AT) is None


def test_multiply_adds_are_those_of_products_by_phase() -> None:
    works = [
        Work(phase="output", kind="product", operations=30, product="gemv", shape=(6, 1, 5), calls=1),
        Work(phase="output", kind="elementwise", operations=1000, calls=1),
        Work(phase="recur", kind="product", operations=10, product="gemv", shape=(2, 1, 5), calls=1),
    ]
    subject = dataclasses.replace(EXPERIMENT.subject("fast"), works=lambda _point: works)
    assert counted_share(subject, ("output",), AT) == 0.75
    assert counted_share(EXPERIMENT.subject("fast"), ("output",), AT) is None
