"""Collects every bad field of a document, so that all are told at once."""

from __future__ import annotations

import json
import math
from typing import Any

from fom.errors import FieldError, InvalidInput

SHOWN_MAX = 80


class Complaints:
    """The bad fields found so far, each with the record it stands in."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def add(self, record_id: str | None, field: str, came: object, expected: str) -> None:
        """Note one bad field. `came` is shown as JSON, shortened."""
        self.errors.append(FieldError(field, shown(came), expected, record_id))

    def raise_if_any(self) -> None:
        """Raise InvalidInput with every bad field, if there is one."""
        if self.errors:
            raise InvalidInput(self.errors)


class Said(str):
    """A text of our own about what came; shown as it is, not quoted."""


def shown(value: object) -> str:
    """Return what came, as JSON and short."""
    if isinstance(value, Said):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity"
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        text = type(value).__name__
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 1] + "…"


def is_number(value: Any) -> bool:
    """Return whether a JSON value is a finite number (true and false are not)."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
