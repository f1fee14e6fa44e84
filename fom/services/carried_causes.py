"""Why a road is as it is, in codes for which a phone has words in every language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fom.domain.access import Actor, visible
from fom.domain.records import Control, Explosive, Incident, Physical, Record
from fom.maps.style import letter_of
from fom.picture.reasons import Reason
from fom.services.disclosure import KnowsAccess


def cause_codes(host: KnowsAccess, reason: Reason, at_m: float, *, actor: Actor) -> dict[str, Any]:
    """Return where and why a state begins; what the actor may not know of it is `restricted`."""
    told = all(visible(actor, host.access_of(fact_id)) for fact_id in reason.fact_ids)
    return {
        "km": round(at_m / 1000),
        "state": letter_of(reason.state),
        "component": reason.component.code,
        "what": _what(reason.records) if told else "restricted",
    }


def _what(records: Sequence[Record]) -> str | None:
    """Return the code of what a reason is about, one that the forms have words for; None for nothing of that kind."""
    record = records[0] if records else None
    if isinstance(record, Explosive):
        return record.explosive_class
    if isinstance(record, Physical):
        return record.damage
    if isinstance(record, Control):
        return record.control
    if isinstance(record, Incident):
        return record.incident_type
    return None if record is None else record.kind
