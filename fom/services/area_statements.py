"""Threat levels and seasons as they were stated: lists by area, and the year of seasons as strips.

Stating them is `overriding.record_area_statement`, taking them back `judging.retract_record`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import shapely
from shapely.geometry import shape
from sqlalchemy.orm import Session

from fom.domain.access import Actor, visible
from fom.domain.instants import parse_instant, to_us
from fom.services.record_reads import list_records
from fom.services.registers import list_register
from fom.store.records import feature_of, find_records, list_present

WHOLE_MISSION = "whole mission"


def list_statements(session: Session, kind: str, *, actor: Actor, at: int) -> list[dict[str, Any]]:
    """Return the statements of a kind (`threat_area` or `season`) that were not taken back, newest first.

    `{id, value, start, end, area, area_id, by, received, is_now}`: `area` in words, `value` None = an unknown level.
    """
    names = {row["id"]: row["name"] for row in list_register(session, "area", actor=actor)}
    records = list_records(session, actor=actor, kinds=(kind,), known_at=at)
    found = []
    for record in records:
        said = record["properties"]
        meta = said.get("meta") or {}
        start, end = said.get("start"), said.get("end")
        is_now = (start is None or parse_instant(start) <= at) and (end is None or at <= parse_instant(end))
        found.append({
            "id": record["id"], "value": said.get("level" if kind == "threat_area" else "season"),
            "start": start, "end": end, "area": _area_words(record, meta, names), "area_id": meta.get("area_id"),
            "by": said.get("by"), "received": said["received"], "is_now": is_now,
        })  # fmt: skip
    return sorted(found, key=lambda one: (one["received"], one["id"]), reverse=True)


def list_taken_back(session: Session, kind: str, *, actor: Actor, at: int) -> list[dict[str, Any]]:
    """Return the statements of a kind that were taken back, newest first: as stated, and `retracted_at, by, reason`."""
    names = {row["id"]: row["name"] for row in list_register(session, "area", actor=actor)}
    gone = {row.properties["target"]: row for row in list_present(session, ["retraction"], known_at=at)}
    found = []
    for row in find_records(session, list(gone)):
        if row.kind != kind or not visible(actor, row):
            continue
        feature, act = feature_of(row), feature_of(gone[row.id])["properties"]
        said, meta = feature["properties"], feature["properties"].get("meta") or {}
        found.append({
            "id": row.id, "value": said.get("level" if kind == "threat_area" else "season"), "start": said.get("start"),
            "end": said.get("end"), "area": _area_words(feature, meta, names), "area_id": meta.get("area_id"),
            "by": said.get("by"), "received": said["received"], "retracted_at": act["received"],
            "retracted_by": act.get("by"), "reason": (act.get("meta") or {}).get("reason"),
        })  # fmt: skip
    return sorted(found, key=lambda one: (one["retracted_at"], one["id"]), reverse=True)


def season_year(session: Session, year: int, *, actor: Actor, at: int) -> list[dict[str, Any]]:
    """Return one strip per area that has a season stated: `{area, runs: [{season, from_share, to_share, …}]}`.

    Shares are of the year, 0 to 1. Where wet and dry overlap the rules count it as wet; both runs are told. What no
    statement covers is unknown, and counts as wet.
    """
    first = to_us(datetime(year, 1, 1, tzinfo=UTC))
    last = to_us(datetime(year + 1, 1, 1, tzinfo=UTC))
    strips: dict[str, list[dict[str, Any]]] = {}
    for one in reversed(list_statements(session, "season", actor=actor, at=at)):
        start = first if one["start"] is None else parse_instant(one["start"])
        end = last if one["end"] is None else parse_instant(one["end"])
        if end <= first or start >= last:
            continue
        shares = [(min(max(moment, first), last) - first) / (last - first) for moment in (start, end)]
        strips.setdefault(one["area"], []).append(
            {**one, "season": one["value"], "from_share": round(shares[0], 5), "to_share": round(shares[1], 5)}
        )
    order = sorted(strips, key=lambda area: (area != WHOLE_MISSION, area))
    return [{"area": area, "runs": strips[area]} for area in order]


def _area_words(record: Mapping[str, Any], meta: Mapping[str, Any], names: Mapping[str, str]) -> str:
    if (area_id := meta.get("area_id")) in names:
        return names[str(area_id)]
    if isinstance(name := meta.get("name"), str):
        return name
    if record["geometry"] is None:
        return WHOLE_MISSION
    centre = shape(record["geometry"]).centroid
    north, east = "N" if centre.y >= 0 else "S", "E" if centre.x >= 0 else "W"
    return f"area around {abs(centre.y):.2f}° {north} {abs(centre.x):.2f}° {east}"


def wet_places(
    session: Session, places: Mapping[str, tuple[float, float]], *, at: int, known_at: int | None = None
) -> set[str]:
    """Return those of the places (id -> lon, lat) where it is the wet season; an unknown season is wet.

    `known_at`: by what was known then; None = at the moment itself.

    Source: doctrine, section 3.1.
    """
    here: list[tuple[str, shapely.Geometry | None]] = []
    for row in list_present(session, ["season"], known_at=at if known_at is None else known_at):
        said = feature_of(row)["properties"]
        start, end = said.get("start"), said.get("end")
        if (start is None or parse_instant(start) <= at) and (end is None or at <= parse_instant(end)):
            here.append((said["season"], row.geometry))
    wet = set()
    for place_id, (lon, lat) in places.items():
        point = shapely.Point(lon, lat)
        seasons = [season for season, area in here if area is None or area.covers(point)]
        if not seasons or "wet" in seasons:
            wet.add(place_id)
    return wet
