"""``predict`` on runs, tables and frames: whose predictions, at which points, and what is said beside them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.evidence.evidence import fit_all
from bptt_bench.analyse.findings.predictions import Grade
from bptt_bench.analyse.predict.foresight import TARGET_COVERAGE, TARGET_MEDIAN, checked_predictions, predict_beyond
from bptt_bench.analyse.predict.inverse import LargestLevel
from bptt_bench.analyse.predict.predictor import PointPrediction
from bptt_bench.errors import FitError, TextError
from bptt_bench.measure.worker.loading import load_experiment
from bptt_bench.plan import Cell, CostLaw, Design, Experiment, Factor, Point, Profile, Subject
from bptt_bench.store.frame import load
from bptt_bench.workflows import predict as predicting
from bptt_bench.workflows.predict import predict

from tests.bench.analyse.made import run as made_run

REFERENCE = Path(__file__).resolve().parents[3] / "results" / "reference"
GB = 1e9
DESIGN = Design.lines({"n": 64, "m": 16}, {"n": [4, 8, 16, 32, 128, 256, 512], "m": [2, 4, 8, 32, 64, 128]})
SECONDS, BYTES, RESULT = 2e-6, 8.0, 16.0  # a call of n*m; bytes of scratch for n*m, and of the result for n


def nothing(_point: Point) -> Any:
    raise AssertionError("nothing is measured here")


def experiment(
    *subjects: Subject,
    factors: tuple[Factor, ...] = (Factor(name="n"), Factor(name="m")),
    design: Design = DESIGN,
) -> Experiment:
    return Experiment(name="made", factors=factors, subjects=subjects, profiles={"quick": Profile(design=design)})


TIMED = Subject(name="timed", prepare=nothing, law=CostLaw("n*m"), overhead=())
WEIGHED = dataclasses.replace(
    TIMED,
    name="weighed",
    memory_law=CostLaw("n*m"),
    memory_overhead=(),
    output_bytes=lambda point: int(RESULT * point["n"]),
    working_set=lambda point: int(3 * BYTES * point["n"] * point["m"]),
)
BARE = Subject(name="bare", prepare=nothing)
WHOLE = experiment(TIMED, WEIGHED, BARE)


def with_zero() -> pd.DataFrame:
    """Times of n log n + n p, in ns, at levels of p from 0."""
    rows = [(n, p, 1e-9 * (n * np.log(n) + n * p)) for n in (64, 128, 256, 512) for p in (0, 1, 2) for _ in range(2)]
    return pd.DataFrame(rows, columns=["n", "p", "seconds_per_eval"])


def test_at_a_level_0_that_was_measured_the_law_predicts() -> None:
    (found,) = predict(with_zero(), "n=1000,p=0", law="n*log(n) + n*p")
    assert found.value == pytest.approx(1e-9 * 1000 * np.log(1000), rel=1e-6)
    zero, one = predict(with_zero(), [{"n": 256, "p": 0}, {"n": 256, "p": 1}], law="n*log(n) + n*p")
    assert zero.value is not None
    assert one.value == pytest.approx(zero.value + 256e-9, rel=1e-6)
    assert predict(with_zero(), "p=0", law="n*log(n) + n*p", largest="n", within="10us")[0].largest is not None


@pytest.mark.parametrize("at", ["n=0,p=1", "n=0,p=0"])
def test_at_a_level_0_that_was_not_measured_nothing_is_predicted(at: str) -> None:
    with pytest.raises(TextError, match="n must be a finite number above 0, got '0'"):
        predict(with_zero(), at, law="n*log(n) + n*p")


def test_a_budget_in_another_unit_than_that_of_the_only_response_is_refused() -> None:
    table = with_zero().rename(columns={"seconds_per_eval": "time_s"})
    with pytest.raises(FitError, match="--within '1GB': time_s is counted in s"):
        predict(table, "p=1", law="n*log(n) + n*p", largest="n", within="1GB")


def frame(rng: np.random.Generator | None = None, noise: float = 0.0) -> pd.DataFrame:
    levels = np.array([point["n"] * point["m"] for point in DESIGN], dtype=float)
    timed = made_run(dict.fromkeys(("timed", "weighed", "bare"), SECONDS * levels), DESIGN, rng=rng, noise=noise)
    weighed = pd.DataFrame({name: [point[name] for point in DESIGN] for name in ("n", "m")}).assign(
        subject="weighed", timing="memory", stage="memory", below_floor=False, scratch_bytes=BYTES * levels
    )
    both = pd.concat([timed.assign(stage="sweep"), weighed], ignore_index=True)
    both.attrs = {**timed.attrs}
    return both


FRAME = frame()


def of(found: list[PointPrediction], subject: str, response: str = "seconds_per_eval") -> list[PointPrediction]:
    return [one for one in found if (one.subject, one.response) == (subject, response)]


# --- the numbers of foresee -------------------------------------------------------------------------------------------


def test_points_beyond_the_reference_run_are_predicted_as_they_are_held_to_be() -> None:
    """The run holds predictions of the version that measured it, and what was measured there since."""
    reference = load(REFERENCE)
    checked = checked_predictions(reference)
    assert len(checked) >= 60
    found = {(one.subject, one.at): one for one in predict(REFERENCE, list({one.prediction.at for one in checked}))}
    errors, inside = [], []
    for one in checked:
        made = found[one.prediction.subject, one.prediction.at]
        assert made.value is not None
        assert made.low is not None
        assert made.high is not None
        assert made.farther == one.prediction.farther
        errors.append(abs(made.value / one.measured.estimate - 1))
        inside.append(made.low <= one.measured.estimate <= made.high)
    assert np.median(errors) <= TARGET_MEDIAN
    assert np.mean(inside) >= TARGET_COVERAGE[0] - 1 / len(inside)  # a point at the very edge, 0.1 % outside


def test_it_gives_the_very_numbers_that_foresee_would_store(rng: np.random.Generator) -> None:
    samples = frame(rng, 0.03)
    at = [Point(n=2000, m=16), Point(n=512, m=128)]
    stored = predict_beyond(fit_all(samples, WHOLE), [Cell("timed", point) for point in at])
    found = of(predict(samples, at, experiment=WHOLE), "timed")
    for one, made in zip(stored, found, strict=True):
        assert (made.value, made.low, made.high) == pytest.approx((one.value, one.low, one.high), rel=1e-9)


def test_samples_that_test_predictions_are_not_seen() -> None:
    tested = FRAME.assign(seconds_per_eval=FRAME["seconds_per_eval"] * 100, stage="beyond", n=FRAME["n"] * 2)
    both = pd.concat([FRAME, tested[tested["timing"] == "whole"]], ignore_index=True)
    both.attrs = FRAME.attrs
    (one,) = of(predict(both, "n=2000,m=16", experiment=WHOLE), "timed")
    assert one.value == pytest.approx(SECONDS * 32_000)
    assert one.farther == 2000 / 512
    (stated,) = predict(both, "n=2000,m=16", law="n*m", subject="timed")
    assert stated.value == pytest.approx(SECONDS * 32_000)


# --- whose, and what --------------------------------------------------------------------------------------------------


def test_every_subject_with_a_law_has_its_time_and_its_memory() -> None:
    found = predict(FRAME, "n=100,m=10", experiment=WHOLE)
    assert [(one.subject, one.response) for one in found] == [
        ("timed", "seconds_per_eval"),
        ("weighed", "seconds_per_eval"),
        ("weighed", "allocated_bytes"),
    ]
    assert found[1].value == pytest.approx(SECONDS * 1000)
    assert found[2].value == pytest.approx(BYTES * 1000 + RESULT * 100)
    assert found[2].low is not None
    assert found[2].low <= BYTES * 1000 + RESULT * 100 <= (found[2].high or 0)


def test_points_are_the_product_of_ranges_in_order() -> None:
    found = of(predict(FRAME, "n=10..1000:3,m=2..8:3", experiment=WHOLE), "timed")
    assert [tuple(one.at.values()) for one in found] == [(n, m) for n in (10, 100, 1000) for m in (2, 4, 8)]
    assert [one.value for one in found] == pytest.approx([SECONDS * n * m for n in (10, 100, 1000) for m in (2, 4, 8)])


def test_a_point_asked_twice_is_answered_once() -> None:
    assert len(of(predict(FRAME, ["n=10,m=2", "m=2,n=10", {"n": 10.0, "m": 2}], experiment=WHOLE), "timed")) == 1


def test_a_subject_is_chosen() -> None:
    assert {one.subject for one in predict(FRAME, "n=10,m=2", subject="weighed", experiment=WHOLE)} == {"weighed"}
    several = predict(FRAME, "n=10,m=2", subject=["weighed", "timed"], experiment=WHOLE)
    assert {one.subject for one in several} == {"weighed", "timed"}


def test_a_response_is_chosen() -> None:
    (one,) = predict(FRAME, "n=100,m=10", subject="weighed", response="scratch_bytes", experiment=WHOLE)
    assert one.response == "scratch_bytes"
    assert one.value == pytest.approx(8000)
    (size,) = predict(FRAME, "n=100,m=10", subject="weighed", response="working_set_bytes", experiment=WHOLE)
    assert (size.value, size.low, size.high) == (24_000.0, 24_000.0, 24_000.0)


def test_what_is_counted_is_predicted_like_the_rest() -> None:
    counted = dataclasses.replace(TIMED, tally=lambda _: {}, count_laws={"steps": CostLaw("n*m")})
    levels = pd.DataFrame([dict(point) for point in DESIGN])
    rows = levels.assign(subject="timed", timing="counts", stage="counts", steps_count=3.0 * levels["n"] * levels["m"])
    both = pd.concat([FRAME, rows.assign(below_floor=False)], ignore_index=True)
    both.attrs = FRAME.attrs
    _, steps = predict(both, "n=1000,m=10", experiment=experiment(counted))
    assert steps.response == "steps_count"
    assert steps.value == pytest.approx(30_000)
    how: dict[str, Any] = {"response": "steps_count", "experiment": experiment(counted)}
    (one,) = predict(both, "m=10", largest="n", within="30015", **how)
    assert one.largest == 1000
    with pytest.raises(FitError, match="--within '1s': steps_count is counted in steps"):
        predict(both, "m=10", largest="n", within="1s", **how)


def test_what_cannot_be_predicted_says_why_beside_what_can() -> None:
    timed, weighed = predict(FRAME, "n=100,m=10", response="scratch_bytes", experiment=WHOLE)
    assert (timed.value, timed.note) == (None, "no data: timed: no memory_law was given")
    assert weighed.value == pytest.approx(8000)
    bare, _ = predict(FRAME, "n=100,m=10", response="working_set_bytes", experiment=WHOLE)
    assert bare.note == "no data: timed declares no working set"


def test_where_nothing_at_all_can_be_predicted_it_is_one_line() -> None:
    for arguments in ({"at": "n=100,m=10"}, {"at": "m=10", "largest": "n", "within": "5"}):
        with pytest.raises(FitError, match="no data: timed has no law for recur_seconds_per_eval"):
            predict(FRAME, response="recur_seconds_per_eval", experiment=WHOLE, **arguments)


def test_a_factor_measured_at_one_level_has_it_where_none_is_named() -> None:
    factors = (Factor(name="n"), Factor(name="m"), Factor(name="threads"))
    whole = experiment(TIMED, factors=factors, design=Design.of({**point, "threads": 4} for point in DESIGN))
    samples = FRAME.assign(threads=4)
    samples.attrs = {**FRAME.attrs, "factors": ["n", "m", "threads"]}
    (one,) = predict(samples, "n=100,m=10", experiment=whole)
    assert one.at == Point(n=100, m=10, threads=4)
    assert list(one.at) == ["n", "m", "threads"]


def test_categories_choose_the_strata_they_name() -> None:
    factors = (Factor(name="n"), Factor(name="m"), Factor(name="dtype", kind="category"))
    design = Design.of({**point, "dtype": dtype} for point in DESIGN for dtype in ("a", "b"))
    whole = experiment(TIMED, factors=factors, design=design)
    slow = FRAME["seconds_per_eval"] * 3
    samples = pd.concat([FRAME.assign(dtype="a"), FRAME.assign(dtype="b", seconds_per_eval=slow)], ignore_index=True)
    samples = samples[samples["subject"] == "timed"]
    samples.attrs = {**FRAME.attrs, "factors": ["n", "m", "dtype"]}
    both = predict(samples, "n=100,m=10", experiment=whole)
    assert [one.subject for one in both] == ["timed [dtype=a]", "timed [dtype=b]"]
    assert [one.value for one in both] == pytest.approx([SECONDS * 1000, 3 * SECONDS * 1000])
    (one,) = predict(samples, "n=100,m=10,dtype=b", experiment=whole)
    assert (one.subject, one.at) == ("timed [dtype=b]", Point(n=100, m=10))
    assert len(predict(samples, "n=100,m=10", subject="timed", experiment=whole)) == 2
    assert len(predict(samples, "n=100,m=10", subject="timed [dtype=a]", experiment=whole)) == 1
    with pytest.raises(FitError, match=r"nothing was measured at dtype=c; there are timed \[dtype=a\], timed"):
        predict(samples, "n=100,m=10,dtype=c", experiment=whole)


# --- this machine -----------------------------------------------------------------------------------------------------


def test_what_would_not_fit_into_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predicting, "memory_bytes", lambda: 8 * GB)
    timed, time, memory = predict(FRAME, "n=50000,m=10000", experiment=WHOLE)
    assert timed.caution == ""
    assert time.caution == memory.caution == "would need 12 GB, this machine has 8 GB"  # 3 * 8 bytes of the working set
    assert memory.note == (
        f"625 times farther in m than the nearest measured point, and beyond all of them in n; {memory.caution}"
    )
    assert not any(one.caution for one in predict(FRAME, "n=30000,m=10000", experiment=WHOLE))


def test_predicted_memory_counts_where_no_working_set_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predicting, "memory_bytes", lambda: 8 * GB)
    whole = experiment(dataclasses.replace(WEIGHED, working_set=None))
    time, memory = predict(FRAME, "n=150000,m=10000", experiment=whole)
    assert time.caution == memory.caution
    assert time.caution.startswith("would need 12")


def test_a_working_set_that_cannot_be_computed_is_one_line() -> None:
    whole = experiment(dataclasses.replace(TIMED, working_set=lambda point: 1 // (point["n"] - 7)))
    with pytest.raises(FitError, match=r"subject 'timed': working_set at n=7 m=2: ZeroDivisionError"):
        predict(FRAME, "n=7,m=2", experiment=whole)


# --- a law that somebody names ----------------------------------------------------------------------------------------


def table(tmp_path: Path, text: str | None = None) -> Path:
    rows = "".join(f"{n},{n * 1e-6!r}\n" for n in (1, 2, 4, 8, 16, 32) for _ in range(3))
    path = tmp_path / "times.csv"
    path.write_text(text or f"n,seconds_per_eval\n{rows}", encoding="utf-8")
    return path


def test_a_law_predicts_from_a_table(tmp_path: Path) -> None:
    (one,) = predict(table(tmp_path), "n=64", law="n")
    assert (one.subject, one.farther) == ("times.csv", 2.0)
    assert one.value == pytest.approx(64e-6)
    assert one.note == "2 times farther in n than any measured point"


def test_a_law_predicts_another_column(tmp_path: Path) -> None:
    text = table(tmp_path).read_text(encoding="utf-8").replace("seconds_per_eval", "peak_bytes")
    (one,) = predict(table(tmp_path, text), "n=64", law="n", response="peak_bytes")
    assert one.response == "peak_bytes"
    assert one.value == pytest.approx(64e-6)


def test_a_law_takes_the_place_of_those_of_a_run() -> None:
    found = predict(FRAME[FRAME["timing"] == "whole"], "n=64,m=16", law="n*m", subject=["timed", "weighed"])
    assert [one.subject for one in found] == ["timed", "weighed"]
    with pytest.raises(FitError, match="--subject: the data hold 3 subjects"):
        predict(FRAME[FRAME["timing"] == "whole"], "n=64,m=16", law="n*m")


def test_a_factor_beside_the_law_may_be_left_open(rng: np.random.Generator) -> None:
    samples = frame(rng, 0.02)
    samples = samples[samples["subject"] == "timed"].assign(k=lambda rows: 1 + np.arange(len(rows)) % 2)
    samples.attrs = {"factors": ["n", "m", "k"]}
    how: dict[str, Any] = {"law": "n*m", "overhead": "1"}
    (one,) = predict(samples, "n=2000,m=16,k=2", **how)
    (open_,) = predict(samples, "n=2000,m=16", **how)
    assert (one.caution, open_.caution) == ("", "by the law alone, with no level of k given")
    assert (list(one.at), list(open_.at)) == (["n", "m", "k"], ["n", "m"])


CATEGORIES = "dtype,n,seconds_per_eval\n" + "".join(
    f"{dtype},{n},{n * price!r}\n"
    for dtype, price in (("f", 1e-6), ("d", 2e-6))
    for n in (1, 2, 4, 8, 16)
    for _ in "xyz"
)


def test_a_law_has_a_fit_for_each_category_of_a_table(tmp_path: Path) -> None:
    path = table(tmp_path, CATEGORIES)
    both = predict(path, "n=64", law="n")
    assert [one.subject for one in both] == ["times.csv [dtype=d]", "times.csv [dtype=f]"]
    assert [one.value for one in both] == pytest.approx([128e-6, 64e-6])
    (chosen,) = predict(path, "n=64,dtype=f", law="n")
    (selected,) = predict(path, "n=64", law="n", where=["dtype=f"])
    assert chosen.value == selected.value == pytest.approx(64e-6)
    assert [one.largest for one in predict(path, largest="n", within="20.5us", law="n")] == [10, 20]


def test_levels_of_a_table_are_whole_where_all_that_were_measured_are(tmp_path: Path) -> None:
    (one,) = predict(table(tmp_path), largest="n", within="1.0005ms", law="n")
    assert one.largest == 1000
    assert isinstance(one.largest, int)
    rows = "".join(f"{x},{x * 1e-3!r}\n" for x in (0.5, 1.0, 2.0, 4.0, 8.0) for _ in range(3))
    (real,) = predict(table(tmp_path, f"x,seconds_per_eval\n{rows}"), largest="x", within="1.5ms", law="x")
    assert real.largest == pytest.approx(1.5, rel=1e-6)


# --- the inverse ------------------------------------------------------------------------------------------------------


def largest(**arguments: Any) -> list[LargestLevel]:
    found: list[LargestLevel] = predict(FRAME, experiment=WHOLE, **arguments)
    return found


def test_the_largest_level_within_a_time_is_that_of_the_law() -> None:
    timed, weighed = largest(at="m=10", largest="n", within="1s")
    for one in (timed, weighed):
        assert one.largest == 50_000  # 2e-6 * n * 10
        assert one.low is not None
        assert one.high is not None
        assert one.low <= 50_000 <= one.high
    assert (timed.response, timed.factor, timed.within, timed.at) == ("seconds_per_eval", "n", 1.0, Point(m=10))


def test_prediction_and_inverse_agree(rng: np.random.Generator) -> None:
    samples = frame(rng, 0.03)
    (one,) = predict(samples, "m=10", largest="n", within="200ms", subject="timed", experiment=WHOLE)
    for level, end in ((one.largest, "value"), (one.low, "high"), (one.high, "low")):
        assert level is not None
        at = [{"n": level, "m": 10}, {"n": level + 1, "m": 10}]
        inside, outside = of(predict(samples, at, experiment=WHOLE), "timed")
        assert getattr(inside, end) <= 0.2 < getattr(outside, end)


def test_memory_counts_the_result_and_the_declared_working_set_has_its_own_answer() -> None:
    timed, memory, size = largest(at="m=10", largest="n", within="1MB")
    assert (timed.largest, timed.note) == (None, "no data: timed: no memory_law was given")
    assert (memory.response, memory.largest) == ("allocated_bytes", 10_416)  # 80 n + 16 n
    assert (size.response, size.largest, size.low, size.high) == ("working_set_bytes", 4166, 4166, 4166)  # 240 n


def test_ranges_beside_it_have_an_answer_each() -> None:
    found = largest(at="m=10..1000:3", largest="n", within="1s", subject="timed")
    assert [one.largest for one in found] == [50_000, 5_000, 500]


def test_an_answer_that_would_not_fit_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predicting, "memory_bytes", lambda: 1e6)
    timed, weighed = largest(at="m=10", largest="n", within="1s")
    assert "would need" not in timed.note
    assert weighed.note.endswith("would need 12 MB, this machine has 1 MB")


def test_one_factor_needs_no_at(tmp_path: Path) -> None:
    (one,) = predict(table(tmp_path), largest="n", within="20.5us", law="n")
    assert one.largest == 20


# --- what cannot be used ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"at": ""}, "--at: names no point"),
        ({"at": []}, "--at: names no point"),
        ({"at": "n=5"}, "--at 'n=5': lacks m; the factors are n, m"),
        ({"at": "n=5,m=2,k=1"}, "--at 'n=5,m=2,k=1': unknown factor 'k'; the factors are n, m"),
        ({"at": "n=5,m=big"}, "m must be a finite number above 0, got 'big'"),
        ({"at": "n=1.5,m=2"}, "factor n must be a whole number from 1, got 1.5"),
        ({"at": "n=5,m=2", "subject": "nobody"}, "--subject 'nobody': unknown; the subjects with laws are timed, weig"),
        ({"at": "m=2", "largest": "n"}, "--largest and --within: go together"),
        ({"at": "m=2", "within": "1s"}, "--largest and --within: go together"),
        ({"at": "m=2", "largest": "k", "within": "1s"}, "--largest 'k': unknown factor; the factors are n, m"),
        ({"at": "n=5,m=2", "largest": "n", "within": "1s"}, "names n, whose largest level is asked for"),
        ({"at": "", "largest": "n", "within": "1s"}, "--at: required for m, such as --at m=128"),
        (
            {"at": "n=1e300,m=1e300"},
            "--at 'n=1e+300,m=1e+300': no value can be predicted: the law says nothing here; ",
        ),
        ({"at": "m=2", "largest": "n", "within": "soon"}, "--within: must be a time in ns"),
        ({"at": "m=2", "largest": "n", "within": "5"}, "--within '5': must have a unit, such as 10s or 2GB"),
        (
            {"at": "m=2", "largest": "n", "within": "2GB", "response": "seconds_per_eval"},
            "--within '2GB': seconds_per_eval is counted in s",
        ),
    ],
)
def test_what_cannot_be_used_is_one_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((FitError, TextError)) as error:
        predict(FRAME, **{"experiment": WHOLE, **arguments})
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_table_without_a_law_is_predicted_by_all_that_fit(tmp_path: Path) -> None:
    (found,) = predict(table(tmp_path), "n=64")
    (stated,) = predict(table(tmp_path), "n=64", law="n")
    assert found.value == pytest.approx(stated.value, rel=0.2)


def test_a_run_without_laws_is_predicted_by_all_that_fit() -> None:
    found = predict(FRAME, "n=5,m=2", experiment=experiment(BARE))
    assert [one.subject for one in found] == [BARE.name]
    assert all(one.low < one.value < one.high for one in found if one.value is not None and one.low and one.high)


def test_a_subject_without_a_law_is_predicted_by_all_that_fit_if_it_is_named() -> None:
    rows = [{"subject": "bare", "n": n, "m": 4, "block": block, "timing": "whole", "below_floor": False, "process": 0,
             "seconds_per_eval": 1e-6 * n * (1 + 0.01 * np.sin(n + block))} for n in (8, 16, 32, 64, 128)
            for block in range(3)]  # fmt: skip
    data = pd.DataFrame(rows)
    alone = experiment(BARE)
    data.attrs["factors"] = ["n", "m"]
    (named,) = predict(data, "n=1000,m=4", subject="bare", experiment=alone)
    (found,) = predict(data, "n=1000,m=4", experiment=alone)
    assert named.value == pytest.approx(found.value) == pytest.approx(1e-3, rel=0.1)
    with pytest.raises(FitError, match="--subject 'other': unknown; the subjects are bare"):
        predict(data, "n=1000,m=4", subject="other", experiment=alone)


@pytest.mark.parametrize("law", ["n", "n**2"])
def test_a_law_of_which_nothing_is_seen_is_doubtful_beyond_the_data(law: str) -> None:
    rng = np.random.default_rng(2)
    n = np.geomspace(100, 2500, 12)
    flat = pd.DataFrame({"n": n, "seconds": 6e-6 * np.exp(0.05 * rng.normal(size=n.size))})
    (beyond,) = predict(flat, "n=12000", law=law)
    assert beyond.grade is Grade.DOUBTFUL
    assert "doubtful: the law's own terms explain " in beyond.to_json()["note"]
    assert predict(flat, "n=1000", law=law)[0].grade is Grade.SOUND


def test_a_budget_that_no_level_reaches_has_the_grade_of_the_farthest() -> None:
    rng = np.random.default_rng(2)
    n = np.round(np.geomspace(100, 2500, 12))
    flat = pd.DataFrame({"n": n, "seconds": 6e-6 * np.exp(0.05 * rng.normal(size=n.size))})
    (found,) = predict(flat, largest="n", within="1s", law="n")
    assert found.largest is None
    assert found.grade is Grade.DOUBTFUL
    assert "the law's own terms explain" in found.note
    (none,) = predict(flat, largest="n", within="1ns", law="n")
    assert (none.largest, none.grade) == (None, None)


def test_many_points_are_thinned_evenly() -> None:
    rng = np.random.default_rng(3)
    n, m = rng.integers(10, 10_000, (2, 40_000))
    many = pd.DataFrame({"n": n, "m": m, "seconds": 1e-9 * n * m * np.exp(0.05 * rng.normal(size=n.size))})
    (found,) = predict(many.drop_duplicates(["n", "m"]), "n=100000,m=100000", law="n*m")
    assert found.value == pytest.approx(10, rel=0.02)
    assert found.grade is Grade.SOUND


@pytest.mark.parametrize("where", ['gpu="A100, 40 GB"', "gpu=A100, 40 GB"])
def test_rows_are_selected_by_a_level_with_a_comma(where: str) -> None:
    n = np.geomspace(10, 1e4, 8)
    both = pd.DataFrame({"gpu": ["A100, 40 GB"] * 8 + ["H100"] * 8, "n": [*n, *n], "seconds": [*1e-6 * n, *5e-7 * n]})
    (found,) = predict(both, "n=100000", law="n", where=[where])
    assert found.value == pytest.approx(0.1)


def test_a_constant_is_fitted_to_points_without_repetitions() -> None:
    rng = np.random.default_rng(4)
    n = 2 ** np.arange(1, 21)
    flat = pd.DataFrame({"n": n, "seconds": 1e-6 * np.exp(0.03 * rng.normal(size=n.size))})
    fitted = bench.fit(flat, "1")
    assert fitted.n_points == 20
    assert predict(flat, "n=1000", law="1")[0].value == pytest.approx(1e-6, rel=0.03)


def test_options_of_a_fit_do_not_go_with_the_laws_of_a_run() -> None:
    with pytest.raises(FitError, match="--block: goes with --law; the laws of a run have their own"):
        predict(load(REFERENCE), {"V": 2000, "d": 100, "H": 100, "T": 16}, block="block")


def test_it_is_public() -> None:
    assert bench.predict is predict
    assert "predict" in bench.__all__


def test_laws_are_those_of_the_run_where_none_are_given() -> None:
    frame = load(REFERENCE)
    (one,) = bench.predict(frame, {"V": 2000, "d": 100, "H": 100, "T": 16}, subject="naive")
    header: str = frame.attrs["run"]["experiment"]
    (same,) = bench.predict(REFERENCE, "V=2000,d=100,H=100,T=16", subject="naive", experiment=load_experiment(header))
    assert one == same
