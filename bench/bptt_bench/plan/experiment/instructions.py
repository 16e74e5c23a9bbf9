"""What a run measures, and the laws that the number of instructions or operations follows.

The instructions of an evaluation, or its operations, are its work, free of what the machine makes of it: the law of the
time is the law of the work, times what an operation costs. A law is therefore claimed of them with a margin of its own.
"""

from __future__ import annotations

import ast
import dataclasses
import math
from collections.abc import Collection, Iterator, Sequence
from itertools import product
from typing import Literal, get_args

from bptt_bench.errors import ExperimentError
from bptt_bench.plan.claims.claim import AmountClaim, Bound, CheckClaim, Claim, ExponentClaim, LawClaim
from bptt_bench.plan.design.columns import BYTES_SUFFIX, SECONDS_PER_EVAL, count_column, counted_of
from bptt_bench.plan.design.design import Point
from bptt_bench.plan.experiment.claims_from_law import claim_laws
from bptt_bench.plan.experiment.experiment import Experiment
from bptt_bench.plan.experiment.subject import COUNTED, INSTRUCTIONS, Subject
from bptt_bench.plan.law.law import CostLaw

Measure = Literal["time", "memory", "instructions", "operations"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
RESPONSE = count_column(INSTRUCTIONS)
RESPONSES = {count_column(name): name for name in COUNTED}  # measures by response
LARGE, SLACK = 1e6, 0.05  # a level at which logarithms hardly add to a power, and what they may add
LARGEST_POWER = 4.0  # up to which lower powers are put beside a term
MOST_LOWER_TERMS = 8
STEEP_FUNCTIONS = "exp", "factorial"
SMALLEST_LEVEL = 16  # to which levels are made smaller for counting; below, constant parts outweigh the rest


def parse_measures(text: str | Sequence[str]) -> tuple[Measure, ...]:
    """Return what is to be measured, in the order of ``MEASURES``.

    >>> parse_measures("instructions, time")
    ('time', 'instructions')

    Raises
    ------
    ExperimentError : something else, or nothing.
    """
    given = text.split(",") if isinstance(text, str) else list(text)
    named = [str(each).strip() for each in given]
    for name in named:
        if name not in MEASURES:
            raise ExperimentError(f"measure: must be some of {', '.join(MEASURES)}, got {name!r}")
    if not named:
        raise ExperimentError(f"measure: must be some of {', '.join(MEASURES)}, got nothing")
    return tuple(name for name in MEASURES if name in named)


def stated_measures(experiment: Experiment) -> tuple[Measure, ...]:
    """Return what an experiment has measured of itself, in the order of ``MEASURES``."""
    subjects = experiment.subjects
    stated = {name for name in COUNTED if any(subject.is_counted(name) for subject in subjects)}
    if experiment.is_timed:
        stated.add("time")
    if any(subject.memory_law is not None for subject in subjects):
        stated.add("memory")
    return tuple(name for name in MEASURES if name in stated)


def measuring(
    experiment: Experiment, measures: Collection[str], *, bound: Bound | Literal["as claimed"] | None = "as claimed"
) -> Experiment:
    """Return the experiment with the laws and claims of some measures alone.

    The law of a subject's time is taken for the law of its instructions and operations, where it states no other. Those
    of a subject without any law are counted to find one.

    Parameters
    ----------
    bound : whether the law of what is counted is claimed to be met (``tight``) or not exceeded (``upper``); None: no
        claim is added. By default as the experiment claims of its exponents.

    Raises
    ------
    ExperimentError : nothing is left to be measured.
    """
    counts = [name for name in COUNTED if name in measures]
    weighs, times = "memory" in measures, "time" in measures
    subjects = tuple(_subject(subject, counts=counts, weighs=weighs) for subject in experiment.subjects)
    for name in counts:
        if not any(subject.is_counted(name) for subject in subjects):
            raise ExperimentError(f"measure: {name} need a law of the whole time, which no subject states")
    if not times and not counts and not any(subject.memory_law for subject in subjects):
        raise ExperimentError("measure: memory needs a memory_law, which no subject states")
    measured = dataclasses.replace(experiment, subjects=subjects, is_timed=times)
    claims = [_with_work(claim, measured, counts=counts) for claim in experiment.claims]
    kept = [claim for claim in claims if _is_about(claim, measures)]
    if bound == "as claimed":
        claimed = {claim.bound for claim in claims if isinstance(claim, ExponentClaim | LawClaim)}
        bound = "upper" if claimed == {"upper"} else "tight"
    if bound is not None:
        kept += [each for name in counts for each in _claims_of_work(name, subjects, kept, bound)]
    return dataclasses.replace(measured, claims=tuple(kept), agreement=experiment.agreement if times else None)


def shrink_points(points: Sequence[Point], share: float) -> list[Point]:
    """Return points with the levels of every factor multiplied by a share, each point once.

    Ratios between the levels of a factor stay. No level falls below ``SMALLEST_LEVEL`` by it, so that factors whose
    levels are small stay as they are.

    >>> shrink_points([Point(n=1000, k=8), Point(n=4000, k=8)], 1 / 16)
    [Point(n=62, k=8), Point(n=250, k=8)]
    """
    numbers = [name for name, level in points[0].items() if not isinstance(level, str)]
    shares = {}
    for name in numbers:
        smallest = min(point[name] for point in points)
        shares[name] = min(max(share, SMALLEST_LEVEL / smallest), 1.0) if smallest > 0 else 1.0

    def shrunk(name: str, level: float) -> float:
        value = level * shares[name]
        return round(value) if isinstance(level, int) else value

    return list(
        dict.fromkeys(
            Point({name: shrunk(name, level) if name in shares else level for name, level in point.items()})
            for point in points
        )
    )


def lower_order_terms(law: CostLaw) -> tuple[str, ...]:
    """Return the terms that a loop of this cost usually has beside it: products of lower powers of what it multiplies.

    At the small sizes at which instructions are counted they matter: of an n by m product the loop over n has a cost
    of its own.

    >>> lower_order_terms(CostLaw("n*m")), lower_order_terms(CostLaw("n*log(n)")), lower_order_terms(CostLaw("2**n"))
    (('1', 'm', 'n'), ('1', 'n'), ('1',))
    >>> lower_order_terms(CostLaw("(n-k+1)**2*k"))
    ('1', 'k', '1*(n - k + 1)', '(n - k + 1)*k', '(n - k + 1)**2')
    >>> lower_order_terms(CostLaw("n*2**n")), lower_order_terms(CostLaw("n**2*factorial(n)"))
    (('1', '1*(2 ** n)'), ('1', 'factorial(n)', 'factorial(n)*n'))
    """
    at = dict.fromkeys(law.factors, LARGE)
    is_constant = any(all(abs(term.local_exponent(name, at)) < SLACK for name in at) for term in law.terms)
    found: dict[str, int] = {} if is_constant else {"1": 0}
    for term in law.terms:
        steep = [base for base in term.powers() if _is_steep(base)]
        finite = {base: power for base, power in term.powers().items() if base not in steep}
        powers = {base: power for base, power in finite.items() if power >= 1 - SLACK}
        if any(power > LARGEST_POWER for power in powers.values()) or (steep and not powers):
            continue
        whole = sum(finite.values())
        for chosen in product(*(range(math.floor(power + SLACK) + 1) for power in powers.values())):
            pairs = [(base, power) for base, power in zip(powers, chosen, strict=True) if power]
            text = "*".join([*steep, *(base if power == 1 else f"{base}**{power}" for base, power in pairs)])
            if text.startswith("(") and text.endswith(")"):
                text = f"1*{text}"  # a sum by itself is several terms
            is_lower = sum(chosen) < whole - 1e-6 or len(powers) < len(finite)
            if text and is_lower and CostLaw(text).text != str(term):
                found[text] = sum(chosen)
    own = {str(term) for term in law.terms}
    lower = sorted((text for text in found if text not in own), key=lambda text: (found[text], len(text), text))
    return tuple(lower[:MOST_LOWER_TERMS])


def _is_steep(base: str) -> bool:
    """Return whether what a term multiplies grows faster than any power, as 2**n and factorial(n) do."""
    node = ast.parse(base, mode="eval").body
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in STEEP_FUNCTIONS
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and isinstance(node.left, ast.Constant)


def _subject(subject: Subject, *, counts: Sequence[str], weighs: bool) -> Subject:
    laws = {name: law for name, law in subject.count_laws.items() if name not in COUNTED}
    overheads = {name: terms for name, terms in subject.count_overheads.items() if name not in COUNTED}
    for name in counts if subject.law is not None else ():
        assert subject.law is not None
        laws[name] = subject.count_laws.get(name, subject.law)
        stated = subject.count_overheads.get(name, subject.overhead) or ()
        overheads[name] = tuple(dict.fromkeys([*stated, *lower_order_terms(laws[name])]))
    without = () if subject.law is not None or subject.phase_laws else tuple(counts)
    counted = dataclasses.replace(subject, count_laws=laws, count_overheads=overheads, finds_laws_of=without)
    if weighs:
        return counted
    return dataclasses.replace(counted, memory_law=None, memory_overhead=None, output_bytes=None)


def _is_about(claim: Claim, measures: Collection[str]) -> bool:
    """Return whether a claim can be judged on what is measured; what is counted by a tally always is."""
    if isinstance(claim, CheckClaim):
        return True
    response = claim.response if isinstance(claim, ExponentClaim | LawClaim | AmountClaim) else ""
    if response in RESPONSES:
        return RESPONSES[response] in measures
    if counted_of(response) is not None:
        return True
    return ("memory" if response.endswith(BYTES_SUFFIX) else "time") in measures


def _with_work(claim: Claim, experiment: Experiment, *, counts: Sequence[str]) -> Claim:
    """Return a claim on the law of a time as one on its instructions and operations too, if these are counted."""
    if not isinstance(claim, LawClaim) or claim.response != SECONDS_PER_EVAL:
        return claim
    mine = experiment.subject_of(claim.subject)
    work = tuple(name for name in claim.work if name not in RESPONSES)
    counted = [response for response, name in RESPONSES.items() if mine is not None and name in mine.count_laws]
    return dataclasses.replace(claim, work=(*counted, *work) if counts else work)


def _claims_of_work(name: str, subjects: Sequence[Subject], kept: Sequence[Claim], bound: Bound) -> Iterator[Claim]:
    """Yield the claims that a count follows the law, of subjects of which no claim on the time says so."""
    response = count_column(name)
    covered = {one.subject for one in kept if isinstance(one, LawClaim) and response in (one.response, *one.work)}
    for subject in subjects:
        law = subject.count_laws.get(name)
        if law is not None and subject.name not in covered:
            bare = dataclasses.replace(subject, law=None, memory_law=None, count_laws={name: law})
            yield from claim_laws(bare, f"{subject.name}: " if len(subjects) > 1 else "", bound, None)


__all__ = [
    "MEASURES",
    "RESPONSE",
    "RESPONSES",
    "Measure",
    "measuring",
    "parse_measures",
    "shrink_points",
    "stated_measures",
]
