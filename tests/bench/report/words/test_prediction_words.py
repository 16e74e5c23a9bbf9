"""What is known of predictions, in words."""

from __future__ import annotations

import pytest
from bptt_bench.analyse.findings.predictions import (
    Assessment,
    Backtest,
    Grade,
    Misfit,
    Ungraded,
    Unseen,
    Untestable,
    Widened,
)
from bptt_bench.report.words.foresight import assessment_words
from bptt_bench.report.words.reasons import words

TESTED = Backtest(n_held=20, farther=8.2, bias=0.0, median=0.0392, p95=0.1, coverage=0.95, power_law_median=0.3)


def test_of_a_sound_prediction_beyond_the_data_the_backtest_is_told() -> None:
    assert assessment_words(Assessment(grade=Grade.SOUND, backtest=TESTED)) == (
        "backtest: the 20 largest points, up to 8.2 times larger, predicted from the others: "
        "median error 4.00 % (a power law: 35 %), intervals held 19"
    )
    assert assessment_words(Assessment(grade=Grade.SOUND, backtest=TESTED), is_beyond=False) == ""


def test_a_small_backtest_and_none_say_that_they_grade_nothing() -> None:
    few = Backtest(n_held=3, farther=2.0, bias=0.0, median=0.1, p95=0.1, coverage=1.0)
    assert words(few).endswith("intervals held 3, ungraded with fewer than 19 points")
    assert words(Ungraded(n_points=3)) == "no backtest, so ungraded: 3 points are too few to hold some out"


def test_a_rejected_law_has_its_two_clearest_signs_and_its_effect() -> None:
    signs = (
        Misfit(kind="exponent", along=("n",), p_value=1e-9, change=-0.3, effect=-0.7),
        Misfit(kind="bend", along=(), p_value=1e-5, effect=-0.2),
        Misfit(kind="runs", along=(), p_value=1e-3),
    )
    assert assessment_words(Assessment(grade=Grade.REJECTED, reasons=signs), is_beyond=False) == (
        "extrapolates a law that the data reject: the power of n is 0.3 lower than the law's (p = 1e-09); "
        "residuals bend along the fitted value (p = 1e-05); and 1 more signs; "
        "with what they show, the law's own value here would be 50 % smaller"
    )


def test_a_law_that_is_rejected_is_not_also_said_to_be_untested() -> None:
    reasons = (Misfit(kind="runs", along=(), p_value=1e-3), Untestable(factor=None, n_levels=4, needed=6))
    said = [assessment_words(Assessment(grade=grade, reasons=reasons)) for grade in (Grade.REJECTED, Grade.DOUBTFUL)]
    assert ["cannot be tested" in words for words in said] == [False, True]


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (Untestable(factor=None, n_levels=4, needed=6), "the law cannot be tested: 4 points; 6 would do"),
        (
            Untestable(factor="m", n_levels=2, needed=3),
            "the law cannot be tested along m, which has 2 levels; 3 would do",
        ),
        (
            Unseen(factor="n", change=0.31, effect=0.7),
            (
                "the law can hardly be tested here: a power of n off by 0.31 would not be seen, by which the value "
                "would be 101 % larger; more levels of n or more samples would show it"
            ),
        ),
        (
            Widened(factor=2.0, drift=0.1),
            (
                "intervals are 2.00 times as wide as the model's and wider by 10 % for each factor of e beyond the "
                "data, which backtests needed"
            ),
        ),
        (Misfit(kind="trend", along=(), p_value=0.001), "residuals have a trend along the fitted value (p = 0.001)"),
        (
            Misfit(kind="interaction", along=("n", "m"), p_value=0.001),
            "residuals follow the product of n and m (p = 0.001)",
        ),
        (Misfit(kind="runs", along=(), p_value=0.001), "neighbours in size lie on one side of the law (p = 0.001)"),
        (
            Misfit(kind="power law", along=(), p_value=0.0),
            "a product of powers of the factors fits decisively better",
        ),
    ],
)
def test_each_finding_is_a_clause(finding: Misfit, text: str) -> None:
    assert words(finding) == text
