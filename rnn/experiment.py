"""The language model as an experiment: the only file of ``rnn`` that knows the harness.

Two base points carry the design. At the *seed scale* (d = H = 100) the output layer dominates, as the derivation says;
at the *recurrent* point (V = 32, d = H = 240) it does not, and d, H² and T² can be seen at all.

Levels of d and H along lines are multiples of 16, whole cache lines of float32: rows that straddle them made the same
operation up to 10 % dearer (75, 150 and 250 against 60, 100 and 200). None is a large power of two: rows that are a
power of two bytes apart compete for the same places in a cache, at up to twice the cost (512, 1024 against 480 to 960).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.plan import (
    CheckClaim,
    CheckResult,
    Claim,
    CostLaw,
    Counts,
    CrossoverClaim,
    Design,
    Evaluation,
    Experiment,
    ExponentClaim,
    Factor,
    PhaseSwitch,
    Point,
    Profile,
    RatioClaim,
    ShareClaim,
    Subject,
)
from rnn import checks, cost
from rnn.gradients import ALGORITHMS, Workspace, forward
from rnn.model import Params
from rnn.text import load

FACTORS = (
    Factor(name="V", meaning="vocabulary size, words"),
    Factor(name="d", meaning="embedding size"),
    Factor(name="H", meaning="hidden size"),
    Factor(name="T", meaning="time steps"),
)
FIRST_TOKEN = 5_000  # of the text: past the headings that open it
SEED_SCALE = Point(V=1000, d=100, H=100, T=35)
RECURRENT = Point(V=32, d=240, H=240, T=16)
RATIO_V = (240, 960, 3840)  # at d = H = 240, where an operation costs about the same in both parts
RATIO_T = (4, 8, 16, 32, 64)


# --- subjects ---------------------------------------------------------------------------------------------------------


def _sizes(point: Mapping[str, float]) -> dict[str, int]:
    return {name: int(point[name]) for name in ("V", "d", "H", "T")}


def _prepare(name: str, corpus: Path | None, point: Point, phase: PhaseSwitch | None = None) -> Evaluation:
    """Parameters, tokens and a workspace that is kept from one evaluation to the next, as training would keep it."""
    V, d, H, T = _sizes(point).values()
    text = load(corpus)
    start = FIRST_TOKEN if len(text.ranks) > FIRST_TOKEN + T else 0
    tokens = text.tokens(V, T, start)
    params = Params.init(V, d, H, np.random.default_rng([V, d, H, T]))
    algorithm: Callable[..., object] = forward if name == "forward" else ALGORITHMS[name]
    return functools.partial(algorithm, params, tokens, None, Workspace(), phase)


def _subject(name: str, corpus: Path | None) -> Subject:
    def counts(point: Point) -> Counts:
        return cost.counts(name, *_sizes(point).values())

    def working_set(point: Point) -> int:
        return cost.working_set(name, *_sizes(point).values())

    return Subject(
        name=name,
        prepare=functools.partial(_prepare, name, corpus),
        prepare_phased=functools.partial(_prepare, name, corpus),
        law=CostLaw(cost.LAWS[name]),
        overhead=cost.OVERHEADS[name],
        phase_laws={phase: CostLaw(law) for phase, law in cost.PHASE_LAWS[name].items()},
        phase_overheads=cost.PHASE_OVERHEADS[name],
        counts=counts,
        working_set=working_set,
        term_bytes=cost.TERM_BYTES[name],
    )


# --- designs ----------------------------------------------------------------------------------------------------------


def _ratio_points(V: int) -> Design:
    return Design.grid({"V": [V], "d": [240], "H": [240], "T": RATIO_T})


QUICK_DESIGN = (
    Design.lines(SEED_SCALE, {"V": [500, 2000, 4000, 7000, 10_000, 14_000, 20_000, 30_000]})
    + Design.lines(SEED_SCALE.replace(V=2000), {"T": [5, 10, 20, 70]})
    + Design.lines(SEED_SCALE.replace(V=2000, T=16), {"H": [48, 80, 144, 208, 304, 400]})
    + Design.lines(RECURRENT, {"T": [4, 8, 32, 64, 128]})
    + Design.lines(RECURRENT, {"d": [48, 112, 480, 720, 960, 1440, 1920], "H": [48, 112, 368, 480, 592, 720, 848, 960]})
    + Design.of(point for V in RATIO_V for point in _ratio_points(V))
    + Design.grid({"V": [32], "d": [240, 720], "H": [240, 720], "T": [4]})  # large matrices over few steps
    + Design.lines({"V": 32, "d": 16, "H": 16, "T": 4}, {"T": [1, 16, 64]})  # what a call and a step cost beside
)
STANDARD_DESIGN = (
    QUICK_DESIGN
    + Design.lines(SEED_SCALE, {"V": [200, 50_000, 70_000, 100_000]})
    + Design.lines(SEED_SCALE.replace(V=2000), {"T": [3, 7, 14, 50, 100, 140]})
    + Design.lines(SEED_SCALE.replace(V=2000, T=16), {"H": [32, 112, 176, 240, 352], "d": [32, 48, 208, 400]})
    + Design.lines(RECURRENT, {"T": [6, 12, 24, 48, 96, 192], "d": [80, 176, 368, 592], "H": [80, 176, 416]})
    + _ratio_points(15_360)
    + Design.corners({"V": (64, 2048), "d": (48, 480), "H": (48, 480), "T": (4, 32)})
)
FULL_DESIGN = STANDARD_DESIGN + Design.lines(SEED_SCALE, {"V": [200_000, 500_000, 1_000_000]})

PROFILES = {
    "quick": Profile(design=QUICK_DESIGN, blocks=8, seconds_per_sample=0.01, processes=2, phase_blocks=3),
    "standard": Profile(design=STANDARD_DESIGN, blocks=10, seconds_per_sample=0.02, processes=5, phase_blocks=4),
    "full": Profile(design=FULL_DESIGN, blocks=10, seconds_per_sample=0.02, processes=5, phase_blocks=4),
}
# Of exponents. d and H have little room between the cost of a call and the caches, a factor of 20, and the price of an
# operation depends on the length of its rows by several per cent; T and V range over a factor of 50 and more.
MARGIN, SIZE_MARGIN = 0.1, 0.2
LARGEST_V = {"quick": 30_000, "standard": 100_000, "full": 1_000_000}


# --- claims -----------------------------------------------------------------------------------------------------------


def _judged(measure: Callable[[int], checks.Deviation], allowed: float, seed: int) -> CheckResult:
    found = measure(seed)
    return CheckResult(
        estimate=float(found.worst),
        allowed=allowed,
        cases=found.cases,
        detail=found.detail,
        maps=found.maps,
        map_axes=("step t of the loss J(t)", "step visited") if found.maps else None,
    )


def _meter() -> Any:
    from bench.measure.meter import Meter  # only when operations are counted

    return Meter(strict=True)


def _checks() -> list[Claim]:
    def claim(
        name: str, subject: str, statement: str, allowed: float, check: Callable[..., checks.Deviation], *args: Any
    ) -> Claim:
        judged = functools.partial(_judged, functools.partial(check, *args), allowed)
        return CheckClaim(name=name, subject=subject, statement=statement, check=judged)

    identities = "(∏ PP)^(1/T) = exp((1/T) Σ J), and a uniform predictor has PP = V"
    slope = "the gradient is the slope of the loss"
    counted = "every phase and category of operation, as integers"
    made = "passes really made, for T from 1 to 40"
    same = "the same gradients as naive"
    return [
        claim("perplexity", "model", identities, 1e-12, checks.perplexity_identities),
        claim("gradients of one step", "all", "∂J/∂U = δ hᵀ, … (claim b)", 1e-12, checks.one_step_formulas),
        *(
            claim(
                f"gradients of {name} = central difference", name, slope, 1e-7, checks.gradients_match_differences, name
            )
            for name in ALGORITHMS
        ),
        *(
            claim(
                f"gradients of {name} = naive, {np.dtype(dtype).name}",
                name,
                same,
                allowed,
                checks.gradients_agree,
                name,
                dtype,
            )
            for name in ("aggregated", "batched")
            for dtype, allowed in ((np.float64, 1e-12), (np.float32, 2e-5))
        ),
        *(
            claim(f"operations of {name} = closed form", name, counted, 0, checks.counts_match, name, _meter)
            for name in cost.SUBJECTS
        ),
        *(
            claim(f"backward passes of {name} = {form}", name, made, 0, checks.passes_match, name)
            for name, form in (("naive", "T(T+1)/2"), ("aggregated", "T"), ("batched", "T"))
        ),
    ]


def _exponents() -> list[Claim]:
    claims: list[Claim] = []
    output, embed, recur = cost.LAWS["aggregated"].split(" + ")
    for name in ("aggregated", "batched"):
        for label, factor, terms, at, margin in (
            ("T", "T", (output, embed, recur), SEED_SCALE.replace(V=2000, T=70), MARGIN),
            ("V", "V", (output,), SEED_SCALE.replace(V=20_000), MARGIN),
            ("d", "d", (embed,), RECURRENT.replace(d=960), SIZE_MARGIN),
            ("H in T·H·V", "H", (output,), SEED_SCALE.replace(V=2000, H=400, T=16), SIZE_MARGIN),
            ("H in T·H²", "H", (recur,), RECURRENT.replace(H=960), SIZE_MARGIN),
        ):
            claims.append(
                ExponentClaim(
                    name=f"{name}: exponent of {label}",
                    subject=name,
                    statement=f"time grows with {factor} as the law says",
                    factor=factor,
                    terms=terms,
                    at=at,
                    margin=margin,
                )
            )
    claims.append(
        ExponentClaim(
            name="naive: exponent of T, recurrent part",
            subject="naive",
            statement="the recurrent part of naive grows as T(T+1)/2",
            factor="T",
            terms=(cost.PHASE_LAWS["naive"]["recur"],),
            at=RECURRENT.replace(T=128),
            response="recur_seconds_per_eval",
            margin=MARGIN,
        )
    )
    return claims


def _ratios() -> list[Claim]:
    claims: list[Claim] = [
        RatioClaim(
            name=f"naive/aggregated, V={V}",
            subject="naive",
            statement="backward costs are as [V + (T+1)/2 (d+H)] to (V + d + H)",
            over="aggregated",
            less="forward",
            ratio=cost.BACKWARD_RATIO,
            points=_ratio_points(V),
            margin=0.25,
        )
        for V in RATIO_V
    ]
    claims += [
        CrossoverClaim(
            name=f"crossover T*, V={V}",
            subject="naive",
            statement="the recurrent part overtakes the output part at T* = 2V/(d+H) - 1",
            factor="T",
            at=Point(V=V, d=240, H=240, T=16),
            rising=("embed", "recur"),
            falling=("output",),
            level=cost.CROSSOVER,
            less="forward",
            margin=0.25,
        )
        for V in RATIO_V
        if 2 * V / 480 - 1 > 1
    ]
    return claims


def _shares() -> list[Claim]:
    def claim(V: int, profiles: tuple[str, ...] = ()) -> Claim:
        return ShareClaim(
            name=f"V dominates at V={V}",
            subject="aggregated",
            statement="at d = H = 100 more than half of the time is in the terms that contain V",
            factor="V",
            at=SEED_SCALE.replace(V=V),
            share=0.5,
            profiles=profiles,
        )

    return [claim(1000), claim(10_000), *(claim(V, (profile,)) for profile, V in LARGEST_V.items())]


CLAIMS: tuple[Claim, ...] = (*_checks(), *_exponents(), *_ratios(), *_shares())


def configure(corpus: Path | None) -> Experiment:
    """The experiment on the text of a UTF-8 file, or on the reference text of the Python language.

    Raises
    ------
    TextError : the text cannot be used, or is too short for the longest sequence of any profile.
    """
    if corpus is not None:
        text = load(corpus)
        for profile in PROFILES.values():
            text.tokens(1, max(int(point["T"]) for point in profile.design))
    return Experiment(
        name="rnn",
        factors=FACTORS,
        subjects=tuple(_subject(name, corpus) for name in cost.SUBJECTS),
        profiles=PROFILES,
        claims=CLAIMS,
        placebo="aggregated",
    )


EXPERIMENT = configure(None)
