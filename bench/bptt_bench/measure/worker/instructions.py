"""A process that marks evaluations for a counter of instructions that watches it from outside.

Started under Valgrind's callgrind by ``bptt_bench.measure.engines.valgrind``, which reads the counts between two marks.
A mark is a call of ``getppid``, at which callgrind writes down what it has counted since the last one. Requests come on
standard input, one JSON line each, and replies leave on standard output.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from bptt_bench.measure.worker.instrumentation import Instrumentation
from bptt_bench.measure.worker.loading import describe_error, load_experiment
from bptt_bench.measure.worker.output import flush_all
from bptt_bench.plan import Experiment, Point
from bptt_bench.plan.experiment.seeded import SeededPrepare

Result = TypeVar("Result")


INSTRUMENTATION = Instrumentation()  # of this process


def mark_evaluations(
    evaluations: Sequence[Callable[[], Result]],
    mark: Callable[[], object] = os.getppid,
    preparing: float | None = None,
) -> list[Result]:
    """Evaluate each between two marks, instrumented, with the garbage collector at rest.

    Parameters
    ----------
    preparing : seconds that it took to prepare them; None: since the last ones.
    """
    gc.collect()
    results = []
    with INSTRUMENTATION.during(preparing):
        for evaluate in evaluations:
            mark()
            result = evaluate()
            mark()
            results.append(result)
    return results


def mark_subject(
    experiment: Experiment, subject: str, point: Point, inputs: int, mark: Callable[[], object] = os.getppid
) -> None:
    """Evaluate a subject at a point between two marks, once for each of several inputs.

    Each evaluation has inputs of its own, which nothing has changed. Where the subject draws random numbers from the
    generators that are seeded for it, the inputs differ. One evaluation before them imports and fills caches.
    """
    prepare = experiment.subject(subject).prepare
    prepare(point)()
    gc.freeze()  # what was imported is not looked through again before each evaluation
    start = time.perf_counter()
    prepared = [
        prepare.with_input(point, number) if isinstance(prepare, SeededPrepare) else prepare(point)
        for number in range(inputs)
    ]
    mark_evaluations(prepared, mark, time.perf_counter() - start)


def answer(experiment: Experiment, request: dict[str, Any]) -> dict[str, Any]:
    """Return the reply to a request for one subject at one point: what it raised, or nothing."""
    try:
        mark_subject(experiment, request["subject"], Point(request["point"]), request["inputs"])
    except Exception as error:  # noqa: BLE001  # whatever the user's code raises, the run must name it
        return {"error": describe_error(error)}
    return {}


class Pipes:
    """Requests on standard input and replies on standard output, of which nothing that runs here sees or prints."""

    def __init__(self) -> None:
        self._requests, self._replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(json.loads, self._requests)

    def reply(self, message: dict[str, Any]) -> None:
        """Send a message, behind all that was printed before."""
        flush_all()
        self._replies.write(json.dumps(message).encode() + b"\n")
        self._replies.flush()


def main() -> None:
    """Load the experiment of the first line, then answer a request a line until they end."""
    pipes = Pipes()
    requests = iter(pipes)
    opening = next(requests)
    corpus = opening["corpus"]
    experiment = load_experiment(opening["module"], None if corpus is None else Path(corpus))
    if opening["fault"] is not None:
        experiment = experiment.with_fault(opening["fault"])
    gc.disable()
    mark_evaluations([lambda: None])  # what the marks themselves take
    pipes.reply({})
    for request in requests:
        pipes.reply(answer(experiment, request))
    sys.exit(0)


if __name__ == "__main__":
    main()
