"""Layers of the map as GeoJSON: hazards, restrictions, incidents, places, key routes, movements."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify, request
from pydantic import BaseModel, Field

from fom.domain.instants import MINUTE_US
from fom.services.admin_units import units_among
from fom.services.map_layers import CONSENT, LAYERS, read_layer
from fom.services.movements import list_movements
from fom.web.access import allows, current_actor
from fom.web.alerting import note_shown, note_ways
from fom.web.api import MISSING, UNCHANGED, family
from fom.web.api.shapes import Asking, FeatureOut, InstantText
from fom.web.caching import unchanged, with_etag
from fom.web.context_layers import context_features
from fom.web.edge import edge, reading

AGES_US = 10 * MINUTE_US
"""How often a layer is made anew although nothing changed: the ages and ends it tells go on."""
MOVING_US = MINUTE_US
"""The same of movements, which go on by their schedules."""

api = family("layers", "What lies on the map, as GeoJSON")


class LayerPath(BaseModel):
    """Which layer."""

    name: Literal[LAYERS]  # type: ignore[valid-type]


class Layer(BaseModel):
    """A FeatureCollection; `part` of a feature is `point`, `area` or `doubt` (the circle within which it lies).

    Of movements also `way` (what is ahead) and `expected` (where one that was seen should be by now).
    """

    type: Literal["FeatureCollection"]
    version: int = Field(description="Change number that the layer includes")
    as_of: InstantText
    features: list[FeatureOut]


@api.get("/layers/<name>", responses={"200": Layer, **UNCHANGED, **MISSING})
@allows("read_picture")
def get_layer(path: LayerPath, query: Asking) -> Any:
    """Return one layer, as this account may see it."""
    host, actor = edge().host, current_actor()
    question = host.question(query.at, query.known_at, query.profile, query.user_class)
    if path.name == "routes":
        note_shown("map", question, at=query.at, known_at=query.known_at)
    asked = request.query_string.decode("ascii", "replace")
    step = question.at // (MOVING_US if path.name == "movements" else AGES_US)
    tag = f"{path.name} {host.network.network_id} {host.version} {actor.user_id} {asked} {step}"
    if unchanged(tag):
        return with_etag(Response(status=304), tag)
    units = units_among(context_features()) if path.name == CONSENT else []
    with reading() as session:
        layer = read_layer(session, host, path.name, question, actor=actor, units=units)
        if path.name == "movements" and layer["features"]:
            ids = {feature["properties"]["id"] for feature in layer["features"]}
            movements = list_movements(session, actor=actor, now=host.now(), since=host.now())
            note_ways(row for row in movements if row["id"] in ids and row["profile"] is not None)
    return with_etag(jsonify(layer), tag)
