"""The declarative base, the naming of constraints, and the checks that several tables share."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import CheckConstraint, MetaData
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Base of all rows. Constraints have names, so that a migration can drop them on both engines."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def one_of(column: str, codes: Sequence[str]) -> CheckConstraint:
    """Return the check that a column holds one of the codes (or null where it may be null)."""
    listed = ", ".join(f"'{code}'" for code in codes)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def within(column: str, low: float, high: float) -> CheckConstraint:
    """Return the check that a column lies in [low, high]."""
    return CheckConstraint(f"{column} BETWEEN {low:g} AND {high:g}", name=column)
