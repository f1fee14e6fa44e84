"""Standing restrictions: control orders in force with their windows, and the cases that follow them up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.cases import STANDING_US
from fom.domain.instants import format_instant, parse_instant
from fom.domain.windows import Window, order_window
from fom.services.cases import case_views
from fom.services.record_reads import list_records

ENDS = ("lifted", "erroneous")
"""Closing acts that end an order."""


def list_standing(session: Session, *, actor: Actor, at: int, known_at: int | None = None) -> list[dict[str, Any]]:
    """Return the orders in force and the standing cases without one, longest first, as far as the actor may see them.

    Returns
    -------
    Dicts: `order` (feature, None), `cases` (views), `actor`, `since`, `until` (None = no end stated), `days`,
    `is_long` (more than 30 days), `effect`, `user_classes`, `words`.
    """
    require(actor, "read_restriction_cases")
    cases = case_views(session, actor=actor, at=at, known_at=known_at)
    return standing_rows(session, cases, actor=actor, at=at, known_at=known_at)


def standing_rows(
    session: Session, cases: Sequence[Mapping[str, Any]], *, actor: Actor, at: int, known_at: int | None = None
) -> list[dict[str, Any]]:
    """Return the standing restrictions among and beside cases that were read already."""
    known = at if known_at is None else known_at
    orders = _orders(session, actor=actor, at=at, known_at=known)
    following: dict[str, list[Mapping[str, Any]]] = {}
    for case in cases:
        if case["order_id"] is not None:
            following.setdefault(case["order_id"], []).append(case)
    rows = []
    for order, window in orders.values():
        if window.holds(at):
            rows.append(_row(window, at, following.get(order["id"], []), order))
    for case in cases:
        has_no_order = case["order_id"] not in orders
        if has_no_order and case["standing"] and case["state"] != "resolved":
            rows.append(_row(Window(case["began_us"], None), at, [case], None))
    return sorted(rows, key=lambda row: (row["since"], row["key"]))


def is_long_standing(row: Mapping[str, Any], at: int) -> bool:
    """Return whether a standing restriction is more than thirty days old at a moment."""
    return at - parse_instant(row["since"]) > STANDING_US


def _orders(session: Session, *, actor: Actor, at: int, known_at: int) -> dict[str, tuple[dict[str, Any], Window]]:
    controls = list_records(session, actor=actor, kinds=("control",), known_at=known_at, at=at)
    orders = [feature for feature in controls if feature["properties"]["control"] == "order"]
    ids = {feature["id"] for feature in orders}
    lifted: dict[str, int] = {}
    for act in list_records(session, actor=actor, kinds=("closing_act",), known_at=known_at, about=ids) if ids else []:
        if act["properties"]["act"] in ENDS:
            for closed in act["properties"]["closes"]:
                moment = parse_instant(act["properties"].get("occurred") or act["properties"]["received"])
                lifted[closed] = min(lifted.get(closed, moment), moment)
    return {feature["id"]: (feature, _window(feature["properties"], lifted.get(feature["id"]))) for feature in orders}


def _window(said: Mapping[str, Any], lifted: int | None) -> Window:
    def moment(name: str) -> int | None:
        return None if said.get(name) is None else parse_instant(said[name])

    received = moment("received") or moment("occurred") or 0
    return order_window(
        occurred=moment("occurred"), received=received, start=moment("start"), end=moment("end"), lifted=lifted
    )


def _row(
    window: Window, at: int, cases: Sequence[Mapping[str, Any]], order: Mapping[str, Any] | None
) -> dict[str, Any]:
    said = {} if order is None else order["properties"]
    first = cases[0] if cases else {}
    since = format_instant(window.since)
    return {
        "key": order["id"] if order is not None else first["id"],
        "order": order,
        "cases": list(cases),
        "actor": said.get("imposed_by") or first.get("actor") or "unknown",
        "effect": said.get("effect"),
        "user_classes": said.get("user_classes") or ([first["user_class"]] if first.get("user_class") else []),
        "recurring": said.get("recurring"),
        "since": since,
        "until": None if window.until is None else format_instant(window.until),
        "days": (at - window.since) // (24 * 3_600_000_000),
        "is_long": is_long_standing({"since": since}, at),
        "words": (said.get("meta") or {}).get("words"),
    }
