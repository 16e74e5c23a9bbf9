"""Reading what may be anything: bounded in size, UTF-8, JSON without traps."""

from __future__ import annotations

import gzip
import io
import json
import stat
import zlib
from pathlib import Path
from typing import Any

from bptt_bench.errors import StoreError
from bptt_bench.text.bounds import is_too_deep
from bptt_bench.text.wording import MOST_CHARACTERS, printable

# A file is held in memory as bytes, as text and as values. Measured with twice as many values: 30 MB of empty objects
# took 2.3 GB and 12 s, 220 MB of texts 5.6 GB and 23 s. Ten million samples are a thousand times the reference run.
MOST_BYTES = 512_000_000
MOST_VALUES = 10_000_000
MOST_COLUMNS = 1000  # of a table
GZIP = b"\x1f\x8b"
PACKED = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip", b"(\xb5/\xfd": "zstd"}
MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return the content of a file.

    Raises
    ------
    StoreError : no such file, no permission, not a regular file, or larger than ``most`` bytes.
    """
    try:
        kind = path.stat()
        if not stat.S_ISREG(kind.st_mode):  # a pipe would be waited for, a device may never end
            raise StoreError(f"{path}: is not a regular file")
        if kind.st_size > most:
            raise StoreError(f"{path}: must have at most {most} bytes, got {kind.st_size}")
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # a path that no system takes, such as one with a NUL in it
        raise StoreError(f"{str(path)!r}: cannot be read: {error}") from None
    if len(content) > most:
        raise StoreError(f"{path}: has grown beyond the {most} bytes that are allowed")
    return content


def decompress(path: Path, content: bytes, most: int = MOST_BYTES) -> bytes:
    """Return the content of a file that gzip may have packed.

    Raises
    ------
    StoreError : broken, packed by something else, or larger than ``most`` bytes.
    """
    for mark, name in PACKED.items():
        if content.startswith(mark):
            raise StoreError(f"{path}: must be compressed by gzip or not at all, got {name}; unpack it first")
    if not content.startswith(GZIP):
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            content = file.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise StoreError(f"{path}: is broken gzip: {printable(str(error))}") from None
    if len(content) > most:
        raise StoreError(f"{path}: must have at most {most} bytes when unpacked, got more")
    return content


def decode_text(path: Path, content: bytes) -> str:
    """Return the text of a file without its byte-order mark.

    Raises
    ------
    StoreError : not UTF-8, or with NUL characters in it.
    """
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), None)
    if encoding is not None:
        raise StoreError(f"{path}: is not UTF-8 text but {encoding}, by its first bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StoreError(f"{path}: is not UTF-8 text (byte {error.start + 1})") from None
    if "\0" in text:
        raise StoreError(f"{path}: is not UTF-8 text (it holds a NUL, character {text.index(chr(0)) + 1})")
    return text


def parse_json(path: Path, text: str, line: int | None = None) -> Any:
    """Return the value of a JSON text; NaN and infinities are accepted, because asv writes them.

    Raises
    ------
    StoreError : no JSON, an object that names a key twice, nesting or a number beyond all use, too many values.
    """
    place = str(path) if line is None else f"{path} line {line}"
    count = text.count(",") + text.count("[") + text.count("{")
    if count > MOST_VALUES:
        raise StoreError(f"{place}: must hold at most {MOST_VALUES} values, got about {count}")
    try:
        value = json.loads(text, object_pairs_hook=lambda pairs: _unique_keys(place, pairs))
    except json.JSONDecodeError as error:
        at = f"{path} line {error.lineno if line is None else line}"
        raise StoreError(f"{at}: is broken JSON: {error.msg} (column {error.colno})") from None
    except RecursionError:
        raise StoreError(f"{place}: is nested too deep") from None
    except MemoryError:
        raise StoreError(f"{place}: needs more memory than there is") from None
    except ValueError:  # the interpreter's own limit, which keeps reading linear in the size
        raise StoreError(f"{place}: holds a whole number of thousands of digits") from None
    if is_too_deep(value):
        raise StoreError(f"{place}: is nested too deep")
    return value


def _unique_keys(place: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1) if len(names) <= MOST_CHARACTERS else None
        raise StoreError(f"{place}: an object names {'a key' if twice is None else repr(printable(twice))} twice")
    return found
