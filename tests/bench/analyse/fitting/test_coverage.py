"""How often intervals hold the truth, counted: points have 5 % effects of their own, 10 % of samples are disturbed.

Evidence of the band: 300 simulations outside the suite: 94 to 97 % for coefficients, shares, exponents, predictions.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from bptt_bench.analyse import fit, free_exponent
from scipy.stats import binom

from tests.bench.analyse.made import BASE, COEFFICIENTS, FULL, LAW, seconds, table

RUNS = 200
POINT_EFFECTS, NOISE = 0.05, 0.01
# an interval that covers 95 % lands outside this band once in a thousand; 90 % coverage would be caught in most runs
LOWEST, HIGHEST = (int(binom.ppf(tail, RUNS, 0.95)) for tail in (5e-4, 1 - 5e-4))
FAR = {"T": 256, "V": 16384, "d": 512, "H": 512}


@pytest.fixture(scope="module")
def hits() -> Counter[str]:
    """How many of the runs covered the truth, by quantity."""
    counts: Counter[str] = Counter()
    exact, far = seconds(), float(FULL.evaluate(FAR, COEFFICIENTS))
    values = FULL.columns({name: np.array([level]) for name, level in BASE.items()})[0] * COEFFICIENTS
    for run in range(RUNS):
        rng = np.random.default_rng(run)
        frame = table(exact, rng=rng, noise=NOISE, point_effects=POINT_EFFECTS, disturbed=0.1)
        found = fit(frame, LAW, overhead="1 + T", block="block")
        for term, truth in zip(found.terms, COEFFICIENTS, strict=True):
            counts[term.term] += term.low <= truth <= term.high
        measured = far * np.exp(rng.normal(0, POINT_EFFECTS) + rng.normal(0, NOISE))
        truths = {
            "share": (found.share(["T*H*V"], BASE), values[0] / values.sum()),
            "exponent": (found.exponent("T", BASE), FULL.local_exponent("T", BASE, COEFFICIENTS.tolist())),
            "curve": (found.curve([FAR])[0], far),
            "prediction": (found.predict([FAR])[0], measured),
            "free exponent": (free_exponent(found, ["T*H*V"], "V", BASE).interval, 1.0),
        }
        for name, (interval, truth) in truths.items():
            counts[name] += interval.low <= truth <= interval.high
    return counts


@pytest.mark.parametrize(
    "quantity",
    [*map(str, FULL.terms), "share", "exponent", "curve", "prediction", "free exponent"],
)
def test_intervals_hold_the_truth_as_often_as_they_say(hits: Counter[str], quantity: str) -> None:
    assert LOWEST <= hits[quantity] <= HIGHEST
