"""What migrations say on both engines: append-only triggers, and the bounds index of SQLite.

Alembic's batch mode on SQLite re-creates a table and drops its triggers: a migration that uses it on a table guarded
here calls `add_append_only` again afterwards (`tests/migrations` looks at every guarded table).
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op


def is_sqlite() -> bool:
    """Return whether the migration runs on SQLite."""
    return op.get_bind().dialect.name == "sqlite"


def row_number() -> sa.types.TypeEngine[int]:
    """Return the type of a number counted by the database; SQLite only counts an INTEGER PRIMARY KEY."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def codes(table: str, column: str, *allowed: str) -> sa.CheckConstraint:
    """Return the check that a column holds one of the codes allowed at this version (or null where it may be null)."""
    listed = ", ".join(f"'{code}'" for code in allowed)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"ck_{table}_{column}")


def restate_codes(table: str, column: str, *allowed: str) -> None:
    """Let a column that has a check of its codes hold these; the table must not be append-only.

    SQLite states a check only while it makes a table, so the table is made anew under its own name, with its rows and
    indexes; what refers to its rows is looked at when the transaction ends.
    """
    check = codes(table, column, *allowed)
    if not is_sqlite():
        op.drop_constraint(str(check.name), table, type_="check")
        op.create_check_constraint(str(check.name), table, check.sqltext)
        return
    query = sa.text(
        "SELECT type, sql FROM sqlite_master WHERE tbl_name = :name AND sql IS NOT NULL ORDER BY type = 'table' DESC"
    )
    (_, made), *indexes = op.get_bind().execute(query.bindparams(name=table)).all()
    listed = ", ".join(f"'{code}'" for code in allowed)
    anew, found = re.subn(rf"({check.name} CHECK \({column} IN \()[^)]*(\)\))", rf"\g<1>{listed}\g<2>", str(made))
    if found != 1:
        raise RuntimeError(f"the table {table} does not state the check of {column}")
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute(f"CREATE TABLE {table}_kept AS SELECT * FROM {table}")  # noqa: S608 - our own words
    op.execute(f"DROP TABLE {table}")
    op.execute(anew)
    op.execute(f"INSERT INTO {table} SELECT * FROM {table}_kept")  # noqa: S608 - our own words
    op.execute(f"DROP TABLE {table}_kept")
    for _, index in indexes:
        op.execute(index)


def grades(table: str) -> sa.CheckConstraint:
    """Return the check that `grade` is one of A1 to F6."""
    return codes(table, "grade", *(source + information for source in "ABCDEF" for information in "123456"))


def add_append_only(table: str) -> None:
    """Refuse UPDATE and DELETE (and TRUNCATE where it exists) on a table, whoever asks."""
    if is_sqlite():
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f'CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON "{table}" '
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        f'CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON "{table}" '
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f'CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON "{table}" '
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def add_bounds_index() -> None:
    """Index where records are: R*Tree over their bounds on SQLite, GiST over the geometry on PostGIS."""
    if not is_sqlite():
        op.create_index("ix_record_geometry", "record", ["geometry"], postgresql_using="gist")
        return
    op.execute("CREATE VIRTUAL TABLE record_bounds USING rtree(number, min_lon, max_lon, min_lat, max_lat)")
    op.execute(
        "CREATE TRIGGER record_bounded AFTER INSERT ON record WHEN NEW.min_lon IS NOT NULL BEGIN INSERT INTO "
        "record_bounds VALUES (NEW.number, NEW.min_lon, NEW.max_lon, NEW.min_lat, NEW.max_lat); END"
    )


def drop_bounds_index() -> None:
    """Drop what is not dropped with the table itself."""
    if is_sqlite():
        op.execute("DROP TRIGGER record_bounded")
        op.execute("DROP TABLE record_bounds")


def drop_shared_function() -> None:
    """Drop the trigger function once no table uses it any more."""
    if not is_sqlite():
        op.execute("DROP FUNCTION IF EXISTS refuse_change()")
