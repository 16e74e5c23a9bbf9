"""What is raised for text that names no quantity."""

from __future__ import annotations


class TextError(ValueError):
    """Text that is not what it should be; one line names the option, its value and the allowed form."""
