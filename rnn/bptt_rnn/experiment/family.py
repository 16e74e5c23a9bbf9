"""The whole family as an experiment: every algorithm with its law of time and of memory, at sizes that all can afford.

``rtrl`` costs H⁴ and sets the hidden size of the lines that all share; ``naive`` costs T² and sets their length. What
another algorithm is about is measured on lines of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bptt_bench.plan import (
    AmountClaim,
    Claim,
    CostLaw,
    Design,
    Evaluation,
    Experiment,
    ExponentClaim,
    PhaseSwitch,
    Point,
    Profile,
    Subject,
)

from bptt_rnn import cost
from bptt_rnn.experiment.check_claims import check_claims, make_meter
from bptt_rnn.experiment.subjects import FACTORS, generator_at, sizes_at, subject_of, tokens_at
from bptt_rnn.family_checks import family_checks
from bptt_rnn.gradients import CLASS_BASED, FAMILY, ClassParams, Workspace
from bptt_rnn.text import load

SUBJECTS = (*FAMILY, *CLASS_BASED)
PAGE = Point(V=2000, d=32, H=32, T=64)  # of the lines that all share
RECURRENT = Point(V=32, d=240, H=240, T=16)  # where the recurrent part is most of the time
WIDE = PAGE.replace(T=512)  # where the logits are most of the memory
LONG = Point(V=32, d=16, H=64, T=1024)  # where what is kept of each step is most of the memory
FORWARD_MODE = Point(V=32, d=24, H=24, T=32)  # where carrying sensitivities forward is most of the time

CLASSES = Point(V=16_000, d=48, H=240, T=64)  # where √V words are enough to see

TO_THE_END = tuple(name for name in SUBJECTS if name not in ("naive", "rtrl"))  # algorithms that afford long texts
QUICK_LINES = Design.lines(PAGE, {"V": [500, 1000, 4000, 16_000], "T": [8, 16, 32, 128], "H": [16, 48], "d": [16, 64]})
STANDARD_LINES = QUICK_LINES + Design.lines(
    PAGE, {"V": [250, 8000, 32_000, 64_000], "T": [4, 256], "H": [8, 24], "d": [8]}
)
STANDARD_LINES += Design.corners({"V": (500, 8000), "d": (16, 64), "H": (16, 48), "T": (8, 64)})


def _extra(*, T: Sequence[int], long: Sequence[int], V: Sequence[int], H: Sequence[int]) -> Mapping[str, Design]:
    """Return lines of single algorithms: far in T and V, at large matrices, and for ``rtrl`` at small ones."""
    large = Design.lines(RECURRENT, {"T": [4, 8, 32, 64, 128], "H": H, "d": H})
    far = large + Design.lines(PAGE, {"T": T, "V": V}) + Design.lines(LONG, {"T": long})
    far += Design.lines(WIDE, {"V": [500, 4000, 16_000]})
    small = Design.lines(FORWARD_MODE, {"H": [8, 12, 16, 32, 48], "d": [8, 48, 96], "T": [8, 16, 64]})
    classes = far + Design.lines(CLASSES, {"V": [1000, 4000, 64_000, 128_000]})
    return {
        "naive": large,
        "rtrl": small,
        **dict.fromkeys(TO_THE_END, far),
        **dict.fromkeys(CLASS_BASED, classes),
    }


PROFILES = {
    "quick": Profile(
        design=QUICK_LINES,
        extra=_extra(T=[512], long=[256, 4096], V=[], H=[112, 480]),
        blocks=4,
        seconds_per_sample=0.005,
        processes=2,
        phase_blocks=0,
    ),
    "standard": Profile(
        design=STANDARD_LINES,
        extra=_extra(T=[512, 1024], long=[256, 512, 2048, 4096, 8192, 16_384], V=[128_000], H=[48, 112, 368, 480]),
        blocks=8,
        seconds_per_sample=0.01,
        processes=4,
        phase_blocks=0,
    ),
}

# --- claims -----------------------------------------------------------------------------------------------------------

MARGIN, SIZE_MARGIN = 0.1, 0.2  # of exponents of T and V, and of H, as in the first experiment
MEMORY_MARGIN = 0.1
# Where what is kept is large beside the buffers of 40 kB that NumPy takes for a moment.
KEPT_AT = Design.of(WIDE.replace(V=V) for V in (2000, 4000, 16_000))
KEPT_BY_FEW = {
    "naive": Design.of([RECURRENT.replace(T=T) for T in (32, 64, 128)]),
    "rtrl": Design.of([PAGE, PAGE.replace(T=128), PAGE.replace(V=16_000)]),
}
PEAKS_AT = Design.of(WIDE.replace(V=V) for V in (4000, 16_000))  # a process's own peak is known to some 0.3 MB


def terms_with(terms: Sequence[str], factor: str) -> tuple[str, ...]:
    """Return the terms that depend on a factor."""
    return tuple(term for term in terms if factor in CostLaw(term).factors)


def _time(name: str, factor: str, at: Point, *, part: str = "", margin: float = MARGIN, whole: bool = False) -> Claim:
    """Return the claim that the terms with a factor grow as the law says; ``whole``: with overhead terms."""
    known = cost.cost_of(name)
    terms = (*known.law.split(" + "), *(known.overheads if whole else ()))
    return ExponentClaim(
        name=f"{name}: exponent of {factor}{part}",
        subject=name,
        statement=f"time grows with {factor} as the law says",
        factor=factor,
        terms=terms_with(terms, factor),
        at=at,
        margin=margin,
    )


def _about_time() -> list[Claim]:
    claims: list[Claim] = []
    for name in SUBJECTS:
        far = name in TO_THE_END
        claims.append(_time(name, "T", PAGE.replace(T=512 if far else 128), whole=True))
        claims.append(_time(name, "V", CLASSES.replace(V=64_000) if name in CLASS_BASED else PAGE.replace(V=16_000)))
        if name == "rtrl":
            claims.append(_time(name, "H", FORWARD_MODE.replace(H=48), margin=SIZE_MARGIN))
        else:
            claims.append(_time(name, "T", RECURRENT.replace(T=128), part=", large matrices"))
    return claims


def _memory(name: str, factor: str, at: Point) -> Claim:
    return ExponentClaim(
        name=f"{name}: memory, exponent of {factor}",
        subject=name,
        statement=f"bytes beyond parameters and gradients grow with {factor} as the law says",
        factor=factor,
        terms=terms_with(cost.cost_of(name).memory_law.split(" + "), factor),
        at=at,
        response="scratch_bytes",
        margin=MEMORY_MARGIN,
    )


def _kept(name: str, point: Point) -> float:
    return cost.scratch_bytes(name, *sizes_at(point))


def _amount(name: str, response: str, words: str, points: Design) -> Claim:
    return AmountClaim(
        name=f"{name}: {words}",
        subject=name,
        statement="bytes beyond parameters and gradients equal their closed form",
        response=response,
        amount=functools.partial(_kept, name),
        points=points,
        margin=MEMORY_MARGIN,
    )


def _about_memory() -> list[Claim]:
    claims: list[Claim] = []
    for name in SUBJECTS:
        terms = cost.cost_of(name).memory_law.split(" + ")
        if terms_with(terms, "T"):
            claims.append(_memory(name, "T", LONG.replace(T=4096) if name in TO_THE_END else PAGE.replace(T=128)))
        if name in ("batched", "fused", "batched-class"):
            claims.append(_memory(name, "V", WIDE.replace(V=16_000)))
        claims.append(_amount(name, "scratch_bytes", "memory kept", KEPT_BY_FEW.get(name, KEPT_AT)))
    claims += [_amount(name, "peak_scratch_bytes", "peak of the process", PEAKS_AT) for name in ("batched", "fused")]
    return claims


CLAIMS: tuple[Claim, ...] = (*check_claims(family_checks(make_meter)), *_about_time(), *_about_memory())


def _output_bytes(name: str, point: Point) -> int:
    return cost.output_bytes(name, *sizes_at(point))


def _prepare_classes(
    algorithm: Callable[..., object], corpus: Path | None, point: Point, phase: PhaseSwitch | None = None
) -> Evaluation:
    """Prepare an evaluation with the parameters of the softmax over classes."""
    V, d, H, _ = sizes_at(point)
    params = ClassParams.init(V, d, H, generator_at(point))
    return functools.partial(algorithm, params, tokens_at(corpus, point), None, Workspace(), phase)


def _subject(name: str, corpus: Path | None) -> Subject:
    known = cost.cost_of(name)
    if name in FAMILY:
        subject = subject_of(name, FAMILY[name], corpus)
    else:
        prepared = functools.partial(_prepare_classes, CLASS_BASED[name], corpus)
        subject = replace(subject_of(name, CLASS_BASED[name], corpus), prepare=prepared, prepare_phased=prepared)
    return replace(
        subject,
        memory_law=CostLaw(known.memory_law),
        memory_overhead=known.memory_overhead,
        output_bytes=functools.partial(_output_bytes, name),
    )


def configure(corpus: Path | None) -> Experiment:
    """Return the experiment on the text of a UTF-8 file, or on the reference text of the Python language.

    Raises
    ------
    TextError : the text cannot be used, or is too short for the longest sequence.
    """
    if corpus is not None:
        load(corpus).tokens(1, max(int(cell.point["T"]) for cell in PROFILES["standard"].cells(SUBJECTS)))
    return Experiment(
        name="rnn, the whole family",
        factors=FACTORS,
        subjects=tuple(_subject(name, corpus) for name in SUBJECTS),
        profiles=PROFILES,
        claims=CLAIMS,
        placebo="aggregated",
    )


EXPERIMENT = configure(None)

__all__ = ["CLAIMS", "EXPERIMENT", "PROFILES", "configure", "terms_with"]
