"""The law of a marked test, derived from the code that it hands to ``benchmark``.

Imported where a marker asks for it, not by every pytest session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from bptt_bench.errors import ExperimentError, MeasureError
from bptt_bench.integrations.pytest.inputs import CallReached, stop, stop_pedantic
from bptt_bench.integrations.pytest.stated_law import FIXTURE, Complexity
from bptt_bench.plan import CostLaw, Evaluation, Point
from bptt_bench.plan.experiment.builder import DERIVED, experiment
from bptt_bench.workflows.derive.stated import with_derived_laws


def derived_law(item: pytest.Item, stated: Complexity) -> CostLaw:
    """Return the law that ``bptt-bench derive`` finds in the call of a marked test.

    Parameters
    ----------
    item : one of its points.

    Raises
    ------
    ExperimentError : it has none that is exact, or the test takes more than ``benchmark`` and its parameters.
    """
    assert isinstance(item, pytest.Function)
    parameters = dict(item.callspec.params)
    names = item._fixtureinfo.argnames
    strangers = [name for name in names if name not in (FIXTURE, *parameters)]
    if item.cls is not None or strangers:
        what = f"the fixture {strangers[0]!r}" if strangers else "an instance of its class"
        raise ExperimentError(f"law='derive': the test takes {what}, which is not there at other sizes; state a law")
    others = {name: value for name, value in parameters.items() if name in names and name not in stated.levels}
    prepare = TestPrepare(function=item.obj, others=others)
    made = experiment(prepare, law=DERIVED, name=item.originalname, factors=dict(stated.levels))
    (subject,) = with_derived_laws(made, item.module.__name__.partition(".")[0]).subjects
    assert subject.law is not None, "it was derived"
    return subject.law


@dataclass(frozen=True, slots=True, kw_only=True)
class TestPrepare:
    """Runs a test function at a point up to its call.

    Parameters
    ----------
    others : its parameters beside the factors.
    """

    __test__ = False  # for pytest, which looks at names

    function: Callable[..., object]
    others: Mapping[str, Any]

    def __call__(self, point: Point) -> Evaluation:
        try:
            self.function(**{FIXTURE: StoppingBenchmark(), **self.others, **point})
        except CallReached as reached:
            return reached.call
        raise MeasureError(f"the test function did not call {FIXTURE}")


@dataclass(slots=True)
class StoppingBenchmark:
    """A fixture ``benchmark`` that ends the test where it is called."""

    extra_info: dict[str, Any] = field(default_factory=dict)
    group: str | None = None

    def __call__(self, function: Callable[..., object], *args: Any, **kwargs: Any) -> object:
        return stop(function, *args, **kwargs)

    def pedantic(self, target: Callable[..., object], *args: Any, **how: Any) -> object:
        return stop_pedantic(target, *args, **how)


__all__ = ["derived_law"]
