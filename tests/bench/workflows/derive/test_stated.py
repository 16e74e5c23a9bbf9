"""``law="derive"``: the law that the code has becomes the claim, and what has no law is said in one line."""

from __future__ import annotations

from pathlib import Path

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.errors import ExperimentError
from bptt_bench.measure.worker.loading import load_experiment
from bptt_bench.plan import Evaluation, LawClaim, Point
from bptt_bench.plan.experiment.builder import experiment
from bptt_bench.workflows.derive.stated import with_derived_laws
from bptt_bench.workflows.settings import Settings, experiment_of

MODULE = """
import bptt_bench as bench
import numpy as np


def prepare(point):
    a, b = np.random.random((point["n"], point["n"])), np.random.random((point["n"], point["m"]))
    return lambda: a @ b


EXPERIMENT = bench.experiment(prepare, law="derive", n=[64, 128, 256], m=[64, 256])
"""


def test_a_run_has_the_derived_law_as_its_claim_and_a_measuring_process_needs_none(tmp_path: Path) -> None:
    module = tmp_path / "products_to_derive.py"
    module.write_text(MODULE, encoding="utf-8")
    assert load_experiment(str(module)).subjects[0].law is None
    made = experiment_of(Settings(experiment=str(module)))
    (subject,) = made.subjects
    assert subject.law is not None
    assert subject.law.evaluate({"n": 3, "m": 5}) == 45
    (claim,) = made.claims
    assert isinstance(claim, LawClaim)
    assert made.complete is None


def test_the_law_of_a_tally_is_what_the_user_means() -> None:
    def prepare(point: Point) -> Evaluation:
        return lambda: sum(range(point["n"]))

    made = experiment(
        prepare, law="derive", n=[100, 200, 400, 800], tally=lambda point: {"steps": point["n"] * (point["n"] - 1) // 2}
    )
    assert with_derived_laws(made).subjects[0].law is not None
    assert str(with_derived_laws(made).subjects[0].law) == "n**2"


def test_a_run_is_judged_by_the_law_of_an_experiment_that_leaves_it_to_be_derived() -> None:
    def prepare(point: Point) -> Evaluation:
        a = np.ones((point["n"], point["n"]))
        return lambda: a @ a

    made = experiment(prepare, law="derive", name="product", n=[64, 128, 256, 512])
    n = np.repeat([64, 128, 256, 512], 5)
    noise = np.exp(0.02 * np.random.default_rng(0).standard_normal(len(n)))
    frame = pd.DataFrame({"subject": "product", "n": n, "seconds_per_eval": 1e-10 * n**3.0 * noise})
    frame.attrs["factors"] = ["n"]
    (verdict,) = bench.judge(frame, made)
    assert verdict.claim == "follows n**3"
    assert verdict.verdict == "supported"


def test_code_that_is_not_counted_needs_a_law() -> None:
    made = experiment(lambda point: lambda: sum(range(point["n"])), law="derive", n=[100, 200, 400, 800])
    with pytest.raises(ExperimentError, match="nothing was counted; state a law, or a tally that counts"):
        with_derived_laws(made)


def test_counts_that_depend_on_the_data_are_no_law() -> None:
    def prepare(point: Point) -> Evaluation:
        a = np.random.random(point["n"])  # noqa: NPY002  # seeded by the point

        def evaluate() -> float:
            total = 0.0
            for i in range(len(a)):
                if a[i] < 0.5:
                    total += float(a[:i].sum())
            return total

        return evaluate

    made = experiment(prepare, law="derive", n=[100, 200, 400, 800])
    with pytest.raises(ExperimentError, match=r"no exact law of its adds_multiplies \(data\)"):
        with_derived_laws(made)
