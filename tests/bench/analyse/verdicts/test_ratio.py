"""Ratios of two subjects, at every claimed point."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from bptt_bench.analyse import judge
from bptt_bench.plan import (
    Design,
    Subject,
)
from bptt_bench.report.words.reasons import text_of

from tests.bench.analyse.verdicts.claims import (
    DESIGN,
    EXPERIMENT,
    OUTPUT,
    RECUR,
    SLOW_RECUR,
    T,
    V,
    frame,
    nothing,
    ratio,
    verdict,
)


def test_a_ratio_that_holds_everywhere_is_supported(rng: np.random.Generator) -> None:
    found = verdict(frame(rng), ratio())
    assert found.verdict == "supported"
    assert ", the worst of 18 points, the ratio is " in text_of(found.reason)
    assert "allowed ±20 %" in text_of(found.reason)
    assert "median deviation 0." in text_of(found.reason)


def test_a_ratio_that_fails_at_one_point_is_refuted_and_the_point_named(rng: np.random.Generator) -> None:
    slow = (OUTPUT + SLOW_RECUR) * np.where((T == 16) & (V == 256), 1.5, 1.0)
    found = verdict(frame(rng, slow=slow), ratio())
    assert found.verdict == "refuted"
    assert text_of(found.reason).startswith("at T=16 V=256, the worst of 18 points")
    assert "(+5" in text_of(found.reason) or "(+4" in text_of(found.reason)
    assert text_of(found.reason).endswith("; outside at 1 of 18 points.")
    assert found.estimate == pytest.approx(1.5 * (256 + 1600) / 356, rel=0.02)
    assert found.predicted == pytest.approx((256 + 1600) / 356)


@pytest.mark.parametrize(("bound", "word"), [("tight", "refuted"), ("upper", "supported"), ("lower", "refuted")])
def test_faster_is_no_failure_of_an_upper_bound(rng: np.random.Generator, bound: str, word: str) -> None:
    assert verdict(frame(rng, slow=0.5 * (OUTPUT + SLOW_RECUR)), ratio(bound=bound)).verdict == word


def test_the_worst_point_of_a_bound_is_the_one_farthest_on_its_wrong_side(rng: np.random.Generator) -> None:
    slow = (OUTPUT + SLOW_RECUR) * np.where(T == 8, 0.5, np.where((T == 16) & (V == 64), 1.1, 1.0))
    data = frame(rng, slow=slow, noise=0.001)
    assert text_of(verdict(data, ratio(bound="upper")).reason).startswith("at T=16 V=64, the worst of 18 points")
    assert text_of(verdict(data, ratio(bound="lower")).reason).startswith("at T=8 V=")


def test_noise_leaves_a_ratio_open(rng: np.random.Generator) -> None:
    found = verdict(frame(rng, noise=0.3), ratio(margin=0.1))
    assert found.verdict == "inconclusive"
    assert text_of(found.reason).startswith("imprecise: at ")


def test_what_is_common_is_taken_off_both(rng: np.random.Generator) -> None:
    common = 5e-5 * T
    data = frame(rng, fast=OUTPUT + RECUR + common, slow=OUTPUT + SLOW_RECUR + common, base=common)
    assert verdict(data, ratio(less="base", margin=0.3)).verdict == "supported"
    assert verdict(data, ratio(margin=0.3)).verdict == "refuted"


def test_taking_off_more_than_there_is_is_not_identifiable(rng: np.random.Generator) -> None:
    found = verdict(frame(rng, base=2 * RECUR + OUTPUT), ratio(less="base"))
    assert text_of(found.reason) == "not identifiable: base takes as long as slow or fast at T=2 V=64."


def test_drift_common_to_a_block_cancels_in_a_ratio(rng: np.random.Generator) -> None:
    data = frame(rng, noise=0.003)
    drifted = data.assign(seconds_per_eval=data["seconds_per_eval"] * (1 + 0.3 * data["block"]))
    plain, other = verdict(data, ratio()), verdict(drifted, ratio())
    assert other.verdict == "supported"
    assert other.estimate == pytest.approx(plain.estimate, rel=0.02)


def test_claimed_points_that_were_not_measured_are_counted(rng: np.random.Generator) -> None:
    more = DESIGN + Design.of([{"T": 128, "V": 64}])
    assert text_of(verdict(frame(rng), ratio(points=more)).reason).endswith(
        "; 1 of the claimed points was not measured."
    )
    none = Design.of({"T": t, "V": 7} for t in (1, 2, 3, 4))
    found = verdict(frame(rng), ratio(points=none))
    assert text_of(found.reason) == "no data: 0 of the 4 claimed points were measured for all subjects; 3 are needed."


def test_one_block_and_a_missing_subject_are_no_data(rng: np.random.Generator) -> None:
    data = frame(rng)
    assert "1 block; at least 2" in text_of(verdict(data[data["block"] == 0], ratio()).reason)
    assert text_of(verdict(data[data["subject"] != "slow"], ratio()).reason) == "no data: slow was not measured."
    assert text_of(verdict(data.assign(below_floor=True), ratio()).reason).startswith("below floor: slow")
    assert text_of(verdict(data.drop(columns="block"), ratio()).reason).startswith(
        "no data: the samples have no blocks"
    )


def test_a_true_ratio_at_the_edge_of_many_points_is_rarely_refuted() -> None:
    """Bonferroni: with every point exactly at the margin the worst of 18 crosses it by noise, which refutes nothing."""
    plain = dataclasses.replace(EXPERIMENT, subjects=(Subject(name="fast", prepare=nothing),))
    refuted = 0
    for seed in range(40):
        data = frame(np.random.default_rng(seed), slow=1.2 * (OUTPUT + SLOW_RECUR), noise=0.03)
        refuted += judge(data, plain, [ratio(bound="upper")])[0].verdict == "refuted"
    assert refuted <= 6  # 2.5 % each way would be 1; without the adjustment some 14
