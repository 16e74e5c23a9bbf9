"""The language model as an experiment; only this package of ``rnn`` imports the harness."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

from bptt_bench.plan import (
    Claim,
    CrossoverClaim,
    Design,
    Experiment,
    ExponentClaim,
    Fault,
    Foresight,
    Point,
    RatioClaim,
    ShareClaim,
)

from bptt_rnn import checks, cost
from bptt_rnn.experiment.check_claims import check_claims, make_meter
from bptt_rnn.experiment.designs import (
    BEYOND,
    DOMINATED,
    PROFILES,
    RATIO_V,
    RECURRENT,
    SEED_SCALE,
    SELFTEST,
    SELFTEST_RATIO,
    STEPS,
    TEXTBOOK_RATIO_POINTS,
    ratio_points,
)
from bptt_rnn.experiment.subjects import FACTORS, prepare, subject_of
from bptt_rnn.faults import FAULTS
from bptt_rnn.gradients import ALGORITHMS, forward
from bptt_rnn.text import load


def _fault(name: str, corpus: Path | None) -> Fault:
    wrong = FAULTS[name]
    algorithms = {**ALGORITHMS, wrong.subject: wrong.algorithm}
    return Fault(
        name=name,
        statement=wrong.statement,
        subject=wrong.subject,
        prepare=functools.partial(prepare, wrong.algorithm, corpus),
        prepare_phased=functools.partial(prepare, wrong.algorithm, corpus),
        checks={claim.name: claim.check for claim in check_claims(checks.all_checks(make_meter, algorithms))},
        caught_by=CAUGHT_BY[name],
    )


# --- claims -----------------------------------------------------------------------------------------------------------

# Of exponents. d and H range over a factor of 20 between the cost of a call and the caches, and the cost of an
# operation depends on the length of its rows by several per cent; T and V range over a factor of 50 and more.
MARGIN, SIZE_MARGIN = 0.1, 0.2
SELFTEST_MARGIN = 0.04  # of an exponent: half of what T^1.1 in the recurrent part changes in the whole
SELFTEST_RATIO_MARGIN = 0.15  # about half of what a copy of U changes
FORESEEN = ("naive", "aggregated", "batched")  # far beyond the sweep; naive-textbook would take minutes there
CAUGHT_BY = {  # claims that a planted fault must refute
    "T^1.1": ("operations of aggregated = closed form", "aggregated: exponent of T, recurrent part"),
    "copies U": ("operations of aggregated = closed form", "naive/aggregated, V=3840, T to 3"),
    "truncated": ("backward passes of naive = T(T+1)/2", "gradients of aggregated = naive, float64"),
    "wrong sign": ("gradients of aggregated = central difference", "gradients of aggregated = naive, float64"),
}


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
    claims += [
        ExponentClaim(
            name=f"{name}: exponent of T, output part",
            subject=name,
            statement=statement,
            factor="T",
            terms=(cost.PHASE_LAWS[name]["output"],),
            at=Point(V=960, d=240, H=240, T=16),
            response="output_seconds_per_eval",
            margin=SIZE_MARGIN,  # the question is one of a whole power
        )
        for name, statement in (
            ("naive", "T² does not multiply V: each loss visits the output layer once"),
            ("naive-textbook", "T² multiplies V where every pass pays for the output layer"),
        )
    ]
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
            points=ratio_points(V),
            margin=0.25,
        )
        for V in RATIO_V
    ]
    claims += [
        RatioClaim(
            name=f"naive-textbook/aggregated, V={V}",
            subject="naive-textbook",
            statement="backward costs are as (T+1)/2 to 1 where every pass pays for the output layer",
            over="aggregated",
            less="forward",
            ratio=cost.TEXTBOOK_RATIO,
            points=Design.of(point for point in TEXTBOOK_RATIO_POINTS if point["V"] == V),
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
    def claim(V: int, profiles: tuple[str, ...]) -> Claim:
        return ShareClaim(
            name=f"V dominates at V={V}",
            subject="aggregated",
            statement="at d = H = 100 more than half of the time is in the terms that contain V",
            factor="V",
            at=SEED_SCALE.replace(V=V),
            share=0.5,
            profiles=profiles,
        )

    return [claim(V, profiles) for V, profiles in DOMINATED.items()]


def _of_selftest() -> list[Claim]:
    """Return claims about time that a run of a few seconds can judge and a planted fault would refute."""
    return [
        ExponentClaim(
            name="aggregated: exponent of T, recurrent part",
            subject="aggregated",
            statement="all that is done at each step is done T times, where the recurrent part is most of the time",
            factor="T",
            terms=(*cost.LAWS["aggregated"].split(" + "), "T", "T*V"),
            at=STEPS.replace(T=128),
            margin=SELFTEST_MARGIN,
            profiles=("selftest",),
        ),
        RatioClaim(
            name="naive/aggregated, V=3840, T to 3",
            subject="naive",
            statement="backward costs are as [V + (T+1)/2 (d+H)] to (V + d + H)",
            over="aggregated",
            less="forward",
            ratio=cost.BACKWARD_RATIO,
            points=SELFTEST_RATIO,
            margin=SELFTEST_RATIO_MARGIN,
            profiles=("selftest",),
        ),
    ]


_ABOUT_TIME = (*_exponents(), *_ratios(), *_shares())
CLAIMS: tuple[Claim, ...] = (
    *check_claims(checks.all_checks(make_meter)),
    *(dataclasses.replace(claim, profiles=claim.profiles or tuple(PROFILES)) for claim in _ABOUT_TIME),
    *_of_selftest(),
)


def configure(corpus: Path | None) -> Experiment:
    """Return the experiment on the text of a UTF-8 file, or on the reference text of the Python language.

    Raises
    ------
    TextError : the text cannot be used, or is too short for the longest sequence of any profile.
    """
    if corpus is not None:
        text = load(corpus)
        for profile in PROFILES.values():
            text.tokens(1, max(int(cell.point["T"]) for cell in profile.cells(cost.SUBJECTS)))
    return Experiment(
        name="rnn",
        factors=FACTORS,
        subjects=tuple(subject_of(name, ALGORITHMS.get(name, forward), corpus) for name in cost.SUBJECTS),
        profiles={**PROFILES, "selftest": SELFTEST},
        claims=CLAIMS,
        placebo="aggregated",
        foresight=Foresight(beyond=BEYOND, subjects=FORESEEN, profile="full"),
        faults=tuple(_fault(name, corpus) for name in FAULTS),
    )


EXPERIMENT = configure(None)

__all__ = ["CLAIMS", "EXPERIMENT", "PROFILES", "RECURRENT", "SEED_SCALE", "configure"]
