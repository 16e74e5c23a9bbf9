"""What is mutated: a file of each format, made by the tool itself."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
RUN = (  # a run of this project; it is read by the same door
    {"record": "run", "schema": 1, "experiment": "toy", "profile": "quick", "factors": ["n"], "seed": 0, "threads": 1},
    {"record": "worker", "process": 0, "pid": 7, "threads": [], "floor_seconds": 1e-8},
    *(
        {
            "record": "sample",
            "subject": "s",
            "point": {"n": n},
            "block": block,
            "process": 0,
            "evaluations": 5,
            "seconds_per_eval": 1e-6 * n,
            "started_at": 1e9 + 10 * block + n,
            "timing": "whole",
        }
        for block in range(2)
        for n in (1, 2, 4, 8)
    ),
    {"record": "memory", "subject": "s", "point": {"n": 2}, "process": 0, "allocated_bytes": 64},
    {"record": "finish", "busy_share": 0.5},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A file to be mutated.

    Attributes
    ----------
    kind : its format.
    content : as it is on disk.
    ending : of its name.
    """

    kind: str
    content: bytes
    ending: str


def bases() -> list[Base]:
    """All fixtures that can be loaded, and a run."""
    run = "".join(f"{json.dumps(record)}\n" for record in RUN).encode()
    return [*_fixtures(), Base(kind="run", content=run, ending=".jsonl"), *_tables()]


def _tables() -> Iterator[Base]:
    """Tables as people write them, which no tool does."""
    records = [{"params": {"n": n}, "kind": "a", "times": [1e-6 * n, 2e-6 * n]} for n in (1, 2, 4, 8, 16)]
    lines = "".join(f"{json.dumps({'n': n, 'wall_time': 1e-6 * n})}\n" for n in (1, 2, 4, 8) for _ in range(2))
    rows = "".join(f"{i};{n}K;{n},5;box;NA\n" for i, n in enumerate((1, 2, 4, 8, 16)))
    yield Base(kind="table", content=json.dumps(records).encode(), ending=".json")
    yield Base(kind="table", content=json.dumps({"results": records}).encode(), ending=".json")
    yield Base(kind="table", content=f"a log\n{lines}the end\n".encode(), ending=".txt")
    yield Base(kind="table", content=f"# a comment\n;n;Time (ms);host name;gaps\n{rows}".encode(), ending=".csv")
    yield Base(kind="table", content=gzip.compress(b"n\tt\n1\t2.5\n2\t5\n3\t7.5\n"), ending=".csv")


def _fixtures() -> Iterator[Base]:
    for folder in sorted(FIXTURES.iterdir()):
        for path in sorted(folder.rglob("*")):
            loadable = path.suffix in {".json", ".jsonl", ".txt", ".csv", ".parquet"} and path.name != "machine.json"
            if path.is_file() and loadable:
                yield Base(kind=folder.name, content=path.read_bytes(), ending=path.suffix)


def small(base: Base, most: int = 30_000) -> bool:
    """Whether a file is small enough to be mutated thousands of times."""
    return len(base.content) <= most
