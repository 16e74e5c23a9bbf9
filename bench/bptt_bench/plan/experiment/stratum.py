"""Names of strata: a subject at some levels of the categories, such as ``sort [dtype=float32]``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from bptt_bench.plan.design.design import Point

PLACEBO_SUFFIX = " (placebo)"  # of the second name of a subject that is measured under two
LEVELS = re.compile(r"(?P<subject>.+) \[(?P<levels>[^\W\d]\w*=[^\[\]]*)\]", re.DOTALL)


def stratum(subject: str, levels: Mapping[str, str]) -> str:
    """Return the name of a subject at some categories; a placebo stays one.

    >>> stratum("sort", {"dtype": "float32"}), stratum("sort (placebo)", {"dtype": "float32", "backend": "x"})
    ('sort [dtype=float32]', 'sort [dtype=float32 backend=x] (placebo)')
    """
    base = subject.removesuffix(PLACEBO_SUFFIX)
    return f"{base} [{Point(levels)}]{subject[len(base) :]}" if levels else subject


def split_stratum(name: str) -> tuple[str, str]:
    """Return the subject and the levels that the name of a stratum states; any other name, and nothing.

    >>> split_stratum("sort [dtype=float32 backend=x] (placebo)"), split_stratum("sort [fast]")
    (('sort (placebo)', 'dtype=float32 backend=x'), ('sort [fast]', ''))
    """
    base = name.removesuffix(PLACEBO_SUFFIX)
    found = LEVELS.fullmatch(base)
    return (name, "") if found is None else (found["subject"] + name[len(base) :], found["levels"])


def subject_of(name: str, subjects: Collection[str], categories: Collection[str]) -> str | None:
    """Return which of some subjects a name means: one of them, its placebo, or it at some levels of the categories.

    >>> subject_of("sort [dtype=float32] (placebo)", ["sort"], ["dtype"]), subject_of("sort [fast]", ["sort"], [])
    ('sort', None)
    """
    plain = name.removesuffix(PLACEBO_SUFFIX)
    base, levels = split_stratum(plain)
    meant = (plain, base) if levels.partition("=")[0] in categories else (plain,)
    return next((one for one in meant if one in subjects), None)
