"""Papers of a restriction case: a note verbale, a reply or minutes as a photo or a PDF, kept as restricted evidence.

Who sees a case sees what papers it has; the file itself opens for those who follow cases or grade evidence, and every
look is in the audit. A photo is made anew, like those of reports; a PDF is kept as it came, is never opened by the
service, and goes out only as a download.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, may, require
from fom.domain.instants import format_instant
from fom.errors import Conflict, FieldError, InvalidInput, NotFound, NotPermitted
from fom.exchange.apart import read_apart
from fom.exchange.photos import KEPT_TYPE, PHOTO_MAX_BYTES, read_photo
from fom.services.cases import steps_of
from fom.services.drafts import check_uuid
from fom.services.evidence import PHOTOS_MAX, SEE, kept_file, write_file
from fom.services.registers import get_register
from fom.services.writing import note, step
from fom.store.audit import append_audit
from fom.store.tables import CasePaper

READS, EDITS = "read_restriction_cases", "edit_restriction_cases"
PAPERS_MAX = PHOTOS_MAX
PAPER_MAX_BYTES = PHOTO_MAX_BYTES
PDF_TYPE = "application/pdf"
_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFile|RichMedia|XFA)\b")
"""What makes a PDF do something by itself; found only where the file does not pack it away."""


@dataclass(frozen=True, slots=True)
class PaperFile:
    """A file as it is kept: a photo made anew, or a PDF."""

    kind: str
    kept: bytes
    sent_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperDraft:
    """A paper as somebody sends it; its id is the sender's UUID, so that sending twice keeps it once."""

    id: str
    title: str
    step_id: str | None = None


def keep_paper(
    session: Session, case_id: str, draft: PaperDraft, file: PaperFile, *, folder: Path, actor: Actor, now: int
) -> dict[str, Any]:
    """Keep a file with a case and return its row.

    Raises
    ------
    NotFound
        No such case for this actor.
    InvalidInput
        No title, or no step of the case.
    Conflict
        The id names another paper, or the case has too many.
    """
    require(actor, EDITS)
    at = step(session, now)
    get_register(session, "restriction_case", case_id, actor=actor)
    known = session.get(CasePaper, draft.id, populate_existing=True)
    if known is not None:
        if (known.case_id, known.sent_sha256, known.by) != (case_id, file.sent_sha256, actor.person):
            raise Conflict("this id names another paper already")
        return _plain(known)
    _check(session, case_id, draft)
    if len(_rows(session, case_id)) >= PAPERS_MAX:
        raise Conflict(f"a case takes at most {PAPERS_MAX} papers")
    kind, kept = file.kind, file.kept
    digest = hashlib.sha256(kept).hexdigest()
    write_file(_file(folder, digest, kind), 0, kept)
    row = CasePaper(
        id=draft.id, case_id=case_id, step_id=draft.step_id, title=draft.title.strip(), kind=kind, size=len(kept),
        sent_sha256=file.sent_sha256, kept_sha256=digest, by=actor.person, received=at,
    )  # fmt: skip
    session.add(row)
    details = {"case": case_id, "kind": kind, "kept": digest}
    note(session, "keep_case_paper", ("case_paper", row.id), kind="register", actor=actor, at=at, details=details)
    return _plain(row)


def list_papers(session: Session, case_id: str, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the papers of a case that the actor may see, oldest first, those withdrawn with the reason."""
    require(actor, READS)
    get_register(session, "restriction_case", case_id, actor=actor)
    query = select(CasePaper).where(CasePaper.case_id == case_id).order_by(CasePaper.received, CasePaper.id)
    return [_plain(row) | {"may_open": _may_open(row, actor)} for row in session.scalars(query)]


def open_paper(
    session: Session, paper_id: str, *, case_id: str | None = None, folder: Path, actor: Actor, now: int
) -> tuple[bytes, str, str]:
    """Return (the file, its media type, a name for it), and write into the audit who looked.

    `case_id`: of which case it must be, where the asker says so.

    Raises
    ------
    NotFound
        No such paper for this actor, not of that case, or withdrawn.
    NotPermitted
        The actor sees the case, not its papers.
    """
    require(actor, READS)
    at = step(session, now)
    row = _visible(session, paper_id, case_id, actor)
    if not _may_open(row, actor):
        raise NotPermitted("papers of a case open for those who follow cases or grade evidence")
    file = _file(folder, row.kept_sha256, row.kind)
    if row.withdrawn_at is not None or not file.is_file():
        raise NotFound("file of", paper_id)
    details = {"case": row.case_id}
    append_audit(session, "view_case_paper", ("case_paper", row.id), actor=actor.person, at=at, details=details)
    is_photo = row.kind == "photo"
    return file.read_bytes(), KEPT_TYPE if is_photo else PDF_TYPE, f"{row.id}.{'jpg' if is_photo else 'pdf'}"


def withdraw_paper(
    session: Session, paper_id: str, why: str, *, case_id: str | None = None, actor: Actor, now: int
) -> dict[str, Any]:
    """Take a paper that was sent by mistake out of sight; its line stays, with the reason. `case_id` as above.

    Raises
    ------
    InvalidInput
        No reason.
    NotFound
        No such paper for this actor, or not of that case.
    """
    require(actor, EDITS)
    at = step(session, now)
    row = _visible(session, paper_id, case_id, actor)
    if not 1 <= len(why.strip()) <= 4000:
        raise InvalidInput.single("why", f"{len(why.strip())} characters", "the reason, 1 to 4000 characters")
    if row.withdrawn_at is None:
        row.withdrawn_at, row.withdrawn_by, row.withdrawn_why = at, actor.person, why.strip()
        details = {"case": row.case_id}
        subject = ("case_paper", row.id)
        note(session, "withdraw_case_paper", subject, kind="register", actor=actor, at=at, details=details)
    return _plain(row)


def _check(session: Session, case_id: str, draft: PaperDraft) -> None:
    errors: list[FieldError] = []
    check_uuid(draft.id, "id", errors)
    if not 1 <= len(draft.title.strip()) <= 200:
        came = f"{len(draft.title.strip())} characters" if draft.title.strip() else "nothing"
        errors.append(FieldError("title", came, "what it is, in 1 to 200 characters"))
    steps = {entered.id for entered in steps_of(session, [case_id]).get(case_id, [])}
    if draft.step_id is not None and draft.step_id not in steps:
        errors.append(FieldError("step_id", draft.step_id[:80], "the id of a step of this case"))
    if errors:
        raise InvalidInput(errors)


def read_paper(data: bytes) -> PaperFile:
    """Return what is kept of a file, by its content, whatever it was called; done before a writing session.

    Raises
    ------
    InvalidInput
        Neither a photo nor a PDF within the limits.
    Busy
        Too many files are being read.
    """
    sent = hashlib.sha256(data).hexdigest()
    if not data.startswith(b"%PDF-"):
        try:
            return PaperFile("photo", read_apart(read_photo, data).data, sent)
        except InvalidInput as refused:
            (error,) = refused.errors
            raise InvalidInput.single("file", error.came, "a photo (JPEG, PNG, WebP) or a PDF") from None
    if len(data) > PAPER_MAX_BYTES:
        most = f"at most {PAPER_MAX_BYTES // 1024 // 1024} MB"
        raise InvalidInput.single("file", f"{len(data) / 1024 / 1024:.0f} MB", most)
    if b"%%EOF" not in data[-2048:]:
        raise InvalidInput.single("file", "a PDF that breaks off", "the whole file")
    if found := _ACTIVE.search(data):
        came = f"a PDF with /{found[1].decode()} in it"
        raise InvalidInput.single("file", came, "a PDF that only shows pages: print it to a new PDF")
    return PaperFile("pdf", data, sent)


def _file(folder: Path, digest: str, kind: str) -> Path:
    return kept_file(folder, digest, ending="jpg" if kind == "photo" else "pdf")


def _rows(session: Session, case_id: str) -> list[CasePaper]:
    query = select(CasePaper).where(CasePaper.case_id == case_id, CasePaper.withdrawn_at.is_(None))
    return list(session.scalars(query))


def _visible(session: Session, paper_id: str, case_id: str | None, actor: Actor) -> CasePaper:
    row = session.get(CasePaper, paper_id, populate_existing=True)
    if row is None or case_id not in (None, row.case_id):
        raise NotFound("paper", paper_id)
    try:
        get_register(session, "restriction_case", row.case_id, actor=actor)
    except NotFound:
        raise NotFound("paper", paper_id) from None
    return row


def _may_open(row: CasePaper, actor: Actor) -> bool:
    return row.by == actor.person or may(actor, EDITS) or may(actor, SEE)


def _plain(row: CasePaper) -> dict[str, Any]:
    return {
        "id": row.id, "case_id": row.case_id, "step_id": row.step_id, "title": row.title, "kind": row.kind,
        "size": row.size, "sha256": row.kept_sha256, "by": row.by, "received": format_instant(row.received),
        "withdrawn_at": None if row.withdrawn_at is None else format_instant(row.withdrawn_at),
        "withdrawn_by": row.withdrawn_by, "withdrawn_why": row.withdrawn_why,
    }  # fmt: skip
