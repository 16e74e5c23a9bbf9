"""What one would write without a tool: a straight line through the logarithms, and the stated law by plain NNLS."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from bptt_bench.plan import CostLaw, Point
from bptt_bench.validation.score import ORDERS, OWN_ORDER, with_order
from bptt_bench.validation.simulate import LAWS, Setting

from tests.validation.peers.answer import FACTORS, Answer, Array, levels_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLog:
    """Ordinary least squares of log t on log V, log d, log H and log T, over all samples."""

    clock: Callable[[], float] = time.perf_counter

    def __call__(self, frame: pd.DataFrame, setting: Setting, asked: Sequence[Point]) -> Answer:
        started = self.clock()
        weights = np.linalg.lstsq(self._columns(_levels(frame)), np.log(_seconds(frame)), rcond=None)[0]
        spent = self.clock() - started
        at = np.exp(self._columns(levels_of(asked)) @ weights)
        model = "t = " + " · ".join([f"{np.exp(weights[0]):.3g}", *_powers(weights[1:].tolist())])
        return Answer(seconds_at=at, seconds_per_fit=spent, model=model)

    @staticmethod
    def _columns(levels: dict[str, Array]) -> Array:
        return np.column_stack([np.ones_like(levels["T"]), *(np.log(levels[name]) for name in FACTORS)])


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainNNLS:
    """The stated law with coefficients ≥ 0 by least squares over all samples, as most people would fit it.

    Attributes
    ----------
    relative : divide each residual by its sample, instead of taking seconds as they are.
    overhead : terms beside the law.

    Orders in T are told apart by the smaller sum of squares, so that one is always chosen.
    """

    relative: bool = False
    overhead: tuple[str, ...] = ()
    clock: Callable[[], float] = time.perf_counter

    def __call__(self, frame: pd.DataFrame, setting: Setting, asked: Sequence[Point]) -> Answer:
        levels, seconds = _levels(frame), _seconds(frame)
        law = LAWS[setting.law].plus(*self.overhead)
        started = self.clock()
        weights, sum_of_squares = self.fit(law, levels, seconds)
        spent = self.clock() - started
        orders = {
            order: "this" if sum_of_squares < self.fit(other, levels, seconds)[1] else "other"
            for order in ORDERS
            if order != OWN_ORDER[setting.law]
            for other in [with_order(setting.law, order).plus(*self.overhead)]
        }
        model = " + ".join(f"{weight:.3g}·{term}" for weight, term in zip(weights, law.terms, strict=True))
        at = law.evaluate(dict(levels_of(asked)), weights)
        return Answer(seconds_at=at, seconds_per_fit=spent, orders=orders, model=model)

    def fit(self, law: CostLaw, levels: dict[str, Array], seconds: Array) -> tuple[Array, float]:
        """Coefficients ≥ 0 (seconds per unit of each term), and the sum of squares that they leave."""
        from scipy.optimize import nnls

        columns = law.columns(levels) / (seconds[:, None] if self.relative else 1.0)
        target = np.ones_like(seconds) if self.relative else seconds
        scale = np.linalg.norm(columns, axis=0)  # columns differ by many powers of ten
        weights, left = nnls(columns / scale, target)
        return weights / scale, float(left) ** 2


def _levels(frame: pd.DataFrame) -> dict[str, Array]:
    return {name: frame[name].to_numpy(dtype=np.float64) for name in FACTORS}


def _seconds(frame: pd.DataFrame) -> Array:
    return frame["seconds_per_eval"].to_numpy(dtype=np.float64)


def _powers(exponents: Sequence[float]) -> list[str]:
    return [f"{name}^{exponent:.2f}" for name, exponent in zip(FACTORS, exponents, strict=True)]
