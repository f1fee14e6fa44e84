"""The JOC's own hand: worsen at once, improve within limits; and what it states about areas (threat, season).

Source: doctrine, section 3.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.instants import HOUR_US, format_instant
from fom.domain.states import Component, State
from fom.errors import Conflict, FieldError, InvalidInput
from fom.services.drafts import check_uuid, checked
from fom.services.former_names import named_in_use
from fom.services.pending import Outcome, pend
from fom.services.picture_host import PictureHost
from fom.services.record_checks import check_references
from fom.services.writing import note, step
from fom.store.changes import add_change
from fom.store.records import Provenance, existing_ids, insert_records
from fom.store.tables import PendingAct

BULK_SEGMENTS = 50
"""Improving more segments than this at once takes a second person."""
IMPROVED_STATES = (State.AMBER, State.GREY, State.RED)
CLOSING_ACTS = {
    "explosive": ("cancelled", "reduced", "cleared", "destroyed", "erroneous"),
    "physical": ("repaired", "erroneous"),
}
"""Component -> acts that would end what holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualDraft:
    """A state set by hand. `segments` are ids of whole segments; `geometry` a GeoJSON area (worsening only)."""

    id: str
    mode: str
    state: str
    reason: str
    expires: int | None = None
    segments: tuple[str, ...] = ()
    geometry: Mapping[str, Any] | None = None
    classification: str = "confidential"
    area: str | None = None
    profile: str = "P3"
    """Profile and user class for which the limits of an improvement are looked at; the picture keeps them for all."""
    user_class: str = "mission_military"


def set_manual_state(session: Session, draft: ManualDraft, *, actor: Actor, now: int, host: PictureHost) -> Outcome:
    """Worsen at once, or improve for at most 24 h to AMBER at best; more than 50 segments wait for a second person.

    Raises
    ------
    InvalidInput
        A bad member, an improvement without segments, without expiry, or to GREEN.
    NotPermitted
        Improving takes the chief JOC.
    Conflict
        An explosive RED or BLACK or a physical BLACK cannot be improved by hand; `details["segments"]` names for each
        the facts that hold it and the closing acts that would end them.
    """
    errors: list[FieldError] = []
    record_id = check_uuid(draft.id, "id", errors)
    if draft.mode not in ("worsen", "improve"):
        errors.append(FieldError("mode", draft.mode, "worsen or improve"))
    if errors:
        raise InvalidInput(errors)
    require(actor, draft.mode)
    at = step(session, now)
    if session.get(PendingAct, record_id) is not None:
        return Outcome(pending_id=record_id)
    if existing_ids(session, [record_id]):
        return Outcome(record_id=record_id)
    feature = _feature(draft, record_id, actor, at)
    if draft.mode == "worsen":  # an improvement names whole segments: who improves looks at the map in use
        (feature,) = named_in_use([feature], host.names)
    check_references(session, [feature], host.network)
    if draft.mode == "improve":
        _check_improvement(draft, at, host)
        if len(set(draft.segments)) > BULK_SEGMENTS:
            pending = pend(session, feature, action="improve", targets=[], reason=draft.reason, actor=actor, at=at)
            return Outcome(pending_id=pending)
    details = {"mode": draft.mode, "state": draft.state, "segments": len(draft.segments)}
    return _write(session, "set_manual_state", feature, draft.classification, draft.area, actor, at, details)


def record_area_statement(
    session: Session,
    feature: Mapping[str, Any],
    *,
    id: str,
    actor: Actor,
    now: int,
    classification: str = "confidential",
) -> Outcome:
    """State the threat level or the season of an area (facts format, kinds `threat_area` and `season`)."""
    require(actor, "set_areas")
    errors: list[FieldError] = []
    record_id = check_uuid(id, "id", errors)
    at = step(session, now)
    properties = feature.get("properties")
    if not isinstance(properties, Mapping) or properties.get("kind") not in ("threat_area", "season"):
        raise InvalidInput.single("properties.kind", repr(properties)[:40], "threat_area or season")
    common = {"received": format_instant(at), "by": actor.person}
    whole = {
        "type": "Feature",
        "id": record_id or "new",
        "geometry": feature.get("geometry"),
        "properties": {**properties, **common},
    }
    good = checked([whole], "", errors)
    if errors:
        raise InvalidInput(errors)
    if existing_ids(session, [record_id]):
        return Outcome(record_id=record_id)
    details = {"kind": properties["kind"]}
    return _write(session, "record_area_statement", good[0], classification, None, actor, at, details)


def _feature(draft: ManualDraft, record_id: str, actor: Actor, at: int) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "kind": "manual",
        "received": format_instant(at),
        "by": actor.person,
        "mode": draft.mode,
        "state": draft.state,
        "role": "chief_joc" if "chief_joc" in actor.roles else "duty_officer",
        "reason": draft.reason,
        "signed_by": [actor.person],
    }
    if draft.expires is not None:
        properties["expires"] = format_instant(draft.expires)
    if draft.segments:
        properties["segments"] = [{"id": segment_id} for segment_id in draft.segments]
    if draft.geometry is not None:
        properties["location"] = {"method": "survey", "uncertainty_m": 0}
    errors: list[FieldError] = []
    if not draft.reason.strip():
        errors.append(FieldError("reason", "nothing", "why the state is set by hand"))
    whole = {"type": "Feature", "id": record_id, "geometry": draft.geometry, "properties": properties}
    good = checked([whole], "", errors)
    if errors:
        raise InvalidInput(errors)
    return good[0]


def _check_improvement(draft: ManualDraft, at: int, host: PictureHost) -> None:
    errors = []
    if not draft.segments or draft.geometry is not None:
        errors.append(FieldError("segments", "none" if not draft.segments else "an area", "whole segments by id"))
    if State[draft.state] not in IMPROVED_STATES:
        errors.append(FieldError("state", draft.state, "AMBER, GREY or RED: GREEN is earned by passage only"))
    longest = at + int(host.edition_at(at).policy.override_max_h * HOUR_US)
    if draft.expires is None or not at < draft.expires <= longest:
        came = "nothing" if draft.expires is None else format_instant(draft.expires)
        errors.append(FieldError("expires", came, f"after now, not after {format_instant(longest)}"))
    if errors:
        raise InvalidInput(errors)
    held = _held_segments(draft, host)
    if held:
        first = held[0]
        raise Conflict(
            f"{first['segment_id']}: {first['component']} is not lifted by hand; it takes a closing act "
            f"({', '.join(first['closing_acts'])}) on {', '.join(first['fact_ids'])}",
            segments=held,
        )


def _held_segments(draft: ManualDraft, host: PictureHost) -> list[dict[str, Any]]:
    """Return the segments that an improvement cannot help, with the facts that hold them."""
    numbers = [host.network.find_segment(segment_id) for segment_id in dict.fromkeys(draft.segments)]
    question = host.question(profile=draft.profile, user_class=draft.user_class)
    assessment = host.assess(question, [number for number in numbers if number is not None])
    held: dict[tuple[str, str], set[str]] = {}
    for number in assessment.segments:
        for direction in (0,) if host.network.is_oneway[number] else (0, 1):
            for reason in assessment.reasons(int(number), direction):
                is_explosive = reason.component == Component.EXPLOSIVE and reason.state >= State.RED
                is_physical = reason.component == Component.PHYSICAL and reason.state == State.BLACK
                if is_explosive or is_physical:
                    key = (host.network.segment_id(int(number)), reason.component.code)
                    held.setdefault(key, set()).update(reason.fact_ids)
    return [
        {"segment_id": s, "component": c, "fact_ids": sorted(ids), "closing_acts": list(CLOSING_ACTS[c])}
        for (s, c), ids in held.items()
    ]


def _write(
    session: Session,
    action: str,
    feature: Mapping[str, Any],
    classification: str,
    area: str | None,
    actor: Actor,
    at: int,
    details: Mapping[str, Any],
) -> Outcome:
    record_id = feature["id"]
    change = add_change(session, "record", at=at, subject=("record", record_id), record_ids=[record_id])
    provenance = Provenance(change_number=change, classification=classification, area=area)
    insert_records(session, [feature], provenance)
    note(session, action, ("record", record_id), kind="record", actor=actor, at=at, details=details, change=change)
    return Outcome(record_id=record_id, change=change)
