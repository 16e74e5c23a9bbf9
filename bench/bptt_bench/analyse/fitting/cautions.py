"""What a user must know of a fit before its figures are used."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from bptt_bench.analyse.data.response import is_exact, substance
from bptt_bench.analyse.findings.fits import (
    CensoredPoints,
    CollinearFactors,
    DistantSamples,
    IdenticalRepetitions,
    MostlyOverhead,
    ReferenceHost,
)
from bptt_bench.analyse.findings.reason import Finding
from bptt_bench.analyse.fitting.diagnose import smallest_share
from bptt_bench.analyse.fitting.fitted import Fit, own_share
from bptt_bench.analyse.fitting.overhead import SMALLEST_OVERHEAD

MANY_FAR = 0.3  # share of samples; with more, predictions hold for the faster samples alone
TOGETHER = 0.999  # correlation of the logarithms of two factors that never vary independently


def is_mostly_overhead(fit: Fit) -> bool:
    """Return whether the law's own terms have too small a share at the largest point for the law to be judged."""
    return own_share(fit.terms) < smallest_share(fit.response)


def has_two_populations(fit: Fit) -> bool:
    """Return whether so many samples lie far above the rest that the fit describes the faster ones alone."""
    return fit.noise.far_share > MANY_FAR


def cautions(fit: Fit) -> tuple[Finding, ...]:
    """Return what must be known of a fit; nothing where all is well."""
    found = [_censored(fit), overhead_caution(fit), _identical(fit), _populations(fit), *_collinear(fit), _host(fit)]
    return tuple(caution for caution in found if caution is not None)


def overhead_names(fit: Fit) -> tuple[str, ...]:
    """Return the overhead terms of at least a hundredth of the fitted response at the largest point, largest first.

    Where none has as much, as beside a law that falls, they are all those above 0.
    """
    above = [term for term in fit.terms if term.role == "overhead" and term.coefficient > 0]
    taking = [term for term in above if term.share_at_largest >= SMALLEST_OVERHEAD] or above
    return tuple(term.term for term in sorted(taking, key=lambda term: -term.share_at_largest))


def overhead_caution(fit: Fit) -> MostlyOverhead | None:
    """Return that the law's own terms have too small a share to be judged; ``None`` if theirs is large enough."""
    if not is_mostly_overhead(fit):
        return None
    of = substance(fit.response, fit.unit)
    return MostlyOverhead(share=own_share(fit.terms), of=of, overhead=overhead_names(fit))


def _censored(fit: Fit) -> CensoredPoints | None:
    return CensoredPoints(n_censored=fit.n_censored, n_points=fit.n_points) if fit.n_censored else None


def _identical(fit: Fit) -> IdenticalRepetitions | None:
    is_known = fit.noise.relative is not None or fit.n_samples == fit.n_points or is_exact(fit.response)
    return None if is_known else IdenticalRepetitions()


def _populations(fit: Fit) -> DistantSamples | None:
    return DistantSamples(share=fit.noise.far_share) if has_two_populations(fit) else None


def _collinear(fit: Fit) -> Iterator[CollinearFactors]:
    """Yield each pair of factors of the law that rise and fall together at all points."""
    for one, other in combinations([name for name in fit.law.factors if name in fit.points], 2):
        levels = fit.points[[one, other]].to_numpy(dtype=np.float64)
        if (levels <= 0).any() or (np.ptp(levels, axis=0) == 0).any():
            continue
        if abs(float(np.corrcoef(np.log(levels).T)[0, 1])) > TOGETHER:
            yield CollinearFactors(factors=(one, other))


def _host(fit: Fit) -> ReferenceHost | None:
    is_known = any(host.slowness is not None for host in fit.hosts[1:])
    return ReferenceHost(host=fit.hosts[0].name) if is_known else None


__all__ = ["cautions", "has_two_populations", "is_mostly_overhead", "overhead_caution", "overhead_names"]
