"""Mutations: bytes, lines and tokens of any file, and the structure of JSON."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.fuzz.bases import Base
from tests.fuzz.invent import KEYS, dumped, hostile, table, value

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


def mutated(base: Base, others: Sequence[Base], rng: random.Random) -> bytes:
    """A file that once was a good one, after one to three mutations."""
    content = base.content
    as_json = base.ending in {".json", ".jsonl"}
    if base.kind == "parquet" and rng.random() < 0.5:
        content = table(rng)
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
    try:
        text = dumped(document)
    except RecursionError:  # some versions of Python read deeper than they write
        return flip(content, others, rng)
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


Mutation = Callable[[bytes, Sequence[Base], random.Random], bytes]
BYTES: tuple[Mutation, ...] = (flip, flip, flip_end, flip_end, cut, cut, splice, remove, encode, noise, invent)
TEXT: tuple[Mutation, ...] = (tokens, tokens, tokens, tokens, lines, lines)
