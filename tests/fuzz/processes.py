"""Cases in processes of their own: ``python -m tests.fuzz.processes FIRST END`` runs some, a line of JSON for each."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.bases import bases, small
from tests.fuzz.case import SECONDS_A_CASE, Outcome, outcome

ROOT = Path(__file__).resolve().parent.parent.parent
ADDRESS_SPACE = 6 << 30  # bytes that a process may ask for: a file that needs more must be refused before
STUCK_SECONDS = 60 * SECONDS_A_CASE  # native code hears no alarm, and who waits uses no time: then the process is ended


def all_outcomes(first: int, cases: int) -> Iterator[tuple[int, Outcome]]:
    """What came of each case; a process that died is replaced, and the next goes on after the case that killed it."""
    at, end = first, first + cases
    while at < end:
        command = [sys.executable, "-m", "tests.fuzz.processes", str(at), str(end)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
            stuck = False
            for line in _lines(process):
                if line is None:
                    process.kill()
                    stuck = True
                    break
                yield at, Outcome(**json.loads(line))
                at += 1
        if at < end:
            words = f"exit code {process.returncode}"
            yield at, Outcome(kind="?", result="hang" if stuck else "crash", words=words, seconds=STUCK_SECONDS)
            at += 1


def _lines(process: subprocess.Popen[bytes]) -> Iterator[bytes | None]:
    """Whole lines of what a process writes; None when it has been silent for too long."""
    assert process.stdout is not None
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(STUCK_SECONDS):
                yield None
                return
            piece = os.read(process.stdout.fileno(), 1 << 16)
            if not piece:
                return
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole


def main() -> None:
    """Run some cases in this process, with bounded memory."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    all_bases = [base for base in bases() if small(base)]
    for seed in range(int(sys.argv[1]), int(sys.argv[2])):
        with tempfile.TemporaryDirectory() as name:
            print(json.dumps(dataclasses.asdict(outcome(seed, all_bases, Path(name)))), flush=True)


if __name__ == "__main__":
    main()
