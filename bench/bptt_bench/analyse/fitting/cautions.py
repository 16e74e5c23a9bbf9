"""What a user must know of a fit before its figures are used, a sentence each."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from bptt_bench.analyse.data.response import is_exact, substance
from bptt_bench.analyse.fitting.diagnose import smallest_share
from bptt_bench.analyse.fitting.fitted import Fit, own_share
from bptt_bench.analyse.fitting.overhead import SMALLEST_OVERHEAD
from bptt_bench.plan.law.wording import join_names

MANY_FAR = 0.3  # share of samples; with more, predictions hold for the faster samples alone
TOGETHER = 0.999  # correlation of the logarithms of two factors that never vary independently


def is_mostly_overhead(fit: Fit) -> bool:
    """Return whether the law's own terms have too small a share at the largest point for the law to be judged."""
    return own_share(fit.terms) < smallest_share(fit.response)


def has_two_populations(fit: Fit) -> bool:
    """Return whether so many samples lie far above the rest that the fit describes the faster ones alone."""
    return fit.noise.far_share > MANY_FAR


def cautions(fit: Fit) -> tuple[str, ...]:
    """What must be known of a fit, a sentence each without its stop; none where all is well."""
    found = [_overhead(fit), _identical(fit), _populations(fit), *_together(fit), _host(fit)]
    return tuple(caution for caution in found if caution)


def overhead_names(fit: Fit) -> str:
    """Return the overhead terms of at least a hundredth of the fitted response at the largest point, largest first."""
    taking = [term for term in fit.terms if term.role == "overhead" and term.share_at_largest >= SMALLEST_OVERHEAD]
    return " + ".join(term.term for term in sorted(taking, key=lambda term: -term.share_at_largest))


def _overhead(fit: Fit) -> str:
    if not is_mostly_overhead(fit):
        return ""
    own, what = own_share(fit.terms), substance(fit.response, fit.unit)
    return (
        f"the law's own terms explain {own:.0%} of the {what} at the largest point, "
        f"the overhead {overhead_names(fit)} {1 - own:.0%}"
    )


def _identical(fit: Fit) -> str:
    if fit.noise.relative is not None or fit.n_samples == fit.n_points or is_exact(fit.response):
        return ""
    return "repetitions are identical: noise cannot be estimated from them, and intervals rest on how points scatter"


def _populations(fit: Fit) -> str:
    if not has_two_populations(fit):
        return ""
    return (
        f"{fit.noise.far_share:.0%} of the samples lie far above the rest: the figures describe the faster ones alone"
    )


def _together(fit: Fit) -> list[str]:
    """A sentence for each pair of factors of the law that rise and fall together at all points."""
    found = []
    for one, other in combinations([name for name in fit.law.factors if name in fit.points], 2):
        levels = fit.points[[one, other]].to_numpy(dtype=np.float64)
        if (levels <= 0).any() or (np.ptp(levels, axis=0) == 0).any():
            continue
        if abs(float(np.corrcoef(np.log(levels).T)[0, 1])) > TOGETHER:
            found.append(
                f"{join_names([one, other])} never vary apart in these data: what each does alone cannot be told, "
                f"predictions hold where they go together as measured, and points that change {one} alone would tell"
            )
    return found


def _host(fit: Fit) -> str:
    return f"coefficients and predictions are those of host {fit.hosts[0].name}" if fit.hosts else ""


__all__ = ["cautions", "has_two_populations", "is_mostly_overhead", "overhead_names"]
