"""Where each sample was taken: it says so itself in a run of several hosts, and otherwise its sitting does.

A sitting is what lies between the start of a run, or its being continued, and the next: its record has the environment
of the machine that ran it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

UNKNOWN = "unknown"  # the host of runs that were stored before environments named one
SITTINGS = ("run", "resume")
MEASURED = ("sample", "memory", "count")  # the records that become rows


def assign_hosts(records: Sequence[dict[str, Any]]) -> None:
    """Give each record of something measured its host where it names none."""
    here = UNKNOWN
    for record in records:
        if record["record"] in SITTINGS:
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
