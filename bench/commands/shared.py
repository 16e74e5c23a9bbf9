"""What commands share: their options, and how they answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


def document(found: Mapping[str, Any] | Sequence[Any]) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False))
