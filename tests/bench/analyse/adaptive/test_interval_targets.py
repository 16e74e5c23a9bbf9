"""From claims to what their intervals rest on: influences against refits, what decides, and what cannot be helped."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.adaptive.candidates import unmeasured_cells, visit_seconds
from bptt_bench.analyse.adaptive.interval_targets import ROOM, half_widths, interval_targets, required_fits
from bptt_bench.analyse.adaptive.precision import IntervalTarget, PairedSamples, TimedCell
from bptt_bench.analyse.evidence.evidence import Evidence, fit_all
from bptt_bench.analyse.verdicts.judges import judge_all
from bptt_bench.plan import (
    CheckClaim,
    CheckResult,
    Claim,
    CostLaw,
    CrossoverClaim,
    Design,
    Experiment,
    ExponentClaim,
    Factor,
    Point,
    Profile,
    RatioClaim,
    ShareClaim,
    Subject,
)
from bptt_bench.report.words.reasons import text_of

from tests.bench.analyse.made import levels, run

BASE = Point(T=16, V=400)
DESIGN = Design.lines(BASE, {"T": [2, 4, 8, 32, 64], "V": [50, 100, 200, 800, 1600, 3200]}) + Design.corners(
    {"T": (4, 32), "V": (100, 1600)}
)
FURTHER = Design.of([{"T": 8, "V": 800}, {"T": 500, "V": 9000}])
T, V = (levels(DESIGN)[name] for name in ("T", "V"))
OUTPUT, RECUR = 1e-7 * T * V, 2e-7 * T**2 * 30


def subject(name: str) -> Subject:
    return Subject(
        name=name,
        prepare=lambda point: lambda: None,
        law=CostLaw("T*V + T**2"),
        overhead=(),
        phase_laws={"output": CostLaw("T*V"), "recur": CostLaw("T**2")},
        phase_overheads={"output": (), "recur": ()},
    )


EXPONENT = ExponentClaim(name="exponent", subject="a", factor="V", terms=("T*V",), at=BASE.replace(V=3200), margin=0.1)
SHARE = ShareClaim(name="share", subject="a", factor="V", at=BASE, share=0.5)
CROSSOVER = CrossoverClaim(
    name="crossover", subject="a", factor="T", at=BASE, rising=("recur",), falling=("output",), level="V/60"
)
RATIO = RatioClaim(name="ratio", subject="a", over="b", ratio="1", points=Design.of([BASE, BASE.replace(V=800)]))
CLAIMS: tuple[Claim, ...] = (EXPONENT, SHARE, CROSSOVER, RATIO)
EXPERIMENT = Experiment(
    name="made",
    factors=(Factor(name="T"), Factor(name="V")),
    subjects=(subject("a"), subject("b")),
    profiles={"quick": Profile(design=DESIGN), "more": Profile(design=DESIGN + FURTHER)},
    claims=CLAIMS,
)


def measured(rng: np.random.Generator, *, noise: float = 0.02, blocks: int = 6) -> pd.DataFrame:
    both = {"output": OUTPUT, "recur": RECUR}
    frame = run(
        {"a": OUTPUT + RECUR, "b": OUTPUT + RECUR}, DESIGN, rng=rng, noise=noise, blocks=blocks, phases={"a": both}
    )
    rounds = 10 * blocks
    return frame.assign(
        stage="sweep",
        evaluations=3,
        visit_seconds=np.where(frame["subject"] == "a", 2.0, np.nan),
        instrumented_seconds_per_eval=frame["output_seconds_per_eval"] + frame["recur_seconds_per_eval"],
        process=rounds,
    )


def of(frame: pd.DataFrame, claims: tuple[Claim, ...] = CLAIMS) -> tuple[Evidence, dict[str, list[IntervalTarget]]]:
    evidence = fit_all(frame, EXPERIMENT, only=required_fits(claims))
    found: dict[str, list[IntervalTarget]] = {}
    for target in interval_targets(evidence, claims)[0]:
        found.setdefault(target.claim, []).append(target)
    return evidence, found


def moved(frame: pd.DataFrame, cell: TimedCell, column: str, by: float) -> pd.DataFrame:
    """The frame with all samples of a cell longer by a factor of e to the power ``by``."""
    here = (frame["subject"] == cell.subject) & (frame["timing"] == cell.timing)
    for name, level in cell.point.items():
        here &= frame[name] == level
    result = frame.copy()
    result.loc[here, column] *= math.exp(by)
    result.attrs = frame.attrs
    return result


def figure(claim: Claim, frame: pd.DataFrame) -> float:
    """What the target of a claim is about: the exponent, or the logarithm of the share or level."""
    (verdict,) = judge_all(fit_all(frame, EXPERIMENT), [claim])
    assert verdict.estimate is not None
    return verdict.estimate if claim.kind == "exponent" else math.log(verdict.estimate)


@pytest.mark.parametrize("claim", [EXPONENT, SHARE, CROSSOVER])
def test_influences_are_what_the_estimate_moves_by_when_a_point_does(claim: Claim, rng: np.random.Generator) -> None:
    frame = measured(rng, noise=0.01)
    (target,) = of(frame)[1][claim.name]
    assert isinstance(target.basis, tuple)
    step, column = 0.001, "recur_seconds_per_eval" if claim is CROSSOVER else "seconds_per_eval"
    part = target.basis[0]  # of the crossover: the rising phase, whose samples alone are moved
    influence = part.influence()
    for row in np.argsort(-np.abs(influence))[:3]:
        up, down = (figure(claim, moved(frame, part.cells[row], column, sign * step)) for sign in (1, -1))
        slope = (up - down) / (2 * step)
        assert abs(slope) == pytest.approx(
            abs(influence[row]), abs=0.06 * np.abs(influence).max()
        )  # locations are robust means


def test_half_widths_are_those_of_the_verdicts(rng: np.random.Generator) -> None:
    evidence, found = of(measured(rng))
    verdicts = {verdict.claim: verdict for verdict in judge_all(evidence, CLAIMS)}
    for claim in (EXPONENT, CROSSOVER):
        verdict = verdicts[claim.name]
        assert verdict.low is not None
        assert verdict.high is not None
        ends = (verdict.low, verdict.high) if claim is EXPONENT else (math.log(verdict.low), math.log(verdict.high))
        assert found[claim.name][0].half_width == pytest.approx((ends[1] - ends[0]) / 2)
    ratio = verdicts["ratio"]
    assert ratio.low is not None
    assert ratio.high is not None
    shown = math.log(ratio.high / ratio.low) / 2
    assert shown in [pytest.approx(target.half_width) for target in found["ratio"]]
    widths = half_widths(target for targets in found.values() for target in targets)
    assert widths["ratio"] == pytest.approx(math.sqrt(found["ratio"][0].half_width * found["ratio"][1].half_width))
    assert [target.weight for target in found["ratio"]] == [0.5, 0.5]


def test_a_claim_is_decided_at_the_distance_to_its_nearest_limit_with_room(rng: np.random.Generator) -> None:
    frame = measured(rng)
    (target,) = of(frame)[1]["exponent"]
    distance = 0.1 - abs(figure(EXPONENT, frame) - 1)
    assert target.deciding == pytest.approx(distance / ROOM)
    (share,) = of(frame)[1]["share"]
    estimate = math.exp(figure(SHARE, frame))
    assert share.deciding == pytest.approx(abs(estimate - 0.5) / estimate / ROOM)


def test_the_model_agrees_with_the_scatter_of_repeated_runs() -> None:
    """Standard error of the log share by the influences against its scatter over 40 runs (± 11 % of itself)."""
    estimates, models = [], []
    for seed in range(40):
        frame = measured(np.random.default_rng(seed), noise=0.05)
        evidence, found = of(frame, (SHARE,))
        (target,) = found["share"]
        assert isinstance(target.basis, tuple)
        models.append(math.sqrt(target.basis[0].variance()))
        estimates.append(math.log(evidence.fits["a", "seconds_per_eval"].share(["T*V"], BASE).estimate))
    assert float(np.mean(models)) == pytest.approx(float(np.std(estimates)), rel=0.35)


def test_more_samples_count_as_such(rng: np.random.Generator) -> None:
    (few,) = of(measured(rng, noise=0.05, blocks=4))[1]["exponent"]
    (many,) = of(measured(rng, noise=0.05, blocks=16))[1]["exponent"]
    assert isinstance(few.basis, tuple)
    assert isinstance(many.basis, tuple)
    assert set(few.basis[0].counts) == {4.0}
    assert set(many.basis[0].counts) == {16.0}
    assert np.median(few.basis[0].noise) == pytest.approx(0.05**2, rel=0.4)
    assert np.median(many.basis[0].noise) == pytest.approx(0.05**2, rel=0.2)


def test_only_the_fits_that_claims_need_are_made(rng: np.random.Generator) -> None:
    evidence, _ = of(measured(rng), (EXPONENT,))
    assert set(evidence.fits) == {("a", "seconds_per_eval")}
    evidence, _ = of(measured(rng), (CROSSOVER, RATIO))
    assert set(evidence.fits) == {("a", "output_seconds_per_eval"), ("a", "recur_seconds_per_eval")}


def test_claims_that_no_sample_helps_are_named_and_checks_are_not_asked(rng: np.random.Generator) -> None:
    check = CheckClaim(name="check", subject="a", check=lambda _: CheckResult(estimate=0, allowed=1, cases=1))
    nowhere = ShareClaim(name="nowhere", subject="c", factor="V", at=BASE)
    small = ExponentClaim(name="small", subject="a", factor="T", terms=("T**2",), at=BASE.replace(V=3200, T=2))
    evidence = fit_all(measured(rng), EXPERIMENT)
    targets, exhausted = interval_targets(evidence, [check, nowhere, small])
    assert targets == []
    assert [one.claim for one in exhausted] == ["nowhere", "small"]
    assert text_of(exhausted[0].reason).startswith("no data")
    assert text_of(exhausted[1].reason).startswith("not identifiable: T² is")


def test_an_exponent_far_from_the_laws_is_still_an_aim(rng: np.random.Generator) -> None:
    frame = measured(rng)
    steep = frame.assign(seconds_per_eval=frame["seconds_per_eval"] * (frame["V"] / 400) ** 3)
    steep.attrs = frame.attrs
    evidence, found = of(steep, (EXPONENT,))
    (verdict,) = judge_all(evidence, [EXPONENT])
    assert "the exponent of V in T·V at T=16 V=3200 is 3.50" in text_of(verdict.reason)
    assert found["exponent"][0].half_width > 0


def test_a_ratio_that_noise_leaves_undefined_is_still_an_aim(rng: np.random.Generator) -> None:
    frame = measured(rng)
    claim = RatioClaim(name="ratio", subject="a", over="b", ratio="1", points=Design.of([BASE]), less="a")
    (target,) = of(frame, (claim,))[1]["ratio"]
    assert isinstance(target.basis, PairedSamples)
    assert target.half_width == 1.0
    assert [one.subject for one in target.basis.cells] == ["a", "b", "a"]


def test_a_visit_costs_what_it_took_or_else_what_its_evaluations_take_and_some_more(rng: np.random.Generator) -> None:
    frame = measured(rng)
    cost = visit_seconds(frame)
    assert cost[TimedCell("a", BASE, "whole")] == 2.0
    mine = frame[(frame["subject"] == "b") & (frame["T"] == 16) & (frame["V"] == 400)]
    assert cost[TimedCell("b", BASE, "whole")] == pytest.approx(1.5 * 3 * float(mine["seconds_per_eval"].mean()))
    assert TimedCell("a", BASE, "phases") in cost
    assert len(cost) == 3 * len(DESIGN)


def test_new_points_are_those_of_other_profiles_that_take_no_longer_than_the_longest(rng: np.random.Generator) -> None:
    frame = measured(rng)
    evidence, found = of(frame)
    targets = [target for each in found.values() for target in each]
    cost = visit_seconds(frame)
    new = unmeasured_cells(evidence, targets, cost, seconds_per_sample=1e-9)
    near = Point(T=8, V=800)
    assert set(new) == {
        TimedCell("a", near, "whole"),
        TimedCell("a", near, "phases"),
    }  # b has no fit of a target
    assert not set(new) & set(cost)
    frame.attrs["skips"] = [{"subject": "a", "point": {"T": 8, "V": 800}, "timing": "whole", "reason": "too large"}]
    assert not unmeasured_cells(evidence, targets, cost, seconds_per_sample=1e-9)
    exact = 1e-7 * 8 * 800 + 2e-7 * 64 * 30
    typical = np.median(2.0 / (OUTPUT + RECUR))
    assert new[TimedCell("a", near, "whole")] == pytest.approx(float(typical) * exact, rel=0.05)
