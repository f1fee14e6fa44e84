"""Consent on the map: of each administrative unit how much was left unimpeded in 13 weeks, by whom not, which cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shapely.geometry import mapping, shape
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.compliance import CONSENT_WEEKS, WEEK_US, Share, freedom_share, group_counts
from fom.domain.instants import format_instant
from fom.services.parties import read_evidence

CASES_TOLD = 6
LEVELS = (0.95, 0.80)
"""Unimpeded share from which an area is drawn as free, and from which as hindered now and then; below: often (J).

The first is the mark of benchmark L1, the second that of S2.
"""


def consent_features(
    session: Session, units: Sequence[Mapping[str, Any]], *, actor: Actor, at: int, known_at: int | None = None
) -> list[dict[str, Any]]:
    """Return an outline and a symbol for every unit: share, restrictions by party, numbers of its latest cases.

    A unit in which nothing was attempted is said to be unknown, not free. `level`: free, sometimes, often, unknown.

    Raises
    ------
    NotPermitted
        The actor reads no restriction cases.
    """
    evidence = read_evidence(session, actor=actor, at=at, known_at=known_at)
    attempts, violations = evidence.within(at - CONSENT_WEEKS * WEEK_US, at)
    cases = {case["id"]: case for case in evidence.cases}
    features = []
    for unit in units:
        said = unit["properties"]
        here = [violation for violation in violations if violation.admin_unit == said["id"]]
        share = freedom_share([a for a in attempts if a.admin_unit == said["id"]], here)
        level = level_of_consent(share)
        latest = sorted(here, key=lambda violation: (-violation.at, violation.id))[:CASES_TOLD]
        told = {
            "id": said["id"], "label": said["name"], "level": level, "symbol": f"con-{level}",
            "unimpeded": share.unimpeded, "attempted": share.attempted, "restrictions": len(here),
            "lower": None if share.interval is None else round(share.interval.lower, 4),
            "upper": None if share.interval is None else round(share.interval.upper, 4),
            "weeks": CONSENT_WEEKS,
            "by": [{"party": party, "count": count} for party, count in group_counts(here, lambda v: v.actor)],
            "open": sum(cases[violation.id]["state"] != "resolved" for violation in here),
            "cases": [
                {
                    "id": violation.id, "category": cases[violation.id]["category"], "party": violation.actor,
                    "at": format_instant(violation.at), "protest_no": cases[violation.id]["protest_no"],
                }
                for violation in latest
            ],
        }  # fmt: skip
        outline = shape(unit["geometry"])
        common = {"id": said["id"], "level": level}
        features.append({"type": "Feature", "geometry": unit["geometry"], "properties": {"part": "area", **common}})
        point = mapping(outline.representative_point())
        features.append({"type": "Feature", "geometry": point, "properties": {"part": "point", **told}})
    return features


def level_of_consent(share: Share) -> str:
    """Return how an area is drawn: by the share left unimpeded; unknown where nothing was attempted."""
    if share.value is None:
        return "unknown"
    return "free" if share.value >= LEVELS[0] else "sometimes" if share.value >= LEVELS[1] else "often"
