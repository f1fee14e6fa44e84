"""Column types that mean the same on both engines: geometry, moments, canonical JSON."""

from __future__ import annotations

import hashlib
from typing import Any, cast

import orjson
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, Text
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

Moment = BigInteger
"""Microseconds since 1970 UTC (`fom/domain/instants.py`): compares exactly, sorts, no zone to lose."""

RowNumber = BigInteger().with_variant(Integer, "sqlite")
"""Numbers counted by the database; SQLite only counts an INTEGER PRIMARY KEY."""


def canonical_json(value: object) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, so that equal bodies have equal hashes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def hash_of(value: object) -> str:
    """Return SHA-256 of the canonical JSON of a value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


class CanonicalJson(TypeDecorator[Any]):
    """Plain values kept as canonical JSON text; text on both engines so that a hash over a row is the same on both."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the text to store."""
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        """Return the plain value."""
        return None if value is None else orjson.loads(value)


class PostgisGeometry(UserDefinedType[str]):
    """PostGIS `geometry(Geometry, 4326)`, sent and read as the hexadecimal WKB that it casts by itself."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return the column's type in DDL."""
        return "geometry(Geometry, 4326)"


class Geometry(TypeDecorator[BaseGeometry]):
    """WGS 84 lon/lat shapely geometry: PostGIS geometry on PostgreSQL, a WKB blob on SQLite. Heights are dropped."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the engine's own type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(cast("TypeEngine[Any]", PostgisGeometry()))
        return dialect.type_descriptor(LargeBinary())

    def process_bind_param(self, value: BaseGeometry | None, dialect: Dialect) -> str | bytes | None:
        """Return what the engine stores."""
        if value is None:
            return None
        flat = shapely.force_2d(value)
        if dialect.name == "postgresql":
            return str(shapely.to_wkb(shapely.set_srid(flat, 4326), hex=True, include_srid=True))
        return bytes(shapely.to_wkb(flat))

    def process_result_value(self, value: Any, dialect: Dialect) -> BaseGeometry | None:  # noqa: ARG002
        """Return the geometry without a reference-system mark, equal to what was stored."""
        return None if value is None else shapely.set_srid(shapely.from_wkb(value), 0)
