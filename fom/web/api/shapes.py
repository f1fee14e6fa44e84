"""What travels over the API: parameters, bodies and answers as pydantic models, the source of the OpenAPI description.

Models check form only (types, codes, lengths). What a record may say is decided by the domain, whose findings name the
same fields. Moments are ISO 8601 text outside and microseconds inside.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from fom.domain.access import CLASSIFICATIONS
from fom.domain.instants import EARLIEST_US, LATEST_US, parse_instant
from fom.domain.profiles import USER_CLASSES
from fom.errors import InvalidInput

INSTANT_SCHEMA: dict[str, Any] = {
    "type": "string",
    "format": "date-time",
    "description": "ISO 8601 with Z or an offset, such as 2026-03-10T12:00:00Z",
}


def _to_us(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError("an ISO 8601 time with Z or an offset")
    us = parse_instant(value.upper())
    if not EARLIEST_US <= us <= LATEST_US:
        raise ValueError("a time between 1900 and 2200")
    return us


Instant = Annotated[int, BeforeValidator(_to_us), WithJsonSchema(INSTANT_SCHEMA)]
"""A moment: ISO 8601 text on the wire, microseconds in the model."""
InstantText = Annotated[str, WithJsonSchema(INSTANT_SCHEMA)]
"""A moment in an answer."""
Id = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[A-Za-z0-9._:~/+\-]+$")]
"""An id given by the client: a UUID, or another text without spaces."""
Uuid = Annotated[
    str,
    Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", json_schema_extra={"format": "uuid"}),
]
"""An id made by the sender, so that sending twice is harmless."""
Text = Annotated[str, Field(max_length=4000)]
Classification = Literal[CLASSIFICATIONS]  # type: ignore[valid-type]
UserClass = Literal[USER_CLASSES]  # type: ignore[valid-type]
Bbox = Annotated[
    str,
    Field(
        pattern=r"^-?\d{1,3}(\.\d{1,12})?(,-?\d{1,3}(\.\d{1,12})?){3}$",
        description="west,south,east,north in degrees; west above east crosses 180°",
    ),
]
ProfileName = Annotated[str, Field(min_length=1, max_length=40)]


class Body(BaseModel):
    """A body whose unknown members are refused."""

    model_config = ConfigDict(extra="forbid")


class Known(Body):
    """The moment of knowledge."""

    known_at: Instant | None = Field(None, description="What was known then; default now")


class Moment(Known):
    """When: the moment asked about and the moment of knowledge."""

    at: Instant | None = Field(None, description="Time of travel; default now")


class Asking(Moment):
    """When, with what and as whom."""

    profile: ProfileName = Field("P3", description="Vehicle or foot class")
    user_class: UserClass = Field("mission_military", description="Who moves")


class FieldProblem(BaseModel):
    """One bad field."""

    field: str
    came: str
    expected: str
    record_id: str | None = None
    reason: str | None = Field(None, description="Code of what people in the field meet; clients say it in words")


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str = Field(description="Stable word for programs")
    detail: str
    errors: list[FieldProblem]
    details: dict[str, Any] | None = None


class FeatureOut(BaseModel):
    """A GeoJSON feature."""

    type: Literal["Feature"]
    id: str | int | None = None
    geometry: dict[str, Any] | None
    properties: dict[str, Any]


class Logged(BaseModel):
    """What became of a report."""

    report_id: str
    version: int
    record_ids: list[str]
    change: int | None = Field(description="Change number: the event id that carries its effect on the stream")
    is_new: bool = Field(description="False when the same report had been stored before")
    triage: Any = None
    pending_ids: list[str] = Field(description="Acts that wait for a second person")


class Outcome(BaseModel):
    """What became of an act: recorded at once, or waiting for a second person."""

    record_id: str | None
    pending_id: str | None
    change: int | None


def parse_bbox(text: str) -> tuple[float, float, float, float]:
    """Return (west, south, east, north) of a text that fits `Bbox`; InvalidInput outside the world."""
    west, south, east, north = (float(part) for part in text.split(","))
    if not (abs(west) <= 180 and abs(east) <= 180 and -90 <= south <= north <= 90):
        raise InvalidInput.single("bbox", text[:80], "west,south,east,north in degrees, south not above north")
    return west, south, east, north
