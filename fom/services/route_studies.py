"""Studies of key routes: signed, listed, and how much of the key routes they cover (indicator A1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import CLASSIFICATIONS, Actor, require, visible
from fom.domain.inspections import REVIEW_MAX_US, SKEW_US
from fom.domain.instants import format_instant
from fom.domain.route_class import parse_route_class
from fom.domain.route_studies import parse_points, studied_share
from fom.errors import Conflict, FieldError, InvalidInput
from fom.network.network import Network
from fom.services.drafts import check_uuid
from fom.services.registers import get_register, list_register
from fom.services.writing import note, step
from fom.store.tables import RouteStudy


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyDraft:
    """A study as written down; times are microseconds, `id` the client's UUID."""

    id: str
    route_id: str
    author: str
    studied_at: int
    review_by: int
    summary: str
    points: Sequence[Any] = ()
    stated_class: str = ""
    classification: str = "confidential"


def sign_study(session: Session, draft: StudyDraft, *, actor: Actor, now: int, network: Network) -> dict[str, Any]:
    """Keep a study under the name of who signs it, and return it; the same again gives the first result.

    Raises
    ------
    InvalidInput
        Every bad member: a point off the route, a review not within a year, no summary.
    NotFound
        No such key route for this actor.
    Conflict
        Another study has this id.
    """
    require(actor, "study_routes")
    errors: list[FieldError] = []
    study_id = check_uuid(draft.id, "id", errors)
    route = get_register(session, "key_route", draft.route_id, actor=actor)
    at = step(session, now)
    values = _checked(draft, length_of(network, route["segments"] or ()), at, errors)
    known = session.get(RouteStudy, study_id)
    if known is not None:
        if any(getattr(known, name) != value for name, value in values.items()):
            raise Conflict(f"study {study_id} came before with another body")
        return study_dict(known)
    row = RouteStudy(id=study_id, received=at, by=actor.person, area_id=route["area_id"], **values)
    session.add(row)
    session.flush()
    details = {"study": study_id, "points": len(values["points"])}
    note(session, "sign_study", ("route_study", study_id), kind="register", actor=actor, at=at, details=details)
    return study_dict(row)


def list_studies(session: Session, *, actor: Actor, route_id: str | None = None) -> list[dict[str, Any]]:
    """Return the studies that the actor may see, newest first."""
    require(actor, "read_picture")
    query = select(RouteStudy).order_by(RouteStudy.studied_at.desc(), RouteStudy.id)
    if route_id is not None:
        query = query.where(RouteStudy.route_id == route_id)
    return [study_dict(row) for row in session.scalars(query) if visible(actor, row)]


def studied_routes(session: Session, network: Network, *, actor: Actor, at: int) -> dict[str, Any]:
    """Return indicator A1 over the key routes that the actor may see: `share, studied_m, length_m, newest`.

    `newest` is route id -> moment of its newest study; whether a study exists is told even where it may not be read.
    """
    routes = list_register(session, "key_route", actor=actor)
    lengths = {row["id"]: length_of(network, row["segments"] or ()) for row in routes}
    newest: dict[str, int] = {}
    for study in session.scalars(select(RouteStudy).where(RouteStudy.studied_at <= at)):
        if study.route_id in lengths:
            newest[study.route_id] = max(newest.get(study.route_id, 0), study.studied_at)
    share, total = studied_share(lengths, newest, at), sum(lengths.values())
    return {"share": share, "studied_m": (share or 0.0) * total, "length_m": total, "newest": newest}


def length_of(network: Network, stretches: Iterable[Mapping[str, Any]]) -> float:
    """Return metres of a route's stretches on the network in use."""
    total = 0.0
    for stretch in stretches:
        number = network.find_segment(stretch["id"])
        if number is None:
            continue
        end = stretch.get("to_m")
        whole = float(network.length_m[number]) if end is None else float(end)
        total += whole - float(stretch.get("from_m") or 0.0)
    return total


def study_dict(row: RouteStudy) -> dict[str, Any]:
    """Return the plain values of a study."""
    return {
        "id": row.id, "route_id": row.route_id, "author": row.author, "studied_at": format_instant(row.studied_at),
        "review_by": format_instant(row.review_by), "points": row.points, "summary": row.summary,
        "stated_class": row.stated_class,
        "classification": row.classification, "signed_by": row.by, "received": format_instant(row.received),
    }  # fmt: skip


def _checked(draft: StudyDraft, length_m: float, at: int, errors: list[FieldError]) -> dict[str, Any]:
    if not 0 < len(draft.author.strip()) <= 200:
        errors.append(FieldError("author", draft.author[:40] or "nothing", "who studied the route, by name or unit"))
    if not 0 < len(draft.summary.strip()) <= 4000 or "\x00" in draft.summary:
        errors.append(FieldError("summary", f"{len(draft.summary.strip())} characters", "1 to 4000 characters"))
    if draft.studied_at > at + SKEW_US:
        errors.append(FieldError("studied_at", format_instant(draft.studied_at), "a moment that has passed"))
    if not draft.studied_at < draft.review_by <= draft.studied_at + REVIEW_MAX_US:
        errors.append(FieldError("review_by", format_instant(draft.review_by), "after the study, within a year of it"))
    if draft.classification not in CLASSIFICATIONS:
        errors.append(FieldError("classification", draft.classification[:40], "one of " + ", ".join(CLASSIFICATIONS)))
    points = parse_points(draft.points, length_m, errors)
    stated_class = None
    if draft.stated_class.strip():
        try:
            stated_class = str(parse_route_class(draft.stated_class, field="stated_class"))
        except InvalidInput as refused:
            errors += refused.errors
    if errors:
        raise InvalidInput(errors)
    return {
        "route_id": draft.route_id, "author": draft.author.strip(), "studied_at": draft.studied_at,
        "review_by": draft.review_by, "summary": draft.summary.strip(), "points": points,
        "stated_class": stated_class, "classification": draft.classification,
    }  # fmt: skip
