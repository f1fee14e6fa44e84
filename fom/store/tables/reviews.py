"""Signatures under the review of a network that follows another."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from fom.store.columns import CanonicalJson, Moment, RowNumber
from fom.store.tables.base import Base, one_of

REVIEW_KINDS = ("fact", "key_route", "improvement")
REVIEW_CHOICES = ("accept", "reroute")


class NetworkSignature(Base):
    """One person's signature under one item of a review, and what exactly was signed. Never changed nor deleted."""

    __tablename__ = "network_signature"
    __table_args__ = (one_of("kind", REVIEW_KINDS), one_of("choice", REVIEW_CHOICES))

    number: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    network_id: Mapped[str] = mapped_column(String(120))
    base_id: Mapped[str] = mapped_column(String(120))
    item: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    essence: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    choice: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    may_improve: Mapped[bool] = mapped_column(Boolean)
    """Whether the person could improve a state by hand when he signed."""
    by: Mapped[str] = mapped_column("by_person", String(254))
    at: Mapped[int] = mapped_column(Moment)


Index("ix_network_signature_network", NetworkSignature.network_id, NetworkSignature.base_id, NetworkSignature.item)
