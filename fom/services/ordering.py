"""Controls that the mission imposes: looked at before they are ordered, ordered, lifted, and told to the public.

An order is a control record: it has an owner, a reason, a start, an end and a public text (doctrine, section 3.4).
What the public sees is chosen member by member (`PUBLIC`), never left over from the whole. Source: requirements K1, K3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.facts_file import parse_record
from fom.domain.instants import DAY_US, HOUR_US, format_instant, parse_instant
from fom.domain.profiles import MISSION_CLASSES, USER_CLASSES
from fom.domain.records import Control
from fom.domain.recurring import windows_at
from fom.domain.spans import at_tick, to_us
from fom.errors import Conflict, FieldError, InvalidInput
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.services.closing import log_closing_act
from fom.services.differences import Side, find_difference
from fom.services.drafts import check_uuid, checked
from fom.services.former_names import named_in_use
from fom.services.hypotheses import Hypothesis, assume
from fom.services.pending import Outcome
from fom.services.picture_host import PictureHost
from fom.services.record_checks import check_references
from fom.services.record_reads import list_records
from fom.services.registers import get_register
from fom.services.writing import note, step
from fom.store.changes import add_change
from fom.store.records import Provenance, feature_of, find_record, insert_records, list_present
from fom.store.tables import ControlPoint

EFFECTS = ("prohibited", "permission", "escort")
EVERYTHING = 2**62
"""As known: all that was received."""
GRADE = "A1"
"""Of an order that those wrote who gave it."""
LONGEST_US = 366 * DAY_US
"""An order that is to hold longer is ordered again, so that somebody asks again why. Project decision."""
FRESH_MAX_H = 2160.0
"""Verifications are held no longer than any mission may let them count (bounds of the policy)."""
TURNS_MAX = 2
"""So many moments at which other controls begin or end are looked at beside the first and the last hour."""
PEOPLE_CLASSES = ("civil_population", "humanitarian", "medical")
"""For whom a look ahead counts who would be cut off: humanitarian considerations decide (requirement K3)."""
PUBLIC = ("public_text", "start", "end", "recurring")
"""Members of an order that the public sees, beside the place as it was worded for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDraft:
    """An order as written down; times are microseconds, `id` the client's UUID.

    It lies on an area of the register, or on `segments` `[{id, from_m, to_m}]`.
    """

    id: str
    effect: str
    exempt: tuple[str, ...]
    """User classes that it does not apply to."""
    owner: str
    reason: str
    start: int | None
    end: int | None
    public_text: str
    public_place: str
    area_id: str | None = None
    segments: tuple[Mapping[str, Any], ...] = ()
    recurring: Mapping[str, Any] | None = None
    classification: str = "confidential"

    @property
    def user_classes(self) -> tuple[str, ...]:
        """Return the classes that it applies to."""
        return tuple(name for name in USER_CLASSES if name not in self.exempt)


def look_ahead(session: Session, host: PictureHost, draft: OrderDraft, *, actor: Actor) -> list[dict[str, Any]]:
    """Return who would be cut off, now and over the window of the order, without writing anything.

    One answer for each of population, humanitarian and medical that it applies to, else for the mission:
    `{user_class, views, worst}`. A view is `{at, is_now, people, air_heads, routes}` as in `find_difference`: the first
    asks of the roads as they stand, as if the order held now; the others of moments at which it will hold, with what is
    known to begin and end by then. Nobody knows who will drive which road by then, so roads stay as verified there as
    they are now (`_kept_fresh`). `worst` is the view that cuts most people off.

    Raises
    ------
    InvalidInput
        As `order_control`.
    """
    require(actor, "order_controls")
    classes = [name for name in PEOPLE_CLASSES if name in draft.user_classes]
    if not classes:
        classes = [name for name in draft.user_classes if name in MISSION_CLASSES][:1] or list(draft.user_classes[:1])
    now = host.now()
    feature = _feature(session, draft, actor, now)
    control = parse_record(feature)
    moments = _moments(host, control, now) if isinstance(control, Control) else []
    found = []
    for user_class in classes:
        asked = host.question(user_class=user_class)
        views = [_view(session, host, _as_if_now(feature, asked.at, draft.end), asked, actor, is_now=True)]
        views += [
            _view(session, host, _kept(feature), replace(asked, at=moment), actor, is_now=False) for moment in moments
        ]
        worst = max(views, key=lambda view: sum(one["population"] or 0 for one in view["people"]["cut_off"]))
        found.append({"user_class": user_class, "views": views, "worst": worst})
    return found


def _view(
    session: Session, host: PictureHost, feature: Mapping[str, Any], question: Question, actor: Actor, *, is_now: bool
) -> dict[str, Any]:
    picture = host.picture_for(question)
    if not is_now:
        picture = _kept_fresh(picture, question.at - host.now())
    assumed = assume(session, host, picture, Hypothesis(add=(feature,)), question, actor=actor)
    before = Side(host, question) if is_now else Side(host, question, picture)
    after = Side(host, assumed.question, assumed.picture, assumed.own)
    answer = find_difference(session, host, before, after, actor=actor)
    told = {name: answer[name] for name in ("people", "air_heads", "routes")}
    return {"at": format_instant(question.at), "is_now": is_now, **told}


def _kept(feature: Mapping[str, Any]) -> dict[str, Any]:
    """Return an order as a hypothesis takes it: without who wrote it when, for that is said there."""
    said = {k: v for k, v in feature["properties"].items() if k not in ("received", "by", "meta")}
    return {**feature, "id": None, "properties": said}


def _as_if_now(feature: Mapping[str, Any], at: int, end: int | None) -> dict[str, Any]:
    """Return an order as if it held at a moment, at all hours."""
    kept = _kept(feature)
    said = {k: v for k, v in kept["properties"].items() if k != "recurring"}
    said |= {"start": format_instant(at), "end": format_instant(max(at + DAY_US, end or 0))}
    return {**kept, "properties": said}


def _kept_fresh(picture: Picture, ahead_us: int) -> Picture:
    """Return the picture with verifications that hold by so much longer: as if somebody kept driving what is driven.

    Without it every road of next week is unknown, an order would cut nobody off, and that would read as an all-clear.
    """
    hours = max(ahead_us, 0) / HOUR_US

    def longer(held_h: Mapping[str, float]) -> Mapping[str, float]:
        return MappingProxyType({key: min(value + hours, FRESH_MAX_H) for key, value in held_h.items()})

    policy = picture.policy
    held = replace(policy, verification_h=longer(policy.verification_h), wet_h=longer(policy.wet_h))
    return picture.under(held, picture.profiles)


def _moments(host: PictureHost, control: Control, now: int) -> list[int]:
    """Return the moments at which an order is looked at: its first and last hour, and where other controls turn.

    Empty for one that holds from now on at all hours until something changes: now tells it.
    """
    first = _in_force_from(control, max(control.start or now, now))
    if first is None:
        raise InvalidInput.single("recurring", "no such hour from start to end", "hours at which the order ever holds")
    end = control.end if control.end is not None else first
    last = _in_force_from(control, max(first, end - DAY_US)) or first
    with host.reading() as picture:
        others = [r for r in picture.survey(now).known(Control.kind) if isinstance(r, Control)]
    turns = sorted({t for r in others for t in (r.start, r.end) if t is not None and first < t < end})
    between = [t for t in (_in_force_from(control, turn + 1) for turn in turns[:TURNS_MAX]) if t is not None]
    return sorted({first, last, *between} - {now})


def _in_force_from(control: Control, moment: int) -> int | None:
    """Return the first moment from one on at which an order holds, None when it holds no more."""
    start, end = control.start or moment, control.end if control.end is not None else LONGEST_US + moment
    moment = max(moment, start)
    if moment > end:
        return None
    if control.recurring is None:
        return moment
    tick, none = np.array([at_tick(moment)]), np.zeros(1, np.int64)
    is_in, change = windows_at(control.recurring, (start, end), tick, none)
    begins = moment if is_in[0] else to_us(int(change[0]))
    return begins if begins <= end else None


def order_control(session: Session, draft: OrderDraft, *, actor: Actor, now: int, host: PictureHost) -> Outcome:
    """Write an order of the mission; the same again gives the first result.

    Raises
    ------
    InvalidInput
        Every member that is missing or cannot be used: no end, an end that is past, nobody it applies to.
    NotFound
        No such area for this actor.
    Conflict
        Another record has this id.
    """
    require(actor, "order_controls")
    errors: list[FieldError] = []
    order_id = check_uuid(draft.id, "id", errors)
    if errors:
        raise InvalidInput(errors)
    at = step(session, now)
    feature = _feature(session, draft, actor, at)
    known = find_record(session, order_id)
    if known is not None:
        before = feature_of(known)
        same = all(before["properties"].get(name) == feature["properties"].get(name) for name in _ESSENCE)
        if not same or before["geometry"] != feature["geometry"]:
            raise Conflict(f"order {order_id} came before with another body")
        return Outcome(record_id=order_id)
    (feature,) = named_in_use([feature], host.names)
    check_references(session, [feature], host.network)
    written = parse_record(feature)
    if isinstance(written, Control) and _in_force_from(written, at) is None:
        raise InvalidInput.single("recurring", "no such hour from start to end", "hours at which the order ever holds")
    change = add_change(session, "record", at=at, subject=("record", order_id), record_ids=[order_id])
    provenance = Provenance(change_number=change, classification=draft.classification)
    insert_records(session, [feature], provenance)
    details = {"owner": draft.owner, "effect": draft.effect, "exempt": list(draft.exempt)}
    note(session, "order_control", ("record", order_id), kind="record", actor=actor, at=at, details=details,
         change=change)  # fmt: skip
    return Outcome(record_id=order_id, change=change)


_ESSENCE = (
    "kind", "control", "effect", "user_classes", "start", "end", "recurring", "segments", "owner", "reason",
    "public_text",
)  # fmt: skip


def lift_control(session: Session, order_id: str, *, id: str, actor: Actor, now: int) -> Outcome:
    """Lift an order before its end; counts at once."""
    properties = {"kind": "closing_act", "act": "lifted", "closes": [order_id], "authority": "joc"}
    feature = {"type": "Feature", "geometry": None, "properties": properties}
    return log_closing_act(session, feature, id=id, actor=actor, now=now)


def list_orders(session: Session, *, actor: Actor, at: int) -> list[dict[str, Any]]:
    """Return the mission's own orders that the actor may see, those in force first, then coming, ended and lifted."""
    records = list_records(session, actor=actor, kinds=("control",), known_at=at)
    orders = [record for record in records if _is_own_order(record["properties"])]
    lifted = _lifted(session, [record["id"] for record in orders], at)
    found = [_order_dict(record, lifted.get(record["id"]), at) for record in orders]
    return sorted(found, key=lambda order: (PHASES.index(order["phase"]), order["end"], order["id"]))


PHASES = ("in_force", "coming", "ended", "lifted")


def list_public_controls(session: Session, *, at: int) -> list[dict[str, Any]]:
    """Return what anybody may know of our orders and control points that hold or will.

    `place, public_text, start, end, recurring, is_coming`.
    """
    rows = list_present(session, ["control"], known_at=EVERYTHING)
    orders = [feature_of(row) for row in rows if _is_own_order(row.properties)]
    lifted = _lifted(session, [order["id"] for order in orders], EVERYTHING)
    found = []
    for order in orders:
        said = order["properties"]
        if order["id"] in lifted or parse_instant(said["end"]) < at:
            continue
        place = (said.get("meta") or {}).get("public_place")
        told = {name: said.get(name) for name in PUBLIC}
        is_coming = parse_instant(said["start"]) > at
        found.append({"place": place if isinstance(place, str) else None, "is_coming": is_coming, **told})
    points = select(ControlPoint).where(ControlPoint.run_by == "mission", ControlPoint.ends_at >= at)
    found += [
        {
            "place": point.public_place, "is_coming": point.starts_at > at, "public_text": point.public_text,
            "start": format_instant(point.starts_at), "end": format_instant(point.ends_at), "recurring": None,
        }
        for point in session.scalars(points)
        if point.starts_at is not None and point.ends_at is not None
    ]  # fmt: skip
    return sorted(found, key=lambda told: (told["start"], told["end"], told["public_text"]))


def _is_own_order(said: Mapping[str, Any]) -> bool:
    return said.get("control") == "order" and said.get("imposed_by") == "mission"


def _lifted(session: Session, ids: Sequence[str], at: int) -> dict[str, str]:
    """Return order -> moment at which it was lifted or called an error, for those that were."""
    acts = list_present(session, ["closing_act"], known_at=at, about=ids) if ids else []
    ended: dict[str, str] = {}
    for act in acts:
        is_signed = act.properties["act"] == "lifted" or len(set(act.signed_by or ())) >= 2
        if is_signed and act.received is not None:
            ended |= dict.fromkeys(act.properties["closes"], format_instant(act.occurred or act.received))
    return ended


def _order_dict(record: Mapping[str, Any], lifted_at: str | None, at: int) -> dict[str, Any]:
    said = record["properties"]
    start, end = parse_instant(said["start"]), parse_instant(said["end"])
    phase = "lifted" if lifted_at else "ended" if end < at else "coming" if start > at else "in_force"
    meta = said.get("meta") or {}
    applies = set(USER_CLASSES) if "all" in said["user_classes"] else set(said["user_classes"])
    return {
        "id": record["id"], "phase": phase, "effect": said["effect"], "owner": said["owner"], "reason": said["reason"],
        "start": said["start"], "end": said["end"], "recurring": said.get("recurring"),
        "public_text": said["public_text"], "public_place": meta.get("public_place"), "area_id": meta.get("area_id"),
        "applies_to": [name for name in USER_CLASSES if name in applies],
        "exempt": [name for name in USER_CLASSES if name not in applies], "by": said.get("by"), "lifted_at": lifted_at,
        "segments": len(said.get("segments") or ()), "handling": record["handling"],
    }  # fmt: skip


def _feature(session: Session, draft: OrderDraft, actor: Actor, at: int) -> dict[str, Any]:
    """Return the order as a whole feature; every bad member at once."""
    errors = list(_faults(draft, at))
    geometry = None
    if draft.area_id:
        geometry = get_register(session, "area", draft.area_id, actor=actor)["geometry"]
    properties: dict[str, Any] = {
        "kind": "control", "control": "order", "effect": draft.effect, "received": format_instant(at),
        "by": actor.person, "grade": GRADE, "imposed_by": "mission", "user_classes": list(draft.user_classes),
        "owner": draft.owner.strip(), "reason": draft.reason.strip(), "public_text": draft.public_text.strip(),
        "meta": {"public_place": draft.public_place.strip(), "area_id": draft.area_id},
    }  # fmt: skip
    for name, moment in (("start", draft.start), ("end", draft.end)):
        if moment is not None:
            properties[name] = format_instant(moment)
    if draft.recurring is not None:
        properties["recurring"] = dict(draft.recurring)
    if geometry is not None:
        properties["location"] = {"method": "survey", "uncertainty_m": 0}
    else:
        properties["segments"] = [dict(stretch) for stretch in draft.segments]
    if errors:
        raise InvalidInput(errors)
    good = checked([{"type": "Feature", "id": draft.id, "geometry": geometry, "properties": properties}], "", errors)
    if errors:
        raise InvalidInput([replace(e, field=e.field.removeprefix("properties.")) for e in errors])
    return good[0]


def _faults(draft: OrderDraft, at: int) -> list[FieldError]:
    errors = []
    if draft.effect not in EFFECTS:
        errors.append(FieldError("effect", draft.effect[:40] or "nothing", "one of " + ", ".join(EFFECTS)))
    errors += [FieldError("exempt", name[:40], "user classes") for name in draft.exempt if name not in USER_CLASSES]
    if not draft.user_classes:
        errors.append(FieldError("exempt", "every user class", "at least one class that the order applies to"))
    texts = {
        "owner": (draft.owner, 200, "who answers for the order"), "reason": (draft.reason, 2000, "why it is ordered"),
        "public_text": (draft.public_text, 2000, "what people are told"),
        "public_place": (draft.public_place, 200, "where it holds, in words for everybody"),
    }  # fmt: skip
    for name, (text, longest, expected) in texts.items():
        if not 0 < len(text.strip()) <= longest or "\x00" in text:
            errors.append(FieldError(name, text.strip()[:40] or "nothing", expected))
    if draft.start is None:
        errors.append(FieldError("start", "nothing", "the moment from which it holds"))
    if draft.end is None:
        errors.append(FieldError("end", "nothing", "a moment at which it ends: no control of ours is without an end"))
    elif draft.end <= max(at, draft.start or 0):
        errors.append(FieldError("end", format_instant(draft.end), "a moment after the start and after now"))
    elif draft.start is not None and draft.end > draft.start + LONGEST_US:
        errors.append(FieldError("end", format_instant(draft.end), "within a year of the start; order it again then"))
    if bool(draft.area_id) == bool(draft.segments):
        came = "both" if draft.area_id else "neither"
        errors.append(FieldError("area_id", came, "either an area of the register or a part of a key route"))
    return errors
