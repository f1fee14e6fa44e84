"""All tables, one module per concept. Rows are plain declarative classes; queries are functions beside them."""

from fom.store.tables.accounts import Login, PersonalToken, Role, Unit, User, user_role
from fom.store.tables.alerts import Alert, AlertMark, AlertSubscription, Delivery, Look, Shown
from fom.store.tables.base import Base
from fom.store.tables.cases import CasePaper, CaseStep, ClauseListVersion
from fom.store.tables.evidence import Evidence
from fom.store.tables.imports import ImportBatch, ImportRow, SavedMapping
from fom.store.tables.inspections import InspectionForm, RegisterImport, RouteStudy
from fom.store.tables.movements import MovementAdvice, MovementCheckIn, MovementClearance, MovementPlan
from fom.store.tables.questions import ReportQuestion
from fom.store.tables.records import (
    RecordReference,
    RecordRow,
    Report,
    ReportConflict,
    ReportVersion,
    version_record,
)
from fom.store.tables.registers import REGISTER_TABLES, ControlPoint, Inspection, KeyRoute, Movement, RegisterVersion
from fom.store.tables.reviews import NetworkSignature
from fom.store.tables.sequence import Audit, Change, NetworkVersion, PendingAct, PolicyDraft, PolicyVersion
from fom.store.tables.what_ifs import WhatIfRow

APPEND_ONLY = (
    "audit",
    "change",
    "record",
    "record_reference",
    "report_version",
    "report_conflict",
    "version_record",
    "inspection",
    "inspection_form",
    "route_study",
    "register_version",
    "policy_version",
    "network_signature",
    "clause_list_version",
    "case_step",
)
"""Tables whose rows are never changed nor deleted; triggers on both engines refuse it."""

__all__ = [
    "APPEND_ONLY",
    "REGISTER_TABLES",
    "Alert",
    "AlertMark",
    "AlertSubscription",
    "Audit",
    "Base",
    "CasePaper",
    "CaseStep",
    "Change",
    "ClauseListVersion",
    "ControlPoint",
    "Delivery",
    "Evidence",
    "ImportBatch",
    "ImportRow",
    "Inspection",
    "InspectionForm",
    "KeyRoute",
    "Login",
    "Look",
    "Movement",
    "MovementAdvice",
    "MovementCheckIn",
    "MovementClearance",
    "MovementPlan",
    "NetworkSignature",
    "NetworkVersion",
    "PendingAct",
    "PersonalToken",
    "PolicyDraft",
    "PolicyVersion",
    "RecordReference",
    "RecordRow",
    "RegisterImport",
    "RegisterVersion",
    "Report",
    "ReportConflict",
    "ReportQuestion",
    "ReportVersion",
    "Role",
    "RouteStudy",
    "SavedMapping",
    "Shown",
    "Unit",
    "User",
    "WhatIfRow",
    "user_role",
    "version_record",
]
