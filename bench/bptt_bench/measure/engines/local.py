"""Measuring processes on this machine, spoken to over pipes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from bptt_bench.measure.engines import WorkerDied
from bptt_bench.measure.probe.environment import THREAD_VARIABLES
from bptt_bench.measure.protocol.messages import OpenRequest, Reply, Request, decode, encode
from bptt_bench.measure.worker.output import CapturedOutput, OutputFile

SECONDS_TO_END = 5.0  # for the exit status of a process whose reply pipe has closed


class LocalWorker:
    """A process of its own, in a process group of its own: Ctrl-C on the terminal reaches only the run."""

    def __init__(self, process: subprocess.Popen[bytes], overheard: OutputFile, printed: CapturedOutput) -> None:
        self._overheard, self._printed = overheard, printed
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._requests: BinaryIO = process.stdin  # type: ignore[assignment]  # a binary pipe
        self._replies: BinaryIO = process.stdout  # type: ignore[assignment]  # a binary pipe

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, request: Request) -> Reply:
        try:
            self._requests.write(encode(request))
            self._requests.flush()
            line = self._replies.readline()
        except BrokenPipeError:
            line = b""
        if not line.endswith(b"\n"):
            raise WorkerDied(self._describe_end())
        reply: Reply = decode(line)
        # the run has loaded the experiment itself, and shown what that prints
        self._overheard.count(None if isinstance(request, OpenRequest) else self._printed)
        return reply

    def kill(self) -> None:
        """End the whole group, without waiting: a subject may have started processes as well. Not after ``close``."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the whole group, and wait for the process."""
        self.kill()
        self._process.wait()
        self._overheard.close(self._printed)
        for pipe in (self._requests, self._replies):
            with contextlib.suppress(OSError):  # unsent data have no reader
                pipe.close()

    def _describe_end(self) -> str:
        try:
            status = self._process.wait(timeout=SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            return "it closed its output"
        if status >= 0:
            return f"it ended with exit status {status}"
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
        hint = "; the system may have run out of memory" if -status == signal.SIGKILL else ""
        return f"it was killed by {name}{hint}"


class LocalEngine:
    """Starts each measuring process as a new interpreter with its thread variables set before it loads anything.

    Parameters
    ----------
    variables : set beside them, for the libraries that an experiment measures.
    unset : variables of this process that measuring processes are not to have.
    held : open files that the processes hold as well, such as a lock that must last as long as the last of them.
    path : where they look for modules; None: where this process does.

    Attributes
    ----------
    printed : what the processes have printed.
    """

    def __init__(
        self,
        variables: Mapping[str, str] | None = None,
        *,
        unset: Collection[str] = (),
        held: Sequence[int] = (),
        path: Sequence[str] | None = None,
    ) -> None:
        self._variables, self._unset, self._held = dict(variables or {}), frozenset(unset), tuple(held)
        self._path = path
        self.output = CapturedOutput()

    def start(self, *, threads: int) -> LocalWorker:
        ours = {name: value for name, value in os.environ.items() if name not in self._unset}
        overheard = OutputFile()
        return LocalWorker(
            subprocess.Popen(
                [sys.executable, "-P", "-m", "bptt_bench.measure.worker.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=overheard.file,
                env=worker_environment({**ours, **self._variables}, threads, self._path),
                process_group=0,
                pass_fds=self._held,
            ),
            overheard,
            self.output,
        )


def worker_environment(
    environment: Mapping[str, str], threads: int, path: Sequence[str] | None = None
) -> dict[str, str]:
    """Return the environment of a measuring process: pinned threads, and the import path."""
    path = [entry or str(Path.cwd()) for entry in sys.path] if path is None else path
    return {
        **environment,
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(path)),
    }
