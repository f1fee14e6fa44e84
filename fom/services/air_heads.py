"""Air heads as they stand at a moment: the rows of the register with the status that follows from the evidence.

The register keeps what was found last; everything that shows or uses a status takes it from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.air_heads import (
    Held,
    Looked,
    Serviceability,
    explosive_status,
    ground_radius_m,
    serviceability,
)
from fom.domain.geodesy import Plane, bounds_with_reach
from fom.domain.instants import format_instant
from fom.domain.records import Explosive
from fom.picture.survey import Survey
from fom.services.area_statements import wet_places
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register
from fom.services.standing_inspections import fallen_entries
from fom.store.tables import Inspection, InspectionForm

Row = Mapping[str, Any]
CLOSING, LIFTING = "closure", "lifting"
"""Forms by which an air head is closed by hand, and by which that is ended early."""


def list_air_heads(
    session: Session, host: PictureHost, *, actor: Actor, at: int | None = None, known_at: int | None = None
) -> list[dict[str, Any]]:
    """Return the air heads that the actor may see, by code, as they stand at a moment by what was known at a moment.

    To the members of the register come `found` (what the last inspection found), `why`, `decided_at`, `until` and
    `ref` of `Serviceability`; `status` is the one that follows. All evidence counts, whoever asks.
    """
    now = host.now()
    rows = list_register(session, "air_head", actor=actor, known_at=known_at)
    moment, known = now if at is None else at, now if known_at is None else known_at
    with host.reading(None if known_at is None else known_at) as picture:
        survey = picture.survey(known)
    return stand(session, rows, survey, at=moment, known_at=known)


def stand(session: Session, rows: Sequence[Row], survey: Survey, *, at: int, known_at: int) -> list[dict[str, Any]]:
    """Return rows of the register as they stand, with `survey` for the explosive facts."""
    if not rows:
        return []
    looked, held = looked_at(session, known_at=known_at), closed_by_hand(session, known_at=known_at)
    hazards = hazards_on(rows, survey, at=at)
    wet = wet_places(session, {row["id"]: (row["lon"], row["lat"]) for row in rows}, at=at, known_at=known_at)
    found = []
    for row in rows:
        said = serviceability(
            None, approved=approved_types(row), looked=looked.get(row["id"], ()),
            held=[*held.get(row["id"], ()), *hazards.get(row["id"], ())], is_wet=row["id"] in wet, at=at,
        )  # fmt: skip
        found.append(dict(row) | {"found": row["status"]} | told(said))
    return found


def told(said: Serviceability) -> dict[str, Any]:
    """Return what is said of an air head as members of its row."""
    return {
        "status": said.status, "why": said.why, "ref": said.ref or None, "closing_reason": said.words or None,
        "decided_at": None if said.at is None else format_instant(said.at),
        "until": None if said.until is None else format_instant(said.until),
    }  # fmt: skip


def by_type(
    session: Session, row: Row, survey: Survey, *, is_wet: bool, at: int, known_at: int
) -> list[Serviceability]:
    """Return what is said of each aircraft type of an air head: those approved, then those landed unapproved."""
    looked = looked_at(session, known_at=known_at, air_head_id=row["id"]).get(row["id"], [])
    held = [
        *closed_by_hand(session, known_at=known_at, air_head_id=row["id"]).get(row["id"], ()),
        *hazards_on([row], survey, at=at).get(row["id"], ()),
    ]
    approved = approved_types(row)
    landed = {look.aircraft_type for look in looked if look.aircraft_type} - set(approved)
    return [
        serviceability(kind, approved=approved, looked=looked, held=held, is_wet=is_wet, at=at)
        for kind in (*approved, *sorted(landed))
    ]


def approved_types(row: Row) -> list[str]:
    """Return the aircraft types that are approved for an air head, in the order in which they were."""
    listed = [approval["type"] for approval in row.get("approvals") or []]
    return list(dict.fromkeys([*listed, *(row.get("aircraft_types") or [])]))


def looked_at(session: Session, *, known_at: int, air_head_id: str | None = None) -> dict[str, list[Looked]]:
    """Return air head -> its inspections and completed landings that were known at a moment, those that stood."""
    seen = select(Inspection).where(Inspection.subject_kind == "air_head", Inspection.received <= known_at)
    landed = select(InspectionForm).where(InspectionForm.form == "landing", InspectionForm.received <= known_at)
    if air_head_id is not None:
        seen = seen.where(Inspection.subject_id == air_head_id)
        landed = landed.where(InspectionForm.subject_id == air_head_id)
    found: dict[str, list[Looked]] = {}
    fallen = {
        (form.subject_id, form.received)
        for form in fallen_entries(session, subject_kind="air_head", subject_id=air_head_id, known_at=known_at)
    }
    for row in session.scalars(seen):
        if (row.subject_id, row.received) not in fallen:
            found.setdefault(row.subject_id, []).append(Looked(row.inspected_at, row.status))
    for landing in session.scalars(landed):
        look = Looked(landing.inspected_at, None, landing.findings["aircraft_type"])
        found.setdefault(landing.subject_id, []).append(look)
    return found


def closed_by_hand(session: Session, *, known_at: int, air_head_id: str | None = None) -> dict[str, list[Held]]:
    """Return air head -> its closings by hand that were known at a moment; one that was lifted ends there."""
    query = select(InspectionForm).where(
        InspectionForm.form.in_((CLOSING, LIFTING)), InspectionForm.received <= known_at
    )
    if air_head_id is not None:
        query = query.where(InspectionForm.subject_id == air_head_id)
    forms = list(session.scalars(query.order_by(InspectionForm.received, InspectionForm.id)))
    held: dict[str, list[Held]] = {}
    for place, form in enumerate(forms):
        if form.form != CLOSING or form.status is None or form.next_review is None:
            continue
        lifted = [
            other.inspected_at
            for other in forms[place + 1 :]
            if other.form == LIFTING and other.subject_id == form.subject_id
        ]
        end = min([form.next_review, *lifted])
        held.setdefault(form.subject_id, []).append(
            Held(form.status, "closed_by_hand", form.inspected_at, end, form.id, str(form.findings["reason"]))
        )
    return held


def hazards_on(rows: Sequence[Row], survey: Survey, *, at: int) -> dict[str, list[Held]]:
    """Return air head -> the open explosive facts that may lie on its ground at a moment."""
    placed = [(h, place) for h in survey.known(Explosive.kind) if (place := survey.place_of(h)) is not None]
    if not rows or not placed:
        return {}
    radius_m = [ground_radius_m(row.get("runways") or ()) for row in rows]
    doubt_m = np.array([uncertainty for _, (_, uncertainty) in placed])
    boxes = bounds_with_reach(shapely.bounds([shape for _, (shape, _) in placed]), doubt_m + max(radius_m))
    found: dict[str, list[Held]] = {}
    for row, radius in zip(rows, radius_m, strict=True):
        plane = Plane.at(row["lon"], row["lat"])
        for index in _around(boxes, row["lon"], row["lat"]):
            hazard, (shape, uncertainty) = placed[index]
            level = survey.level_of(hazard, at) if isinstance(hazard, Explosive) else None
            if level is None:
                continue
            distance = float(plane.project_shape(shape).distance(shapely.Point(0, 0)))
            status = explosive_status(level, distance, uncertainty, radius)
            if status is not None:
                held = Held(status, "explosive", min(hazard.eff, at), None, hazard.id)
                found.setdefault(row["id"], []).append(held)
    return found


def _around(boxes: NDArray[np.float64], lon: float, lat: float) -> list[int]:
    """Return the boxes (m, 4), degrees, that hold a position, also one told from the other side of the date line."""
    is_in = (boxes[:, 1] <= lat) & (lat <= boxes[:, 3])
    is_in &= np.logical_or.reduce(
        [(boxes[:, 0] <= lon + turn) & (lon + turn <= boxes[:, 2]) for turn in (0, 360, -360)]
    )
    found: list[int] = np.flatnonzero(is_in).tolist()
    return found
