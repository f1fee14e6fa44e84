"""Photos of reports: announced, sent in parts that can be taken up again, and looked at by who needs to."""

from __future__ import annotations

import re
from typing import Any, Literal

from flask import Response, jsonify, request
from flask_openapi3.models import RawModel
from pydantic import BaseModel, ConfigDict, Field

from fom.errors import InvalidInput
from fom.exchange.photos import PHOTO_MAX_BYTES
from fom.services import evidence
from fom.services.evidence import EvidenceDraft
from fom.web.access import allows, current_actor
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.reports import ReportPath
from fom.web.api.shapes import Body, InstantText, Uuid
from fom.web.bodies import takes
from fom.web.edge import edge, reading, writing

api = family("evidence", "Photos of reports, for who sent them and who grades")


class EvidenceBody(Body):
    """A photo to come."""

    id: Uuid = Field(description="Of this photo; announcing it again tells how far it came")
    size: int = Field(ge=1, le=2**31 - 1, description="Bytes; at most 12 MB are taken")
    sha256: str = Field(min_length=64, max_length=64, description="Of the file that is sent, hexadecimal")
    type: str = Field(max_length=40, description="image/jpeg, image/png or image/webp")


class Part(RawModel):
    """The next bytes of the file."""

    mimetypes: list[str] = ["application/octet-stream"]  # noqa: RUF012 - as the library reads it


class EvidenceOut(BaseModel):
    """A photo and how far it came."""

    model_config = ConfigDict(extra="allow")

    id: str
    report_id: str
    kind: Literal["photo"]
    state: Literal["partial", "whole", "refused"]
    size: int
    received_bytes: int
    refusal: str | None
    by: str
    received: InstantText


class EvidenceList(BaseModel):
    """Photos of a report."""

    evidence: list[EvidenceOut]


class EvidencePath(BaseModel):
    """Which photo."""

    evidence_id: Uuid


class FileQuery(Body):
    """Which size."""

    size: Literal["whole", "small"] = "whole"


@api.post("/reports/<report_id>/evidence", responses={"200": EvidenceOut, **MISSING, **CONFLICT, **BODY})
@allows("send_report")
def announce(path: ReportPath, body: EvidenceBody) -> Any:
    """Announce a photo of one's own report; the answer says from which byte to send."""
    draft = EvidenceDraft(id=body.id.lower(), size=body.size, sha256=body.sha256, media_type=body.type)
    with writing() as (session, now):
        return jsonify(evidence.announce_evidence(session, path.report_id, draft, actor=current_actor(), now=now))


@api.get("/reports/<report_id>/evidence", responses={"200": EvidenceList, **MISSING})
@allows("send_report", "see_evidence")
def list_of_report(path: ReportPath) -> Any:
    """List the photos of a report that the account may see."""
    with reading() as session:
        return jsonify(evidence=evidence.list_evidence(session, path.report_id, actor=current_actor()))


@api.put("/evidence/<evidence_id>", responses={"200": EvidenceOut, **MISSING, **CONFLICT, **BODY})
@allows("send_report")
@takes(PHOTO_MAX_BYTES, raw=True)
def put_part(path: EvidencePath, raw: Part) -> Any:  # noqa: ARG001 - the bytes are read from the request
    """Send the next part with `Content-Range: bytes first-last/size`; 409 says from where to go on, or why not."""
    data = request.get_data()
    first, total = _range(len(data))
    evidence_id, folder, actor = path.evidence_id.lower(), edge().config.evidence, current_actor()
    with reading() as session:
        whole = evidence.find_whole(session, evidence_id, data, first=first, folder=folder, actor=actor)
    made = None if whole is None else evidence.make_photo(whole)
    with writing() as (session, now):
        return jsonify(
            evidence.receive_part(
                session, evidence_id, data, first=first, total=total, folder=folder, actor=actor, now=now, made=made
            )
        )


@api.get("/evidence/<evidence_id>", responses={"200": EvidenceOut, **MISSING})
@allows("send_report", "see_evidence")
def get_state(path: EvidencePath) -> Any:
    """Return how far a photo came."""
    with reading() as session:
        return jsonify(evidence.get_evidence(session, path.evidence_id.lower(), actor=current_actor()))


@api.get(
    "/evidence/<evidence_id>/file",
    responses={"200": {"description": "The picture", "content": {"image/jpeg": {}}}, **MISSING},
)
@allows("send_report", "see_evidence")
def get_file(path: EvidencePath, query: FileQuery) -> Any:
    """Return the picture; every look is in the audit."""
    with writing() as (session, now):
        data, media_type = evidence.read_evidence(
            session, path.evidence_id.lower(), small=query.size == "small", folder=edge().config.evidence,
            actor=current_actor(), now=now,
        )  # fmt: skip
    answer = Response(data, mimetype=media_type)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"  # a picture runs nothing, whatever it is
    answer.headers["Content-Disposition"] = f'inline; filename="photo-{path.evidence_id[:8].lower()}.jpg"'
    return answer


def _range(length: int) -> tuple[int, int]:
    """Return (first byte, size of the whole file) of the request; without a range the body is the whole file."""
    text = request.headers.get("Content-Range")
    if text is None:
        return 0, length
    match = re.fullmatch(r"bytes (\d{1,12})-(\d{1,12})/(\d{1,12})", text.strip())
    if match is None or int(match[2]) - int(match[1]) + 1 != length:
        raise InvalidInput.single("Content-Range", text[:60], f"bytes first-last/size of the {length} bytes sent")
    return int(match[1]), int(match[3])
