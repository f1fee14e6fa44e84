"""Questions that the desk asks back to whoever sent a report, and their answers."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from fom.store.columns import Moment
from fom.store.tables.base import Base


class ReportQuestion(Base):
    """One question about a report; open until it is answered, once."""

    __tablename__ = "report_question"
    __table_args__ = (
        CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="answered"),
        CheckConstraint("(answered_at IS NULL) = (answered_by IS NULL)", name="answerer"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"))
    asked_by: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[int] = mapped_column(Moment)
    text: Mapped[str] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(String(254))
    answered_at: Mapped[int | None] = mapped_column(Moment)
    answer: Mapped[str | None] = mapped_column(Text)


Index("ix_report_question_report", ReportQuestion.report_id, ReportQuestion.asked_at)
