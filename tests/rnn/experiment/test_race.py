"""The race is fit to be run: shared models, right operations and bytes, results that are really compared."""

from __future__ import annotations

import gc
from collections.abc import Callable

import numpy as np
import pytest
from bptt_bench.plan import Evaluation, Point, RooflineClaim, SpeedupClaim
from bptt_rnn.experiment import race, race_stock
from bptt_rnn.gradients import Gradients
from bptt_rnn.model import Params, Tokens
from bptt_rnn.peers import PEERS

SMALL = Point(V=40, d=5, H=7, T=6)


def test_every_claim_is_about_points_that_are_measured_and_subjects_that_there_are() -> None:
    points = race.PROFILES["standard"].design
    assert {claim.profiles for claim in race.CLAIMS} == {("standard",)}
    for claim in race.CLAIMS:
        assert claim.subject in race.EXPERIMENT.subject_names
        if isinstance(claim, SpeedupClaim):
            assert set(claim.over) == set(PEERS)
            assert all(point in points for point in claim.points)
        if isinstance(claim, RooflineClaim):
            assert claim.at in points


def test_all_subjects_of_a_point_work_on_one_model_as_long_as_one_of_them_lives() -> None:
    seen: list[Params] = []

    def make(params: Params, _tokens: Tokens) -> Evaluation:
        seen.append(params)
        return lambda: None

    first, second = race.prepare(make, SMALL), race.prepare(make, SMALL)
    assert seen[0].U is seen[1].U
    del first
    assert SMALL in race._AT
    del second
    gc.collect()
    assert SMALL not in race._AT


def test_operations_and_bytes_of_a_point() -> None:
    V, d, H, T = 40, 5, 7, 6
    found = race.traffic(SMALL)
    assert found.operations == 2 * 3 * T * (H * V + H * d + H * H)
    assert found.least_bytes == 4 * (2 * (V * H + V) + 2 * T * d + 2 * (H * d + H * H + H))


@pytest.mark.parametrize("name", race.OURS)
def test_ours_agree_with_the_reference(name: str) -> None:
    reference = race.EXPERIMENT.subject("batched").prepare(SMALL)()
    assert race.difference(race.EXPERIMENT.subject(name).prepare(SMALL)(), reference) < race.ALLOWED


WRONG: dict[str, Callable[[float, Gradients], tuple[float, Gradients]]] = {
    "loss": lambda loss, g: (1.001 * loss, g),
    "one array": lambda loss, g: (loss, g._replace(W_h=1.01 * g.W_h)),
    "sign": lambda loss, g: (loss, g._replace(b1=-g.b1)),
    "NaN": lambda loss, g: (loss, g._replace(U=np.full_like(g.U, np.nan))),
    "shape": lambda loss, g: (loss, g._replace(h0=g.h0[:-1])),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_differs(what: str) -> None:
    right = race.EXPERIMENT.subject("batched").prepare(SMALL)()
    assert isinstance(right, tuple)
    found = race.difference(WRONG[what](*right), right)
    assert not found <= race.ALLOWED


def test_the_stock_race_differs_in_the_allocator_alone() -> None:
    ours, stock = dict(race.EXPERIMENT.environment), dict(race_stock.EXPERIMENT.environment)
    assert {name for name in ours if name not in stock} == set(race.KEEP_MEMORY)
    assert race_stock.EXPERIMENT.profiles == race.EXPERIMENT.profiles
