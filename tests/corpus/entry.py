"""A function of the corpus, and how it gets there."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import bptt_bench as bench
import numpy as np
from bptt_bench.plan import Evaluation, Experiment, Point
from numpy.typing import NDArray

Prepare = Callable[[Point], Evaluation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A function, and what is known of its cost.

    Attributes
    ----------
    law : of its work, up to the coefficients.
    wrong : laws that are false by half a power or more.
    bound : whether the law is met or not exceeded.
    needs : packages that must be installed for it.
    """

    name: str
    prepare: Prepare
    law: str
    wrong: tuple[str, str]
    levels: Mapping[str, Sequence[int]]
    source: str
    bound: Literal["tight", "upper"] = "tight"
    needs: tuple[str, ...] = ()

    def experiment(self, law: str | None = None, **options: Any) -> Experiment:
        """Return the experiment, of the true law or another one."""
        return bench.experiment(
            self.prepare,
            law=self.law if law is None else law,
            name=self.name,
            bound=self.bound,
            factors=self.levels,
            **options,
        )


@dataclass(frozen=True, slots=True)
class Register:
    """Decorates functions that prepare: each becomes an entry, under its name."""

    entries: dict[str, Entry]

    def __call__(
        self,
        law: str,
        wrong: tuple[str, str],
        source: str,
        *,
        bound: Literal["tight", "upper"] = "tight",
        needs: tuple[str, ...] = (),
        **levels: Sequence[int],
    ) -> Callable[[Prepare], Prepare]:
        """Return a decorator that adds a function with a law, two wrong ones and levels."""

        def add(prepare: Prepare) -> Prepare:
            name = prepare.__name__
            self.entries[name] = Entry(
                name=name, prepare=prepare, law=law, wrong=wrong, levels=levels, source=source, bound=bound, needs=needs
            )
            return prepare

        return add


def numbers(n: int) -> list[int]:
    """Return n different whole numbers in random order."""
    return random.sample(range(10 * n), n)


def array(*shape: int) -> NDArray[np.float64]:
    """Return an array of random numbers."""
    return np.random.random(shape)  # noqa: NPY002  # the generator that experiments seed


def letters(n: int, alphabet: str = string.ascii_lowercase) -> str:
    """Return a random text."""
    return "".join(random.choices(alphabet, k=n))
