"""Kriging of residuals: it adds what neighbours share, nothing where they share nothing, and knows how far it sees."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.predict.neighbours import Neighbours
from bptt_bench.errors import FitError
from bptt_bench.plan import CostLaw

LAW = CostLaw("n*m + n")
UNIT_COSTS = np.array([2e-9, 5e-8])
N = np.geomspace(10, 10_000, 12)
M = np.geomspace(4, 4_000, 8)


def exact(n: np.ndarray, m: np.ndarray) -> np.ndarray:
    return np.asarray(LAW.columns({"n": n, "m": m}) @ UNIT_COSTS)


def grid() -> tuple[np.ndarray, np.ndarray]:
    n, m = np.meshgrid(N, M)
    return n.ravel(), m.ravel()


def frame(seconds: np.ndarray, rng: np.random.Generator, noise: float = 0.003) -> pd.DataFrame:
    """Three samples of each point of the grid."""
    n, m = (np.repeat(levels, 3) for levels in grid())
    made = pd.DataFrame({"n": n, "m": m, "seconds_per_eval": np.repeat(seconds, 3)})
    made["seconds_per_eval"] *= np.exp(noise * rng.standard_normal(len(made)))
    made.attrs["factors"] = ["n", "m"]
    return made


def rows_effect(m: np.ndarray) -> np.ndarray:
    """What the length of a row does to every unit cost: no law knows it, and neighbours share it."""
    return np.asarray(1 + 0.12 * np.sin(1.3 * np.log(m)))


def test_without_anything_shared_predictions_are_the_laws(rng: np.random.Generator) -> None:
    fitted = fit(frame(exact(*grid()), rng), LAW, overhead="1")
    far = [{"n": 40_000.0, "m": 4_000.0}]
    by_law, by_neighbours = fitted.predict(far)[0], Neighbours(fitted).predict(far)[0]
    assert by_neighbours.estimate == pytest.approx(by_law.estimate, rel=0.004)
    assert by_neighbours.low <= exact(np.array([40_000.0]), np.array([4_000.0]))[0] <= by_neighbours.high


def test_a_shared_unit_cost_is_carried_along_the_factor_it_does_not_depend_on(rng: np.random.Generator) -> None:
    n, m = grid()
    fitted = fit(frame(exact(n, m) * rows_effect(m), rng), LAW, overhead="1")
    neighbours = Neighbours(fitted)
    beyond = {"n": np.full(len(M), 40_000.0), "m": M}
    truth = exact(beyond["n"], M) * rows_effect(M)
    by_law = np.array([one.estimate for one in fitted.predict(pd.DataFrame(beyond))])
    found = neighbours.predict(pd.DataFrame(beyond))
    error = np.abs(np.log([one.estimate for one in found] / truth))
    assert np.median(np.abs(np.log(by_law / truth))) > 0.05, "the law alone must miss it, or this shows nothing"
    assert np.median(error) < 0.02
    assert neighbours.lengths["n"] > 3 * neighbours.lengths["m"]
    assert all(one.low <= true <= one.high for one, true in zip(found, truth, strict=True))


def test_far_from_all_points_it_is_the_law_with_a_wide_interval(rng: np.random.Generator) -> None:
    n, m = grid()
    fitted = fit(frame(exact(n, m) * rows_effect(m), rng), LAW, overhead="1")
    neighbours = Neighbours(fitted)
    near, far = neighbours.predict([{"n": 300.0, "m": 100.0}, {"n": 300.0, "m": 1e12}])
    assert np.log(far.high / far.estimate) > 1.4 * np.log(near.high / near.estimate)
    assert np.log(far.high / far.estimate) > neighbours.shared


def test_intervals_hold_what_they_promise(rng: np.random.Generator) -> None:
    """Points of a field with known lengths: 95 % intervals beyond the grid hold about that many of the truths."""
    n, m = grid()
    beyond_n = np.repeat([20_000.0, 40_000.0], len(M))
    beyond_m = np.tile(M, 2)
    x = np.log(np.column_stack([np.concatenate([n, beyond_n]), np.concatenate([m, beyond_m])]))
    apart = np.sqrt((((x[:, None] - x[None]) / np.array([4.0, 1.0])) ** 2).sum(axis=-1))
    root = np.linalg.cholesky(0.08**2 * np.exp(-apart) + 1e-10 * np.eye(len(x)))
    held = []
    for _ in range(8):
        field = np.exp(root @ rng.standard_normal(len(x)))
        fitted = fit(frame(exact(n, m) * field[: len(n)], rng), LAW, overhead="1")
        found = Neighbours(fitted).predict(pd.DataFrame({"n": beyond_n, "m": beyond_m}))
        truth = exact(beyond_n, beyond_m) * field[len(n) :]
        held += [one.low <= true <= one.high for one, true in zip(found, truth, strict=True)]
    assert 0.88 <= np.mean(held) <= 1.0  # 128 of them, not independent of each other


def beyond_a_cache(rng: np.random.Generator, spread: float) -> Fit:
    """A fit to times whose scatter beyond a threshold in n is ``spread``, and 1 % within."""
    n, m = grid()
    threshold = 8 * 500.0
    ramp = np.maximum(0.0, 1 - (threshold / (8 * n)) ** 2)
    truth = exact(n, m) * (1 + 2 * ramp)
    seconds = truth * np.exp(rng.standard_normal(len(n)) * np.where(n > 500, spread, 0.01))
    return fit(frame(seconds, rng), LAW, overhead="1", term_bytes={"n*m": "8*n", "n": "8*n"})


def test_intervals_are_as_wide_as_the_residuals_nearby(rng: np.random.Generator) -> None:
    fitted = beyond_a_cache(rng, 0.15)
    assert fitted.regimes, "without a threshold found there is nothing to distinguish"
    neighbours = Neighbours(fitted)
    inside, outside = neighbours.predict([{"n": 100.0, "m": 8_000.0}, {"n": 20_000.0, "m": 8_000.0}])
    assert np.log(inside.high / inside.estimate) < 0.08
    assert np.log(outside.high / outside.estimate) > 0.2
    assert neighbours.extra_amplitude > 2


def test_a_law_without_thresholds_has_one_amplitude(rng: np.random.Generator) -> None:
    fitted = fit(frame(exact(*grid()) * np.exp(0.05 * rng.standard_normal(len(grid()[0]))), rng), LAW, overhead="1")
    assert not fitted.regimes
    assert Neighbours(fitted).extra_amplitude == 0


def test_too_few_points_are_refused(rng: np.random.Generator) -> None:
    made = frame(exact(*grid()), rng)
    few = made[(made["n"] < 30) & (made["m"] < 300)]
    few.attrs["factors"] = ["n", "m"]
    with pytest.raises(FitError, match=r"^points: \d+; neighbours need at least \d+$"):
        Neighbours(fit(few, LAW, overhead="1"))


def test_a_factor_at_zero_has_neighbours_too(rng: np.random.Generator) -> None:
    made = frame(exact(*grid()) + 1e-7, rng)
    made["m"] = made["m"].where(made["m"] > 5, 0.0)
    made["seconds_per_eval"] = made["seconds_per_eval"].where(made["m"] > 0, 5e-8 * made["n"] + 1e-7)
    (found,) = Neighbours(fit(made, LAW, overhead="1")).predict([{"n": 20_000.0, "m": 0.0}])
    assert found.estimate == pytest.approx(5e-8 * 20_000, rel=0.05)


def test_a_term_in_the_place_of_another_does_not_widen_intervals(rng: np.random.Generator) -> None:
    """Beyond 1 the second term is the first: the data tell nothing of either alone, and no prediction needs it."""
    samples, far = frame(exact(*grid()), rng), [{"n": 40_000.0, "m": 4_000.0}]
    alike = fit(samples, CostLaw("n*m + n*m*max(0, 1 - (1/m)**2) + n"), overhead="1")
    zero = [term for term in alike.terms if term.coefficient == 0 and np.isfinite(term.high)]
    assert zero, "one of the two must have ended at 0, or this shows nothing"
    assert width(alike, far) < 1.1 * width(fit(samples, LAW, overhead="1"), far)


def test_a_term_that_was_too_small_to_see_widens_intervals_beyond(rng: np.random.Generator) -> None:
    n, m = grid()
    samples = frame(exact(n, m) * (n * m) ** -0.003, rng)
    unseen, far = fit(samples, CostLaw("n*m + n + n**2*m**2"), overhead="1"), [{"n": 4e6, "m": 4e5}]
    assert unseen.terms[2].coefficient == 0, "else it is not unseen"
    assert width(unseen, far) > 2 * width(fit(samples, LAW, overhead="1"), far)


def width(fitted: Fit, points: list[dict[str, float]]) -> float:
    """Half the logarithm of high over low."""
    (found,) = Neighbours(fitted).predict(points)
    return float(np.log(found.high / found.low)) / 2
