"""Passages and searches: positive evidence that someone physically passed a stretch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.errors import InvalidInput
from fom.network.network import Network
from fom.services.drafts import parse_report
from fom.services.former_networks import FormerNetworks
from fom.services.reporting import LoggedReport, log_report


def record_verification(
    session: Session,
    feature: Mapping[str, Any],
    *,
    id: str,
    actor: Actor,
    now: int,
    network: Network | None = None,
    names: FormerNetworks | None = None,
    classification: str = "confidential",
) -> LoggedReport:
    """Store a verification as a report of form `passage`; a GPS track by a unit account grades itself.

    Parameters
    ----------
    feature
        Facts format, kind `verification`, without what the server sets: `received, by, grade, authenticated`.

    Raises
    ------
    InvalidInput, KeptConflict
        As `log_report`.
    """
    properties = feature.get("properties")
    kind = properties.get("kind") if isinstance(properties, Mapping) else None
    if kind != "verification":
        raise InvalidInput.single("properties.kind", repr(kind)[:40], "verification")
    body = {"id": id, "form": "passage", "records": [dict(feature)], "classification": classification}
    return log_report(session, parse_report(body), actor=actor, now=now, network=network, names=names)
