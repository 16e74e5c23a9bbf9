"""Reads the records of a run, or a file of another tool, into a tidy DataFrame: one row a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bptt_bench.errors import StoreError
from bptt_bench.measure.protocol.schedule import SWEEP
from bptt_bench.measure.timing.timing import no_garbage_collection
from bptt_bench.plan.design.columns import INSTRUMENTED, SECONDS_PER_EVAL, phase_column
from bptt_bench.store.importers.reading.naming import select_columns
from bptt_bench.store.runs.derived import stored_derivation
from bptt_bench.store.runs.experiments import stored_experiment
from bptt_bench.store.runs.hosts import assign_hosts, environments
from bptt_bench.store.runs.recognise import is_run
from bptt_bench.store.runs.record_types import require_types
from bptt_bench.store.runs.samples import SAMPLES, read_records
from bptt_bench.store.runs.untimed import UNTIMED, untimed_rows
from bptt_bench.text.arguments import require_texts, show_value
from bptt_bench.text.wording import one_line

if TYPE_CHECKING:
    import pandas as pd

_WHOLE = ("block", "process", "evaluations")
_TYPES = {"subject": str, **dict.fromkeys(_WHOLE, int)}  # of fields of every sample
_REAL = ("started_at", "load_average", "visit_seconds")  # not known everywhere: NaN then


def load(
    path: Path | str, *, rename: Mapping[str, str] | Sequence[str] = (), ignore: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the samples of a run's folder or its file, or those of another tool's file, recognised by content.

    Other tools' files give a row a sample, with a column ``subject``, one for each factor and one for each response
    (see ``bptt_bench.store.importers``). A table (CSV, Parquet, records of JSON) gives its own columns. Of both,
    ``attrs["notes"]`` says what was left out, or read otherwise than it stands there.

    A run gives the columns ``subject``, one for each factor, ``block``, ``process``, ``evaluations``, ``timing``,
    ``stage`` (``sweep``, ``adaptive``, ``beyond``, ``memory`` or ``counts``), ``seconds_per_eval``, ``below_floor``,
    ``started_at`` (seconds since 1970), ``load_average``, ``visit_seconds`` (all that the sample took, preparing
    included), ``host``, ``first_seconds`` (of the first evaluation of the subject at the point in its process), and
    ``<phase>_seconds_per_eval`` for each phase that was timed. Rows with phases have their total in
    ``instrumented_seconds_per_eval`` and no ``seconds_per_eval``, so that the two are never taken for one another.

    Where memory was measured there is a row for it of stage and timing ``memory``, without a ``block`` and seconds, and
    there are four more columns, in bytes of one evaluation over its prepared state: ``allocated_bytes`` by Python and
    NumPy, ``peak_bytes`` of the process (NaN where the system does not report it), and both less the bytes of the
    result, ``scratch_bytes`` and ``peak_scratch_bytes``. Where something was counted there is such a row of stage and
    timing ``counts``, and a column ``<name>_count`` for each name.

    ``attrs`` holds the other records: ``run``, ``experiment`` (what was measured, and the claims), ``factors``,
    ``checks``, ``skips``, ``workers``, ``resumes``, ``allocations``, ``predictions``, ``anchors`` (if it has any),
    ``agreements``, ``inspections``, ``counts``, ``uncounted``, ``missing`` (reasons by subject), ``finish``, ``probe``,
    ``peaks``, ``hosts``
    (environments of the hosts of a run that has several, by the names in ``host``), ``derived`` (the text of
    ``derived.json``, the laws that ``bptt-bench derive`` found in the code, where the folder has one).

    Parameters
    ----------
    rename : new names of columns by old ones, ``{"Hidden Units": "H"}``: a law can name words alone.
    ignore : columns to be left out.

    Raises
    ------
    StoreError : there is nothing there, it cannot be read, it holds no sample, or not these columns.
    """
    if not isinstance(path, Path | str):
        raise StoreError(f"the data must be a path, got {show_value(path)}")
    require_texts(rename=None if isinstance(rename, Mapping) else rename, ignore=ignore)
    path = Path(path)
    try:
        with no_garbage_collection():
            return select_columns(_read(path, ignore), rename, ignore)
    except StoreError as error:  # names of files, and what stands in them, may hold anything
        raise StoreError(one_line(str(error))) from None
    except OSError as error:
        raise StoreError(one_line(f"{path}: cannot be read: {error.strerror or error}")) from None


def _read(path: Path, ignore: Sequence[str]) -> pd.DataFrame:
    if is_run(path):
        return _run(path / SAMPLES if path.is_dir() else path)
    from bptt_bench.store.importers.detect import read_other_format  # a dozen formats, which a run does not need

    return read_other_format(path, ignore)


def as_samples(
    data: Path | str | pd.DataFrame, rename: Mapping[str, str] | Sequence[str] = (), ignore: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the samples of a path, as ``load`` does; a frame is taken as well.

    Raises
    ------
    StoreError : it is neither; or as in ``load``.
    """
    import pandas as pd

    if isinstance(data, Path | str):
        return load(data, rename=rename, ignore=ignore)
    if not isinstance(data, pd.DataFrame):
        own = "; a fit predicts by its method predict" if hasattr(data, "full_law") else ""  # type: ignore[unreachable]  # anything a user hands over
        raise StoreError(f"the data must be a data frame or a path, got {show_value(data)}{own}")
    return select_columns(data, rename, ignore)


def _run(path: Path) -> pd.DataFrame:
    """Return the samples of a run; a file whose records are not as this project writes them is refused."""
    try:
        return _frame(path)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        _require_types(path, read_records(path))
        raise StoreError(f"{path}: holds a record that is not as a run writes it: {error}") from None


def _frame(path: Path) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    records = read_records(path)
    assign_hosts(records)
    samples = [record for record in records if record["record"] == "sample"]
    if not samples and not any(record["record"] in UNTIMED for record in records):
        raise StoreError(f"{path}: holds no sample yet")
    if any(set(map(type, map(itemgetter(name), samples))) - {kind} for name, kind in _TYPES.items()):
        _require_types(path, records)
    if "factors" not in records[0]:
        raise StoreError(f"{path} line 1: the run record has no 'factors'")
    factors = records[0]["factors"]
    points = list(map(itemgetter("point"), samples))
    timing = [sample.get("timing", "whole") for sample in samples]
    phased = np.array(timing) == "phases"
    seconds = np.array(list(map(itemgetter("seconds_per_eval"), samples)), dtype=float)
    try:
        levels = {name: list(map(itemgetter(name), points)) for name in factors}
    except KeyError as error:
        (name,) = error.args
        line = next(i for i, one in enumerate(records, 1) if one["record"] == "sample" and name not in one["point"])
        raise StoreError(f"{path} line {line}: the sample has no level of factor {name!r}") from None
    columns = {
        "subject": list(map(itemgetter("subject"), samples)),
        **levels,
        **{name: list(map(itemgetter(name), samples)) for name in _WHOLE},
        **{name: np.array([sample.get(name) for sample in samples], dtype=float) for name in _REAL},
        "timing": timing,
        "stage": [sample.get("stage", SWEEP) for sample in samples],
        SECONDS_PER_EVAL: np.where(phased, np.nan, seconds),
        "below_floor": [bool(sample.get("below_floor")) for sample in samples],
        **({} if "host" in factors else {"host": [sample["host"] for sample in samples]}),
        **_phases(samples, seconds, phased),
        **_firsts(samples),
    }
    frame = pd.DataFrame(columns)
    untimed = untimed_rows(path, records, factors)
    if untimed:
        frame = pd.concat([frame, *untimed], ignore_index=True)
    _require_one_type(path, frame, factors)
    frame.attrs.update(_attributes(records, factors))  # pandas copies them with every column from here on
    if (experiment := stored_experiment(path, records)) is not None:
        frame.attrs["experiment"] = experiment
    if (derived := stored_derivation(path.parent)) is not None:
        frame.attrs["derived"] = derived
    return frame


def _require_types(path: Path, records: Sequence[dict[str, Any]]) -> None:
    """Raise for the first record that has a field of another type than it must have: reading checks samples as a whole.

    Raises
    ------
    StoreError : the message names file, line and field.
    """
    for number, record in enumerate(records, start=1):
        require_types(f"{path} line {number}", record)


def _require_one_type(path: Path, frame: pd.DataFrame, factors: Sequence[str]) -> None:
    for name in ("subject", *factors, *_WHOLE, "timing", "stage", "host"):
        if name not in frame.columns or frame[name].dtype != object:
            continue
        if set(map(type, frame[name].dropna())) - {str}:
            raise StoreError(f"{path}: {name!r} is neither a number everywhere nor a text everywhere")


def _firsts(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the column of first evaluations; none for a run that did not record them."""
    import numpy as np

    seconds = np.array([sample.get("first_seconds") for sample in samples], dtype=float)
    return {} if np.isnan(seconds).all() else {"first_seconds": seconds}


def _phases(samples: Sequence[dict[str, Any]], seconds: Any, phased: Any) -> dict[str, Any]:
    """Return the columns of the phases, NaN in the rows of whole samples; none where no phase was timed."""
    import numpy as np

    if not phased.any():
        return {}
    rows = np.flatnonzero(phased)
    by_phase = [samples[int(row)]["phase_seconds_per_eval"] for row in rows]
    columns = {INSTRUMENTED: np.where(phased, seconds, np.nan)}
    for name in dict.fromkeys(name for phases in by_phase for name in phases):
        columns[phase_column(name)] = np.full(len(samples), np.nan)
        columns[phase_column(name)][rows] = [phases.get(name, np.nan) for phases in by_phase]
    return columns


def _attributes(records: Sequence[dict[str, Any]], factors: Sequence[str]) -> dict[str, Any]:
    """Return the records beside the samples."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_kind.setdefault(record["record"], []).append(record)
    return {
        "run": records[0],
        "factors": list(factors),
        "checks": by_kind.get("check", []),
        "skips": _skips(
            by_kind.get("skip", []), [record for kind in ("sample", *UNTIMED) for record in by_kind.get(kind, [])]
        ),
        "subtracts_empty_call": any(sample.get("empty_call_seconds") for sample in by_kind.get("sample", [])),
        "inputs": _inputs(by_kind.get("sample", [])),
        "workers": by_kind.get("worker", []),
        "resumes": by_kind.get("resume", []),
        "finish": by_kind.get("finish", [None])[-1],
        "probe": by_kind.get("probe", [None])[-1],
        "allocations": by_kind.get("allocation", []),
        "predictions": by_kind.get("prediction", []),
        **({"anchors": by_kind["anchors"][-1]["cells"]} if "anchors" in by_kind else {}),
        "agreements": by_kind.get("agreement", []),
        "inspections": by_kind.get("inspection", []),
        "counts": by_kind.get("count", []),
        "uncounted": by_kind.get("uncounted", []),
        "missing": {record["subject"]: record["reason"] for record in by_kind.get("missing", [])},
        "peaks": by_kind.get("peaks", []),
        "hosts": environments(records),
    }


def _inputs(samples: Sequence[dict[str, Any]]) -> dict[str, tuple[int, int, bool]]:
    """Return the fewest and most inputs of a sample by subject, and whether no input was evaluated twice in one.

    Runs that did not record them have none.
    """
    found: dict[str, tuple[int, int, bool]] = {}
    for sample in samples:
        inputs = sample.get("inputs")
        if inputs is not None and sample.get("timing", "whole") == "whole":
            fewest, most, once = found.get(sample["subject"], (inputs, inputs, True))
            once = once and inputs == sample["evaluations"]
            found[sample["subject"]] = min(fewest, inputs), max(most, inputs), once
    return found


def _skips(skips: Sequence[dict[str, Any]], samples: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each cell that was left out, once; a later attempt may have measured it after all."""
    if not skips:
        return []
    measured = {_cell(sample) for sample in samples}
    last = {_cell(skip): skip for skip in skips}
    return [skip for cell, skip in last.items() if cell not in measured]


def _cell(record: dict[str, Any]) -> tuple[object, ...]:
    timing = UNTIMED.get(record["record"], record.get("timing", "whole"))
    return record["subject"], frozenset(record["point"].items()), timing
