"""The members of a plan's answer that are there on request only (docs/plan-format.md): plain values, rounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fom.domain.instants import format_instant
from fom.domain.profiles import VARIED
from fom.routing.departures import Departures, Piece, Window
from fom.routing.planning import Plan, PlannedStops
from fom.routing.request import Wishes
from fom.routing.routes import PlannedRoute
from fom.routing.timing import Change, Timing
from fom.routing.trade_offs import LEVELS, TradeOff
from fom.routing.turning import Limiting, TurnAround, Turning

METRE_DIGITS = 1
SECOND_DIGITS = 1
DEGREE_DIGITS = 7

TellRoute = Callable[[PlannedRoute], dict[str, Any]]


def wish_members(plan: Plan, tell_route: TellRoute) -> dict[str, Any]:
    """Return what was asked for beyond the plan itself; `tell_route` makes the members of a route."""
    wishes = plan.request.wishes
    told: dict[str, Any] = {}
    if wishes.vehicle or not wishes.night:
        profile = plan.request.profile
        told["vehicle"] = {name: getattr(profile, name) for name in VARIED} | {"night": wishes.night}
    if plan.trade_offs is not None:
        told["trade_offs"] = [tell_route(way.route) | {"trade_off": _trade_off(way)} for way in plan.trade_offs]
    if plan.timing is not None:
        told["timing"] = _timing(plan.timing, wishes)
        if wishes.departures:
            told["departures"] = None if plan.timing.departures is None else _departures(plan.timing.departures)
    if wishes.rest_every_h or wishes.range_km:
        told["stops"] = None if plan.stops is None else _stops(plan.stops)
    if wishes.turn_arounds:
        told["turn_arounds"] = None if plan.turning is None else _turning(plan.turning)
    return told


def _trade_off(way: TradeOff) -> dict[str, Any]:
    return {
        "extra_s": round(way.extra_s, SECOND_DIGITS),
        "hazards": {level: list(way.hazards.values()).count(level) for level in LEVELS},
        "avoids": list(way.avoids),
        "meets": list(way.meets),
        "words": way.words,
    }


def _timing(timing: Timing, wishes: Wishes) -> dict[str, Any]:
    return {
        "states": "arrival" if wishes.judged_on_arrival else "departure",
        "is_complete": timing.is_complete,
        "changes": [_change(change) for change in timing.changes],
        "closes": None if timing.closes is None else _change(timing.closes),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "from_m": round(change.from_m, METRE_DIGITS),
        "to_m": round(change.to_m, METRE_DIGITS),
        "at_departure": change.at_departure.name,
        "on_arrival": change.on_arrival.name,
        "reached_at": format_instant(change.reached_at - change.reached_at % 1_000_000),
    }


def _departures(departures: Departures) -> dict[str, Any]:
    best = departures.best
    return {
        "from": format_instant(departures.start),
        "until": format_instant(departures.end),
        "known_until": format_instant(departures.known_until),
        "words": departures.words,
        "windows": [_window(window) for window in departures.windows],
        "best": None if best is None else _piece(best),
    }


def _window(window: Window) -> dict[str, Any]:
    return {
        "from": _second(window.start),
        "until": _second(window.end),
        "best": _piece(window.best),
    }


def _piece(piece: Piece) -> dict[str, Any]:
    trip = piece.trip
    if trip is None:
        raise ValueError("no trip in this piece")
    duration_us = trip.times.arrives - trip.times.departs
    return {
        "at": _second(piece.start),
        "duration_s": round(duration_us / 1e6, SECOND_DIGITS),
        "arrives_at": _second(piece.start + duration_us),
        "state": trip.times.worst.name,
    }


def _second(us: int) -> str:
    """Return a moment, whole seconds."""
    return format_instant(us - us % 1_000_000)


def _stops(planned: PlannedStops) -> dict[str, Any]:
    return {
        "stops": [
            {
                "id": stop.place.id,
                "name": stop.place.name,
                "kind": stop.place.kind,
                "at_m": round(stop.place.at_m, METRE_DIGITS),
                "off_m": round(stop.place.off_m, METRE_DIGITS),
                "purposes": list(stop.purposes),
                "drive_s": round(stop.drive_s, SECOND_DIGITS),
                "leg_m": round(stop.leg_m, METRE_DIGITS),
                "halt_s": stop.halt_s,
            }
            for stop in planned.stops.stops
        ],
        "gaps": [
            {
                "purpose": gap.purpose,
                "from_m": round(gap.from_m, METRE_DIGITS),
                "to_m": round(gap.to_m, METRE_DIGITS),
                "words": gap.words,
            }
            for gap in planned.stops.gaps
        ],
        "halts_s": planned.stops.halts_s,
        "arrives_at": _second(planned.arrives_at),
        "holds": planned.holds,
    }


def _turning(turning: Turning) -> dict[str, Any]:
    return {
        "points": [_point(point) for point in turning.points],
        "limiting": [_limiting(stretch) for stretch in turning.limiting],
    }


def _point(point: TurnAround) -> dict[str, Any]:
    lon, lat = point.lonlat
    return {
        "at_m": round(point.at_m, METRE_DIGITS),
        "position": [round(lon, DEGREE_DIGITS), round(lat, DEGREE_DIGITS)],
        "roads": point.roads,
    }


def _limiting(stretch: Limiting) -> dict[str, Any]:
    return {
        "kind": stretch.kind,
        "from_m": round(stretch.from_m, METRE_DIGITS),
        "to_m": round(stretch.to_m, METRE_DIGITS),
        "last_turn_m": None if stretch.last is None else round(stretch.last.at_m, METRE_DIGITS),
        "words": stretch.words,
    }
