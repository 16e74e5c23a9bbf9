"""Counts are exact: laws of them are found to the digit, claims judged without noise, wrong ones refuted."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from bptt_bench.analyse.verdicts.analysis import Analysis, analyse
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.plan import (
    AmountClaim,
    Claim,
    CostLaw,
    Design,
    Experiment,
    ExponentClaim,
    Factor,
    Point,
    Profile,
    Subject,
)
from bptt_bench.report.figures import gallery
from bptt_bench.report.page.page import render_html, render_markdown
from bptt_bench.report.terminal.tables import as_text
from bptt_bench.report.words import content
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.report.words.reasons import text_of

SIZES = (10, 20, 50, 100, 200)
DESIGN = Design.grid({"n": SIZES, "m": [10, 100]})
RESPONSE = "comparisons_count"


def experiment(*claims: Claim, law: str = "n*m", **changes: Any) -> Experiment:
    subject = Subject(
        name="join",
        prepare=lambda point: lambda: None,
        law=CostLaw("n*m"),
        overhead=("1",),
        tally=lambda point: {"comparisons": point["n"] * point["m"]},
        count_laws={"comparisons": CostLaw(law)},
        **changes,
    )
    return Experiment(
        name="join",
        factors=(Factor(name="n"), Factor(name="m")),
        subjects=(subject,),
        profiles={"quick": Profile(design=DESIGN)},
        claims=claims,
    )


def frame(count: Callable[[Point], float] = lambda point: point["n"] * point["m"]) -> pd.DataFrame:
    """Times of exactly 1 ns a pair in two blocks, and what was counted."""
    rows: list[dict[str, Any]] = []
    for point in DESIGN:
        timed = {"subject": "join", **point, "timing": "whole", "stage": "sweep", "evaluations": 1, "process": 0}
        rows += [
            {**timed, "block": block, "seconds_per_eval": 1e-9 * point["n"] * point["m"] * (1 + 0.001 * block)}
            for block in range(2)
        ]
        rows.append({**timed, "timing": "counts", "stage": "counts", "process": 1, RESPONSE: count(point)})
    made = pd.DataFrame(rows)
    made.attrs = {"factors": ["n", "m"], "run": {"profile": "quick", "factors": ["n", "m"]}}
    return made


def exponent(margin: float = 0.01, factor: str = "n", terms: tuple[str, ...] = ("n*m",)) -> ExponentClaim:
    return ExponentClaim(
        name="exponent", subject="join", factor=factor, terms=terms, at=Point(n=100, m=100), response=RESPONSE,
        margin=margin,
    )  # fmt: skip


def amount(stated: str, margin: float = 0.0) -> AmountClaim:
    return AmountClaim(name="amount", subject="join", response=RESPONSE, amount=stated, points=DESIGN, margin=margin)


def judged(claim: Claim, samples: pd.DataFrame | None = None, law: str = "n*m") -> Verdict:
    (found,) = analyse(frame() if samples is None else samples, experiment(claim, law=law)).verdicts
    return found


def test_an_exact_law_has_its_coefficient_to_the_digit() -> None:
    fit = analyse(frame(), experiment(count_overheads={"comparisons": ()})).fits["join", RESPONSE]
    (term,) = fit.terms
    assert term.coefficient == pytest.approx(1, rel=1e-12)
    assert term.high - term.low < 1e-9
    assert words(fit.lack_of_fit) == "0.0 % between points, each with one count, because counts have no noise"
    assert fit.n_samples == len(DESIGN)


def test_overhead_terms_that_are_counted_are_found() -> None:
    def merge(point: Point) -> float:
        return float(2 * point["n"] * point["m"] + 7 * point["n"])

    fit = analyse(frame(merge), experiment()).fits["join", RESPONSE]
    assert {term.term: round(term.coefficient, 9) for term in fit.terms} == {"n*m": 2, "n": 7}


def test_an_amount_is_judged_exactly() -> None:
    assert judged(amount("n*m")).verdict == "supported"
    one_more = frame(lambda point: point["n"] * point["m"] + (point["n"] == 200 and point["m"] == 100))
    found = judged(amount("n*m"), one_more)
    assert found.verdict == "refuted"
    assert "the number of comparisons is 20001 against 20000 stated" in text_of(found.reason)
    assert judged(amount("n*m", margin=0.001), one_more).verdict == "supported"


def test_an_exponent_is_judged_on_counts_alone() -> None:
    found = judged(exponent())
    assert found.verdict == "supported"
    assert found.estimate == pytest.approx(1, abs=1e-6)
    wrong = judged(exponent(), frame(lambda point: point["n"] ** 1.1 * point["m"]))
    assert wrong.verdict == "refuted"
    logarithmic = frame(lambda point: point["n"] * math.ceil(math.log2(point["n"])) * point["m"])
    assert judged(exponent(margin=0.05), logarithmic).verdict != "supported"


def test_a_count_without_rows_is_no_data() -> None:
    samples = frame()
    found = judged(exponent(), samples[samples["stage"] == "sweep"])
    assert (found.verdict, text_of(found.reason)) == (
        "inconclusive",
        "no data: join has no rows with comparisons_count.",
    )


def test_a_count_of_nothing_is_named_as_what_cannot_be_fitted() -> None:
    found = judged(exponent(), frame(lambda point: 0))
    assert found.verdict == "inconclusive"
    assert "column 'comparisons_count': 0" in text_of(found.reason)


def test_the_time_is_fitted_as_ever() -> None:
    fit = analyse(frame(), experiment()).fits["join", "seconds_per_eval"]
    assert fit.n_samples == 2 * len(DESIGN)
    assert fit.terms[0].coefficient == pytest.approx(1e-9, rel=1e-3)


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analyse(frame(lambda point: 0.5 * point["n"] * point["m"]), experiment(exponent(), amount("n*m/2")))


def test_units_of_counts_are_what_is_counted(analysis: Analysis) -> None:
    (table,) = content.count_tables(analysis)
    assert (table.response, table.rows[0].coefficient) == ("number of comparisons", "0.500 [0.500, 0.500]")
    assert content.memory_tables(analysis) == []
    assert [one.response for one in content.fit_tables(analysis)] == ["whole evaluation"]
    rows = {row.claim: row for row in content.verdict_rows(analysis)}
    assert (rows["amount"].predicted, rows["amount"].measured) == ("50, exactly", "50")
    text = as_text(analysis, width=120)
    assert "seconds per unit" in text  # the table of times
    for page in (render_markdown(analysis, []), render_html(analysis, [])):
        assert "Laws of counts" in page
        assert "number of comparisons" in page
        assert "counted for 10 cells" in page
        assert "20 samples were kept" in page


def test_figures_of_counts_have_no_seconds(analysis: Analysis) -> None:
    found, *_ = [one for one in gallery(analysis) if "comparisons" in one.name]
    assert found.title == "Number of comparisons against n"
    assert found.caption.startswith("Marks: measured, once each, for counts have no noise.")
    upper = found.figure.axes[0]
    assert upper.get_ylabel() == "number of comparisons per evaluation"
    assert not any("s" in label.get_text() for label in upper.get_yticklabels())


def test_memory_and_counts_stand_beside_each_other() -> None:
    of = experiment(exponent())
    (subject,) = of.subjects
    both = dataclasses.replace(of, subjects=(dataclasses.replace(subject, memory_law=CostLaw("n")),))
    samples = frame()
    weighed = samples[samples["stage"] == "counts"].drop(columns=RESPONSE)
    weighed = weighed.assign(stage="memory", timing="memory", scratch_bytes=8.0 * weighed["n"])
    table = pd.concat([samples, weighed], ignore_index=True)
    table.attrs = samples.attrs
    found = analyse(table, both)
    assert [table.response for table in content.memory_tables(found)] == ["memory beyond the result"]
    assert [table.response for table in content.count_tables(found)] == ["number of comparisons"]
    assert found.verdicts[0].verdict == "supported"
