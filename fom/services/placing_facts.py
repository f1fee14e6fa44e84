"""Facts that a person placed on the new map while it was reviewed, written when it comes into use.

A record is never rewritten: the fact is said once more, on the road chosen and with the grade it has, as a duplicate of
the one that keeps its old place. So a new place can only add to what limits a road; the old one is taken back as ever.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.facts_file import format_record, parse_record
from fom.domain.instants import format_instant
from fom.domain.knowledge import Knowledge
from fom.domain.positions import parse_position
from fom.errors import InvalidInput
from fom.network.network import Network
from fom.routing.snapping import snap_to_road
from fom.services.former_networks import PLACE_MEMBERS
from fom.services.picture_host import PictureHost
from fom.services.writing import note
from fom.store.records import Provenance, feature_of, find_records, insert_records

PLACED_KINDS = ("physical", "control", "manual")
"""Kinds that name roads; all others lie where their geometry lies."""
NEAR_M = 250.0
"""So far from a road a click or a position may be (J)."""


def read_place(network: Network, *, segment: str | None = None, position: str | None = None) -> dict[str, str]:
    """Return `{segment}`, the road of the new map that is meant by its id or by a position on it.

    Raises
    ------
    InvalidInput
        Neither or both are given, the segment is not of this network, no road lies near the position.
    """
    if bool(segment) == bool(position):
        raise InvalidInput.single("place", "both" if segment else "nothing", "a segment of the new map, or a position")
    if segment:
        if network.find_segment(segment) is None:
            raise InvalidInput.single("place.segment", segment[:60], "a segment of the new map")
        return {"segment": segment}
    lon, lat, _ = parse_position(str(position), field="place.position")
    snap = snap_to_road(network, lon, lat, radius_m=NEAR_M)
    if snap is None:
        raise InvalidInput.single("place.position", str(position)[:60], f"a place within {NEAR_M:.0f} m of a road")
    return {"segment": network.segment_id(snap.segment)}


def write_placed(
    session: Session, host: PictureHost, places: Mapping[str, Mapping[str, Any]], *, actor: Actor, at: int, change: int
) -> list[str]:
    """Write facts where persons placed them (record id -> place), as part of a change; return the new ids.

    `host` is of the network in use so far: what is known of the facts comes from its picture.
    """
    with host.reading() as picture:
        knowledge = Knowledge(picture.basis().ledger, at, picture.policy)
    written: list[str] = []
    for row in find_records(session, set(places)):
        said = feature_of(row)
        grade = knowledge.deciding_grade(parse_record(said))
        placed = _placed(said, str(places[row.id]["segment"]), grade, actor, at)
        same = {"received": format_instant(at), "by": actor.person, "relation": "duplicate"}
        link = _feature(f"{placed['id']}.same", {"kind": "link", **same, "members": [row.id, placed["id"]]})
        of = Provenance(change_number=change, classification=row.classification, area=row.area)
        insert_records(session, [placed, link], of)
        details = {"places": row.id, "segment": places[row.id]["segment"]}
        about = ("record", placed["id"])
        note(session, "place_fact", about, kind="record", actor=actor, at=at, details=details, change=change)
        written.append(placed["id"])
    return written


def _placed(said: Mapping[str, Any], segment: str, grade: str, actor: Actor, at: int) -> dict[str, Any]:
    kept = {name: value for name, value in said["properties"].items() if name not in PLACE_MEMBERS}
    kept |= {"segments": [{"id": segment}], "grade": grade, "received": format_instant(at), "by": actor.person}
    kept["occurred"] = said["properties"].get("occurred") or said["properties"]["received"]
    kept["meta"] = {**(kept.get("meta") or {}), "placed_from": said["id"]}
    return _feature(str(uuid.uuid5(uuid.NAMESPACE_URL, f"{said['id']} {segment} {at}")), kept)


def _feature(record_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    whole = {"type": "Feature", "id": record_id, "geometry": None, "properties": dict(properties)}
    return format_record(parse_record(whole))
