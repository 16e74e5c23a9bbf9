"""The suite of `pytest --benchmark`: time of the gradient algorithms along lines in each factor.

Small points, so that it takes less than a minute: at ``OUTPUT`` the output layer costs most, at ``RECURRENT`` the rest
is seen. Parameters and their gradients take 0.1 to 0.9 MB at the large points of a line, more than the first and less
than half of the second cache of today's processors, so that no cache bends a line. Lines through several bases, because
along one alone T·H·V cannot be distinguished from T·V or V·H; and large d and H at two T, because at one alone T·H·d
cannot be from H·d, which a call pays once. Each claim is judged at the end of a line, where its terms are most of the
time. Larger points, where operations leave the caches and change their cost, are for ``bptt-bench run``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from bptt_bench.integrations.pytest.suite import Scaling
from bptt_bench.plan import Design, Experiment, ExponentClaim, Point, Profile
from bptt_rnn.experiment import EXPERIMENT

pytestmark = pytest.mark.bptt_bench

SUBJECTS = ("naive", "aggregated", "batched")
OUTPUT = Point(V=1000, d=16, H=64, T=64)
RECURRENT = Point(V=16, d=112, H=112, T=24)
LINES = [
    ("V", OUTPUT, (125, 250, 500, 750, 1000, 1300)),
    ("H", OUTPUT, (16, 24, 32, 48, 80, 96)),
    ("H", OUTPUT.replace(V=3000), (8, 16, 32)),
    ("T", OUTPUT, (2, 4, 8, 16, 96, 192)),
    ("d", RECURRENT, (32, 64, 112, 240, 400, 560, 720)),
    ("H", RECURRENT.replace(d=16), (112, 144, 176, 208, 240, 272, 304)),
    ("H", RECURRENT, (144, 208, 272)),
    ("T", RECURRENT, (2, 4, 8, 40, 64)),
    ("T", RECURRENT.replace(d=720), (4,)),
    ("T", RECURRENT.replace(d=16, H=304), (4,)),
]
# One product for all steps stays quick where others leave the cache: the output layer can be a larger part of its time.
LINES_OF_BATCHED = [("V", OUTPUT, (2000, 3000)), ("H", OUTPUT, (112, 208, 320)), ("T", OUTPUT, (384,))]
ROUNDS, MOST_ROUNDS = 14, 20  # the latter of subjects whose claims are not supported yet
# Of exponents: a suite of seconds sees the shape of a law, not its last digit. d and H range over a factor of 3 to 20
# between the cost of a call and the caches.
MARGIN, SIZE_MARGIN = 0.2, 0.3


def benchmarks() -> Iterator[tuple[str | int, ...]]:
    """Line, sizes and subject of each benchmark; a point on several lines is measured once, for the first of them."""
    lines = {base.replace(**{line: level}): line for line, base, levels in reversed(LINES) for level in levels}
    for line, base, levels in LINES:
        for level in levels:
            point = base.replace(**{line: level})
            if lines.pop(point, None) is not None:
                for subject in SUBJECTS:
                    yield line, *(int(size) for size in point.values()), subject
    for line, base, levels in LINES_OF_BATCHED:
        for level in levels:
            yield line, *(int(size) for size in base.replace(**{line: level}).values()), "batched"


def claims(name: str) -> Iterator[ExponentClaim]:
    """The terms of the law grow as the law says, each judged where it is a large part of the time."""
    law = EXPERIMENT.subject(name).law
    assert law is not None
    output, embed, recur = (str(term) for term in law.terms)
    # `batched` has one product for all steps: what it pays once a call and once an output is a third of its time.
    beside = {"V": ("V*H", "T*V"), "H": ("V*H",), "T": ("T*V",)} if name == "batched" else {}
    judged: dict[str, tuple[str, tuple[str, ...], Point]] = {}
    if name == "naive":
        judged["T, recurrent part"] = ("T", (embed, recur), RECURRENT.replace(T=64))
    else:
        judged["T"] = ("T", (output, embed, recur), OUTPUT.replace(T=384 if name == "batched" else 192))
        judged["V"] = ("V", (output,), OUTPUT.replace(V=3000 if name == "batched" else 1300))
        judged["H in T·H·V"] = ("H", (output,), OUTPUT.replace(H=320 if name == "batched" else 96))
    if name != "batched":  # where these terms are one matrix product each, and too cheap to be judged here
        judged["d"] = ("d", (embed,), RECURRENT.replace(d=720))
        judged["H in T·H²"] = ("H", (recur,), RECURRENT.replace(H=304, d=16))
    for label, (factor, terms, at) in judged.items():
        yield ExponentClaim(
            name=f"{name}: exponent of {label}",
            subject=name,
            factor=factor,
            terms=(*terms, *beside.get(factor, ())),
            at=at,
            margin=SIZE_MARGIN if factor in "dH" else MARGIN,
        )


@pytest.fixture(scope="session")
def scaling_experiment() -> Experiment:
    """The experiment of the project with the points and the claims of this suite."""
    points = (base.replace(**{line: level}) for line, base, levels in LINES + LINES_OF_BATCHED for level in levels)
    return dataclasses.replace(
        EXPERIMENT,
        profiles={"pytest": Profile(design=Design.of(points))},
        claims=tuple(claim for name in SUBJECTS for claim in claims(name)),
        placebo=None,
        foresight=None,
    )


@pytest.mark.parametrize(("line", "V", "d", "H", "T", "subject"), list(benchmarks()))
def test_time(scaling: Scaling, line: str, V: int, d: int, H: int, T: int, subject: str) -> None:
    scaling.measure(
        subject,
        {"V": V, "d": d, "H": H, "T": T},
        line=line,
        rounds=ROUNDS,
        most_rounds=MOST_ROUNDS,
        seconds_per_round=0.005,
    )
