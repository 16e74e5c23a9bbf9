"""Large stores of samples, made and not measured: what the harness itself is timed on.

``repeated`` is a real run many times over: the same cells, effects of points and phases, new scatter. ``many_points``
is an experiment of this module, whose laws and noise are known: 2500 cells, 80 blocks. Both are written as a run writes
them, record by record through the store.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from bptt_bench.measure.protocol.messages import SampleReply
from bptt_bench.measure.protocol.records import experiment_record, run_header, sample_record
from bptt_bench.measure.protocol.schedule import plan_blocks
from bptt_bench.plan import Design, Experiment, ExponentClaim, Factor, Point, Profile, RatioClaim, ShareClaim, Subject
from bptt_bench.plan.description.description import encode_experiment
from bptt_bench.store import SampleStore
from bptt_bench.store.runs.samples import SAMPLES, read_records
from bptt_bench.validation.simulate import DESIGNS, LAWS, LEVELS, MIDDLE, OVERHEAD, TYPICAL

BLOCKS = 80
SCATTER = 0.02  # relative standard deviation of an undisturbed sample
DISTURBED, SLOWEST = 0.1, (1.5, 3.0)  # how many samples something disturbs, and how many times as long they take
POINT_EFFECTS = 0.02  # relative standard deviation of what all samples of a cell share
JITTER = 0.01  # relative, of a sample that a real one stands for: no two are equal
GRID = DESIGNS["625"]
PLANE = Design.grid({**{name: [MIDDLE[name]] for name in LEVELS}, "V": LEVELS["V"], "T": LEVELS["T"]})
LARGE_V = MIDDLE.replace(V=max(LEVELS["V"]))


def _never(point: Point) -> Any:
    raise NotImplementedError(f"{point}: the samples of this experiment are made up")


EXPERIMENT = Experiment(
    name="many points",
    factors=tuple(Factor(name=name) for name in LEVELS),
    subjects=(
        *(Subject(name=name, prepare=_never, law=law, overhead=tuple(OVERHEAD)) for name, law in LAWS.items()),
        Subject(name="again", prepare=_never, law=LAWS["naive"], overhead=tuple(OVERHEAD)),
    ),
    profiles={"grid": Profile(design=GRID, blocks=BLOCKS, seconds_per_sample=0.01)},
    claims=(
        *(
            ExponentClaim(name=f"{factor} of {name}", subject=name, factor=factor, terms=(term,), at=LARGE_V)
            for name in LAWS
            for factor, term in (("V", "T*H*V"), ("T", "T*H*V"))
        ),
        ShareClaim(name="V dominates", subject="aggregated", factor="V", at=LARGE_V),
        RatioClaim(name="again/naive", subject="again", over="naive", ratio="1", points=PLANE),
    ),
    placebo="aggregated",
)
CLAIMS = EXPERIMENT.claims


def many_points(folder: Path, samples: int = 200_000, seed: int = 0) -> int:
    """Write the first so many samples of a run of this module's experiment; the number of them."""
    return _written(folder, itertools.islice(_records(np.random.default_rng(seed), seed), samples + 2))


def _records(rng: np.random.Generator, seed: int) -> Iterator[Mapping[str, Any]]:
    profile = EXPERIMENT.profile("grid")
    yield run_header(EXPERIMENT, module=__name__, profile="grid", seed=seed, threads=1)
    yield experiment_record(encode_experiment(EXPERIMENT, "grid"))
    expected: dict[tuple[str, Point], float] = {}
    now = 0.0
    for block in plan_blocks(EXPERIMENT, profile, seed=seed):
        n = len(block.visits)
        disturbed = np.where(rng.random(n) < DISTURBED, rng.uniform(*SLOWEST, n), 1.0)
        scatter = np.exp(SCATTER * rng.standard_normal(n)) * disturbed
        for visit, factor in zip(block.visits, scatter.tolist(), strict=True):
            cell = (visit.subject, visit.point)
            if cell not in expected:
                expected[cell] = _seconds(*cell) * math.exp(POINT_EFFECTS * rng.standard_normal())
            seconds = expected[cell] * factor
            sampled = SampleReply(
                evaluations=1,
                seconds_per_eval=seconds,
                seconds_in_evaluations=seconds,
                below_floor=False,
                started_at=now,
                load_average=1.0,
            )
            yield sample_record(visit, 0, sampled, visit_seconds=2 * seconds)
            now += 2 * seconds


def _seconds(subject: str, point: Point) -> float:
    law = EXPERIMENT.subject(subject).law
    assert law is not None
    prices = [*(TYPICAL for _ in law.terms), *OVERHEAD.values()]
    return float(law.plus(*OVERHEAD).evaluate(dict(point), prices))


def repeated(run: Path, folder: Path, samples: int, seed: int = 0) -> int:
    """Write a real run so many times over as give ``samples`` or a little more; the number of its samples."""
    records = read_records(run / SAMPLES)
    return _written(folder, _repeated(records, samples, np.random.default_rng(seed)))


def _repeated(records: list[dict[str, Any]], samples: int, rng: np.random.Generator) -> Iterator[Mapping[str, Any]]:
    real = [record for record in records if record["record"] == "sample"]
    blocks = 1 + max(record["block"] for record in real)
    seconds = 1 + max(record["started_at"] for record in real) - min(record["started_at"] for record in real)
    times = math.ceil(samples / len(real))
    yield {**records[0], "blocks": records[0]["blocks"] * times}
    yield from (record for record in records[1:] if record["record"] not in ("sample", "finish"))
    for turn in range(times):
        factors = np.exp(JITTER * rng.standard_normal(len(real)))
        for record, factor in zip(real, factors.tolist(), strict=True):
            phases = record.get("phase_seconds_per_eval")
            yield {
                **record,
                "block": record["block"] + turn * blocks,
                "seconds_per_eval": factor * record["seconds_per_eval"],
                "started_at": record["started_at"] + turn * seconds,
                **({"phase_seconds_per_eval": {k: factor * v for k, v in phases.items()}} if phases else {}),
            }
    yield from (record for record in records if record["record"] == "finish")


def _written(folder: Path, records: Iterator[Mapping[str, Any]]) -> int:
    samples = 0
    with SampleStore.create(folder) as store:
        for record in records:
            store.append(record)
            samples += record["record"] == "sample"
    return samples
