"""An experiment as plain data, as it is stored with a run, and back: all that judging needs, and no code.

What an experiment prepares, counts, checks and compares with is code, and stays behind; claims about it are judged by
records. What it declares as a function of a point is evaluated while the code is there
(``bptt_bench.plan.description.lookup``). Data are not trusted: every field is checked, and nothing is imported or
evaluated; laws and other expressions go through the parser of laws.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from bptt_bench.errors import DesignError, ExperimentError, LawError
from bptt_bench.plan.claims.agreement import Agreement
from bptt_bench.plan.claims.claim import (
    AmountClaim,
    CheckClaim,
    Claim,
    CrossoverClaim,
    ExponentClaim,
    LawClaim,
    RatioClaim,
    RooflineClaim,
    ShareClaim,
    SpeedupClaim,
)
from bptt_bench.plan.description.codec import DescriptionError, Field, decode, decode_fields, decode_point, encode
from bptt_bench.plan.description.lookup import Column, Lookup, not_stored
from bptt_bench.plan.description.tables import (
    decode_function,
    decode_works,
    encode_function,
    encode_works,
    entries,
    number,
)
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.plan.design.design import Factor, Point
from bptt_bench.plan.design.profile import Profile
from bptt_bench.plan.experiment.experiment import Experiment, Foresight
from bptt_bench.plan.experiment.subject import Subject
from bptt_bench.plan.law.law import CostLaw
from bptt_bench.plan.machine.peaks import Traffic

KEYS = ("name", "factors", "subjects", "profiles", "claims", "placebo", "foresight", "agreement", "points")
FUNCTIONS = ("working_set", "output_bytes", "works", "roofline")  # of a point, which subjects declare
CLAIMS: Mapping[str, type[Claim]] = {
    kind.__name__.removesuffix("Claim").lower(): kind
    for kind in (
        *(AmountClaim, CheckClaim, CrossoverClaim, ExponentClaim, LawClaim),
        *(RatioClaim, RooflineClaim, ShareClaim, SpeedupClaim),
    )
}


# --- to plain data ----------------------------------------------------------------------------------------------------


def encode_experiment(experiment: Experiment, profile: str, absent: Collection[str] = ()) -> dict[str, Any]:
    """Return the experiment as plain data, its functions evaluated at every point of a profile and of the foresight.

    Parameters
    ----------
    absent : subjects that cannot be measured here, whose functions are not evaluated.

    Raises
    ------
    ExperimentError : a function raises at a point of the profile, or a value could not be read again.
    """
    points = _points(experiment, profile)
    found = {
        "name": experiment.name,
        "factors": encode(experiment.factors),
        "subjects": [_encode_subject(one, experiment, points, one.name in absent) for one in experiment.subjects],
        "profiles": encode(experiment.profiles),
        "claims": [_encode_claim(claim, experiment, points) for claim in experiment.claims],
        "placebo": encode(experiment.placebo),
        "foresight": encode(experiment.foresight),
        "agreement": encode(experiment.agreement),
        "points": encode(list(points)),
    }
    try:
        decode_experiment(found)
    except DescriptionError as error:
        raise ExperimentError(f"experiment {experiment.name!r}: cannot be stored with a run: {error}") from None
    return found


def _points(experiment: Experiment, profile: str) -> dict[Point, bool]:
    """Return the points of a run, each with whether it is measured in any case."""
    cells = experiment.profile(profile).cells(experiment.subject_names)
    beyond = () if experiment.foresight is None else experiment.foresight.beyond
    ordered = [factor.name for factor in experiment.factors]
    unmeasured = {Point({name: point[name] for name in ordered}): False for point in beyond}
    measured = {Point({name: cell.point[name] for name in ordered}): True for cell in cells}
    return {**measured, **{point: False for point in unmeasured if point not in measured}}


def _encode_subject(
    subject: Subject, experiment: Experiment, points: Mapping[Point, bool], is_absent: bool
) -> dict[str, Any]:
    factors, indices = experiment.factors, {point: i for i, point in enumerate(points)}
    found: dict[str, Any] = {**encode(subject), "has_tally": subject.tally is not None}
    for name in FUNCTIONS:
        function = None if is_absent else getattr(subject, name)
        found[name] = None
        if function is not None:
            values = _evaluate(f"subject {subject.name!r}: {name}", function, points)
            found[name] = (encode_works if name == "works" else encode_function)(function, values, factors, indices)
    return found


def _evaluate(what: str, function: Callable[[Point], Any], points: Mapping[Point, bool]) -> dict[Point, Any]:
    """Return the values of a function; at points that may never be measured it may have none."""
    found = {}
    for point, is_measured in points.items():
        try:
            found[point] = function(point)
        except Exception as error:  # noqa: BLE001  # a function of the user may raise anything
            if is_measured:
                raise ExperimentError(f"{what} at {point}: {type(error).__name__}: {error}") from None
    return found


def _encode_claim(claim: Claim, experiment: Experiment, points: Mapping[Point, bool]) -> dict[str, Any]:
    if CLAIMS.get(claim.kind) is not type(claim):
        raise ExperimentError(
            f"claim {claim.name!r}: is of kind {type(claim).__name__}, which no run can hold; allowed are "
            f"{', '.join(kind.__name__ for kind in CLAIMS.values())}"
        )
    found = {"kind": claim.kind, **encode(claim)}
    if isinstance(claim, AmountClaim):
        found["amount"] = claim.amount if isinstance(claim.amount, str) else _encode_amount(claim, experiment, points)
    return found


def _encode_amount(claim: AmountClaim, experiment: Experiment, points: Mapping[Point, bool]) -> list[list[Any]]:
    """Return the amounts at the claimed points, at every combination of the categories that these leave open."""
    assert callable(claim.amount)
    ordered = [factor.name for factor in experiment.factors]
    categories = [factor.name for factor in experiment.factors if factor.is_category]
    combinations = dict.fromkeys(Point({name: point[name] for name in categories}) for point in points)
    claimed: dict[Point, bool] = {}
    for point in claim.points:
        for levels in combinations:
            if all(point.get(name, level) == level for name, level in levels.items()):
                both = {**point, **levels}
                claimed[Point({name: both[name] for name in ordered if name in both})] = not categories
    found = _evaluate(f"claim {claim.name!r}: amount", claim.amount, claimed)
    return [[encode(point), encode(value)] for point, value in found.items()]


# --- and back ---------------------------------------------------------------------------------------------------------


def decode_experiment(found: Any) -> Experiment:
    """Return the experiment that plain data describe. What was code raises ``NotStoredError`` if it is called.

    Raises
    ------
    DescriptionError : a field is missing, unknown, or is nothing that it may be; the message names it.
    """
    whole = Field("", found).fields(KEYS)
    points = [decode_point(field) for field in whole["points"].elements()]
    factors = tuple(decode(Factor, field) for field in whole["factors"].elements())
    subjects = tuple(_decode_subject(field, points, factors) for field in whole["subjects"].elements())
    try:
        experiment = Experiment(
            name=whole["name"].text(),
            factors=factors,
            subjects=subjects,
            profiles={name: decode(Profile, field) for name, field in whole["profiles"].items().items()},
            claims=tuple(_decode_claim(field) for field in whole["claims"].elements()),
            placebo=decode(str | tuple[str, ...] | None, whole["placebo"]),
            foresight=decode(Foresight | None, whole["foresight"]),
            agreement=_decode_agreement(whole["agreement"]),
        )
    except (ExperimentError, DesignError, LawError) as error:
        raise DescriptionError(f"it cannot be used: {error}") from None
    for claim, field in zip(experiment.claims, whole["claims"].elements(), strict=True):
        _require_known(claim, experiment, field)
    for subject, field in zip(subjects, whole["subjects"].elements(), strict=True):
        for term, size in subject.term_bytes.items():
            _require_expression(size, Field(f"{field.where}.term_bytes.{term}", size), experiment)
        for term in subject.overheads:
            _require_expression(term, Field(f"{field.where}.overhead", term), experiment)
    return experiment


def _decode_subject(field: Field, points: Sequence[Point], factors: Sequence[Factor]) -> Subject:
    given = decode_fields(Subject, field, "has_tally", *FUNCTIONS)
    beside = field.items()

    def what(name: str) -> str:
        return f"{name} of {given['name']!r}"

    return Subject(
        **given,
        prepare=not_stored,
        tally=not_stored if decode(bool, beside["has_tally"]) else None,
        working_set=decode_function(beside["working_set"], what("working_set"), points, factors, number),
        output_bytes=decode_function(beside["output_bytes"], what("output_bytes"), points, factors, number),
        roofline=decode_function(beside["roofline"], what("roofline"), points, factors, Traffic, 2),
        works=decode_works(beside["works"], what("works"), points, factors),
    )


def _decode_claim(field: Field) -> Claim:
    found = field.items()
    if "kind" not in found:
        raise field.error("has no 'kind'")
    kind = found["kind"].text()
    if kind not in CLAIMS:
        raise found["kind"].must_be(f"one of {', '.join(CLAIMS)}")
    if kind == "amount":
        return AmountClaim(**decode_fields(AmountClaim, field, "kind", "amount"), amount=_decode_amount(found))
    if kind == "check":
        return CheckClaim(**decode_fields(CheckClaim, field, "kind"), check=not_stored)
    return CLAIMS[kind](**decode_fields(CLAIMS[kind], field, "kind"))


def _decode_amount(found: Mapping[str, Field]) -> str | Lookup:
    field = found["amount"]
    if isinstance(field.value, str):
        return field.text()
    values = {}
    for row in field.elements():
        point, value = entries(row, 2)
        values[decode_point(point)] = value.number()
    what = f"amount of claim {found['name'].value!r}"
    return Lookup(what=what, categories=(), columns={Point(): [Column(values=values)]}, make=number)


def _decode_agreement(field: Field) -> Agreement | None:
    return None if field.value is None else Agreement(**decode_fields(Agreement, field), difference=not_stored)


def _require_known(claim: Claim, experiment: Experiment, field: Field) -> None:
    """See that a claim names what there is: judging takes that for granted of an experiment that was imported.

    Raises
    ------
    DescriptionError : a subject or factor that there is not, a subject without the law that the claim is about, a
        level that the factor cannot have, or no expression.
    """
    _require_subjects(claim, experiment, field)
    factors = {factor.name: factor for factor in experiment.factors}
    for name in dict.fromkeys(_factors_of(claim)):
        if name not in factors:
            raise field.error(f"names the factor {name!r}; the factors are {', '.join(factors)}")
    design, at = getattr(claim, "points", None), getattr(claim, "at", None)
    for point in (*(() if design is None else design.points), *(() if at is None else (at,))):
        _require_levels(point, factors, field)
    for name in ("ratio", "level", "amount"):
        if isinstance(text := getattr(claim, name, None), str):
            _require_expression(text, Field(f"{field.where}.{name}", text), experiment)
    for term in getattr(claim, "terms", ()):
        _require_expression(term, Field(f"{field.where}.terms", term), experiment)


def _require_levels(point: Point, factors: Mapping[str, Factor], field: Field) -> None:
    """See that a point of a claim has levels that its factors can have."""
    for name, level in point.items():
        if name not in factors:
            raise field.error(f"has a point with {name!r}; the factors are {', '.join(factors)}")
        try:
            factors[name].validate(level)
        except DesignError as error:
            raise field.error(f"cannot be used: {error}") from None
    missing = [name for name, factor in factors.items() if name not in point and not factor.is_category]
    if missing:
        raise field.error(f"has a point without {missing[0]}")


def _require_subjects(claim: Claim, experiment: Experiment, field: Field) -> None:
    """See that the subjects of a claim exist; a check has its own record, and its subject is only named."""
    if isinstance(claim, CheckClaim):
        return
    over = getattr(claim, "over", ())
    named = {"subject": (claim.subject,), "over": (over,) if isinstance(over, str) else over}
    named["less"] = tuple(filter(None, (getattr(claim, "less", None),)))
    for role, names in named.items():
        for name in names:
            if experiment.subject_of(name) is None:
                known = ", ".join(subject.name for subject in experiment.subjects)
                raise Field(f"{field.where}.{role}", name).must_be(f"one of the subjects {known}")
    of_time = isinstance(claim, ShareClaim) or getattr(claim, "response", "") == SECONDS_PER_EVAL
    subject = experiment.subject_of(claim.subject)
    if of_time and subject is not None and subject.law is None:
        raise Field(f"{field.where}.subject", claim.subject).must_be("a subject with a law")


def _factors_of(claim: Claim) -> Iterator[str]:
    if (factor := getattr(claim, "factor", None)) is not None:
        yield factor
    yield from getattr(claim, "together_with", ())


def _require_expression(text: str, field: Field, experiment: Experiment) -> None:
    try:
        CostLaw(f"1*({text})").require([factor.name for factor in experiment.factors])
    except LawError as error:
        raise field.error(f"cannot be used: {error}") from None
