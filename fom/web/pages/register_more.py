"""What the page of a register's row shows beside its members: what follows from other records and registers."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, may, visible
from fom.domain.instants import parse_instant
from fom.domain.profiles import USER_CLASSES
from fom.services.air_heads import approved_types, by_type, closed_by_hand, stand
from fom.services.area_statements import list_statements, list_taken_back, wet_places
from fom.services.assets import resources_of_routes, touched_by_stores
from fom.services.crossings import list_crossings
from fom.services.ordering import list_orders
from fom.services.registers import list_register
from fom.services.route_lines import preview_course
from fom.services.route_studies import list_studies
from fom.web.edge import edge
from fom.web.pages.moment_fields import moment_text
from fom.web.pages.register_forms import positions_text


def _key_route_more(session: Session, row: Mapping[str, Any], actor: Actor, now: int) -> dict[str, Any]:
    network = edge().host.network
    studies = list_studies(session, actor=actor, route_id=row["id"])
    course = preview_course(network, row["segments"] or [], studies, at=now)
    return {
        "feature": course.pop("feature") if course["length_m"] else None,
        "course": course,
        "studies": studies,
        "is_study_overdue": bool(studies) and parse_instant(studies[0]["review_by"]) < now,
        "resources": resources_of_routes(session, network, actor=actor).get(row["id"], []),
        "via_text": positions_text(row["via"]),
        "may_study": may(actor, "study_routes"),
    }


def _air_head_more(session: Session, row: Mapping[str, Any], actor: Actor, now: int) -> dict[str, Any]:
    is_wet = bool(wet_places(session, {row["id"]: (row["lon"], row["lat"])}, at=now))
    with edge().host.reading() as picture:
        survey = picture.survey(now)
    (standing,) = stand(session, [row], survey, at=now, known_at=now)
    if standing["why"] == "explosive" and not visible(actor, edge().host.access_of(standing["ref"])):
        standing["ref"] = None
    closings = closed_by_hand(session, known_at=now, air_head_id=row["id"]).get(row["id"], [])
    return {
        "standing": standing,
        "closings": [one for one in closings if one.end is None or one.end > now],
        "service": by_type(session, row, survey, is_wet=is_wet, at=now, known_at=now),
        "is_wet": is_wet,
        "approvals": {approval["type"]: approval for approval in row["approvals"] or []},
        "approved": approved_types(row),
        "may_approve": may(actor, "approve_aircraft"),
    }


def _crossing_more(session: Session, row: Mapping[str, Any], actor: Actor, now: int) -> dict[str, Any]:
    rows = list_crossings(session, edge().host, actor=actor, at=now)
    return {"standing": next(one for one in rows if one["id"] == row["id"])}


def _site_more(session: Session, row: Mapping[str, Any], actor: Actor, _: int) -> dict[str, Any]:
    if row["kind"] == "strategic_resource":
        return {"points": list_register(session, "control_point", actor=actor, site=row["id"])}
    if row["kind"] != "ammunition_storage":
        return {}
    return {"touched": touched_by_stores(session, edge().host.network, actor=actor).get(row["id"])}


def _area_more(session: Session, row: Mapping[str, Any], actor: Actor, now: int) -> dict[str, Any]:
    threats = [t for t in list_statements(session, "threat_area", actor=actor, at=now) if t["area_id"] == row["id"]]
    orders = [order for order in list_orders(session, actor=actor, at=now) if order["area_id"] == row["id"]]
    return {
        "threats": threats, "orders": orders,
        "points": list_register(session, "control_point", actor=actor, zone=row["id"]),
        "taken_back": [
            one for one in list_taken_back(session, "threat_area", actor=actor, at=now) if one["area_id"] == row["id"]
        ],
        "may_retract": may(actor, "retract"), "person": actor.person, "may_state": may(actor, "set_areas"),
        "may_order": may(actor, "order_controls"), "now_text": moment_text(now), "new_id": str(uuid.uuid4()),
        "user_classes": USER_CLASSES,
    }  # fmt: skip


MORE: Mapping[str, Callable[[Session, Mapping[str, Any], Actor, int], dict[str, Any]]] = {
    "key_route": _key_route_more, "air_head": _air_head_more, "crossing": _crossing_more, "site": _site_more,
    "area": _area_more,
}  # fmt: skip
"""Register -> what its page shows beside the members."""
