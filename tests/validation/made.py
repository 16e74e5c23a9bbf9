"""Outcomes that were never computed, quick to make and exactly known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from bptt_bench.validation.score import Outcome
from bptt_bench.validation.simulate import LEVELS, Setting

from tests.validation.work import Bench

QUANTITIES = (*(f"exponent of {name}" for name in LEVELS), "prediction")
ORDERS = ("T*log(T)", "T**1.5", "T*(T+1)/2", "T**2*log(T)")


def outcome(setting: Setting, seeds: np.random.SeedSequence, **asked: Any) -> Outcome:
    """An outcome in the place of ``trial``: its errors are drawn from the seeds, all else is as it should be."""
    rng = np.random.default_rng(seeds)
    return Outcome(
        setting=setting,
        overhead=asked.get("overhead", "1 + T"),
        error_beyond=float(rng.uniform(0, 0.01)),
        exponent_error=float(rng.uniform(0, 0.001)),
        covered={name: bool(rng.random() < 0.95) for name in QUANTITIES},
        lack_of_fit=False,
        orders=dict.fromkeys(ORDERS, "this") if asked.get("orders") else {},
        step_found=True if asked.get("step") else None,
        seconds_per_fit=0.02,
    )


def bench(score: Callable[..., Outcome] = outcome) -> Bench:
    """A bench without peers that fits nothing."""
    return Bench(peers={}, score=score, score_beyond_t=lambda *_: 0.01)


MADE = bench()
