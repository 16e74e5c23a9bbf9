"""Every finding has words, and every reason is plain data beside its text."""

from __future__ import annotations

import importlib
import inspect
import json
import math
import pkgutil
import subprocess
import sys

import pytest
from bptt_bench.analyse import findings
from bptt_bench.analyse.findings.estimates import Deviation, ExponentEstimate
from bptt_bench.analyse.findings.limits import Limits
from bptt_bench.analyse.findings.obstacles import DistantCrossing, NoRows, SmallShare
from bptt_bench.analyse.findings.predictions import FarBelow, FarBeyond, OddPoint
from bptt_bench.analyse.findings.reason import Finding, Kind, Reason, Width, name_of
from bptt_bench.analyse.findings.remarks import MissingPoints
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.report.words.findings.clauses import points_text, words
from bptt_bench.report.words.reasons import clause_of, text_of

MODULES = [
    importlib.import_module(f"{findings.__name__}.{one.name}") for one in pkgutil.iter_modules(findings.__path__)
]
CLASSES = {
    one
    for module in MODULES
    for one in vars(module).values()
    if inspect.isclass(one) and issubclass(one, Finding) and one.__module__ == module.__name__
}
FINDINGS = sorted(
    (one for one in CLASSES if not one.__subclasses__() and one is not Finding), key=lambda one: one.__name__
)
ESTIMATE = ExponentEstimate(
    factors=("n",),
    terms=("n",),
    at={"n": 8},
    predicted=1.0,
    limits=Limits(low=-math.inf, high=1.2),
    estimate=Interval(1.1, 0.9, math.inf),
)


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda one: one.__name__)
def test_every_finding_has_words(finding: type[Finding]) -> None:
    assert words.dispatch(finding) is not words.dispatch(Finding)


def test_the_clauses_alone_bring_the_words_of_every_finding() -> None:
    code = (
        "import importlib, json, pkgutil\n"
        "from bptt_bench.report.words.findings.clauses import words\n"
        "from bptt_bench.analyse import findings\n"
        "from bptt_bench.analyse.findings.reason import Finding\n"
        "names = [f'{findings.__name__}.{one.name}' for one in pkgutil.iter_modules(findings.__path__)]\n"
        "every = [one for name in names for one in vars(importlib.import_module(name)).values()]\n"
        "kinds = {one for one in every if isinstance(one, type) and issubclass(one, Finding) and one is not Finding}\n"
        "kinds = [one for one in kinds if not one.__subclasses__()]\n"
        "silent = [one.__name__ for one in kinds if words.dispatch(one) is words.dispatch(object)]\n"
        "print(json.dumps([len(kinds), silent]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == [len(FINDINGS), []]


def test_a_finding_without_words_is_noticed() -> None:
    class Unheard(Finding):
        pass

    assert words.dispatch(Unheard) is words.dispatch(Finding)
    with pytest.raises(NotImplementedError, match="Unheard has no words"):
        words(Unheard())


@pytest.mark.parametrize("kind", Kind)
def test_the_text_of_what_is_not_decided_begins_with_its_kind(kind: Kind) -> None:
    text = text_of(Reason(kind=kind, finding=NoRows(subject="s", response="r"), remarks=(MissingPoints(missing=2),)))
    decided = kind in (Kind.WITHIN, Kind.OUTSIDE)
    expected = "s has no rows with r; 2 of the claimed points were not measured."
    assert text == (expected if decided else f"{kind}: {expected}")


def test_a_wide_interval_is_explained_after_the_estimate() -> None:
    width = Width(cause="misfit", scatter=0.1, location_error=0.01)
    reason = Reason(kind=Kind.IMPRECISE, finding=ESTIMATE, width=width)
    assert (reason.cause, reason.remedy) == ("misfit", None)
    assert clause_of(reason) == (
        "imprecise: the exponent of n in n at n=8 is 1.10 (0.90 to ∞) against 1 predicted; the interval crosses "
        "the edge of the allowed at most 1.2; it is the law's misfit that makes it wide, not noise (points lie 10.0 % "
        "off the law, their own error is 1.0 %): more samples would not help"
    )


def test_evidence_is_plain_data_with_the_names_of_its_findings() -> None:
    noise = Width(cause="noise", remedy="more samples")
    reason = Reason(kind=Kind.IMPRECISE, finding=ESTIMATE, width=noise, remarks=(MissingPoints(missing=1),))
    evidence = reason.evidence()
    assert json.loads(json.dumps(evidence, allow_nan=False)) == evidence
    assert evidence["finding"] == "exponent estimate"
    assert evidence["limits"] == {"low": None, "high": 1.2}
    assert evidence["estimate"] == {"estimate": 1.1, "low": 0.9, "high": None}
    assert (evidence["cause"], evidence["remedy"]) == ("noise", "more samples")
    assert [remark["finding"] for remark in evidence["remarks"]] == ["width", "missing points"]


def test_findings_within_findings_are_plain_data_too() -> None:
    inner = Deviation(largest=math.nan, allowed=0, cases=1, detail="")
    outer = SmallShare(terms=("n",), share=0.1, of="time", at={"n": 8}, advice=inner)
    evidence = Reason(kind=Kind.NOT_IDENTIFIABLE, finding=outer).evidence()
    assert evidence["advice"] == {"finding": "deviation", "largest": None, "allowed": 0, "cases": 1, "detail": ""}
    assert name_of(outer) == "small share"


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (3, "n=1, n=2 and n=3"),
        (4, "n=1, n=2, n=3 and 1 more point"),
        (5, "n=1, n=2, n=3 and 2 more points"),
    ],
)
def test_points_beyond_the_first_are_counted(n: int, expected: str) -> None:
    assert points_text([{"n": level} for level in range(1, n + 1)]) == expected


def test_numbers_in_sentences_are_those_of_tables_and_points_have_all_digits() -> None:
    assert words(FarBeyond(factor="n", times=16_384.0)).startswith(
        "n is 16\u202f384 times as large as anything measured"
    )
    assert words(FarBelow(factor="n", times=5e-4)).startswith("n is 0.0005 times below")
    assert words(OddPoint(at={"n": 1_234_567.0}, times=3.0)).startswith("n=1234567 was measured 3 times above the law")
    distant = DistantCrossing(factor="n", level=20_480_123.0, largest=1_048_576.0)
    assert words(distant) == "the crossing at n=20500000 is far beyond n=1048576, the largest measured"
