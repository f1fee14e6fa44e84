"""Imports: stage a file of reports, look at its rows, publish them in one transaction, take them back as one."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import orjson
from flask import jsonify
from pydantic import BaseModel, ConfigDict, Field

from fom.domain.forms import FORMS
from fom.errors import InvalidInput
from fom.exchange.apart import read_apart
from fom.exchange.gpx import read_gpx
from fom.exchange.tables import FILE_MAX_BYTES, read_csv, read_features
from fom.services.imports import publishing, staging
from fom.services.imports.mappings import fitting_mapping, list_mappings
from fom.web.access import allows, current_actor
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.shapes import Body, Classification, InstantText, Text, Uuid
from fom.web.bodies import takes
from fom.web.edge import edge, reading, writing

api = family("imports", "Files of reports: staged, looked at, published in one transaction, taken back as one")


class ImportBody(Body):
    """A file: GeoJSON points as `features`, CSV or GPX as `text`. Workbooks are sent on the page."""

    id: Uuid = Field(description="Of this import; sending it again is harmless")
    kind: Literal["geojson", "csv", "gpx"]
    form: Literal[tuple(FORMS)] = Field(  # type: ignore[valid-type]
        description="What a row tells of; `passage` for tracks"
    )
    file_name: str = Field("import", max_length=400)
    classification: Classification = "confidential"
    features: dict[str, Any] | None = Field(None, description="GeoJSON FeatureCollection of points")
    text: str | None = Field(None, max_length=FILE_MAX_BYTES)
    mapping: dict[str, Any] | None = Field(
        None, description="Column -> question and how to read it; without one a kept mapping or the headers decide"
    )
    answers: dict[str, Any] | None = Field(None, description="Of the passage form, for every drive of a GPX file")


class VersionBody(Body):
    """The version that was looked at."""

    version: int = Field(ge=1, le=2**31 - 1)


class PublishBody(VersionBody):
    """Publish what is ready."""

    with_same: bool = Field(False, description="Also log again what is here already")


class ReverseBody(VersionBody):
    """Why all of it is taken back."""

    reason: Text = Field(min_length=1)


class MappingBody(VersionBody):
    """Another mapping."""

    mapping: dict[str, Any]


class ImportHead(BaseModel):
    """An import without its rows."""

    model_config = ConfigDict(extra="allow")

    id: str
    kind: str
    form: str
    file_name: str
    state: Literal["staged", "published", "reversed", "dropped"]
    version: int
    counts: dict[str, int]
    by: str
    at: InstantText


class ImportOut(ImportHead):
    """An import with its mapping."""

    headers: list[str]
    mapping: dict[str, Any]


class Imports(BaseModel):
    """Imports, newest first."""

    imports: list[ImportHead]


class ImportRowOut(BaseModel):
    """A row: its cells, how they are read, every error as [column, what came, what was expected]."""

    model_config = ConfigDict(extra="allow")

    number: int
    fate: Literal["ready", "error", "same", "published"]
    errors: list[list[str]]


class ImportRows(BaseModel):
    """Rows of an import."""

    rows: list[ImportRowOut]


class Confirmed(BaseModel):
    """How many records count no more."""

    confirmed: int


class ImportPath(BaseModel):
    """Which import."""

    import_id: Uuid


class RowsQuery(Body):
    """Which rows."""

    after: int = Field(0, ge=0, le=2**31 - 1)
    limit: int = Field(500, ge=1, le=10_000)


ACT: dict[Any, Any] = {"200": ImportHead, **MISSING, **CONFLICT, **BODY}


@api.post("/imports", responses={"200": ImportHead, **CONFLICT, **BODY})
@allows("stage_imports")
@takes(FILE_MAX_BYTES + 1024 * 1024)
def post_import(body: ImportBody) -> Any:
    """Stage a file: its rows are read and checked, and nothing counts before it is published."""
    content, sha256 = _read(body)
    draft = staging.FileDraft(
        id=body.id, kind=body.kind, form=body.form, file_name=body.file_name, sha256=sha256,
        classification=body.classification,
    )  # fmt: skip
    ground, actor = staging.ground_of(edge().host), current_actor()
    with writing() as (session, now):
        if body.kind == "gpx":
            done = staging.stage_tracks(
                session, draft, content, answers=body.answers or {}, actor=actor, now=now, ground=ground
            )
        else:
            mapping = body.mapping
            if mapping is None:
                saved = fitting_mapping(list_mappings(session, actor=actor, form=body.form), content.headers)
                mapping = None if saved is None else saved["mapping"]
            else:
                mapping = {**mapping, "form": body.form}
            done = staging.stage_table(session, draft, content, mapping=mapping, actor=actor, now=now, ground=ground)
    return jsonify(done)


@api.get("/imports", responses={"200": Imports})
@allows("stage_imports")
def list_imports() -> Any:
    """List the imports that the account may see, newest first."""
    with reading() as session:
        return jsonify(imports=staging.list_batches(session, actor=current_actor()))


@api.get("/imports/<import_id>", responses={"200": ImportOut, **MISSING})
@allows("stage_imports")
def get_import(path: ImportPath) -> Any:
    """Return an import with its mapping and what else holds the same file."""
    with reading() as session:
        return jsonify(staging.get_batch(session, path.import_id, actor=current_actor()))


@api.get("/imports/<import_id>/rows", responses={"200": ImportRows, **MISSING})
@allows("stage_imports")
def get_rows(path: ImportPath, query: RowsQuery) -> Any:
    """Return rows in order: cells, answers, errors, what is here already, and of tracks what they would cover."""
    with reading() as session:
        rows = staging.list_rows(session, path.import_id, actor=current_actor())
    return jsonify(rows=[row for row in rows if row["number"] > query.after][: query.limit])


@api.post("/imports/<import_id>/mapping", responses=ACT)
@allows("stage_imports")
def post_mapping(path: ImportPath, body: MappingBody) -> Any:
    """Read the rows again under another mapping; 409 when the import was changed meanwhile."""
    ground = staging.ground_of(edge().host)
    with writing() as (session, now):
        done = staging.remap_batch(
            session, path.import_id, body.mapping, version=body.version, actor=current_actor(), now=now, ground=ground
        )
    return jsonify(done)


@api.post("/imports/<import_id>/publish", responses=ACT)
@allows("publish_imports")
def post_publish(path: ImportPath, body: PublishBody) -> Any:
    """Log every usable row as a report, in one transaction."""
    with writing() as (session, now):
        host = edge().host
        done = publishing.publish_batch(
            session, path.import_id, version=body.version, with_same=body.with_same, actor=current_actor(), now=now,
            network=host.network, router=host.router, names=host.names,
        )  # fmt: skip
    return jsonify(done)


@api.post("/imports/<import_id>/reverse", responses=ACT)
@allows("publish_imports")
def post_reverse(path: ImportPath, body: ReverseBody) -> Any:
    """Take back every record of an import; explosive and physical ones count until a second person confirms."""
    with writing() as (session, now):
        done = publishing.reverse_batch(
            session, path.import_id, version=body.version, reason=body.reason, actor=current_actor(), now=now
        )
    return jsonify(done)


@api.post("/imports/<import_id>/confirm", responses={"200": Confirmed, **MISSING, **CONFLICT})
@allows("retract")
def post_confirm(path: ImportPath) -> Any:
    """Sign as the second person for the retractions of an import that still wait."""
    with writing() as (session, now):
        count = publishing.confirm_reversal(session, path.import_id, actor=current_actor(), now=now)
    return jsonify(confirmed=count)


def _read(body: ImportBody) -> tuple[Any, str]:
    """Return the tracks or the table of a body, and the hash of what was sent."""
    if body.kind == "geojson":
        if body.features is None:
            raise InvalidInput.single("features", "nothing", "a GeoJSON FeatureCollection")
        sent = orjson.dumps(body.features, option=orjson.OPT_SORT_KEYS)
        return read_features(body.features), hashlib.sha256(sent).hexdigest()
    if body.text is None:
        raise InvalidInput.single("text", "nothing", f"the text of a {body.kind} file")
    data = body.text.encode()
    if body.kind == "gpx" and body.form != "passage":
        raise InvalidInput.single("form", body.form, "passage: a track shows a passage")
    return read_apart(read_gpx if body.kind == "gpx" else read_csv, data), hashlib.sha256(data).hexdigest()
