"""Analyse: samples in, fits and verdicts out; never sees a clock."""

from bptt_bench.analyse.analysis import Analysis, analyse
from bptt_bench.analyse.estimate import Interval
from bptt_bench.analyse.exponent import FreeExponent, free_exponent
from bptt_bench.analyse.fit import fit
from bptt_bench.analyse.fitted import Fit, FittedTerm
from bptt_bench.analyse.judges import judge
from bptt_bench.analyse.preference import Preference
from bptt_bench.analyse.samples import FitError
from bptt_bench.analyse.select import prefer
from bptt_bench.analyse.verdict import Verdict

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
