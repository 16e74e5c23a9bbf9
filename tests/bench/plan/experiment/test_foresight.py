"""Points beyond a sweep are beyond it indeed, and an experiment that says otherwise is refused before it measures."""

from __future__ import annotations

import math
from typing import Any

import pytest
from bptt_bench.errors import DesignError, ExperimentError
from bptt_bench.plan import (
    CostLaw,
    Design,
    Experiment,
    Factor,
    Foresight,
    Point,
    Profile,
    Subject,
    distance_beyond,
    require_beyond,
)

SWEPT = Design.lines({"n": 4, "k": 4}, {"n": [1, 16], "k": [64]})
BEYOND = Design.of([{"n": 32, "k": 4}])


def make(foresight: Foresight, **changes: Any) -> Experiment:
    settings: dict[str, Any] = {
        "name": "toy",
        "factors": (Factor(name="n"), Factor(name="k")),
        "subjects": (
            Subject(name="a", prepare=lambda point: lambda: None, law=CostLaw("n*k")),
            Subject(name="lawless", prepare=lambda point: lambda: None),
        ),
        "profiles": {"quick": Profile(design=SWEPT, extra={"a": Design.of([{"n": 24, "k": 1}])})},
        "placebo": "a",
        "foresight": foresight,
    }
    return Experiment(**{**settings, **changes})


def foresight(**changes: Any) -> Foresight:
    return Foresight(**{"beyond": BEYOND, "subjects": ("a",), "profile": "quick", **changes})


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ({"n": 16, "k": 4}, 1.0),  # swept
        ({"n": 8, "k": 2}, 0.5),  # n=16 k=4 is twice as large in both
        ({"n": 64, "k": 4}, 4.0),  # from n=16 k=4
        ({"n": 4, "k": 128}, 2.0),  # from n=4 k=64
        ({"n": 16, "k": 64}, 4.0),  # no factor is farther, but the two together: from n=4 k=64
    ],
)
def test_a_point_is_as_far_as_levels_must_grow_from_the_nearest_point_swept(
    point: dict[str, float], expected: float
) -> None:
    assert distance_beyond(Point(point), SWEPT) == expected


def test_how_far_does_not_depend_on_the_unit_of_a_factor() -> None:
    grown = [{"n": 1000 * point["n"], "k": point["k"]} for point in SWEPT]
    assert distance_beyond({"n": 40_000, "k": 7}, grown) == distance_beyond({"n": 40, "k": 7}, SWEPT) > 1


def test_a_level_of_zero_is_infinitely_far_from_any_other() -> None:
    assert distance_beyond({"n": 1.0}, [{"n": 0.0}]) == math.inf
    assert distance_beyond({"n": 0.0}, [{"n": 0.0}]) == 1
    assert distance_beyond({"n": 1.0}, []) == math.inf


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"visits": 0}, "visits must be a whole number from 1, got 0"),
        ({"beyond": Design()}, "needs at least one point beyond the sweep and one subject"),
        ({"subjects": ()}, "needs at least one point beyond the sweep and one subject"),
        ({"subjects": ("a", "b", "a")}, "names a subject twice in a, b, a"),
    ],
)
def test_a_foresight_that_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DesignError, match=message):
        foresight(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"subjects": ("z",)}, "foresight of 'z': not a subject; the subjects are a, lawless"),
        ({"subjects": ("a (placebo)",)}, r"foresight of 'a \(placebo\)': not a subject"),
        ({"subjects": ("lawless",)}, "foresight of 'lawless': the subject has no law to predict with"),
        ({"profile": "huge"}, "foresight after 'huge': the profiles are quick"),
        (
            {"beyond": Design.of([{"n": 32, "k": 4}, {"n": 8, "k": 2}])},
            "foresight at n=8 k=2: lies within what profile 'quick' sweeps of a, in every factor",
        ),
        ({"beyond": Design.of([{"n": 24, "k": 1}])}, "foresight at n=24 k=1: lies within"),
    ],
)
def test_a_foresight_that_does_not_fit_its_experiment_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        make(foresight(**changes))


def test_levels_beyond_are_checked_like_any_other() -> None:
    with pytest.raises(DesignError, match=r"factor n must be a whole number from 1, got 32\.5"):
        make(foresight(beyond=Design.of([{"n": 32.5, "k": 4}])))
    with pytest.raises(DesignError, match="needs exactly the factors n, k"):
        make(foresight(beyond=Design.of([{"n": 32}])))


def test_beyond_one_profile_may_lie_within_another() -> None:
    wide = Profile(design=Design.of([{"n": 64, "k": 64}]))
    experiment = make(foresight(), profiles={"quick": Profile(design=SWEPT), "wide": wide})
    assert experiment.foresight is not None
    require_beyond(experiment.foresight, experiment.profiles, "quick")
    with pytest.raises(ExperimentError, match="foresight at n=32 k=4: lies within what profile 'wide' sweeps of a"):
        require_beyond(experiment.foresight, experiment.profiles, "wide")


def test_only_points_of_the_same_categories_say_how_far_beyond_a_point_lies() -> None:
    sweep = [{"n": 100, "dtype": "a"}, {"n": 10, "dtype": "b"}]
    assert distance_beyond({"n": 50, "dtype": "b"}, sweep) == 5
    assert distance_beyond({"n": 50, "dtype": "a"}, sweep) == 0.5
    assert distance_beyond({"n": 50, "dtype": "c"}, sweep) == math.inf
