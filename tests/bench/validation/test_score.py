"""Scores are compared with plainer arithmetic on the same table; a table without noise must score perfectly."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from bptt_bench.analyse import fit
from bptt_bench.validation.score import STATED, beyond, longest, summary, trial, with_order
from bptt_bench.validation.simulate import DESIGNS, LAWS, Setting, simulate

SETTING = Setting(law="aggregated", design="23", noise=0.05)
TICKS = iter(range(10**6))


def seeds(seed: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed)


def test_errors_are_those_of_the_fit_to_the_same_table() -> None:
    outcome = trial(SETTING, seeds(1), orders=False, step=False)
    frame, truth = simulate(SETTING, np.random.default_rng(seeds(1).spawn(2)[0]))
    found = fit(frame, LAWS["aggregated"], overhead="1 + T")
    far = {"V": 4 * 8100, "d": 4 * 256, "H": 4 * 256, "T": 4 * 324}
    assert dict(beyond()) == far
    a, b, c, e, f = found.coefficients
    predicted = far["T"] * far["H"] * (far["V"] * a + far["d"] * b + far["H"] * c) + e + far["T"] * f
    assert outcome.error_beyond == pytest.approx(abs(predicted / float(truth.at(far)) - 1))
    at = longest(truth, SETTING)
    assert float(truth.at(at)) == max(float(truth.at(point)) for point in DESIGNS["23"])
    errors = [abs(found.exponent(name, at).estimate - truth.local_exponent(name, at)) for name in "VdHT"]
    assert outcome.exponent_error == pytest.approx(max(errors))
    for term, exact in zip(found.terms, truth.coefficients, strict=True):
        assert outcome.covered[f"coefficient of {term.term}"] == (term.low <= exact <= term.high)
    _, low, high = found.curve([far])[0]
    assert outcome.covered["prediction"] == (low <= float(truth.at(far)) <= high)
    assert len(outcome.covered) == 5 + 4 + 1


def test_the_same_seeds_give_the_same_outcome_and_others_another() -> None:
    one, two, other = (
        dataclasses.replace(trial(SETTING, seeds(seed), orders=False, step=False), seconds_per_fit=0)
        for seed in (1, 1, 2)
    )
    assert one == two
    assert one.error_beyond != other.error_beyond


def test_seconds_are_those_of_the_clock() -> None:
    outcome = trial(SETTING, seeds(1), orders=False, step=False, clock=lambda: 1.5 * next(TICKS))
    assert outcome.seconds_per_fit == 1.5


@pytest.mark.parametrize("law", LAWS)
def test_without_noise_the_truth_is_found_and_its_order_in_T_decided(law: str) -> None:
    outcome = trial(Setting(law=law, design="23", noise=1e-4), seeds(5), step=False)
    assert outcome.error_beyond < 1e-3
    assert outcome.exponent_error < 1e-3
    assert set(outcome.orders.values()) == {"this"}
    assert len(outcome.orders) == 4
    assert outcome.step_found is None


def test_a_cache_step_is_found_on_the_grid() -> None:
    assert trial(Setting(law="naive", design="625", noise=0.01), seeds(1), orders=False).step_found is True


def test_an_overhead_term_that_was_not_taken_up_counts_as_missed() -> None:
    outcome = trial(SETTING, seeds(1), overhead="1", orders=False, step=False)
    assert outcome.covered["coefficient of T"] is False


def test_orders_replace_what_is_in_question_and_nothing_else() -> None:
    assert with_order("aggregated", "T**1.5").text == "T**1.5*H*V + T**1.5*H*d + T**1.5*H**2"
    assert with_order("naive", "T").text == "T*H*V + T*H*d + T*H**2"
    assert with_order("naive", "T**2*log(T)").text == "T*H*V + T**2*log(T)*H*d + T**2*log(T)*H**2"
    assert with_order("aggregated", "T*(T+1)/2").text == "T*(T+1)/2*H*V + T*(T+1)/2*H*d + T*(T+1)/2*H**2"


def test_a_summary_counts_shares_and_decisions() -> None:
    outcome = trial(SETTING, seeds(1), orders=False, step=False)
    made = [
        dataclasses.replace(
            outcome,
            error_beyond=error,
            lack_of_fit=error > 0.03,
            covered={"prediction": error < 0.03},
            orders={"T": word, "T**1.5": "undetermined"},
            step_found=error > 0.01,
        )
        for error, word in ((0.01, "this"), (0.02, "other"), (0.03, "this"), (0.04, "undetermined"))
    ]
    found = summary(made)
    assert found["trials"] == 4
    assert found["error_beyond"] == pytest.approx({"median": 0.025, "p95": 0.0385})
    assert found["coverage"] == {"prediction": 0.5}
    assert found["lack_of_fit"] == 0.25
    assert found["orders"] == {"comparisons": 8, "wrong": 1, "decided": 3}
    assert found["step_found"] == 0.75
    assert summary([outcome])["step_found"] is None
    with pytest.raises(ValueError, match="`outcomes` must have at least 1 element, got 0"):
        summary([])


def test_most_intervals_hold_the_truth_and_errors_are_small() -> None:
    found = summary([trial(SETTING, seeds(seed), overhead=STATED, orders=False, step=False) for seed in range(60)])
    assert found["error_beyond"]["median"] < 0.0125
    assert min(found["coverage"].values()) > 0.83  # 95 % would fall below once in ten thousand
