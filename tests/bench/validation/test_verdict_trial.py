"""True claims are supported and false ones refuted where there is hardly any noise; words are counted right."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.validation.simulate import MIDDLE, Setting, simulate
from bptt_bench.validation.verdict_trial import (
    EXTRA_EXPONENT,
    VerdictTrial,
    verdict_summary,
    verdict_trial,
    with_extra_exponent,
)

NAIVE = Setting(law="naive", design="23", noise=1e-3)


def test_quiet_measurements_support_what_is_true_and_refute_what_is_false() -> None:
    outcome = verdict_trial(NAIVE, np.random.SeedSequence(1))
    assert outcome.true == {"T": "supported", "V": "supported"}
    assert outcome.false == {"T": "refuted", "V": "refuted"}


def test_the_same_seeds_give_the_same_verdicts() -> None:
    noisy = Setting(law="aggregated", design="23", noise=0.1)
    assert verdict_trial(noisy, np.random.SeedSequence(2)) == verdict_trial(noisy, np.random.SeedSequence(2))


@pytest.mark.parametrize(("law", "factor"), [("naive", "T"), ("aggregated", "T"), ("naive", "V")])
def test_bent_terms_grow_faster_and_others_as_before(law: str, factor: str, rng: np.random.Generator) -> None:
    frame, truth = simulate(Setting(law=law, design="23", noise=0.0), rng, disturbed=0.0)
    V, d, H, T = (frame[name].to_numpy() for name in ("V", "d", "H", "T"))
    a, b, c, constant, step = truth.coefficients
    n = T * (T + 1) / 2 if law == "naive" else T
    growth = (frame[factor].to_numpy() / MIDDLE[factor]) ** EXTRA_EXPONENT
    first = growth if factor == "V" or law == "aggregated" else 1.0
    rest = growth if factor == "T" else 1.0
    expected = T * H * V * a * first + (n * H * d * b + n * H**2 * c) * rest + constant + step * T
    changed = with_extra_exponent(frame, truth, Setting(law=law, design="23", noise=0.0), factor)
    np.testing.assert_allclose(changed["seconds_per_eval"], expected, rtol=1e-12)
    assert changed.attrs["factors"] == ["V", "d", "H", "T"]


def test_a_summary_counts_words_of_true_and_false_claims() -> None:
    made = [
        VerdictTrial(setting=NAIVE, true={"T": "supported", "V": word}, false={"T": "refuted", "V": other})
        for word, other in (("refuted", "supported"), ("inconclusive", "inconclusive"))
    ]
    assert verdict_summary(made) == {
        "trials": 2,
        "claims": 4,
        "true_supported": 0.5,
        "true_refuted": 0.25,
        "false_refuted": 0.5,
        "false_supported": 0.25,
    }
    with pytest.raises(ValueError, match="`outcomes` must have at least 1 element, got 0"):
        verdict_summary([])
