"""Records for readers: only those that the reader may see, as features of the facts format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require, visible
from fom.errors import InvalidInput
from fom.services.judging import get_visible_record
from fom.store.records import feature_of, list_about, list_present, retracted_ids
from fom.store.tables import RecordRow

ABOUT = {"grade": "grades", "link": "links", "closing_act": "closing_acts", "retraction": "retractions"}


def list_records(
    session: Session,
    *,
    actor: Actor,
    kinds: Sequence[str],
    known_at: int,
    at: int | None = None,
    bbox: tuple[float, float, float, float] | None = None,
    since: int | None = None,
    about: Iterable[str] | None = None,
    after: int = 0,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """Return records known at a moment and not retracted then, by their numbers, each with its `handling`.

    Parameters
    ----------
    at
        Leave out what happened later than this moment, microseconds.
    bbox
        (west, south, east, north) degrees; west > east crosses 180°. Records without geometry are then left out.
    since
        Leave out what happened or was received before this moment, microseconds.
    about
        Leave out what speaks of none of these records.
    after, limit
        Paging by `handling.number`.
    """
    require(actor, "read_picture")
    if bbox is not None and not (-180 <= bbox[0] <= 180 and -180 <= bbox[2] <= 180 and -90 <= bbox[1] <= bbox[3] <= 90):
        raise InvalidInput.single("bbox", str(bbox), "west, south, east, north in degrees")
    features: list[dict[str, Any]] = []
    for row in list_present(session, kinds, known_at=known_at, bbox=bbox, since=since, about=about, after=after):
        begins = min(m for m in (row.occurred, row.received, 2**62) if m is not None)
        if not visible(actor, row) or (at is not None and begins != 2**62 and begins > at):
            continue
        features.append(handled(row))
        if limit is not None and len(features) == limit:
            break
    return features


def get_record(session: Session, record_id: str, *, actor: Actor, known_at: int = 2**62) -> dict[str, Any]:
    """Return a record with what was said about it: `grades, links, closing_acts, retractions, is_retracted`.

    Raises
    ------
    NotFound
        No such record for this actor.
    """
    require(actor, "read_picture")
    row = get_visible_record(session, record_id, actor)
    said: dict[str, list[dict[str, Any]]] = {name: [] for name in ABOUT.values()}
    for other in list_about(session, record_id):
        if other.kind in ABOUT and visible(actor, other):
            said[ABOUT[other.kind]].append(feature_of(other))
    return {**handled(row), **said, "is_retracted": record_id in retracted_ids(session, known_at=known_at)}


def handled(row: RecordRow) -> dict[str, Any]:
    """Return a feature with how it is handled: number, report, classification, area."""
    return feature_of(row) | {
        "handling": {
            "number": row.number,
            "report_id": row.report_id,
            "report_version": row.report_version,
            "classification": row.classification,
            "area": row.area,
        }
    }
