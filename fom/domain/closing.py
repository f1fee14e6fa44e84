"""Closing acts: which may end which fact, and why one never can.

Source: facts format, sections 4 to 7; doctrine, section 3.2.
"""

from __future__ import annotations

from fom.domain.instants import HOUR_US
from fom.domain.policy import Policy
from fom.domain.profiles import Profile
from fom.domain.records import ClosingAct, Control, Explosive, Manual, Physical, Record
from fom.domain.states import State

LAND_RELEASE = ("cancelled", "reduced", "cleared")
WHY_ORDER = (
    "two_persons", "authority", "not_applicable", "not_surveyed", "no_traffic_class", "role", "green", "expiry", "bulk",
    "explosive", "physical",
)  # fmt: skip
"""Reasons for a refusal; the first that applies is the one told."""
EXPLOSIVE_AUTHORITIES = ("mine_action", "eod")
_AUTHORITIES = {
    "destroyed": EXPLOSIVE_AUTHORITIES,
    "cancelled": EXPLOSIVE_AUTHORITIES,
    "reduced": EXPLOSIVE_AUTHORITIES,
    "cleared": EXPLOSIVE_AUTHORITIES,
    "repaired": ("engineer",),
    "lifted": ("joc",),
}
_ERRONEOUS_AUTHORITIES = {
    "explosive": EXPLOSIVE_AUTHORITIES,
    "physical": ("engineer",),
    "incident": ("joc",),
    "control": ("joc",),
}
BULK_SEGMENTS = 50
"""An improvement of more segments needs a second person. Source: doctrine, section 3.6."""


def signatures(record: Record) -> int:
    """Return how many distinct persons signed."""
    return len(set(record.signed_by))


def act_fault(act: ClosingAct, fact: Record) -> str | None:
    """Return why the act can never work on the fact, or None when it can (for some profile, at some time)."""
    if signatures(act) < (1 if act.act == "lifted" else 2):
        return "two_persons"
    if act.act == "erroneous":
        authorities = _ERRONEOUS_AUTHORITIES.get(fact.kind)
        if authorities is not None and act.authority not in authorities:
            return "authority"
        return None if authorities is not None else "not_applicable"
    if act.authority not in _AUTHORITIES[act.act]:
        return "authority"
    if not _is_applicable(act, fact):
        return "not_applicable"
    if act.act in LAND_RELEASE:
        if act.location is None or act.location.method != "survey":
            return "not_surveyed"
        if act.act != "cancelled" and act.traffic_mlc is None:
            return "no_traffic_class"
    return None


def is_too_early(act: ClosingAct, fact: Record) -> bool:
    """Return whether the act is older than the sighting it claims to close; what never was may be said at any time."""
    return act.act != "erroneous" and act.eff < fact.eff


def _is_applicable(act: ClosingAct, fact: Record) -> bool:
    """Return whether this kind of act can end this kind of fact. An item destroyed does not release an area."""
    if act.act == "repaired":
        return isinstance(fact, Physical)
    if act.act == "lifted":
        return isinstance(fact, Control | Manual)
    if not isinstance(fact, Explosive):
        return False
    has_grid = fact.location is not None and fact.location.mgrs is not None
    if act.act == "destroyed":
        return fact.hazard == "item" and (fact.geometry is None or fact.geometry.geom_type == "Point")
    return fact.geometry is not None or has_grid


def releases_profile(act: ClosingAct, profile: Profile) -> bool:
    """Return whether a land-release act speaks for this class: a heavier profile keeps the hazard."""
    if act.traffic_mlc is None:
        return act.act == "cancelled"
    return profile.mlc <= act.traffic_mlc


def improvement_fault(manual: Manual, policy: Policy) -> str | None:
    """Return why an improvement can never have an effect, or None. Source: facts format, section 7."""
    if manual.role != "chief_joc":
        return "role"
    if manual.state == State.GREEN:
        return "green"
    if manual.expires is None or manual.expires - manual.eff > policy.override_max_h * HOUR_US:
        return "expiry"
    if len({stretch.segment_id for stretch in manual.segments}) > BULK_SEGMENTS and signatures(manual) < 2:
        return "bulk"
    return None
