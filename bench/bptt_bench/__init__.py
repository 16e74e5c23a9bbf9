"""Tests whether measured cost follows the law that was derived for it: plan, measure, store, analyse, report.

The names below are imported when they are first used, so that ``bptt-bench --help`` stays quick.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bptt_bench.analyse.discover.discover import discover
    from bptt_bench.analyse.evidence.by_category import fit_by
    from bptt_bench.analyse.fitting.fit import fit
    from bptt_bench.api import derive, figures, judge, run
    from bptt_bench.plan import (
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
        LawClaim,
        Point,
        Profile,
        RatioClaim,
        ShareClaim,
        Subject,
    )
    from bptt_bench.plan.experiment.builder import experiment
    from bptt_bench.store.frame import load
    from bptt_bench.workflows.compare.compare import compare
    from bptt_bench.workflows.predict import predict

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
    "LawClaim",
    "Point",
    "Profile",
    "RatioClaim",
    "ShareClaim",
    "Subject",
    "compare",
    "derive",
    "discover",
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
    "compare": "bptt_bench.workflows.compare.compare",
    "derive": "bptt_bench.api",
    "discover": "bptt_bench.analyse.discover.discover",
    "experiment": "bptt_bench.plan.experiment.builder",
    "figures": "bptt_bench.api",
    "fit": "bptt_bench.analyse.fitting.fit",
    "fit_by": "bptt_bench.analyse.evidence.by_category",
    "judge": "bptt_bench.api",
    "load": "bptt_bench.store.frame",
    "predict": "bptt_bench.workflows.predict",
    "run": "bptt_bench.api",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'bptt_bench' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES.get(name, "bptt_bench.plan")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


# Laws, fits and verdicts have displays of their own in a notebook; others too import IPython, and do not run it.
if getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)() is not None:
    importlib.import_module("bptt_bench.integrations.notebook").register()
