"""Whom to call when a movement is stopped: offices of the parties by place, route and area, surest and nearest first.

A contact is an office and a way to reach it, never a person; those who may read restriction cases see it.

Source: requirements, R7 (liaison contacts per road and area).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.geodesy import distance_m
from fom.domain.instants import DAY_US, parse_instant
from fom.services.registers import list_register

REGISTER = "liaison_contact"
CONFIRMED_US = 30 * DAY_US
"""Whoever was not reached for longer may have gone: said so, and named after the others (J)."""
PLACE_M = 3_000.0
"""A contact at a place is called for what happens within so far of it (J)."""
SCOPES = ("place", "route", "area", "everywhere")
"""For what a contact is called, nearest first."""


def list_contacts(
    session: Session, *, actor: Actor, at: int, known_at: int | None = None, party: str | None = None,
    admin_unit: str | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the contacts in use at a moment, by party, then scope, rank and office, each with `scope` and `is_stale`.

    `admin_unit` keeps those of an area and those who are called everywhere.
    """
    require(actor, "read_restriction_cases")
    rows = [_view(row, at) for row in list_register(session, REGISTER, actor=actor, known_at=known_at)]
    chosen = [
        row
        for row in rows
        if row["is_used"]
        and party in (None, row["actor"])
        and (admin_unit in (None, row["admin_unit"]) or row["scope"] == "everywhere")
    ]
    return sorted(chosen, key=lambda row: (row["actor"], SCOPES.index(row["scope"]), *_order(row)))


def whom_to_call(
    session: Session, *, actor: Actor, at: int, party: str | None = None, route: str | None = None,
    admin_unit: str | None = None, position: tuple[float, float] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return who is called for what happened at a place, on a key route or in an area: nearest scope first.

    Parameters
    ----------
    party
        Who stopped the movement; None or `unknown` = contacts of every party that fit.
    position
        (lon, lat) degrees; a contact at a place fits within 3 km, with `distance_m`.

    Returns
    -------
    Contacts with `scope` as it fits here; those not confirmed within 30 days come after the confirmed of their scope.
    """
    found = []
    for row in list_contacts(session, actor=actor, at=at):
        if party not in (None, "unknown", row["actor"]):
            continue
        scope, distance = _fit(row, route, admin_unit, position)
        if scope is not None:
            found.append({**row, "scope": scope, "distance_m": distance})
    return sorted(found, key=lambda row: (SCOPES.index(row["scope"]), row["distance_m"] or 0.0, *_order(row)))


def _view(row: Mapping[str, Any], at: int) -> dict[str, Any]:
    confirmed = None if row["confirmed_at"] is None else parse_instant(row["confirmed_at"])
    own = "place" if row["lon"] is not None or row["place"] else None
    scope = own or ("route" if row["route"] else "area" if row["admin_unit"] else "everywhere")
    return {
        **row,
        "scope": scope,
        "is_used": row["ended_at"] is None or parse_instant(row["ended_at"]) > at,
        "is_stale": confirmed is None or at - confirmed > CONFIRMED_US,
    }


def _fit(
    row: Mapping[str, Any], route: str | None, admin_unit: str | None, position: tuple[float, float] | None
) -> tuple[str | None, float | None]:
    """Return for what a contact fits here, and how far its place is; None where it does not fit."""
    if row["lon"] is not None and position is not None:
        there, here = np.array([[row["lon"], row["lat"]], position])[:, :, None]
        distance = float(distance_m(*there, *here)[0])
        if distance <= PLACE_M:
            return "place", distance
        if row["route"] is None and row["admin_unit"] is None:
            return None, None
    if row["route"] is not None and row["route"] == route:
        return "route", None
    if row["admin_unit"] is not None and row["admin_unit"] == admin_unit:
        return "area", None
    return ("everywhere", None) if row["scope"] == "everywhere" else (None, None)


def _order(row: Mapping[str, Any]) -> tuple[bool, int, str, str]:
    return row["is_stale"], row["rank"] or 99, row["office"], row["id"]
