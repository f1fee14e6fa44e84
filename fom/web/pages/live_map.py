"""The live map: a page of settings for the scripts, and the way from a clicked segment's number to its id."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for

from fom.domain.access import may
from fom.domain.profiles import USER_CLASSES
from fom.errors import NotFound
from fom.maps.style import STYLES, map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.map_layers import CONSENT
from fom.web.access import allows, current_actor
from fom.web.alerting import note_shown
from fom.web.context_layers import context_features
from fom.web.edge import edge

blueprint = Blueprint("live_map", __name__)

LAYERS = (
    # name, label, symbols of its switch, whether it starts on
    ("hazards", "Explosive hazards", "sha", True),
    ("restrictions", "Restrictions, damage", "den", True),
    ("incidents", "Incidents, 30 d", "inc", False),
    ("air-heads", "Air heads", "air", True),
    ("crossings", "Border crossings", "bxp", True),
    ("control-points", "Control points", "ctl", True),
    ("sites", "Bases, hubs, camps", "base", True),
    ("areas", "Areas and zones", "ord", False),
    ("consent", "Consent by area, 13 weeks", "con-sometimes", False),
    ("movements", "Movements", "mov", True),
)
LEGEND = (
    ("cha", "Confirmed hazard"), ("sha", "Suspected, with doubt"), ("wrk", "Being worked on"),
    ("clr", "Released"), ("den", "Denial"), ("chk", "Checkpoint, fee"), ("ord", "Order, curfew"),
    ("dmg", "Damage"), ("inc", "Incident"), ("air", "Air head, bearing"), ("hls", "Helicopter site"),
    ("bxp", "Border crossing"), ("ctl", "Control point"), ("base", "Base"), ("tob", "TOB"), ("hub", "Service hub"),
    ("mov", "Movement, as seen"), ("mov-plan", "Movement, by schedule"),
)  # fmt: skip
CONSENT_LEGEND = (
    ("con-free", "95 % or more left unimpeded"), ("con-sometimes", "80 to 95 %"), ("con-often", "Under 80 %"),
    ("con-unknown", "Nothing attempted: not known"),
)  # fmt: skip


@blueprint.get("/")
@allows("read_picture")
def live_map() -> Any:
    """Show the map."""
    host = edge().host
    note_shown("map", host.question())
    reads_cases = may(current_actor(), "read_restriction_cases")
    layers = [layer for layer in LAYERS if reads_cases or layer[0] != CONSENT]
    settings = {
        "network": host.network.network_id,
        "segments": host.network.n_segments,
        "bounds": network_bounds(host.network),
        "credit": network_credit(host.network),
        "zooms": [MIN_ZOOM, MAX_ZOOM],
        "style": map_style_values(),
        "layers": [name for name, _, _, _ in layers],
    }
    return render_template(
        "map/live.html", settings=settings, layers=layers, legend=LEGEND,
        consent_legend=CONSENT_LEGEND if reads_cases else (), styles=list(STYLES.values()),
        profiles=sorted(host.profiles.values(), key=lambda p: p.name), user_classes=USER_CLASSES,
    )  # fmt: skip


@blueprint.get("/map/segments/<network_id>/<int:number>")
@allows("read_picture")
def segment_by_number(network_id: str, number: int) -> Any:
    """Lead from a segment's number on the tiles to its reasons; the question asked goes along."""
    network = edge().host.network
    if network.network_id != network_id or not 0 <= number < network.n_segments:
        raise NotFound("segment", f"{network_id}/{number}")
    target = url_for("api_segments.get_segment", segment_id=network.segment_id(number))
    query = request.query_string.decode("ascii", "replace")
    return redirect(f"{target}?{query}" if query else target)


@blueprint.get("/map/context")
@allows("read_picture")
def context() -> Any:
    """Return the quiet base layers of the mission area in one collection, empty where there are none."""
    answer = jsonify({"type": "FeatureCollection", "features": context_features()})
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer
