"""The laws of subjects that state none, found in the samples of their run."""

from __future__ import annotations

import dataclasses

from bptt_bench.analyse.discover.discover import discover, laws_of_work
from bptt_bench.analyse.discover.law_set import LawSet
from bptt_bench.analyse.evidence.evidence import BLOCK, Evidence
from bptt_bench.analyse.findings.obstacles import PromiseReturned
from bptt_bench.analyse.verdicts.undone import find_undone_work
from bptt_bench.errors import FitError
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL


def find_laws(evidence: Evidence) -> dict[str, LawSet | str]:
    """Return the laws that the times of each subject without a law do not exclude, or why none can be found.

    Where its work was counted, the laws of that come first, and time has their terms. Without times they alone are the
    answer.
    """
    open_ones = [one for one in evidence.experiment.subjects if one.law is None and not one.phase_laws]
    found: dict[str, LawSet | str] = {}
    for subject in open_ones:
        key = ("find_laws", subject.name)
        if key not in evidence.memo:
            evidence.memo[key] = _find(evidence, subject.name)
        if evidence.memo[key] is not None:
            found[subject.name] = evidence.memo[key]
    tests = sum(isinstance(one, LawSet) for one in found.values())
    return {
        name: dataclasses.replace(one, tests=tests) if isinstance(one, LawSet) else one for name, one in found.items()
    }


def _find(evidence: Evidence, subject: str) -> LawSet | str | None:
    samples = evidence.samples
    rows = samples[(samples["subject"] == subject).to_numpy(dtype=bool)]
    rows.attrs["counts"] = evidence.frame.attrs.get("counts", ())  # of functions too, which samples are without
    timed = evidence.rows(subject, SECONDS_PER_EVAL)
    try:
        _require_work(evidence, subject)
        if not len(timed):
            work = laws_of_work(rows)
            return work[0] if work else None
        return discover(rows, response=SECONDS_PER_EVAL, block=BLOCK if BLOCK in rows.columns else None)
    except FitError as error:
        return str(error)


def _require_work(evidence: Evidence, subject: str) -> None:
    """See that the calls of a subject did their work.

    Raises
    ------
    FitError : they returned what does it later.
    """
    _, promised = find_undone_work(evidence.frame)
    finding = promised.get(subject)
    if isinstance(finding, PromiseReturned):
        raise FitError(
            f"result: a call returns a value of type {finding.returned}, which does its work when it is used; use it "
            "within the call, as list(...) does"
        )
