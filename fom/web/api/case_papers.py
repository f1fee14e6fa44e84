"""Papers of restriction cases: kept whole from a form, listed, opened by those who may, withdrawn with a reason."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Response, jsonify, request
from flask_openapi3.models.file import FileStorage
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from werkzeug.datastructures import FileStorage as SentFile

from fom.services import case_papers
from fom.services.case_papers import EDITS, PAPER_MAX_BYTES, PDF_TYPE, READS, PaperDraft
from fom.web.access import allows, current_actor
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.cases import CasePath
from fom.web.api.shapes import Body, Id, InstantText, Text, Uuid
from fom.web.bodies import takes
from fom.web.edge import edge, reading, writing

api = family("case papers", "Papers of restriction cases: notes verbales, replies, minutes", module="case_papers")


def _as_sent(_: object, info: ValidationInfo) -> str:
    """Return a field of the form as it came: the library reads each as JSON, and would make a number of the title 9."""
    return request.form.get(str(info.field_name), "")


def _is_file(value: object) -> object:
    if not isinstance(value, SentFile):
        raise ValueError("a file, not a text")
    return value


class NewPaper(Body):
    """A paper with what it is; sent again it is kept once."""

    id: Uuid = Field(description="Of this paper")
    title: Annotated[str, BeforeValidator(_as_sent)] = Field(max_length=200, description="What it is")
    step_id: Annotated[str, BeforeValidator(_as_sent)] | None = Field(
        None, max_length=120, description="Step of the case that it belongs to"
    )
    file: Annotated[FileStorage, AfterValidator(_is_file)] = Field(
        description="A photo (JPEG, PNG, WebP) or a PDF, at most 12 MB"
    )


class PaperOut(BaseModel):
    """What is kept of a paper."""

    model_config = ConfigDict(extra="allow")

    id: str
    case_id: str
    step_id: str | None
    title: str
    kind: Literal["photo", "pdf"]
    size: int = Field(ge=1, description="Bytes as kept")
    sha256: str = Field(description="Of the file as kept; a photo is made anew")
    by: str
    received: InstantText
    withdrawn_at: InstantText | None
    withdrawn_by: str | None
    withdrawn_why: str | None


class ListedPaper(PaperOut):
    """A paper of the list."""

    may_open: bool = Field(description="Whether this account may open the file")


class Papers(BaseModel):
    """Papers of a case, oldest first."""

    papers: list[ListedPaper]


class PaperPath(BaseModel):
    """Which paper of which case."""

    row_id: Id
    paper_id: Uuid


class Withdrawal(Body):
    """Why a paper is taken out of sight."""

    why: Text = Field(min_length=1)


FILE = {"description": "The file", "content": {"image/jpeg": {}, PDF_TYPE: {}}}


@api.get("/restriction-cases/<row_id>/papers", responses={"200": Papers, **MISSING})
@allows(READS)
def get_papers(path: CasePath) -> Any:
    """List the papers of a case, those withdrawn with the reason."""
    with reading() as session:
        return jsonify(papers=case_papers.list_papers(session, path.row_id, actor=current_actor()))


@api.post("/restriction-cases/<row_id>/papers", responses={"201": PaperOut, **MISSING, **CONFLICT, "413": BODY["413"]})
@allows(EDITS)
@takes(PAPER_MAX_BYTES + 64 * 1024, raw=True)
def post_paper(path: CasePath, form: NewPaper) -> Any:
    """Keep a file with a case, as `multipart/form-data`; sent again it gives the first result."""
    draft = PaperDraft(id=form.id.lower(), title=form.title, step_id=form.step_id or None)
    paper, folder = case_papers.read_paper(form.file.read()), edge().config.evidence
    with writing() as (session, now):
        kept = case_papers.keep_paper(session, path.row_id, draft, paper, folder=folder, actor=current_actor(), now=now)
    return jsonify(kept), 201


@api.get("/restriction-cases/<row_id>/papers/<paper_id>", responses={"200": FILE, **MISSING})
@allows(READS)
def get_paper(path: PaperPath) -> Any:
    """Return the file, always as a download; every look is in the audit."""
    with writing() as (session, now):
        data, media_type, name = case_papers.open_paper(
            session, path.paper_id.lower(), case_id=path.row_id, folder=edge().config.evidence, actor=current_actor(),
            now=now,
        )  # fmt: skip
    return download(data, media_type, name)


@api.post("/restriction-cases/<row_id>/papers/<paper_id>/withdraw", responses={"200": PaperOut, **MISSING, **BODY})
@allows(EDITS)
def withdraw(path: PaperPath, body: Withdrawal) -> Any:
    """Take a paper that was sent by mistake out of sight; its line stays, with the reason."""
    with writing() as (session, now):
        row = case_papers.withdraw_paper(
            session, path.paper_id.lower(), body.why, case_id=path.row_id, actor=current_actor(), now=now
        )
    return jsonify(row)


def download(data: bytes, media_type: str, name: str) -> Response:
    """Return a paper as a download that no browser opens in our name."""
    answer = Response(data, mimetype=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
