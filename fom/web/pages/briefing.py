"""The briefing map as a file to take along: the picture of this moment, for laptops without a network."""

from __future__ import annotations

from flask import Blueprint, Response

from fom.maps.style import letter_of
from fom.maps.tiles import network_bounds, network_credit
from fom.services.map_layers import read_layer
from fom.web.access import allows, current_actor
from fom.web.alerting import note_shown
from fom.web.context_layers import context_features
from fom.web.edge import edge, reading
from fom.web.pages.routes import asked_question
from fom.web.pages.shell import chosen_theme, dtg

blueprint = Blueprint("briefing", __name__)

LAYERS = ("hazards", "restrictions", "air-heads", "crossings", "sites")


@blueprint.get("/briefing.html")
@allows("read_picture")
def download() -> Response:
    """Return the briefing map of the question in the address, as a file."""
    from fom.maps.briefing import briefing_map, state_lines  # folium brings pandas: a sixth of what a process reads

    host, question, actor = edge().host, asked_question(), current_actor()
    with reading() as session:
        layers = {name: read_layer(session, host, name, question, actor=actor)["features"] for name in LAYERS}
        routes = read_layer(session, host, "routes", question, actor=actor)["features"]
    note_shown("export", question, subject="briefing map")
    states = host.states(question.profile.name, question.user_class).states
    numbers = {segment[0]: segment[1] for route in routes for segment in route["properties"]["segments"]}
    letters = {number: letter_of(int(states[number, direction])) for number, direction in numbers.items()}
    lines = [line for route in routes for line in state_lines(route, letters)]
    page = briefing_map(
        {"routes": lines, **layers}, context_features(), title=edge().config.mission,
        classification=actor.clearance, at=question.at, bounds=network_bounds(host.network),
        credit=network_credit(host.network), theme=chosen_theme(),
    )  # fmt: skip
    name = f"briefing-{dtg(question.at).replace(' ', '-')}.html"
    return Response(page, mimetype="text/html", headers={"Content-Disposition": f'attachment; filename="{name}"'})
