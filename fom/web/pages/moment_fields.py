"""Fields of date and time: browsers send them without a zone, and here they are UTC."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fom.domain.instants import from_us, parse_instant
from fom.errors import FieldError

_OFFSET = re.compile(r"[+-]\d\d:\d\d$")


def read_moment(form: Mapping[str, str], name: str, errors: list[FieldError], *, is_needed: bool = False) -> int | None:
    """Return the microseconds of a field, None when it is empty or bad; what is bad goes to `errors`."""
    text = form.get(name, "").strip()
    if not text:
        if is_needed:
            errors.append(FieldError(name, "nothing", "a date and time, UTC"))
        return None
    try:
        return parse_moment(text)
    except ValueError:
        errors.append(FieldError(name, text[:40], "a date and time, UTC"))
        return None


def parse_moment(text: str) -> int:
    """Return the microseconds of a text: UTC, unless it ends in an offset of its own.

    Raises
    ------
    ValueError
        Nothing, or not a date and a time.
    """
    text = text.strip()
    return parse_instant(text if text.endswith("Z") or _OFFSET.search(text) else text.removesuffix("z") + "Z")


def moment_text(moment: int | str | None) -> str:
    """Return a moment, microseconds or ISO 8601, as a field holds it, in whole minutes; empty for none."""
    if moment is None:
        return ""
    return from_us(parse_instant(moment) if isinstance(moment, str) else moment).strftime("%Y-%m-%dT%H:%M")
