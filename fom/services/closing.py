"""Closing acts: signed statements that end the facts they name, by those with the right to make them.

All but `lifted` take two persons. What can never work is refused at the door with the code that the picture would list.
Source: docs/formats.md, sections on explosive, physical and control facts; doctrine, section 10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.closing import EXPLOSIVE_AUTHORITIES, LAND_RELEASE, releases_profile
from fom.domain.facts_file import parse_record
from fom.domain.geodesy import Plane, shifted
from fom.domain.instants import format_instant, parse_instant
from fom.domain.places import shape_of, uncertainty_m
from fom.domain.policy import Policy
from fom.domain.records import ClosingAct
from fom.errors import Conflict, FieldError, InvalidInput
from fom.picture.releasing import RELEASE_MARGIN_M
from fom.services.drafts import check_uuid, checked
from fom.services.effects import Bench, Effect
from fom.services.judging import get_visible_record
from fom.services.pending import (
    Outcome,
    common_area,
    confirm_pending,
    highest,
    list_pending,
    pend,
    withdraw_pending,
)
from fom.services.picture_host import PictureHost
from fom.services.seen import check_unmoved
from fom.services.writing import note, step
from fom.store.changes import add_change
from fom.store.records import Provenance, feature_of, find_record, insert_records, retracted_ids
from fom.store.tables import PendingAct, RecordRow

__all__ = [
    "ClosingLook", "Outcome", "confirm_pending", "list_pending", "log_closing_act", "look_at_closing",
    "released_circle",
    "withdraw_pending",
]  # fmt: skip

CIRCLE_CORNERS = 64
POINT_M = 1.0
"""A place known without doubt and without an extent is looked at as a circle so wide."""
TARGET_KINDS = {
    **dict.fromkeys((*LAND_RELEASE, "destroyed"), ("explosive",)),
    "repaired": ("physical",),
    "lifted": ("control", "manual"),
    "erroneous": ("explosive", "physical", "control", "incident"),
}
"""Act -> kinds of facts it can end."""
KIND_ACTIONS = {
    "explosive": "close_explosive",
    "physical": "close_physical",
    "control": "close_control",
    "incident": "close_control",
    "manual": "improve",
}
"""Kind of fact -> what both signers must be permitted."""
KIND_AUTHORITIES = {
    "explosive": EXPLOSIVE_AUTHORITIES,
    "physical": ("engineer",),
    "control": ("joc",),
    "incident": ("joc",),
    "manual": ("joc",),
}


def log_closing_act(
    session: Session,
    feature: Mapping[str, Any],
    *,
    id: str,
    seen: int | None = None,
    actor: Actor,
    now: int,
) -> Outcome:
    """Sign a closing act as the first person; `lifted` counts at once, everything else waits for the second.

    Parameters
    ----------
    feature
        Facts format, kind `closing_act`, without `received, by, signed_by`.
    seen
        The mark (`seen.mark_now`) that came with the facts; None = whatever was said of them meanwhile.
    id
        The client's UUID; the same act again gives the first result.

    Raises
    ------
    InvalidInput
        A bad member.
    NotFound
        It names a fact that the actor does not see.
    NotPermitted
        No right to end facts of this kind.
    Conflict
        It cannot work on what it names; `details["why"]` as in the answer's `refused`. Or somebody else said or
        proposed something of it since `seen`: `details["differs"]`.
    """
    at = step(session, now)
    whole, rows, action = _read_act(session, feature, id, actor=actor, at=at)
    properties, act_id = whole["properties"], whole["id"]
    known = _find_known(session, act_id, whole)
    if known is not None:
        return known
    check_unmoved(session, properties["closes"], seen, actor=actor)
    _check_works(session, whole, rows, at)
    if properties["act"] != "lifted":
        reason = str(properties.get("method") or "")
        return Outcome(pending_id=pend(session, whole, action=action, targets=rows, reason=reason, actor=actor, at=at))
    change = add_change(session, "record", at=at, subject=("record", act_id), record_ids=[act_id])
    provenance = Provenance(
        change_number=change, classification=highest(row.classification for row in rows), area=common_area(rows)
    )
    insert_records(session, [whole], provenance)
    details = {"act": "lifted", "closes": properties["closes"]}
    note(session, "close", ("record", act_id), kind="record", actor=actor, at=at, details=details, change=change)
    return Outcome(record_id=act_id, change=change)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingLook:
    """What a closing act would do once two persons have signed it."""

    effect: Effect
    """`before` and `now` are as it stands."""
    covered: float | None
    """Share (0 to 1) of the places where the facts may lie that its area covers; None for an act without an area."""
    profiles: tuple[str, ...]
    """Vehicles it releases the land for; all for an act that states no class."""


def look_at_closing(
    session: Session, host: PictureHost, feature: Mapping[str, Any], *, id: str, actor: Actor
) -> ClosingLook:
    """Return what a closing act would do; nothing is stored. Refuses as `log_closing_act`."""
    now = host.now()
    whole, rows, _ = _read_act(session, feature, id, actor=actor, at=now)
    _check_works(session, whole, rows, now)
    signed = {**whole["properties"], "signed_by": [actor.person, "the second person"]}
    act = parse_record({**whole, "id": f"supposed {id}", "properties": signed})
    covered = [_covered(act.geometry, row, host.policy) for row in rows if act.geometry is not None]
    if not isinstance(act, ClosingAct):
        raise TypeError(f"{act.kind} is no closing act")
    released = [name for name, profile in host.profiles.items() if releases_profile(act, profile)]
    return ClosingLook(
        effect=Bench(session, host, by=actor.person).instead((), [act]), covered=min(covered, default=None),
        profiles=tuple(sorted(released if act.geometry is not None else host.profiles)),
    )  # fmt: skip


def released_circle(centre: tuple[float, float], radius_m: float) -> dict[str, Any]:
    """Return a polygon round a circle, GeoJSON, degrees: no part of the circle lies outside it."""
    angles = np.linspace(0.0, 2 * np.pi, CIRCLE_CORNERS, endpoint=False)
    out = radius_m / np.cos(np.pi / CIRCLE_CORNERS)
    ring = Plane.at(*centre).unproject(out * np.column_stack([np.cos(angles), np.sin(angles)]))
    corners = [[round(float(lon), 7), round(float(lat), 7)] for lon, lat in ring]
    return {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}


def _covered(area: BaseGeometry, row: RecordRow, policy: Policy) -> float:
    """Return the share of a fact's place that an area covers: of its surveyed outline, else of all within its doubt.

    Source: facts format, section 4, "Partial cover".
    """
    fact = parse_record(feature_of(row))
    shape = shape_of(fact)
    if shape is None:
        return 0.0
    centre = shape.centroid
    plane = Plane.at(centre.x, centre.y)
    doubt_m = uncertainty_m(fact.location, policy)
    is_surveyed = fact.location is not None and fact.location.method == "survey"
    place = plane.project_shape(shape)
    if not is_surveyed or not place.area:
        place = place.buffer(max(doubt_m, POINT_M))
    turn = 360.0 * round((centre.x - area.centroid.x) / 360.0)
    released = plane.project_shape(shifted(area, turn)).buffer(RELEASE_MARGIN_M)
    return float(place.intersection(released).area / place.area)


def _read_act(
    session: Session, feature: Mapping[str, Any], id: str, *, actor: Actor, at: int
) -> tuple[dict[str, Any], list[RecordRow], str]:
    """Return the whole act, the facts it names, and what signing it takes."""
    errors: list[FieldError] = []
    whole = _complete(feature, check_uuid(id, "id", errors), actor, at, errors)
    rows = [get_visible_record(session, record_id, actor) for record_id in whole["properties"]["closes"]]
    action = _action(whole["properties"], rows)
    require(actor, action)
    return whole, rows, action


def _complete(
    feature: Mapping[str, Any], act_id: str, actor: Actor, at: int, errors: list[FieldError]
) -> dict[str, Any]:
    properties = feature.get("properties")
    if not isinstance(properties, Mapping) or properties.get("kind") != "closing_act":
        raise InvalidInput.single("properties.kind", repr(properties)[:40], "closing_act")
    errors += [
        FieldError(f"properties.{name}", "given", "nothing: the server sets it")
        for name in ("received", "by", "signed_by")
        if name in properties
    ]
    signed = {"received": format_instant(at), "by": actor.person, "signed_by": [actor.person]}
    whole = {
        "type": "Feature",
        "id": act_id or "new",
        "geometry": feature.get("geometry"),
        "properties": {**properties, **signed},
    }
    good = checked([whole], "", errors)
    if errors:
        raise InvalidInput(errors)
    return good[0]


def _action(properties: Mapping[str, Any], rows: Sequence[RecordRow]) -> str:
    """Return what signing takes; an act ends facts of one kind."""
    kinds = {row.kind for row in rows}
    wrong = kinds - set(TARGET_KINDS[properties["act"]])
    if wrong:
        raise Conflict(f"{properties['act']} does not end a {sorted(wrong)[0]}", why="not_applicable")
    if len({KIND_AUTHORITIES[kind] for kind in kinds}) > 1:
        raise Conflict("one act ends facts of one authority; make an act for each", why="authority")
    kind = sorted(kinds)[0]
    if properties["authority"] not in KIND_AUTHORITIES[kind]:
        raise Conflict(f"{kind}: authority is {' or '.join(KIND_AUTHORITIES[kind])}", why="authority")
    return "improve" if "manual" in kinds else KIND_ACTIONS[kind]


def _find_known(session: Session, act_id: str, whole: Mapping[str, Any]) -> Outcome | None:
    """Return what came of this id before; Conflict when it was another act."""
    pending, row = session.get(PendingAct, act_id), find_record(session, act_id)
    if pending is None and row is None:
        return None
    before: Mapping[str, Any] = pending.feature["properties"] if pending is not None else row.properties  # type: ignore[union-attr]
    if any(before.get(name) != whole["properties"].get(name) for name in ("act", "closes", "authority", "traffic_mlc")):
        raise Conflict(f"closing act {act_id} came before with another body")
    is_waiting = pending is not None and pending.settled_at is None
    return Outcome(pending_id=act_id) if is_waiting else Outcome(record_id=None if row is None else row.id)


def _check_works(session: Session, whole: Mapping[str, Any], rows: Sequence[RecordRow], at: int) -> None:
    """Refuse what can never work."""
    gone = retracted_ids(session, known_at=at) & {row.id for row in rows}
    if gone:
        raise Conflict(f"retracted already: {', '.join(sorted(gone))}", why="not_applicable")
    for row in rows:
        _check_works_on(whole, row, at)


def _check_works_on(whole: Mapping[str, Any], row: RecordRow, at: int) -> None:
    """Refuse what the picture would list as refused, in its order."""
    properties = whole["properties"]
    act, occurred = properties["act"], properties.get("occurred")
    effective = at if occurred is None else min(at, parse_instant(occurred))
    seen = min(m for m in (row.occurred, row.received) if m is not None)
    if act != "erroneous" and effective < seen:
        raise Conflict(f"{act}: the act is older than what it ends ({row.id})", why="not_applicable")
    is_unplaced = row.geometry is None and not (row.location or {}).get("mgrs")
    is_item_at_point = row.properties.get("hazard") == "item" and (
        row.geometry is None or row.geometry.geom_type == "Point"
    )
    if act == "destroyed" and not is_item_at_point:
        raise Conflict(f"destroyed ends one item, not an area ({row.id})", why="not_applicable")
    if act not in LAND_RELEASE:
        return
    if is_unplaced or whole["geometry"] is None:
        raise Conflict(f"{act}: the act and what it ends need a place ({row.id})", why="not_applicable")
    if (properties.get("location") or {}).get("method") != "survey":
        raise Conflict(f"{act}: the released area must be surveyed", why="not_surveyed")
    if act != "cancelled" and properties.get("traffic_mlc") is None:
        raise Conflict(f"{act}: state the traffic class (traffic_mlc) it holds for", why="no_traffic_class")
