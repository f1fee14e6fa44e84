"""Acts that need two persons: the first signature waits here, the second makes the record.

Bad news counts at once; what improves an explosive or physical state takes a second person with the same right.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import ACTIONS, CLASSIFICATIONS, Access, Actor, may, require, visible
from fom.domain.instants import format_instant
from fom.errors import Conflict, NotFound, NotPermitted
from fom.services.writing import note, step
from fom.store.changes import add_change
from fom.store.records import Provenance, find_records, insert_records, retracted_ids
from fom.store.tables import PendingAct, RecordRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an act: the record it made, or the pending act that waits for a second person."""

    record_id: str | None = None
    pending_id: str | None = None
    change: int | None = None
    """None when nothing new happened."""


def pend(
    session: Session,
    feature: Mapping[str, Any],
    *,
    action: str,
    targets: Sequence[RecordRow],
    reason: str,
    actor: Actor,
    at: int,
    change: int | None = None,
) -> str:
    """Store the first signature of an act and return the id under which it waits (the id of the record to be)."""
    session.add(
        PendingAct(
            id=feature["id"],
            kind=feature["properties"]["kind"],
            action=action,
            feature=dict(feature),
            targets=[row.id for row in targets],
            reason=reason,
            classification=highest(row.classification for row in targets),
            area=common_area(targets),
            proposed_by=actor.person,
            proposed_at=at,
        )
    )
    details = {"what": describe(feature), "targets": [row.id for row in targets]}
    note(
        session,
        "propose",
        ("pending", feature["id"]),
        kind="pending",
        actor=actor,
        at=at,
        details=details,
        change=change,
    )
    return str(feature["id"])


def confirm_pending(session: Session, pending_id: str, *, actor: Actor, now: int) -> Outcome:
    """Sign as the second person: the record is made with both signatures and received now.

    Raises
    ------
    NotFound
        No such act for this actor.
    NotPermitted
        The same person, or one without the right that the act takes.
    Conflict
        Settled already, or one of its targets was retracted meanwhile.
    """
    at = step(session, now)
    act = _get_open(session, pending_id, actor)
    if not _may_confirm(act, actor):
        require(actor, act.action)
    if act.proposed_by == actor.person:
        raise NotPermitted("two_persons: somebody else must confirm what you proposed")
    gone = retracted_ids(session, known_at=at) & set(act.targets)
    if gone:
        raise Conflict(f"retracted meanwhile: {', '.join(sorted(gone))}", why="overtaken")
    feature = _with_signatures(act, [act.proposed_by, actor.person], at)
    change = add_change(session, "record", at=at, subject=("record", act.id), record_ids=[act.id])
    provenance = Provenance(change_number=change, classification=act.classification, area=act.area)
    insert_records(session, [feature], provenance)
    act.settled_by, act.settled_at, act.outcome, act.record_id = actor.person, at, "confirmed", act.id
    details = {"what": describe(feature), "targets": act.targets, "proposed_by": act.proposed_by}
    note(session, "confirm", ("pending", act.id), kind="record", actor=actor, at=at, details=details, change=change)
    return Outcome(record_id=act.id, change=change)


def confirm_together(
    session: Session, pending_ids: Sequence[str], *, subject: tuple[str, str], actor: Actor, at: int
) -> int:
    """Sign as the second person for acts that belong together, as one change; return how many records were made.

    An act whose target was retracted meanwhile falls by itself. Refuses as `confirm_pending`.
    """
    acts = [_get_open(session, pending_id, actor) for pending_id in pending_ids]
    for act in acts:
        if not _may_confirm(act, actor):
            require(actor, act.action)
        if act.proposed_by == actor.person:
            raise NotPermitted("two_persons: somebody else must confirm what you proposed")
    absent = retracted_ids(session, known_at=at)
    made = [act for act in acts if not absent & set(act.targets)]
    change = add_change(session, "record", at=at, subject=subject, record_ids=[act.id for act in made])
    for act in acts:
        act.settled_by, act.settled_at = actor.person, at
        act.outcome, act.record_id = ("confirmed", act.id) if act in made else ("overtaken", None)
    for classification, area in sorted({(act.classification, act.area or "") for act in made}):
        group = [act for act in made if (act.classification, act.area or "") == (classification, area)]
        features = [_with_signatures(act, [act.proposed_by, actor.person], at) for act in group]
        provenance = Provenance(change_number=change, classification=classification, area=area or None)
        insert_records(session, features, provenance)
    details = {"acts": [act.id for act in made], "proposed_by": sorted({act.proposed_by for act in acts})}
    note(session, "confirm", subject, kind="record", actor=actor, at=at, details=details, change=change)
    return len(made)


def withdraw_pending(session: Session, pending_id: str, *, reason: str, actor: Actor, now: int) -> None:
    """Let a proposed act fall: by who proposed it, or by who might have confirmed it."""
    at = step(session, now)
    act = _get_open(session, pending_id, actor)
    if act.proposed_by != actor.person:
        require(actor, act.action)
    act.settled_by, act.settled_at, act.outcome = actor.person, at, "withdrawn"
    note(session, "withdraw", ("pending", act.id), kind="pending", actor=actor, at=at, details={"reason": reason})


def list_pending(session: Session, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the acts that wait and that the actor may see, oldest first."""
    query = select(PendingAct).where(PendingAct.settled_at.is_(None)).order_by(PendingAct.proposed_at, PendingAct.id)
    acts = [act for act in session.scalars(query) if _may_see(act, actor)]
    kinds = {row.id: row.kind for row in find_records(session, {target for act in acts for target in act.targets})}
    return [_summary(act, actor, kinds) for act in acts]


def list_pending_of(session: Session, record_ids: Sequence[str], *, actor: Actor) -> list[dict[str, Any]]:
    """Return the waiting acts that name one of the records."""
    wanted = set(record_ids)
    return [summary for summary in list_pending(session, actor=actor) if wanted & set(summary["targets"])]


def describe(feature: Mapping[str, Any]) -> str:
    """Return in a word or two what an act does, for lists and the audit."""
    properties = feature["properties"]
    detail = properties.get("act") or properties.get("grade") or properties.get("mode") or ""
    return f"{properties['kind']} {detail}".strip()


def highest(classifications: Any) -> str:
    """Return the highest of some classifications; confidential when there are none."""
    return max(classifications, key=CLASSIFICATIONS.index, default="confidential")


def common_area(rows: Sequence[RecordRow]) -> str | None:
    """Return the area that all rows share, None when they do not."""
    areas = {row.area for row in rows}
    return areas.pop() if len(areas) == 1 else None


def new_id() -> str:
    """Return a fresh id for what the server itself makes."""
    return str(uuid.uuid4())


def _get_open(session: Session, pending_id: str, actor: Actor) -> PendingAct:
    act = session.get(PendingAct, pending_id, populate_existing=True)
    if act is None or not _may_see(act, actor):
        raise NotFound("pending act", pending_id)
    if act.settled_at is not None:
        raise Conflict(f"this act was {act.outcome} already", outcome=act.outcome, record_id=act.record_id)
    return act


def _may_confirm(act: PendingAct, actor: Actor) -> bool:
    """The first signature is the trade's own; the second may also be the chief JOC's, who answers for the road."""
    return may(actor, act.action) or (act.kind == "closing_act" and may(actor, "countersign"))


def _may_see(act: PendingAct, actor: Actor) -> bool:
    return act.proposed_by == actor.person or (
        _may_confirm(act, actor) and visible(actor, Access(act.classification, act.area, act.proposed_by))
    )


def _with_signatures(act: PendingAct, persons: list[str], at: int) -> dict[str, Any]:
    feature = dict(act.feature)
    properties = dict(feature["properties"]) | {"received": format_instant(at)}
    if act.kind in ("closing_act", "retraction", "manual"):
        properties["signed_by"] = persons
    properties["meta"] = {**(properties.get("meta") or {}), "proposed": format_instant(act.proposed_at)}
    return {**feature, "properties": properties}


def why_it_waits(act: PendingAct, kinds: Mapping[str, str]) -> str:
    """Return the code of why one person is not enough. `kinds` of its targets by id.

    `many_segments`, or `closes`, `retracts` or `lowers` (the confidence of), followed by the kind of what it is about.
    """
    if act.kind == "manual" or (act.feature["properties"].get("meta") or {}).get("improves_segments"):
        return "many_segments"
    about = sorted(kinds.get(target, "record") for target in act.targets)
    verb = {"closing_act": "closes", "retraction": "retracts", "grade": "lowers"}[act.kind]
    return f"{verb}_{about[0] if about else 'record'}"


def _summary(act: PendingAct, actor: Actor, kinds: Mapping[str, str]) -> dict[str, Any]:
    return {
        "why": why_it_waits(act, kinds),
        "second": ACTIONS[act.action],
        "id": act.id,
        "kind": act.kind,
        "what": describe(act.feature),
        "said": _said(act),
        "area": act.feature["geometry"],
        "targets": act.targets,
        "reason": act.reason,
        "proposed_by": act.proposed_by,
        "proposed_at": format_instant(act.proposed_at),
        "may_confirm": act.proposed_by != actor.person and _may_confirm(act, actor),
    }


SAID = ("occurred", "authority", "organisation", "reference", "method", "depth_cm", "traffic_mlc", "limits")
"""What the second person must read of a closing act, in order."""


def _said(act: PendingAct) -> dict[str, Any]:
    properties = act.feature["properties"]
    said = {**(properties.get("meta") or {}), **properties} if act.kind == "closing_act" else {}
    return {name: said[name] for name in SAID if said.get(name) is not None}
