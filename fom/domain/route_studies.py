"""Studies of where a key route is vulnerable: what a point of a study may say, and how long a study speaks.

Source: requirement A1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fom.domain.instants import DAY_US
from fom.errors import FieldError

POINT_KINDS = (
    "bridge", "culvert", "ford", "ferry", "defile", "junction", "settlement", "event_cluster", "gradient", "curve",
)  # fmt: skip
"""A gradient of 7 % or more and a curve of 25 m radius or less are obstructions (doctrine, section 7)."""
STUDY_LIFE_US = 180 * DAY_US
"""A study older than this no longer counts for indicator A1 (J)."""
MET_AT, PARTLY_AT = 0.90, 0.50
POINTS_MAX = 200


def parse_points(values: Sequence[Any], length_m: float, errors: list[FieldError]) -> list[dict[str, Any]]:
    """Return the points of a study in order along the route; every bad member goes to `errors`.

    A point has a kind, a kilometre or a place in words, and may have a limit in words and a note.
    """
    if len(values) > POINTS_MAX:
        errors.append(FieldError("points", f"{len(values)} points", f"at most {POINTS_MAX}"))
        return []
    found = []
    for index, raw in enumerate(values):
        where = f"points[{index}]"
        if not isinstance(raw, Mapping):
            errors.append(FieldError(where, repr(raw)[:80], "an object with kind, km, place, limit, note"))
            continue
        errors += [
            FieldError(f"{where}.{name}", "given", "no such member")
            for name in raw
            if name not in ("kind", "km", "place", "limit", "note")
        ]
        if raw.get("kind") not in POINT_KINDS:
            errors.append(FieldError(f"{where}.kind", repr(raw.get("kind"))[:40], "one of " + ", ".join(POINT_KINDS)))
        km = _km(raw.get("km"), length_m / 1000, where, errors)
        texts = {name: _text(raw.get(name), f"{where}.{name}", errors) for name in ("place", "limit", "note")}
        if km is None and texts["place"] is None:
            errors.append(FieldError(f"{where}.km", "nothing", "a kilometre along the route, or a place in words"))
        found.append({"kind": raw.get("kind"), "km": km, **texts})
    return sorted(found, key=lambda point: (point["km"] is None, point["km"] or 0.0))


def studied_share(lengths_m: Mapping[str, float], studied_at: Mapping[str, int], at: int) -> float | None:
    """Return indicator A1: of all kilometres of key routes those of routes studied within 180 days; None without any.

    Both tables are by route id; `studied_at` holds the newest study of each.
    """
    total = sum(lengths_m.values())
    if total <= 0:
        return None
    fresh = (route for route, moment in studied_at.items() if 0 <= at - moment <= STUDY_LIFE_US)
    return sum(lengths_m.get(route, 0.0) for route in fresh) / total


def _km(raw: object, most: float, where: str, errors: list[FieldError]) -> float | None:
    if raw is None or raw == "":
        return None
    try:
        km = float(raw.strip().replace(",", ".") if isinstance(raw, str) else raw)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        km = math.nan
    if isinstance(raw, bool) or not 0 <= km <= most + 0.05:
        errors.append(FieldError(f"{where}.km", repr(raw)[:40], f"a kilometre along the route, 0 to {most:.1f}"))
        return None
    return round(km, 2)


def _text(raw: object, where: str, errors: list[FieldError]) -> str | None:
    if raw is None or raw == "":
        return None
    if not isinstance(raw, str) or len(raw) > 500 or "\x00" in raw:
        errors.append(FieldError(where, repr(raw)[:40], "a text of at most 500 characters"))
        return None
    return raw.strip() or None
