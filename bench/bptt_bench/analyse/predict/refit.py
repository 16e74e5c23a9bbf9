"""Fits to some of the points of a fit, for backtests, and of a similar law to the same points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bptt_bench.analyse.fitting.fitted import Fit, FittedTerm
from bptt_bench.analyse.stats.arrays import Array, Flags, Index
from bptt_bench.analyse.stats.estimate import Solution, solve
from bptt_bench.analyse.stats.influence import solution_influence, upper_bound_at_zero
from bptt_bench.errors import FitError
from bptt_bench.plan import CostLaw


def refit(fit: Fit, rows: Index | None = None, law: CostLaw | None = None) -> Fit:
    """Return a law fitted to the locations of some points of a fit; by default its own law, with its overhead.

    Terms that are 0 at all of these points are left out.

    Raises
    ------
    FitError : fewer points than terms and one more, or a law that is not above 0 and finite at each point.
    """
    points = fit.points if rows is None else fit.points.iloc[rows].reset_index(drop=True)
    levels = {name: points[name].to_numpy().astype(np.float64) for name in fit.factors}
    law, design = _varied(fit.full_law if law is None else law, levels)
    if len(points) < design.shape[1] + 1:
        raise FitError(f"points: {len(points)} for the {design.shape[1]} terms of {law.text!r}")
    y = np.log(points["measured"].to_numpy())
    solution = solve(design, y, robust=fit.robust)
    columns = {"fitted": np.exp(y - solution.residual), "log_residual": solution.residual}
    return replace(
        fit,
        full_law=law,
        terms=_terms(fit, law, solution, columns["fitted"]),
        coefficients=solution.coefficients,
        influence=solution_influence(solution, np.zeros(len(points))),
        points=points.assign(**columns),
        n_points=len(points),
        scatter=solution.scatter,
        freedom=solution.freedom,
        aicc=solution.aicc,
        regimes=tuple(one for one in fit.regimes if one.companion in {str(term) for term in law.terms}),
    )


def refit_observed(fit: Fit) -> Fit:
    """Return a fit without the points that are lower bounds; the same fit where there are none.

    Raises
    ------
    FitError : as ``refit``.
    """
    return refit(fit.observed) if fit.n_censored else fit


def refit_thinned(fit: Fit, most: int) -> Fit:
    """Return a fit to at most so many points, evenly chosen in the order of what is fitted; the same fit to few points.

    What neighbours share takes memory for each pair of points. Lower bounds are few, and all are kept.
    """
    n = len(fit.points)
    if n <= most or fit.n_censored:
        return fit
    order = np.argsort(fit.points["fitted"].to_numpy(), kind="stable")
    return refit(fit, np.sort(order[np.linspace(0, n - 1, most).round().astype(np.intp)]))


def solution_of(fit: Fit) -> Solution:
    """Return the solution behind a fit, with the weights of its points."""
    y = np.log(fit.points["measured"].to_numpy())
    return solve(fit.design, y, robust=fit.robust, start=fit.coefficients)


def _varied(law: CostLaw, levels: dict[str, Array]) -> tuple[CostLaw, Array]:
    """Return a law without the terms that are 0 at all points, and its design (n_points, k)."""
    design = law.columns(levels or {"": np.ones(1)})
    used: Flags = np.asarray(design.any(axis=0))
    if not np.isfinite(design).all() or (design < 0).any() or not design[:, used].any(axis=1).all():
        raise FitError(f"law {law.text!r}: must be above 0 and finite at each point")
    if used.all():
        return law, design
    return CostLaw(" + ".join(str(term) for term, kept in zip(law.terms, used, strict=True) if kept)), design[:, used]


def _terms(fit: Fit, law: CostLaw, solution: Solution, fitted: Array) -> tuple[FittedTerm, ...]:
    roles = {term.term: term.role for term in fit.terms}
    shares = solution.jacobian * solution.coefficients
    largest = int(np.argmax(fitted))
    return tuple(
        FittedTerm(
            term=str(term),
            role=roles.get(str(term), "law"),
            coefficient=float(solution.coefficients[j]),
            low=0.0,
            high=float(solution.coefficients[j])
            if solution.active[j]
            else upper_bound_at_zero(solution, j, fit.confidence),
            share_at_largest=float(shares[largest, j]),
            largest_share=float(shares[:, j].max()),
            identifiable=True,
        )
        for j, term in enumerate(law.terms)
    )
