"""What restriction cases stand on beside the register: clause lists, the steps of each case, and papers of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from fom.domain.cases import STEP_KINDS
from fom.store.columns import CanonicalJson, Moment, RowNumber
from fom.store.tables.base import Base, one_of


class ClauseListVersion(Base):
    """A published version of the clause list; written once, so that a case keeps the version it was written under."""

    __tablename__ = "clause_list_version"

    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(Text)
    clauses: Mapped[list[Any]] = mapped_column(CanonicalJson)
    published_at: Mapped[int] = mapped_column(Moment)
    by: Mapped[str] = mapped_column("by_person", String(254))


class CaseStep(Base):
    """One dated entry of a case; who may see the case may see it."""

    __tablename__ = "case_step"
    __table_args__ = (one_of("kind", STEP_KINDS),)

    number: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(120), unique=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("restriction_case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(24))
    at: Mapped[int] = mapped_column(Moment)
    received: Mapped[int] = mapped_column(Moment)
    by: Mapped[str] = mapped_column("by_person", String(254))
    due_at: Mapped[int | None] = mapped_column(Moment)
    reference: Mapped[str | None] = mapped_column(String(120))
    addressee: Mapped[str | None] = mapped_column(String(200))
    words: Mapped[str | None] = mapped_column(Text)
    corrects: Mapped[str | None] = mapped_column(String(120))


PAPER_KINDS = ("photo", "pdf")


class CasePaper(Base):
    """A note verbale, a reply or minutes as a file: kept under its hash, seen by those who may see the case."""

    __tablename__ = "case_paper"
    __table_args__ = (one_of("kind", PAPER_KINDS), CheckConstraint("size > 0", name="size"))

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    """The sender's UUID: sending it again keeps it once."""
    case_id: Mapped[str] = mapped_column(ForeignKey("restriction_case.id"), index=True)
    step_id: Mapped[str | None] = mapped_column(String(120))
    """The step that it belongs to."""
    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(12))
    size: Mapped[int] = mapped_column(Integer)
    """Bytes as kept."""
    sent_sha256: Mapped[str] = mapped_column(String(64))
    kept_sha256: Mapped[str] = mapped_column(String(64))
    by: Mapped[str] = mapped_column("by_person", String(254))
    received: Mapped[int] = mapped_column(Moment)
    withdrawn_at: Mapped[int | None] = mapped_column(Moment)
    withdrawn_by: Mapped[str | None] = mapped_column(String(254))
    withdrawn_why: Mapped[str | None] = mapped_column(Text)
