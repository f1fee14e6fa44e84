"""Layers of the map as GeoJSON: hazards, restrictions, incidents, places, key routes."""

from __future__ import annotations

from typing import Any, Literal

from flask import jsonify
from pydantic import BaseModel, Field

from fom.services.map_layers import READERS, read_layer
from fom.web.access import allows, current_actor
from fom.web.api import MISSING, family
from fom.web.api.shapes import Asking, FeatureOut, InstantText
from fom.web.edge import edge, reading

api = family("layers", "What lies on the map, as GeoJSON")


class LayerPath(BaseModel):
    """Which layer."""

    name: Literal[tuple(READERS)]  # type: ignore[valid-type]


class Layer(BaseModel):
    """A FeatureCollection; `part` of a feature is `point`, `area` or `doubt` (the circle within which it lies)."""

    type: Literal["FeatureCollection"]
    version: int = Field(description="Change number that the layer includes")
    as_of: InstantText
    features: list[FeatureOut]


@api.get("/layers/<name>", responses={"200": Layer, **MISSING})
@allows("read_picture")
def get_layer(path: LayerPath, query: Asking) -> Any:
    """Return one layer, as this account may see it."""
    host = edge().host
    question = host.question(query.at, query.known_at, query.profile, query.user_class)
    with reading() as session:
        return jsonify(read_layer(session, host, path.name, question, actor=current_actor()))
