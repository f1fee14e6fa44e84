"""Photos sent with reports: announced, sent in parts that can be taken up again, kept as bare pictures.

Who sent a photo and who may see evidence sees it, and every look is in the audit. The place that the camera noted is
strictly confidential; it is in no file, tile, feed or log.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import CLASSIFICATIONS, Actor, may, visible
from fom.domain.instants import format_instant
from fom.errors import Conflict, FieldError, InvalidInput, KeptConflict, NotFound, NotPermitted
from fom.exchange.apart import read_apart
from fom.exchange.photos import KEPT_TYPE, MEDIA_TYPES, PHOTO_MAX_BYTES, Photo, read_photo
from fom.services.drafts import check_uuid
from fom.services.writing import note, step
from fom.store.audit import append_audit
from fom.store.reports import find_report
from fom.store.tables import Evidence, Report

SEE = "see_evidence"
PHOTOS_MAX = 12
"""Photos of one report. Project decision, like the next."""
PART_MAX_BYTES = 1024 * 1024
WHOLE, SMALL = "jpg", "small.jpg"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceDraft:
    """A photo to come: `id` is the sender's UUID; size and hash are those of the file that is sent."""

    id: str
    size: int
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True)
class MadePhoto:
    """What became of the file of a photo: the picture made anew, or why there is none."""

    sha256: str
    """Of the file that was sent."""
    photo: Photo | None
    refusal: str


def make_photo(data: bytes) -> MadePhoto:
    """Return the picture of a whole file; it takes seconds, so it is done before a writing session and not in one.

    Raises
    ------
    Busy
        Too many files are being read.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        return MadePhoto(sha256, read_apart(read_photo, data, field="photo"), "")
    except InvalidInput as refused:
        (error,) = refused.errors
        return MadePhoto(sha256, None, f"{error.came}; expected {error.expected}"[:200])


def announce_evidence(
    session: Session, report_id: str, draft: EvidenceDraft, *, actor: Actor, now: int
) -> dict[str, Any]:
    """Announce a photo of one's own report, or ask again how far it came.

    Raises
    ------
    NotFound
        No such report for this actor.
    NotPermitted
        The report of somebody else.
    Conflict
        The id came before for another file, or the report has too many photos.
    """
    at = step(session, now)
    report = _visible_report(session, report_id, actor)
    if report.by != actor.person:
        raise NotPermitted("a photo is sent by who sent the report")
    _check(draft)
    known = session.get(Evidence, draft.id, populate_existing=True)
    if known is not None:
        if (known.report_id, known.size, known.sha256, known.by) != (report_id, draft.size, draft.sha256, actor.person):
            raise Conflict("this id names another photo already")
        return _plain(known, actor)
    if len(_rows(session, report_id)) >= PHOTOS_MAX:
        raise Conflict(f"a report takes at most {PHOTOS_MAX} photos")
    row = Evidence(
        id=draft.id, report_id=report_id, kind="photo", media_type=draft.media_type, size=draft.size,
        sha256=draft.sha256, received_bytes=0, state="partial", by=actor.person, received=at,
    )  # fmt: skip
    session.add(row)
    details = {"report": report_id, "size": draft.size}
    note(session, "announce_evidence", ("evidence", row.id), kind="report", actor=actor, at=at, details=details)
    return _plain(row, actor)


def find_whole(
    session: Session, evidence_id: str, data: bytes, *, first: int, folder: Path, actor: Actor
) -> bytes | None:
    """Return the file that a photo will be with this part, for `make_photo`; None where it is not whole with it.

    Raises
    ------
    NotFound
        No such photo of this actor.
    """
    row = _own(session, evidence_id, actor)
    if row.state != "partial" or first + len(data) != row.size:
        return None
    part = _partial(folder, row.id)
    have = part.read_bytes()[:first] if part.exists() else b""
    return have + data if len(have) == first and first <= row.received_bytes else None


def receive_part(
    session: Session, evidence_id: str, data: bytes, *, first: int, total: int, folder: Path, actor: Actor, now: int,
    made: MadePhoto | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Take in the next part of a photo; with the last one the picture that was `made` of the file is kept.

    A part that is here already changes nothing.

    Raises
    ------
    InvalidInput
        A part beyond the size that was announced.
    Conflict
        A part after a gap, or the last one while another part came in: `details["received_bytes"]` says where to go on.
    KeptConflict
        The file came damaged and starts again, or is no photo and is refused for good.
    """
    at = step(session, now)
    row = _own(session, evidence_id, actor)
    if total != row.size or first + len(data) > row.size or not data:
        came = f"bytes {first}-{first + len(data) - 1}/{total}"
        raise InvalidInput.single("Content-Range", came, f"a part of the {row.size} bytes that were announced")
    if row.state != "partial":
        return _plain(row, actor)
    part = _partial(folder, row.id)
    have = min(row.received_bytes, part.stat().st_size if part.exists() else 0)
    row.received_bytes = have  # what the disk lost is sent again
    if first > have:
        session.flush()
        raise KeptConflict("a part is missing before this one", received_bytes=have)
    fresh = data[have - first :]
    if have + len(fresh) == row.size:
        whole = (part.read_bytes()[:have] if have else b"") + fresh
        _finish(session, row, whole, made, part, folder, actor=actor, at=at)
    elif fresh:
        write_file(part, have, fresh)
        row.received_bytes = have + len(fresh)
    return _plain(row, actor)


def get_evidence(session: Session, evidence_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return how far a photo came, and what is kept of it."""
    return _plain(_visible_row(session, evidence_id, actor), actor)


def list_evidence(session: Session, report_id: str, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the photos of a report that the actor may see, in the order in which they were announced."""
    return [_plain(row, actor) for row in _rows(session, report_id) if _may_see(session, row, actor)]


def read_evidence(
    session: Session, evidence_id: str, *, small: bool, folder: Path, actor: Actor, now: int
) -> tuple[bytes, str]:
    """Return (the picture, its media type) and write into the audit who looked.

    Raises
    ------
    NotFound
        No such photo for this actor, or not whole yet.
    """
    at = step(session, now)
    row = _visible_row(session, evidence_id, actor)
    if row.state != "whole" or row.kept_sha256 is None:
        raise NotFound("picture of", evidence_id)
    file = kept_file(folder, row.kept_sha256, ending=SMALL if small else WHOLE)
    if not file.is_file():
        raise NotFound("file of", evidence_id)
    details = {"report": row.report_id, "size": "small" if small else "whole"}
    append_audit(session, "view_evidence", ("evidence", row.id), actor=actor.person, at=at, details=details)
    return file.read_bytes(), KEPT_TYPE


def _check(draft: EvidenceDraft) -> None:
    errors: list[FieldError] = []
    check_uuid(draft.id, "id", errors)
    if not 0 < draft.size <= PHOTO_MAX_BYTES:
        most = f"at most {PHOTO_MAX_BYTES // 1024 // 1024} MB: the device makes photos smaller before it sends them"
        errors.append(FieldError("size", f"{draft.size / 1024 / 1024:.0f} MB", most))
    if len(draft.sha256) != 64 or not set(draft.sha256) <= set("0123456789abcdef"):
        errors.append(FieldError("sha256", repr(draft.sha256)[:80], "64 hexadecimal digits"))
    if draft.media_type not in MEDIA_TYPES:
        errors.append(FieldError("type", repr(draft.media_type)[:40], "one of " + ", ".join(MEDIA_TYPES)))
    if errors:
        raise InvalidInput(errors)


def _finish(
    session: Session, row: Evidence, whole: bytes, made: MadePhoto | None, part: Path, folder: Path, *, actor: Actor,
    at: int,
) -> None:  # fmt: skip
    """Keep the picture that was made of the file; what cannot be kept is refused, and the refusal is stored."""
    if hashlib.sha256(whole).hexdigest() != row.sha256:
        part.unlink(missing_ok=True)
        row.received_bytes = 0
        session.flush()
        raise KeptConflict("the photo arrived damaged: send it again from the beginning", received_bytes=0)
    if made is None or made.sha256 != row.sha256:
        session.flush()
        raise KeptConflict("another part came in with the last one: send that again", received_bytes=row.received_bytes)
    row.received_bytes, photo = row.size, made.photo
    part.unlink(missing_ok=True)
    if photo is None:
        row.state, row.refusal = "refused", made.refusal
        details = {"report": row.report_id}
        note(session, "refuse_evidence", ("evidence", row.id), kind="report", actor=actor, at=at, details=details)
        raise KeptConflict(f"this photo cannot be kept: {row.refusal}", refusal=row.refusal) from None
    row.kept_sha256 = hashlib.sha256(photo.data).hexdigest()
    write_file(kept_file(folder, row.kept_sha256), 0, photo.data)
    write_file(kept_file(folder, row.kept_sha256, ending=SMALL), 0, photo.small)
    row.width, row.height = photo.width, photo.height
    row.lon, row.lat = (None, None) if photo.position is None else photo.position
    row.state = "whole"
    details = {"report": row.report_id, "kept": row.kept_sha256}
    note(session, "keep_evidence", ("evidence", row.id), kind="report", actor=actor, at=at, details=details)


def write_file(file: Path, offset: int, data: bytes) -> None:
    """Write bytes at an offset, drop what stood behind them, and have the disk keep it."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.truncate(descriptor, offset)
        os.lseek(descriptor, offset, os.SEEK_SET)
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _partial(folder: Path, evidence_id: str) -> Path:
    return folder / "partial" / evidence_id


def kept_file(folder: Path, digest: str, *, ending: str = WHOLE) -> Path:
    """Return where a file is kept: under its hash, so that the same file is kept once."""
    return folder / digest[:2] / f"{digest}.{ending}"


def _rows(session: Session, report_id: str) -> list[Evidence]:
    query = select(Evidence).where(Evidence.report_id == report_id).order_by(Evidence.received, Evidence.id)
    return list(session.scalars(query))


def _visible_report(session: Session, report_id: str, actor: Actor) -> Report:
    report = find_report(session, report_id)
    if report is None or not visible(actor, report):
        raise NotFound("report", report_id)
    return report


def _own(session: Session, evidence_id: str, actor: Actor) -> Evidence:
    row = session.get(Evidence, evidence_id, populate_existing=True)
    if row is None or row.by != actor.person:
        raise NotFound("evidence", evidence_id)
    return row


def _visible_row(session: Session, evidence_id: str, actor: Actor) -> Evidence:
    row = session.get(Evidence, evidence_id, populate_existing=True)
    if row is None or not _may_see(session, row, actor):
        raise NotFound("evidence", evidence_id)
    return row


def _may_see(session: Session, row: Evidence, actor: Actor) -> bool:
    if row.by == actor.person:
        return True
    report = find_report(session, row.report_id)
    return may(actor, SEE) and report is not None and visible(actor, report)


def _plain(row: Evidence, actor: Actor) -> dict[str, Any]:
    is_cleared = actor.clearance == CLASSIFICATIONS[-1] and may(actor, SEE)
    place = {"position": [row.lon, row.lat]} if is_cleared and row.lon is not None else {}
    return {
        "id": row.id, "report_id": row.report_id, "kind": row.kind, "state": row.state, "size": row.size,
        "received_bytes": row.received_bytes, "sha256": row.sha256, "refusal": row.refusal, "width": row.width,
        "height": row.height, "by": row.by, "received": format_instant(row.received), **place,
    }  # fmt: skip
