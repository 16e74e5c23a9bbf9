"""What a file is, by its content; and one line for what is none of it."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.errors import StoreError
from bptt_bench.store.frame import load
from bptt_bench.store.importers.reading import text

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
SAMPLE = {
    "record": "sample",
    "subject": "s",
    "block": 0,
    "process": 0,
    "evaluations": 1,
    "seconds_per_eval": 0.5,
    "started_at": 1.0,
}


def written(folder: Path, content: Any, name: str = "data") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def refusal(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        load(path)
    message = str(caught.value)
    assert message.isprintable()
    assert message.startswith(f"{path}")
    return message.removeprefix(f"{path}")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ": is empty; allowed are the folder of a run or its samples.jsonl, CSV, Parquet, JSON of "),
        (b"  \n ", ": is empty; allowed are "),
        (b"some words", ": is of no known kind; allowed are "),
        (b'{"a": 1}', ": is JSON of no known tool (an object with a); allowed are "),
        (b"{}", ": is JSON of no known tool (an empty object); allowed are "),
        (b"[1, 2]", ": is JSON of no known tool (a list); allowed are "),
        (b'{"benchmarks": [', " line 1: is broken JSON: Expecting value (column 17)"),
        (b'{\n"results": nul}', " line 2: is broken JSON: Expecting value (column 12)"),
        (b'{"results": [], "results": []}', ": an object names 'results' twice"),
        (b"[" * 100_000, ": is nested too deep"),
        (b'{"results": ' + b"[" * 200 + b"]" * 200 + b"}", ": is nested too deep"),
        (b'{"results": [' + b"9" * 5000 + b"]}", ": holds a whole number of thousands of digits"),
        (b'{"results": []\x00}', ": is not UTF-8 text (it holds a NUL, character 15)"),
        (b'{"results": "\xff"}', ": is not UTF-8 text (byte 14)"),
        ('{"results": []}'.encode("utf-16"), ": is not UTF-8 text but UTF-16, by its first bytes"),
        ('{"results": []}'.encode("utf-32"), ": is not UTF-8 text but UTF-32, by its first bytes"),
        (b"\x1f\x8b\x08\x00", ": is broken gzip: "),
        (gzip.compress(b"PAR1", mtime=0), ": is Parquet, packed by gzip; unpack it first"),
        (gzip.compress(b'{"record": "run"}\n', mtime=0), ": holds a run, packed or amid other lines; unpack it first"),
        (b"PK\x03\x04", ": must be compressed by gzip or not at all, got zip; unpack it first"),
        (b"PAR1", ": is broken Parquet: "),
        (b'{"results": []}', ": holds no measurement"),
        (b'{"\\u001b[31m": 1}', ": is JSON of no known tool (an object with \\x1b[31m); allowed are "),
    ],
)
def test_what_is_no_data_is_one_printable_line(tmp_path: Path, content: bytes, expected: str) -> None:
    assert refusal(written(tmp_path, content)).startswith(expected)


@pytest.mark.parametrize("name", ["hyperfine/scan.json", "csv/total.csv", "extra_p/one.txt", "extra_p/lines.jsonl"])
def test_a_file_that_gzip_has_packed_is_read_as_it_was(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, gzip.compress((FIXTURES / name).read_bytes()), f"{Path(name).name}.gz")
    assert load(path).equals(load(FIXTURES / name))


def test_what_gzip_makes_larger_than_allowed_is_refused() -> None:
    with pytest.raises(StoreError, match="must have at most 1000 bytes when unpacked"):
        text.decompress(Path("data"), gzip.compress(b"0" * 100_000), most=1000)


@pytest.mark.parametrize(
    "document",
    [
        "Running ./bench\n[INFO] 2 cores\n{}\n",
        "[2026-11-29 10:00] starting {0}\n{}\ndone.\n",
        "***WARNING*** no scaling\n{}",
        "{}\nall done",
    ],
)
def test_json_amid_the_lines_of_a_console_is_found(tmp_path: Path, document: str) -> None:
    plain = (FIXTURES / "google_benchmark" / "plain.json").read_text().strip()
    frame = load(written(tmp_path, document.replace("{}", plain).encode()))
    expected = load(FIXTURES / "google_benchmark" / "plain.json")
    assert frame.equals(expected)
    assert frame.attrs["notes"] == [*expected.attrs["notes"], "lines around the JSON are passed over"]


@pytest.mark.parametrize("indent", [None, 1])
def test_records_in_a_list_are_read_however_they_are_laid_out(tmp_path: Path, indent: int | None) -> None:
    records = [{"n": n, "time_us": 2.5 * n} for n in (100, 200, 400)]
    frame = load(written(tmp_path, json.dumps(records, indent=indent).encode()))
    assert list(frame["n"]) == [100, 200, 400]
    lines = ",\n".join(map(json.dumps, records))
    assert load(written(tmp_path, f"[\n{lines}\n]\n".encode())).equals(frame)


def test_a_file_is_refused_by_its_size_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "open", None)  # nobody opens it
    path = tmp_path / "huge.json"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    os.truncate(path, text.MOST_BYTES + 1)  # a hole: it takes no room on the disk
    with pytest.raises(StoreError, match=f"must have at most {text.MOST_BYTES} bytes, got {text.MOST_BYTES + 1}"):
        text.read_bytes(path)


def test_more_values_than_fit_into_memory_are_refused_before_they_are_made(tmp_path: Path) -> None:
    content = b"[" + b"0," * text.MOST_VALUES + b"0]"
    assert refusal(written(tmp_path, content)) == (
        f": must hold at most {text.MOST_VALUES} values, got about {text.MOST_VALUES + 1}"
    )


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe") == ": is not a regular file"
    assert refusal(Path(os.devnull)) == ": is not a regular file"


def test_names_of_files_do_not_control_the_terminal(tmp_path: Path) -> None:
    path = written(tmp_path, b"words", "a\x1b[31m\nb")
    with pytest.raises(StoreError) as caught:
        load(path)
    assert "a\\x1b[31m b: is of no known kind" in str(caught.value)


@pytest.mark.parametrize("bad", ["\0", "x" * 5000])
def test_paths_that_no_system_takes_are_refused(bad: str) -> None:
    with pytest.raises(StoreError):
        load(bad)


def test_folders_of_other_things_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == ": holds no run (no samples.jsonl) and no results of asv (no machine.json)"
    (tmp_path / "benchmarks.json").write_text("{}")
    for machine in ("one", "two"):
        (tmp_path / machine).mkdir()
        written(tmp_path / machine, {}, "machine.json")
    assert refusal(tmp_path) == ": holds asv's results of 2 machines; name one of one, two"
    assert refusal(tmp_path / "one") == ": holds no results of asv"
    described = written(tmp_path, (FIXTURES / "asv" / "benchmarks.json").read_bytes())
    assert refusal(described) == (": describes asv's benchmarks; name a file of results, or the folder of a machine")


def test_a_run_is_a_run_whatever_its_file_is_called(tmp_path: Path) -> None:
    lines = [
        {"record": "run", "schema": 1, "factors": ["n"]},
        *(
            {
                **SAMPLE,
                "point": {"n": n},
            }
            for n in (1, 2)
        ),
    ]
    content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    for name in ("samples.jsonl", "run.txt", "run"):
        assert load(written(tmp_path, content, name))["n"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("member", "value", "expected"),
    [
        ("started_at", "x", "line 3: started_at must be a number, got 'x'"),
        ("process", {"a": 1}, "line 3: process must be a whole number below 2**63, got an object"),
        ("record", {}, "line 3: record must be a text, got {}"),
        (
            "point",
            {"n": 10**400},
            "line 3: level 'n' of point must be a finite number or a text, got a whole number of 1329 bits",
        ),
        ("point", {"n": [1]}, "line 3: level 'n' of point must be a finite number or a text, got [1]"),
        ("point", 7, "line 3: point must be an object of levels, got 7"),
    ],
)
def test_records_that_no_run_writes_are_refused(tmp_path: Path, member: str, value: Any, expected: str) -> None:
    sample = {**SAMPLE, "point": {"n": 1}}
    lines = [{"record": "run", "schema": 1, "factors": ["n"]}, sample, {**sample, member: value}]
    path = written(tmp_path, "".join(f"{json.dumps(line)}\n" for line in lines).encode())
    assert refusal(path).lstrip(": ").startswith(expected)
