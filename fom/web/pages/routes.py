"""Key routes: the list, and one route as a strip by kilometre."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request

from fom.domain.profiles import USER_CLASSES
from fom.services.map_layers import read_layer
from fom.services.route_strip import read_strip
from fom.web.access import allows, current_actor
from fom.web.alerting import note_shown
from fom.web.edge import edge, reading
from fom.web.queries import check_query

blueprint = Blueprint("routes", __name__)

KILOMETRE_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200)
TICKS = 14
"""About so many figures stand on a kilometre axis."""


def asked_question() -> Any:
    """Return the question in the address: `profile` and `user_class`, now; nothing else is taken there."""
    check_query("profile", user_class=USER_CLASSES)
    asked = {name: request.args[name] for name in ("profile", "user_class") if request.args.get(name)}
    return edge().host.question(**asked)


def course_ids(strip: Mapping[str, Any]) -> list[str]:
    """Return the ids of the segments on a strip."""
    return [edge().host.network.segment_id(int(number)) for number in strip["course"].numbers]


def kilometre_ticks(length_m: float) -> list[dict[str, float]]:
    """Return figures for a kilometre axis: `{km, x}`, x in thousandths."""
    length_km = length_m / 1000
    step = next((s for s in KILOMETRE_STEPS if length_km / s <= TICKS), KILOMETRE_STEPS[-1])
    return [{"km": km, "x": round(1000 * km / length_km, 2)} for km in range(0, int(length_km) + 1, step)]


@blueprint.get("/routes")
@allows("read_picture")
def list_routes() -> Any:
    """List the key routes with state, cause, kilometres by state and oldest verification."""
    host, question = edge().host, asked_question()
    with reading() as session:
        layer = read_layer(session, host, "routes", question, actor=current_actor())
    note_shown("routes", question)
    routes = [feature["properties"] for feature in layer["features"]]
    return render_template(
        "routes/list.html", routes=routes, question=question, profiles=sorted(host.profiles), user_classes=USER_CLASSES
    )


@blueprint.get("/routes/<route_id>")
@allows("read_picture")
def show_route(route_id: str) -> Any:
    """Show one route by kilometre."""
    host, question = edge().host, asked_question()
    with reading() as session:
        strip = read_strip(session, host, route_id, question, actor=current_actor())
    note_shown("route", question, subject=route_id, segments=lambda: course_ids(strip))
    return render_template(
        "routes/strip.html", strip=strip, question=question, ticks=kilometre_ticks(strip["length_m"]),
        profiles=sorted(host.profiles), user_classes=USER_CLASSES,
    )  # fmt: skip
