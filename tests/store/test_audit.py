"""The audit chain: whatever is done to it afterwards shows."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from fom.errors import BadReferenceData
from fom.store import audit_heads
from fom.store.audit import Head, append_audit, chain_head, verify_chain
from fom.store.columns import canonical_json
from fom.store.database import Database
from fom.store.tables import APPEND_ONLY

T0 = 1_773_144_000_000_000
DAY = 86_400_000_000
LINES = 12
COLUMNS = ("number", "at", "actor", "action", "subject_kind", "subject_id", "details", "previous", "hash")


@pytest.fixture
def chain(database: Database) -> Database:
    """Return a database with a chain of some lines and without the triggers that guard it."""
    with database.writing() as session:
        for n in range(LINES):
            details = {"n": n, "words": ["a", None, 1.5], "nested": {"b": True}}
            append_audit(session, "act", ("thing", f"t{n}"), actor="amina@x.example", at=T0 + n, details=details)
    with database.writing() as session:
        if database.is_sqlite:
            session.execute(text("DROP TRIGGER audit_no_update"))
            session.execute(text("DROP TRIGGER audit_no_delete"))
        else:
            session.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
    return database


def problems(database: Database, *heads: Head) -> list[str]:
    with database.reading() as session:
        return verify_chain(session, heads).problems


def tamper(database: Database, statement: str, **values: object) -> None:
    with database.writing() as session:
        session.execute(text(statement), values)


def test_an_untouched_chain_is_intact_and_continues_its_heads(chain):
    with chain.reading() as session:
        report = verify_chain(session, [chain_head(session)])
    assert (report.is_intact, report.count, report.head.number) == (True, LINES, LINES)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_flipped_byte_in_any_field_is_seen(chain, column):
    chance = random.Random(column)
    with chain.reading() as session:
        stored = session.execute(text(f"SELECT {column} FROM audit WHERE number = 5")).scalar()
    places = range(len(str(stored))) if isinstance(stored, str) else (0,)
    for place in places:
        if isinstance(stored, str):
            other = chance.choice([c for c in "0123456789abcdefxyz{} " if c != stored[place]])
            changed: object = stored[:place] + other + stored[place + 1 :]
        else:
            changed = stored + 1000
        tamper(chain, f"UPDATE audit SET {column} = :value WHERE number = 5", value=changed)
        assert problems(chain), f"{column}[{place}] = {changed!r}"
        back = "number = 1005" if column == "number" else "number = 5"
        tamper(chain, f"UPDATE audit SET {column} = :value WHERE {back}", value=stored)
        assert not problems(chain)


@pytest.mark.deep
def test_ten_thousand_flipped_bytes_are_all_seen(chain):
    chance = random.Random(14)
    with chain.reading() as session:
        stored = session.execute(text(f"SELECT {', '.join(COLUMNS)} FROM audit ORDER BY number")).all()
    for _ in range(10_000):
        line, place = chance.choice(stored), chance.randrange(2, len(COLUMNS))
        column, value = COLUMNS[place], line[place]
        at = chance.randrange(len(value))
        changed = value[:at] + chr((ord(value[at]) + chance.randrange(1, 90)) % 94 + 33) + value[at + 1 :]
        if changed == value:
            continue
        tamper(chain, f"UPDATE audit SET {column} = :value WHERE number = :n", value=changed, n=line.number)
        assert problems(chain), (line.number, column, at, changed)
        tamper(chain, f"UPDATE audit SET {column} = :value WHERE number = :n", value=value, n=line.number)
    assert not problems(chain)


@pytest.mark.parametrize("number", [1, 6, LINES - 1])
def test_a_deleted_line_is_seen(chain, number):
    tamper(chain, "DELETE FROM audit WHERE number = :number", number=number)
    assert problems(chain)


def test_a_deleted_line_is_seen_also_when_the_rest_is_renumbered(chain):
    tamper(chain, "DELETE FROM audit WHERE number = 6")
    for number in range(7, LINES + 1):
        tamper(chain, "UPDATE audit SET number = :new WHERE number = :old", new=number - 1, old=number)
    assert problems(chain)


def test_two_lines_in_another_order_are_seen(chain):
    for old, new in ((4, 100), (5, 4), (100, 5)):
        tamper(chain, "UPDATE audit SET number = :new WHERE number = :old", new=new, old=old)
    assert problems(chain)


def test_a_cut_tail_is_seen_only_against_a_head_kept_elsewhere(chain):
    with chain.reading() as session:
        head = chain_head(session)
    tamper(chain, "DELETE FROM audit WHERE number > 8")
    assert not problems(chain)
    assert problems(chain, head)


def test_a_rewritten_chain_is_seen_against_a_head_kept_elsewhere(chain):
    with chain.reading() as session:
        head = chain_head(session)
    tamper(chain, "DELETE FROM audit")
    with chain.writing() as session:
        for n in range(LINES):
            append_audit(session, "act", ("thing", f"t{n}"), actor="someone@else.example", at=T0 + n)
    assert not problems(chain)
    assert problems(chain, head)


def test_one_head_is_written_per_day_and_read_back(tmp_path):
    path, key = tmp_path / audit_heads.FILE_NAME, audit_heads.head_key("secret of the deployment")
    for n, moment in enumerate((T0, T0 + 1, T0 + DAY, T0 - DAY)):
        audit_heads.write_daily_head(path, key, Head(n + 1, f"{n:064x}"), now=moment)
    assert [signed.head.number for signed in audit_heads.read_heads(path, key)] == [1, 3]


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[1:],
        lambda lines: [lines[1], lines[0]],
        lambda lines: [lines[0].replace('"number":1', '"number":9'), lines[1]],
        lambda lines: [lines[0], "not json"],
        lambda lines: [lines[0], canonical_json({"day": "2026-03-11", "number": 3})],
    ],
)
def test_a_file_of_heads_that_was_touched_is_refused(tmp_path, change):
    path, key = tmp_path / audit_heads.FILE_NAME, audit_heads.head_key("secret of the deployment")
    for n in range(2):
        audit_heads.write_daily_head(path, key, Head(n + 1, f"{n:064x}"), now=T0 + n * DAY)
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
    with pytest.raises(BadReferenceData):
        audit_heads.read_heads(path, key)


def test_heads_of_another_deployment_are_refused(tmp_path):
    path = tmp_path / audit_heads.FILE_NAME
    audit_heads.write_daily_head(path, audit_heads.head_key("one"), Head(1, "a"), now=T0)
    with pytest.raises(BadReferenceData):
        audit_heads.read_heads(path, audit_heads.head_key("another"))


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_rows_that_are_kept_for_ever_can_be_neither_changed_nor_deleted(database, table):
    assert_guarded(database, table)


def assert_guarded(database: Database, table: str) -> None:
    """Assert that the triggers of a table refuse, on a row of any content."""
    with database.writing() as session:
        if database.is_sqlite:
            session.execute(text("PRAGMA ignore_check_constraints = ON"))
            names = [row[1] for row in session.execute(text(f'PRAGMA table_info("{table}")'))]
            session.execute(text("PRAGMA defer_foreign_keys = ON"))
            row = ", ".join("'1'" for _ in names)
            for statement in (f'UPDATE "{table}" SET {names[0]} = 2', f'DELETE FROM "{table}"'):
                savepoint = session.begin_nested()
                session.execute(text(f'INSERT INTO "{table}" VALUES ({row})'))
                with pytest.raises(DBAPIError, match="append-only"):
                    session.execute(text(statement))
                savepoint.rollback()
            session.execute(text("PRAGMA ignore_check_constraints = OFF"))
            session.rollback()
            return
        events = session.execute(
            text(
                "SELECT string_agg(DISTINCT event_manipulation, ',' ORDER BY event_manipulation) "
                "FROM information_schema.triggers WHERE event_object_table = :table AND action_timing = 'BEFORE'"
            ),
            {"table": table},
        ).scalar()
        assert events == "DELETE,UPDATE"
        with pytest.raises(DBAPIError, match="append-only"):
            session.execute(text(f'TRUNCATE "{table}" CASCADE'))
        session.rollback()
