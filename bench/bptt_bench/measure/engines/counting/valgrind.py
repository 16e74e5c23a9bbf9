"""Valgrind's callgrind as a counter of instructions, from outside the process that makes them.

An instruction of the program in user space counts once, whatever it costs: caches, other work on the machine and the
clock do not matter. Code runs some fifty times as slowly.

Source: N. Nethercote and J. Seward, "Valgrind: a framework for heavyweight dynamic binary instrumentation", PLDI 2007;
J. Weidendorfer, callgrind, in the Valgrind manual.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bptt_bench.measure.engines.counting.callgrind_profile import functions_of, total_of
from bptt_bench.measure.engines.counting.counting_process import CountError
from bptt_bench.measure.engines.counting.memory_copies import SOON_REPEATED
from bptt_bench.measure.worker.counting.instructions import FOLDER
from bptt_bench.measure.worker.counting.instrumentation import client_request

PROGRAM = "valgrind"
MARK = "getppid"  # the function of the C library at which callgrind writes down what it has counted
MARKS = 2  # of an evaluation: before it and behind it
SECONDS_TO_ANSWER = 30.0  # the question for its version


def require_valgrind() -> str:
    """Return the path of Valgrind.

    Raises
    ------
    CountError : it is not installed.
    """
    path = shutil.which(PROGRAM)
    if path is None:
        raise CountError(
            "instructions: cannot be counted here: the kernel lends no counter of the processor, and valgrind is not "
            "installed (Debian and Ubuntu: apt install valgrind)"
        )
    return path


def valgrind_version() -> str | None:
    """Return how Valgrind names itself, such as ``valgrind-3.19.0``; None where it is not installed or does not run."""
    path = shutil.which(PROGRAM)
    if path is None:
        return None
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=SECONDS_TO_ANSWER, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


class Callgrind:
    """Starts a process that callgrind watches, and reads what it counted.

    Parameters
    ----------
    program : the command that Valgrind is.

    Raises
    ------
    CountError : Valgrind is not installed.
    """

    copies_repeated_from = SOON_REPEATED  # a repetition, of a byte, counts

    def __init__(self, program: str | None = None) -> None:
        self._program = require_valgrind() if program is None else program
        self._folder = tempfile.TemporaryDirectory(prefix="bptt-bench-instructions-")
        self._dumps = 0
        self._evaluated: list[bytes] = []  # the profiles of the last evaluations that were counted

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment variables that the process needs."""
        return {FOLDER: self._folder.name}

    @property
    def command(self) -> list[str]:
        """Return what stands before the command of the process."""
        return [
            self._program,
            "--tool=callgrind",
            "--vgdb=no",  # no debugger: its pipes would stay in the folder for temporary files after a kill
            f"--instr-atstart={'yes' if client_request() is None else 'no'}",
            f"--dump-before={MARK}",
            "--dump-line=no",  # functions are enough
            f"--callgrind-out-file={self._folder.name}/counts",
            "--log-file=/dev/null",
        ]

    def counts(self, reply: Mapping[str, Any]) -> list[int]:
        """Return what was counted between the two marks of each evaluation, and forget all files so far.

        Raises
        ------
        CountError : there were other marks, or callgrind wrote no total.
        """
        found = self._read()
        for before, after in reply["places"]:
            if after - before != MARKS:
                raise CountError(
                    f"instructions: {after - before} marks seen in an evaluation instead of {MARKS}; the code itself "
                    f"calls {MARK}"
                )
        self._evaluated = [found[after - 1] for _, after in reply["places"]]
        return [_total(profile) for profile in self._evaluated]

    def by_function(self) -> list[dict[str, int]]:
        """Return how the last counts are made up, by the names of functions."""
        return [functions_of(profile) for profile in self._evaluated]

    def forget(self) -> None:
        """Forget what was counted before an error."""
        self._read()

    def close(self) -> None:
        """Remove the files."""
        self._folder.cleanup()

    def _read(self) -> list[bytes]:
        found = []
        while (path := Path(f"{self._folder.name}/counts.{self._dumps + 1}")).exists():
            found.append(path.read_bytes())
            path.unlink()
            self._dumps += 1
        return found


def _total(profile: bytes) -> int:
    total = total_of(profile)
    if total is None:
        raise CountError(f"instructions: {PROGRAM} wrote no total; is its version unknown?")
    return total
