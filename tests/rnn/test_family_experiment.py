"""The family as an experiment: its claims are about what its profiles measure, and its subjects do what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bptt_bench.plan import AmountClaim, Claim, CostLaw, ExponentClaim, Point
from bptt_rnn import cost
from bptt_rnn.experiment.family import CLAIMS, EXPERIMENT, KEPT_AT, PROFILES, SUBJECTS, configure, terms_with
from bptt_rnn.gradients import CLASS_BASED, FAMILY
from bptt_rnn.text import TextError

SMALL = Point(V=30, d=4, H=5, T=9)
SAME_LOSS = [name for name in FAMILY if name != "naive"]


def test_everybody_is_in_it() -> None:
    assert set(SUBJECTS) == {*FAMILY, *CLASS_BASED} == {subject.name for subject in EXPERIMENT.subjects}
    about_time = {claim.subject for claim in CLAIMS if isinstance(claim, ExponentClaim)}
    assert about_time == set(SUBJECTS)
    assert {claim.subject for claim in CLAIMS if isinstance(claim, AmountClaim)} == set(SUBJECTS)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.subject}: {claim.name}")
@pytest.mark.parametrize("profile", PROFILES)
def test_every_claim_is_about_points_that_are_measured_of_its_subject(profile: str, claim: Claim) -> None:
    design = {cell.point for cell in PROFILES[profile].cells(SUBJECTS) if cell.subject == claim.subject}
    if isinstance(claim, ExponentClaim):
        assert claim.at in design
        assert len({point[claim.factor] for point in design}) > 2
        law = EXPERIMENT.subject(claim.subject).law if claim.response == "seconds_per_eval" else None
        known = cost.cost_of(claim.subject)
        allowed = {*known.memory_law.split(" + ")} if law is None else {*known.law.split(" + "), *known.overheads}
        assert claim.terms
        assert set(claim.terms) <= allowed
    if isinstance(claim, AmountClaim):
        assert all(point in design for point in claim.points)


def loss_of(name: str) -> float:
    result = EXPERIMENT.subject(name).prepare(SMALL)()
    assert isinstance(result, tuple)
    return float(result[0])


@pytest.mark.parametrize("name", SAME_LOSS)
def test_the_same_text_gives_the_same_loss(name: str) -> None:
    assert loss_of(name) == pytest.approx(loss_of("naive"), rel=1e-5)


@pytest.mark.parametrize("name", SUBJECTS)
def test_phases_and_laws_go_together(name: str) -> None:
    subject = EXPERIMENT.subject(name)
    entered: list[str] = []
    assert subject.prepare_phased is not None
    subject.prepare_phased(SMALL, entered.append)()
    assert set(entered) == set(subject.phase_laws)
    assert subject.memory_law is not None
    subject.memory_law.require([factor.name for factor in EXPERIMENT.factors])


@pytest.mark.parametrize("name", ["batched", "fused", "batched-chunked"])
def test_the_memory_that_is_claimed_is_the_closed_form(name: str) -> None:
    (claim,) = [
        one
        for one in CLAIMS
        if isinstance(one, AmountClaim) and one.subject == name and one.response == "scratch_bytes"
    ]
    point = next(iter(KEPT_AT))
    sizes = [int(point[factor]) for factor in "VdHT"]
    assert callable(claim.amount)
    assert claim.amount(point) == cost.scratch_bytes(name, *sizes) > 0


def test_terms_with_a_factor_are_found_by_their_tree_and_not_by_their_letters() -> None:
    terms = ("T*H*V", "max(3*T, 5*T-32)*H**2", "sqrt(V)", "H**2", "1")
    assert terms_with(terms, "T") == terms[:2]
    assert terms_with(terms, "V") == ("T*H*V", "sqrt(V)")
    assert terms_with(terms, "d") == ()
    assert np.isclose(float(CostLaw(terms[1]).evaluate({"T": 64, "H": 2})), 288 * 4)


def test_a_corpus_that_is_too_short_is_refused(tmp_path: Path) -> None:
    short = tmp_path / "short.txt"
    short.write_text("to be or not to be")
    with pytest.raises(TextError, match="the text has 6"):
        configure(short)
