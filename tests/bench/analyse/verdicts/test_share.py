"""Shares of the time that terms with a factor take."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.errors import FitError
from bptt_bench.plan import (
    Point,
)
from bptt_bench.report.words.reasons import text_of
from bptt_bench.text.numbers import in_percent

from tests.bench.analyse.verdicts.claims import (
    frame,
    share,
    verdict,
)


@pytest.mark.parametrize(
    ("asked", "bound", "word"),
    [(0.5, "lower", "supported"), (0.9, "lower", "refuted"), (0.9, "upper", "supported"), (0.5, "upper", "refuted")],
)
def test_a_share_is_judged_against_its_bound(rng: np.random.Generator, asked: float, bound: str, word: str) -> None:
    found = verdict(frame(rng), share(share=asked, bound=bound))
    assert found.verdict == word
    assert found.estimate == pytest.approx(2.56 / 3.56, abs=0.02)  # 1e-7·256 against 1e-5 a step
    asked_in_words = f"at {'least' if bound == 'lower' else 'most'} {in_percent(asked, 0)}"
    assert text_of(found.reason).startswith("terms with V take 7")
    assert f"of the time at T=32 V=256, claimed {asked_in_words}; measured there, 7" in text_of(found.reason)
    assert text_of(found.reason).endswith("in phase output.")


@pytest.mark.parametrize(("asked", "bound", "fitted"), [(0.6, "lower", "supported"), (0.6, "upper", "refuted")])
def test_a_share_larger_than_that_of_its_phases_is_open(
    rng: np.random.Generator, asked: float, bound: str, fitted: str
) -> None:
    data = frame(rng)
    assert verdict(data, share(share=asked, bound=bound)).verdict == fitted
    data["output_seconds_per_eval"] *= 0.2  # the phase has a third of the time, where the fit says 72 %
    found = verdict(data, share(share=asked, bound=bound))
    assert found.verdict == "inconclusive"
    assert "terms with V take 7" in text_of(found.reason)
    assert "measured there, 33." in text_of(found.reason)


def test_a_share_smaller_than_that_of_its_phases_is_judged_as_it_is(rng: np.random.Generator) -> None:
    """A phase also holds the calls made in it, which do not depend on the factor."""
    data = frame(rng)
    data["output_seconds_per_eval"] *= 10
    assert verdict(data, share(share=0.9)).verdict == "refuted"
    assert verdict(data, share(share=0.9, bound="upper")).verdict == "supported"


def test_without_times_of_phases_the_share_is_that_of_the_fit_alone(rng: np.random.Generator) -> None:
    data = frame(rng).drop(columns="output_seconds_per_eval")
    found = verdict(data, share())
    assert found.verdict == "supported"
    assert text_of(found.reason).endswith("claimed at least 50 %.")


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
