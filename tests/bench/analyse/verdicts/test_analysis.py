"""A whole run analysed: fits of every law, why one is missing, the placebo, the noise and what was left out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import analyse
from bptt_bench.analyse.evidence.paired import overall, paired_ratio, visits
from bptt_bench.errors import FitError
from bptt_bench.plan import PLACEBO_SUFFIX, CostLaw, Design, Experiment, Factor, Profile, Subject
from bptt_bench.report.format import law
from bptt_bench.report.words.content import noise_line
from bptt_bench.report.words.reasons import text_of
from bptt_bench.text.numbers import in_percent

from tests.bench.analyse.made import run
from tests.bench.analyse.verdicts.claims import DESIGN, EXPERIMENT, OUTPUT, RECUR, T, exponent, frame, subject

WITH_PLACEBO = dataclasses.replace(EXPERIMENT, placebo="fast")


def placebo_run(rng: np.random.Generator, *, slower: float = 1.0, disturbed: float = 0.1) -> pd.DataFrame:
    times = {"fast": OUTPUT + RECUR, "fast" + PLACEBO_SUFFIX: slower * (OUTPUT + RECUR)}
    return run(times, DESIGN, rng=rng, blocks=7, noise=0.01, disturbed=disturbed)


def test_every_law_of_every_subject_is_fitted_once(rng: np.random.Generator) -> None:
    found = analyse(frame(rng), EXPERIMENT, [exponent()])
    expected = {
        (s.name, f"{phase}seconds_per_eval") for s in EXPERIMENT.subjects for phase in ("", "output_", "recur_")
    }
    assert set(found.fits) == expected
    assert found.failures == {}
    np.testing.assert_allclose(found.fits["fast", "seconds_per_eval"].coefficients, [1e-7, 1e-5], rtol=0.03)
    np.testing.assert_allclose(found.fits["slow", "recur_seconds_per_eval"].coefficients, [1e-5], rtol=0.03)
    assert [verdict.verdict for verdict in found.verdicts] == ["supported"]


def test_samples_that_test_predictions_enter_no_fit_and_adaptive_ones_do(rng: np.random.Generator) -> None:
    data = frame(rng).assign(stage="sweep")
    before = analyse(data, EXPERIMENT, [exponent()])
    more = data.assign(seconds_per_eval=7 * data["seconds_per_eval"], block=data["block"] + 100)
    for stage, counted in (("beyond", False), ("adaptive", True)):
        both = pd.concat([data, more.assign(stage=stage)], ignore_index=True)
        both.attrs = data.attrs
        after = analyse(both, EXPERIMENT, [exponent()])
        same = after.fits["fast", "seconds_per_eval"].n_samples == before.fits["fast", "seconds_per_eval"].n_samples
        assert same is not counted
        assert (after.verdicts == before.verdicts) is not counted


def test_a_level_that_lies_off_is_remarked_and_whether_it_was_put_in() -> None:
    levels = [1000, 2154, 4642, 10_000, 21_544, 46_416, 100_000]
    mine = Experiment(
        name="mine",
        factors=(Factor(name="n"),),
        subjects=(subject("code", "n"),),
        profiles={"quick": Profile(design=Design.grid({"n": levels}), blocks=3, seconds_per_sample=0.01)},
    )
    data = pd.DataFrame(
        [
            {"subject": "code", "n": n, "block": block, "seconds_per_eval": 1e-9 * n * (3 if n == 10_000 else 1)}
            for block in range(3)
            for n in levels
        ]
    )
    data.attrs = {"factors": ["n"], "run": {"added_levels": {"n": levels[1:-1]}}}
    (odd,) = analyse(data, mine, []).odd_levels
    assert (odd.subject, odd.level, odd.is_added) == ("code", 10_000, True)
    assert noise_line(analyse(data, mine, [])).endswith(
        "; code at n=10000, which was put in, takes 3 times as long as the levels beside it say, in all repetitions."
    )


def test_a_fit_that_is_impossible_has_a_reason(rng: np.random.Generator) -> None:
    data = frame(rng)
    found = analyse(data[data["subject"] != "slow"], EXPERIMENT)
    assert text_of(found.failures["slow", "seconds_per_eval"]) == "no data: slow has no rows with seconds_per_eval."
    assert ("fast", "seconds_per_eval") in found.fits


def test_overhead_is_looked_for_where_a_subject_states_none(rng: np.random.Generator) -> None:
    bare = dataclasses.replace(subject("fast", "T*V"), overhead=None)
    experiment = dataclasses.replace(EXPERIMENT, subjects=(bare,))
    found = analyse(frame(rng), experiment).fits["fast", "seconds_per_eval"]
    assert "T" in [term.term for term in found.terms if term.role == "overhead"]


def test_phases_have_overheads_of_their_own(rng: np.random.Generator) -> None:
    one = subject("fast", "T*V + T", output="T*V", recur="T")
    given = dataclasses.replace(one, phase_overheads={"output": ("1", "V")})
    fits = analyse(frame(rng), dataclasses.replace(EXPERIMENT, subjects=(given,))).fits
    assert fits["fast", "output_seconds_per_eval"].full_law.text == "T*V + 1 + V"
    bare = dataclasses.replace(one, phase_laws={"recur": CostLaw("V")}, phase_overheads={})  # none stated: looked for
    fits = analyse(frame(rng), dataclasses.replace(EXPERIMENT, subjects=(bare,))).fits
    assert "T" in [term.term for term in fits["fast", "recur_seconds_per_eval"].terms]


def test_two_names_of_one_subject_differ_by_noise_alone(rng: np.random.Generator) -> None:
    found = analyse(placebo_run(rng), WITH_PLACEBO)
    assert found.placebo is not None
    assert found.placebo.low < 1 < found.placebo.high
    assert found.placebo.high / found.placebo.low < 1.02
    assert found.placebo_alarms[1] == len(DESIGN)
    assert found.placebo_alarms[0] <= 4  # binomial(18, 0.05): 4 or fewer in 99.8 % of runs
    assert found.noise == pytest.approx(0.01, rel=0.2)
    assert found.contaminated_share == pytest.approx(0.1, abs=0.05)
    assert noise_line(found).startswith(f"Noise within points {in_percent(found.noise)}")
    assert f"false alarms at {found.placebo_alarms[0]} of 18 points" in noise_line(found)


def test_a_placebo_that_is_slower_is_seen(rng: np.random.Generator) -> None:
    found = analyse(placebo_run(rng, slower=1.03), WITH_PLACEBO)
    assert found.placebo is not None
    assert found.placebo.low > 1
    assert found.placebo.estimate == pytest.approx(1.03, abs=0.005)
    assert found.placebo_alarms[0] > 9


def test_the_placebos_interval_holds_1_as_often_as_it_says() -> None:
    hits = alarms = 0
    factors = ["T", "V"]
    for seed in range(100):
        data = placebo_run(np.random.default_rng(seed))
        first, second = (visits(data[data["subject"] == name], factors) for name in ("fast", "fast (placebo)"))
        ratio = paired_ratio(second, first)
        found = overall(ratio, 0.95)
        assert found is not None
        hits += found.low <= 1 <= found.high
        low, high = ratio.intervals(0.95)
        alarms += int(((low > 0) | (high < 0)).sum())
    assert 87 <= hits <= 100  # binomial(100, 0.95), one in a thousand
    assert 0.03 * 1800 <= alarms <= 0.08 * 1800  # points of one run share their pooled noise, so the band is wider


def test_a_run_without_placebo_or_blocks_says_so(rng: np.random.Generator) -> None:
    data = placebo_run(rng)
    assert analyse(data, EXPERIMENT).placebo is None
    assert "no placebo" in noise_line(analyse(data, EXPERIMENT))
    assert analyse(data.drop(columns="block"), WITH_PLACEBO).placebo is None
    assert analyse(data[data["subject"] == "fast"], WITH_PLACEBO).placebo is None
    once = analyse(data[data["block"] == 0], WITH_PLACEBO)
    assert (once.noise, noise_line(once)[:28]) == (None, "Noise unknown: no repetition")


def test_what_was_left_out_is_counted(rng: np.random.Generator) -> None:
    data = frame(rng)
    data.attrs["skips"] = [{"subject": "fast", "point": {"T": 1, "V": 10**9}, "reason": "memory"}]
    floor = data.assign(below_floor=(data["T"] == 2) & (data["timing"] == "whole"))
    found = analyse(floor, EXPERIMENT)
    assert found.below_floor == 3 * 3 * 5
    assert noise_line(found).endswith(
        "; 45 samples below the signal floor left out; fast: not measured at T=1 V=1000000000 (memory)."
    )
    assert found.fits["fast", "seconds_per_eval"].n_points == 15
    assert [skip["reason"] for skip in found.skips] == ["memory"]


def test_drift_of_a_block_cancels_in_a_ratio_with_a_common_part_taken_off() -> None:
    drift = np.array([1.0, 1.01, 0.99, 1.02, 0.98])
    made = {"a": 3 * T, "b": 2 * T, "c": T}
    data = run(made, DESIGN)
    data["seconds_per_eval"] *= drift[data["block"]]
    ratio = paired_ratio(*(visits(data[data["subject"] == name], ["T", "V"]) for name in made))
    np.testing.assert_allclose(np.exp(ratio.log_ratio), 2, rtol=1e-6)
    assert ratio.standard_error.max() < 1e-6


def test_pairs_of_other_points_and_blocks_are_left_out(rng: np.random.Generator) -> None:
    data = placebo_run(rng, slower=1.1, disturbed=0)
    first = visits(data[(data["subject"] == "fast") & (data["T"] > 2)], ["T", "V"])
    second = visits(data[(data["subject"] != "fast") & (data["block"] != 3)], ["T", "V"])
    ratio = paired_ratio(second, first)
    assert ratio.points == [(t, v) for t in (4, 8, 16, 32, 64) for v in (64, 256, 1024)]
    np.testing.assert_allclose(np.exp(ratio.log_ratio), 1.1, rtol=0.03)


def test_a_frame_without_subjects_is_refused() -> None:
    with pytest.raises(FitError, match="column 'subject': missing; the columns are T"):
        analyse(pd.DataFrame({"T": T}), EXPERIMENT)


def test_the_experiment_is_kept_for_the_report(rng: np.random.Generator) -> None:
    found = analyse(frame(rng), EXPERIMENT)
    assert isinstance(found.experiment, Experiment)
    assert found.frame.attrs["run"] == {"profile": "quick"}


def test_without_laws_it_says_so_and_does_not_blame_repetitions() -> None:
    rows = pd.DataFrame({"subject": "s", "n": [1, 1, 2, 2], "seconds_per_eval": [1.0, 1.1, 2.0, 2.1]})
    rows.attrs["factors"] = ["n"]
    experiment = Experiment(
        name="no laws",
        factors=(Factor(name="n"),),
        subjects=(Subject(name="s", prepare=lambda _: lambda: None),),
        profiles={"quick": Profile(design=Design.grid({"n": [1, 2]}))},
    )
    assert noise_line(analyse(rows, experiment)).startswith("Noise unknown: no law was fitted")


def test_a_law_that_was_another_one_when_the_run_was_measured_is_reported(rng: np.random.Generator) -> None:
    data = frame(rng)
    laws = {one.name: one.law.text if one.law else None for one in EXPERIMENT.subjects}
    data.attrs["run"] = {"laws": laws}
    same = noise_line(analyse(data, EXPERIMENT))
    data.attrs["run"] = {}
    assert noise_line(analyse(data, EXPERIMENT)) == same  # of a run that recorded no laws nothing can be said
    data.attrs["run"] = {"laws": {**laws, "fast": "T**2"}}
    reported = f"fast: judged by the law {law(str(laws['fast']))}; when it was measured it was T²"
    assert noise_line(analyse(data, EXPERIMENT)) == f"{same.removesuffix('.')}; {reported}."
