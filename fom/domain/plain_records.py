"""Records as plain values and back, for keeping many of them beside the database: quick, and without loss.

What people send and files hold is `facts_file`, which checks everything; this is only for what was checked before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, fields
from functools import cache
from typing import Any

from shapely.geometry.base import BaseGeometry

from fom.domain.records import RECORD_CLASSES, Limits, Location, Record, Recurring, Stretch
from fom.domain.states import State


def record_to_plain(record: Record) -> dict[str, Any]:
    """Return the members of a record that differ from their defaults, as values that JSON can hold; no geometry."""
    plain: dict[str, Any] = {"kind": record.kind}
    for name, default in _members(record.kind):
        value = getattr(record, name)
        if value is not default and value != default:
            plain[name] = _WRITE.get(name, _as_is)(value)
    return plain


def record_from_plain(plain: Mapping[str, Any], geometry: BaseGeometry | None) -> Record:
    """Return the record of `record_to_plain`. KeyError, TypeError or ValueError for what cannot be one."""
    values = {name: _READ[name](value) if name in _READ else value for name, value in plain.items() if name != "kind"}
    return RECORD_CLASSES[plain["kind"]](geometry=geometry, **{"received": None, **values})


@cache
def _members(kind: str) -> tuple[tuple[str, Any], ...]:
    found = ((f.name, None if f.default is MISSING else f.default) for f in fields(RECORD_CLASSES[kind]))
    return tuple((name, default) for name, default in found if name != "geometry")


def _as_is(value: Any) -> Any:
    return value


def _read_limits(value: dict[str, Any]) -> Limits:
    return Limits(**{**value, "unknown": frozenset(value["unknown"])})


_WRITE: dict[str, Callable[[Any], Any]] = {
    "location": asdict,
    "limits": lambda limits: {**asdict(limits), "unknown": sorted(limits.unknown)},
    "recurring": asdict,
    "segments": lambda stretches: [[s.segment_id, s.from_m, s.to_m, s.direction] for s in stretches],
    "state": int,
}
_READ: dict[str, Callable[[Any], Any]] = {
    "location": lambda value: Location(**value),
    "limits": _read_limits,
    "recurring": lambda value: Recurring(**{**value, "days": tuple(value["days"])}),
    "segments": lambda value: tuple(Stretch(*stretch) for stretch in value),
    "state": State,
    **dict.fromkeys(("signed_by", "user_classes", "crossed", "closes", "members"), tuple),
}
