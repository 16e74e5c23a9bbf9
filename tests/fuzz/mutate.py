"""Mutations: bytes, lines and tokens of any file, and the structure of JSON."""

from __future__ import annotations

import contextlib
import io
import json
import random
import string
from collections.abc import Callable, Sequence
from typing import Any

from tests.fuzz.bases import Base

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
TOKENS = (
    *(
        "nan",
        "inf",
        "-inf",
        "",
        "1e999",
        "0x10",
        "1_000",
        "١٢",
        "\x1b[31m",
        "\u202e",
        "[red]",
        "(1 2)",
        "((",
        "))",
        "()",
    ),
    *("PARAMETER", "POINTS", "DATA", "METRIC", "REGION", "#", ",", ",,,,", '"', "'", "\t", "\r", "\x85", "\u2028", "n"),
    *("9" * 5000, "0", "-1", "seconds_per_eval", "subject", "timing", "stage", "below_floor", "=", "a=b", "x" * 2000),
)
KEYS = (
    *("", "n", "params", "subject", "\x1b[2J", "a b", "stage", "timing", "below_floor", "lambda"),
    "k" * 500,
    "é",
    "1",
)


def mutated(base: Base, others: Sequence[Base], rng: random.Random) -> bytes:
    """A file that once was a good one, after one to three mutations."""
    content = base.content
    as_json = base.ending in {".json", ".jsonl"}
    if base.kind == "parquet" and rng.random() < 0.5:
        content = table(content, others, rng)
    for _ in range(rng.choice((1, 1, 1, 2, 3)) if base.kind != "parquet" else rng.choice((0, 1, 1, 2))):
        kinds = (*BYTES, *TEXT, *((structure,) * 24 if as_json else ()))
        content = rng.choice(kinds)(content, others, rng)
    return content


def flip(content: bytes, _: Sequence[Base], rng: random.Random) -> bytes:
    """Some bytes are others."""
    changed = bytearray(content)
    for _i in range(rng.choice((1, 1, 2, 8, 40))):
        if changed:
            changed[rng.randrange(len(changed))] = rng.choice(
                (0, 0x22, 0x2C, 0x5B, 0x7B, 0x80, 0xFF, rng.randrange(256))
            )
    return bytes(changed)


def flip_end(content: bytes, _: Sequence[Base], rng: random.Random) -> bytes:
    """Some bytes near the end are others: that is where Parquet says what it holds."""
    tail = min(len(content), 1200)
    return content[: len(content) - tail] + flip(content[len(content) - tail :], _, rng)


def cut(content: bytes, _: Sequence[Base], rng: random.Random) -> bytes:
    """The end is missing, or the beginning."""
    at = rng.randrange(len(content) + 1)
    return content[:at] if rng.random() < 0.8 else content[at:]


def splice(content: bytes, others: Sequence[Base], rng: random.Random) -> bytes:
    """It goes on as another file."""
    other = rng.choice(others).content
    return content[: rng.randrange(len(content) + 1)] + other[rng.randrange(len(other) + 1) :]


def remove(content: bytes, _: Sequence[Base], rng: random.Random) -> bytes:
    """A piece is missing, or there twice."""
    start = rng.randrange(len(content) + 1)
    end = min(len(content), start + rng.choice((1, 2, 10, 100, 1000)))
    return content[:start] + content[start:end] * rng.choice((0, 0, 2, 50)) + content[end:]


def encode(content: bytes, _: Sequence[Base], rng: random.Random) -> bytes:
    """Another encoding, a mark at the beginning, or compressed."""
    text = content.decode("utf-8", "replace")
    marks = (
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\x1f\x8b",
        b"PAR1",
        b"\x00",
        b" " * 10_000,
        b"\n",
        b"\xef\xbb\xbf" * 2,
        b"PK\x03\x04",
    )
    if rng.random() < 0.5:
        return text.encode(rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-7", "cp1252")), "replace")
    return rng.choice(marks) + content


def noise(_: bytes, _others: Sequence[Base], rng: random.Random) -> bytes:
    """Nothing but random bytes, or none at all; with a beginning that promises something."""
    start = rng.choice((b"", b"", b"{", b"[", b"PAR1", b"PARAMETER n\n", b"n,t\n", b'{"benchmarks":', b'{"results":'))
    return start + rng.randbytes(rng.choice((0, 1, 4, 30, 300)))


def invent(_: bytes, _others: Sequence[Base], rng: random.Random) -> bytes:
    """Some JSON that no tool has written."""
    return dumped(value(rng, 0)).encode("utf-8", "surrogatepass")


def table(_: bytes, _others: Sequence[Base], rng: random.Random) -> bytes:
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


def tokens(content: bytes, _: Sequence[Base], rng: random.Random) -> bytes:
    """Words, entries or numbers of a text are others."""
    text = content.decode("utf-8", "replace")
    for _i in range(rng.choice((1, 1, 3))):
        separator = rng.choice((" ", ",", "\n", '"', ":"))
        parts = text.split(separator)
        parts[rng.randrange(len(parts))] = rng.choice(TOKENS)
        text = separator.join(parts)
    return text.encode("utf-8", "replace")


def lines(content: bytes, _: Sequence[Base], rng: random.Random) -> bytes:
    """Lines are missing, doubled or in another order."""
    parts = content.split(b"\n")
    match rng.randrange(4):
        case 0:
            del parts[rng.randrange(len(parts))]
        case 1:
            parts.insert(rng.randrange(len(parts)), rng.choice(parts))
        case 2:
            rng.shuffle(parts)
        case _:
            parts *= 20
    return b"\n".join(parts)


def structure(content: bytes, others: Sequence[Base], rng: random.Random) -> bytes:
    """Members of the JSON are missing, of another type, renamed, hostile, or those of another file."""
    texts = content.decode("utf-8", "replace").splitlines()
    at = None
    try:
        document = json.loads("\n".join(texts))
    except (ValueError, RecursionError):
        at = rng.randrange(len(texts)) if texts else None
        try:
            document = json.loads(texts[at]) if at is not None else {}
        except (ValueError, RecursionError):
            return flip(content, others, rng)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        document = changed(document, others, rng)
    text = dumped(document)
    if at is not None:
        texts[at] = text
        text = "\n".join(texts) + "\n"
    return text.encode("utf-8", "surrogatepass")


def changed(document: Any, others: Sequence[Base], rng: random.Random) -> Any:
    """A value with one change somewhere in it."""
    way: list[Any] = []
    here = document
    while isinstance(here, dict | list) and here and (not way or rng.random() < 0.8):
        way.append((here, rng.choice(list(here)) if isinstance(here, dict) else rng.randrange(len(here))))
        here = way[-1][0][way[-1][1]]
    if not way:
        return hostile(rng)
    parent, key = way[-1]
    match rng.randrange(8):
        case 0 | 1:
            del parent[key]
        case 2 | 3 | 4:
            parent[key] = hostile(rng)
        case 5 if isinstance(parent, dict):
            parent[rng.choice(KEYS)] = parent.pop(key)
        case 6 if isinstance(parent, list):
            parent.extend([parent[key]] * rng.choice((1, 30)))
        case _:
            parent[key] = foreign(others, rng) if rng.random() < 0.3 else value(rng, 3)
    return document


def foreign(others: Sequence[Base], rng: random.Random) -> Any:
    """A piece of another JSON file."""
    try:
        here = json.loads(rng.choice(others).content)
    except ValueError:
        return None
    while isinstance(here, dict | list) and here and rng.random() < 0.7:
        here = rng.choice(list(here.values()) if isinstance(here, dict) else here)
    return here


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
    match rng.randrange(8 if depth < 4 else 5):
        case 0:
            return hostile(rng)
        case 1:
            return rng.uniform(-10, 10)
        case 2:
            return rng.randrange(-5, 100_000)
        case 3:
            return "".join(rng.choices(string.printable, k=rng.randrange(6)))
        case 4:
            return rng.choice((None, True, False))
        case 5 | 6:
            return {rng.choice((*words, *KEYS)): value(rng, depth + 1) for _ in range(rng.randrange(5))}
        case _:
            return [value(rng, depth + 1) for _ in range(rng.randrange(5))]


Mutation = Callable[[bytes, Sequence[Base], random.Random], bytes]
BYTES: tuple[Mutation, ...] = (flip, flip, flip_end, flip_end, cut, cut, splice, remove, encode, noise, invent)
TEXT: tuple[Mutation, ...] = (tokens, tokens, tokens, tokens, lines, lines)
