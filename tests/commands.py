"""Runs every command that README and documentation promise, in a short form: ``python -m tests.commands [WORD]…``.

The short forms are those of ``.ci/commands.toml``. They run in copies of the checkout, which are thrown away, two at a
time, with the programs of the environment that runs this; each line says how long it took. Commands of one chain run
one after the other in the same copy. With words, only the commands that hold one of them are run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / ".ci" / "commands.toml"
WAYS = ("run", "tests", "ci", "why")
PROGRAMS = r"(?:bptt-bench|make|pytest|pip|python) "
AT_A_TIME = 2
SECONDS = 300  # after which a command hangs
SHOWN_LINES = 100  # the last ones of a command that failed
IDENTITY = {f"GIT_{who}_{what}": "nobody@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def in_text(text: str) -> list[str]:
    """The command lines of a text, in order: in blocks of code without their comments, and between backticks."""
    prose = re.sub(r"```.*?```", lambda block: re.sub("^", "    ", block[0], flags=re.MULTILINE), text, flags=re.DOTALL)
    blocks = re.findall(rf"^ {{4,}}(?:\$ )?((?:{PROGRAMS}|\. ).*?)(?:\s+# .*)?$", prose, re.MULTILINE)
    inline = re.findall(rf"(?<!`)`({PROGRAMS}[^`\n]+)`", text)
    return list(dict.fromkeys(command.strip() for command in [*blocks, *inline]))


def targets(makefile: str) -> list[str]:
    """``make X`` for each target that is no file."""
    return [f"make {name}" for line in re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE) for name in line.split()]


def promised() -> list[str]:
    """Every command of the README, of the documentation, of the examples and of the Makefile."""
    files = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").glob("*.py"))]
    texts = [path.read_text(encoding="utf-8") for path in files]
    found = [command for text in texts for command in in_text(text)]
    return list(dict.fromkeys([*targets((ROOT / "Makefile").read_text(encoding="utf-8")), *found]))


def listed() -> dict[str, dict[str, Any]]:
    """What the list says of each command."""
    with LIST.open("rb") as file:
        return tomllib.load(file)


def copied(folder: Path) -> Path:
    """Copy this checkout into a new folder, without what git ignores, as a repository with one commit on ``main``."""
    folder.mkdir(parents=True)
    names = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    )
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)  # with its time: `make` must not find the environment stale
    for arguments in (["init", "--initial-branch=main"], ["add", "--all"], ["commit", "--message=copy"]):
        subprocess.run(["git", *arguments], cwd=folder, env={**os.environ, **IDENTITY}, check=True, capture_output=True)
    return folder


class Line(NamedTuple):
    """A command line to be run, the exit statuses that are fine, and what it must not print."""

    text: str
    allowed: list[int]
    never: str | None


def chains(entries: Mapping[str, Mapping[str, Any]], words: Sequence[str]) -> list[list[Line]]:
    """The command lines to be run, in chains; a command that names none is one by itself."""
    found: dict[str, list[Line]] = {}
    for command, entry in entries.items():
        if words and not any(word in command for word in words):
            continue
        run = entry.get("run", [])
        made = [
            Line(line, entry.get("status", [0]), entry.get("never"))
            for line in ([run] if isinstance(run, str) else run)
        ]
        found.setdefault(entry.get("chain", command), []).extend(made)
    return [chain for chain in found.values() if chain]


def ran(line: Line, folder: Path, environment: Mapping[str, str]) -> bool:
    """Run a command line and say how it went; the end of what it printed is shown only where it failed."""
    start = time.monotonic()
    try:
        done = subprocess.run(
            ["bash", "-c", line.text],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        status, text = str(done.returncode), done.stdout
        found = re.search(line.never, text) if line.never else None
        if found:
            status += f" and {found[0]!r} printed"
        fine = done.returncode in line.allowed and not found
    except subprocess.TimeoutExpired:
        status, text, fine = f"none after {SECONDS} s", "", False
    shown = f"{time.monotonic() - start:6.1f} s  {line.text}"
    if not fine:
        end = "\n".join(text.splitlines()[-SHOWN_LINES:])
        shown += f"\n{end}\nFAILED: {line.text}: exit status {status}, allowed are {line.allowed}"
    print(shown, flush=True)
    return fine


def main(words: Sequence[str]) -> int:
    """Run them; 1 if one fails."""
    venv = Path(sys.prefix).resolve()
    environment = {
        **os.environ,
        **IDENTITY,
        "PATH": os.pathsep.join([str(venv / "bin"), os.environ["PATH"]]),
        "VENV": str(venv),
    }
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(AT_A_TIME) as pool:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(AT_A_TIME):
            copies.put(copied(Path(name) / str(number) / "checkout"))

        def failures(chain: Sequence[Line]) -> int:
            folder = copies.get()
            try:
                return sum(not ran(line, folder, environment) for line in chain)
            finally:
                copies.put(folder)

        failed = sum(pool.map(failures, chains(listed(), words)))
    print(f"{failed} commands failed" if failed else "every command ran")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
