"""One case: a mutated file on disk, loaded and fitted; what came of it, and whether that is allowed."""

from __future__ import annotations

import contextlib
import io
import random
import re
import signal
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from bptt_bench.errors import FitError, LawError, StoreError
from bptt_bench.store.frame import load
from bptt_bench.workflows.fit import FitReport, FitReports, fit_data

from tests.fuzz.bases import FIXTURES, Base
from tests.fuzz.mutate import mutated

if TYPE_CHECKING:
    import pandas as pd

SECONDS_A_CASE = (
    5.0  # of processor time, where a case takes some 10 ms: waiting for other work on the machine is not a hang
)
MOST_MESSAGE = 2000
REFUSED = (StoreError, FitError, LawError)
SHOWN_ONE_IN = 10  # answers that are printed, too
ENDINGS = ("", ".json", ".csv", ".txt", ".jsonl", ".parquet")


class HangError(Exception):
    """A case took longer than it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a case.

    Attributes
    ----------
    kind : format of the file that was mutated.
    result : ``loaded``, ``fitted``, ``refused`` (all allowed), ``hang`` or ``failed``.
    words : the message of a refusal, or what failed.
    """

    kind: str
    result: str
    words: str
    seconds: float


def outcome(seed: int, all_bases: Sequence[Base], folder: Path) -> Outcome:
    """Make the case of a seed, and see what comes of it."""
    rng = random.Random(seed)
    base = rng.choice(all_bases)
    path = written(base, mutated(base, all_bases, rng), folder, rng)
    start = time.process_time()
    try:
        with within(SECONDS_A_CASE), warnings.catch_warnings():
            warnings.simplefilter("error")
            result, words = tried(path, seed)
    except REFUSED as error:
        result, words = "refused", str(error)
        if not is_line(words):
            result, words = "failed", f"{type(error).__name__}: no printable line: {words[:300]!r}"
    except HangError:
        result, words = "hang", traceback.format_exc()
    except BaseException:  # noqa: BLE001  # whatever comes out is what is looked for
        result, words = "failed", traceback.format_exc()
    return Outcome(kind=base.kind, result=result, words=words, seconds=time.process_time() - start)


def written(base: Base, content: bytes, folder: Path, rng: random.Random) -> Path:
    """The mutated file, at times with another ending; results of asv in a folder like asv's, at times that folder."""
    ending = base.ending if rng.random() < 0.7 else rng.choice(ENDINGS)
    if base.kind != "asv" or rng.random() < 0.3:
        path = folder / f"case{ending}"
        path.write_bytes(content)
        return path
    machine = folder / "results" / "box"
    machine.mkdir(parents=True, exist_ok=True)
    described = (FIXTURES / "asv" / "benchmarks.json").read_bytes()
    (machine / "machine.json").write_bytes(b"{}")
    (machine / "a.json").write_bytes(content)
    (machine.parent / "benchmarks.json").write_bytes(content if rng.random() < 0.2 else described)
    return rng.choice((machine, machine.parent, machine / "a.json"))


def tried(path: Path, seed: int) -> tuple[str, str]:
    """Load a file, and fit a law to the first subject in it."""
    frame = load(path)
    names = [str(name) for name in frame.columns]
    texts = [*names, *(str(one) for name in ("subject",) if name in frame for one in frame[name].unique())]
    wrong = next((text for text in texts if frame.attrs.get("run") is None and not text.isprintable()), None)
    assert wrong is None, f"a name that cannot be printed: {wrong!r}"
    assert len(frame), "a frame without rows"
    subject = str(random.Random(f"subject {seed}").choice(frame["subject"].unique())) if "subject" in names else None
    law = law_for(frame, subject)
    response = "seconds_per_eval" if "seconds_per_eval" in names else names[-1]
    found = fit_data(path, law, response=response, overhead="1", subject=subject)
    assert all(is_line(note) for note in found.notes), "a note that is no printable line"
    if seed % SHOWN_ONE_IN == 0:
        shown(found)
    return "fitted", ""


def law_for(frame: pd.DataFrame, subject: str | None) -> str:
    """A law in the first factor that is a number."""
    rows = frame if subject is None else frame[frame["subject"] == subject]
    known = frame.attrs.get("factors") or ["n"]
    numbers = (name for name in known if name in rows and rows[name].dtype.kind in "iuf" and rows[name].notna().any())
    return next(numbers, "n")


def shown(found: FitReport | FitReports) -> None:
    """Print an answer as the command does, and see that nothing of the file controls the terminal."""
    from bptt_bench.cli.options import print_json, print_tables
    from bptt_bench.report.terminal.by_category import show_fits

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        print_json(found.to_json())
        if isinstance(found, FitReports):
            show_fits(found.found, found.left_out)
        else:
            print_tables(found)
    text = printed.getvalue()
    assert re.search(r"[\x00-\x08\x0b-\x1f\x7f\x9b]", text) is None, f"control characters in {text!r}"


def is_line(words: str) -> bool:
    """Whether a message is one printable line of bearable length."""
    return words.isprintable() and 0 < len(words) <= MOST_MESSAGE


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise once so much processor time is used up."""

    def up(_signal: int, _frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGPROF, up)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
