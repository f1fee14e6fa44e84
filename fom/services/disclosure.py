"""What a viewer may be told of a reason: the state always, the reason only if he may see every record behind it.

A restricted reason is built from what may be shown, never by deleting from the full one.
Source: doctrine, section 9.13.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from fom.domain.access import Actor, Guarded, visible

RESTRICTED_TEXT = "restricted reason, contact JOC"
_DERIVED = {
    "verification": ("verified_at",),
    "risk": ("risk",),
    "manual": ("override",),
    "control": ("delay_min",),
}
"""Component -> members of a row that would tell what a restricted reason of it does not."""


class KnowsAccess(Protocol):
    """What disclosure needs of the picture host."""

    def access_of(self, thing_id: str) -> Guarded:
        """Return on what it depends who may see a record."""


def disclose_row(row: Mapping[str, Any], *, actor: Actor, host: KnowsAccess) -> dict[str, Any]:
    """Return an answer row of `fom-assessment/1` as this viewer may see it; `is_restricted` = something is kept back.

    State, components and next change are the same for everybody; what is kept is null, never a better value.
    """
    reasons = [disclose_reason(reason, actor=actor, host=host) for reason in row["reasons"]]
    kept = {reason["component"] for reason in reasons if reason.get("is_restricted")}
    shown = {**row, "reasons": reasons, "is_restricted": bool(kept)}
    for component in kept:
        shown |= dict.fromkeys(_DERIVED.get(component, ()))
    if kept:
        shown["confidence"] = None
    return shown


def disclose_reason(reason: Mapping[str, Any], *, actor: Actor, host: KnowsAccess) -> dict[str, Any]:
    """Return a reason, or in its place component, state and the advice to contact the JOC."""
    if all(visible(actor, host.access_of(fact_id)) for fact_id in reason["fact_ids"]):
        return dict(reason)
    return {
        "component": reason["component"],
        "state": reason["state"],
        "text": RESTRICTED_TEXT,
        "fact_ids": [],
        "flags": [],
        "is_restricted": True,
    }


HAZARD_LISTS = ("avoids", "meets")
"""Members of a plan that name hazards; how many there are is told in words to everybody, as their states are."""


def disclose_plan(plan: dict[str, Any], *, actor: Actor, host: KnowsAccess) -> dict[str, Any]:
    """Return a plan document whose lists of hazards name only those that this viewer may see."""

    def seen(value: Any) -> Any:
        if isinstance(value, list):
            return [seen(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {name: listed(part) if name in HAZARD_LISTS else seen(part) for name, part in value.items()}

    def listed(ids: Any) -> list[str]:
        return [fact_id for fact_id in ids or () if visible(actor, host.access_of(fact_id))]

    return {**plan, **{name: seen(plan[name]) for name in ("alternates", "trade_offs") if name in plan}}
