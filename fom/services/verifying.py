"""Passages and searches: positive evidence that someone physically passed a stretch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    return record_passages(
        session, [feature], id=id, actor=actor, now=now, network=network, names=names, classification=classification
    )


def record_passages(
    session: Session,
    features: Sequence[Mapping[str, Any]],
    *,
    id: str,
    actor: Actor,
    now: int,
    network: Network | None = None,
    names: FormerNetworks | None = None,
    classification: str = "confidential",
) -> LoggedReport:
    """Store the verifications of one movement as one report: its parts were passed at different times."""
    body = {"id": id, "form": "passage", "records": [dict(f) for f in features], "classification": classification}
    return log_report(session, parse_report(body), actor=actor, now=now, network=network, names=names)
