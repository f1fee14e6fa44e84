"""What waits for a judgement besides reports: records that nobody has graded yet."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.instants import DAY_US, parse_instant
from fom.services.record_reads import list_records

JUDGED_KINDS = ("explosive", "physical", "control", "incident")
LOOK_BACK_US = 30 * DAY_US
"""Older records without a grade are history, not work. Project decision."""


def list_ungraded(session: Session, *, actor: Actor, now: int, limit: int = 60) -> list[dict[str, Any]]:
    """Return records of the last 30 days without any grade, newest first, as far as the actor may see them."""
    require(actor, "read_reports")
    found = list_records(session, actor=actor, kinds=(*JUDGED_KINDS, "grade"), known_at=now)
    graded = {f["properties"]["target"] for f in found if f["properties"]["kind"] == "grade"}
    waiting = [
        feature
        for feature in found
        if feature["properties"]["kind"] != "grade"
        and feature["id"] not in graded
        and not feature["properties"].get("grade")
        and now - parse_instant(feature["properties"]["received"]) <= LOOK_BACK_US
    ]
    waiting.sort(key=lambda feature: (feature["properties"]["received"], feature["id"]), reverse=True)
    return waiting[:limit]
