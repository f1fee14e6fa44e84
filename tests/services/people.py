"""Invented people of a small mission, one per role that the tests need, and drafts with safe defaults."""

from __future__ import annotations

import uuid
from typing import Any

from fom.domain.access import Actor
from fom.domain.instants import format_instant, parse_instant
from fom.services.drafts import ReportDraft, parse_report

T0 = parse_instant("2026-03-10T12:00:00Z")
HOUR = 3_600_000_000
DAY = 24 * HOUR


def person(
    name: str, *roles: str, unit: str | None = "sector east", clearance: str = "confidential", **rest: Any
) -> Actor:
    """Return an actor of a name and roles."""
    email = f"{name}@mission.example"
    return Actor(user_id=name, email=email, name=name, roles=frozenset(roles), unit=unit, clearance=clearance, **rest)


AMINA = person("amina", "duty_officer")
BASIL = person("basil", "duty_officer")
CHIEF = person("chief", "chief_joc")
PATROL = person("patrol", "reporter")
OTHER_PATROL = person("other", "reporter")
ELENA = person("elena", "eod")
EMIL = person("emil", "eod")
NGOZI = person("ngozi", "engineer")
NILS = person("nils", "engineer")
PARTNER = person("partner", "partner", unit=None, clearance="unclassified")
LEAD = person("lead", "leadership", unit=None)
ADMIN = person("admin", "administrator", unit=None)
AUDITOR = person("auditor", "auditor", unit=None)


def new_id() -> str:
    """Return a client's UUID."""
    return str(uuid.uuid4())


def hazard(*, at: tuple[float, float] | None = (30.0, 5.0), occurred: int | None = None, **rest: Any) -> dict[str, Any]:
    """Return an explosive item as a client sends it."""
    properties: dict[str, Any] = {"kind": "explosive", "hazard": "item", "class": "ied", **rest}
    geometry = None
    if at is not None:
        geometry = {"type": "Point", "coordinates": list(at)}
        properties["location"] = {"method": "gps"}
    if occurred is not None:
        properties["occurred"] = format_instant(occurred)
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def incident(*, at: tuple[float, float] = (30.0, 5.0), **rest: Any) -> dict[str, Any]:
    """Return a risk incident as a client sends it."""
    properties = {"kind": "incident", "type": "armed_robbery", "location": {"method": "gps"}, **rest}
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": list(at)}, "properties": properties}


def bridge_down(asset: str = "bridge", **rest: Any) -> dict[str, Any]:
    """Return the destruction of an asset as a client sends it."""
    properties = {"kind": "physical", "damage": "destroyed", "asset": asset, **rest}
    return {"type": "Feature", "geometry": None, "properties": properties}


def passage(segment: str, *, occurred: int, **rest: Any) -> dict[str, Any]:
    """Return a patrol's passage of a whole segment with a GPS track, as a client sends it."""
    properties = {
        "kind": "verification",
        "strength": "own_patrol_traverse",
        "occurred": format_instant(occurred),
        "passed": "P6",
        "track": "gps",
        "segments": [{"id": segment}],
        **rest,
    }
    return {"type": "Feature", "geometry": None, "properties": properties}


def draft(*records: dict[str, Any], **rest: Any) -> ReportDraft:
    """Return a report of some records with its own UUID."""
    kind = records[0]["properties"]["kind"] if records else ""
    form = {"explosive": "explosive", "incident": "incident", "physical": "physical", "verification": "passage"}
    body = {"id": new_id(), "form": form.get(kind, "other"), "words": "seen", "records": list(records), **rest}
    return parse_report(body)
