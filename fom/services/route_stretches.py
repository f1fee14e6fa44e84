"""Part of a key route by kilometre, as stretches of segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fom.errors import FieldError, InvalidInput
from fom.network.network import Network


def cut_stretches(
    network: Network, stretches: Sequence[Mapping[str, Any]], from_km: str | None, to_km: str | None
) -> list[dict[str, Any]]:
    """Return the stretches between two kilometres of a route, without directions; empty text = its start, its end.

    Raises
    ------
    InvalidInput
        Not a number, the wrong way round, or nothing of the route lies between.
    """
    errors: list[FieldError] = []
    low, high = _km(from_km, "from_km", errors), _km(to_km, "to_km", errors)
    if errors:
        raise InvalidInput(errors)
    start = 0.0 if low is None else low * 1000
    end = float("inf") if high is None else high * 1000
    along, cut = 0.0, []
    for stretch in stretches:
        number = network.find_segment(stretch["id"])
        if number is None:
            continue
        first = float(stretch.get("from_m") or 0.0)
        last = float(network.length_m[number]) if stretch.get("to_m") is None else float(stretch["to_m"])
        length = last - first
        inside = (max(start - along, 0.0), min(end - along, length))
        along += length
        if inside[1] - inside[0] <= 0.5:
            continue
        if stretch.get("direction") == "backward":
            part = (last - inside[1], last - inside[0])
        else:
            part = (first + inside[0], first + inside[1])
        cut.append({"id": stretch["id"], "from_m": round(part[0], 1), "to_m": round(part[1], 1)})
    if not cut:
        raise InvalidInput.single(
            "to_km",
            f"{from_km or 0} to {to_km or 'the end'}",
            f"a part of 0 to {along / 1000:.1f} km",
            reason="beyond_route",
        )
    return cut


def _km(text: str | None, name: str, errors: list[FieldError]) -> float | None:
    if not (text or "").strip():
        return None
    try:
        value = float(str(text).replace(",", "."))
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e5:
        errors.append(FieldError(name, repr(text), "kilometres along the route, 0 or more"))
        return None
    return value


def point_at_km(network: Network, stretches: Sequence[Mapping[str, Any]], km: float) -> tuple[float, float] | None:
    """Return (lon, lat) of a kilometre of a route, None beyond its ends."""
    left = km * 1000
    for stretch in stretches:
        number = network.find_segment(stretch["id"])
        if number is None:
            continue
        whole = float(network.length_m[number])
        first = float(stretch.get("from_m") or 0.0)
        last = whole if stretch.get("to_m") is None else float(stretch["to_m"])
        if left <= last - first + 0.5:
            along = last - left if stretch.get("direction") == "backward" else first + left
            point = network.line(number).interpolate(min(max(along / whole, 0.0), 1.0), normalized=True)
            return round(point.x, 6), round(point.y, 6)
        left -= last - first
    return None
