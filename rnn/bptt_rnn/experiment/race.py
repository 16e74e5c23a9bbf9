"""Ours against what a user would pick instead: the same loss and gradients at the same points, in one process.

Every library is given two threads and its best chance: an allocator that keeps what is freed, as the tuning guides of
the libraries advise. ``bptt_rnn.experiment.race_stock`` is the same race with allocators as they come.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np
from bptt_bench.plan import (
    Agreement,
    Claim,
    Design,
    Evaluation,
    Experiment,
    Point,
    Profile,
    RooflineClaim,
    SpeedupClaim,
    Subject,
    Traffic,
)

from bptt_rnn import cost
from bptt_rnn.experiment.subjects import FACTORS, LOOKS, problem, sizes_at
from bptt_rnn.gradients import FAMILY, Gradients, Workspace
from bptt_rnn.model import Array, Params, Tokens
from bptt_rnn.peers import PEERS, Peer

TUNED = "fused" if "fused" in FAMILY else "batched"
OURS = tuple(dict.fromkeys((TUNED, "batched")))
ITEMSIZE = 4  # bytes of a float32, the type of all
ALLOWED = 2e-5  # relative, of any gradient: what tests allow in float32; the largest seen was 7e-7
FLOOR = 0.03  # of the norm of the whole gradient, below which an array has lost the digits that it cancelled
MARGIN = {"every point": 1.2, "mean": 2.0, "large": 2.5}
LARGE = 100_000  # words, from which the output layer is out of every cache

SMALL = Design.of([Point(V=1000, d=50, H=100, T=35), Point(V=10_000, d=100, H=100, T=35)])
POINTS = SMALL + Design.of(
    Point(V=V, d=d, H=H, T=T)
    for V, d, H, T in (
        (10_000, 100, 100, 100),
        (100_000, 100, 100, 35),
        (1_000_000, 100, 100, 35),
        (10_000, 512, 512, 64),
        (100_000, 100, 100, 128),
    )
)
PROFILES = {
    "standard": Profile(design=POINTS, blocks=10, seconds_per_sample=0.05, processes=2, phase_blocks=0),
    "quick": Profile(design=SMALL, blocks=4, seconds_per_sample=0.01, processes=1, phase_blocks=0),
}
# By default the C library gives every array from 128 KiB to 32 MiB up back to the system when it is freed, and each
# evaluation pays for touching it anew: PyTorch took 1.3 to 1.5 times as long at V = 10⁵, T = 35, 1.8 to 2.7 at T = 128.
# OpenBLAS's threads spin for 2²⁶ cycles after a call, in the way of whoever comes next: PyTorch took 1.2 to 1.7 times
# as long.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 36), "MALLOC_TOP_PAD_": str(1 << 26)}
SLEEP_AT_ONCE = {"OPENBLAS_THREAD_TIMEOUT": "10"}  # 2¹⁰ cycles


class _Shared:
    """A model and a text, kept as long as an evaluation that works on them is."""

    def __init__(self, point: Point) -> None:
        self.params, self.tokens = problem(None, point)


_AT: WeakValueDictionary[Point, _Shared] = WeakValueDictionary()
_HELD_BY: WeakKeyDictionary[Evaluation, _Shared] = WeakKeyDictionary()


def prepare(make: Callable[[Params, Tokens], Evaluation], point: Point) -> Evaluation:
    """Prepare an evaluation on the model that all subjects of a point share: at V = 10⁶ a copy takes 0.8 GB."""
    shared = _AT.get(point)
    if shared is None:
        shared = _AT[point] = _Shared(point)
    evaluate = make(shared.params, shared.tokens)
    _HELD_BY[evaluate] = shared
    return evaluate


def traffic(point: Point) -> Traffic:
    """Return the operations, and the least bytes: U and b2 read, their gradients written, each once.

    All else is small beside them, or can stay in a cache.
    """
    V, d, H, T = sizes_at(point)
    least = 2 * V * (H + 1) + 2 * T * d + 2 * H * (d + H + 1)
    return Traffic(operations=2.0 * cost.multiply_adds("batched", V, d, H, T), least_bytes=float(ITEMSIZE * least))


def _ours(name: str) -> Subject:
    algorithm = FAMILY[name]

    def make(params: Params, tokens: Tokens) -> Evaluation:
        return functools.partial(algorithm, params, tokens, None, Workspace())

    def own_bytes(point: Point) -> int:
        """Return the bytes without the shared model, which would count for each subject."""
        V, d, H, T = sizes_at(point)
        gradients = cost.gradient_bytes(V, d, H, T, ITEMSIZE)
        return gradients + cost.scratch_bytes(name, V, d, H, T, ITEMSIZE)

    return Subject(
        name=name,
        prepare=functools.partial(prepare, make),
        working_set=own_bytes,
        roofline=traffic,
        look=LOOKS.index(name),
    )


def _theirs(peer: Peer) -> Subject:
    def own_bytes(point: Point) -> int:
        V, d, H, T = sizes_at(point)
        model = V * (d + H + 1) if peer.name.startswith("jax") else 0  # JAX has arrays of its own
        return cost.gradient_bytes(V, d, H, T, ITEMSIZE) + ITEMSIZE * (2 * T * V + model)  # logits and their gradient

    return Subject(
        name=peer.name,
        prepare=functools.partial(prepare, peer.prepare),
        working_set=own_bytes,
        roofline=traffic,
        missing=peer.missing,
        look=len(LOOKS) + list(PEERS).index(peer.name),
    )


def difference(found: object, expected: object) -> float:
    """Return the largest relative difference of the losses and of the seven gradients; NaN if any is."""
    (loss, gradients), (right, reference) = _result(found), _result(expected)
    if [array.shape for array in gradients] != [array.shape for array in reference]:
        return float("inf")
    norms = [_norm(array) for array in reference]
    floor = FLOOR * float(np.sqrt(np.sum(np.square(norms))))
    distances = [_norm(a - b) for a, b in zip(gradients, reference, strict=True)]
    scales = [max(norm, floor) or 1.0 for norm in norms]
    return float(np.max([abs(loss - right) / max(abs(right), 1e-30), *np.divide(distances, scales)]))


def _result(value: object) -> tuple[float, Gradients]:
    assert isinstance(value, tuple)
    loss, gradients = value
    return float(loss), gradients


def _norm(array: Array) -> float:
    return float(np.linalg.norm(array))


def _claims() -> tuple[Claim, ...]:
    peers = tuple(PEERS)

    def speedup(name: str, points: Design, at_least: float, *, mean: bool = False) -> Claim:
        statement = f"two threads for everybody, float32: at least {at_least:g} times as fast as the fastest peer"
        return SpeedupClaim(
            name=f"{TUNED} over the fastest peer, {name}",
            subject=TUNED,
            statement=statement,
            over=peers,
            points=points,
            at_least=at_least,
            mean=mean,
            profiles=("standard",),
        )

    def roofline(at: Point, at_least: float) -> Claim:
        V, _, _, T = sizes_at(at)
        return RooflineClaim(
            name=f"{TUNED}: share of the roofline, V={V}, T={T}",
            subject=TUNED,
            statement="max(operations / peak of matrix products, bytes / bandwidth) over the measured time",
            at=at,
            at_least=at_least,
            profiles=("standard",),
        )

    large = Design.of(point for point in POINTS if point["V"] >= LARGE)
    return (
        speedup("every point", POINTS, MARGIN["every point"]),
        speedup("geometric mean", POINTS, MARGIN["mean"], mean=True),
        speedup(f"V ≥ {LARGE}", large, MARGIN["large"]),
        roofline(Point(V=1_000_000, d=100, H=100, T=35), 0.6),
        roofline(Point(V=100_000, d=100, H=100, T=128), 0.7),
    )


def race(name: str, environment: Mapping[str, str]) -> Experiment:
    """Return the race in processes with these environment variables."""
    return Experiment(
        name=name,
        factors=FACTORS,
        subjects=(*(_ours(one) for one in OURS), *(_theirs(peer) for peer in PEERS.values())),
        profiles=PROFILES,
        claims=CLAIMS,
        agreement=Agreement(
            reference="batched",
            difference=difference,
            allowed=ALLOWED,
            result={name: peer.gradients for name, peer in PEERS.items()},
        ),
        environment=environment,
    )


CLAIMS = _claims()
EXPERIMENT = race("race", {**KEEP_MEMORY, **SLEEP_AT_ONCE})

__all__ = ["CLAIMS", "EXPERIMENT", "PROFILES", "TUNED", "difference", "race"]
