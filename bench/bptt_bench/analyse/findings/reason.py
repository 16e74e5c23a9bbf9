"""The reason of a verdict: its kind, the finding that it rests on, and remarks."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from bptt_bench.text.units import Unit

Cause = Literal["noise", "misfit"]
Remedy = Literal["more samples", "repetitions", "a quiet machine"]


class Kind(StrEnum):
    """What a verdict rests on: an estimate against its limits, or what prevents one."""

    WITHIN = "within limits"
    OUTSIDE = "outside limits"
    IMPRECISE = "imprecise"
    NOT_IDENTIFIABLE = "not identifiable"
    BELOW_FLOOR = "below floor"
    NO_DATA = "no data"
    NOT_DONE = "work not done"


class Finding:
    """Base of all findings: frozen data classes of the numbers that a judgement rests on."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Width(Finding):
    """Why an interval is as wide as it is, and what would narrow it; ``None`` where that is not known.

    Attributes
    ----------
    scatter, location_error : relative standard deviations: of points about the law, and of their locations.
    response : known exactly, so that only the misfit of the law is left.
    machine : what shows that the machine was busy.
    """

    cause: Cause | None
    remedy: Remedy | None = None
    scatter: float | None = None
    location_error: float | None = None
    response: str | None = None
    machine: Finding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a claim was judged so, or why a figure is missing.

    Attributes
    ----------
    width : why the interval is wide; of an imprecise estimate.
    remarks : what else a reader must know.
    """

    kind: Kind
    finding: Finding
    width: Width | None = None
    remarks: tuple[Finding, ...] = ()

    @property
    def cause(self) -> Cause | None:
        """The cause of an imprecise estimate; ``None`` where it is not known, or the estimate is not imprecise."""
        return None if self.width is None else self.width.cause

    @property
    def remedy(self) -> Remedy | None:
        """What would make the estimate more precise; ``None`` where nothing is known to."""
        return None if self.width is None else self.width.remedy

    def remarked(self, *remarks: Finding | None) -> Reason:
        """Return the reason with further remarks; ``None`` among these is left out."""
        found = tuple(remark for remark in remarks if remark is not None)
        return dataclasses.replace(self, remarks=(*self.remarks, *found)) if found else self

    def evidence(self) -> dict[str, Any]:
        """Return the finding and the remarks as plain data, each with its name; infinite numbers are ``None``."""
        return {
            **plain(self.finding),
            "cause": self.cause,
            "remedy": self.remedy,
            "remarks": [plain(remark) for remark in ((self.width,) if self.width else ()) + self.remarks],
        }


def plain(value: Any) -> Any:
    """Return a finding, or what it holds, as plain data; a finding begins with its name.

    >>> plain(Width(cause="noise", scatter=math.inf))["scatter"], plain({"at": (1, 2)})
    (None, {'at': [1, 2]})
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type | Unit):
        fields = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"finding": name_of(value), **fields} if isinstance(value, Finding) else fields
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Unit | StrEnum):
        return value.symbol if isinstance(value, Unit) else str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def name_of(finding: Finding) -> str:
    """Return the name of the class of a finding in small letters, such as ``exponent estimate``."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(finding).__name__).lower()
