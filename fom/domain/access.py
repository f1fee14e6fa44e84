"""Who may do what, and who may see what: one table from role to permitted actions, one rule for what a viewer sees.

Pure values. Checking that a person is who he says he is belongs to the services (`accounts`) and the web edge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from fom.errors import NotPermitted

CLASSIFICATIONS = ("unclassified", "confidential", "strictly_confidential")
"""From open to closed. Every new row is confidential unless somebody says otherwise. Source: doctrine, section 7."""

ROLES = (
    "reporter",
    "duty_officer",
    "chief_joc",
    "eod",
    "movement_control",
    "engineer",
    "aviation",
    "jmac",
    "police",
    "civil_affairs",
    "partner",
    "leadership",
    "auditor",
    "administrator",
)
"""Source: doctrine, section 10."""

ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "read_picture": "see states, reasons, layers and routes, and plan a way",
        "keep_what_ifs": "keep hypotheses under a title, for all who may see what they name",
        "delete_what_ifs": "delete the kept hypotheses of others",
        "send_report": "send reports and passages, amend one's own",
        "read_reports": "read the reports of others",
        "amend_report": "amend the reports of others",
        "grade": "grade records and take grades back",
        "confirm_eod": "state that a hazard was confirmed by those who can tell",
        "link": "link duplicates, same incidents and conflicts, and unlink them",
        "retract": "retract records, and confirm the retractions of others",
        "close_explosive": "sign closing acts on explosive facts",
        "close_physical": "sign repairs and errors of physical facts",
        "countersign": "confirm as the second person what EOD or engineers close",
        "close_control": "lift controls, sign errors of controls and incidents",
        "worsen": "set a worse state by hand",
        "improve": "improve a state by hand within its limits, lift a manual state",
        "set_areas": "state threat levels and seasons",
        "edit_key_routes": "define key routes, their owners and intervals",
        "edit_air_heads": "keep air heads and their inspections",
        "approve_aircraft": "approve aircraft types for an air head",
        "edit_crossings": "keep border crossings",
        "edit_sites": "keep sites and settlements",
        "edit_zones": "keep areas and zones",
        "inspect_assets": "inspect bridges, fords and other assets",
        "study_routes": "sign studies of where key routes are vulnerable",
        "order_controls": "order curfews and other controls that the mission imposes",
        "edit_movements": "notify movements and enter their outcome",
        "read_restriction_cases": "read restriction cases, parties, commitments and the monthly extract",
        "edit_restriction_cases": "follow up restrictions of movement, keep what parties promised",
        "publish_clause_list": "publish a version of the clause list of the status agreement",
        "edit_hazard_priorities": "set clearance priorities",
        "edit_tasks": "give tasks and close them",
        "read_benchmarks": "see benchmarks and their evidence",
        "sign_assessment": "sign an assessment beside a computed benchmark",
        "read_acknowledgements": "see which units have acknowledged the state of their key routes",
        "read_analyses": "see critical roads, clearance priorities and what a base would gain",
        "stage_imports": "stage files of reports and look at what they would bring",
        "publish_imports": "publish staged imports and take them back",
        "see_evidence": "see the photos sent with the reports of others",
        "export_facts": "export the facts as known at a moment",
        "load_facts": "load a history of facts into an empty database",
        "see_networks": "see the road networks and what a new one would change",
        "review_networks": "sign for what a new road network changes",
        "manage_networks": "announce and activate a road network",
        "manage_policy": "draft and propose other parameters and profiles for the rules",
        "confirm_policy": "publish, as the second person, the parameters that another proposed",
        "manage_accounts": "create and change accounts, see and revoke tokens",
        "read_audit": "read and verify the audit chain",
    }
)

_SEES = {"read_picture"}
_STAFF = _SEES | {
    "send_report",
    "read_reports",
    "read_benchmarks",
    "read_analyses",
    "keep_what_ifs",
    "read_restriction_cases",
    "stage_imports",
}
_JOC = _STAFF | {
    "amend_report",
    "grade",
    "link",
    "retract",
    "close_control",
    "worsen",
    "set_areas",
    "edit_key_routes",
    "edit_air_heads",
    "edit_crossings",
    "edit_sites",
    "edit_zones",
    "inspect_assets",
    "study_routes",
    "order_controls",
    "edit_movements",
    "edit_restriction_cases",
    "edit_tasks",
    "export_facts",
    "see_networks",
    "review_networks",
    "read_acknowledgements",
    "publish_imports",
    "see_evidence",
}

PERMISSIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "reporter": frozenset(_SEES | {"send_report"}),
        "duty_officer": frozenset(_JOC),
        "chief_joc": frozenset(
            _JOC
            | {"improve", "countersign", "edit_hazard_priorities", "manage_policy", "confirm_policy", "delete_what_ifs"}
            | {"manage_networks", "publish_clause_list"}
        ),
        "eod": frozenset(
            _STAFF
            | {"grade", "confirm_eod", "retract", "close_explosive", "edit_hazard_priorities", "edit_tasks"}
            | {"see_networks", "review_networks", "publish_imports", "see_evidence"}
        ),
        "movement_control": frozenset(_STAFF | {"edit_movements", "edit_restriction_cases"}),
        "engineer": frozenset(
            _STAFF
            | {"retract", "close_physical", "edit_tasks", "see_networks", "review_networks"}
            | {"inspect_assets", "study_routes", "publish_imports"}
        ),
        "aviation": frozenset(_STAFF | {"edit_air_heads", "approve_aircraft", "edit_movements"}),
        "jmac": frozenset(_STAFF | {"grade", "link", "set_areas", "edit_zones", "see_evidence"}),
        "police": frozenset(_STAFF | {"edit_restriction_cases"}),
        "civil_affairs": frozenset(_STAFF | {"edit_sites", "edit_crossings"}),
        "partner": frozenset(_SEES | {"send_report", "edit_movements"}),
        "leadership": frozenset(
            _SEES
            | {"read_reports", "read_benchmarks", "read_analyses", "sign_assessment", "confirm_policy", "keep_what_ifs"}
            | {"read_restriction_cases", "publish_clause_list"}
            | {"read_acknowledgements"}
        ),
        "auditor": frozenset({"read_audit"}),
        "administrator": frozenset({"manage_accounts", "manage_networks", "see_networks", "load_facts"}),
    }
)
"""Role -> permitted actions. Source: doctrine, section 10; auditors and administrators see no operational data."""

UNIT_ROLES = frozenset(ROLES) - {"partner", "auditor", "administrator", "leadership"}
"""Roles whose account speaks for a mission unit, so that a passage with a GPS track needs no grader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The person (or program with a person's token) on whose behalf something is done."""

    user_id: str
    email: str
    name: str = ""
    roles: frozenset[str] = frozenset()
    unit: str | None = None
    areas: tuple[str, ...] = ()
    """Ids of the areas the person is limited to; empty = the whole mission."""
    clearance: str = "unclassified"
    """Highest classification the person may see."""
    extra: frozenset[str] = frozenset()
    """Actions permitted beside those of the roles; no account has any, only the operator below."""

    @property
    def person(self) -> str:
        """Return what `by` and `signed_by` hold: one stable text per person."""
        return self.email

    @property
    def is_unit_account(self) -> bool:
        """Return whether a GPS track sent by this account counts as authenticated."""
        return self.unit is not None and bool(self.roles & UNIT_ROLES)


SYSTEM = Actor(user_id="system", email="system", name="the service itself", clearance=CLASSIFICATIONS[-1])
"""Signs what the service does by itself; no permission of its own."""

OPERATOR = Actor(
    user_id="operator",
    email="operator",
    name="operator at the command line",
    roles=frozenset({"administrator", "auditor"}),
    extra=frozenset({"export_facts", "read_picture"}),
    clearance=CLASSIFICATIONS[-1],
)
"""Whoever can run commands on the machine and so read its files: administers, reads the audit, exports; no JOC."""


class Guarded(Protocol):
    """What `visible` asks of a record, report or register row."""

    @property
    def classification(self) -> str: ...
    @property
    def area(self) -> str | None: ...
    @property
    def by(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Access:
    """The three members on which it depends who may see a thing."""

    classification: str
    area: str | None = None
    by: str | None = None


def may(actor: Actor, action: str) -> bool:
    """Return whether one of the actor's roles permits `action`; an unknown action is a ValueError."""
    if action not in ACTIONS:
        raise ValueError(f"unknown action {action!r}")
    return action in actor.extra or any(action in PERMISSIONS.get(role, ()) for role in actor.roles)


def require(actor: Actor, action: str) -> None:
    """Refuse with NotPermitted unless the actor may do `action`."""
    if not may(actor, action):
        raise NotPermitted(f"{action}: no role of this account may {ACTIONS[action]}")


def visible(actor: Actor, thing: Guarded) -> bool:
    """Return whether the actor may see a thing: cleared for it, and in his area; what he entered himself, always.

    A thing without an area belongs to the whole mission. The state that follows from a thing is shown to everybody
    who may read the picture; only the thing itself is hidden.

    Source: doctrine, sections 9.13 and 10.
    """
    if thing.by is not None and thing.by == actor.person:
        return True
    if CLASSIFICATIONS.index(thing.classification) > CLASSIFICATIONS.index(actor.clearance):
        return False
    return not actor.areas or thing.area is None or thing.area in actor.areas
