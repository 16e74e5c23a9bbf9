"""What a report answers first: each subject in a sentence or two, and no prediction by a law that is refuted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import Analysis, analyse
from bptt_bench.report import format as show
from bptt_bench.report.words.answers import answers, regime_rows
from bptt_bench.report.words.content import verdict_groups, verdict_rows
from bptt_bench.report.words.findings.predictions import grade_words

LEVELS = (1000, 2000, 4000, 8000, 16_000, 32_000)


def law_analysis(grows: Callable[[float], float], law: str = "n*log(n)", noise: float = 0.003) -> Analysis:
    """The analysis of a ten-line experiment whose times grow as stated."""
    experiment = bench.experiment(lambda _: list, law=law, name="sort", n=[LEVELS[0], LEVELS[-1]])
    rng = np.random.default_rng(0)
    rows = [
        {"subject": "sort", "n": n, "block": block, "process": block % 2, "below_floor": False, "timing": "whole",
         "seconds_per_eval": 1e-8 * grows(n) * np.exp(noise * rng.normal())}
        for n in LEVELS for block in range(6)
    ]  # fmt: skip
    return analyse(pd.DataFrame(rows), experiment)


def test_a_law_that_is_followed_says_how_it_grows_and_what_a_larger_size_takes() -> None:
    analysis = law_analysis(lambda n: n * np.log(n))
    (answer,) = answers(analysis)
    assert (answer.subject, answer.verdict, answer.mark) == ("sort", "supported", "✓")
    assert answer.text.startswith("follows n·log(n): time grows by an exponent of 1.1")
    (value,) = analysis.predictors["sort"].intervals([{"n": 320_000}])
    assert answer.text.endswith(f"At n = 320\u202f000 it would take {show.si_interval(*value)}.")


def test_what_a_larger_size_takes_is_what_predict_says_with_its_grade() -> None:
    analysis = law_analysis(lambda n: n**1.1, law="n")
    (found,) = bench.predict(analysis.frame, "n=320000", experiment=analysis.experiment)
    (answer,) = answers(analysis)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.assessment is not None
    (value,) = analysis.fits["sort", "seconds_per_eval"].predict([{"n": 320_000}])
    assert value.estimate != pytest.approx(found.value, rel=0.02)
    assert answer.verdict == "supported"
    amount = show.si_interval(found.value, found.low, found.high)
    grade = grade_words(found.assessment, "times")
    assert f"it would take {amount} ({grade})." in answer.text


def test_a_refuted_law_predicts_nothing() -> None:
    (answer,) = answers(law_analysis(lambda n: n**2))
    assert answer.verdict == "refuted"
    assert answer.text.startswith("does not follow n·log(n): time grows by an exponent of 1.99 ")
    assert answer.text.endswith("What a larger size takes is not predicted, because the law does not hold.")


def test_the_name_of_a_claim_on_a_law_has_the_law_in_print() -> None:
    (row,) = verdict_rows(law_analysis(lambda n: n * np.log(n)))
    assert (row.claim, row.stated) == ("follows n·log(n)", "follows n*log(n)")
    assert "n*log" not in row.statement + row.reason + row.headline


def test_each_subject_and_each_ratio_has_an_answer(analysis: Analysis) -> None:
    found = {one.subject: one for one in answers(analysis)}
    assert list(found) == ["each / sweep", "sweep", "each", "check"]
    assert found["each / sweep"].text.endswith("at all 10 points, with no constant fitted.")
    assert "(times, each less base) is within" in found["each / sweep"].text
    assert found["sweep"].text.startswith("meets 4 of 5 claims about the law T·H·V + T·H² (mean error of the fit ")
    assert found["sweep"].text.endswith("; open: exponent of H in T·H².")
    assert found["sweep"].verdict == "inconclusive"


def test_the_worst_verdict_of_a_subject_marks_it(analysis: Analysis) -> None:
    first = next(one for one in analysis.verdicts if one.subject == "sweep" and one.kind == "exponent")
    changed = [replace(one, verdict="refuted") if one is first else one for one in analysis.verdicts]
    found = {one.subject: one for one in answers(replace(analysis, verdicts=tuple(changed)))}
    assert (found["sweep"].verdict, found["sweep"].mark) == ("refuted", "✗")
    assert f"; refuted: {first.claim}; open: " in found["sweep"].text


def test_nothing_to_judge_has_no_answers(analysis: Analysis) -> None:
    assert answers(replace(analysis, verdicts=())) == []


@pytest.mark.parametrize("n_checks", [1, 2, 3, 20])
def test_checks_are_folded_where_there_are_many(analysis: Analysis, n_checks: int) -> None:
    (check,) = [one for one in analysis.verdicts if one.kind == "check"]
    others = [one for one in analysis.verdicts if one.kind != "check"]
    checks = [replace(check, claim=f"check {n}") for n in range(n_checks)]
    groups = verdict_groups(verdict_rows(replace(analysis, verdicts=(*checks, *others))))
    assert [group.name for group in groups] == ["inconclusive", "supported", *(["checks"] if n_checks >= 3 else [])]
    assert sum(len(group.rows) for group in groups) == n_checks + len(others)


def test_a_check_that_failed_is_not_folded(analysis: Analysis) -> None:
    (check,) = [one for one in analysis.verdicts if one.kind == "check"]
    checks = [replace(check, claim=f"check {n}", verdict="refuted" if n == 2 else "supported") for n in range(9)]
    first, *_ = verdict_groups(verdict_rows(replace(analysis, verdicts=tuple(checks))))
    assert [row.claim for row in first.rows] == ["check 2"]


def test_a_run_without_caches_has_no_regimes(analysis: Analysis) -> None:
    assert regime_rows(analysis) == []
