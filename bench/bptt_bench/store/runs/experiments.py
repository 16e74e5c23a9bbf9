"""The experiment of a stored run, read from its records: nothing that a file names is imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bptt_bench.errors import DesignError, ExperimentError, LawError, StoreError
from bptt_bench.plan import (
    PLACEBO_SUFFIX,
    Agreement,
    CheckClaim,
    CostLaw,
    Design,
    Experiment,
    Factor,
    Point,
    Profile,
    Subject,
)
from bptt_bench.plan.description.codec import DescriptionError, Field
from bptt_bench.plan.description.description import decode_experiment
from bptt_bench.plan.description.lookup import not_stored
from bptt_bench.text.wording import one_line, printable

if TYPE_CHECKING:
    import pandas as pd

MOST_CHARACTERS = 64_000_000  # of the record of an experiment: a hundred times as many as that of the reference run


class ExperimentRecord(dict[str, Any]):
    """The record of an experiment as plain data, with the experiment that it describes.

    Frames share it, because pandas copies the attributes of a frame with every frame made of it.
    """

    def __init__(self, record: Mapping[str, Any], experiment: Experiment) -> None:
        super().__init__(record)
        self.experiment = experiment

    def __deepcopy__(self, _memo: object) -> ExperimentRecord:
        return self


def stored_experiment(path: Path, records: Sequence[dict[str, Any]]) -> ExperimentRecord | None:
    """Return the experiment of a run; of several records of it the last. None in a run of schema 1.

    Raises
    ------
    StoreError : a field is missing or nothing that it may be; the message names file, line and field.
    """
    lines = [number for number, record in enumerate(records, start=1) if record["record"] == "experiment"]
    if not lines:
        if records[0]["schema"] > 1:
            raise StoreError(f"{path}: lacks the record of its experiment; its samples are of no use without")
        return None
    record = records[lines[-1] - 1]
    where = f"{path} line {lines[-1]}"
    try:
        found = decode_experiment({name: value for name, value in record.items() if name != "record"})
    except (DescriptionError, RecursionError) as error:
        raise StoreError(one_line(f"{where}: the experiment: {error}")) from None
    names = [factor.name for factor in found.factors]
    if names != records[0]["factors"]:
        raise StoreError(one_line(f"{where}: the factors of the experiment are {names}, those of the run others"))
    return ExperimentRecord(record, found)


def experiment_of_run(frame: pd.DataFrame) -> Experiment:
    """Return the experiment of a run that was read; of one of schema 1 what its records say.

    Raises
    ------
    StoreError : the frame is not a run, or its first record cannot be used.
    """
    found = frame.attrs.get("experiment")
    if isinstance(found, ExperimentRecord):
        return found.experiment
    header = frame.attrs.get("run")
    if not isinstance(header, Mapping) or "experiment" not in header:
        raise StoreError("is not a run; verdicts need its claims")
    try:
        return _experiment_of_schema_1(frame, header)
    except (DescriptionError, ExperimentError, DesignError, LawError, KeyError, TypeError, ValueError) as error:
        raise StoreError(one_line(f"the record of the run cannot be used: {error}")) from None


def unfinished(frame: pd.DataFrame) -> str:
    """Return that a run was not measured to its end; empty if it was, or the frame is not of a run."""
    header = frame.attrs.get("run") or {}
    if "cells" not in header or frame.attrs.get("finish"):
        return ""
    return "the run is not finished (run --resume continues it)"


def missing_parts(frame: pd.DataFrame) -> str:
    """Return what a run does not say of its experiment, and how to supply it; empty where nothing is missing."""
    header = frame.attrs.get("run")
    if not isinstance(header, Mapping) or isinstance(frame.attrs.get("experiment"), ExperimentRecord):
        return ""
    holds = "only laws" if isinstance(header.get("laws"), Mapping) else "no laws"
    return (
        f"the run is of schema 1 and holds {holds}, no overhead terms, profiles or claims about time; --claims MODULE "
        f"judges it by those of a module (it names {printable(str(header.get('experiment')))!r})"
    )


def _experiment_of_schema_1(frame: pd.DataFrame, header: Mapping[str, Any]) -> Experiment:
    """Return what the records of a run of schema 1 say: factors, subjects, laws, checks, and compared results."""
    attrs = frame.attrs
    factors = tuple(_factor(name, frame[name]) for name in header["factors"])
    names = [place.text() for place in Field("subjects", header["subjects"]).elements()]
    own = [name for name in names if not name.endswith(PLACEBO_SUFFIX)]
    laws = header.get("laws") or {}
    rows = frame[list(header["factors"])].drop_duplicates().to_dict("records")
    design = Design.of(Point({str(name): level for name, level in row.items()}) for row in rows)
    return Experiment(
        name=str(header["experiment"]),
        factors=factors,
        subjects=tuple(
            Subject(name=name, prepare=not_stored, law=None if laws.get(name) is None else CostLaw(laws[name]))
            for name in own
        ),
        profiles={str(header["profile"]): Profile(design=design)},
        claims=tuple(
            CheckClaim(name=name, subject="", check=not_stored)
            for name in dict.fromkeys(Field("claim", check["claim"]).text() for check in attrs.get("checks", ()))
        ),
        placebo=tuple(name.removesuffix(PLACEBO_SUFFIX) for name in names if name not in own) or None,
        agreement=_agreement(attrs.get("agreements", ())),
    )


def _factor(name: str, column: pd.Series[Any]) -> Factor:
    if column.dtype.kind not in "iuf":
        return Factor(name=name, kind="category")
    lowest = float(column.min())
    if column.dtype.kind in "iu":
        return Factor(name=name, minimum=min(1.0, lowest))
    return Factor(name=name, kind="real", minimum=lowest if lowest <= 0 else None)


def _agreement(records: Sequence[Mapping[str, Any]]) -> Agreement | None:
    if not records:
        return None
    first = Field("agreement", records[0]).items()
    return Agreement(reference=first["reference"].text(), difference=not_stored, allowed=first["allowed"].number())
