"""Output of measured code: captured, counted line by line, and shown once."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from typing import IO

from bptt_bench.text.bounds import abbreviate

MOST_LINES = 20  # different ones that are kept; the rest is counted
MOST_CHARACTERS = 200  # of a line
CHUNK_BYTES = 1 << 20  # read at once: what was printed may be larger than memory


def flush_all() -> None:
    """Flush what code has printed, in Python or in C."""
    with contextlib.suppress(Exception):  # the streams may have been replaced
        sys.stdout.flush()
        sys.stderr.flush()
        ctypes.CDLL(None).fflush(None)


class CapturedOutput:
    """Lines and how often each was printed, in the order in which they first were.

    Attributes
    ----------
    others : lines beyond the first so many different ones.
    """

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.others = 0

    def __bool__(self) -> bool:
        return bool(self.lines)

    def add(self, line: str, times: int = 1) -> None:
        """Count a line, unless it is empty."""
        line = line.strip("\r\n")
        line = abbreviate(line, MOST_CHARACTERS)
        if not line.strip():
            return
        if line in self.lines or len(self.lines) < MOST_LINES:
            self.lines[line] = self.lines.get(line, 0) + times
        else:
            self.others += times

    def add_all(self, lines: Iterable[tuple[str, int]], others: int = 0) -> None:
        """Add lines that were counted elsewhere, and how many others there were."""
        for line, times in lines:
            self.add(line, times)
        self.others += others


class OutputFile:
    """A file for what a process prints to standard output and standard error, until it is counted."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # closed with the process
        self._lock = threading.Lock()
        # append mode: once the file is emptied, writing begins at its start
        fcntl.fcntl(self.file, fcntl.F_SETFL, fcntl.fcntl(self.file, fcntl.F_GETFL) | os.O_APPEND)

    def count(self, printed: CapturedOutput | None) -> None:
        """Count what stands in the file, and empty it; None forgets it."""
        with self._lock:  # a run that is stopped closes processes while their output is counted
            if not self.file.closed:
                self._count(printed)

    def close(self, printed: CapturedOutput) -> None:
        """Count what is left, of a process that has ended; closing twice does nothing."""
        with self._lock:
            if not self.file.closed:
                self._count(printed)
                self.file.close()

    def _count(self, printed: CapturedOutput | None) -> None:
        number = self.file.fileno()
        size = os.fstat(number).st_size
        if not size:
            return
        rest = b""
        for start in range(0, size if printed is not None else 0, CHUNK_BYTES):
            *lines, rest = (rest + os.pread(number, min(CHUNK_BYTES, size - start), start)).split(b"\n")
            for line in lines:
                self._add(printed, line)
        self._add(printed, rest)
        os.ftruncate(number, 0)

    @staticmethod
    def _add(printed: CapturedOutput | None, line: bytes) -> None:
        if printed is not None:
            printed.add(line.decode("utf-8", errors="replace"))


def line_with_count(line: str, times: int) -> str:
    """Return a line, with how often it was printed."""
    return f"{line} ({times} times)" if times > 1 else line


_shown: set[str] = set()  # lines that this process has shown: an experiment may be loaded more than once


@contextlib.contextmanager
def redirect_standard_output() -> Iterator[None]:
    """Show on standard error, and once, what code prints within the block: standard output is for our answer alone."""
    flush_all()
    try:
        kept = os.dup(1)
    except OSError:  # closed
        yield
        return
    overheard, printed = OutputFile(), CapturedOutput()
    try:
        os.dup2(overheard.file.fileno(), 1)
        with open(1, "w", encoding="utf-8", closefd=False) as stream, contextlib.redirect_stdout(stream):
            yield
    finally:
        flush_all()
        os.dup2(kept, 1)
        os.close(kept)
        overheard.close(printed)
        for line, times in printed.lines.items():
            if line not in _shown:
                _shown.add(line)
                print(line_with_count(line, times), file=sys.stderr)
