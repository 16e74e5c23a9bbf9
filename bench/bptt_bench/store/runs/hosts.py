"""The host of each sample: named by the sample in a run of several hosts, and by its session otherwise.

A session lasts from the start of a run, or its resumption, to the next: its record has the environment of the machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

UNKNOWN = "unknown"  # the host of runs that were stored before environments named one
SESSIONS = ("run", "resume")
MEASURED = ("sample", "memory", "count")  # the records that become rows


def assign_hosts(records: Sequence[dict[str, Any]]) -> None:
    """Give each record of something measured its host where it names none."""
    here = UNKNOWN
    for record in records:
        if record["record"] in SESSIONS:
            here = _host_of(record)
        elif record["record"] in MEASURED:
            record.setdefault("host", here)


def environments(records: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the environment of each host that a run of several has stored, by its name; of several the last."""
    return {record["host"]: record.get("environment") or {} for record in records if record["record"] == "host"}


def _host_of(record: Mapping[str, Any]) -> str:
    environment = record.get("environment")
    found = environment.get("host") if isinstance(environment, Mapping) else None
    return found if isinstance(found, str) and found else UNKNOWN
