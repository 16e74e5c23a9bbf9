"""Does measured cost follow the law that was derived for it? Plan, measure, store, analyse, report.

The names below are imported when they are first used, so that ``python -m bench --help`` stays quick.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.analyse.by_category import fit_by
    from bench.analyse.fit import fit
    from bench.api import figures, judge, run
    from bench.comparison import compare
    from bench.plan import (
        AmountClaim,
        CheckClaim,
        CheckResult,
        Claim,
        CostLaw,
        CrossoverClaim,
        Design,
        Experiment,
        ExponentClaim,
        Factor,
        Point,
        Profile,
        RatioClaim,
        ShareClaim,
        Subject,
    )
    from bench.plan.brief import experiment
    from bench.predicting import predict
    from bench.store.frame import load

__version__ = "0.1.0"
__all__ = [
    "AmountClaim",
    "CheckClaim",
    "CheckResult",
    "Claim",
    "CostLaw",
    "CrossoverClaim",
    "Design",
    "Experiment",
    "ExponentClaim",
    "Factor",
    "Point",
    "Profile",
    "RatioClaim",
    "ShareClaim",
    "Subject",
    "compare",
    "experiment",
    "figures",
    "fit",
    "fit_by",
    "judge",
    "load",
    "predict",
    "run",
]
_HOMES = {
    "compare": "bench.comparison",
    "experiment": "bench.plan.brief",
    "figures": "bench.api",
    "fit": "bench.analyse.fit",
    "fit_by": "bench.analyse.by_category",
    "judge": "bench.api",
    "load": "bench.store.frame",
    "predict": "bench.predicting",
    "run": "bench.api",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'bench' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES.get(name, "bench.plan")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "IPython" in sys.modules:  # laws, fits and verdicts have displays of their own in a notebook
    importlib.import_module("bench.notebook").register()
