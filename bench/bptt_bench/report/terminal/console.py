"""The default console: standard output, at a width that suits a terminal, a pipe or a file."""

from __future__ import annotations

import os

from rich.console import Console

WIDE = 120  # columns of a pipe or a file, in which nothing wraps by itself and `grep` wants a claim on one line


class Screen(Console):
    """A console that leaves it to the command line what to do when the reader of a pipe has gone."""

    def on_broken_pipe(self) -> None:
        """Raise the error again, where rich would end the program.

        Raises
        ------
        BrokenPipeError : always.
        """
        raise BrokenPipeError


def on_screen() -> Console:
    """Return standard output, as wide as the terminal; a pipe or file is ``COLUMNS`` or ``WIDE`` wide."""
    console = Screen(highlight=False)
    if not (console.is_terminal or console.is_jupyter or "COLUMNS" in os.environ):
        console.width = WIDE
    return console
