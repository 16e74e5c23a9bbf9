"""What no tool has written: values, JSON and tables of a generator's making."""

from __future__ import annotations

import contextlib
import io
import json
import random
import string
from collections.abc import Callable
from typing import Any

# texts put where a value was: numbers beyond all bounds, what only looks like one, markup, escapes, other scripts
RAW = (
    *("NaN", "Infinity", "-Infinity", "null", "true", "false", "0", "-0.0", "-1", "1e308", "1e309", "-1e400", "5e-324"),
    *(
        "1" + "0" * 20,
        "9" * 400,
        "9" * 5000,
        "1" * 4299,
        "1e-400",
        "0.1e",
        "01",
        "+1",
        ".5",
        "[]",
        "{}",
        '""',
        '"\\ud800"',
    ),
    *(
        '"\\u0000"',
        '"\\u001b[31mred\\u001b[0m"',
        '"[bold]n[/bold]"',
        '"a\\nb"',
        '"\\u202eabc"',
        '"n"',
        '"1e5"',
        '"1_000"',
    ),
    *('"' + "x" * 3000 + '"', "[" * 3000 + "]" * 3000, '{"a":' * 2000 + "1" + "}" * 2000, "[1,2,3]", '{"n":1,"n":2}'),
    *(
        '"time"',
        '"seconds_per_eval"',
        '"subject"',
        '"../../etc/passwd"',
        '"n:3/m:4"',
        '"١٢"',
        "[null]",
        "[[1.5]]",
        "1.5",
    ),
)
KEYS = (
    *("", "n", "params", "subject", "\x1b[2J", "a b", "stage", "timing", "below_floor", "lambda"),
    "k" * 500,
    "é",
    "1",
)


class Raw(str):
    """A text that goes into the JSON as it is, whatever that makes of it."""

    __slots__ = ()


def hostile(rng: random.Random) -> Raw:
    """Something that no reader expects."""
    return Raw(rng.choice(RAW))


def dumped(document: Any) -> str:
    """The JSON of a value, raw texts in it as they are."""
    raw: list[str] = []

    def marked(one: Any) -> Any:
        if isinstance(one, Raw):
            raw.append(one)
            return f"@raw{len(raw) - 1}@"
        if isinstance(one, dict):
            return {key: marked(member) for key, member in one.items()}
        return [marked(member) for member in one] if isinstance(one, list) else one

    text = json.dumps(marked(document))
    for i, one in enumerate(raw):
        text = text.replace(f'"@raw{i}@"', one)
    return text


def value(rng: random.Random, depth: int) -> Any:
    """Some JSON value, with words that readers look for."""
    words = ("benchmarks", "results", "context", "runs", "params", "value", "version", "name", "stats", "commit_hash")
    kinds: list[Callable[[], Any]] = [
        lambda: hostile(rng),
        lambda: rng.uniform(-10, 10),
        lambda: rng.randrange(-5, 100_000),
        lambda: "".join(rng.choices(string.printable, k=rng.randrange(6))),
        lambda: rng.choice((None, True, False)),
        lambda: {rng.choice((*words, *KEYS)): value(rng, depth + 1) for _ in range(rng.randrange(5))},
        lambda: {rng.choice((*words, *KEYS)): value(rng, depth + 1) for _ in range(rng.randrange(5))},
        lambda: [value(rng, depth + 1) for _ in range(rng.randrange(5))],
    ]
    return kinds[rng.randrange(8 if depth < 4 else 5)]()


def table(rng: random.Random) -> bytes:
    """A good Parquet file with columns of any type and name, with gaps, no rows, or strange metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = rng.choice((0, 1, 12, 12, 12))
    kinds: tuple[Any, ...] = (
        *(pa.int8(), pa.int64(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.float64(), pa.bool_()),
        *(pa.string(), pa.large_string(), pa.binary(), pa.date32(), pa.timestamp("ns"), pa.decimal128(9, 2), pa.null()),
        *(pa.list_(pa.int64()), pa.struct([("a", pa.int64())]), pa.duration("s"), pa.string_view()),
    )
    names = [rng.choice((*KEYS, "seconds_per_eval", "n", "kind", "block")) for _ in range(rng.randrange(5))]
    columns = {name: entries(rng.choice(kinds), rows, rng) for name in names}
    metadata = rng.choice((None, b"", b"{}", b'{"factors": ["n"]}', b'{"factors": 1}', b"[" * 5000, b"\xff"))
    made = pa.table({"n": pa.array(range(rows)), "seconds_per_eval": pa.array([0.5] * rows), **columns})
    if metadata is not None:
        made = made.replace_schema_metadata({b"bptt_bench": metadata})
    out = io.BytesIO()
    pq.write_table(made, out, compression=rng.choice(("none", "snappy", "gzip", "zstd")), row_group_size=5)
    return out.getvalue()


def entries(kind: Any, rows: int, rng: random.Random) -> Any:
    """A column of some type, at times with gaps; without any value where the type does not take these."""
    import pyarrow as pa

    made = (1, 0, -1, 0.5, "x", "\x1b[31m", True, b"y", float("nan"), 2**63, None)
    for _ in range(20):
        chosen = [rng.choice(made)] * rows
        with contextlib.suppress(pa.ArrowException, TypeError, ValueError, OverflowError):
            return pa.array([one if rng.random() < 0.8 else None for one in chosen], kind)
    return pa.nulls(rows, kind)
