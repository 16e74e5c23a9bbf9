"""How many laws of the corpus are derived from the code: ``python -m tests.corpus --derive [NAME …]``.

A function is counted by the meter where it works on arrays, otherwise by its own elements, which count how often they
are compared or added, or by the calls and the steps of the Python that it runs. Which function is counted how is listed
here, and which of them have counts that depend on their sizes alone. All others are tried with the meter as well: a law
that is accepted is compared with counts at further sizes, of other inputs, so that a wrong one would be seen.
"""

from __future__ import annotations

import functools
import importlib.util
import random
import sys
import time
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bptt_bench.errors import BenchError
from bptt_bench.measure.counters.evaluation import SubjectCounter
from bptt_bench.measure.timing.clock import WallClock
from bptt_bench.plan import CostLaw, Evaluation, Point
from bptt_bench.workflows.derive.derive import DerivedSubject, derive_experiment

from tests.corpus.entry import Entry
from tests.corpus.functions import ENTRIES

SECONDS = 2.0  # on the evaluations of one function
FURTHER = 12  # sizes at which an accepted law is compared once more
SAME_GROWTH = 0.15  # between the exponents of a derived law and of the law of the textbook, at the largest levels
BY_METER = (
    *("array_sum", "array_sort", "array_cumsum", "array_searchsorted", "array_outer", "array_append"),
    *("array_convolve", "matrix_product", "matrix_vector"),
)
BY_ELEMENTS = (
    *("list_search", "list_min", "list_sorted_already", "list_comprehension", "duplicates_by_list", "accumulate"),
    "longest_common_subsequence",
)
BY_CALLS = ("combinations_of_two", "all_subsets", "fibonacci_recursive")
BY_STEPS = ("deque_through",)
OF_SIZES_ALONE = (*BY_METER, *BY_ELEMENTS, *BY_CALLS, *BY_STEPS)
OF_DATA = (
    "list_sorted",
    "heap_heapify",
    "heap_sort",
    "bisect_search",
    "insertion_sort",
    "graph_all_pairs",
)  # by elements


class Element:
    """A number that counts what is done with it; equal, ordered and hashed like the number."""

    __slots__ = ("counts", "number")

    def __init__(self, number: Any, counts: dict[str, int]) -> None:
        self.number, self.counts = number, counts

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def __eq__(self, other: object) -> bool:
        self._count("comparisons")
        return bool(self.number == _number(other))

    def __lt__(self, other: object) -> bool:
        self._count("comparisons")
        return bool(self.number < _number(other))

    def __gt__(self, other: object) -> bool:
        self._count("comparisons")
        return bool(self.number > _number(other))

    def __add__(self, other: object) -> Element:
        self._count("additions")
        return Element(self.number + _number(other), self.counts)

    __radd__ = __add__

    def __hash__(self) -> int:
        return hash(self.number)


def _number(value: Any) -> Any:
    return value.number if isinstance(value, Element) else value


def with_elements(evaluate: Evaluation, counts: dict[str, int]) -> Evaluation:
    """Return an evaluation whose lists and texts, in its closure, hold elements that count."""
    if isinstance(evaluate, functools.partial):
        return functools.partial(evaluate.func, *(_with_elements(each, counts) for each in evaluate.args))
    assert isinstance(evaluate, types.FunctionType)
    cells = tuple(types.CellType(_with_elements(cell.cell_contents, counts)) for cell in evaluate.__closure__ or ())
    return types.FunctionType(evaluate.__code__, evaluate.__globals__, evaluate.__name__, evaluate.__defaults__, cells)


def _with_elements(value: Any, counts: dict[str, int]) -> Any:
    if isinstance(value, str | list):
        return [_with_elements(one, counts) if isinstance(one, list) else Element(one, counts) for one in value]
    return value


def tally_elements(entry: Entry, point: Point) -> Mapping[str, int]:
    """Count comparisons and additions of the elements."""
    counts: dict[str, int] = {}
    with_elements(entry.prepare(point), counts)()
    return counts


def tally_calls(entry: Entry, point: Point) -> Mapping[str, int]:
    """Count calls of Python functions, and how often generators go on."""
    evaluate, calls = entry.prepare(point), 0

    def watch(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        evaluate()
    finally:
        sys.setprofile(before)
    return {"calls": calls}


def tally_steps(entry: Entry, point: Point) -> Mapping[str, int]:
    """Count steps of the interpreter."""
    evaluate, steps = entry.prepare(point), 0

    def watch(frame: types.FrameType, event: str, _argument: object) -> Any:
        nonlocal steps
        frame.f_trace_opcodes = True
        steps += event == "opcode"
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        evaluate()
    finally:
        sys.settrace(before)
    return {"steps": steps}


TALLIES: Mapping[str, Callable[[Entry, Point], Mapping[str, int]]] = {
    **dict.fromkeys((*BY_ELEMENTS, *OF_DATA), tally_elements),
    **dict.fromkeys(BY_CALLS, tally_calls),
    **dict.fromkeys(BY_STEPS, tally_steps),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a function.

    Attributes
    ----------
    solved : whether every count has a law.
    laws : by phase and category.
    wrong : why a law that was accepted is wrong; empty if none is.
    reason : why there is none.
    """

    name: str
    solved: bool
    laws: Mapping[str, str]
    wrong: str = ""
    reason: str = ""
    seconds: float = 0.0


def derive(entry: Entry) -> Outcome:
    """Derive the laws of a function, and compare those that are accepted with further counts."""
    start = time.monotonic()
    tally = TALLIES.get(entry.name)
    experiment = entry.experiment(tally=None if tally is None else functools.partial(tally, entry))
    (found, *_) = derive_experiment(experiment, seconds=SECONDS).subjects
    laws = {one.category: str(one.found.law) for one in found.counts if one.found.law is not None}
    return Outcome(
        name=entry.name,
        solved=bool(found.counts) and len(laws) == len(found.counts),
        laws=laws,
        wrong=wrong_law(entry, found, SubjectCounter(experiment.subjects[0], WallClock())),
        reason=reason_of(found),
        seconds=time.monotonic() - start,
    )


def reason_of(found: DerivedSubject) -> str:
    """Return why a function is not solved, in a few words."""
    if found.stop is not None:
        return f"{found.stop.kind}: {found.stop.detail}"
    if not found.counts:
        return found.failure or "nothing is counted"
    obstacles = dict.fromkeys(one.found.obstacle.value for one in found.counts if one.found.obstacle is not None)
    return ", ".join(obstacles)


def wrong_law(entry: Entry, found: DerivedSubject, counter: SubjectCounter) -> str:
    """Return where an accepted law is wrong, by counts of further sizes and by the growth that the textbook states."""
    rng = random.Random(7)
    accepted = [one for one in found.counts if one.found.law is not None]
    for one in accepted:
        law = one.found.law
        assert law is not None
        for number in range(FURTHER):
            most = {name: min(one.found.largest[name], 300) for name in found.factors}
            sizes = {name: rng.randint(1, size) for name, size in most.items()}
            sizes |= {name: 1 << rng.randint(0, most[name].bit_length() - 1) for name in one.found.powers_of_two}
            made = counter.count(Point(sizes), 5000 + number).later
            if made is not None and law.at(sizes) != made.get(one.found.component, 0):
                return f"{one.category} {law} at {sizes}: {made.get(one.found.component, 0)}"
    return "" if not accepted or _grows_as_stated(entry, found) else f"grows otherwise than {entry.law}"


def _grows_as_stated(entry: Entry, found: DerivedSubject) -> bool:
    """Return whether one of the laws grows as the textbook says, or no faster where it states an upper bound."""
    at = {name: float(max(levels)) for name, levels in entry.levels.items()}
    stated = CostLaw(entry.law)
    for one in found.counts:
        law = one.found.law
        if law is None:
            continue
        growths = []
        for name in found.factors:
            low, high = ({other: int(level) for other, level in at.items()} for _ in range(2))
            low[name] = max(1, high[name] // 4)
            before, after = (float(law.at(sizes)) for sizes in (low, high))
            expected = [
                float(stated.evaluate({key: float(size) for key, size in each.items()})) for each in (low, high)
            ]
            if before <= 0 or expected[0] <= 0:
                continue
            growths.append(abs(after / before / (expected[1] / expected[0]) - 1))
        if all(growth <= SAME_GROWTH for growth in growths):
            return True
    return False


def main(names: Sequence[str]) -> int:
    """Print a line for each function, then how many are solved; status 1 if a wrong law was accepted."""
    outcomes = []
    for name in names or ENTRIES:
        entry = ENTRIES[name]
        absent = [package for package in entry.needs if importlib.util.find_spec(package) is None]
        if absent:
            print(f"{name}: left out, {absent[0]} is not installed", flush=True)
            continue
        try:
            found = derive(entry)
        except BenchError as error:
            print(f"{name}: {error}", flush=True)
            continue
        laws = "; ".join(f"{category} {law}" for category, law in found.laws.items())
        kind = "sizes alone" if name in OF_SIZES_ALONE else "not counted, or of data"
        wrong = f"; WRONG: {found.wrong}" if found.wrong else ""
        word = "solved" if found.solved else f"not solved ({found.reason})"
        print(f"{name} ({kind}): {word}{': ' + laws if laws else ''}{wrong}; {found.seconds:.1f} s", flush=True)
        outcomes.append(found)
    chosen = [one for one in outcomes if one.name in OF_SIZES_ALONE]
    solved = sum(one.solved for one in chosen)
    wrongs = sum(bool(one.wrong) for one in outcomes)
    share = f" ({solved / len(chosen):.0%})" if chosen else ""
    print(f"counts of sizes alone: {solved} of {len(chosen)} solved{share}")
    print(f"wrong laws accepted: {wrongs}, of {sum(bool(one.laws) for one in outcomes)} functions with a law")
    return int(wrongs > 0)
