"""A process that counts evaluations when it is asked to: a request and a reply of one JSON line each."""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from bptt_bench.errors import BenchError
from bptt_bench.measure.protocol.messages import OpenRequest

MOST_CHARACTERS = 200  # of what a process printed last


class CountError(BenchError, RuntimeError):
    """Something cannot be counted here, or not of this code; the message says why."""


class CountingProcess:
    """A process that is asked to count.

    Parameters
    ----------
    counted : what it counts, for messages, such as ``instructions``.
    command : the program and its arguments. It answers a request a line.
    environment : its variables.
    folder : where it runs; None: where this one does.
    seconds_to_end : for which it may put away what it has set up, when it is not needed any more.
    """

    def __init__(
        self,
        counted: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path | None,
        seconds_to_end: float,
    ) -> None:
        self._counted, self._seconds_to_end = counted, seconds_to_end
        self._command, self._environment, self._folder = list(command), dict(environment), folder
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        self._process: subprocess.Popen[bytes] | None = None
        self._is_waiting = False

    def start(self) -> None:
        """Start the process."""
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            env=self._environment,
            cwd=self._folder,
            process_group=0,
        )

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

    def ask(self, message: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Send a request and return the reply.

        Raises
        ------
        CountError : there was none in so many seconds, or the process has ended.
        """
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
            raise CountError(f"{self._counted}: not counted within {seconds:.0f} s")
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            raise CountError(f"{self._counted}: the process that counts has ended{self._last_words()}")
        self._is_waiting = False
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _last_words(self) -> str:
        self._printed.seek(0)
        lines = self._printed.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f": {last[:MOST_CHARACTERS]}" if last else ""


class ProcessCounter:
    """Counts evaluations in a process of its own; a context manager, which ends that process.

    Parameters
    ----------
    process : that counts.
    opening : the first message to it, which it answers when it is ready: what it is to load.
    seconds_to_start : for which it is waited for until then.
    """

    def __init__(self, process: CountingProcess, opening: Mapping[str, Any], seconds_to_start: float) -> None:
        self._process, self._opening, self._seconds_to_start = process, dict(opening), seconds_to_start

    def __enter__(self) -> Self:
        self._process.start()
        try:
            self._opened(self._ask(self._opening, self._seconds_to_start))
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and what it has started."""
        self._process.close()

    @property
    def is_ready(self) -> bool:
        """Whether the process can be asked again: it runs, and has answered all that it was asked."""
        return self._process.is_ready

    def processor_seconds(self) -> float:
        """Return the processor time that the process has taken, in seconds; infinite once it has ended."""
        return self._process.processor_seconds()

    def _opened(self, reply: Mapping[str, Any]) -> None:
        """Take note of the reply to the first message."""

    def _forget(self) -> None:
        """Forget what was counted before an error."""

    def _ask(self, message: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        reply = self._process.ask(message, seconds)
        if "error" in reply:
            self._forget()
            raise CountError(reply["error"])
        return reply


def opening_of(request: OpenRequest) -> dict[str, Any]:
    """Return the first message to a process that loads an experiment as measuring processes do."""
    return {name: getattr(request, name) for name in ("module", "corpus", "fault")}
