"""Checks out a commit beside the working tree, with an import path that has its code and the current harness.

The harness must be the same on both sides of a comparison, or its own changes would be measured too: ``bptt_bench``
always comes from where it runs now. Everything else of the repository comes from the commit.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bptt_bench.errors import ExperimentError

HARNESS = "bptt_bench"
PREFIX, TREE, LOCK = "bench-baseline-", "tree", "lock"  # of the temporary folder, and what lies in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A commit, laid out.

    Attributes
    ----------
    commit : its full name.
    root : of the repository that this process works in.
    folder : the commit's files.
    path : where measuring processes look for modules, in order.
    """

    commit: str
    root: Path
    folder: Path
    path: tuple[str, ...]

    def module(self, experiment: str) -> str:
        """Return the name or file of the experiment within the commit's files.

        Raises
        ------
        ExperimentError : the file is in no commit of this repository, or not in this one.
        """
        if not experiment.endswith(".py"):
            return experiment
        try:
            inside = Path(experiment).resolve().relative_to(self.root)
        except ValueError:
            raise ExperimentError(
                f"experiment {experiment!r}: lies outside of the repository {self.root.name}"
            ) from None
        if not (self.folder / inside).is_file():
            raise ExperimentError(f"experiment {experiment!r}: commit {self.commit[:12]} has no such file")
        return str(self.folder / inside)


def commit_of(ref: str, folder: Path) -> tuple[str, Path]:
    """Return the full hash of a commit, and the root of the repository that a folder is in.

    Raises
    ------
    ExperimentError : git is not installed, the folder is in no repository, or there is no such commit.
    """
    root = _git(folder, "rev-parse", "--show-toplevel")
    if root is None:
        raise ExperimentError(f"--baseline {ref!r}: {folder} is in no git repository")
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if not ref or commit is None:
        raise ExperimentError(f"--baseline {ref!r}: the repository has no such commit, branch or tag")
    return commit, Path(root).resolve()


@contextlib.contextmanager
def checkout(ref: str, folder: Path | None = None) -> Iterator[Checkout]:
    """Check out a commit into a temporary folder, which is removed afterwards.

    Raises
    ------
    ExperimentError : no repository, no such commit, or no room for it.
    """
    commit, root = commit_of(ref, folder or Path.cwd())
    _remove_abandoned(root)
    temporary = Path(tempfile.mkdtemp(prefix=PREFIX))
    tree = temporary / TREE
    try:
        with _hold_lock(temporary / LOCK):
            _add_worktree(root, tree, commit)
            yield Checkout(commit=commit, root=root, folder=tree, path=_import_path(root, tree, temporary))
    finally:
        _remove(root, temporary)


def _remove(root: Path, temporary: Path) -> None:
    _git(root, "worktree", "remove", "--force", str(temporary / TREE))
    shutil.rmtree(temporary, ignore_errors=True)
    _git(root, "worktree", "prune")


@contextlib.contextmanager
def _hold_lock(path: Path) -> Iterator[None]:
    """Hold a lock that ends with this process, however that ends."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _remove_abandoned(root: Path) -> None:
    """Remove the trees of comparisons that were killed: a kill leaves no time to, and git goes on listing them."""
    for line in (_git(root, "worktree", "list", "--porcelain") or "").splitlines():
        tree = Path(line.removeprefix("worktree "))
        is_ours = line.startswith("worktree ") and tree.name == TREE and tree.parent.name.startswith(PREFIX)
        if is_ours and _is_abandoned(tree.parent):
            _remove(root, tree.parent)


def _is_abandoned(temporary: Path) -> bool:
    try:
        with _hold_lock(temporary / LOCK):
            return os.access(temporary, os.W_OK)
    except OSError:  # it is held, or nothing that we could remove
        return False


def _add_worktree(root: Path, tree: Path, commit: str) -> None:
    no_hooks = ("-c", "core.hooksPath=/dev/null")  # a hook of the repository may do anything at a checkout
    ran = _run_git(root, *no_hooks, "worktree", "add", "--detach", "--force", str(tree), commit)
    if ran is None or ran.returncode:
        said = "git could not be run" if ran is None else " ".join((ran.stderr or ran.stdout).split())[-300:]
        raise ExperimentError(f"commit {commit[:12]}: cannot be laid out: {said}")


def _import_path(root: Path, tree: Path, temporary: Path) -> tuple[str, ...]:
    """Return the import path with the harness first and the repository's folders replaced by the commit's."""
    harness = temporary / "harness"
    harness.mkdir()
    (harness / HARNESS).symlink_to(Path(__file__).resolve().parents[2], target_is_directory=True)
    found = [str(harness)]
    for i, entry in enumerate(dict.fromkeys(sys.path)):
        here = Path(entry or Path.cwd()).resolve()
        there = tree / here.relative_to(root) if here.is_relative_to(root) else None
        if there is None or (not there.is_dir() and here != root):
            found.append(str(here))
            continue
        own = temporary / f"path{i}"
        own.mkdir()
        for item in sorted(there.iterdir()):
            if item.name not in (HARNESS, ".git"):
                (own / item.name).symlink_to(item, target_is_directory=item.is_dir())
        found.append(str(own))
    return tuple(dict.fromkeys(found))


def _git(folder: Path, *arguments: str) -> str | None:
    """Return git's output; ``None`` if it fails."""
    ran = _run_git(folder, *arguments)
    return None if ran is None or ran.returncode else ran.stdout.strip()


def _run_git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    try:
        # in a process group of its own, so that Ctrl-C does not stop it half way through removing a worktree
        return subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False, process_group=0
        )
    except OSError:
        return None
