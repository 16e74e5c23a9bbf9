"""Levels at which one group of phases overtakes another."""

from __future__ import annotations

import math

import numpy as np
import pytest
from bptt_bench.analyse.evidence.evidence import fit_all
from bptt_bench.analyse.findings.remarks import UnequalParts
from bptt_bench.analyse.verdicts.crossover import SignedFit, lead
from bptt_bench.plan import (
    Point,
)
from bptt_bench.report.words.headlines import headline_of
from bptt_bench.report.words.reasons import text_of

from tests.bench.analyse.verdicts.claims import (
    EXPERIMENT,
    crossover,
    frame,
    verdict,
)


def test_a_crossover_is_found_where_the_phases_are_equal(rng: np.random.Generator) -> None:
    found = verdict(frame(rng), crossover())
    assert found.verdict == "supported"
    assert found.predicted == pytest.approx(2.56)
    assert found.estimate == pytest.approx(2.56, rel=0.03)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 2.56 < found.high
    assert text_of(found.reason).startswith("the T at which recur overtakes output at V=256 is 2.5")


def test_a_crossover_elsewhere_is_refuted(rng: np.random.Generator) -> None:
    assert verdict(frame(rng), crossover(level="V/20")).verdict == "refuted"
    assert verdict(frame(rng), crossover(level="V/20", bound="upper")).verdict == "supported"


def test_a_refuted_crossover_says_how_the_parts_compare_where_it_was_predicted(rng: np.random.Generator) -> None:
    """1e-5 T² rises and 1e-7 T V falls: at T = V/20 the first is five times the second."""
    refuted = verdict(frame(rng), crossover(level="V/20"))
    assert text_of(refuted.reason).endswith("; at T=12.8 recur costs 5 times output.")
    assert headline_of(refuted.reason).endswith("; at T=12.8 recur costs 5 times output")
    (early,) = verdict(frame(rng), crossover(level="V/200")).reason.remarks
    assert isinstance(early, UnequalParts)
    assert early.falling_over_rising == pytest.approx(2, rel=0.05)


def test_a_crossover_without_the_common_part_is_the_exact_one(rng: np.random.Generator) -> None:
    # 1e-5 T² - 1e-7 T = 1e-7 T V - 5e-6 T
    assert verdict(frame(rng), crossover(less="base")).estimate == pytest.approx(2.56 - 0.49, rel=0.03)


def test_the_error_of_a_lead_adds_up_over_its_phases(rng: np.random.Generator) -> None:
    evidence = fit_all(frame(rng), EXPERIMENT)
    parts = [SignedFit(1.0, evidence.fits["slow", f"{phase}_seconds_per_eval"]) for phase in ("recur", "output")]
    each = [lead([part], crossover(), 8.0).error for part in parts]
    assert min(each) > 0
    assert lead(parts, crossover(), 8.0).error == pytest.approx(math.hypot(*each))
    assert lead(parts, crossover(), 8.0).seconds == pytest.approx(1e-5 * 64 + 1e-7 * 8 * 256, rel=0.02)


def test_phases_that_never_cross_refute_when_the_prediction_was_measured(rng: np.random.Generator) -> None:
    found = verdict(frame(rng), crossover(subject="fast", at=Point(T=32, V=1024), level="V/50"))
    assert found.verdict == "refuted"
    assert text_of(found.reason) == "recur has not overtaken output at T=24.6, where 20.5 was predicted."
    ahead = verdict(frame(rng), crossover(subject="fast", rising=("output",), falling=("recur",), level="V/10"))
    assert ahead.verdict == "refuted"
    assert text_of(ahead.reason) == "output is already ahead of recur at T=21.3, where 25.6 was predicted."
    behind = crossover(rising=("output",), falling=("recur",), level="V/10")  # ahead at first, then overtaken itself
    assert text_of(verdict(frame(rng), behind).reason).startswith("output has not overtaken recur at T=30.7")
    upper = crossover(subject="fast", rising=("output",), falling=("recur",), level="V/10", bound="upper")
    assert verdict(frame(rng), upper).verdict == "inconclusive"


def test_a_crossing_far_beyond_the_data_is_not_identifiable(rng: np.random.Generator) -> None:
    found = verdict(frame(rng), crossover(at=Point(T=32, V=100_000)))
    assert found.verdict == "inconclusive"
    assert text_of(found.reason).startswith("not identifiable: the crossing at T=1")
    assert text_of(found.reason).endswith("is far beyond T=64, the largest measured.")
    never = verdict(frame(rng), crossover(subject="fast", level="4*V", at=Point(T=32, V=1024)))
    assert text_of(never.reason) == (
        "not identifiable: no level is found at which recur overtakes output, up to T=64 measured."
    )


def test_a_crossover_without_phases_is_no_data(rng: np.random.Generator) -> None:
    whole = frame(rng)
    found = verdict(whole[whole["timing"] == "whole"], crossover())
    assert text_of(found.reason) == "no data: slow has no rows with recur_seconds_per_eval."


def test_noise_leaves_a_crossover_open(rng: np.random.Generator) -> None:
    found = verdict(frame(rng, noise=0.5), crossover(margin=0.05))
    assert found.verdict == "inconclusive"
    assert text_of(found.reason).startswith("imprecise: ")
