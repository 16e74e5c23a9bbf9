"""Count the instructions of evaluations in a process of their own.

The counters of the processor count them where the kernel lends one, and Valgrind does elsewhere. Two runs in one
environment agree to about 1e-5. Another build of Python or of a library moves the counts by up to a per cent, so it is
their growth that a law can be judged on.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

from bptt_bench.measure.engines.counting.counting_process import CountError, CountingProcess, ProcessCounter, opening_of
from bptt_bench.measure.engines.counting.memory_copies import NEVER_REPEATED, copying
from bptt_bench.measure.engines.counting.valgrind import Callgrind, valgrind_version
from bptt_bench.measure.engines.local import worker_environment
from bptt_bench.measure.protocol.messages import OpenRequest
from bptt_bench.measure.worker.counting.instructions import EVENT
from bptt_bench.measure.worker.counting.perf_event import INSTRUCTIONS, Event, counts_here

WORKER = "bptt_bench.measure.worker.counting.instructions"
SECONDS_TO_START = 120.0  # Python and the experiment start some 50 times as slowly under Valgrind
ENVIRONMENT_BYTES = 32_768  # to which the environment is filled up: its size moves the stack, and with it some counts
FIXED_ADDRESSES = ("setarch", "--addr-no-randomize")  # some counts depend on where the system puts a program
PROCESSOR = "processor (perf_event_open, copies by vectors)"


class Source(Protocol):
    """What counts in a process, or watches it."""

    copies_repeated_from: int  # bytes from which one instruction copies by repeating itself

    @property
    def variables(self) -> Mapping[str, str]:
        """Return the environment variables that the process needs."""
        ...

    @property
    def command(self) -> Sequence[str]:
        """Return what stands before the command of the process."""
        ...

    def counts(self, reply: Mapping[str, Any]) -> list[int]:
        """Return the counts of the evaluations that a reply is about."""
        ...

    def by_function(self) -> list[dict[str, int]]:
        """Return how the last counts are made up, by the names of functions; nothing where that is not known."""
        ...

    def forget(self) -> None:
        """Forget what was counted before an error."""
        ...

    def close(self) -> None:
        """Remove what was written."""
        ...


class ProcessorSource:
    """A process that counts by itself, with the counters of the processor."""

    copies_repeated_from = NEVER_REPEATED  # they would count as one

    def __init__(self, event: Event = INSTRUCTIONS) -> None:
        self.variables = {EVENT: str(event)}
        self.command = _fixed_addresses()

    def counts(self, reply: Mapping[str, Any]) -> list[int]:
        """Return the counts of the evaluations that a reply is about."""
        return [int(count) for count in reply["counts"]]

    def by_function(self) -> list[dict[str, int]]:
        """Return nothing: the processor does not know functions."""
        return []

    def forget(self) -> None:
        """Do nothing: a reply has all that was counted, also behind an error."""

    def close(self) -> None:
        """Do nothing: nothing was written."""


def choose_source() -> Source:
    """Return the processor where the kernel lends its counters, else Valgrind.

    Raises
    ------
    CountError : there is neither.
    """
    return ProcessorSource() if counts_here(INSTRUCTIONS) else Callgrind()


def counter_name() -> str | None:
    """Return what counts instructions here, with its version and how it counts copies; None where nothing does.

    Runs that counted copies in another way differ by it, which a comparison of them says.
    """
    if counts_here(INSTRUCTIONS):
        return PROCESSOR
    version = valgrind_version()
    return None if version is None else f"{version} (copies by the byte)"


@functools.cache
def _fixed_addresses() -> list[str]:
    program = shutil.which(FIXED_ADDRESSES[0])
    if program is None:
        return []
    command = [program, *FIXED_ADDRESSES[1:]]
    tried = subprocess.run([*command, sys.executable, "-c", ""], capture_output=True, check=False)
    return command if tried.returncode == 0 else []


class InstructionCounter(ProcessCounter):
    """Counts the instructions of evaluations in a process of its own; a context manager, which ends that process.

    Parameters
    ----------
    opening : the first message to that process, which answers when it is ready: what it is to load.
    command : the module that the process runs, and its arguments. It answers a request a line and marks evaluations,
        as ``bptt_bench.measure.worker.counting.instructions`` does.
    folder : where the process runs; None: where this one does.
    threads : of every numerical library.
    variables, unset : environment variables that the process has beside those of this one, and has not.
    seconds_to_start : for which the process is waited for until it is ready.
    seconds_to_end : for which the process may put away what it has set up, when it is not needed any more.
    source : what counts; None: what there is.

    Attributes
    ----------
    by_function : of the last count, for each input, the instructions that each function makes by itself; nothing where
        the processor counts.

    Raises
    ------
    CountError : nothing counts instructions here.
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
        source: Source | None = None,
    ) -> None:
        inherited = {name: value for name, value in os.environ.items() if name not in unset}
        self._source = choose_source() if source is None else source
        chosen = {**inherited, **(variables or {}), **self._source.variables}
        self._of_marks = 0
        self.by_function: list[dict[str, int]] = []
        process = CountingProcess(
            "instructions",
            [*self._source.command, sys.executable, "-P", "-m", *command],
            environment=_filled(copying(worker_environment(chosen, threads), self._source.copies_repeated_from)),
            folder=folder,
            seconds_to_end=seconds_to_end,
        )
        super().__init__(process, opening, seconds_to_start)

    @classmethod
    def of_experiment(
        cls, opening: OpenRequest, variables: Mapping[str, str] | None = None, source: Source | None = None
    ) -> Self:
        """Return a counter of the evaluations of an experiment, which is loaded as measuring processes load it."""
        return cls(opening_of(opening), threads=opening.threads, variables=variables, source=source)

    def count(self, subject: str, point: Mapping[str, Any], *, inputs: int, seconds: float) -> list[int]:
        """Return the instructions of one evaluation for each of several inputs.

        Parameters
        ----------
        inputs : how many.
        seconds : after which the counting is given up.

        Raises
        ------
        CountError : the evaluation raised, took too long, or was not counted.
        """
        reply = self._ask({"subject": subject, "point": dict(point), "inputs": inputs}, seconds)
        counts = [count - self._of_marks for count in self._source.counts(reply)]
        if min(counts) <= 0:
            raise CountError(f"instructions: {min(counts)} counted for {subject} at {point}: nothing was read")
        self.by_function = self._source.by_function()
        return counts

    def close(self) -> None:
        """End the process and what it has started, and remove what was written."""
        super().close()
        self._source.close()

    def _opened(self, reply: Mapping[str, Any]) -> None:
        self._of_marks = self._source.counts(reply)[0]

    def _forget(self) -> None:
        self._source.forget()


def _filled(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with a fixed hash seed, filled up to a fixed size."""
    fixed = {**environment, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "BPTT_BENCH_FILL": ""}
    size = sum(len(name) + len(value) + 2 for name, value in fixed.items())
    return {**fixed, "BPTT_BENCH_FILL": "x" * max(ENVIRONMENT_BYTES - size, 0)}
