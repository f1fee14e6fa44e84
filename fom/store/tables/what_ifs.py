"""Kept what-ifs: hypotheses with a title. They are no records, and nothing of the picture reads them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from fom.domain.access import CLASSIFICATIONS
from fom.domain.profiles import USER_CLASSES
from fom.store.columns import CanonicalJson, Moment
from fom.store.tables.base import Base, one_of


class WhatIfRow(Base):
    """One kept what-if; never changed, copied instead. `at`, `known_at` null = the moment at which it is opened."""

    __tablename__ = "what_if"
    __table_args__ = (one_of("classification", CLASSIFICATIONS), one_of("user_class", USER_CLASSES))

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    by: Mapped[str] = mapped_column("by_person", String(254), index=True)
    created_at: Mapped[int] = mapped_column(Moment)
    hypothesis: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    at: Mapped[int | None] = mapped_column(Moment)
    known_at: Mapped[int | None] = mapped_column(Moment)
    profile: Mapped[str] = mapped_column(String(40))
    user_class: Mapped[str] = mapped_column(String(24))
    based_on: Mapped[str | None] = mapped_column(String(64))
    classification: Mapped[str] = mapped_column(String(24))
    area: Mapped[str | None] = mapped_column(String(64))
