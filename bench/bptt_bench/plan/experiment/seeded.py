"""Functions that prepare or count, with random numbers seeded by the point."""

from __future__ import annotations

import inspect
import random
import types
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from bptt_bench.errors import ExperimentError
from bptt_bench.plan.design.design import Point
from bptt_bench.plan.experiment.subject import Evaluation, Tally

MOST_INPUTS = 1000  # of a subject at a point in a block

Prepare: TypeAlias = Callable[[Point], Evaluation]


@dataclass(frozen=True, slots=True)
class SeededPrepare:
    """A function that prepares, with the random numbers of Python and NumPy seeded by the point and an input's number.

    All subjects get the same random numbers at a point, in every process, so that results can be compared.

    Attributes
    ----------
    inputs : at a point; None: as many as are cheap to prepare, and others in each block.
    consumes : whether a call uses its input up, so that each needs one of its own.
    """

    prepare: Prepare
    inputs: int | None = None
    consumes: bool = False

    def __call__(self, point: Point) -> Evaluation:
        """Prepare at a point.

        Raises
        ------
        ExperimentError : what ``prepare`` returned cannot be called, or does nothing when it is.
        """
        return self.with_input(point, 0)

    def with_input(self, point: Point, number: int) -> Evaluation:
        """Prepare at a point with the random numbers of one input; number 0 is the one whose result is compared."""
        seed(point, number)
        evaluate = self.prepare(point)
        if not callable(evaluate):
            raise ExperimentError(
                f"prepare: must return the call that is timed, got {type(evaluate).__name__} at {point}; "
                f"{_how_to_return(self.prepare)}"
            )
        require_arguments(evaluate, 0, "prepare: the call that it returns")
        if inspect.isgeneratorfunction(evaluate) or inspect.iscoroutinefunction(evaluate):
            raise ExperimentError(
                f"prepare: returned a generator or coroutine function at {point}; calling one does nothing yet: return "
                "a call that runs it to its end, such as `lambda: list(generate())` or `lambda: asyncio.run(work())`"
            )
        return evaluate

    @property
    def has_several(self) -> bool:
        """Whether a point may have more than one input."""
        return self.inputs != 1 or self.consumes

    def number(self, block: int, place: int) -> int:
        """Return the number of an input.

        Parameters
        ----------
        block : of the visit; each has inputs of its own, as far as there are others.
        place : of the input among those of the visit.
        """
        return block * MOST_INPUTS + place if self.inputs is None else (block + place) % self.inputs


@dataclass(frozen=True, slots=True)
class SeededTally:
    """A function that counts, seeded in the same way: it counts what is timed."""

    tally: Tally

    def __call__(self, point: Point) -> Mapping[str, float]:
        return self.with_input(point, 0)

    def with_input(self, point: Point, number: int) -> Mapping[str, float]:
        """Count at a point with the random numbers of one input."""
        seed(point, number)
        return self.tally(point)


def require_arguments(function: Callable[..., object], count: int, what: str) -> None:
    """See that a function can be called with so many arguments; one that does not say what it takes is let pass.

    Raises
    ------
    ExperimentError : it cannot; the message begins with ``what``.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some functions written in C
        return
    try:
        signature.bind(*[None] * count)
    except TypeError:
        wanted = {0: "no argument", 1: "one argument, the point"}.get(count, f"{count} arguments")
        raise ExperimentError(f"{what}: must take {wanted}, got {_function_name(function)}{signature}") from None


def require_inputs(inputs: object, consumes: object) -> None:
    """See that what is stated about the inputs of a call can be meant.

    Raises
    ------
    ExperimentError : it cannot.
    """
    if inputs is not None and (type(inputs) is not int or not 1 <= inputs <= MOST_INPUTS):
        raise ExperimentError(f"inputs must be a whole number from 1 to {MOST_INPUTS}, or None, got {inputs!r}")
    if not isinstance(consumes, bool):
        raise ExperimentError(f"consumes must be True or False, got {consumes!r}")
    if consumes and inputs is not None:
        raise ExperimentError(f"inputs={inputs}: not with consumes=True, which gives each call an input of its own")


def _how_to_return(prepare: Callable[..., object]) -> str:
    """Return what to write instead, for a function that makes the call, or that is itself what was to be timed."""
    if isinstance(prepare, types.FunctionType):
        return "return the call itself, not its result: `return lambda: f(x)` in place of `return f(x)`"
    name = _function_name(prepare)
    return f"write `return lambda: {name if name.isidentifier() else 'f'}(x)`"


def _function_name(function: Callable[..., object]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def seed(point: Point, number: int = 0) -> None:
    """Seed the random numbers of Python and NumPy by a point and the number of an input."""
    text = f"{point} input {number}" if number else str(point)
    random.seed(text)
    np.random.seed(zlib.crc32(text.encode()))  # noqa: NPY002  # the generator that the functions to be timed share
