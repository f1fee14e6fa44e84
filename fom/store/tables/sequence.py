"""The change sequence, the audit chain, and the versions of network and policy."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from fom.store.columns import CanonicalJson, Moment, RowNumber
from fom.store.tables.base import Base, one_of

CHANGE_KINDS = ("report", "record", "register", "pending", "account", "time", "network", "policy")


class Change(Base):
    """One committed step of the store. Numbers have no gaps and rise in the order of commits; `at` never falls."""

    __tablename__ = "change"
    __table_args__ = (one_of("kind", CHANGE_KINDS),)

    number: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=False)
    at: Mapped[int] = mapped_column(Moment)
    kind: Mapped[str] = mapped_column(String(16))
    subject_kind: Mapped[str | None] = mapped_column(String(40))
    subject_id: Mapped[str | None] = mapped_column(String(120))
    record_ids: Mapped[list[Any]] = mapped_column(CanonicalJson)
    due_at: Mapped[int | None] = mapped_column(Moment, unique=True)
    """Only of kind `time`: the moment at which something changed by itself; one row for all processes."""


class Audit(Base):
    """One line of the append-only chain: `hash` is over this line and the hash of the one before."""

    __tablename__ = "audit"

    number: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=False)
    at: Mapped[int] = mapped_column(Moment)
    actor: Mapped[str] = mapped_column(String(254))
    action: Mapped[str] = mapped_column(String(60))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(120))
    details: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


Index("ix_audit_subject", Audit.subject_kind, Audit.subject_id, Audit.number)


class NetworkVersion(Base):
    """A road network that was activated; the arrays lie in the data folder under its id."""

    __tablename__ = "network_version"

    number: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    network_id: Mapped[str] = mapped_column(String(120))
    manifest: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    activated_at: Mapped[int] = mapped_column(Moment)
    activated_by: Mapped[str] = mapped_column(String(254))
    is_active: Mapped[bool] = mapped_column(Boolean)


Index(
    "uq_network_version_active",
    NetworkVersion.is_active,
    unique=True,
    sqlite_where=text("is_active"),
    postgresql_where=text("is_active"),
)


class PolicyVersion(Base):
    """A parameter set and the profiles beside it: members that differ from the defaults. Never changed once written."""

    __tablename__ = "policy_version"

    number: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    policy: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    profiles: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[int] = mapped_column(Moment)
    by: Mapped[str] = mapped_column("by_person", String(254))
    """Who published it: the second person."""
    holds_from: Mapped[int | None] = mapped_column(Moment)
    """What was known from then on is judged by it; null = from the beginning, of a history loaded with its policy."""
    base: Mapped[int | None] = mapped_column(Integer)
    """Number of the version it was made from, 0 = the defaults."""
    reasons: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    """Parameter -> why it was changed."""
    proposed_by: Mapped[str | None] = mapped_column(String(254))
    seen: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    """What would change, as each of the two saw it: `proposed`, `confirmed`."""
    draft_id: Mapped[str | None] = mapped_column(String(36))


class PolicyDraft(Base):
    """Parameters that somebody suggests: never changed, only signed by a first and published by a second person."""

    __tablename__ = "policy_draft"
    __table_args__ = (
        one_of("outcome", ("published", "withdrawn")),
        CheckConstraint("outcome IS NULL OR outcome <> 'published' OR settled_by <> proposed_by", name="two_persons"),
        CheckConstraint("(settled_at IS NULL) = (outcome IS NULL)", name="settled"),
        CheckConstraint("(proposed_at IS NULL) = (proposed_by IS NULL)", name="proposer"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    base: Mapped[int] = mapped_column(Integer)
    policy: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    profiles: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    reason: Mapped[str] = mapped_column(Text)
    reasons: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    made_by: Mapped[str] = mapped_column(String(254))
    made_at: Mapped[int] = mapped_column(Moment, index=True)
    proposed_by: Mapped[str | None] = mapped_column(String(254))
    proposed_at: Mapped[int | None] = mapped_column(Moment)
    seen: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    settled_by: Mapped[str | None] = mapped_column(String(254))
    settled_at: Mapped[int | None] = mapped_column(Moment)
    outcome: Mapped[str | None] = mapped_column(String(16))
    number: Mapped[int | None] = mapped_column(ForeignKey("policy_version.number"))
    """The version it became."""


class PendingAct(Base):
    """The first signature of an act that needs two: what will be recorded once a second person confirms."""

    __tablename__ = "pending_act"
    __table_args__ = (
        one_of("kind", ("closing_act", "retraction", "grade", "manual")),
        one_of("outcome", ("confirmed", "withdrawn", "overtaken")),
        CheckConstraint("outcome IS NULL OR outcome <> 'confirmed' OR settled_by <> proposed_by", name="two_persons"),
        CheckConstraint("(settled_at IS NULL) = (outcome IS NULL)", name="settled"),
        CheckConstraint("(settled_at IS NULL) = (settled_by IS NULL)", name="settler"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(40))
    """What the confirming person must be permitted (`fom/domain/access.py`)."""
    feature: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    targets: Mapped[list[Any]] = mapped_column(CanonicalJson)
    reason: Mapped[str] = mapped_column(Text, default="")
    classification: Mapped[str] = mapped_column(String(24))
    area: Mapped[str | None] = mapped_column(String(64))
    proposed_by: Mapped[str] = mapped_column(String(254))
    proposed_at: Mapped[int] = mapped_column(Moment, index=True)
    settled_by: Mapped[str | None] = mapped_column(String(254))
    settled_at: Mapped[int | None] = mapped_column(Moment)
    outcome: Mapped[str | None] = mapped_column(String(16))
    record_id: Mapped[str | None] = mapped_column(ForeignKey("record.id"))
