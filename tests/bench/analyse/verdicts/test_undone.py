"""Verdicts are withheld where evaluations did not do the work of the law, and not where they only warmed up."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.findings.reason import Kind, Reason
from bptt_bench.analyse.verdicts.judges import judge
from bptt_bench.analyse.verdicts.undone import find_growing_inputs, find_undone_work
from bptt_bench.plan import (
    CheckClaim,
    CheckResult,
    Claim,
    CostLaw,
    Design,
    Experiment,
    ExponentClaim,
    Factor,
    Point,
    Profile,
    RatioClaim,
    Subject,
)
from bptt_bench.plan.experiment.deferred import REMEDIES
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.report.words.reasons import text_of

LEVELS = (1_000, 4_000, 16_000, 64_000, 128_000, 256_000)
SECONDS_PER_UNIT = 1e-8
Times = Callable[[float], float]


def steady(n: float) -> float:
    return SECONDS_PER_UNIT * n


def frame_of(
    first: Times = steady,
    later: Times = steady,
    *,
    inspections: Sequence[Mapping[str, Any]] = (),
    loading: float = 0.3,
    processes: int = 2,
    subject: str = "work",
) -> pd.DataFrame:
    """Samples of a subject that is linear; each process loads for some seconds at the first point that it visits."""
    rng = np.random.default_rng(1)
    rows, clock = [], 0.0
    for process in range(processes):
        firsts = dict[int, float]()
        for block in range(2):
            for n in rng.permutation(LEVELS).tolist():
                seconds = later(n) * float(np.exp(0.01 * rng.standard_normal()))
                cold = loading if not firsts else 0.0
                firsts.setdefault(n, first(n) + cold)
                clock += 1.0
                rows.append(
                    {
                        "subject": subject,
                        "n": n,
                        "block": 2 * process + block,
                        "process": process,
                        "started_at": clock,
                        "seconds_per_eval": seconds,
                        "first_seconds": firsts[n],
                    }
                )
    frame = pd.DataFrame(rows)
    frame.attrs.update(factors=["n"], inspections=list(inspections))
    return frame


def inspection(
    n: int,
    changed: Mapping[str, str] | None = None,
    restored: Sequence[float] = (),
    repeated: Sequence[float] = (),
    *,
    returned: str | None = None,
    subject: str = "work",
) -> dict[str, Any]:
    return {
        "record": "inspection",
        "subject": subject,
        "point": {"n": n},
        "returned": returned,
        "changed": dict(changed or {}),
        "restored_seconds": list(restored),
        "repeated_seconds": list(repeated),
    }


def times(seconds: float) -> list[float]:
    return [seconds * share for share in (0.99, 1.0, 1.01)]


def reason(frame: pd.DataFrame, subject: str = "work") -> str:
    finding = find_undone_work(frame)[0].get(subject)
    return "" if finding is None else text_of(Reason(kind=Kind.NOT_DONE, finding=finding)).removesuffix(".")


@pytest.mark.parametrize("kind", REMEDIES)
def test_a_promise_withholds_and_says_what_to_write(kind: str) -> None:
    found = reason(frame_of(inspections=[inspection(n, returned=kind) for n in LEVELS]))
    assert found.startswith("work not done: the call returns a")
    assert f" {kind}, and {REMEDIES[kind]}" in found


def test_a_promise_at_a_few_points_is_none() -> None:
    few = [inspection(n, returned="future" if n == 1_000 else None) for n in LEVELS]
    assert not reason(frame_of(inspections=few))


def test_a_call_that_changes_its_input_is_named_with_it() -> None:
    sorting = [inspection(n, {"data": "list", "k": "cell"}, times(1e-9 * n**2), times(1e-8 * n)) for n in LEVELS]
    assert reason(frame_of(inspections=sorting)) == (
        "work not done: the call changes its input `data` (list); with that restored it takes 25\u202f600 times as "
        "long at n=256000; work on a copy, or state consumes=True"
    )


def test_a_cache_is_named_as_one() -> None:
    cached = [inspection(n, {"slow": "cache"}, times(1e-6 * n), times(1e-7)) for n in LEVELS]
    found = reason(frame_of(inspections=cached))
    assert found.startswith("work not done: the call remembers its result in `slow` (cache); without that it takes ")


def test_a_cache_of_what_is_loaded_or_compiled_once_is_no_matter() -> None:
    loaded = [inspection(n, {"kernels": "cache"}, times(2e-3 + 1e-10 * n), times(1e-10 * n)) for n in LEVELS]
    assert not reason(frame_of(inspections=loaded))


def test_a_placebo_that_finds_the_work_of_its_subject_done_hides_nothing() -> None:
    mine = [inspection(n, {"memo": "dict"}, times(1e-6 * n), times(1e-7)) for n in LEVELS]
    hidden = [inspection(n, subject="work (placebo)") for n in LEVELS]
    assert "`memo` (dict)" in reason(frame_of(inspections=[*hidden, *mine]))


def test_an_input_that_grows_is_named() -> None:
    growing = [inspection(n, {"data": "list"}, times(1e-7 * n), times(1e-7 * (n + 60_000))) for n in LEVELS]
    found = reason(frame_of(inspections=growing))
    assert "changes its input `data` (list); as many evaluations leave it, it takes 61 times as long at n=1000" in found


@pytest.mark.parametrize(
    ("changed", "factor"),
    [
        ({"buffer": "ndarray"}, 1.0),
        ({"buffer": "ndarray"}, 1.4),
        ({"table": "dict"}, 2.5),  # twiddle factors of a transform
        ({"log": "list", "k": "cell"}, 0.6),
    ],
)
def test_a_change_that_hardly_changes_the_time_is_no_matter(changed: Mapping[str, str], factor: float) -> None:
    seen = [inspection(n, changed, times(1e-6 * n * factor), times(1e-6 * n)) for n in LEVELS]
    assert not reason(frame_of(inspections=seen))


def test_times_that_overlap_or_are_too_short_are_not_taken_for_different() -> None:
    noisy = [inspection(n, {"log": "list"}, (1e-3, 9e-3, 8e-3), (1e-3, 1e-3, 2e-3)) for n in LEVELS]
    assert not reason(frame_of(inspections=noisy))
    short = [inspection(n, {"log": "list"}, times(3e-7), times(5e-8)) for n in LEVELS]
    assert not reason(frame_of(inspections=short))


def test_a_change_that_matters_at_one_or_two_small_points_alone_is_no_matter() -> None:
    small = [inspection(n, {"data": "list"}, times(1e-3 + 1e-8 * n), times(1e-5 + 1e-8 * n)) for n in LEVELS]
    assert not reason(frame_of(inspections=[*small[:2], *(inspection(n) for n in LEVELS[2:])]))
    assert "`data` (list)" in reason(frame_of(inspections=[*small[:3], *(inspection(n) for n in LEVELS[3:])]))


def test_one_disturbed_comparison_of_five_hides_nothing_and_shows_nothing() -> None:
    quick, slow = [1e-5, 1e-5, 1e-5, 1e-5, 1e-2], [1e-4, 1e-4, 1e-4, 1e-4, 1e-2]
    assert "`data` (list)" in reason(
        frame_of(inspections=[inspection(n, {"data": "list"}, slow, quick) for n in LEVELS])
    )
    disturbed = [1e-5, 1e-5, 1e-5, 1e-2, 1e-2]
    assert not reason(frame_of(inspections=[inspection(n, {"data": "list"}, disturbed, quick) for n in LEVELS]))


@pytest.mark.parametrize("processes", [1, 2])
def test_work_that_is_remembered_out_of_sight_is_known_by_its_times(processes: int) -> None:
    found = reason(frame_of(lambda n: 1e-6 * n, lambda n: 1e-7, processes=processes))
    times, rest = found.removeprefix("work not done: the first evaluation took ").split(" ", 1)
    assert float(times.replace("\u202f", "")) == pytest.approx(1e-6 * 256_000 / 1e-7, rel=0.01)
    assert rest == (
        "times as long as later ones at n=256000; these find its work done: let each call do it, or do it in prepare"
    )


@pytest.mark.parametrize(
    "first",
    [
        steady,
        lambda n: steady(n) + 0.2,  # compiled for each size
        lambda n: 6 * steady(n),  # memory touched for the first time
        lambda n: steady(n) + 2e-5,  # caches that are cold
        lambda n: 300 * steady(n),  # compiled, unrolled
        lambda n: steady(n) * (1 if n < 100_000 else 5),  # from where on memory comes new from the system
    ],
)
@pytest.mark.parametrize("processes", [1, 2])
def test_what_warms_up_is_left_alone(first: Times, processes: int) -> None:
    assert not reason(frame_of(first, processes=processes))


def test_few_points_decide_nothing() -> None:
    frame = frame_of(lambda n: 1e-6 * n, lambda n: 1e-7)
    few = frame[frame["n"].isin(LEVELS[:3])]
    few.attrs.update(frame.attrs)
    assert not reason(few)


def test_runs_that_noted_nothing_are_judged_as_before() -> None:
    old = frame_of().drop(columns="first_seconds")
    del old.attrs["inspections"]
    assert find_undone_work(old) == ({}, {})


def never(_point: Point) -> Any:
    raise AssertionError("measured already")


EXPERIMENT = Experiment(
    name="toy",
    factors=(Factor(name="n"),),
    subjects=(
        Subject(name="work", prepare=never, law=CostLaw("n"), overhead=("1",)),
        Subject(name="other", prepare=never, law=CostLaw("n"), overhead=("1",)),
    ),
    profiles={"quick": Profile(design=Design.grid({"n": LEVELS}), blocks=4)},
)


def exponent(subject: str) -> ExponentClaim:
    return ExponentClaim(name=f"{subject} is linear", subject=subject, factor="n", terms=("n",), at=Point(n=256_000))


def both(inspections: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    frame = pd.concat([frame_of(), frame_of(subject="other")], ignore_index=True)
    frame.attrs.update(factors=["n"], inspections=list(inspections))
    return frame


def test_claims_about_a_subject_are_withheld_wherever_it_is_named() -> None:
    claims: tuple[Claim, ...] = (
        exponent("work"),
        exponent("other"),
        RatioClaim(name="as fast", subject="other", over="work", ratio="1", points=Design.grid({"n": LEVELS})),
        CheckClaim(name="right", subject="work", check=lambda _: CheckResult(estimate=0, allowed=0, cases=1)),
    )
    healthy = judge(both(()), EXPERIMENT, claims)
    assert [verdict.verdict for verdict in healthy] == ["supported", "supported", "supported", "inconclusive"]
    undone_work = [inspection(n, returned="generator") for n in LEVELS]
    found = judge(both(undone_work), EXPERIMENT, claims)
    assert [verdict.verdict for verdict in found] == ["inconclusive", "supported", "inconclusive", "inconclusive"]
    assert [text_of(verdict.reason).partition(":")[0] for verdict in found if verdict.verdict == "inconclusive"] == [
        "work not done", "work not done", "no data"
    ]  # fmt: skip
    assert dataclasses.asdict(found[0])["estimate"] == healthy[0].estimate


def test_an_input_that_grows_is_named_where_it_has_grown_most_and_withholds_nothing() -> None:
    grown = [{**inspection(n, {"log": "list"}), "grown": {"log": [n + 1, n + 501]}} for n in LEVELS]
    frame = frame_of(inspections=grown)
    assert not reason(frame)
    (found,) = find_growing_inputs(frame)
    assert words(found) == (
        f"work: the input `log` is changed by each call ({LEVELS[0] + 1} items after the first one, {LEVELS[0] + 501} "
        f"after the last, at n={LEVELS[0]}); work on a copy, or state consumes=True"
    )


def test_a_run_without_inputs_that_grow_has_none() -> None:
    assert find_growing_inputs(frame_of(inspections=[inspection(n, {"log": "list"}) for n in LEVELS])) == ()
