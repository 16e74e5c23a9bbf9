"""Instructions counted with Valgrind itself, and events that the kernel counts: repeated, growing as the work does."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from bptt_bench.measure.engines.counting import instructions
from bptt_bench.measure.engines.counting.counting_process import CountError
from bptt_bench.measure.engines.counting.instructions import (
    InstructionCounter,
    ProcessorSource,
    choose_source,
    counter_name,
)
from bptt_bench.measure.engines.counting.valgrind import Callgrind
from bptt_bench.measure.protocol.messages import OpenRequest
from bptt_bench.measure.worker.counting.perf_event import Event

from tests.bench.measure.worker.counting.test_perf_event import PAGE_FAULTS

EMULATION_FAULTS = Event(1, 8)  # of software, of which ordinary code makes none
MODULE = """
import mmap
import os
import random

import bptt_bench as bench


def scan(point):
    values = list(range(point["n"]))
    return lambda: [value in values for value in values]


def shuffled(point):
    values = [random.random() for _ in range(point["n"])]
    return values.sort


def marks(point):
    return os.getppid


def starts_another(point):
    os.getppid()
    return lambda: [0] * point["n"]


def raises(point):
    return lambda: 1 / 0


def copied(point):
    values = bytes(1000 * point["n"])
    return lambda: bytearray(values)


def touch(point):
    def write():
        with mmap.mmap(-1, point["n"] * mmap.PAGESIZE) as pages:
            for page in range(point["n"]):
                pages[page * mmap.PAGESIZE] = 1

    return write


EXPERIMENT = bench.experiment(
    {
        "touch": touch,
        "scan": scan,
        "copied": copied,
        "in place": shuffled,
        "marks": marks,
        "starts another": starts_another,
        "raises": raises,
    },
    law="n",
    n=[100, 1000],
)
"""


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory) -> OpenRequest:
    path = tmp_path_factory.mktemp("counted") / "counted.py"
    path.write_text(MODULE, encoding="utf-8")
    return OpenRequest(module=str(path), corpus=None, threads=1)


@pytest.fixture(scope="module")
def counter(opening: OpenRequest) -> Iterator[InstructionCounter]:
    with InstructionCounter.of_experiment(opening) as started:
        yield started


def count(counter: InstructionCounter, subject: str, n: int) -> list[int]:
    return counter.count(subject, {"n": n}, inputs=2, seconds=120)


def test_a_scan_takes_four_times_as_many_instructions_for_twice_the_size(counter: InstructionCounter) -> None:
    small, large = (count(counter, "scan", n)[0] for n in (100, 200))
    assert 3.8 < large / small < 4.1


def test_counts_repeat(counter: InstructionCounter) -> None:
    assert count(counter, "scan", 100) == pytest.approx(count(counter, "scan", 100), rel=1e-3)


def test_functions_are_counted_by_themselves(counter: InstructionCounter) -> None:
    totals = count(counter, "scan", 200)
    assert len(counter.by_function) == len(totals)
    for total, functions in zip(totals, counter.by_function, strict=True):
        assert 0.97 * total <= sum(functions.values()) <= 1.01 * total + 2000  # beside which the marks are little
        compared = [number for name, number in functions.items() if name.startswith("PyObject_RichCompare")]
        assert sum(compared) > 0.05 * total


def test_no_pipes_for_a_debugger_stay_behind(counter: InstructionCounter) -> None:
    count(counter, "scan", 16)
    process = counter._process._process
    assert process is not None
    assert list(Path(tempfile.gettempdir()).glob(f"vgdb-pipe-*-{process.pid}-*")) == []


def test_copies_count_alike_at_every_size(counter: InstructionCounter) -> None:
    small, middle, large = (count(counter, "copied", n)[0] for n in (1, 4, 64))  # up to 4 kB, or 8, copies were others
    assert (large - middle) / 60 == pytest.approx((middle - small) / 3, rel=0.3)


def test_each_evaluation_has_inputs_of_its_own(counter: InstructionCounter) -> None:
    first, second = count(counter, "in place", 300)
    assert first != second
    assert min(first, second) > 40 * 300  # n comparisons and no move would do for a list that is sorted already


def test_code_that_marks_by_itself_is_not_counted(counter: InstructionCounter) -> None:
    with pytest.raises(CountError, match="3 marks seen in an evaluation instead of 2; the code itself calls getppid"):
        count(counter, "marks", 100)


def test_marks_outside_of_evaluations_do_not_matter(counter: InstructionCounter) -> None:
    assert 100 < count(counter, "starts another", 100)[0] < 10_000


def test_what_raises_is_named_and_the_next_is_counted(counter: InstructionCounter) -> None:
    with pytest.raises(CountError, match=r"^ZeroDivisionError: division by zero \(counted.py, line 29\)$"):
        count(counter, "raises", 100)
    assert len(count(counter, "scan", 50)) == 2


def test_a_count_that_takes_too_long_is_given_up(opening: OpenRequest) -> None:
    late = pytest.raises(CountError, match="not counted within 0 s")
    with InstructionCounter.of_experiment(opening) as started, late:
        started.count("scan", {"n": 3000}, inputs=1, seconds=0.0)


def test_where_instrumentation_cannot_be_switched_all_is_instrumented(
    opening: OpenRequest, counter: InstructionCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bptt_bench.measure.engines.counting.valgrind.client_request", lambda: None)
    with InstructionCounter.of_experiment(opening) as started:
        assert count(started, "scan", 500) == pytest.approx(count(counter, "scan", 500), rel=1e-3)


class Refusing(ProcessorSource):
    """A process that ends before it is asked anything."""

    def __init__(self) -> None:
        super().__init__()
        self.command = [sys.executable, "-c", "raise SystemExit('not for me')"]


def test_a_process_that_ends_says_its_last_words() -> None:
    counter = InstructionCounter({}, source=Refusing())
    with pytest.raises(CountError, match="the process that counts has ended: not for me"), counter:
        pass


def test_what_the_kernel_counts_of_each_evaluation_is_read(opening: OpenRequest) -> None:
    """Page faults take the way of instructions, and the kernel counts them on every machine: one for each new page."""
    with InstructionCounter.of_experiment(opening, source=ProcessorSource(PAGE_FAULTS)) as started:
        small, large = (count(started, "touch", n) for n in (200, 1000))
        assert small == pytest.approx([200, 200], abs=20)
        assert large == pytest.approx([1000, 1000], abs=20)
        with pytest.raises(CountError, match="ZeroDivisionError"):
            count(started, "raises", 100)
        assert count(started, "touch", 200) == pytest.approx(small, abs=20)


def test_a_counter_that_reads_nothing_is_an_error(opening: OpenRequest) -> None:
    nothing = pytest.raises(CountError, match=r"^instructions: -?\d+ counted for touch at .*: nothing was read$")
    with InstructionCounter.of_experiment(opening, source=ProcessorSource(EMULATION_FAULTS)) as started, nothing:
        count(started, "touch", 10)


def test_the_processor_counts_where_the_kernel_lends_a_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "counts_here", lambda event: True)
    assert isinstance(choose_source(), ProcessorSource)
    assert counter_name() == "processor (perf_event_open, copies by vectors)"
    monkeypatch.setattr(instructions, "counts_here", lambda event: False)
    source = choose_source()
    assert isinstance(source, Callgrind)
    source.close()
    assert str(counter_name()).startswith("valgrind-")
    assert str(counter_name()).endswith(" (copies by the byte)")
