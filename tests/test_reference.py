"""The committed reference run: its verdicts are rebuilt from its samples, and its report says the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bptt_bench import fit, judge, load
from bptt_bench.analyse.findings.fits import DistantSamples
from bptt_bench.analyse.fitting.cautions import cautions
from bptt_bench.analyse.predict.foresight import checked_predictions
from bptt_bench.report.words.documents import verdict_documents
from bptt_bench.report.words.reasons import text_of
from bptt_bench.store.runs.samples import SAMPLES

REFERENCE = Path(__file__).parents[1] / "results" / "reference"


@pytest.fixture(scope="module")
def stored() -> list[dict[str, object]]:
    verdicts: list[dict[str, object]] = json.loads((REFERENCE / "verdicts.json").read_text())
    return verdicts


def test_verdicts_rebuilt_from_the_samples_are_those_that_were_written(stored: list[dict[str, object]]) -> None:
    rebuilt = verdict_documents(judge(REFERENCE))
    assert [verdict["claim"] for verdict in rebuilt] == [verdict["claim"] for verdict in stored]
    for now, then in zip(rebuilt, stored, strict=True):
        for key in ("subject", "kind", "verdict"):
            assert now[key] == then[key], now["claim"]
        for key in ("predicted", "estimate", "low", "high"):
            # another machine's BLAS rounds otherwise: figures agree far within what a verdict turns on
            expected = None if then[key] is None else pytest.approx(then[key], rel=1e-4, abs=1e-12)
            assert now[key] == expected, now["claim"]


def test_a_misfit_is_not_blamed_on_a_machine_whose_placebo_agrees() -> None:
    reasons = {verdict.claim: text_of(verdict.reason) for verdict in judge(REFERENCE)}
    assert "it is the law's misfit that makes it wide" in reasons["batched: exponent of T"]
    assert not any("busy" in reason for reason in reasons.values())


def test_small_disturbances_are_not_called_far_above_the_rest() -> None:
    """Two thirds of the samples of the run of the family are a little slower than the rest."""
    frame = load(REFERENCE.parent / "family")
    found = fit(frame[frame["subject"] == "naive"], "T*H*V + T*(T+1)/2*H*d + T*(T+1)/2*H**2", overhead="1 + T")
    assert found.noise.contaminated_share > 0.5
    assert found.noise.far_share < 0.1
    assert not any(isinstance(caution, DistantSamples) for caution in cautions(found))


def test_a_sample_that_is_changed_changes_the_verdicts(stored: list[dict[str, object]], tmp_path: Path) -> None:
    lines = (REFERENCE / SAMPLES).read_text().splitlines()
    records = [json.loads(line) for line in lines]
    for record in records:
        if record["record"] == "sample" and record["subject"] == "aggregated" and record["timing"] == "whole":
            record["seconds_per_eval"] *= (record["point"]["V"] / 1000) ** 0.5
    (tmp_path / SAMPLES).write_text("".join(json.dumps(record) + "\n" for record in records))
    words = {verdict.claim: verdict.verdict for verdict in judge(tmp_path)}
    assert words["aggregated: exponent of V"] != "supported"
    assert words != {str(verdict["claim"]): verdict["verdict"] for verdict in stored}


def test_the_run_is_whole_and_every_check_of_it_passed() -> None:
    frame = load(REFERENCE)
    assert frame.attrs["run"]["profile"] == "full"
    assert frame.attrs["finish"]["busy_share"] > 0.5
    swept = (frame["timing"] == "whole") & (frame["stage"] == "sweep")
    assert swept.sum() == frame.attrs["run"]["cells"] * frame.attrs["run"]["blocks"]
    assert all(check["estimate"] <= check["allowed"] for check in frame.attrs["checks"])


def test_what_it_foresaw_was_stored_before_it_was_measured() -> None:
    lines = [json.loads(line) for line in (REFERENCE / SAMPLES).read_text().splitlines()]
    predicted = [i for i, record in enumerate(lines) if record["record"] == "prediction"]
    tests = [i for i, record in enumerate(lines) if record.get("stage") == "beyond"]
    assert len(predicted) >= 20
    assert max(predicted) < min(tests)
    assert len(checked_predictions(load(REFERENCE))) == len(predicted)


def test_the_report_gives_the_verdicts(stored: list[dict[str, object]]) -> None:
    report = (REFERENCE / "report.md").read_text()
    for verdict in stored:
        assert str(verdict["claim"]) in report.replace("\\", "")
    assert all((REFERENCE / name).is_file() for name in ("report.html", "figures/parity.png", "figures/parity.svg"))
