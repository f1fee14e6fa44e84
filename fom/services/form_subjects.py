"""What a report may be about: rows of registers and vehicles, by the names under which a form offers them.

One rule for every way in: the report pages, XLSForms, and the field app, which carries them with their places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.profiles import Profile
from fom.services.registers import list_register

CAMPS = ("camp", "settlement")
"""Kinds of sites that the form about access to a camp may name. Project decision."""
SUBJECT_REGISTERS = ("key_route", "air_head", "crossing", "site")

Row = Mapping[str, Any]


def list_subjects(
    session: Session, *, actor: Actor, profiles: Mapping[str, Profile]
) -> dict[str, list[tuple[str, str]]]:
    """Return register -> (id, name) of what a report may be about, as far as the actor may see it; and the vehicles."""
    require(actor, "send_report")
    rows = {name: list_register(session, name, actor=actor) for name in SUBJECT_REGISTERS}
    named = {name: [(row["id"], subject_name(row)) for row in found] for name, found in offered(rows).items()}
    vehicles = sorted(profiles.values(), key=lambda p: p.name)
    return named | {"profile": [(p.name, f"{p.name} · MLC {p.mlc:g} · {p.mass_t:g} t") for p in vehicles]}


def offered(rows: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """Return, of the rows of registers, those that a form offers to choose from."""
    return {name: [row for row in found if name != "site" or _is_camp(row)] for name, found in rows.items()}


def subject_name(row: Row) -> str:
    """Return the name under which a row is offered."""
    return " · ".join(str(row[part]) for part in ("code", "name") if row.get(part))


def _is_camp(site: Row) -> bool:
    return site["kind"] in CAMPS and site["is_active"]
