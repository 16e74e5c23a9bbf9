"""The samples of a run on disk: a folder with an append-only file of JSON lines, and a lock.

A record is one line, written by one call to the system at the end of the file, so that a process that is killed leaves
whole lines and at most one torn one behind them. A torn line was never reported as measured; it is cut off when the run
goes on.

Schema 2. The first record is of kind ``run``. The record of kind ``experiment`` after it holds as plain data what was
measured and what is claimed: whoever reads the run imports nothing (``bptt_bench.plan.description.description``); of
several the last counts. ``sample``, ``check``, ``worker``, ``skip``, ``resume`` and ``finish`` were there from the
start. Kinds that were added since, which an earlier reader passes over: ``prediction`` (foresee), ``allocation``
(adaptive runs), ``probe``, ``memory`` (bytes that one evaluation needs), ``count`` (what one evaluation does),
``inspection`` (what the first evaluation of a cell showed), ``printed`` (what the measured code printed). Runs of
schema 1 have no ``experiment`` and are read for what they hold. The schema gets the next number when a record of a
known kind changes its meaning, or when readers need a record that was not there before.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bptt_bench.errors import StoreError
from bptt_bench.measure.protocol.records import SCHEMA
from bptt_bench.measure.protocol.schedule import COUNT_BLOCK, MEMORY_BLOCK, StoredProgress, Visit
from bptt_bench.measure.timing.timing import no_garbage_collection
from bptt_bench.plan import Point
from bptt_bench.store.runs.record_types import REQUIRED, require_fields, require_types
from bptt_bench.text.bounds import MOST_SHOWN, abbreviate, is_too_deep, may_be_too_deep

SAMPLES, LOCK = "samples.jsonl", "lock"
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
_NO_SPACE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file has reached the largest size allowed",
}


class SampleStore:
    """The records of one run, open for writing and locked against a second run. Made by `create` or `resume`.

    Attributes
    ----------
    done : what was stored before it was opened.
    recovered_bytes : length of the torn last line that was cut off.
    """

    def __init__(self, folder: Path, *, fresh: bool, write: Callable[[int, bytes], int] = os.write) -> None:
        self.folder, self._write = folder, write
        self.done, self.recovered_bytes = StoredProgress(), 0
        with contextlib.ExitStack() as opened:
            lock = _lock_folder(folder)
            opened.callback(os.close, lock)
            self._file = _open_samples(folder / SAMPLES)
            opened.callback(os.close, self._file)
            if fresh and os.fstat(self._file).st_size:
                raise StoreError(
                    f"{folder}: holds a run already{_experiment_name(folder)}; resume it, or name another folder"
                )
            if not fresh:
                self._recover()
            self._size = os.fstat(self._file).st_size
            self._close = opened.pop_all().close

    @classmethod
    def create(cls, folder: Path | str, *, write: Callable[[int, bytes], int] = os.write) -> SampleStore:
        """Create a store in a new or empty folder.

        Raises
        ------
        StoreError : the folder holds something else or a run, cannot be written, or is being written by another run.
        """
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            foreign = sorted(entry.name for entry in folder.iterdir() if entry.name not in (SAMPLES, LOCK))
        except OSError as error:
            raise StoreError(f"{folder}: cannot be used as output folder: {_reason(error)}") from None
        if foreign and not (folder / SAMPLES).exists():
            raise StoreError(f"{folder}: holds {foreign[0]!r}, which is not a run; name a new or empty folder")
        return cls(folder, fresh=True, write=write)

    @classmethod
    def resume(cls, folder: Path | str, *, write: Callable[[int, bytes], int] = os.write) -> SampleStore:
        """Open the store of a run that was interrupted; ``done`` is what it holds.

        Raises
        ------
        StoreError : the folder holds no run, or one that cannot be read or written, or is being written by another run.
        """
        folder = Path(folder)
        if not (folder / SAMPLES).is_file():
            raise StoreError(f"{folder}: holds no run to be resumed (no {SAMPLES})")
        return cls(folder, fresh=False, write=write)

    def append(self, record: Mapping[str, Any]) -> None:
        """Write a record; once this returns, it outlives the process.

        Raises
        ------
        StoreError : it could not be written; the file then ends with the record before.
        """
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        written = 0
        try:
            while written < len(line):
                written += self._write(self._file, line[written:])
        except OSError as error:
            with contextlib.suppress(OSError):  # a half-written line that cannot be cut off is ignored by every reader
                os.ftruncate(self._file, self._size)
            raise StoreError(
                f"{self.folder / SAMPLES}: cannot be written: {_reason(error)}; what came before is kept"
            ) from None
        self._size += len(line)

    def sync(self) -> None:
        """See that what was written outlives the machine."""
        try:
            os.fsync(self._file)
        except OSError as error:
            raise StoreError(f"{self.folder / SAMPLES}: cannot be written: {_reason(error)}") from None

    def close(self) -> None:
        """Give up the lock; closing twice does nothing."""
        self._close()
        self._close = _nothing

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _recover(self) -> None:
        """Cut a torn last line off, and take stock of the rest."""
        path = self.folder / SAMPLES
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        self.recovered_bytes = len(content) - whole
        with no_garbage_collection():
            self.done = stored_progress(_parse_records(path, content[:whole]))
        if self.recovered_bytes:
            os.ftruncate(self._file, whole)


def read_records(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file of samples, one a line; a torn last line is left out.

    Raises
    ------
    StoreError : the file cannot be read, holds something else, or has a broken line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {_reason(error)}") from None
    return _parse_records(path, content[: content.rfind(b"\n") + 1])


def _parse_records(path: Path, content: bytes) -> list[dict[str, Any]]:
    """Return the records in the lines of a file, which must begin with a run record of a known schema."""
    lines = content.split(b"\n")[:-1]
    try:
        with no_garbage_collection():
            records: list[dict[str, Any]] = json.loads(
                b"[" + b",".join(lines) + b"]"
            )  # at once: three times as fast as line by line
        if len(records) != len(lines):
            raise ValueError("a line holds several values")
    except (ValueError, RecursionError):
        records = [_record(path, number, line) for number, line in enumerate(lines, start=1)]
    if records:
        _require_run(path, records[0])
    for number, (record, line) in enumerate(zip(records, lines, strict=True), start=1):
        if not isinstance(record, dict) or "record" not in record:
            raise StoreError(f"{path} line {number}: is not a record")
        if may_be_too_deep(line) and is_too_deep(record):
            raise StoreError(f"{path} line {number}: is nested too deep")
        where = f"{path} line {number}"
        if not isinstance(record["record"], str):
            raise StoreError(f"{where}: record must be a text, got {_abbreviate(record['record'])}")
        require_fields(where, record)
        if record["record"] == "sample":
            _require_sample(where, record)
        elif record["record"] in REQUIRED or not record.keys() >= REQUIRED["sample"]:
            require_types(where, record)
        else:  # of no kind that an earlier reader may pass over
            raise StoreError(f"{where}: record must be 'sample', got {_abbreviate(record['record'])}")
    return records


def _require_sample(where: str, record: Mapping[str, Any]) -> None:
    """See that a sample has seconds and a point.

    A sample below the signal floor may have taken 0 s by a coarse clock: it is left out of every fit.

    Raises
    ------
    StoreError : it does not; the message begins with ``where`` and names the field.
    """
    seconds, point = record["seconds_per_eval"], record["point"]
    if not (_is_finite(seconds) and (seconds > 0 or (seconds == 0 and record.get("below_floor") is True))):
        raise StoreError(f"{where}: seconds_per_eval must be a finite number above 0, got {_abbreviate(seconds)}")
    if not isinstance(point, dict):
        raise StoreError(f"{where}: point must be an object of levels, got {_abbreviate(point)}")
    for name, level in point.items():
        if not isinstance(level, str) and not _is_finite(level):
            raise StoreError(
                f"{where}: level {name!r} of point must be a finite number or a text, got {_abbreviate(level)}"
            )


def _abbreviate(value: object) -> str:
    """Return a value in a message, cut short."""
    if isinstance(value, int) and abs(value) >= 10**MOST_SHOWN:
        return f"a whole number of {value.bit_length()} bits"  # whose digits Python may refuse to write
    return abbreviate(repr(value))


def _is_finite(value: object) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    return type(value) is int and abs(value) < 2**63


def _record(path: Path, number: int, line: bytes) -> Any:
    try:
        return json.loads(line)
    except RecursionError:
        raise StoreError(f"{path} line {number}: is nested too deep") from None
    except ValueError:
        raise StoreError(f"{path} line {number}: is broken; a record was expected: {line[:40]!r}") from None


def _require_run(path: Path, first: Any) -> None:
    if not isinstance(first, dict) or first.get("record") != "run" or not isinstance(first.get("schema"), int):
        raise StoreError(f"{path}: does not begin with the record of a run")
    if first["schema"] > SCHEMA:
        raise StoreError(f"{path}: has schema {first['schema']}; this version reads schemas up to {SCHEMA}")


def stored_progress(records: list[dict[str, Any]]) -> StoredProgress:
    """Return what a run with these records need not do again."""
    samples = (record for record in records if record["record"] == "sample")
    weighed = (record for record in records if record["record"] == "memory")
    counted = [record for record in records if record["record"] == "count"]
    workers = [int(record["process"]) for record in records if record["record"] == "worker"]
    return StoredProgress(
        header=records[0] if records else None,
        samples=frozenset(Visit(s["subject"], Point(s["point"]), s["block"], s.get("timing", "whole")) for s in samples)
        | {Visit(m["subject"], Point(m["point"]), MEMORY_BLOCK, "memory") for m in weighed}
        | {Visit(c["subject"], Point(c["point"]), COUNT_BLOCK, "counts") for c in counted},
        checks=frozenset(record["claim"] for record in records if record["record"] == "check"),
        processes=max(workers, default=-1) + 1,
        probed=any(record["record"] == "probe" for record in records),
        compared=frozenset((r["subject"], Point(r["point"])) for r in records if r["record"] == "agreement"),
        sources=_sources(records),
        counts={
            (name, one["subject"], Point(one["point"])): count
            for one in counted
            for name, count in one["counts"].items()
        },
        described=next((record for record in reversed(records) if record["record"] == "experiment"), None),
    )


def _sources(records: list[dict[str, Any]]) -> Mapping[str, str] | None:
    """Return digests of the code that a run was last measured with; None where they are not stored."""
    stored = [record["sources"] for record in records if record["record"] in ("run", "resume") and "sources" in record]
    return stored[-1] if stored and isinstance(stored[-1], dict) else None


def _lock_folder(folder: Path) -> int:
    """Lock a folder; the lock ends with the process that holds it, however that ends."""
    path = folder / LOCK
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written: {_reason(error)}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError:
        holder = os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        raise StoreError(f"{folder}: is in use by another run (process {holder})") from None
    except OSError as error:
        os.close(lock)
        raise StoreError(f"{folder}: cannot be locked: {_reason(error)}") from None
    return lock


def _open_samples(path: Path) -> int:
    """Open the file of samples, created if need be, with its name safely in its folder."""
    try:
        file = os.open(path, _NEW_FILE, 0o666)
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {_reason(error)}") from None
    return file


def _reason(error: OSError) -> str:
    return _NO_SPACE.get(error.errno or 0, error.strerror or str(error))


def _experiment_name(folder: Path) -> str:
    """Return the experiment of a folder's run, as far as that can be read."""
    try:
        with (folder / SAMPLES).open("rb") as file:
            header = json.loads(file.readline())
        return f", of experiment {header['experiment']}"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def _nothing() -> None:
    pass
