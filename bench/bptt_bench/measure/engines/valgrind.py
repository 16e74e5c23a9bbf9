"""Count the instructions of evaluations with Valgrind's callgrind, from outside the process that makes them.

An instruction of the program in user space counts once, whatever it costs: caches, other work on the machine and the
clock do not matter. Two runs in one environment agree to about 1e-5. Another build of Python or of a library moves the
counts by up to a per cent, so it is their growth that a law can be judged on.

Source: N. Nethercote and J. Seward, "Valgrind: a framework for heavyweight dynamic binary instrumentation", PLDI 2007;
J. Weidendorfer, callgrind, in the Valgrind manual.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from bptt_bench.errors import BenchError
from bptt_bench.measure.engines.local import worker_environment
from bptt_bench.measure.protocol.messages import OpenRequest
from bptt_bench.measure.worker.instructions import FOLDER
from bptt_bench.measure.worker.instrumentation import client_request

PROGRAM = "valgrind"
WORKER = "bptt_bench.measure.worker.instructions"
MARK = "getppid"  # the function of the C library at which callgrind writes down what it has counted
MARKS = 2  # of an evaluation: before it and behind it
SECONDS_TO_START = 120.0  # Python and the experiment start some 50 times as slowly as without Valgrind
SECONDS_TO_ANSWER = 30.0  # the question for its version
ENVIRONMENT_BYTES = 32_768  # to which the environment is filled up: its size moves the stack, and with it some counts
MOST_CHARACTERS = 200  # of what a process printed last
TOTAL = re.compile(rb"^(?:summary|totals):\s*(\d+)\s*$", re.MULTILINE)


class InstructionsError(BenchError, RuntimeError):
    """Instructions cannot be counted here, or not of this code; the message says why."""


def require_valgrind() -> str:
    """Return the path of Valgrind.

    Raises
    ------
    InstructionsError : it is not installed.
    """
    path = shutil.which(PROGRAM)
    if path is None:
        raise InstructionsError(
            "instructions: cannot be counted here, because valgrind is not installed "
            "(Debian and Ubuntu: apt install valgrind)"
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


class InstructionCounter:
    """Counts the instructions of evaluations in a process of its own; a context manager, which ends that process.

    Parameters
    ----------
    opening : the first message to that process, which answers when it is ready: what it is to load.
    command : the module that the process runs, and its arguments. It answers a request a line and marks evaluations,
        as ``bptt_bench.measure.worker.instructions`` does.
    folder : where the process runs; None: where this one does.
    threads : of every numerical library.
    variables, unset : environment variables that the process has beside those of this one, and has not.
    seconds_to_start : for which the process is waited for until it is ready.
    seconds_to_end : for which the process may put away what it has set up, when it is not needed any more.
    program : the command that Valgrind is.

    Raises
    ------
    InstructionsError : Valgrind is not installed, or does not count here.
    """

    def __init__(
        self,
        opening: Mapping[str, Any],
        *,
        command: Sequence[str] = (WORKER,),
        folder: Path | None = None,
        threads: int = 1,
        variables: Mapping[str, str] | None = None,
        unset: Collection[str] = (),
        seconds_to_start: float = SECONDS_TO_START,
        seconds_to_end: float = 0.0,
        program: Sequence[str] | None = None,
    ) -> None:
        self._opening, self._command, self._cwd = dict(opening), tuple(command), folder
        self._seconds_to_start, self._seconds_to_end = seconds_to_start, seconds_to_end
        inherited = {name: value for name, value in os.environ.items() if name not in unset}
        self._program = [require_valgrind()] if program is None else list(program)
        self._folder = tempfile.TemporaryDirectory(prefix="bptt-bench-instructions-")
        chosen = {**inherited, **(variables or {}), FOLDER: self._folder.name}
        self._environment = _filled(worker_environment(chosen, threads))
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        self._dumps, self._of_marks = 0, 0
        self._process: subprocess.Popen[bytes] | None = None
        self._is_waiting = False

    @classmethod
    def of_experiment(cls, opening: OpenRequest, variables: Mapping[str, str] | None = None) -> Self:
        """Return a counter of the evaluations of an experiment, which is loaded as measuring processes load it."""
        loaded = {name: getattr(opening, name) for name in ("module", "corpus", "fault")}
        return cls(loaded, threads=opening.threads, variables=variables)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [
                *self._program,
                "--tool=callgrind",
                f"--instr-atstart={'yes' if client_request() is None else 'no'}",
                f"--dump-before={MARK}",
                f"--callgrind-out-file={self._folder.name}/counts",
                "--log-file=/dev/null",
                *(sys.executable, "-P", "-m", *self._command),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            env=self._environment,
            cwd=self._cwd,
            process_group=0,
        )
        try:
            self._of_marks = self._counts(self._ask(self._opening, self._seconds_to_start))[0]
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def count(self, subject: str, point: Mapping[str, Any], *, inputs: int, seconds: float) -> list[int]:
        """Return the instructions of one evaluation for each of several inputs.

        Parameters
        ----------
        inputs : how many. seconds : after which the counting is given up.

        Raises
        ------
        InstructionsError : the evaluation raised, took too long, or was not counted.
        """
        reply = self._ask({"subject": subject, "point": dict(point), "inputs": inputs}, seconds)
        counts = [count - self._of_marks for count in self._counts(reply)]
        if min(counts) <= 0:
            raise InstructionsError(f"instructions: {min(counts)} counted for {subject} at {point}: nothing was read")
        return counts

    def close(self) -> None:
        """End the process and what it has started."""
        if self._process is not None:
            assert self._process.stdin is not None
            with contextlib.suppress(BrokenPipeError, subprocess.TimeoutExpired):
                self._process.stdin.close()
                self._process.wait(self._seconds_to_end)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, 9)
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None
        self._printed.close()
        self._folder.cleanup()

    @property
    def is_ready(self) -> bool:
        """Whether the process can be asked again: it runs, and has answered all that it was asked."""
        return self._process is not None and self._process.poll() is None and not self._is_waiting

    def processor_seconds(self) -> float:
        """Return the processor time that the process has taken, in seconds; infinite once it has ended."""
        import psutil

        if not self.is_ready or self._process is None:
            return math.inf
        return float(sum(psutil.Process(self._process.pid).cpu_times()[:4]))  # its own, and that of processes it began

    def _ask(self, message: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(message).encode() + b"\n")
            process.stdin.flush()
        self._is_waiting = True
        ready, _, _ = select.select([process.stdout], [], [], seconds)
        if not ready:
            raise InstructionsError(f"instructions: not counted within {seconds:.0f} s")
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            raise InstructionsError(f"instructions: the process that {PROGRAM} watched has ended{self._last_words()}")
        self._is_waiting = False
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            self._read_dumps()  # those of what went before the error
            raise InstructionsError(reply["error"])
        return reply

    def _last_words(self) -> str:
        self._printed.seek(0)
        lines = self._printed.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f": {last[:MOST_CHARACTERS]}" if last else ""

    def _counts(self, reply: Mapping[str, Any]) -> list[int]:
        """Return what was counted between the two marks of each evaluation, and forget all dumps so far."""
        found = self._read_dumps()
        for before, after in reply["places"]:
            if after - before != MARKS:
                raise InstructionsError(
                    f"instructions: {after - before} marks seen in an evaluation instead of {MARKS}; the code itself "
                    f"calls {MARK}"
                )
        return [found[after - 1] for _, after in reply["places"]]

    def _read_dumps(self) -> list[int]:
        found = []
        while (path := self._dump(self._dumps + 1)).exists():
            total = TOTAL.search(path.read_bytes())
            if total is None:
                raise InstructionsError(f"instructions: {PROGRAM} wrote no total; is its version unknown?")
            found.append(int(total[1]))
            path.unlink()
            self._dumps += 1
        return found

    def _dump(self, number: int) -> Path:
        return Path(f"{self._folder.name}/counts.{number}")


def _filled(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with a fixed hash seed, filled up to a fixed size."""
    fixed = {**environment, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "BPTT_BENCH_FILL": ""}
    size = sum(len(name) + len(value) + 2 for name, value in fixed.items())
    return {**fixed, "BPTT_BENCH_FILL": "x" * max(ENVIRONMENT_BYTES - size, 0)}
