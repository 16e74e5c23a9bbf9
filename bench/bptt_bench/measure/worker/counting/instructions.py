"""A process that evaluates between two marks, for a counter of instructions.

Started by ``bptt_bench.measure.engines.counting.instructions``. Either the process counts by itself, with the counters
of the processor, or Valgrind's callgrind watches it from outside: then a mark is a call of ``getppid``, at which
callgrind writes down what it has counted since the last one. Requests come on standard input, one JSON line each, and
replies leave on standard output.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from bptt_bench.measure.worker.counting.instrumentation import Instrumentation
from bptt_bench.measure.worker.counting.perf_event import Event, EventCounter
from bptt_bench.measure.worker.loading import describe_error, load_experiment
from bptt_bench.measure.worker.output import flush_all
from bptt_bench.plan import Experiment, Point
from bptt_bench.plan.experiment.seeded import SeededPrepare

FOLDER = "BPTT_BENCH_COUNTS"  # the environment variable that names where the counter outside writes
EVENT = "BPTT_BENCH_EVENT"  # that of the event which the process is to count by itself
Result = TypeVar("Result")


class Marks(Protocol):
    """Counts evaluations one after the other, or lets them be counted."""

    def count(self, evaluate: Callable[[], Result]) -> Result:
        """Evaluate between two marks, and return the result."""
        ...

    def take(self) -> dict[str, Any]:
        """Return what a reply says of the evaluations since the last call."""
        ...


class MarksForOutside:
    """Marks at which a counter outside writes a file, and which of the files belong to which evaluation.

    Code outside of the marks may call ``getppid`` as well.

    Parameters
    ----------
    folder : where the counter writes a file at each mark, whose name ends with its number; None: nowhere.
    mark : makes a mark.
    """

    def __init__(self, folder: str | None, mark: Callable[[], object] = os.getppid) -> None:
        self._folder, self._mark = folder, mark
        self._places: list[tuple[int, int]] = []

    def count(self, evaluate: Callable[[], Result]) -> Result:
        """Evaluate between two marks, and return the result."""
        before = self._written()
        self._mark()
        result = evaluate()
        self._mark()
        self._places.append((before, self._written()))
        return result

    def take(self) -> dict[str, Any]:
        """Return how many files there were before and after each evaluation since the last call."""
        places, self._places = self._places, []
        return {"places": places}

    def _written(self) -> int:
        return 0 if self._folder is None else sum(1 for _ in Path(self._folder).glob("*.[0-9]*"))


class MarksOfProcessor:
    """Marks at which the process starts and stops a counter of the processor."""

    def __init__(self, event: Event) -> None:
        self._counter = EventCounter(event)
        self._counts: list[int] = []

    def count(self, evaluate: Callable[[], Result]) -> Result:
        """Count an evaluation, and return its result."""
        self._counter.start()
        result = evaluate()
        self._counts.append(self._counter.stop())
        return result

    def take(self) -> dict[str, Any]:
        """Return the counts of the evaluations since the last call."""
        counts, self._counts = self._counts, []
        return {"counts": counts}


class Marker:
    """Evaluates between marks, instrumented where Valgrind watches, with the garbage collector at rest."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._instrumentation = Instrumentation()

    @classmethod
    def of_environment(cls) -> Marker:
        """Return the marker that the environment of this process asks for."""
        event = os.environ.get(EVENT)
        return cls(MarksForOutside(os.environ.get(FOLDER)) if event is None else MarksOfProcessor(Event.parse(event)))

    def evaluate(self, evaluations: Sequence[Callable[[], Result]], preparing: float | None = None) -> list[Result]:
        """Evaluate each between two marks, and return the results.

        Parameters
        ----------
        preparing : seconds that it took to prepare them; None: since the last ones.
        """
        gc.collect()
        with self._instrumentation.during(preparing):
            return [self._marks.count(evaluate) for evaluate in evaluations]

    def take(self) -> dict[str, Any]:
        """Return what a reply says of the evaluations since the last call."""
        return self._marks.take()


COUNT_MARKER = Marker.of_environment()  # of this process


def mark_subject(
    experiment: Experiment, subject: str, point: Point, inputs: int, marker: Marker = COUNT_MARKER
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
    marker.evaluate(prepared, time.perf_counter() - start)


def answer(experiment: Experiment, request: dict[str, Any]) -> dict[str, Any]:
    """Return the reply to a request for one subject at one point: what it raised, or nothing."""
    try:
        mark_subject(experiment, request["subject"], Point(request["point"]), request["inputs"])
    except Exception as error:  # noqa: BLE001  # whatever the user's code raises, the run must name it
        return {"error": describe_error(error), **COUNT_MARKER.take()}
    return COUNT_MARKER.take()


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
    COUNT_MARKER.evaluate([lambda: None])  # what the marks themselves take
    pipes.reply(COUNT_MARKER.take())
    for request in requests:
        pipes.reply(answer(experiment, request))
    sys.exit(0)


if __name__ == "__main__":
    main()
