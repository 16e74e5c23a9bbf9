"""Which rows a fit may see."""

from __future__ import annotations

import numpy as np
import pandas as pd
from bptt_bench.analyse.evidence.evidence import rows_of


def phased(share: list[float]) -> pd.DataFrame:
    """Two samples at each of some points, with a phase that takes a share of the time."""
    n = np.repeat(np.arange(1, len(share) + 1), 2)
    whole = np.full(len(n), 2.0)
    frame = pd.DataFrame(
        {
            "subject": "s",
            "n": n,
            "seconds_per_eval": np.nan,
            "instrumented_seconds_per_eval": whole,
            "a_seconds_per_eval": np.repeat(share, 2) * whole,
        }
    )
    frame.attrs["factors"] = ["n"]
    return frame


def test_a_phase_is_fitted_only_where_it_takes_a_twentieth_of_the_time() -> None:
    found = rows_of(phased([0.9, 0.05, 0.049, 0.2]), "s", "a_seconds_per_eval")
    assert sorted(set(found["n"])) == [1, 2, 4]


def test_the_whole_has_all_its_points() -> None:
    frame = phased([0.9, 0.01]).assign(seconds_per_eval=1.0)
    assert sorted(set(rows_of(frame, "s", "seconds_per_eval")["n"])) == [1, 2]


def test_one_sample_beside_the_line_does_not_take_its_point_away() -> None:
    frame = pd.concat([phased([0.2]), phased([0.2]), phased([0.01]).iloc[:1]], ignore_index=True)
    frame.attrs["factors"] = ["n"]
    assert len(rows_of(frame, "s", "a_seconds_per_eval")) == 5
