"""Scores of simulated measurements against their truth, and summaries of many."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.analyse.fitting.fit import Fit, fit
from bptt_bench.analyse.fitting.select import prefer_fits
from bptt_bench.plan import CostLaw, Point
from bptt_bench.validation.simulate import (
    CACHED_TERM,
    DESIGNS,
    LAWS,
    LEVELS,
    OVERHEAD,
    STEP_BYTES,
    WORKING_SET,
    Setting,
    Truth,
    simulate,
)

if TYPE_CHECKING:
    import pandas as pd

STATED = " + ".join(OVERHEAD)  # the true overhead, stated to the fit instead of selected by it
BEYOND = 4  # times the largest level of every factor: where predictions are scored
CACHE_STEP = 1.3  # ratio of unit costs
STEP_WITHIN = 2.0  # a threshold within this factor counts as found
REJECT_BELOW = 0.05  # level of the lack-of-fit test
ORDERS = ("T", "T*log(T)", "T**1.5", "T*(T+1)/2", "T**2*log(T)")
OWN_ORDER = {"aggregated": "T", "naive": "T*(T+1)/2"}  # of the terms whose order in T is in question


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Scores of one simulated measurement; ``None`` and empty where not requested.

    Attributes
    ----------
    error_beyond : relative error of the law at ``BEYOND`` times the largest level of every factor.
    exponent_error : largest absolute error of a local exponent, over factors, at the design's point of longest time.
    covered : quantity -> whether its interval covers the truth.
    lack_of_fit : whether the true law was rejected at the 5 % level, which is correct where points have effects.
    orders : order in T -> ``this``, ``other`` or ``undetermined``; ``this`` is the truth.
    step_found : whether a cache step was found within a factor ``STEP_WITHIN`` of the true one.
    step_made_up : whether a threshold was found without a true one.
    """

    setting: Setting
    overhead: str
    error_beyond: float
    exponent_error: float
    covered: Mapping[str, bool]
    lack_of_fit: bool
    orders: Mapping[str, str] = field(default_factory=dict)
    step_found: bool | None = None
    step_made_up: bool = False
    seconds_per_fit: float = 0.0


def trial(
    setting: Setting,
    seeds: np.random.SeedSequence,
    *,
    overhead: str = STATED,
    orders: bool = True,
    step: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> Outcome:
    """Simulate a measurement, fit it and score the fit; the same seeds give the same scores.

    Parameters
    ----------
    overhead : as for ``fit``: ``"auto"``, or the true terms.
    orders : compare the law with the same law of other orders in T.
    step : also fit a table with a cache step.
    clock : seconds, for ``seconds_per_fit``.
    """
    first, second = (np.random.default_rng(each) for each in seeds.spawn(2))
    frame, truth = simulate(setting, first)
    started = clock()
    found = fit(frame, LAWS[setting.law], overhead=overhead)
    seconds = clock() - started
    alarm = (1.0 if found.lack_of_fit.p_value is None else found.lack_of_fit.p_value) <= REJECT_BELOW
    return Outcome(
        setting=setting,
        overhead=overhead,
        error_beyond=_error_beyond(found, truth),
        exponent_error=_exponent_error(found, truth, setting),
        covered=_covered(found, truth, setting),
        lack_of_fit=alarm,
        orders=_orders(frame, found, setting, overhead) if orders else {},
        step_found=_step_found(simulate(setting, second, cache_step=CACHE_STEP)[0], setting, overhead)
        if step
        else None,
        step_made_up=alarm and bool(_with_regimes(frame, setting, overhead).regimes),
        seconds_per_fit=seconds,
    )


def beyond() -> Point:
    """Return the point at ``BEYOND`` times the largest level of every factor."""
    return Point({name: BEYOND * max(levels) for name, levels in LEVELS.items()})


def longest(truth: Truth, setting: Setting) -> Point:
    """Return the point of the design with the longest true time."""
    points = DESIGNS[setting.design].points
    times = truth.at({name: np.array([point[name] for point in points]) for name in LEVELS})
    return points[int(np.argmax(times))]


def _error_beyond(found: Fit, truth: Truth) -> float:
    exact = float(truth.at(beyond()))
    return abs(found.curve([beyond()])[0].estimate / exact - 1)


def _exponent_error(found: Fit, truth: Truth, setting: Setting) -> float:
    at = longest(truth, setting)
    return max(abs(found.exponent(name, at).estimate - truth.local_exponent(name, at)) for name in LEVELS)


def _covered(found: Fit, truth: Truth, setting: Setting) -> dict[str, bool]:
    intervals = {term.term: (term.low, term.high) for term in found.terms}
    covered = {}
    for term, exact in zip(map(str, truth.law.terms), truth.coefficients, strict=True):
        low, high = intervals.get(term, (0.0, 0.0))  # a term that was not selected is estimated as 0
        covered[f"coefficient of {term}"] = bool(low <= exact <= high)
    at, far = longest(truth, setting), beyond()
    for name in LEVELS:
        _, low, high = found.exponent(name, at)
        covered[f"exponent of {name}"] = bool(low <= truth.local_exponent(name, at) <= high)
    _, low, high = found.curve([far])[0]
    covered["prediction"] = bool(low <= float(truth.at(far)) <= high)
    return covered


def with_order(law: str, order: str) -> CostLaw:
    """Return a law of ``LAWS`` with another order in T: of all terms, or of the recurrent ones where these differ."""
    own = OWN_ORDER[law]
    shape = re.escape(own) if own != "T" else r"T(?=\*)"
    return CostLaw(re.sub(shape, order, LAWS[law].text))


def _orders(frame: pd.DataFrame, found: Fit, setting: Setting, overhead: str) -> dict[str, str]:
    others = (order for order in ORDERS if order != OWN_ORDER[setting.law])
    return {
        order: prefer_fits(found, fit(frame, with_order(setting.law, order), overhead=overhead)).decision
        for order in others
    }


def _with_regimes(frame: pd.DataFrame, setting: Setting, overhead: str) -> Fit:
    return fit(frame, LAWS[setting.law], overhead=overhead, term_bytes={CACHED_TERM: WORKING_SET})


def _step_found(frame: pd.DataFrame, setting: Setting, overhead: str) -> bool:
    regimes = _with_regimes(frame, setting, overhead).regimes
    return any(1 / STEP_WITHIN <= regime.threshold / STEP_BYTES <= STEP_WITHIN for regime in regimes)


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return a summary of outcomes of one setting, as plain data.

    ``error_beyond`` and ``exponent_error`` as median and 95th percentile; ``coverage`` by quantity; ``orders`` as
    counts over all comparisons; shares of trials for the rest.

    Raises
    ------
    ValueError : no outcomes.
    """
    if not outcomes:
        raise ValueError("`outcomes` must have at least 1 element, got 0")
    steps = [each.step_found for each in outcomes if each.step_found is not None]
    words = [word for each in outcomes for word in each.orders.values()]
    return {
        "trials": len(outcomes),
        "error_beyond": _spread([each.error_beyond for each in outcomes]),
        "exponent_error": _spread([each.exponent_error for each in outcomes]),
        "coverage": {name: _share([each.covered[name] for each in outcomes]) for name in outcomes[0].covered},
        "lack_of_fit": _share([each.lack_of_fit for each in outcomes]),
        "orders": {
            "comparisons": len(words),
            "wrong": words.count("other"),
            "decided": len(words) - words.count("undetermined"),
        },
        "step_found": _share(steps) if steps else None,
        "step_made_up": _share([each.step_made_up for each in outcomes]),
        "seconds_per_fit": float(np.median([each.seconds_per_fit for each in outcomes])),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": float(np.median(values)), "p95": float(np.quantile(values, 0.95))}


def _share(values: Sequence[bool]) -> float:
    return float(np.mean(values))
