"""What a fit must not keep to itself: each caution where it is due, and none where all is well."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import Fit, fit, prefer
from bptt_bench.analyse.findings.fits import (
    CollinearFactors,
    DistantSamples,
    FitsByOverhead,
    IdenticalRepetitions,
    MostlyOverhead,
    OverheadOnly,
    ReferenceHost,
)
from bptt_bench.analyse.fitting.cautions import cautions, has_two_populations, overhead_names
from bptt_bench.report.words.documents import preference_document
from bptt_bench.report.words.findings.clauses import words

SIZES = np.array([100.0, 200, 400, 800, 1600, 3200, 6400])


def repeated(rng: np.random.Generator, repetitions: int = 5, noise: float = 0.02, **more: object) -> pd.DataFrame:
    """A microsecond times n, several noisy samples of each point."""
    n = np.repeat(SIZES, repetitions)
    return pd.DataFrame({"n": n, **more, "seconds_per_eval": 1e-6 * n * np.exp(noise * rng.normal(size=len(n)))})


def test_a_sound_fit_has_no_caution(rng: np.random.Generator) -> None:
    found = fit(repeated(rng), "n")
    assert cautions(found) == ()
    assert found.lack_of_fit.kind == "not_rejected"


@pytest.mark.parametrize(
    ("samples", "overhead"),
    [([(100, 1.02), (1000, 9.7)], "auto"), ([(100, 103), (1000, 970), (5000, 5100)], "1")],
)
def test_one_sample_a_point_and_one_degree_of_freedom_test_nothing(
    samples: list[tuple[float, float]], overhead: str
) -> None:
    found = fit(pd.DataFrame(samples, columns=["n", "seconds_per_eval"]), "n", overhead=overhead).lack_of_fit
    assert (found.kind, found.p_value) == ("not_testable", None)
    assert words(found).startswith("lack of fit cannot be tested: one sample a point")


def linear(rng: np.random.Generator) -> pd.DataFrame:
    return repeated(rng)


def constant(rng: np.random.Generator) -> pd.DataFrame:
    made = repeated(rng)
    return made.assign(seconds_per_eval=made["seconds_per_eval"] / made["n"])


@pytest.mark.parametrize(("law", "make", "overhead"), [("n*log(n)", linear, "n"), ("n**2", constant, "1")])
def test_a_law_that_takes_none_of_the_time_is_not_confirmed(
    law: str, make: Callable[[np.random.Generator], pd.DataFrame], overhead: str, rng: np.random.Generator
) -> None:
    found = fit(make(rng), law)
    (caution,) = map(words, cautions(found))
    assert caution.startswith("the law's own terms explain ")
    assert f" % of the time at the largest point, {'100' if overhead == '1' else '97'} % are the overhead " in caution
    assert caution.endswith(f" the overhead {overhead}")
    assert found.lack_of_fit.kind == "not_testable"
    assert words(found.lack_of_fit).startswith("the law's own terms cannot be tested; with the overhead no lack of")


def test_laws_that_both_end_as_their_overhead_say_so(rng: np.random.Generator) -> None:
    samples = linear(rng)
    found = prefer(samples, "n*log(n)", "n**2")
    assert found.decision == "undetermined"
    assert found.note == OverheadOnly(overheads=(("n",),))
    assert preference_document(found)["note"] == "both laws fit by their overhead alone, n"
    assert prefer(samples, "n", "n + 1").note is None


def test_a_law_that_is_preferred_because_the_other_is_overhead_alone_says_so() -> None:
    n = np.repeat([1000.0, 2000, 4000, 8000, 16_000, 32_000, 64_000], 3)
    seconds = 1e-8 * n * np.resize([0.99, 1.0, 1.01], len(n))
    found = prefer(pd.DataFrame({"n": n, "seconds_per_eval": seconds}), "n", "n**2")
    assert found.decision == "this"
    assert found.note == FitsByOverhead(law="n**2", overhead=("n",))
    assert preference_document(found)["note"] == "n² fits as well, but by its overhead alone, n"


def identical(times: np.ndarray) -> Fit:
    rows = {"n": np.repeat(SIZES, 5), "seconds_per_eval": np.repeat(times, 5)}
    return fit(pd.DataFrame(rows), "n")


def test_identical_repetitions_are_no_estimate_of_noise(rng: np.random.Generator) -> None:
    times = 1e-6 * SIZES * np.exp(0.02 * rng.normal(size=len(SIZES)))
    found = identical(times)
    alone = fit(pd.DataFrame({"n": SIZES, "seconds_per_eval": times}), "n")
    assert found.noise.relative is None
    assert found.lack_of_fit.p_value is None
    assert words(found.lack_of_fit).startswith("lack of fit cannot be tested: repetitions are identical")
    assert cautions(found)[0] == IdenticalRepetitions()
    assert found.n_samples == 35
    assert np.allclose(found.predict([{"n": 1e4}]), alone.predict([{"n": 1e4}]))
    assert found.predict([{"n": 1e4}])[0].high > 1.01 * found.predict([{"n": 1e4}])[0].estimate


def test_a_clock_that_shows_one_time_alone_proves_nothing() -> None:
    found = identical(np.full(len(SIZES), 0.01))
    assert (found.lack_of_fit.kind, found.lack_of_fit.p_value) == ("not_testable", None)
    assert cautions(found) == (MostlyOverhead(share=0.0, of="time", overhead=("1",)), IdenticalRepetitions())


def test_overhead_that_is_small_at_the_largest_point_is_named_where_no_other_is() -> None:
    p = np.repeat([1.0, 2, 4, 8, 16, 32, 64], 3)
    falls = fit(pd.DataFrame({"p": p, "seconds_per_eval": 1 / p + 1e-4 * (1 + 1e-3 * np.arange(len(p)))}), "1/p")
    assert [term.share_at_largest < 0.01 for term in falls.terms if term.role == "overhead"] == [True]
    assert overhead_names(falls) == ("1",)


def test_two_populations_at_every_point_are_named(rng: np.random.Generator) -> None:
    made = repeated(rng, 12, 0.01)
    slow = rng.random(len(made)) < 0.5
    found = fit(made.assign(seconds_per_eval=made["seconds_per_eval"] * np.where(slow, 2, 1)), "n")
    assert has_two_populations(found)
    (caution,) = cautions(found)
    assert caution == DistantSamples(share=found.noise.far_share)
    share = round(100 * found.noise.far_share)
    expected = f"{share} % of the samples lie far above the rest: the figures describe the faster ones alone"
    assert words(caution) == expected


def test_several_hosts_have_one_to_which_the_figures_belong(rng: np.random.Generator) -> None:
    made = repeated(rng, 10, 0.01, host=np.tile(["alpha"] * 6 + ["beta"] * 4, len(SIZES)))
    found = fit(made.assign(seconds_per_eval=made["seconds_per_eval"] * np.where(made["host"] == "beta", 1.5, 1)), "n")
    assert cautions(found) == (ReferenceHost(host="alpha"),)


@pytest.mark.parametrize("law", ["n*m", "n + m"])
def test_factors_that_never_vary_apart_are_named(law: str, rng: np.random.Generator) -> None:
    made = repeated(rng)
    together = fit(made.assign(m=2 * made["n"]), law)
    assert CollinearFactors(factors=("m", "n")) in cautions(together)
    assert cautions(fit(made.assign(m=2 * made["n"]), "n")) == ()  # the law has one of them alone
    apart = made.assign(m=np.tile([1.0, 20, 3, 40, 5], len(SIZES)))
    assert not any(isinstance(one, CollinearFactors) for one in cautions(fit(apart, law)))
