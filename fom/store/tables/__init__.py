"""All tables, one module per concept. Rows are plain declarative classes; queries are functions beside them."""

from fom.store.tables.accounts import Login, PersonalToken, Role, Unit, User, user_role
from fom.store.tables.base import Base
from fom.store.tables.evidence import Evidence
from fom.store.tables.imports import ImportBatch, ImportRow, SavedMapping
from fom.store.tables.records import (
    RecordReference,
    RecordRow,
    Report,
    ReportConflict,
    ReportVersion,
    version_record,
)
from fom.store.tables.registers import REGISTER_TABLES, Inspection, KeyRoute, RegisterVersion
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
    "register_version",
    "policy_version",
    "network_signature",
)
"""Tables whose rows are never changed nor deleted; triggers on both engines refuse it."""

__all__ = [
    "APPEND_ONLY",
    "REGISTER_TABLES",
    "Audit",
    "Base",
    "Change",
    "Evidence",
    "ImportBatch",
    "ImportRow",
    "Inspection",
    "KeyRoute",
    "Login",
    "NetworkSignature",
    "NetworkVersion",
    "PendingAct",
    "PersonalToken",
    "PolicyDraft",
    "PolicyVersion",
    "RecordReference",
    "RecordRow",
    "RegisterVersion",
    "Report",
    "ReportConflict",
    "ReportVersion",
    "Role",
    "SavedMapping",
    "Unit",
    "User",
    "WhatIfRow",
    "user_role",
    "version_record",
]
