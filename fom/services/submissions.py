"""Submissions from ODK Collect and KoboToolbox: a report with answers, or a new version of one that came before.

The XML is read by `exchange.submission`; here only what becomes of it. What the report service decides holds: the same
submission again is answered as the first, another body under the same id is kept for triage.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.errors import Busy, Conflict, InvalidInput, NotPermitted
from fom.network.network import Network
from fom.routing.router import Router
from fom.services.drafts import parse_report
from fom.services.evidence import PART_MAX_BYTES, EvidenceDraft, MadePhoto, announce_evidence, make_photo, receive_part
from fom.services.form_records import with_records
from fom.services.former_networks import FormerNetworks
from fom.services.reporting import LoggedReport, amend_report, log_report
from fom.store.reports import find_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with a submission."""

    name: str
    media_type: str
    content: bytes
    made: MadePhoto | None = None
    """None where too many files were being read: it is not taken, and comes again."""


def make_photos(attachments: Sequence[Attachment]) -> list[Attachment]:
    """Return the files with the pictures made of them, before a writing session begins."""
    return [_with_photo(attachment) for attachment in attachments]


def _with_photo(attachment: Attachment) -> Attachment:
    try:
        return replace(attachment, made=make_photo(attachment.content))
    except Busy:
        return attachment


def log_submission(
    session: Session,
    report: Mapping[str, Any],
    *,
    replaces: str | None = None,
    actor: Actor,
    now: int,
    network: Network,
    router: Router,
    names: FormerNetworks | None = None,
) -> LoggedReport:
    """Store a submission as a report, or as the next version of the report whose version it `replaces`.

    Raises
    ------
    InvalidInput
        Every bad answer.
    Conflict
        What it corrects has not come yet, or has been corrected by another meanwhile.
    KeptConflict
        The id came before with another body; this body is kept for triage beside the first.
    """
    draft = with_records(session, parse_report(report), actor=actor, network=network, router=router)
    if replaces is None:
        return log_report(session, draft, actor=actor, now=now, network=network, names=names)
    former = find_version(session, replaces)
    if former is None:
        raise Conflict("this corrects a submission that is not here yet: send that one first, then this one again")
    return amend_report(
        session, former.report_id, draft, base_version=former.version, actor=actor, now=now, network=network,
        names=names,
    )  # fmt: skip


def keep_attachments(
    session: Session,
    logged: LoggedReport,
    attachments: Sequence[Attachment],
    *,
    folder: Path,
    actor: Actor,
    now: int,
) -> list[str]:
    """Keep the photos of a submission as evidence of its report; return the names of files that were not taken.

    The same file of the same report again changes nothing. `folder` holds the files of evidence.
    """
    return [
        attachment.name
        for attachment in attachments
        if not _is_kept(session, logged.report_id, attachment, folder=folder, actor=actor, now=now)
    ]


def _is_kept(session: Session, report_id: str, attachment: Attachment, *, folder: Path, actor: Actor, now: int) -> bool:
    content, digest = attachment.content, hashlib.sha256(attachment.content).hexdigest()
    photo = EvidenceDraft(
        id=str(uuid.uuid5(uuid.UUID(report_id), f"{attachment.name} {digest}")),
        size=len(content),
        sha256=digest,
        media_type=attachment.media_type,
    )
    try:
        told = announce_evidence(session, report_id, photo, actor=actor, now=now)
        for first in range(told["received_bytes"], photo.size, PART_MAX_BYTES):
            part = content[first : first + PART_MAX_BYTES]
            told = receive_part(
                session, photo.id, part, first=first, total=photo.size, folder=folder, actor=actor, now=now,
                made=attachment.made,
            )  # fmt: skip
    except (InvalidInput, Conflict, NotPermitted):
        return False
    return bool(told["state"] == "whole")
