"""Why an interval is wide: each cause is found where it was made, and no other is blamed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import Fit
from bptt_bench.analyse.evidence.evidence import Evidence, fit_all
from bptt_bench.analyse.findings.estimates import PlaceboDeviation
from bptt_bench.analyse.findings.reason import Width
from bptt_bench.analyse.verdicts.judges import judge_all
from bptt_bench.analyse.verdicts.width import alarms_of, busy_machine, placebo_ratio, width_of
from bptt_bench.plan import PLACEBO_SUFFIX

from tests.bench.analyse.made import run
from tests.bench.analyse.verdicts.claims import DESIGN, EXPERIMENT, OUTPUT, RECUR, T, exponent, frame

KEY = "fast", "seconds_per_eval"
WITH_PLACEBO = dataclasses.replace(EXPERIMENT, placebo="fast")
MISFIT = 0.3  # standard deviation of points about the law, in logarithms


def placebo_run(
    rng: np.random.Generator, *, slower: float = 1.0, misfit: float = MISFIT, noise: float = 0.01
) -> Evidence:
    times = (OUTPUT + RECUR) * np.exp(rng.normal(0, misfit, len(T)))
    both = {"fast": times, "fast" + PLACEBO_SUFFIX: slower * times}
    return fit_all(run(both, DESIGN, rng=rng, blocks=7, noise=noise), WITH_PLACEBO)


def fitted(data: pd.DataFrame) -> tuple[Fit, Evidence]:
    evidence = fit_all(data, EXPERIMENT)
    return evidence.fits[KEY], evidence


def test_points_off_the_law_by_more_than_their_noise_are_misfit(rng: np.random.Generator) -> None:
    evidence = placebo_run(rng)
    found = width_of(evidence.fits[KEY], evidence)
    assert (found.cause, found.remedy, found.machine) == ("misfit", None, None)
    assert found.scatter == pytest.approx(MISFIT, rel=0.5)
    assert found.location_error is not None
    assert found.location_error < 0.02


def test_points_on_the_law_within_their_noise_ask_for_more_samples(rng: np.random.Generator) -> None:
    fit, evidence = fitted(frame(rng, noise=0.2))
    found = width_of(fit, evidence)
    assert (found.cause, found.remedy) == ("noise", "more samples")
    assert found.location_error is not None
    assert found.location_error > 0.05


def test_without_repetitions_neither_cause_is_known(rng: np.random.Generator) -> None:
    data = frame(rng, noise=0.2)
    fit, evidence = fitted(data[data["block"] == 0])
    assert width_of(fit, evidence) == Width(cause=None, remedy="repetitions")


def test_what_is_exact_has_misfit_alone(rng: np.random.Generator) -> None:
    fit, evidence = fitted(frame(rng))
    exact = dataclasses.replace(fit, response="scratch_bytes")
    assert width_of(exact, evidence) == Width(cause="misfit", response="scratch_bytes")


def test_a_busy_machine_is_blamed_before_the_law(rng: np.random.Generator) -> None:
    evidence = placebo_run(rng, slower=1.3)
    found = width_of(evidence.fits[KEY], evidence)
    assert (found.cause, found.remedy) == (None, "a quiet machine")
    assert isinstance(found.machine, PlaceboDeviation)
    assert found.machine.deviation == pytest.approx(0.3, abs=0.02)
    assert not found.machine.at_half_of_points
    (verdict,) = judge_all(evidence, [exponent()])
    assert (verdict.verdict, verdict.reason.kind, verdict.reason.remedy) == (
        "inconclusive",
        "imprecise",
        "a quiet machine",
    )


@pytest.mark.parametrize("slower", [1.0, 1.03])
def test_a_placebo_that_agrees_shows_no_busy_machine(slower: float, rng: np.random.Generator) -> None:
    assert busy_machine(placebo_run(rng, slower=slower)) is None


def test_alarms_of_a_placebo_are_counted_over_its_points(rng: np.random.Generator) -> None:
    alarms, points = alarms_of(placebo_ratio(placebo_run(rng, slower=1.3)), 0.95)
    assert (alarms, points) == (len(DESIGN), len(DESIGN))
    assert alarms_of(None, 0.95) == (0, 0)
    assert placebo_ratio(fit_all(frame(rng), EXPERIMENT)) is None
