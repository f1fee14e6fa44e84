"""Records as bodies: what each kind may hold, described from the domain's own table for the OpenAPI document.

The description is exact enough to generate records from; what refuses one is the domain (`fom/domain/facts_file.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import RootModel

from fom.domain.facts_fields import object_schema
from fom.domain.facts_schema import SCHEMAS
from fom.domain.geojson import DEPTH
from fom.services.drafts import REPORTED_KINDS, SET_BY_SERVER

UUID_PATTERN = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_POSITION = {
    "type": "array",
    "items": {"type": "number", "minimum": -180, "maximum": 180},
    "minItems": 2,
    "maxItems": 3,
}


def geometry_schema(shapes: Sequence[str]) -> dict[str, Any]:
    """Return the JSON Schema of a GeoJSON geometry of one of the types."""
    variants = []
    for shape in shapes:
        coordinates: dict[str, Any] = _POSITION
        for level in range(DEPTH[shape]):
            is_ring = level == 0 and "Polygon" in shape
            coordinates = {"type": "array", "items": coordinates, "minItems": 4 if is_ring else 1}
        members = {"type": {"const": shape}, "coordinates": coordinates}
        variants.append({"type": "object", "properties": members, "required": ["type", "coordinates"]})
    return {"anyOf": variants}


def feature_schema(kinds: Sequence[str]) -> dict[str, Any]:
    """Return the JSON Schema of one feature of one of the kinds, as a client may send it."""
    return {"anyOf": [_feature_of(kind) for kind in kinds]}


def _feature_of(kind: str) -> dict[str, Any]:
    schema = SCHEMAS[kind]
    properties = object_schema([f for f in schema.fields if f.name not in SET_BY_SERVER])
    properties["properties"] = {"kind": {"const": kind}, **properties["properties"]}
    properties["required"] = ["kind", *properties["required"]]
    allowed = [geometry_schema(schema.shapes)] if schema.shapes else []
    if schema.is_null_allowed:
        allowed.append({"type": "null"})
    return {
        "type": "object",
        "title": kind,
        "properties": {
            "type": {"const": "Feature"},
            "id": {"anyOf": [{"type": "string", "pattern": UUID_PATTERN}, {"type": "null"}]},
            "geometry": {"anyOf": allowed},
            "properties": properties,
        },
        "required": ["type", "geometry", "properties"],
        "additionalProperties": False,
    }


class RecordBody(RootModel[dict[str, Any]]):
    """A feature as sent; subclasses say of which kinds."""

    kinds: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        """Return the description; pydantic then names it after the class."""
        return feature_schema(cls.kinds) | {"title": cls.__name__}


class ReportedRecord(RecordBody):
    """What a report may say."""

    kinds = REPORTED_KINDS


class VerificationRecord(RecordBody):
    """A passage or search."""

    kinds = ("verification",)


class ClosingActRecord(RecordBody):
    """A signed statement that ends facts."""

    kinds = ("closing_act",)


class AreaRecord(RecordBody):
    """A threat level or a season."""

    kinds = ("threat_area", "season")
