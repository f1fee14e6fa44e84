"""The planner: from and to by name, position or a click; the best way, alternates, or what stands in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from fom.domain.instants import parse_instant
from fom.domain.profiles import USER_CLASSES
from fom.domain.states import State
from fom.errors import FieldError, InvalidInput
from fom.maps.style import letter_of, map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.planning import halting_places, plan_way
from fom.web.access import allows, current_actor
from fom.web.alerting import note_plan
from fom.web.edge import edge, reading
from fom.web.pages.planner_form import Named, named_places, read_form

blueprint = Blueprint("planner", __name__)

POSTURE_WORDS = {
    "fastest": "Fastest: conditions as they are",
    "balanced": "Balanced: half as long again to stay on open road",
    "safest": "Safest: up to four times as long on open road",
}
DIMENSIONS = {
    "mass_t": "Mass, t",
    "axle_t": "Axle, t",
    "mlc": "Load class",
    "width_m": "Width, m",
    "height_m": "Height, m",
    "ford_depth_m": "Fords, m",
}
"""What a vehicle of one's own may state, and how it is called."""
FURTHER = ("via", "night", "rest_every_h", "range_km", *DIMENSIONS)
"""Fields that are folded away until one of them says something."""
OUTCOMES = {
    "blocked_end": "No movement can begin or end there",
    "closed": "No way: closed roads cut the two places apart",
    "unverified": "No verified way. There is one over roads that nobody has verified",
    "not_connected": "No road joins the two places at all",
    "closed_on_arrival": "No way stays open until it is reached",
}


@blueprint.get("/planner")
@allows("read_picture")
def show() -> Any:
    """Show the form, and the plan when both ends are given."""
    host, form, errors = edge().host, request.args.to_dict(), list[FieldError]()
    with reading() as session:
        named = named_places(session, actor=current_actor())
    plan = None
    if form.get("from", "").strip() or form.get("to", "").strip():
        try:
            plan = plan_asked(form, named)
        except InvalidInput as refused:
            errors = list(refused.errors)
    routes = [] if plan is None else shown_routes(plan)
    stops = [] if plan is None else slider(plan, routes)
    settings = {
        "network": host.network.network_id, "segments": host.network.n_segments,
        "bounds": network_bounds(host.network), "zooms": [MIN_ZOOM, MAX_ZOOM], "style": map_style_values(),
        "credit": network_credit(host.network),
        "question": {"profile": form.get("profile") or "P3", "user_class": form.get("user_class") or USER_CLASSES[0]},
        "plans": [{"key": r["key"], "geometry": r["geometry"]} for r in routes],
        "ends": [] if plan is None else [end["asked"] for end in plan["ends"]],
    }  # fmt: skip
    page = render_template(
        "planner/planner.html", form=form, errors=errors, plan=plan, routes=routes, named=named, settings=settings,
        outcomes=OUTCOMES, profiles=sorted(host.profiles.values(), key=lambda p: p.name), user_classes=USER_CLASSES,
        postures=POSTURE_WORDS, dimensions=DIMENSIONS, slider=stops, day_bar=day_bar(plan and plan.get("departures")),
        has_more=any(form.get(name, "") not in ("", "yes") for name in FURTHER),
        letter_of=lambda name: letter_of(State[name]),
    )  # fmt: skip
    return page, 422 if errors else 200


def shown_routes(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the routes of an answer in the order of the page, each with a key and a title."""
    routes = [] if plan["best"] is None else [{**plan["best"], "key": "best", "title": "Best"}]
    routes += [
        {**alternate, "key": f"alternate-{i}", "title": f"Alternate {i}"}
        for i, alternate in enumerate(plan["alternates"], start=1)
    ]
    known = {_way(route) for route in routes}
    others = [way for way in plan.get("trade_offs") or () if _way(way) not in known]
    routes += [{**way, "key": f"way-{i}", "title": f"Other way {i}"} for i, way in enumerate(others, start=1)]
    if plan["unverified"] is not None:
        routes.append({**plan["unverified"], "key": "unverified", "title": "Unverified"})
    return routes


def slider(plan: Mapping[str, Any], routes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the stops of the posture slider, from the fastest way to the slowest: key of its card, and its words."""
    by_way = {_way(route): route["key"] for route in reversed(routes)}
    return [
        {"key": by_way[_way(way)], "words": way["trade_off"]["words"], "duration_s": way["duration_s"]}
        for way in plan.get("trade_offs") or ()
    ]


def _way(route: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple((stretch["id"], stretch["direction"]) for stretch in route["segments"])


@blueprint.app_template_filter("with_moment")
def with_moment(args: Mapping[str, str], moment: str) -> str:
    """Return the form as it was sent, with another departure, as a query."""
    return urlencode({**args, "at": moment.removesuffix("Z")[:19]})


def day_bar(departures: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the windows of departure as shares of the day looked at: `x`, `width`, 0 to 1."""
    if departures is None:
        return []
    start, end = parse_instant(departures["from"]), parse_instant(departures["until"])
    moments = [(parse_instant(w["from"]), parse_instant(w["until"])) for w in departures["windows"]]
    return [{"x": (a - start) / (end - start), "width": (b - a) / (end - start)} for a, b in moments]


def plan_asked(form: Mapping[str, str], named: Named) -> dict[str, Any]:
    """Return the plan that the form asks for; InvalidInput with every field that cannot be used."""
    asked = read_form(form, named)
    if asked["at"] is not None and asked["at"] < edge().host.now():  # the past is planned by the states at departure
        asked["wishes"] = replace(asked["wishes"], on_arrival=False, departures=False)
    actor = current_actor()
    with reading() as session:
        sites = halting_places(session, actor=actor)
    plan = plan_way(edge().host, sites=sites, actor=actor, **asked)
    note_plan(plan)
    return plan
