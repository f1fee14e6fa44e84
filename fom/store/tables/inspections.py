"""What people found when they looked: inspections by form, and studies of key routes; and batches of imported rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from fom.domain.access import CLASSIFICATIONS
from fom.domain.inspections import FORMS, SUBJECTS
from fom.store.columns import CanonicalJson, Moment
from fom.store.tables.base import Base, one_of


class InspectionForm(Base):
    """One inspection, or one completed landing, as it was written down; never changed."""

    __tablename__ = "inspection_form"
    __table_args__ = (one_of("subject_kind", SUBJECTS), one_of("form", tuple(FORMS)))

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str] = mapped_column(String(64), index=True)
    form: Mapped[str] = mapped_column(String(16))
    inspected_at: Mapped[int] = mapped_column(Moment)
    inspected_by: Mapped[str] = mapped_column(String(200))
    status: Mapped[str | None] = mapped_column(String(24))
    """Status found; None where the form has none."""
    findings: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    notes: Mapped[str | None] = mapped_column(Text)
    next_review: Mapped[int | None] = mapped_column(Moment)
    report_id: Mapped[str | None] = mapped_column(String(64))
    """The report of damage or of a limit that came of it."""
    received: Mapped[int] = mapped_column(Moment)
    by: Mapped[str] = mapped_column("by_person", String(254))


class RouteStudy(Base):
    """A signed study of where a key route is vulnerable; a later one does not change it."""

    __tablename__ = "route_study"
    __table_args__ = (
        one_of("classification", CLASSIFICATIONS),
        CheckConstraint("review_by > studied_at", name="review_by"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    route_id: Mapped[str] = mapped_column(String(64), index=True)
    author: Mapped[str] = mapped_column(String(200))
    studied_at: Mapped[int] = mapped_column(Moment)
    review_by: Mapped[int] = mapped_column(Moment)
    points: Mapped[list[Any]] = mapped_column(CanonicalJson)
    summary: Mapped[str] = mapped_column(Text)
    stated_class: Mapped[str | None] = mapped_column(String(60))
    """Class of the route as those who drove it state it, in the form of `route_class`."""
    classification: Mapped[str] = mapped_column(String(24))
    area_id: Mapped[str | None] = mapped_column(String(64))
    received: Mapped[int] = mapped_column(Moment)
    by: Mapped[str] = mapped_column("by_person", String(254))

    @property
    def area(self) -> str | None:
        """Return the area that limits who sees the study."""
        return self.area_id


class RegisterImport(Base):
    """A table of register rows: staged and previewed, written in one transaction, taken back by its id."""

    __tablename__ = "register_import"
    __table_args__ = (one_of("register", ("air_head",)),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    register: Mapped[str] = mapped_column(String(24))
    file_name: Mapped[str] = mapped_column(String(200))
    file_hash: Mapped[str] = mapped_column(String(64))
    plan: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    """`{new, changed, unchanged, ignored, errors}` as previewed."""
    written: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    """`[{id, before, version}]`: the body each row had (None = there was none) and the version that was written."""
    staged_at: Mapped[int] = mapped_column(Moment)
    staged_by: Mapped[str] = mapped_column(String(254))
    applied_at: Mapped[int | None] = mapped_column(Moment)
    applied_by: Mapped[str | None] = mapped_column(String(254))
    reversed_at: Mapped[int | None] = mapped_column(Moment)
    reversed_by: Mapped[str | None] = mapped_column(String(254))
