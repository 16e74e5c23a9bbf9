"""Analyse: samples in, fits and verdicts out; never sees a clock."""

from bptt_bench.analyse.fitting.exponent import FreeExponent, free_exponent
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.fitting.fitted import Fit, FittedTerm
from bptt_bench.analyse.fitting.select import Preference, prefer
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.analysis import Analysis, analyse
from bptt_bench.analyse.verdicts.judges import judge
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.errors import FitError

__all__ = [
    "Analysis",
    "Fit",
    "FitError",
    "FittedTerm",
    "FreeExponent",
    "Interval",
    "Preference",
    "Verdict",
    "analyse",
    "fit",
    "free_exponent",
    "judge",
    "prefer",
]
