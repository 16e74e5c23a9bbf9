"""Claims about subjects that are measured at several categories: one for each stratum that they are about."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from bptt_bench.analyse.samples import FitError
from bptt_bench.analyse.strata import Strata, bind, stratum
from bptt_bench.plan import CheckClaim, Claim, Design, Point
from bptt_bench.plan.categories import points_of


def claims_in_strata(claims: Iterable[Claim], strata: Strata) -> tuple[Claim, ...]:
    """Each claim for every stratum that it is about, under a name of its own where these are several by themselves.

    A claim is about the strata whose categories its points name, or its subject (``sort [dtype=float32]``): where
    neither says anything of a category, about all its levels. What it compares with is meant in the same stratum,
    unless its name says otherwise. Checks are no measurements, and stay as they are.

    Raises
    ------
    FitError : subject and points of a claim name different levels, or a stratum is compared with itself alone.
    """
    return tuple(each for claim in claims for each in _in_strata(claim, strata))


def _in_strata(claim: Claim, strata: Strata) -> list[Claim]:
    subject, fixed = strata.read(claim.subject)
    if isinstance(claim, CheckClaim) or not strata.of_subject(subject):
        return [claim]
    points = _by_stratum(claim, subject, fixed, strata)
    found = [_of_stratum(claim, subject, levels, own, strata) for levels, own in points.items()]
    made = [one for one in found if one is not None]
    if not made:
        raise FitError(f"claim {claim.name!r}: compares {claim.subject} with itself alone")
    return made


def _by_stratum(
    claim: Claim, subject: str, fixed: Mapping[str, str], strata: Strata
) -> dict[Point, tuple[list[Point], Point]]:
    """The points of a claim by the levels of their stratum, each with the levels that its name must tell."""
    own = points_of(claim)
    stated = [strata.levels_of(point) for point in own] or [{}]
    constant = {name for name in strata.categories if len({levels.get(name) for levels in stated} - {None}) == 1}
    constant = {name for name in constant if all(name in levels for levels in stated)} | set(fixed)
    found: dict[Point, tuple[list[Point], Point]] = {}
    for point, levels in zip(own or (None,), stated, strict=True):
        for name in fixed:
            if levels.get(name, fixed[name]) != fixed[name]:
                raise FitError(
                    f"claim {claim.name!r}: its subject is {claim.subject}, its points have {name}={levels[name]}"
                )
        wanted = {**levels, **fixed}
        matching = [
            one for one in strata.of_subject(subject) if all(one[name] == level for name, level in wanted.items())
        ]
        # what nothing measures is judged all the same: that there are no data is a verdict
        for one in matching or [Point(wanted)]:
            told = Point({name: level for name, level in one.items() if name not in constant})
            points, _ = found.setdefault(one, ([], told))
            points.extend([] if point is None else [strata.point_without(point)])
    return found


def _of_stratum(
    claim: Claim, subject: str, levels: Point, own: tuple[list[Point], Point], strata: Strata
) -> Claim | None:
    """The claim about one stratum; None where it would compare the stratum with itself."""
    points, told = own
    here = stratum(subject, levels)
    changes: dict[str, Any] = {"name": stratum(claim.name, told), "subject": here}
    if getattr(claim, "at", None) is not None:
        changes["at"] = points[0]
    if getattr(claim, "points", None) is not None:
        changes["points"] = Design.of(points)
    amount = getattr(claim, "amount", None)
    if callable(amount):
        changes["amount"] = bind(amount, levels, [factor.name for factor in strata.experiment.factors])

    def other(name: str) -> str:
        base, stated = strata.read(name)
        return stratum(base, {**levels, **stated}) if strata.of_subject(base) else name

    over, less = getattr(claim, "over", None), getattr(claim, "less", None)
    if less is not None:
        changes["less"] = other(less)
    if isinstance(over, str):
        changes["over"] = other(over)
    elif over is not None:
        changes["over"] = tuple(name for name in map(other, over) if name != here)
    if over is not None and changes["over"] in (here, ()):
        return None
    return dataclasses.replace(claim, **changes)
