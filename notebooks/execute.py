"""Executes notebooks and stores their outputs in place: python notebooks/execute.py FILE…

A digest of the code is stored in the notebook's metadata, so that a test can check that the outputs belong to the code.
A notebook that fails keeps its old outputs.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
DIGEST = "executed_code_sha256"  # key in the notebook's metadata
SECONDS_PER_CELL = 300  # far beyond the time of any cell: ends a notebook that hangs
COLOURS = r"\x1b\[[\d;]*m"  # of IPython's tracebacks


class OwnInterpreter(AsyncKernelManager):
    """A kernel manager that uses the running interpreter, whatever kernels are installed for the user."""

    def _kernel_spec_manager_default(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


def digest(notebook: Any) -> str:
    """Return the SHA-256 digest of the code of all cells, in order."""
    code = "\n\0".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return hashlib.sha256(code.encode()).hexdigest()


def execute(notebook: Any, folder: Path) -> Any:
    """Execute a notebook in a new kernel that starts in a folder, and return it with its outputs.

    Raises
    ------
    CellExecutionError : a cell raised.
    """
    places = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    # one thread: small products are not faster with more, and results are the same on every machine
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "OPENBLAS_NUM_THREADS": "1"}
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        kernel_manager_class=OwnInterpreter,
        timeout=SECONDS_PER_CELL,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=env)
    notebook.metadata[DIGEST] = digest(notebook)
    return notebook


def main(paths: list[str]) -> int:
    """Execute each notebook in its own folder; return 1 if one fails, which is then left unchanged."""
    for path in map(Path, paths):
        try:
            notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
            execute(notebook, path.resolve().parent)
        except CellExecutionError as error:
            print(f"{path}: {re.sub(COLOURS, '', str(error))}", file=sys.stderr)
            return 1
        nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
        print(f"{path}: executed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
