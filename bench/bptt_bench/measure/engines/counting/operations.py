"""Count the operations of evaluations in a process of its own, in which nothing is timed."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from bptt_bench.measure.engines.counting.counting_process import CountingProcess, ProcessCounter, opening_of
from bptt_bench.measure.engines.local import worker_environment
from bptt_bench.measure.protocol.messages import OpenRequest
from bptt_bench.plan.experiment.subject import OPERATIONS

WORKER = "bptt_bench.measure.worker.counting.operations"
SECONDS_TO_START = 120.0  # a busy machine takes long to import an experiment


class OperationCounter(ProcessCounter):
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
        inherited = {name: value for name, value in os.environ.items() if name not in unset}
        self.unseen = 0
        process = CountingProcess(
            OPERATIONS,
            [sys.executable, "-P", "-m", *command],
            environment=worker_environment({**inherited, **(variables or {}), "PYTHONHASHSEED": "0"}, threads),
            folder=folder,
            seconds_to_end=seconds_to_end,
        )
        super().__init__(process, opening, seconds_to_start)

    @classmethod
    def of_experiment(cls, opening: OpenRequest, variables: Mapping[str, str] | None = None) -> Self:
        """Return a counter of the evaluations of an experiment, which is loaded as measuring processes load it."""
        return cls(opening_of(opening), threads=opening.threads, variables=variables)

    def count(self, subject: str, point: Mapping[str, Any], *, inputs: int, seconds: float) -> list[int]:
        """Return the operations of one evaluation for each of several inputs.

        Parameters
        ----------
        inputs : how many.
        seconds : after which the counting is given up.

        Raises
        ------
        CountError : the evaluation raised, took too long, or does what cannot be counted.
        """
        reply = self._ask({"subject": subject, "point": dict(point), "inputs": inputs}, seconds)
        self.unseen = int(reply["unseen"])
        return [int(count) for count in reply["counts"]]
