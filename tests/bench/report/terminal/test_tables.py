"""Tables on screen: everything said, nothing wider than the screen."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from bptt_bench.analyse import Analysis, Fit, Preference
from bptt_bench.analyse.discover.law_set import LawSet
from bptt_bench.analyse.findings.estimates import Deviation
from bptt_bench.analyse.findings.obstacles import Confounded
from bptt_bench.analyse.findings.reason import Kind, Reason
from bptt_bench.analyse.findings.remarks import MissingPoints
from bptt_bench.analyse.predict.predictor import PointPrediction, make_predictor
from bptt_bench.plan import Point
from bptt_bench.report.page.page import write_report
from bptt_bench.report.terminal import tables as terminal
from bptt_bench.report.words.content import environment_rows, gap_lines, machine_notes, noise_line, verdict_rows
from bptt_bench.report.words.reasons import text_of
from rich.console import Console

WHOLE = "seconds_per_eval"


def printed(function: Callable[[Console], None], width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    function(console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@dataclass(frozen=True)
class Asked:
    fit: Fit
    predictions: tuple[PointPrediction, ...] = ()
    versus: tuple[Preference, ...] = ()
    laws: LawSet | None = None


def checked(detail: str) -> Reason:
    return Reason(kind=Kind.OUTSIDE, finding=Deviation(largest=2, allowed=1, cases=1, detail=detail))


@pytest.mark.parametrize("width", [72, 80, 120])
def test_nothing_is_wider_than_the_screen(analysis: Analysis, width: int) -> None:
    text = terminal.as_text(analysis, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text


def test_verdicts_show_every_claim_and_why_some_are_not_supported(analysis: Analysis) -> None:
    refuted = replace(analysis.verdicts[1], verdict="refuted", reason=checked("far too slow"))
    changed = replace(analysis, verdicts=(*analysis.verdicts[:1], refuted, *analysis.verdicts[2:]))
    text = printed(lambda console: terminal.print_verdicts(console, changed), 120)
    for verdict in changed.verdicts:
        (row,) = [line for line in text.splitlines() if line.startswith(verdict.claim + " ")]
        assert row.split()[-1] == verdict.verdict
    assert "✗ exponent of V (sweep): largest deviation 2 in 1 cases, allowed 1" in text
    assert "? exponent of H in T·H² (sweep): not identifiable: T·H² is only " in text
    assert "8 of 10 claims supported, 1 refuted, 1 inconclusive." in text
    (hint,) = [line for line in text.splitlines() if line.startswith("A reason in full: ")]
    assert hint.startswith("A reason in full: bptt-bench verdict DIR --why ")
    assert shlex.split(hint)[8] in {verdict.claim for verdict in changed.verdicts if verdict.verdict != "supported"}
    assert text_of(changed.verdicts[0].reason) not in text


def test_a_supported_claim_that_was_not_judged_on_all_it_names_has_a_line(analysis: Analysis) -> None:
    first = analysis.verdicts[0]
    assert first.verdict == "supported"
    lacking = replace(first, reason=replace(first.reason, kind=Kind.WITHIN, remarks=(MissingPoints(missing=2),)))
    changed = replace(analysis, verdicts=(lacking, *analysis.verdicts[1:]))
    said = "2 of the claimed points were not measured"
    assert said in printed(lambda console: terminal.print_verdicts(console, changed), 200)
    assert said not in printed(lambda console: terminal.print_verdicts(console, analysis), 200)


def test_refuted_and_open_claims_come_first(analysis: Analysis) -> None:
    refuted = replace(analysis.verdicts[-1], verdict="refuted", reason=checked(""))
    changed = replace(analysis, verdicts=(*analysis.verdicts[:-1], refuted))
    text = printed(lambda console: terminal.print_verdicts(console, changed), 120)
    rows = text.splitlines()[3:13]  # below what could not be measured and the head of the table
    assert [line.split()[-1] for line in rows] == ["refuted", "inconclusive", *["supported"] * 8]


def test_a_claim_without_an_estimate_says_why_on_a_narrow_screen(analysis: Analysis) -> None:
    confounded = Reason(kind=Kind.NOT_IDENTIFIABLE, finding=Confounded(terms=("T*H*V",)))
    unknown = replace(analysis.verdicts[1], verdict="inconclusive", reason=confounded, estimate=None)
    changed = replace(analysis, verdicts=(*analysis.verdicts[:1], unknown, *analysis.verdicts[2:]))
    text = " ".join(printed(lambda console: terminal.print_verdicts(console, changed), 80).split())
    assert "not identifiable: T·H·V cannot be distinguished from the others in this design" in text


@pytest.mark.parametrize("width", [80, 120])
def test_a_claim_takes_one_line(analysis: Analysis, width: int) -> None:
    text = printed(lambda console: terminal.print_verdicts(console, analysis), width)
    table = text[: text.index("9 of 10 claims")].splitlines()
    assert len(table) == len(gap_lines(analysis)) + 2 + len(analysis.verdicts)


def test_a_whole_reason_is_a_clause_in_each_line(analysis: Analysis) -> None:
    (row,) = [row for row in verdict_rows(analysis) if row.verdict == "inconclusive"]
    text = printed(lambda console: terminal.print_reason(console, row), 500)
    assert text.splitlines()[0] == "? exponent of H in T·H², sweep: inconclusive: not identifiable"
    assert [line.strip() for line in text.splitlines()[-len(row.clauses) :]] == list(row.clauses)


def test_a_lesser_kernel_of_the_linear_algebra_stands_below_the_verdicts(analysis: Analysis, tmp_path: Path) -> None:
    frame = analysis.frame.copy()
    library = {"name": "openblas", "api": "blas", "version": "0.3.31", "architecture": "Haswell", "threads": 1}
    environment = {"vector_instructions": "AVX-512", "kernel_variables": {"OPENBLAS_CORETYPE": "Haswell"}}
    frame.attrs = {
        **analysis.frame.attrs,
        "run": {**analysis.frame.attrs["run"], "environment": {**environment, "blas": [library]}},
        "workers": [{"threads": [library]}],
    }
    slow = replace(analysis, evidence=replace(analysis.evidence, frame=frame))
    (note,) = machine_notes(slow)
    assert note.endswith("matrix products may take twice as long; unset OPENBLAS_CORETYPE (now Haswell).")
    assert note in " ".join(terminal.as_text(slow).split())
    assert ("BLAS", "openblas 0.3.31, kernel Haswell (AVX2)") in environment_rows(slow)
    write_report(slow, tmp_path)
    for name in ("report.html", "report.md"):
        text = (tmp_path / name).read_text(encoding="utf-8").replace("\\", "")
        assert note in text
        assert note not in terminal.as_text(analysis)


@pytest.mark.parametrize(
    ("kind", "figures", "shown"),
    [
        ("check", (1e-12, 3.1e-14, 3.1e-14, 3.1e-14), "≤ 1e-12 3.1e-14 ✓"),
        ("check", (0.0, 0.0, 0.0, 0.0), "0, exactly 0 ✓"),
        ("exponent", (1.9846, 1.9932, 1.9798, 2.0042), "1.98 ± 0.1 1.99 [1.98, 2.00] ✓"),
        ("ratio", (11.5, 10.63, 10.47, 10.79), "11.5 (×/÷ 1.3) 10.6 [10.5, 10.8] ✓"),
        ("crossover", (16.0, 15.15, 15.05, 15.24), "16 (×/÷ 1.3) 15.2 [15.1, 15.2] ✓"),
        ("share", (0.5, 0.7567, 0.7553, 0.7581), "≥ 50\u202f% 75.7 [75.5, 75.8]\u202f% ✓"),
        ("share", (0.5, None, None, None), "≥ 50\u202f% – ✓"),
    ],
)
def test_verdicts_show_prediction_and_interval(
    analysis: Analysis, kind: str, figures: tuple[float | None, ...], shown: str
) -> None:
    first = next(verdict for verdict in analysis.verdicts if verdict.kind == kind)
    predicted, estimate, low, high = figures
    verdict = replace(first, predicted=predicted, estimate=estimate, low=low, high=high, verdict="supported")
    changed = replace(analysis, verdicts=(verdict,))
    text = printed(lambda console: terminal.print_verdicts(console, changed), 120)
    assert shown in re.sub(" +", " ", text)


def test_brackets_in_names_are_no_markup(analysis: Analysis) -> None:
    named = replace(analysis.verdicts[0], claim="[red]bold[/red]", verdict="refuted", reason=checked("[/] it is"))
    text = printed(lambda console: terminal.print_verdicts(console, replace(analysis, verdicts=(named,))), 120)
    assert text.count("[red]bold[/red]") == 3
    (row,) = verdict_rows(replace(analysis, verdicts=(named,)))
    assert "allowed 1; [/] it is" in printed(lambda console: terminal.print_reason(console, row), 120)


def test_colour_only_when_asked_for(analysis: Analysis) -> None:
    assert "\x1b[" not in terminal.as_text(analysis)
    assert "\x1b[32m✓ supported" in terminal.as_text(analysis, colour=True, width=120)
    assert "\x1b[32m✓\x1b" in terminal.as_text(analysis, colour=True)


def test_what_could_not_be_measured_comes_first(analysis: Analysis) -> None:
    frame = analysis.frame.copy()
    skip = {"subject": "each", "point": {"V": 64, "H": 8, "T": 4}, "timing": "whole", "reason": "ValueError: too small"}
    frame.attrs = {**analysis.frame.attrs, "skips": [skip]}
    lacking = replace(analysis, evidence=replace(analysis.evidence, frame=frame), skips=(skip,))
    first = "each: not measured at V=64 H=8 T=4 (ValueError: too small)"
    assert printed(lambda console: terminal.show(lacking, console)).splitlines()[0] == first
    assert printed(lambda console: terminal.show_found({}, console, gaps_of=lacking)).splitlines() == [first]
    assert first not in printed(lambda console: terminal.show(analysis, console))


def test_noise_is_one_sentence(analysis: Analysis) -> None:
    text = " ".join(printed(lambda console: terminal.print_noise(console, analysis)).split())
    assert text == noise_line(analysis)


def test_fit_shows_terms_predictions_and_comparisons(analysis: Analysis) -> None:
    fit = analysis.fits["each", WHOLE]
    versus = (
        Preference(law="T*H", decision="this", aicc_gap=120.3, held_out=(0.02, 0.81)),
        Preference(law="T**2", decision="undetermined", aicc_gap=-1.0, held_out=None),
    )
    (one,) = make_predictor("each", fit).predict([Point(V=100_000, H=128, T=16)])
    asked = Asked(fit, (one,), versus)
    text = printed(lambda console: terminal.show(asked, console))
    rows = [re.sub(" +", " ", line).strip() for line in text.splitlines()]
    (term,) = [term for term in fit.terms if term.term == "T*(T+1)/2*H**2"]
    low, middle, high = (f"{1e12 * seconds:.0f}" for seconds in (term.low, term.coefficient, term.high))
    assert f"T·(T+1)/2·H² law {middle} [{low}, {high}]\u202fps 98\u202f% yes" in rows
    assert any(row.startswith("T·H² law") and row.endswith("no") for row in rows)
    low, middle, high = (f"{1e3 * value:.0f}" for value in (one.low or 0, one.value or 0, one.high or 0))
    amount = f"{middle} [{low}, {high}]\u202fms"
    assert f"predicted at V = 100\u202f000, H = 128, T = 16: {amount}, {one.grade}" in rows
    evidence = (
        "AICc gap 120; fitted without the largest points, this law misses them by 2\u202f%, the other by 125\u202f%"
    )
    assert f"against T·H: this law ({evidence})" in " ".join(rows)
    assert "against T²: undetermined (AICc gap −1)" in rows


def test_show_takes_an_analysis_too(analysis: Analysis) -> None:
    text = printed(lambda console: terminal.show(analysis, console))
    assert "9 of 10 claims supported, 1 inconclusive." in text
    assert "Noise within points" in text
