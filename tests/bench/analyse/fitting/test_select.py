"""Between laws the one that made the data wins; equals stay undetermined, and so does what large points contradict."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import fit, prefer
from bptt_bench.analyse.fitting.select import prefer_fits
from bptt_bench.plan import CostLaw, Design

from tests.bench.analyse.made import seconds, table

LINE = Design.of({"T": t} for t in (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96))
LAWS = ("T", "T*log(T)", "T**1.5", "T*(T+1)/2", "T**2*log(T)")


@pytest.mark.parametrize("other", LAWS)
@pytest.mark.parametrize("law", LAWS)
def test_the_law_that_made_the_data_wins(rng: np.random.Generator, law: str, other: str) -> None:
    frame = table(seconds(LINE, CostLaw(law), [1e-6]) + 1e-7, LINE, rng=rng, noise=0.01, disturbed=0.1)
    found = prefer(frame, law, other, overhead="1")
    if law == other:
        assert (found.decision, found.aicc_gap, found.held_out_gap) == ("undetermined", 0, 0)
    else:
        assert found.decision == "this"
        assert found.aicc_gap > 6
        assert prefer(frame, other, law, overhead="1").decision == "other"


def test_laws_that_say_the_same_are_undetermined() -> None:
    frame = table(seconds(LINE, CostLaw("T*(T+1)/2"), [1.0]), LINE)
    assert prefer(frame, "T*(T+1)/2", "T**2 + T", overhead=()).decision == "undetermined"


def test_noise_leaves_close_laws_undetermined(rng: np.random.Generator) -> None:
    design = Design.of({"T": t} for t in (16, 17, 18, 19, 20, 21, 22))
    frame = table(seconds(design, CostLaw("T"), [1.0]), design, rng=rng, noise=0.1)
    assert prefer(frame, "T", "T*log(T)", overhead=()).decision == "undetermined"


def test_wrong_decisions_are_rare(rng: np.random.Generator) -> None:
    design = Design.of({"T": t} for t in (8, 10, 12, 14, 16, 20))
    wrong = 0
    for _ in range(100):
        frame = table(seconds(design, CostLaw("T"), [1.0]), design, rng=rng, point_effects=0.15, repetitions=1)
        wrong += prefer(frame, "T", "T*log(T)", overhead=()).decision == "other"
    assert wrong <= 5  # the held-out points alone would make 8 in the prototype's count


def test_the_largest_points_can_contradict() -> None:
    """The small points follow T, the largest two overtake T²: whatever AICc says, T is not decided on."""
    t = np.array([point["T"] for point in LINE])
    frame = table(np.where(t < 64, t, 32 * (t / 32) ** 3), LINE)
    this, other = fit(frame, "T", overhead=()), fit(frame, "T**2", overhead=())
    found = prefer_fits(dataclasses.replace(this, aicc=other.aicc - 20), other)
    assert found.aicc_gap == pytest.approx(20)
    kept, held, truth = t[:-2], t[-2:], np.array([256, 864])
    missed_by_this = np.log(truth / held)  # T fits the kept points exactly
    missed_by_other = np.log(truth / held**2) + np.log(kept).mean()
    expected = np.sqrt(np.mean(missed_by_other**2)) - np.sqrt(np.mean(missed_by_this**2))
    assert found.held_out_gap == pytest.approx(expected, rel=1e-6)
    assert found.decision == "undetermined"
    assert prefer_fits(other, dataclasses.replace(this, aicc=other.aicc - 20)).decision == "undetermined"
    assert prefer_fits(this, dataclasses.replace(other, aicc=this.aicc - 20)).decision == "other"


def test_laws_are_compared_on_the_same_locations(rng: np.random.Generator) -> None:
    """Under much noise each law draws the points it was fitted to towards itself; neither may gain by that."""
    frame = table(seconds(LINE, CostLaw("T"), [1.0]), LINE, rng=rng, noise=0.2, disturbed=0.1)
    this, other = fit(frame, "T", overhead=()), fit(frame, "T*log(T)", overhead=())
    places = [np.log(each.points["measured"].to_numpy()) for each in (this, other)]
    assert not np.array_equal(*places)
    t = np.array([point["T"] for point in LINE])
    gaps = []
    for y in places:
        loss = [np.var(y - np.log(column)) for column in (t, t * np.log(t))]  # one coefficient: the mean log ratio
        gaps.append(len(t) * np.log(loss[1] / loss[0]))
    assert prefer_fits(this, other).aicc_gap == pytest.approx(min(gaps, key=abs), rel=1e-6)


def test_a_decision_that_rests_on_whose_locations_are_used_is_none(rng: np.random.Generator) -> None:
    t = np.array([point["T"] for point in LINE])
    noise = 0.001 * rng.standard_normal(len(t))
    straight, bent = (table(column * np.exp(noise), LINE) for column in (t, t**2))
    this = fit(straight, "T", overhead=())
    other = fit(bent, "T**2", overhead=())  # each fits its own locations perfectly and those of the other not at all
    assert prefer_fits(this, other).decision == "undetermined"
    assert prefer_fits(this, fit(straight, "T**2", overhead=())).decision == "this"


def test_too_few_points_to_hold_out_decide_nothing() -> None:
    design = Design.of({"T": t} for t in (1, 2, 3))
    frame = table(np.array([1.0, 2, 3]), design)
    found = prefer(frame, "T", "T**2", overhead=())
    assert (found.decision, found.held_out_gap) == ("undetermined", None)


def test_json_names_the_other_law() -> None:
    frame = table(seconds(LINE, CostLaw("T"), [1.0]), LINE)
    assert prefer(frame, "T", "T**2", overhead=()).law == "T**2"


def test_a_law_that_lives_on_its_overhead_loses_to_the_law_that_this_overhead_is() -> None:
    n = np.repeat(np.geomspace(10, 100_000, 9).round(), 2)
    frame = pd.DataFrame({"n": n, "seconds_per_eval": 2e-6 + 3e-9 * n})
    assert prefer(frame, "n", "n**2").decision == "this"
    assert prefer(frame, "n**2", "n").decision == "other"
