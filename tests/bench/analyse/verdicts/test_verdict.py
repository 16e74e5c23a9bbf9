"""Each kind of claim, each verdict, and each way of being inconclusive, on runs made to deserve it."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import Verdict, judge
from bptt_bench.analyse.evidence.evidence import fit_all
from bptt_bench.analyse.findings.estimates import ExponentEstimate
from bptt_bench.analyse.findings.limits import Limits
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.crossover import SignedFit, lead
from bptt_bench.analyse.verdicts.verdict import weigh
from bptt_bench.errors import FitError
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
from bptt_bench.report.words.documents import verdict_documents
from bptt_bench.report.words.reasons import limits_text, number, span, text_of

from tests.bench.analyse.made import run

DESIGN = Design.grid({"T": [2, 4, 8, 16, 32, 64], "V": [64, 256, 1024]})
AT = Point(T=32, V=256)
T = np.array([point["T"] for point in DESIGN], dtype=float)
V = np.array([point["V"] for point in DESIGN], dtype=float)
OUTPUT, RECUR = 1e-7 * T * V, 1e-5 * T
SLOW_RECUR = 1e-5 * T**2
Bound = Literal["tight", "upper", "lower"]


def nothing(point: Point) -> Any:
    raise AssertionError("analysis must not run a subject")


def subject(name: str, law: str, **phases: str) -> Subject:
    return Subject(
        name=name,
        prepare=nothing,
        law=CostLaw(law),
        overhead=(),
        phase_laws={phase: CostLaw(text) for phase, text in phases.items()},
        phase_overheads=dict.fromkeys(phases, ()),
    )


EXPERIMENT = Experiment(
    name="made",
    factors=(Factor(name="T"), Factor(name="V")),
    subjects=(
        subject("fast", "T*V + T", output="T*V", recur="T"),
        subject("slow", "T*V + T**2", output="T*V", recur="T**2"),
        subject("base", "T", output="T", recur="T"),
    ),
    profiles={"quick": Profile(design=DESIGN)},
)


def frame(rng: np.random.Generator | None = None, *, noise: float = 0.01, **times: Any) -> pd.DataFrame:
    whole = {"fast": OUTPUT + RECUR, "slow": OUTPUT + SLOW_RECUR, "base": 1e-6 * T, **times}
    phases: Mapping[str, Mapping[str, Any]] = {
        "fast": {"output": OUTPUT, "recur": RECUR},
        "slow": {"output": OUTPUT, "recur": SLOW_RECUR},
        "base": {"output": 5e-6 * T, "recur": 1e-7 * T},
    }
    return run(whole, DESIGN, rng=rng, noise=noise, phases=phases)


def verdict(data: pd.DataFrame, claim: Claim) -> Verdict:
    (found,) = judge(data, EXPERIMENT, [claim])
    assert (found.claim, found.subject, found.kind) == (claim.name, claim.subject, claim.kind)
    assert text_of(found.reason).endswith(".")
    assert "\n" not in text_of(found.reason)
    return found


def exponent(power_of: str = "T", terms: tuple[str, ...] = ("T*V", "T"), **changes: Any) -> ExponentClaim:
    return ExponentClaim(
        **{"name": "e", "subject": "fast", "factor": power_of, "terms": terms, "at": AT, "margin": 0.05, **changes}
    )


def ratio(**changes: Any) -> RatioClaim:
    return RatioClaim(
        **{
            "name": "r",
            "subject": "slow",
            "over": "fast",
            "ratio": "(V + 100*T)/(V + 100)",
            "points": DESIGN,
            **changes,
        }
    )


def share(**changes: Any) -> ShareClaim:
    return ShareClaim(**{"name": "s", "subject": "fast", "factor": "V", "at": AT, **changes})


def crossover(**changes: Any) -> CrossoverClaim:
    return CrossoverClaim(
        **{
            "name": "c", "subject": "slow", "factor": "T", "at": AT, "rising": ("recur",), "falling": ("output",),
            "level": "V/100", **changes,
        }
    )  # fmt: skip


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bound", "low", "high", "word"),
    [
        ("tight", 0.95, 1.05, "supported"),
        ("tight", 0.85, 1.05, "inconclusive"),
        ("tight", 0.95, 1.15, "inconclusive"),
        ("tight", 1.15, 1.25, "refuted"),
        ("tight", 0.5, 0.85, "refuted"),
        ("upper", 0.1, 0.2, "supported"),
        ("upper", 1.15, 1.25, "refuted"),
        ("upper", 1.05, 1.15, "inconclusive"),
        ("lower", 5.0, 6.0, "supported"),
        ("lower", 0.1, 0.2, "refuted"),
        ("lower", 0.8, 1.2, "inconclusive"),
        ("tight", -np.inf, np.inf, "inconclusive"),
    ],
)
def test_an_interval_decides_by_where_it_lies(bound: Bound, low: float, high: float, word: str) -> None:
    assert Limits.around(1.0, 0.1, bound).decide(low, high) == word
    estimate = ExponentEstimate(
        factors=("T",),
        terms=("T",),
        at=AT,
        predicted=1.0,
        limits=Limits.around(1.0, 0.1, bound),
        estimate=Interval((low + high) / 2, low, high),
    )
    found = weigh(exponent(), estimate)
    assert found.verdict == word
    kinds = {"supported": "within limits", "refuted": "outside limits", "inconclusive": "imprecise"}
    assert found.reason.kind == kinds[word]
    assert text_of(found.reason).startswith("imprecise: the exponent of T") == (word == "inconclusive")


def test_a_ratio_has_its_margin_as_a_factor() -> None:
    assert Limits.times(2.0, 0.25, "tight") == Limits(low=1.6, high=2.5)
    assert Limits.times(2.0, 0.25, "upper") == Limits(low=0.0, high=2.5)
    assert Limits.times(2.0, 0.25, "lower") == Limits(low=1.6, high=np.inf)


def test_figures_are_short() -> None:
    assert [number(x) for x in (0, 1.0349, 12.34, 4321.0, 1e-5, 0.0123, -1.5)] == [
        "0", "1.03", "12.3", "4321", "1.00e-05", "0.012", "-1.50",
    ]  # fmt: skip
    assert span(Interval(1.034, 1.0, 1.06)) == "1.03 (1.00 to 1.06)"
    assert limits_text(Limits.around(1, 0.1, "upper")) == "at most 1.10"
    assert limits_text(Limits.around(1, 0.1, "lower")) == "at least 0.900"


# --- checks -----------------------------------------------------------------------------------------------------------

CHECK = CheckClaim(name="k", subject="all", check=lambda seed: CheckResult(estimate=0, allowed=0, cases=1))


def checked(**record: Any) -> Verdict:
    data = frame()
    data.attrs["checks"] = [{"record": "check", "claim": "k", "allowed": 1e-12, "cases": 200, "detail": "", **record}]
    return verdict(data, CHECK)


def test_a_check_is_supported_when_its_worst_case_is_allowed() -> None:
    found = checked(estimate=3e-13, detail="worst at V=1")
    assert (found.verdict, found.predicted, found.estimate) == ("supported", 1e-12, 3e-13)
    assert text_of(found.reason) == "largest deviation 3e-13 in 200 cases, allowed 1e-12; worst at V=1."


@pytest.mark.parametrize("estimate", [2e-12, float("nan"), None, float("inf")])
def test_a_check_is_refuted_when_its_worst_case_is_not_allowed(estimate: float | None) -> None:
    assert checked(estimate=estimate).verdict == "refuted"


def test_a_check_that_was_not_run_or_tried_nothing_is_no_pass() -> None:
    assert text_of(verdict(frame(), CHECK).reason) == "no data: the check was not run."
    assert text_of(checked(estimate=0, cases=0).reason) == "no data: the check tried no case."
    assert checked(estimate=0, cases=0).verdict == "inconclusive"


def test_the_latest_record_of_a_check_counts() -> None:
    data = frame()
    data.attrs["checks"] = [{"claim": "k", "estimate": e, "allowed": 0, "cases": 1} for e in (1, 0)]
    assert verdict(data, CHECK).verdict == "supported"


# --- exponents --------------------------------------------------------------------------------------------------------


def test_the_laws_own_exponent_is_supported(rng: np.random.Generator) -> None:
    found = verdict(frame(rng), exponent())
    assert found.verdict == "supported"
    assert found.predicted == pytest.approx(1)
    assert text_of(found.reason).startswith("the exponent of T in T*V + T at T=32 V=256 is 0.99")
    assert text_of(found.reason).endswith("against 1.00 predicted, within the allowed 0.950 to 1.05.")


def test_a_factor_that_a_term_names_as_no_part_of_it_is_not_spoken_of(rng: np.random.Generator) -> None:
    experiment = dataclasses.replace(EXPERIMENT, subjects=(subject("base", "T*V**0"),))
    (found,) = judge(frame(rng), experiment, [exponent("V", ("T*V**0",), subject="base", margin=0.1)])
    assert found.verdict == "supported"
    assert text_of(found.reason).startswith("the exponent of V in T at T=32 V=256 is ")


def test_an_exponent_of_1_1_refutes_a_claim_of_1(rng: np.random.Generator) -> None:
    found = verdict(frame(rng, fast=(OUTPUT + RECUR) * (T / 32) ** 0.1), exponent())
    assert found.verdict == "refuted"
    assert found.estimate == pytest.approx(1.1, abs=0.02)
    assert "outside the allowed 0.950 to 1.05" in text_of(found.reason)


@pytest.mark.parametrize(("bound", "word"), [("tight", "refuted"), ("upper", "supported"), ("lower", "refuted")])
def test_slower_growth_is_no_failure_of_an_upper_bound(rng: np.random.Generator, bound: str, word: str) -> None:
    data = frame(rng, fast=(OUTPUT + RECUR) * (T / 32) ** -0.1)
    assert verdict(data, exponent(bound=bound)).verdict == word


def test_noise_leaves_an_exponent_open(rng: np.random.Generator) -> None:
    effects = np.exp(rng.normal(0, 0.3, len(T)))
    found = verdict(frame(rng, fast=(OUTPUT + RECUR) * effects), exponent())
    assert found.verdict == "inconclusive"
    assert text_of(found.reason).startswith("imprecise: the exponent of T")


def test_a_term_that_takes_little_time_is_not_identifiable(rng: np.random.Generator) -> None:
    found = verdict(frame(rng), exponent(terms=("T",), at=Point(T=32, V=1024)))
    assert found.verdict == "inconclusive"
    assert text_of(found.reason).startswith("not identifiable: T is 8.")
    assert "V=64, where it is 6" in text_of(found.reason)
    assert text_of(found.reason).endswith("would decide.")


def test_terms_that_move_together_are_not_identifiable() -> None:
    experiment = dataclasses.replace(EXPERIMENT, subjects=(subject("fast", "T*V + 2*T*V"),))
    (found,) = judge(frame(), experiment, [exponent(terms=("T*V",))])
    assert text_of(found.reason) == "not identifiable: T*V cannot be distinguished from 2*T*V in this design."


def test_a_phase_has_exponents_of_its_own(rng: np.random.Generator) -> None:
    claim = exponent(subject="slow", terms=("T**2",), response="recur_seconds_per_eval")
    found = verdict(frame(rng), claim)
    assert found.verdict == "supported"
    assert found.predicted == pytest.approx(2)


def test_two_few_points_are_no_pass(rng: np.random.Generator) -> None:
    data = frame(rng)
    few = data[data["V"].eq(64) & data["T"].le(8)]
    found = verdict(few, exponent())
    assert found.verdict == "inconclusive"
    assert text_of(found.reason) == "no data: fast was measured at 3 points for 2 terms; 4 are needed."
    quick = verdict(data.assign(below_floor=~(data["V"].eq(64) & data["T"].le(8))), exponent())
    assert text_of(quick.reason).startswith("below floor: fast has 3 points for 2 terms, 4 are needed;")
    assert text_of(quick.reason).endswith("do more in one call, such as many look-ups in a loop.")
    fewer = verdict(data[data["V"].eq(64) & data["T"].le(4)], exponent())
    assert text_of(fewer.reason).startswith("no data: fast, points: 2 for the 2 terms")


def test_nothing_measured_and_nothing_above_the_floor_are_told_apart(rng: np.random.Generator) -> None:
    data = frame(rng)
    assert text_of(verdict(data[data["subject"] != "fast"], exponent()).reason).startswith("no data: fast has no rows")
    found = verdict(data.assign(below_floor=True), exponent())
    assert text_of(found.reason).startswith("below floor: fast, response 'seconds_per_eval': all 90 rows")
    assert text_of(verdict(data, exponent(subject="other")).reason).startswith("no data: other has no law")


def test_a_claim_about_a_term_that_is_not_in_the_law_is_a_mistake() -> None:
    with pytest.raises(FitError, match=r"term 'V\*\*2': not in the law; its terms are T\*V, T"):
        verdict(frame(), exponent(terms=("V**2",)))


# --- ratios -----------------------------------------------------------------------------------------------------------


def test_a_ratio_that_holds_everywhere_is_supported(rng: np.random.Generator) -> None:
    found = verdict(frame(rng), ratio())
    assert found.verdict == "supported"
    assert ", the worst of 18 points, the ratio is " in text_of(found.reason)
    assert "allowed ±20%" in text_of(found.reason)
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


# --- shares -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "bound", "word"),
    [(0.5, "lower", "supported"), (0.9, "lower", "refuted"), (0.9, "upper", "supported"), (0.5, "upper", "refuted")],
)
def test_a_share_is_judged_against_its_bound(rng: np.random.Generator, asked: float, bound: str, word: str) -> None:
    found = verdict(frame(rng), share(share=asked, bound=bound))
    assert found.verdict == word
    assert found.estimate == pytest.approx(2.56 / 3.56, abs=0.02)  # 1e-7·256 against 1e-5 a step
    asked_in_words = f"at {'least' if bound == 'lower' else 'most'} {asked:.0%}"
    assert text_of(found.reason).startswith("terms with V take 7")
    assert text_of(found.reason).endswith(f"of the time at T=32 V=256, claimed {asked_in_words}.")


def test_a_share_too_close_to_its_bound_is_open(rng: np.random.Generator) -> None:
    found = verdict(frame(rng, noise=0.05), share(share=0.719))
    assert found.verdict == "inconclusive"
    assert text_of(found.reason).startswith("imprecise: terms with V take")


def test_a_share_beyond_the_measured_levels_says_so(rng: np.random.Generator) -> None:
    assert "(beyond the measured levels of V)" in text_of(verdict(frame(rng), share(at=Point(T=32, V=99999))).reason)


def test_a_share_of_terms_that_are_not_there_is_not_identifiable(rng: np.random.Generator) -> None:
    found = verdict(frame(rng), share(subject="base"))
    assert text_of(found.reason) == "not identifiable: terms with V do not occur in the law."


def test_a_tight_share_is_a_mistake() -> None:
    with pytest.raises(FitError, match="claim 's': bound must be lower or upper for a share, got 'tight'"):
        verdict(frame(), share(bound="tight"))


# --- crossovers -------------------------------------------------------------------------------------------------------


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


# --- all --------------------------------------------------------------------------------------------------------------


def test_json_is_the_promised_list(rng: np.random.Generator) -> None:
    found = verdict_documents(judge(frame(rng), EXPERIMENT, [exponent(), share(), CHECK]))
    keys = ["claim", "subject", "kind", "predicted", "estimate", "low", "high", "verdict", "reason"]
    keys += ["kind_of_reason", "evidence"]
    assert [list(one) for one in json.loads(json.dumps(found, allow_nan=False))] == [keys] * 3


def test_a_claim_for_another_profile_is_left_out(rng: np.random.Generator) -> None:
    claims = [exponent(name="a", profiles=("full",)), exponent(name="b", profiles=("quick",)), exponent(name="c")]
    assert [one.claim for one in judge(frame(rng), EXPERIMENT, claims)] == ["b", "c"]


def test_a_claim_of_an_unknown_kind_is_a_mistake() -> None:
    with pytest.raises(FitError, match="has no judge"):
        judge(frame(), EXPERIMENT, [Claim(name="x", subject="fast")])
