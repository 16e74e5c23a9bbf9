"""Count the operations of evaluations in a process of its own, in which nothing is timed."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from bptt_bench.measure.engines.counting_process import CountError, CountingProcess
from bptt_bench.measure.engines.local import worker_environment
from bptt_bench.measure.protocol.messages import OpenRequest
from bptt_bench.plan.experiment.subject import OPERATIONS

WORKER = "bptt_bench.measure.worker.counting.operations"
SECONDS_TO_START = 120.0  # a busy machine takes long to import an experiment


class OperationCounter:
    """Counts the operations of evaluations; a context manager, which ends its process.

    Parameters
    ----------
    As of ``InstructionCounter``, which counts instructions.

    Attributes
    ----------
    unseen : at most so many steps of Python code, which the last counts do not hold.
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
    ) -> None:
        self._opening, self._seconds_to_start = dict(opening), seconds_to_start
        inherited = {name: value for name, value in os.environ.items() if name not in unset}
        self.unseen = 0
        self._process = CountingProcess(
            OPERATIONS,
            [sys.executable, "-P", "-m", *command],
            environment=worker_environment({**inherited, **(variables or {}), "PYTHONHASHSEED": "0"}, threads),
            folder=folder,
            seconds_to_end=seconds_to_end,
        )

    @classmethod
    def of_experiment(cls, opening: OpenRequest, variables: Mapping[str, str] | None = None) -> Self:
        """Return a counter of the evaluations of an experiment, which is loaded as measuring processes load it."""
        loaded = {name: getattr(opening, name) for name in ("module", "corpus", "fault")}
        return cls(loaded, threads=opening.threads, variables=variables)

    def __enter__(self) -> Self:
        self._process.start()
        try:
            self._ask(self._opening, self._seconds_to_start)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def count(self, subject: str, point: Mapping[str, Any], *, inputs: int, seconds: float) -> list[int]:
        """Return the operations of one evaluation for each of several inputs.

        Parameters
        ----------
        inputs : how many. seconds : after which the counting is given up.

        Raises
        ------
        CountError : the evaluation raised, took too long, or does what cannot be counted.
        """
        reply = self._ask({"subject": subject, "point": dict(point), "inputs": inputs}, seconds)
        self.unseen = int(reply["unseen"])
        return [int(count) for count in reply["counts"]]

    def close(self) -> None:
        """End the process and what it has started."""
        self._process.close()

    @property
    def is_ready(self) -> bool:
        """Whether the process can be asked again."""
        return self._process.is_ready

    def processor_seconds(self) -> float:
        """Return the processor time that the process has taken, in seconds; infinite once it has ended."""
        return self._process.processor_seconds()

    def _ask(self, message: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        reply = self._process.ask(message, seconds)
        if "error" in reply:
            raise CountError(reply["error"])
        return reply
