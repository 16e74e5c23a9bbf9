"""Predictions from a set of laws: each by its own predictor, averaged with the weights of the laws."""

from __future__ import annotations

from collections.abc import Callable

from bptt_bench.analyse.discover.law_set import LawSet
from bptt_bench.analyse.predict.predictor import Predictor, Table, interval_predictor, make_predictor
from bptt_bench.analyse.stats.estimate import Interval


def predictor_of_laws(subject: str, found: LawSet) -> Predictor:
    """Return the predictor of a set of laws: graded as that of its answer, with intervals that hold for all laws."""
    return make_predictor(subject, found.fit, near=averaged_predictor(found), within_step=found.within_step)


def averaged_predictor(found: LawSet) -> Callable[[Table], list[Interval]]:
    """Return a function for prediction intervals averaged over the laws, each with what its neighbours share."""
    predictors = [interval_predictor(one.fit) for one in found.candidates]

    def intervals(points: Table) -> list[Interval]:
        return found.spread(points, lambda fit: fit.predict(points), [predict(points) for predict in predictors])

    return intervals
