"""The experiment is fit to be judged: its designs distinguish the terms and hold the points that its claims name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bptt_bench.plan import Claim, CrossoverClaim, ExponentClaim, RatioClaim, ShareClaim
from bptt_rnn import cost
from bptt_rnn.experiment import CLAIMS, EXPERIMENT, PROFILES, configure
from bptt_rnn.text import TextError


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("subject", cost.SUBJECTS)
def test_the_terms_of_a_law_are_distinguishable(profile: str, subject: str) -> None:
    points = [cell.point for cell in PROFILES[profile].cells(cost.SUBJECTS) if cell.subject == subject]
    law = EXPERIMENT.subject(subject).law
    assert law is not None
    levels = {factor: np.array([point[factor] for point in points]) for factor in "VdHT"}
    for terms, largest in ((law, 10), (law.plus(*cost.OVERHEADS[subject]), 300)):
        # in relative terms, as the fit sees them: rows over the predicted operations, columns to unit length
        rows = terms.columns(levels) / law.evaluate(levels)[:, np.newaxis]
        assert np.linalg.cond(rows / np.linalg.norm(rows, axis=0)) < largest


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.subject}: {claim.name}")
def test_every_claim_is_about_points_that_its_profiles_measure(claim: Claim) -> None:
    for name in claim.profiles or EXPERIMENT.profiles:
        profile = EXPERIMENT.profile(name)
        design = {cell.point for cell in profile.cells(EXPERIMENT.subject_names) if cell.subject == claim.subject}
        if isinstance(claim, ExponentClaim | ShareClaim | CrossoverClaim):
            assert claim.at in design
        if isinstance(claim, RatioClaim):
            assert all(point in design for point in claim.points)


def test_subjects_evaluate_at_a_point_and_keep_their_buffers() -> None:
    point = PROFILES["quick"].design.points[-2].replace(T=3)
    for subject in EXPERIMENT.subjects:
        evaluate = subject.prepare(point)
        first, second = evaluate(), evaluate()
        if isinstance(first, tuple) and isinstance(second, tuple):
            assert first[1].U is second[1].U
            first, second = first[0], second[0]
        assert first == second
        entered: list[str] = []
        assert subject.prepare_phased is not None
        subject.prepare_phased(point, entered.append)()
        assert set(entered) == set(subject.phase_laws)


def test_a_corpus_that_is_too_short_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    short = tmp_path / "short.txt"
    short.write_text("to be or not to be")
    with pytest.raises(TextError, match="the text has 6"):
        configure(short)
