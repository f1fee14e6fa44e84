"""People: users, their roles and units, and the tokens of their programs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from fom.domain.access import CLASSIFICATIONS, ROLES
from fom.store.columns import CanonicalJson, Moment
from fom.store.tables.base import Base, one_of

user_role = Table(
    "user_role",
    Base.metadata,
    Column("user_id", ForeignKey("user_account.id"), primary_key=True),
    Column("role_name", ForeignKey("role.name"), primary_key=True),
)


class Unit(Base):
    """A unit that reports and moves."""

    __tablename__ = "unit"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))


class Role(Base):
    """A role; what it permits is the table in `fom/domain/access.py`."""

    __tablename__ = "role"
    __table_args__ = (one_of("name", ROLES),)

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    description: Mapped[str] = mapped_column(String(200), default="")


class User(Base):
    """An account: never deleted, only made inactive, so that its email stays one person's signature."""

    __tablename__ = "user_account"
    __table_args__ = (one_of("clearance", CLASSIFICATIONS),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    password_hash: Mapped[str] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("unit.id"))
    areas: Mapped[list[Any]] = mapped_column(CanonicalJson)
    clearance: Mapped[str] = mapped_column(String(24), default="confidential")
    version: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[int] = mapped_column(Moment)
    roles: Mapped[list[Role]] = relationship(secondary=user_role, lazy="selectin", order_by=Role.name)


class PersonalToken(Base):
    """A program's key to its owner's rights. Only a hash is kept; the text is shown once."""

    __tablename__ = "personal_token"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[int] = mapped_column(Moment)
    expires_at: Mapped[int | None] = mapped_column(Moment)
    revoked_at: Mapped[int | None] = mapped_column(Moment)
    user: Mapped[User] = relationship(lazy="joined")


class Login(Base):
    """One signing in: the cookie holds the key, this row its hash, so that it can be ended from the server."""

    __tablename__ = "login"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    opened_at: Mapped[int] = mapped_column(Moment)
    closed_at: Mapped[int | None] = mapped_column(Moment)
    user: Mapped[User] = relationship(lazy="joined")
