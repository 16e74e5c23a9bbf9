"""How each subject is drawn: the same colour and marker in every figure, and in every report where it says so."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np

from bptt_bench.plan import PLACEBO_SUFFIX, CrossoverClaim, Experiment, RatioClaim
from bptt_bench.report.figures.style import BASELINE, LOOKS, Look

LEVEL_COLORS = "viridis"  # from dark to light: levels have an order, which subjects have not
LIGHTEST = 0.75  # share of these colours that is still seen on white


def subject_looks(experiment: Experiment) -> dict[str, Look]:
    """Return one look for each subject, the same in every figure.

    A subject has the look at the place that it names (``Subject.look``), and others the next free one, in the order of
    the experiment. What the claims take off other subjects is a baseline, drawn in grey.
    """
    names = [name for name in experiment.subject_names if not name.endswith(PLACEBO_SUFFIX)]
    compared = [claim for claim in experiment.claims if isinstance(claim, RatioClaim | CrossoverClaim)]
    baselines = {claim.less for claim in compared} - {claim.subject for claim in compared}
    drawn = [name for name in names if name not in baselines]
    places: dict[str, int] = {}
    for name in drawn:
        place = experiment.subject(name).look
        if place is not None and place not in places.values():
            places[name] = place
    free = iter([place for place in range(len(places) + len(drawn)) if place not in places.values()])
    for name in drawn:
        if name not in places:
            places[name] = next(free)
    return {name: LOOKS[places[name] % len(LOOKS)] if name in places else BASELINE for name in names}


def level_looks(n: int) -> list[Look]:
    """Return looks for the levels of a factor, in rising order: colours from dark to light, which no subject has."""
    colors = mpl.colormaps[LEVEL_COLORS](np.linspace(0.0, LIGHTEST, n))
    return [LOOKS[rank % len(LOOKS)]._replace(color=mpl.colors.to_hex(color)) for rank, color in enumerate(colors)]
