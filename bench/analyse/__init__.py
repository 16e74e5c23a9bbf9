"""Analyse: samples in, fits and verdicts out; never sees a clock."""

from bench.analyse.analysis import Analysis, analyse
from bench.analyse.estimate import Interval
from bench.analyse.exponent import FreeExponent, free_exponent
from bench.analyse.fit import fit
from bench.analyse.fitted import Fit, FittedTerm
from bench.analyse.judges import judge
from bench.analyse.preference import Preference
from bench.analyse.samples import FitError
from bench.analyse.select import prefer
from bench.analyse.verdict import Verdict

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
