"""Upper bounds that hold although their terms cannot be seen in the time: all of it grows no faster than they may."""

from __future__ import annotations

import math

from bptt_bench.analyse.data.response import is_memory, substance
from bptt_bench.analyse.evidence.evidence import BLOCK, Evidence
from bptt_bench.analyse.fitting.diagnose import describe
from bptt_bench.analyse.fitting.exponent import free_exponent
from bptt_bench.analyse.fitting.fit import fit as fit_law
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.verdicts.verdict import Limits, Verdict, settle, span
from bptt_bench.errors import FitError, LawError
from bptt_bench.plan import CostLaw, ExponentClaim


def obeyed(evidence: Evidence, fit: Fit, claim: ExponentClaim, law: float, why: str) -> Verdict | None:
    """The verdict on an upper bound whose terms are lost among the others; None if that cannot be said.

    The terms are put in as if they did not grow with the factor at all, in the place of the constant, and what grows
    is found by their free exponent. Nothing is refuted by that: who grows faster may owe it to what is no part of the
    claim.

    Parameters
    ----------
    law : exponent of the terms by their law.
    why : the claim could not be judged as others are.
    """
    if claim.bound != "upper":
        return None
    named = [str(fit.full_law.terms[j]) for j in fit.indices(claim.terms)]
    others = [term for term in fit.full_law.terms if str(term) not in named and term.factors]
    flat = CostLaw(
        " + ".join(f"({term})*({'*'.join(claim.factors)})**({-law / len(claim.factors):.6f})" for term in named)
    )
    rows = evidence.rows(claim.subject, claim.response)
    block = BLOCK if BLOCK in rows.columns and not is_memory(claim.response) else None
    try:
        again = fit_law(
            rows, flat.plus(*map(str, others)), response=claim.response, overhead=(), block=block, places=evidence.memo
        )
        free = free_exponent(again, [str(term) for term in flat.terms], claim.factors, claim.at)
    except (FitError, LawError):
        return None
    limits = Limits.around(law, claim.margin, claim.bound)
    ends = free.interval.high, free.profile[1]
    if free.trouble or any(limits.decide(-math.inf, end) != "supported" for end in ends):
        return None
    of, at = substance(claim.response), describe(claim.at)
    reason = f"all of the {of} grows with {' and '.join(claim.factors)} by an exponent of {span(free.interval)} at {at}"
    return settle(claim, "supported", f"{reason}, within the allowed {limits}; {why}", law, free.interval)
