"""What a report may be about: rows of registers and vehicles, by the names under which a form offers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.profiles import Profile
from fom.services.registers import list_register

CAMPS = ("camp", "settlement")
"""Kinds of sites that the form about access to a camp may name. Project decision."""


def list_subjects(
    session: Session, *, actor: Actor, profiles: Mapping[str, Profile]
) -> dict[str, list[tuple[str, str]]]:
    """Return register -> (id, name) of what a report may be about, as far as the actor may see it; and the vehicles."""
    require(actor, "send_report")
    rows = {name: list_register(session, name, actor=actor) for name in ("key_route", "air_head", "crossing", "site")}
    rows["site"] = [row for row in rows["site"] if row["kind"] in CAMPS and row["is_active"]]
    named = {name: [(row["id"], _name_of(row)) for row in found] for name, found in rows.items()}
    vehicles = sorted(profiles.values(), key=lambda p: p.name)
    return named | {"profile": [(p.name, f"{p.name} · MLC {p.mlc:g} · {p.mass_t:g} t") for p in vehicles]}


def _name_of(row: Mapping[str, Any]) -> str:
    return " · ".join(str(row[part]) for part in ("code", "name") if row.get(part))
