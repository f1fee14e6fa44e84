"""Movements with plans from a file: the demo's, each way laid over the network at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.instants import DAY_US, format_instant, parse_instant
from fom.domain.movements import ALTERNATES_KEPT, heaviest_profile
from fom.domain.registers import REGISTERS, parse_values
from fom.domain.states import State
from fom.errors import InvalidInput
from fom.network.network import Network
from fom.picture.question import Question
from fom.routing.posture import DEFAULT_POSTURE
from fom.services.key_routes import stretches_along
from fom.services.movement_flights import LEG
from fom.services.movement_lines import place_on_way, way_line
from fom.services.movement_ways import Way, lay_out, part_of
from fom.services.picture_host import PictureHost
from fom.services.planning import plan_way
from fom.services.registers import write_row
from fom.services.writing import note, step
from fom.store.tables import KeyRoute, MovementCheckIn, MovementClearance, MovementPlan

SAME_SHARE = 0.8
"""A way found that shares more of its length with the one laid is no alternate to it (doctrine 5)."""
Row = Mapping[str, Any]


def load_movements(session: Session, host: PictureHost, rows: Sequence[Row], *, actor: Actor, now: int) -> int:
    """Store movements with plan, clearances, check-ins and close-out; return how many.

    A row holds the members of the register and of the plan, and in place of ways a `course`: a key route's id with two
    shares of its length (falling = against it), or `via` positions. Planned a day before it leaves, or now.
    """
    require(actor, "load_facts")
    at = step(session, now)
    for row in rows:
        _load(session, host, row, actor=actor, at=at)
    details = {"movements": len(rows)}
    note(session, "load_movements", ("registers", "movements"), kind="register", actor=actor, at=at, details=details)
    return len(rows)


def _load(session: Session, host: PictureHost, row: Row, *, actor: Actor, at: int) -> None:
    values = {name: row[name] for name in ("id", "classification", *REGISTERS["movement"]) if name in row}
    values["profile"] = values.get("profile") or heaviest_profile(row["vehicles"])
    typed = parse_values("movement", values)
    planned_at = min(typed["planned_start"] - DAY_US, at)
    closed_at = parse_instant(row["closing"]["closed_at"]) if row.get("closing") else None
    write_row(session, "movement", typed, None, by=actor.person, at=closed_at or planned_at)
    plan = MovementPlan(
        movement_id=row["id"], notified_by=row.get("notified_by") or actor.person, vehicles=row["vehicles"],
        escort=row["escort"], escort_by=row["escort_by"], control_level=row["control_level"], notes=row["notes"],
        closed_at=closed_at, closed_by=None if closed_at is None else actor.person,
    )  # fmt: skip
    for name, value in (row.get("closing") or {}).items():
        if name != "closed_at":
            setattr(plan, name, value)
    if typed["outcome"] is not None:
        plan.travelled = "planned"
    if row["course"] is not None:
        _lay(session, host, row, typed, plan, planned_at=planned_at, actor=actor)
    for name in LEG:
        setattr(plan, name, row.get(name))
    session.add(plan)
    session.flush()
    _seen(session, host, row, plan, typed["profile"], actor=actor)
    for said in row["clearances"]:
        moments = {name: None if said[name] is None else parse_instant(said[name]) for name in _ASKED}
        session.add(
            MovementClearance(
                movement_id=row["id"], version=1, changed_at=moments["answered_at"] or moments["asked_at"],
                by=actor.person, **{**said, **moments},
            )
        )  # fmt: skip


def _seen(
    session: Session, host: PictureHost, row: Row, plan: MovementPlan, profile: str | None, *, actor: Actor
) -> None:
    """Store the check-ins of a row, each at a kilometre of the way laid for it."""
    for said in row.get("check_ins") or ():
        way = lay_out(host.network, (plan.ways or [{"segments": []}])[0]["segments"], host.profiles[profile or ""])
        place = place_on_way(host.network, way, min(said["km"] * 1000, way.length_m))
        if place is not None:
            at = parse_instant(said["at"])
            session.add(
                MovementCheckIn(
                    id=said["id"], movement_id=row["id"], at=at, received=at, by=actor.person, lon=place.lon,
                    lat=place.lat, source="km",
                )
            )  # fmt: skip


_ASKED = ("asked_at", "answered_at")


def _lay(
    session: Session, host: PictureHost, row: Row, typed: Row, plan: MovementPlan, *, planned_at: int, actor: Actor
) -> None:
    network, profile = host.network, host.profiles[typed["profile"]]
    stretches = _stretches(session, host, row["course"])
    way = lay_out(network, stretches, profile)
    ends = [place_on_way(network, way, metres) for metres in (0.0, way.length_m)]
    places = [
        {"name": name, "lon": end.lon, "lat": end.lat} for name, end in zip(row["names"], ends, strict=True) if end
    ]
    plan.origin, plan.destination = (places[0], places[1]) if len(places) == len(ends) else (None, None)
    question = Question(at=planned_at, known_at=planned_at, profile=profile, user_class=typed["user_class"])
    assessment = host.assess(question, sorted(set(way.numbers.tolist())))
    pairs = list(zip(way.numbers.tolist(), way.directions.tolist(), strict=True))
    state = State[assessment.route_state(pairs).members()["state"]].name
    laid = {
        "title": "Best", "segments": stretches, "distance_m": round(way.length_m, 1),
        "duration_s": round(way.lasts_us / 1e6, 1), "state": state,
    }  # fmt: skip
    others = [] if typed["outcome"] is not None else _others(host, way, stretches, typed, actor=actor)
    plan.ways = [laid, *others[:ALTERNATES_KEPT]]
    plan.planned_as = {
        "network": network.network_id, "at": format_instant(planned_at), "known_at": format_instant(planned_at),
        "profile": profile.name, "user_class": typed["user_class"], "posture": DEFAULT_POSTURE, "outcome": "route",
        "policy": host.edition_at(planned_at).number,
    }  # fmt: skip


def _stretches(session: Session, host: PictureHost, course: Row) -> list[dict[str, Any]]:
    if "via" in course:
        return stretches_along(host.network, host.router, course["via"])
    route = session.get(KeyRoute, course["key_route"])
    if route is None:
        raise InvalidInput.single("course.key_route", str(course["key_route"]), "the id of a key route")
    stretches = [dict(stretch) for stretch in route.segments or []]
    first, last = course["shares"]
    if first > last:
        turned = {"forward": "backward", "backward": "forward"}
        stretches = [{**s, "direction": turned[s.get("direction") or "forward"]} for s in reversed(stretches)]
        first, last = 1 - first, 1 - last
    return _between(host.network, host, stretches, first, last)


def _between(
    network: Network, host: PictureHost, stretches: list[dict[str, Any]], first: float, last: float
) -> list[dict[str, Any]]:
    """Return the whole stretches that lie between two shares of a course."""
    way = lay_out(network, stretches, next(iter(host.profiles.values())))
    upto = part_of(way, stretches, last * way.length_m)
    return [s for k, s in enumerate(upto) if float(way.at_m[k]) >= first * way.length_m]


def _others(
    host: PictureHost, way: Way, stretches: list[dict[str, Any]], typed: Row, *, actor: Actor
) -> list[dict[str, Any]]:
    """Return the ways between the same ends that are another way, as they are found now."""
    line = way_line(host.network, stretches)
    if line is None:
        return []
    try:
        plan = plan_way(
            host, origin=line["coordinates"][0], destination=line["coordinates"][-1], profile=typed["profile"],
            user_class=typed["user_class"], actor=actor,
        )  # fmt: skip
    except InvalidInput:
        return []
    profile, laid = host.profiles[typed["profile"]], way.shares()
    found: list[dict[str, Any]] = []
    for route in [plan["best"], *plan["alternates"]]:
        if route is None:
            continue
        other = lay_out(host.network, route["segments"], profile).shares()
        common = sum(min(metres, laid[number]) for number, metres in other.items() if number in laid)
        if common <= SAME_SHARE * max(sum(other.values()), sum(laid.values())):
            members = {name: route[name] for name in ("segments", "distance_m", "duration_s", "state")}
            found.append({"title": f"Alternate {len(found) + 1}", **members})
    return found
