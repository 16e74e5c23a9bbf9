"""The records of a run, and the settings that identify it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from bptt_bench.errors import MeasureError
from bptt_bench.measure.protocol.messages import (
    CheckReply,
    ComparisonReply,
    CountReply,
    MemoryReply,
    PeaksReply,
    ProbeReply,
    SampleReply,
    SkipReply,
)
from bptt_bench.measure.protocol.provenance import changed_files, list_files
from bptt_bench.measure.protocol.schedule import SWEEP, StoredProgress, Visit, plan_cells
from bptt_bench.plan import Agreement, Experiment

SCHEMA = 2  # of the records; a reader refuses a higher number than it knows
IDENTITY = ("experiment", "profile", "seed", "threads", "corpus", "fault", "factors", "subjects", "cells", "blocks")


class OtherCodeError(MeasureError):
    """A run to be continued that was measured with other code; ``words`` say with which, without how to go on."""

    def __init__(self, words: str) -> None:
        super().__init__(f"{words}; --force goes on with the code of today, and the report says so")
        self.words = words


class Sink(Protocol):
    """Where records go."""

    def append(self, record: Mapping[str, Any]) -> None:
        """Keep a record: once this returns, the end of this process no longer loses it."""
        ...

    def sync(self) -> None:
        """See that all records so far survive the end of the machine as well."""
        ...


def run_header(
    experiment: Experiment,
    *,
    module: str,
    profile: str,
    seed: int,
    threads: int,
    corpus: Path | None = None,
    fault: str | None = None,
    sources: Mapping[str, str] | None = None,
    measures: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Return the run record without its environment: what a run must agree in to be the same run.

    ``sources`` are digests of the code that is measured (``bptt_bench.measure.protocol.provenance``).
    """
    chosen = experiment.profile(profile)
    added = {name: list(levels) for name, levels in experiment.added_levels.items()}
    return {
        "record": "run",
        "schema": SCHEMA,
        "experiment": module,
        "profile": profile,
        "seed": seed,
        "threads": threads,
        "corpus": None if corpus is None else str(corpus),
        "fault": fault,
        "factors": [factor.name for factor in experiment.factors],
        "subjects": list(experiment.subject_names),
        "laws": {one.name: None if one.law is None else one.law.text for one in experiment.subjects},
        "cells": len(plan_cells(experiment, chosen)),
        "blocks": chosen.blocks,
        **({"added_levels": added} if added else {}),
        **({} if sources is None else {"sources": dict(sources)}),
        **({} if measures is None else {"measures": list(measures)}),
    }


def experiment_record(description: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of what is measured and claimed, from which the run is judged wherever it is read."""
    return {"record": "experiment", **description}


def require_same_run(ours: Mapping[str, Any], stored: Mapping[str, Any]) -> None:
    """See that a run to be continued is the same.

    Raises
    ------
    MeasureError : it is not; the message names the first difference.
    """
    for name in IDENTITY:
        if ours[name] != stored.get(name):
            theirs, wanted = _format_setting(stored.get(name)), _format_setting(ours[name])
            raise MeasureError(
                f"the run to be continued has {name} {theirs}, not {wanted}; continue it with its own, or name another "
                "folder"
            )


def _format_setting(value: Any) -> str:
    if value is None:
        return "none"
    return f"({', '.join(map(str, value))})" if isinstance(value, list | tuple) else repr(value)


def require_same_code(ours: Mapping[str, str], stored: Mapping[str, str] | None) -> None:
    """See that a run to be continued was measured with the code of today.

    Raises
    ------
    OtherCodeError : it was not, or does not say; the message names the files.
    """
    if stored is None:
        raise OtherCodeError("the run to be continued does not say with which code it was measured")
    files = changed_files(stored, ours)
    if files:
        raise OtherCodeError(f"the run to be continued was measured with other code: {list_files(files)}")


def resume_record(header: Mapping[str, Any], done: StoredProgress) -> dict[str, Any]:
    """Return the record of a run that is resumed: which files differ, and what is measured, where that is other."""
    record: dict[str, Any] = {"record": "resume"}
    ours, stored = header.get("sources"), done.sources
    if ours is not None and ours != stored:
        files = None if stored is None else changed_files(stored, ours)
        record |= {"sources": dict(ours), "changed": files}
    if "measures" in header and header["measures"] != (done.header or {}).get("measures"):
        record["measures"] = header["measures"]
    return record


def sample_record(
    visit: Visit,
    process: int,
    reply: SampleReply,
    *,
    visit_seconds: float,
    stage: str = SWEEP,
    host: str | None = None,
) -> dict[str, Any]:
    """Return the record of a sample; ``visit_seconds`` includes preparing and calibrating.

    ``host`` is named where a run has several; elsewhere it is that of the run's environment.
    """
    record: dict[str, Any] = {
        **_visit_fields("sample", visit, process, reply.started_at, visit_seconds, host),
        "block": visit.block,
        "timing": visit.timing,
        "evaluations": reply.evaluations,
        "inputs": reply.inputs,
        "seconds_per_eval": reply.seconds_per_eval,
        "empty_call_seconds": reply.empty_call_seconds,
        "below_floor": reply.below_floor,
        "load_average": reply.load_average,
        "first_seconds": reply.first_seconds,
    }
    if stage != SWEEP:
        record["stage"] = stage
    if visit.timing == "phases":
        record["phase_seconds_per_eval"] = dict(reply.phase_seconds_per_eval)
    return record


def inspection_record(visit: Visit, inspection: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of what the first evaluation of a cell showed."""
    return {"record": "inspection", "subject": visit.subject, "point": dict(visit.point), **inspection}


def memory_record(
    visit: Visit, process: int, reply: MemoryReply, *, visit_seconds: float, host: str | None = None
) -> dict[str, Any]:
    """Return the record of the memory that one evaluation needs, in bytes beyond its prepared state."""
    return {
        **_visit_fields("memory", visit, process, reply.started_at, visit_seconds, host),
        "peak_bytes": reply.peak_bytes,
        "allocated_bytes": reply.allocated_bytes,
        "output_bytes": reply.output_bytes,
    }


def count_record(
    visit: Visit, process: int, reply: CountReply, *, visit_seconds: float, host: str | None = None
) -> dict[str, Any]:
    """Return the record of the operations of one evaluation, by name."""
    return {
        **_visit_fields("count", visit, process, reply.started_at, visit_seconds, host),
        "counts": dict(reply.counts),
        **({"by_input": {name: list(each) for name, each in reply.by_input.items()}} if reply.by_input else {}),
        **({"unseen": dict(reply.unseen)} if reply.unseen else {}),
        **({"by_function": dict(reply.by_function)} if reply.by_function else {}),
    }


def _visit_fields(
    kind: str, visit: Visit, process: int, started_at: float, visit_seconds: float, host: str | None
) -> dict[str, Any]:
    """Return what the records of all visits hold."""
    return {
        "record": kind,
        "subject": visit.subject,
        "point": dict(visit.point),
        "process": process,
        "started_at": started_at,
        "visit_seconds": visit_seconds,
        **_host_field(host),
    }


def worker_record(
    process: int, facts: Mapping[str, Any], *, started_at: float, host: str | None = None
) -> dict[str, Any]:
    """Return the record of a measuring process that is ready."""
    return {"record": "worker", "process": process, **facts, "started_at": started_at, **_host_field(host)}


def host_record(host: str, environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a host that takes part in a run of several: its name in the records, and its environment."""
    return {"record": "host", "host": host, "environment": dict(environment)}


def _host_field(host: str | None) -> dict[str, str]:
    return {} if host is None else {"host": host}


def check_record(claim: str, checked: CheckReply) -> dict[str, Any]:
    """Return the record of a claim's check."""
    return {
        "record": "check",
        "claim": claim,
        "estimate": checked.estimate,
        "allowed": checked.allowed,
        "cases": checked.cases,
        "detail": checked.detail,
        "seconds": checked.seconds,
        **({"passes": dict(checked.passes)} if checked.passes else {}),
        **({"pass_symbols": list(checked.pass_symbols)} if checked.pass_symbols else {}),
    }


def probe_record(probed: ProbeReply, host: str | None = None) -> dict[str, Any]:
    """Return the record of the probe."""
    return {"record": "probe", "seconds": probed.seconds, "readings": dict(probed.readings), **_host_field(host)}


def peaks_record(read: PeaksReply, host: str | None = None) -> dict[str, Any]:
    """Return the record of the peaks of the machine."""
    return {"record": "peaks", "seconds": read.seconds, "peaks": dict(read.peaks), **_host_field(host)}


def missing_record(subject: str, reason: str) -> dict[str, Any]:
    """Return the record of a subject that cannot be measured here."""
    return {"record": "missing", "subject": subject, "reason": reason}


def agreement_record(visit: Visit, agreement: Agreement, compared: ComparisonReply) -> dict[str, Any]:
    """Return the record of a result that was compared with that of the reference."""
    return {
        "record": "agreement",
        "subject": visit.subject,
        "point": dict(visit.point),
        "reference": agreement.reference,
        "difference": compared.difference,
        "allowed": agreement.allowed,
    }


def skip_record(visit: Visit, reply: SkipReply, host: str | None = None) -> dict[str, Any]:
    """Return the record of a cell that is left out."""
    return {
        "record": "skip",
        "subject": visit.subject,
        "point": dict(visit.point),
        "timing": visit.timing,
        "reason": reply.reason,
        "bytes_needed": reply.bytes_needed,
        "bytes_available": reply.bytes_available,
        **_host_field(host),
    }


def uncounted_record(subject: str, point: Mapping[str, Any], counted: str, reason: str) -> dict[str, Any]:
    """Return the record of what cannot be counted of a subject, such as its operations, with why that is so."""
    return {"record": "uncounted", "subject": subject, "point": dict(point), "counted": counted, "reason": reason}


def printed_record(lines: Mapping[str, int], others: int) -> dict[str, Any]:
    """Return the record of what the measured code has printed: lines, how often each, and how many others."""
    return {"record": "printed", "lines": dict(lines), "others": others}


def finish_record(wall_seconds: float, busy_seconds: float, busy_share: float | None) -> dict[str, Any]:
    """Return the record of a run's end: wall time with a measuring process ready, and the part in evaluations."""
    return {
        "record": "finish",
        "wall_seconds_after_workers_started": wall_seconds,
        "seconds_in_evaluations": busy_seconds,
        "busy_share": busy_share,
    }
